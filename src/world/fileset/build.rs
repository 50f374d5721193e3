//! Puts a file set together from what the workers of a walk wrote down.

use std::path::PathBuf;

use super::{Base, Entry, FileSet, Group, Kind, NONE};

/// What one worker wrote down.
#[derive(Debug, Default)]
pub(in crate::world) struct Shard {
    names: Vec<u8>,
    entries: Vec<Entry>,
    folders: Vec<FolderAt>,
}

/// A folder whose entries a shard holds.
#[derive(Debug)]
pub(in crate::world) struct FolderAt {
    pub(in crate::world) id: u32,
    pub(in crate::world) parent: u32,
    pub(in crate::world) base: u32,
    pub(in crate::world) dev: u64,
    pub(in crate::world) ino: u64,
    name: u32,
    len: u8,
    start: u32,
    count: u32,
}

/// A folder that is reached by a path.
#[derive(Debug, Clone)]
pub(in crate::world) struct BaseAt {
    /// What stands before the names in it when they are shown.
    pub(in crate::world) shown: Vec<u8>,
    /// Absolute path.
    pub(in crate::world) path: PathBuf,
}

impl Shard {
    /// Begins a folder; entries pushed from now on are its own.
    ///
    /// `None` when the arena is full: the set can't be kept.
    pub(in crate::world) fn folder(&mut self, id: u32, parent: u32, base: u32, name: &[u8]) -> Option<usize> {
        let (name, len) = self.name(name)?;
        let start = u32::try_from(self.entries.len()).ok()?;
        self.folders.push(FolderAt { id, parent, base, dev: 0, ino: 0, name, len, start, count: 0 });
        Some(self.folders.len() - 1)
    }

    /// Says which folder it was that was opened.
    pub(in crate::world) fn identify(&mut self, folder: usize, dev: u64, ino: u64) {
        if let Some(folder) = self.folders.get_mut(folder) {
            (folder.dev, folder.ino) = (dev, ino);
        }
    }

    /// Adds an entry to the folder begun last.
    pub(in crate::world) fn entry(&mut self, name: &[u8], ino: u64, kind: Kind, group: u32) -> Option<()> {
        let (name, len) = self.name(name)?;
        self.entries.push(Entry { ino, name, group, len, kind });
        self.folders.last_mut()?.count += 1;
        Some(())
    }

    fn name(&mut self, name: &[u8]) -> Option<(u32, u8)> {
        let at = u32::try_from(self.names.len()).ok()?;
        let len = u8::try_from(name.len()).ok()?;
        self.names.extend_from_slice(name);
        Some((at, len))
    }
}

impl FileSet {
    /// Joins the shards; `groups` is the number of folder ids that were handed out.
    pub(in crate::world) fn join(shards: Vec<Shard>, bases: Vec<BaseAt>, groups: u32) -> Self {
        // An id whose folder was never read (vanished, unreadable) stays without a device: its
        // entry is then taken as a plain one.
        let unread =
            Group { dev: 0, ino: 0, parent: NONE, base: NONE, shard: 0, name: 0, start: 0, count: 0, len: 0 };
        let mut set = Self {
            groups: vec![unread; groups as usize],
            bases: bases.into_iter().map(|base| Base { shown: base.shown, path: base.path }).collect(),
            ..Self::default()
        };
        for (index, mut shard) in shards.into_iter().enumerate() {
            for at in shard.folders {
                if let Some(group) = set.groups.get_mut(at.id as usize) {
                    let (parent, base, name, len) = (at.parent, at.base, at.name, at.len);
                    let (start, count, shard) = (at.start, at.count, index as u32);
                    *group = Group { dev: at.dev, ino: at.ino, parent, base, shard, name, start, count, len };
                }
            }
            shard.names.shrink_to_fit();
            shard.entries.shrink_to_fit();
            set.shards.push((shard.names, shard.entries));
        }
        let Self { shards, groups, .. } = &mut set;
        for (_, entries) in shards {
            for entry in entries.iter_mut().filter(|entry| entry.group != NONE) {
                if groups[entry.group as usize].ino == 0 {
                    entry.group = NONE;
                }
            }
        }
        set.taken = now();
        set.put_in_order();
        set
    }
}

/// Never before what file systems have stamped so far: they stamp with a coarser clock.
fn now() -> (i64, u32) {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    (now.tv_sec, u32::try_from(now.tv_nsec).unwrap_or(0))
}
