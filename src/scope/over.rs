//! What a command puts something else in the place of: the files that are there where it goes to.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::read::{Invocation, Match};
use crate::tool::{Condition, Over};
use crate::world::{LookKind, World};

/// More places than this are not looked at.
const MOST: usize = 200_000;

/// What is replaced.
#[derive(Debug, Default)]
pub(super) struct Replaced {
    /// What is there; on another host what may be.
    pub(super) paths: Vec<PathBuf>,
    /// Places where nothing is to be seen, and whether each is a mere name in a folder that guard sees into.
    pub(super) gone: Vec<(PathBuf, bool)>,
    /// True where there is more than was looked at.
    pub(super) more: bool,
}

/// Finds what an action replaces where it puts things.
pub(super) fn replaced(found: &Match, world: &dyn World) -> Replaced {
    let mut out = Replaced::default();
    let Some(over) = &found.action().targets.over else { return out };
    let holds = |conditions: &[Condition]| holds(&found.invocation, conditions, found.depth);
    if holds(&over.keeps) {
        return out;
    }
    let Some((sources, to)) = way(found, over) else { return out };
    let cwd = &world.session().cwd;
    let to = cwd.join(to);
    let option = over.into.as_ref().is_some_and(|name| found.invocation.option(name).is_some());
    let enters = option || found.operands().len() == 1 || !holds(&over.exact) && is_folder(&to, world);
    let elsewhere = found.invocation.elsewhere();
    let mut look = Looking {
        world,
        follows: holds(&over.follows),
        sees: enters && !found.invocation.is_carried(),
        seen: BTreeSet::new(),
        out: &mut out,
    };
    for source in sources {
        let place = if enters { inside(&to, source) } else { to.clone() };
        if elsewhere {
            // What is a folder here is one over there, as far as anyone can tell.
            if !is_folder(&place, world) {
                look.out.gone.push((place, false));
            }
        } else if holds(&over.walk) && is_folder(&cwd.join(source), world) {
            look.tree(&cwd.join(source), &place);
        } else {
            look.at(place);
        }
    }
    out
}

/// The words that go somewhere, and where they go; `None` where nothing goes.
fn way<'f>(found: &'f Match, over: &Over) -> Option<(Vec<&'f OsStr>, &'f OsStr)> {
    let mut operands = found.operands();
    if let Some(folder) = over.into.as_ref().and_then(|name| found.invocation.value(name)) {
        return Some((operands, folder));
    }
    match operands.len() {
        0 => None,
        // ln alone takes one word; the others refuse it.
        1 => Some((operands, OsStr::new("."))),
        _ => operands.pop().map(|to| (operands, to)),
    }
}

fn holds(invocation: &Invocation, conditions: &[Condition], depth: usize) -> bool {
    conditions.iter().any(|condition| invocation.holds(condition, depth))
}

/// Where a path comes to lie in a folder: under its last name, and `x/.` is all that is in `x`.
fn inside(folder: &Path, source: &OsStr) -> PathBuf {
    let bytes = source.as_bytes();
    let end = bytes.iter().rposition(|b| *b != b'/').map_or(0, |at| at + 1);
    let start = bytes[..end].iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    match &bytes[start..end] {
        b"" | b"." | b".." => folder.to_owned(),
        name => folder.join(OsStr::from_bytes(name)),
    }
}

/// Tells whether a path is a folder, or leads to one.
fn is_folder(path: &Path, world: &dyn World) -> bool {
    let kind = |path: &Path| world.look(path).map(|look| look.kind);
    match kind(path) {
        Some(LookKind::Symlink) => {
            world.real_path(path).is_some_and(|path| kind(&path) == Some(LookKind::Folder))
        }
        found => found == Some(LookKind::Folder),
    }
}

/// Looks at places, each once.
struct Looking<'l> {
    world: &'l dyn World,
    follows: bool,
    /// True where what is not seen in a folder is not there.
    sees: bool,
    seen: BTreeSet<OsString>,
    out: &'l mut Replaced,
}

impl Looking<'_> {
    fn at(&mut self, place: PathBuf) {
        if !self.seen.insert(place.clone().into_os_string()) {
            return;
        }
        match self.world.look(&place).map(|look| look.kind) {
            Some(LookKind::Symlink) if self.follows => {
                let real = self.world.real_path(&place);
                self.out.paths.extend(real.filter(|path| !is_folder(path, self.world)));
            }
            Some(LookKind::Folder) => {}
            Some(_) => self.out.paths.push(place),
            None => {
                let parent = place.parent().is_some_and(|parent| is_folder(parent, self.world));
                self.out.gone.push((place, parent && self.sees));
            }
        }
    }

    /// A folder that goes with all that is in it: what lies there under the same names.
    fn tree(&mut self, source: &Path, place: &Path) {
        let mut open = vec![(source.to_owned(), place.to_owned())];
        while let Some((source, place)) = open.pop() {
            let names = if is_folder(&place, self.world) { self.world.names(&source) } else { Vec::new() };
            for name in names {
                if self.seen.len() >= MOST {
                    self.out.more = true;
                    return;
                }
                let (from, to) = (source.join(&name), place.join(&name));
                if self.world.look(&from).is_some_and(|look| look.kind == LookKind::Folder) {
                    open.push((from, to));
                } else {
                    self.at(to);
                }
            }
        }
    }
}
