//! The most that a command can hit, where the tool is not asked: what the files of a repository say.
//!
//! Everything here is an upper bound. Where files do not tell, the scope stays unknown.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::policy::Policy;
use crate::tool::{Bound, BoundOf};
use crate::world::{Look, LookKind, PreparedRules, WalkRequest, World, lexical};

use super::git::WorkTree;
use super::index::Index;
use super::target::{Certainty, Scope};
use super::words::empty;
use super::{Question, files, listed, objects};

/// How long a walk may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Paths shown at the most.
const SAMPLE: usize = 20;

/// Counts the most that an action can hit.
pub fn scope(question: &Question<'_>, policy: &Policy, world: &dyn World) -> Scope {
    let Question { found, words, kinds, .. } = question;
    let kind = words.kind.as_str();
    let unknown = |why: &str| listed::unknown(kind, kinds, why.into());
    let at_most = |count: u64| Scope { count, certainty: Certainty::AtMost, ..empty(kind, kinds) };
    let Some(bound) = &found.action().targets.bound else { return unknown("nothing bounds it offline") };
    if bound.of == BoundOf::One {
        return at_most(1);
    }
    let tree = match WorkTree::of(&found.invocation, world) {
        // Outside a repository git does nothing.
        Some(None) => return at_most(0),
        Some(Some(tree)) => tree,
        None => {
            return unknown("which repository it acts on only git can tell, and nothing is listed offline");
        }
    };
    if bound.of == BoundOf::Stashes {
        return at_most(stashes(&tree, world));
    }
    let Some(index) = tracked(&tree, world) else {
        return unknown("its index is not one that guard reads, and nothing is listed offline");
    };
    let under = paths(question, bound, &tree);
    if matches!(bound.of, BoundOf::Unstaged | BoundOf::Uncommitted) {
        let changed = changed(bound.of, &tree, &index, &under, world);
        let sample = changed.iter().take(SAMPLE).map(|path| OsStr::from_bytes(path).to_owned());
        return Scope { sample: sample.collect(), ..at_most(changed.len() as u64) };
    }
    let rules = match world.prepared(policy.files()) {
        Ok(rules) => rules,
        Err(fault) => return unknown(&fault.to_string()),
    };
    let scope = untracked(question, &tree, &index.files(), &under, &rules, world);
    match scope.certainty {
        Certainty::Exact => Scope { certainty: Certainty::AtMost, ..scope },
        _ => scope,
    }
}

/// An index with the look of its file.
struct Staged {
    index: Index,
    look: Look,
}

impl Staged {
    /// The tracked paths.
    fn files(&self) -> HashSet<&[u8]> {
        self.index.files.iter().map(|file| file.path.as_slice()).collect()
    }
}

fn tracked(tree: &WorkTree, world: &dyn World) -> Option<Staged> {
    let path = tree.own.join("index");
    let none = Look { kind: LookKind::File, size: 0, written: (0, 0), executable: false };
    let Some(look) = world.look(&path) else { return Some(Staged { index: Index::default(), look: none }) };
    Some(Staged { index: Index::read(&world.file(&path)?, tree.id)?, look })
}

fn stashes(tree: &WorkTree, world: &dyn World) -> u64 {
    let log = world.file(&tree.common.join("logs/refs/stash")).unwrap_or_default();
    log.iter().filter(|b| **b == b'\n').count() as u64
}

/// The paths that the words name, below the top of the tree: where it works where there are none,
/// the top itself where they are not plain.
fn paths(question: &Question<'_>, bound: &Bound, tree: &WorkTree) -> Vec<PathBuf> {
    let operands = question.found.operands();
    let Some(range) = bound.under else { return vec![PathBuf::new()] };
    let mut words = operands[range.indices(operands.len())].to_vec();
    if words.is_empty() {
        words.push(OsStr::new("."));
    }
    let plain = |word: &OsStr| {
        let bytes = word.as_bytes();
        let pattern =
            bytes.starts_with(b":") || bytes.iter().any(|b| matches!(b, b'*' | b'?' | b'[' | b'\\'));
        let path = lexical(Path::new(word), &tree.start);
        path.strip_prefix(&tree.top).ok().filter(|_| !pattern).map(Path::to_owned)
    };
    let named: Option<Vec<PathBuf>> = words.iter().map(|word| plain(word)).collect();
    named.unwrap_or_else(|| vec![PathBuf::new()])
}

/// Tracked files below some paths that may hold what git has not kept.
fn changed<'i>(
    of: BoundOf,
    tree: &WorkTree,
    staged: &'i Staged,
    under: &[PathBuf],
    world: &dyn World,
) -> Vec<&'i [u8]> {
    let index = &staged.index;
    // What is staged and not committed shows in the tree alone: all may be where trees differ.
    let committed =
        of == BoundOf::Unstaged || index.tree.is_some() && index.tree == committed_tree(tree, world);
    let below = |path: &[u8]| {
        let path = Path::new(OsStr::from_bytes(path));
        under.iter().any(|folder| path.starts_with(folder))
    };
    let lost = index.files.iter().filter(|file| below(&file.path)).filter(|file| {
        !committed && !file.is_submodule()
            || file.changed(world.look(&tree.top.join(OsStr::from_bytes(&file.path))), staged.look)
    });
    let mut paths: Vec<&[u8]> = lost.map(|file| file.path.as_slice()).collect();
    // A conflict has an entry for each side.
    paths.dedup();
    paths
}

fn committed_tree(tree: &WorkTree, world: &dyn World) -> Option<Vec<u8>> {
    objects::tree_of(&tree.commit(world)?, &tree.common.join("objects"), world)
}

/// Counts what lies in the tree and is not tracked, by the rules that hold for rm.
fn untracked(
    question: &Question<'_>,
    tree: &WorkTree,
    tracked: &HashSet<&[u8]>,
    under: &[PathBuf],
    rules: &PreparedRules,
    world: &dyn World,
) -> Scope {
    let Question { found, kinds, enough, .. } = question;
    let targets = &found.action().targets;
    let search = Untracked {
        top: &tree.top,
        tracked,
        folders: tracked.iter().flat_map(|path| folders(path)).collect(),
        into: targets.walk.iter().any(|c| found.invocation.holds(c, found.depth)),
        repositories: targets.bound.as_ref().is_some_and(|b| b.of == BoundOf::UntrackedRepositories),
        world,
    };
    let roots = search.below(under);
    let walk = world.walk(&WalkRequest {
        enough: *enough,
        skip_disposable: true,
        deadline: Some(PATIENCE),
        sample: SAMPLE,
        ..WalkRequest::new(&roots, &tree.top, rules)
    });
    if search.repositories && walk.repositories > 0 {
        return listed::unknown("repository", kinds, "a whole repository would go with it".into());
    }
    files::of_walk(walk, found, kinds, false)
}

/// The folders above a path, the top left out.
fn folders(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| &path[..at])
}

/// What tells tracked paths from others.
struct Untracked<'t> {
    top: &'t Path,
    tracked: &'t HashSet<&'t [u8]>,
    /// Folders with something tracked in them.
    folders: HashSet<&'t [u8]>,
    /// Whether untracked folders go too.
    into: bool,
    /// Whether repositories in them go too.
    repositories: bool,
    world: &'t dyn World,
}

impl Untracked<'_> {
    /// The highest untracked paths at and below some paths of the tree.
    fn below(&self, under: &[PathBuf]) -> Vec<PathBuf> {
        let mut roots = Vec::new();
        let mut left = under.to_vec();
        while let Some(path) = left.pop() {
            let bytes = path.as_os_str().as_bytes();
            let folder = bytes.is_empty() || self.folders.contains(bytes);
            if self.tracked.contains(bytes) || path.file_name().is_some_and(|name| name == ".git") {
                continue;
            }
            let kind = self.world.look(&self.top.join(&path)).map(|look| look.kind);
            match kind {
                None => {}
                Some(LookKind::Folder) if folder => {
                    left.extend(self.world.names(&self.top.join(&path)).iter().map(|name| path.join(name)));
                }
                Some(LookKind::Folder) if !self.into || self.stays(&path) => {}
                Some(_) => roots.push(path),
            }
        }
        roots
    }

    fn stays(&self, path: &Path) -> bool {
        !self.repositories && self.world.look(&self.top.join(path).join(".git")).is_some()
    }
}
