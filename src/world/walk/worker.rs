//! One thread of a walk: takes folders, reads them, counts, and shares what it has too much of.
//!
//! Each worker goes into the depth, so that few handles are open.

use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Stopped;
use super::crew::{Crew, LARGE, Task, lock};
use super::folder::{Base, Folder, Handle};
use super::meaning::Standing;
use super::notes::Notes;
use super::scratch::Scratch;
use crate::world::fileset::{Kind, NONE, Shard};

/// How often progress is told, and how long a worker without work sleeps at most.
pub(super) const TICK: Duration = Duration::from_millis(50);
/// One read of a folder.
const BUFFER: usize = 64 * 1024;

/// Numbers one worker has come to.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) files: u64,
    pub(super) folders: u64,
    pub(super) bytes: u64,
    pub(super) disposable: u64,
    pub(super) skipped: u64,
}

impl Tally {
    pub(super) fn entries(&self) -> u64 {
        self.files + self.folders
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.folders += other.folders;
        self.bytes += other.bytes;
        self.disposable += other.disposable;
        self.skipped += other.skipped;
    }
}

/// One thread of a walk.
pub(super) struct Worker<'a> {
    pub(super) crew: &'a Crew<'a>,
    pub(super) local: Vec<Task>,
    pub(super) buffer: Vec<MaybeUninit<u8>>,
    pub(super) scratch: Scratch,
    /// Since the last flush.
    pub(super) tally: Tally,
    pub(super) all: Tally,
    pub(super) shard: Shard,
    /// The device looked at last, and whether its folders name the inodes that `lstat` tells.
    pub(super) device: Option<(u64, bool)>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(crew: &'a Crew<'a>) -> Self {
        let buffer = vec![MaybeUninit::uninit(); BUFFER];
        let (local, scratch, tally, all, shard) = Default::default();
        Self { crew, local, buffer, scratch, tally, all, shard, device: None }
    }

    pub(super) fn help(mut self) -> Self {
        while let Some(task) = self.next(&mut |_| ()) {
            self.work(task);
        }
        self
    }

    pub(super) fn work(&mut self, task: Task) {
        self.read(task);
        self.flush();
        self.share();
        if self.crew.pending.fetch_sub(1, SeqCst) == 1 {
            let _shared = lock(&self.crew.shared);
            self.crew.wake.notify_all();
        }
    }

    /// Returns the next folder to read; `None` when there is none and none can come.
    pub(super) fn next(&mut self, tick: &mut dyn FnMut(u64)) -> Option<Task> {
        self.crew.check_time();
        if self.crew.is_stopped() {
            return None;
        }
        if let Some(task) = self.local.pop() {
            return Some(task);
        }
        let mut shared = lock(&self.crew.shared);
        loop {
            if self.crew.is_stopped() || self.crew.pending.load(SeqCst) == 0 {
                return None;
            }
            if let Some(task) = shared.pop() {
                return Some(task);
            }
            self.crew.idle.fetch_add(1, SeqCst);
            let woken = self.crew.wake.wait_timeout(shared, TICK);
            self.crew.idle.fetch_sub(1, SeqCst);
            shared = woken.unwrap_or_else(PoisonError::into_inner).0;
            tick(self.crew.entries.load(Relaxed));
            self.crew.check_time();
        }
    }

    /// Puts the older half of the own tasks aside when others have none.
    fn share(&mut self) {
        if self.local.len() > 1 && self.crew.idle.load(Relaxed) > 0 {
            let older = self.local.len() / 2;
            lock(&self.crew.shared).extend(self.local.drain(..older));
            self.crew.wake.notify_all();
        }
    }

    pub(super) fn push(&mut self, folder: Folder, parent: Option<Arc<Handle>>) {
        self.crew.pending.fetch_add(1, SeqCst);
        self.local.push(Task { folder: Arc::new(folder), parent });
    }

    /// Adds the numbers since the last flush to everyone's, and stops where they suffice.
    pub(super) fn flush(&mut self) {
        let tally = std::mem::take(&mut self.tally);
        self.all.add(&tally);
        let crew = self.crew;
        let entries = crew.entries.fetch_add(tally.entries(), Relaxed) + tally.entries();
        let more = tally.entries() - tally.disposable;
        let counted = crew.counted.fetch_add(more, Relaxed) + more;
        if entries > crew.request.max_entries {
            crew.stop(Stopped::Cap);
        }
        if crew.request.enough.is_some_and(|enough| counted > enough) {
            crew.stop(Stopped::Enough);
        }
    }

    pub(super) fn note(&self, write: impl FnOnce(&mut Notes)) {
        write(&mut lock(&self.crew.notes));
    }

    /// Whether a folder of this standing is opened.
    pub(super) fn descends(&mut self, standing: Standing) -> bool {
        let skip = standing == Standing::Sure && self.crew.request.skip_disposable && !self.crew.request.keep;
        self.tally.skipped += u64::from(skip);
        !skip
    }

    /// Counts a folder itself. That waits until it was opened: it may hold what makes it disposable.
    pub(super) fn count_folder(&mut self, standing: Standing) {
        self.tally.folders += 1;
        self.tally.disposable += u64::from(standing.is_disposable());
    }

    pub(super) fn count_file(&mut self, disposable: bool, size: u64) {
        self.tally.files += 1;
        self.tally.disposable += u64::from(disposable);
        if !disposable && self.crew.request.bytes {
            self.tally.bytes += size;
        }
    }

    pub(super) fn sample(&self, disposable: bool, path: impl FnOnce() -> PathBuf) {
        let most = self.crew.request.sample;
        if most > 0 && !disposable && self.all.entries() < LARGE {
            self.note(|notes| {
                if notes.sample.len() < most {
                    notes.sample.push(path());
                }
            });
        }
    }

    /// Writes down a base and the roots in it.
    pub(super) fn keep_base(&mut self, base: &Base, id: u32, entries: &[(Vec<u8>, u64, Kind, u32)]) {
        // A base with no roots in it is a root itself, and written down when it is read.
        if !self.crew.request.keep || entries.is_empty() {
            return;
        }
        let mut write = || {
            let at = self.shard.folder(id, NONE, base.index, b"")?;
            self.shard.identify(at, base.dev, base.ino);
            entries
                .iter()
                .try_for_each(|(name, ino, kind, group)| self.shard.entry(name, *ino, *kind, *group))
        };
        if write().is_none() {
            self.crew.stop(Stopped::Cap);
        }
    }
}
