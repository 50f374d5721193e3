//! Files: what the operands are, and what lies below them.
//!
//! Entries that can be made again do not count; protected paths are found by text and on disk.

mod listed;
mod there;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::policy::{Environments, Policy};
use crate::read::Match;
use crate::tool::{Effect, Kinds, OptionName, Size, grouped};
use crate::ui::escape::quote;
use crate::world::{
    Listing, PreparedRules, ProtectedPath, Relation, RootKind, Stopped, Walk, WalkRequest, World, lexical,
};

use super::Question;
use super::listed::unknown;
use super::over::{Replaced, replaced};
use super::target::{Certainty, Frozen, Protected, Scope};
use super::words::empty;

/// How long a walk may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Entries that are held for a freeze at the most; more can't be removed under guard in one go.
const MOST_HELD: u64 = 20_000_000;

/// Paths shown at the most.
const SAMPLE: usize = 20;

/// Counts the files that an invocation would hit.
pub fn scope(question: &Question<'_>, policy: &Policy, world: &dyn World) -> Scope {
    let Question { found, kinds, .. } = question;
    let rules = match world.prepared(policy.files()) {
        Ok(rules) => rules,
        Err(fault) => return unknown("file", kinds, fault.to_string()),
    };
    if found.action().list.is_some() {
        return listed::scope(question, &rules, world);
    }
    let replaced = replaced(found, world);
    if found.replaces() {
        return instead(question, replaced, &rules, policy, world);
    }
    let roots: Vec<PathBuf> = found.named().into_iter().map(PathBuf::from).collect();
    let depth = found.depth;
    let recurse = found.action().targets.walk.iter().any(|c| found.invocation.holds(c, depth));
    let elsewhere = found.invocation.elsewhere();
    let itself = changes_itself(found, recurse);
    // A folder's own mode or owner can be set back, so this is never refused for its name.
    let mild = itself || !recurse && found.effect() == Some(Effect::Expose);
    if !elsewhere && !mild {
        // What is refused by its own name need not be counted first, so nothing is said of its size.
        let glance = Question { full: false, ..*question };
        let scope = here(&glance, &roots, false, &rules, world);
        if scope.protected.iter().any(|p| p.deny) {
            let count = scope.count.max(1);
            return Scope { count, certainty: Certainty::AtLeast, frozen: Frozen::Nothing, ..scope };
        }
    }
    let refused = found.refused();
    let hit: Vec<PathBuf> =
        roots.iter().filter(|root| !refused.contains(&root.as_os_str())).cloned().collect();
    let mut scope = if hit.is_empty() && !refused.is_empty() {
        empty("file", kinds)
    } else if elsewhere {
        there::scope(found, &hit, recurse, kinds, world)
    } else {
        here(question, &hit, recurse, &rules, world)
    };
    if itself {
        scope.protected.clear();
    }
    if elsewhere || itself {
        // No look at that host's disk is to be had, and what lies inside is not reached: text alone tells.
        let found = if elsewhere {
            there::protection(found, &roots, &rules, world)
        } else {
            roots.iter().flat_map(|root| rules.protected_by_text(root)).collect()
        };
        let found = found.into_iter().filter(|p| !itself || p.core && p.relation != Relation::Inside);
        scope.protected.extend(found.map(|p| protected(&p)));
    }
    scope.protected.extend(said_of(&replaced, &rules, world));
    if !elsewhere {
        let globbed = rules.expanded_glob(&roots, &mut |folder| world.names(folder));
        let globbed = globbed.filter(|glob| !itself || glob.folder.core);
        scope.protected.extend(globbed.map(|glob| protected(&glob.folder)));
    }
    scope.protected.iter_mut().for_each(|path| path.deny &= !mild);
    scope.protected.extend(by_policy(found, &roots, policy));
    // What is asked about is never nothing: a protected path that is not there counts as one.
    if !hit.is_empty() && scope.count == 0 && scope.certainty == Certainty::Exact {
        scope.count = u64::from(!scope.protected.is_empty());
    }
    scope
}

/// What is put something else in the place of: these files, and nothing else.
fn instead(
    question: &Question<'_>,
    replaced: Replaced,
    rules: &PreparedRules,
    policy: &Policy,
    world: &dyn World,
) -> Scope {
    let Question { found, kinds, .. } = question;
    let said = said_of(&replaced, rules, world);
    let mut scope = match replaced.paths.as_slice() {
        [] => empty("file", kinds),
        // Whether they are there, only the other host can tell.
        paths if found.invocation.elsewhere() => {
            Scope { count: paths.len() as u64, certainty: Certainty::AtMost, ..empty("file", kinds) }
        }
        paths => here(question, paths, false, rules, world),
    };
    if replaced.more {
        give_up(&mut scope, "more is written over than can be looked at");
    }
    scope.protected = said;
    scope.protected.extend(by_policy(found, &replaced.paths, policy));
    if scope.count == 0 && scope.certainty == Certainty::Exact {
        scope.count = u64::from(!scope.protected.is_empty());
    }
    scope
}

/// What protects files that are replaced, by text and on disk.
fn said_of(replaced: &Replaced, rules: &PreparedRules, world: &dyn World) -> Vec<Protected> {
    if replaced.paths.is_empty() && replaced.gone.is_empty() {
        return Vec::new();
    }
    let cwd = &world.session().cwd;
    let look = WalkRequest { recurse: false, ..WalkRequest::new(&replaced.paths, cwd, rules) };
    let walk = world.walk(&look);
    let by_text = replaced.gone.iter().filter_map(|(path, seen)| {
        rules.protection(&lexical(path, cwd), false).filter(|path| path.deny || !seen)
    });
    let found = walk.protected.iter().cloned().chain(by_text);
    let mut said: Vec<Protected> = found
        .map(|path| Protected { why: format!("{}, and would be replaced", path.why), ..protected(&path) })
        .collect();
    said.extend(data(&walk));
    said
}

/// Paths that the limits of the action protect by name.
fn by_policy(found: &Match, roots: &[PathBuf], policy: &Policy) -> Vec<Protected> {
    let effect = found.effect().unwrap_or(Effect::Destroy);
    let globs = policy.ladder(&found.name(), effect, Size::Small, &Environments::default()).protect;
    let named =
        |root: &PathBuf| globs.iter().any(|(glob, ..)| glob.matches(root.as_os_str().as_encoded_bytes()));
    roots
        .iter()
        .filter(|root| named(root))
        .map(|root| Protected {
            what: root.clone().into_os_string(),
            why: "protected by policy".into(),
            rule: "limits.protect",
            deny: true,
        })
        .collect()
}

/// A change of one folder's own mode or owner reaches nothing inside it: only what the system is made of
/// minds. Everything else does; and who opens a folder to others opens the way in.
fn changes_itself(found: &Match, recurse: bool) -> bool {
    let only_itself = found.effect() == Some(Effect::Change);
    !recurse && only_itself && !found.action().targets.walk.is_empty()
}

fn here(
    question: &Question<'_>,
    roots: &[PathBuf],
    recurse: bool,
    rules: &PreparedRules,
    world: &dyn World,
) -> Scope {
    let Question { found, kinds, full, keep, enough, .. } = question;
    let cwd = &world.session().cwd;
    let one_file_system = found.invocation.option(&OptionName::unlisted("--one-file-system")).is_some();
    let request = WalkRequest {
        recurse,
        one_file_system,
        bytes: *full,
        enough: if *full || *keep { None } else { *enough },
        keep: *keep,
        skip_disposable: !*full && !*keep,
        deadline: Some(PATIENCE),
        max_entries: if *keep { MOST_HELD } else { u64::MAX },
        sample: SAMPLE,
        ..WalkRequest::new(roots, cwd, rules)
    };
    let walk = world.walk(&request);
    if walk.unreadable > 0 && found.invocation.is_carried() {
        // Somebody else's eyes will see more than ours.
        return counted_by_find(found, roots, recurse, kinds, world);
    }
    let missing = walk.roots.iter().filter(|root| **root == RootKind::Missing).count() as u64;
    let mut scope = of_walk(walk, found, kinds, *full);
    if found.action().list.is_some() {
        // Listed a moment ago and not found here: it is somewhere.
        scope.count += missing;
    }
    scope
}

/// Turns what a walk found into a scope.
pub(super) fn of_walk(walk: Walk, found: &Match, kinds: &Kinds, bytes: bool) -> Scope {
    let mut scope = Scope { count: walk.counted(), ..empty("file", kinds) };
    match walk.stopped {
        None => {}
        Some(Stopped::Enough) => scope.certainty = Certainty::AtLeast,
        Some(Stopped::Deadline) => give_up(&mut scope, "counting took too long"),
        Some(Stopped::Cap) => give_up(&mut scope, "there are more files than can be held"),
    }
    if let Some((path, why)) = &walk.first_unreadable {
        let path = quote(&[path]);
        if found.effect() == Some(Effect::Destroy) {
            // What can't be read can't be emptied either, so it bounds what is removed.
            scope.notes.push(format!("{path} can't be read ({why}), nor can what is in it be removed"));
        } else {
            give_up(&mut scope, &format!("{path} can't be read ({why})"));
        }
    }
    if walk.disposable > 0 {
        scope.notes.push(format!("{} more can be made again and do not count", grouped(walk.disposable)));
    }
    if bytes && walk.bytes > 0 {
        scope.notes.push(format!("{} in all", size(walk.bytes)));
    }
    if let Some(first) = walk.mounts.first() {
        let number = grouped(walk.mounts.len() as u64);
        scope.notes.push(format!("{number} mount points are crossed, first {}", quote(&[first])));
    }
    if let Some(first) = walk.repository_sample.first() {
        scope.notes.push(format!(
            "{} repositories lie inside, first {}",
            grouped(walk.repositories),
            quote(&[first])
        ));
    }
    scope.protected.extend(walk.protected.iter().map(protected));
    scope.protected.extend(data(&walk));
    scope.sample = walk.sample.into_iter().map(PathBuf::into_os_string).collect();
    if let Some(set) = walk.set {
        scope.frozen = Frozen::Files(Box::new(set));
    }
    scope
}

/// What is known to hold data, as a walk met it.
fn data(walk: &Walk) -> impl Iterator<Item = Protected> {
    walk.data.iter().map(|(path, why, deny)| Protected {
        what: path.clone().into_os_string(),
        why: why.clone(),
        rule: "files.data",
        deny: *deny,
    })
}

fn give_up(scope: &mut Scope, why: &str) {
    scope.certainty = Certainty::Unknown;
    scope.unknown = Some(why.to_owned());
}

pub(super) fn protected(path: &ProtectedPath) -> Protected {
    let why = match path.relation {
        Relation::Root => path.why.clone(),
        Relation::Inside => format!("{}, and lies inside", path.why),
        Relation::Around => format!("{}, and all in it is meant", path.why),
        Relation::Part => format!("{}, and several things in it are meant", path.why),
    };
    Protected { what: path.path.clone().into_os_string(), why, rule: "files.protect", deny: path.deny }
}

/// Counts with find through the wrappers: with sudo's eyes, or on another host.
fn counted_by_find(
    found: &Match,
    roots: &[PathBuf],
    recurse: bool,
    kinds: &Kinds,
    world: &dyn World,
) -> Scope {
    let mut words: Vec<OsString> = vec!["find".into()];
    words.extend(roots.iter().map(|root| {
        // A name that starts with a dash would be an option of find.
        if root.as_os_str().as_encoded_bytes().starts_with(b"-") {
            Path::new(".").join(root).into()
        } else {
            root.into()
        }
    }));
    words.push(ITSELF.into());
    if !recurse {
        words.extend(["-maxdepth".into(), "0".into()]);
    }
    words.extend(HEARD.map(OsString::from));
    words.extend(["-printf".into(), "x".into()]);
    counted(found, words, kinds, world)
}

/// Where a find starts beside all else, to be heard from: the root, written as nobody writes it.
const ITSELF: &str = "/./.";

/// What it does there.
const HEARD: [&str; 6] = ["-path", ITSELF, "-printf", "f", "-prune", "-o"];

/// Runs a find that prints a byte for each file, and [`HEARD`]. A wrapper that refuses can end with code 1
/// as well as a find that finds nothing; where find was not heard from, nothing is known.
fn counted(found: &Match, find: Vec<OsString>, kinds: &Kinds, world: &dyn World) -> Scope {
    let argv = found.invocation.carry(find);
    // With code 1 find could not read something, or nothing is there; with the same eyes nothing in
    // there can be hit.
    let listing = Listing { argv: &argv, patience: PATIENCE, codes: &[1], folder: None, variables: &[] };
    match world.list(&listing) {
        Ok(output) if output.iter().filter(|byte| **byte == b'f').count() == 1 => {
            Scope { count: output.len() as u64 - 1, ..empty("file", kinds) }
        }
        Ok(_) => unknown("file", kinds, "find was not run behind what stands in front of it".into()),
        Err(why) => unknown("file", kinds, why),
    }
}

/// A number of bytes as a person reads it.
fn size(bytes: u64) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} bytes") } else { format!("{value:.1} {}", units[unit]) }
}
