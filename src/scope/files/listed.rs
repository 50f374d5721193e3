//! Files that only the tool itself can name: each path it lists, and nothing below it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::read::{Fill, Given, Match};
use crate::scope::listed::{run, unknown};
use crate::scope::target::{Certainty, Frozen, Scope, Target};
use crate::scope::words::empty;
use crate::scope::{Question, rows};
use crate::tool::{Freeze, Glob, Kinds, OptionName};
use crate::ui::escape::escape;
use crate::world::{FileSet, Listing, PreparedRules, WalkRequest, World};

use super::{PATIENCE, SAMPLE, give_up, here, of_walk, protected};

/// Files that only the tool itself can name (find): each path it lists, and nothing below it.
pub(super) fn scope(question: &Question<'_>, rules: &PreparedRules, world: &dyn World) -> Scope {
    // Where listed paths start elsewhere, the operands start there, too.
    if !world.lists()
        && !question.found.invocation.is_carried()
        && question.found.action().targets.folder.is_none()
        && let Some(scope) = below_starts(question, rules, world)
    {
        return scope;
    }
    let Question { found, kinds, keep, .. } = question;
    let Some(template) = &found.action().list else {
        return unknown("file", kinds, "it has no listing".into());
    };
    let mut output = run(found, template, &Fill::default(), world);
    if found.invocation.is_carried() && output.as_ref().is_ok_and(Vec::is_empty) {
        // Nothing is found, or what stands in front refused: then nothing is known.
        output = heard(found, world).and_then(|()| run(found, template, &Fill::default(), world));
    }
    let read = output.and_then(|output| {
        let listed = Listed::read(&output, found, kinds).map_err(|fault| fault.to_string());
        listed.map(|listed| (listed, output))
    });
    let (Listed { paths, targets }, output) = match read {
        Ok(read) => read,
        Err(why) => return unknown("file", kinds, why),
    };
    if found.invocation.elsewhere() {
        return listed_there(&paths, kinds, rules);
    }
    let base = base(found, &world.session().cwd);
    let paths: Vec<PathBuf> =
        if base == world.session().cwd { paths } else { paths.iter().map(|path| base.join(path)).collect() };
    let mut scope = here(&Question { keep: false, ..*question }, &paths, false, rules, world);
    scope.targets = targets;
    if *keep && scope.certainty == Certainty::Exact && found.action().freeze != Freeze::Relist {
        match FileSet::from_paths(&output, &base) {
            Ok(set) => scope.frozen = Frozen::Files(Box::new(set)),
            Err(fault) => give_up(&mut scope, &escape(&fault.to_string())),
        }
    }
    scope
}

/// Hears from a find behind the wrappers, whether they let it run.
fn heard(found: &Match, world: &dyn World) -> Result<(), String> {
    let argv = found.invocation.carry(["find", "/", "-prune", "-printf", "f"].map(OsString::from).to_vec());
    let listing = Listing { argv: &argv, patience: PATIENCE, codes: &[], folder: None, variables: &[] };
    let output = world.list(&listing)?;
    if output == b"f" { Ok(()) } else { Err("it was not run behind what stands in front of it".into()) }
}

/// What the tool listed.
struct Listed {
    paths: Vec<PathBuf>,
    /// Kept where they are to be listed again and compared.
    targets: Vec<Target>,
}

impl Listed {
    fn read(output: &[u8], found: &Match, kinds: &Kinds) -> Result<Self, rows::Unreadable> {
        let action = found.action();
        if action.freeze != Freeze::Relist {
            return Ok(Self { paths: rows::paths(output)?, targets: Vec::new() });
        }
        let targets = rows::targets(output, &action.read, "file", kinds)?;
        Ok(Self { paths: targets.iter().map(|target| PathBuf::from(&target.name)).collect(), targets })
    }
}

/// The folder that listed paths start in.
fn base(found: &Match, cwd: &Path) -> PathBuf {
    let Some(option) = &found.action().targets.folder else { return cwd.to_owned() };
    let given = found.invocation.options().filter(|given| given.name.same(option));
    given.flat_map(|given| given.values.last()).fold(cwd.to_owned(), |base, folder| base.join(folder))
}

/// What was listed on another host: all of it counts, and text alone tells what is protected.
fn listed_there(paths: &[PathBuf], kinds: &Kinds, rules: &PreparedRules) -> Scope {
    Scope {
        count: paths.len() as u64,
        sample: paths.iter().take(SAMPLE).map(|path| path.clone().into_os_string()).collect(),
        protected: paths.iter().flat_map(|p| rules.protected_by_text(p)).map(|p| protected(&p)).collect(),
        ..empty("file", kinds)
    }
}

/// What find can hit at the most: everything below where it starts. `None` where that is no bound,
/// or where something protected lies there: whether its tests pass that over only find can tell.
fn below_starts(question: &Question<'_>, rules: &PreparedRules, world: &dyn World) -> Option<Scope> {
    let given = |name: &str| question.found.invocation.option(&OptionName::unlisted(name)).is_some();
    if given("-L") || given("-follow") || given("-files0-from") {
        return None;
    }
    let starts = question.found.operands().into_iter().map(PathBuf::from);
    let mut starts: Vec<PathBuf> = starts.collect();
    if starts.is_empty() {
        starts.push(".".into());
    }
    let walk = WalkRequest {
        one_file_system: given("-xdev") || given("-mount"),
        // A start that is a symlink may be meant as the folder it leads to.
        follow_roots: true,
        enough: question.enough,
        skip_disposable: true,
        deadline: Some(PATIENCE),
        sample: SAMPLE,
        ..WalkRequest::new(&starts, &world.session().cwd, rules)
    };
    let mut walk = world.walk(&walk);
    let names = Names::of(question.found);
    let spared =
        |path: &Path| names.as_ref().is_some_and(|names| names.pass_over(path, &starts, world, rules));
    let kept = walk.repositories == 0 || !names.as_ref().is_some_and(|names| names.all(OsStr::new(".git")));
    let bound = walk.stopped.is_none()
        && kept
        && walk.data.is_empty()
        && walk.protected.iter().all(|protected| spared(&protected.path));
    if !bound {
        return None;
    }
    walk.protected.clear();
    let scope = of_walk(walk, question.found, question.kinds, false);
    (scope.certainty == Certainty::Exact).then_some(Scope { certainty: Certainty::AtMost, ..scope })
}

/// The names that all that a find acts on must have.
struct Names(Vec<Glob>);

impl Names {
    /// `None` where there are none, or where tests are joined in a way that leaves them no bound.
    fn of(found: &Match) -> Option<Self> {
        let options: Vec<_> = found.invocation.options().collect();
        let any = |given: &Given, names: &[&str]| {
            names.iter().any(|name| given.name.same(&OptionName::unlisted(name)))
        };
        if options.iter().any(|given| any(given, &["-o", "-not", "(", ","])) {
            return None;
        }
        // What stands before the tests acts on everything.
        let act = options.iter().position(|given| any(given, &["-delete", "-exec"]))?;
        let names = options[..act].iter().filter(|given| any(given, &["-name"]));
        let values = names.filter_map(|given| given.values.last()?.to_str().map(str::to_owned));
        // In a name braces stand for themselves.
        let plain = values.filter(|name| !name.contains('{'));
        let globs: Vec<Glob> = plain.filter_map(|name| Glob::try_from(name).ok()).collect();
        (!globs.is_empty()).then_some(Self(globs))
    }

    fn all(&self, name: &OsStr) -> bool {
        self.0.iter().all(|glob| glob.matches(name.as_bytes()))
    }

    /// Whether neither a path nor anything that it lies in, from a start on, has such a name, and
    /// nothing of such a name in it is protected.
    fn pass_over(&self, path: &Path, starts: &[PathBuf], world: &dyn World, rules: &PreparedRules) -> bool {
        let cwd = &world.session().cwd;
        let below = starts.iter().filter_map(|start| path.strip_prefix(cwd.join(start)).ok());
        let parts: Vec<_> = below.flat_map(Path::components).collect();
        let mut own = path.file_name().into_iter().chain(parts.iter().map(|part| part.as_os_str()));
        // What is not there may be a folder of data elsewhere; one right below `/` says nothing of that.
        let state = path.starts_with("/var/lib") || path.starts_with("/var/opt");
        let told = !state && world.look(path).is_some() || path.components().count() == 2;
        let inside = |glob: &Glob| path.join(glob.text().replace(['*', '?'], "x"));
        told && !own.any(|name| self.all(name))
            && self.0.iter().all(|glob| rules.protected_by_text(&inside(glob)).is_empty())
    }
}
