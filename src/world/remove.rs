//! Removes exactly what a file set holds: nothing that came later, nothing outside.
//!
//! Each folder is opened again below its parent, never through a symlink, and must be the folder
//! that was seen; each name must still stand for the inode that was seen and must not have been
//! created since. Whatever differs is left alone and told.

mod hand;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, FileType, Statx, StatxFlags, statx, unlinkat};
use rustix::io::Errno;

use super::fileset::{Entry, FileSet, Kind, Step};
use super::handle::{is_gone, reason};
use hand::{Hand, Lost};

/// How often progress is told, in entries.
const STRIDE: u64 = 1000;

/// How to remove.
#[derive(Debug, Clone, Copy)]
pub struct RemoveOptions<'a> {
    /// Tell each removal ([`RemoveEvent::Removed`]).
    pub verbose: bool,
    /// Remove folders that the walk did not look into, when they are empty (`rm -d`, `rmdir`).
    pub empty_folders: bool,
    /// Set from outside to stop before the next entry.
    pub stop: &'a AtomicBool,
}

/// What happens during a removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoveEvent {
    /// Removed; only told when verbose.
    Removed {
        /// The path, as the operator would type it.
        path: PathBuf,
        /// Whether it was a folder.
        folder: bool,
    },
    /// Could not be removed.
    Failed {
        /// The path, as the operator would type it.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Not what was shown any more, and left alone.
    Changed {
        /// The path, as the operator would type it.
        path: PathBuf,
    },
    /// A folder that stays because something appeared in it.
    HoldsNew {
        /// The path, as the operator would type it.
        path: PathBuf,
    },
    /// This position was to be removed, and stays.
    Kept(u64),
    /// So many positions of the range are behind.
    Progress(u64),
}

/// What became of the positions of a range; the parts sum up to its length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemoveOutcome {
    /// Removed.
    pub done: u64,
    /// Gone before.
    pub vanished: u64,
    /// Could not be removed.
    pub failed: u64,
    /// Something else was in its place.
    pub changed: u64,
    /// Folders that stay because something in them does.
    pub held: u64,
    /// Not tried, after a stop.
    pub left: u64,
}

impl RemoveOutcome {
    /// What was to be removed, and stays.
    fn kept(&self) -> u64 {
        self.failed + self.changed + self.held
    }

    /// The exit code `rm` would end with.
    pub fn code(&self) -> u8 {
        u8::from(self.failed + self.changed + self.held + self.left > 0)
    }
}

/// Removes the positions `range` of the set, in its order, children before parents.
///
/// A stage is a range: `0..100_000`, then `100_000..200_000`, up to [`FileSet::len`]. Folders fall
/// in the stage in which the last of what they hold does.
pub fn remove(
    set: &FileSet,
    range: Range<u64>,
    options: &RemoveOptions<'_>,
    tell: &mut dyn FnMut(RemoveEvent),
) -> RemoveOutcome {
    let range = range.start.min(set.len())..range.end.min(set.len());
    let all = range.end.saturating_sub(range.start);
    let (outcome, hand) = (RemoveOutcome::default(), Hand::new(set));
    let mut removal = Removal { set, options, tell, outcome, hand };
    let (mut behind, range_start) = (0, range.start);
    set.steps(range, &mut |step| {
        if options.stop.load(Ordering::Relaxed) {
            return false;
        }
        let kept = removal.outcome.kept();
        match step {
            Step::Plain(group, entry) => removal.plain(group, entry),
            Step::Emptied(group) => removal.emptied(group),
        }
        if removal.outcome.kept() > kept {
            (removal.tell)(RemoveEvent::Kept(range_start + behind));
        }
        behind += 1;
        if behind % STRIDE == 0 {
            (removal.tell)(RemoveEvent::Progress(behind));
        }
        true
    });
    removal.outcome.left = all - behind;
    removal.outcome
}

struct Removal<'a, 'o> {
    set: &'a FileSet,
    options: &'a RemoveOptions<'o>,
    tell: &'a mut dyn FnMut(RemoveEvent),
    outcome: RemoveOutcome,
    hand: Hand<'a>,
}

impl Removal<'_, '_> {
    /// Removes a name in a group.
    fn plain(&mut self, group: u32, entry: &Entry) {
        if let Err(lost) = self.hand.reach(group) {
            return self.unreached(group, lost);
        }
        let name = self.set.name(group, entry);
        let folder = entry.kind == Kind::Folder;
        let removed = self.same(name, entry.ino, None, entry.kind).and_then(|()| {
            if folder && !(self.options.empty_folders || self.set.empty_folders) {
                return Err(Fate::Failed(Errno::ISDIR));
            }
            Ok(self.unlink(name, folder)?)
        });
        self.settle(removed, group, name, folder);
    }

    /// Removes a group itself, after what it held.
    fn emptied(&mut self, group: u32) {
        let parent = self.set.group(group).parent;
        if let Some(why) = self.hand.lost(group) {
            return self.unreached(parent, Lost { group, why, first: false });
        }
        if let Err(lost) = self.hand.leave(group) {
            return self.unreached(parent, lost);
        }
        let (at, name) = (self.set.group(group), self.set.group_name(group));
        let removed =
            self.same(name, at.ino, Some(at.dev), Kind::Folder).and_then(|()| Ok(self.unlink(name, true)?));
        match removed {
            Err(Fate::Failed(Errno::NOTEMPTY | Errno::EXIST)) => {
                self.outcome.held += 1;
                // Where something of the set stayed, that was told already.
                if !self.hand.is_kept(group) {
                    (self.tell)(RemoveEvent::HoldsNew { path: self.set.shown_group(group) });
                }
                self.hand.keeps(parent);
            }
            removed => self.settle(removed, parent, name, true),
        }
    }

    fn unlink(&self, name: &[u8], folder: bool) -> Result<(), Errno> {
        let flags = if folder { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        unlinkat(self.hand.fd()?, name, flags)
    }

    /// Makes sure that a name in the folder at hand still stands for what was seen.
    fn same(&self, name: &[u8], ino: u64, dev: Option<u64>, kind: Kind) -> Result<(), Fate> {
        let wanted = StatxFlags::TYPE | StatxFlags::INO | StatxFlags::BTIME;
        let now = statx(self.hand.fd()?, name, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT, wanted)?;
        let folder = FileType::from_raw_mode(u32::from(now.stx_mode)) == FileType::Directory;
        let same_dev = dev.is_none_or(|dev| dev == rustix::fs::makedev(now.stx_dev_major, now.stx_dev_minor));
        let same = now.stx_ino == ino && folder == (kind == Kind::Folder) && same_dev;
        if same && !born_after(&now, self.set.taken) { Ok(()) } else { Err(Fate::Changed) }
    }

    fn settle(&mut self, removed: Result<(), Fate>, group: u32, name: &[u8], folder: bool) {
        match removed {
            Ok(()) => {
                self.outcome.done += 1;
                if self.options.verbose {
                    (self.tell)(RemoveEvent::Removed { path: self.set.shown(group, name), folder });
                }
            }
            Err(Fate::Failed(gone)) if is_gone(gone) => self.outcome.vanished += 1,
            Err(Fate::Failed(errno)) => {
                self.outcome.failed += 1;
                self.hand.keeps(group);
                (self.tell)(RemoveEvent::Failed { path: self.set.shown(group, name), reason: reason(errno) });
            }
            Err(Fate::Changed) => {
                self.outcome.changed += 1;
                self.hand.keeps(group);
                (self.tell)(RemoveEvent::Changed { path: self.set.shown(group, name) });
            }
        }
    }

    /// Accounts for a position whose folder can't be reached; the folder is told once.
    fn unreached(&mut self, group: u32, lost: Lost) {
        let count = match lost.why {
            Fate::Failed(gone) if is_gone(gone) => {
                self.outcome.vanished += 1;
                return;
            }
            Fate::Failed(_) => &mut self.outcome.failed,
            Fate::Changed => &mut self.outcome.changed,
        };
        *count += 1;
        self.hand.keeps(group);
        if lost.first {
            let path = self.set.shown_group(lost.group);
            (self.tell)(match lost.why {
                Fate::Failed(errno) => RemoveEvent::Failed { path, reason: reason(errno) },
                Fate::Changed => RemoveEvent::Changed { path },
            });
        }
    }
}

/// Why something is not removed.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Failed(Errno),
    Changed,
}

impl From<Errno> for Fate {
    fn from(errno: Errno) -> Self {
        Self::Failed(errno)
    }
}

/// Whether a file was created after the set was taken: an inode number that was used again.
fn born_after(now: &Statx, taken: (i64, u32)) -> bool {
    now.stx_mask & StatxFlags::BTIME.bits() != 0 && (now.stx_btime.tv_sec, now.stx_btime.tv_nsec) > taken
}
