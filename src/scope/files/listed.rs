//! Files that only the tool itself can name: each path it lists, and nothing below it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::read::{Fill, Match};
use crate::scope::listed::{run, unknown};
use crate::scope::target::{Certainty, Frozen, Scope, Target};
use crate::scope::words::empty;
use crate::scope::{Question, rows};
use crate::tool::{Freeze, Kinds, OptionName};
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
    let walk = world.walk(&walk);
    let bound = walk.stopped.is_none() && walk.protected.is_empty() && walk.data.is_empty();
    if !bound {
        return None;
    }
    let scope = of_walk(walk, question.found, question.kinds, false);
    (scope.certainty == Certainty::Exact).then_some(Scope { certainty: Certainty::AtMost, ..scope })
}
