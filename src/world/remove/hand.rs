//! The one folder that a removal holds open, and how it gets from there to the next.
//!
//! Removal goes children before parents, so the next folder is mostly the parent (opened as `..`
//! and compared) or below it. Two handles at most are open, however deep the tree.

use std::collections::{HashMap, HashSet};
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, StatxFlags, makedev, statx};
use rustix::io::Errno;

use super::{Fate, born_after};
use crate::world::fileset::{FileSet, NONE};
use crate::world::handle;

/// A folder that can't be reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lost {
    /// The topmost folder on the way that can't be opened or is another one.
    pub(super) group: u32,
    pub(super) why: Fate,
    /// Whether this was found out just now.
    pub(super) first: bool,
}

/// The folder at hand.
pub(super) struct Hand<'a> {
    set: &'a FileSet,
    at: Option<(u32, OwnedFd)>,
    lost: HashMap<u32, Fate>,
    /// Groups in which something of the set stays.
    kept: HashSet<u32>,
}

impl<'a> Hand<'a> {
    pub(super) fn new(set: &'a FileSet) -> Self {
        Self { set, at: None, lost: HashMap::new(), kept: HashSet::new() }
    }

    pub(super) fn fd(&self) -> Result<&OwnedFd, Errno> {
        self.at.as_ref().map(|(_, fd)| fd).ok_or(Errno::BADF)
    }

    pub(super) fn keeps(&mut self, group: u32) {
        self.kept.insert(group);
    }

    pub(super) fn is_kept(&self, group: u32) -> bool {
        self.kept.contains(&group)
    }

    /// Why a group could not be reached, when that was found out before.
    pub(super) fn lost(&self, group: u32) -> Option<Fate> {
        self.lost.get(&group).copied()
    }

    /// Takes the parent of a group in hand.
    pub(super) fn leave(&mut self, group: u32) -> Result<(), Lost> {
        let parent = self.set.group(group).parent;
        if let Some((at, fd)) = &self.at
            && *at == group
            && let Ok(above) = handle::open_path_at(fd, c"..")
            && self.is_same(&above, parent).is_ok()
        {
            self.at = Some((parent, above));
            return Ok(());
        }
        self.reach(parent)
    }

    /// Takes a group in hand.
    pub(super) fn reach(&mut self, group: u32) -> Result<(), Lost> {
        let held = self.at.as_ref().map(|(at, _)| *at);
        if held == Some(group) {
            return Ok(());
        }
        let (mut way, mut from) = (Vec::new(), group);
        while Some(from) != held {
            if let Some(&why) = self.lost.get(&from) {
                return Err(Lost { group: from, why, first: false });
            }
            way.push(from);
            from = self.set.group(from).parent;
            if from == NONE {
                break;
            }
        }
        let mut at = self.at.take().filter(|(at, _)| *at == from);
        for &next in way.iter().rev() {
            let opened = match &at {
                Some((_, fd)) => handle::open_place(fd, self.set.group_name(next)),
                None => handle::open_path(&self.set.base(self.set.group(next)).path),
            };
            let checked = opened.map_err(fate_of_folder).and_then(|fd| self.is_same(&fd, next).map(|()| fd));
            match checked {
                Ok(fd) => at = Some((next, fd)),
                Err(why) => {
                    self.at = at;
                    self.lost.insert(next, why);
                    return Err(Lost { group: next, why, first: true });
                }
            }
        }
        self.at = at;
        Ok(())
    }

    /// Whether an open folder is the one that was seen.
    fn is_same(&self, fd: &OwnedFd, group: u32) -> Result<(), Fate> {
        let seen = self.set.group(group);
        let wanted = StatxFlags::INO | StatxFlags::BTIME;
        let now = statx(fd, c"", AtFlags::EMPTY_PATH, wanted)?;
        let same = (makedev(now.stx_dev_major, now.stx_dev_minor), now.stx_ino) == (seen.dev, seen.ino);
        if same && !born_after(&now, self.set.taken) { Ok(()) } else { Err(Fate::Changed) }
    }
}

/// A folder whose place a symlink or a file has taken is changed, not gone.
fn fate_of_folder(errno: Errno) -> Fate {
    match errno {
        Errno::NOTDIR | Errno::LOOP => Fate::Changed,
        errno => Fate::Failed(errno),
    }
}
