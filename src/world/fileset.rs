//! A set of files held by device and inode below their folders: what a freeze of files holds on to.
//!
//! Names lie in arenas (one a worker of the walk), folders know their parent by number, so that a
//! million files take some tens of megabytes. A set has an order of removal, children before
//! parents; a stage is a range of positions in that order.

mod build;
mod listed;
mod order;

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

pub(in crate::world) use build::{BaseAt, Shard};
pub use listed::FileSetError;
pub(in crate::world) use order::Step;

/// No folder.
pub(in crate::world) const NONE: u32 = u32::MAX;

/// What a name stands for, as far as removal cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::world) enum Kind {
    Folder,
    Symlink,
    Other,
}

/// A name in a folder.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) struct Entry {
    pub(in crate::world) ino: u64,
    /// Where the name starts in the arena of the shard.
    pub(in crate::world) name: u32,
    /// The group that holds what is inside, or [`NONE`].
    pub(in crate::world) group: u32,
    pub(in crate::world) len: u8,
    pub(in crate::world) kind: Kind,
}

/// A folder and the entries seen in it.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) struct Group {
    pub(in crate::world) dev: u64,
    pub(in crate::world) ino: u64,
    pub(in crate::world) parent: u32,
    /// The [`Base`] of a group without a parent.
    base: u32,
    shard: u32,
    name: u32,
    start: u32,
    count: u32,
    len: u8,
}

/// A folder that is reached by a path rather than through another group.
#[derive(Debug, Clone)]
pub(in crate::world) struct Base {
    /// What stands before the names in it when they are shown: empty, or ending in `/`.
    shown: Vec<u8>,
    /// Absolute path, to be opened again.
    pub(in crate::world) path: PathBuf,
}

/// The files a walk has seen, held by device and inode below their folders.
#[derive(Debug, Default)]
pub struct FileSet {
    shards: Vec<(Vec<u8>, Vec<Entry>)>,
    groups: Vec<Group>,
    bases: Vec<Base>,
    /// Groups in order of removal, each with the position of its first entry.
    order: Vec<(u32, u32)>,
    /// Whether folders without a group of their own are removed (when empty) or left with an error.
    pub(in crate::world) empty_folders: bool,
    /// Seconds and nanoseconds since 1970: what was created later is not in the set.
    pub(in crate::world) taken: (i64, u32),
    len: u32,
}

impl FileSet {
    /// How many files and folders are in the set.
    pub fn len(&self) -> u64 {
        u64::from(self.len)
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(in crate::world) fn group(&self, group: u32) -> &Group {
        &self.groups[group as usize]
    }

    pub(in crate::world) fn base(&self, group: &Group) -> &Base {
        &self.bases[group.base as usize]
    }

    pub(in crate::world) fn entries(&self, group: u32) -> &[Entry] {
        let group = self.group(group);
        &self.shards[group.shard as usize].1[group.start as usize..][..group.count as usize]
    }

    pub(in crate::world) fn name(&self, group: u32, entry: &Entry) -> &[u8] {
        let group = self.group(group);
        &self.shards[group.shard as usize].0[entry.name as usize..][..usize::from(entry.len)]
    }

    /// The name of a group in its parent; empty for a base.
    pub(in crate::world) fn group_name(&self, group: u32) -> &[u8] {
        let group = self.group(group);
        &self.shards[group.shard as usize].0[group.name as usize..][..usize::from(group.len)]
    }

    /// The path of a group as the operator would type it, to stand before a name.
    pub(in crate::world) fn shown_prefix(&self, group: u32) -> Vec<u8> {
        let mut chain = Vec::new();
        let mut at = group;
        while self.group(at).parent != NONE {
            chain.push(at);
            at = self.group(at).parent;
        }
        let mut out = self.base(self.group(at)).shown.clone();
        for &group in chain.iter().rev() {
            out.extend_from_slice(self.group_name(group));
            out.push(b'/');
        }
        out
    }

    pub(in crate::world) fn shown(&self, group: u32, name: &[u8]) -> PathBuf {
        let mut path = self.shown_prefix(group);
        path.extend_from_slice(name);
        PathBuf::from(std::ffi::OsString::from_vec(path))
    }

    pub(in crate::world) fn shown_group(&self, group: u32) -> PathBuf {
        let mut path = self.shown_prefix(group);
        if path.len() > 1 {
            path.pop();
        }
        PathBuf::from(OsStr::from_bytes(&path))
    }
}
