//! What the workers of a walk share: tasks put aside, the sum so far, whether to stop.
//!
//! The caller's thread works alone until a walk turns out to be large; then helpers take folders
//! that it has put aside.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{ScopedJoinHandle, available_parallelism, scope};
use std::time::Instant;

use super::folder::{Base, Folder, Handle};
use super::notes::Notes;
use super::roots::Roots;
use super::worker::{TICK, Tally, Worker};
use super::{Stopped, Walk, WalkRequest};
use crate::world::fileset::{BaseAt, FileSet, Shard};

/// From this many entries on, helpers are worth starting.
pub(super) const LARGE: u64 = 4096;
/// More threads than this wait for each other in the kernel.
const MOST_WORKERS: usize = 16;

/// A folder to be read.
pub(super) struct Task {
    pub(super) folder: Arc<Folder>,
    /// Its parent, unless too many are open.
    pub(super) parent: Option<Arc<Handle>>,
}

/// What all workers share.
pub(super) struct Crew<'a> {
    pub(super) request: &'a WalkRequest<'a>,
    pub(super) ask_git: bool,
    /// Handles that may stay open for children, and as many again for anchors.
    pub(super) most_open: usize,
    pub(super) open: Arc<AtomicUsize>,
    pub(super) anchors: Arc<AtomicUsize>,
    started: Instant,
    pub(super) shared: Mutex<Vec<Task>>,
    pub(super) wake: Condvar,
    pub(super) idle: AtomicUsize,
    /// Tasks not yet done, in any list or hand.
    pub(super) pending: AtomicUsize,
    /// 0, or why to stop, as numbered by [`Stopped`] + 1.
    stop: AtomicU8,
    pub(super) entries: AtomicU64,
    pub(super) counted: AtomicU64,
    ids: AtomicU32,
    pub(super) notes: Mutex<Notes>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Crew<'a> {
    pub(super) fn new(request: &'a WalkRequest<'a>, ask_git: bool) -> Self {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(4096);
        Self {
            request,
            ask_git,
            most_open: usize::try_from(limit / 4).unwrap_or(256).min(256),
            open: Arc::default(),
            anchors: Arc::default(),
            started: Instant::now(),
            shared: Mutex::default(),
            wake: Condvar::new(),
            idle: AtomicUsize::new(0),
            pending: AtomicUsize::new(0),
            stop: AtomicU8::new(0),
            entries: AtomicU64::new(0),
            counted: AtomicU64::new(0),
            ids: AtomicU32::new(0),
            notes: Mutex::default(),
        }
    }

    pub(super) fn walk(&self, progress: &mut dyn FnMut(u64)) -> Walk {
        let mut main = Worker::new(self);
        let (roots, mounts, bases) = Roots::new(&mut main).survey();
        let mut tick = Instant::now();
        let (mut tally, mut shards) = (Tally::default(), Vec::new());
        let lost = scope(|scope| {
            let mut helpers: Vec<ScopedJoinHandle<'_, Worker<'_>>> = Vec::new();
            while let Some(task) = main.next(&mut |entries| progress(entries)) {
                main.work(task);
                if helpers.is_empty() && main.all.entries() > LARGE && !main.local.is_empty() {
                    let workers = available_parallelism().map_or(1, usize::from).min(MOST_WORKERS);
                    helpers = (1..workers).map(|_| scope.spawn(|| Worker::new(self).help())).collect();
                }
                if tick.elapsed() >= TICK {
                    tick = Instant::now();
                    progress(self.entries.load(Relaxed));
                }
            }
            let done: Vec<_> = helpers.into_iter().map(ScopedJoinHandle::join).collect();
            let lost = done.iter().filter(|done| done.is_err()).count();
            for helper in done.into_iter().flatten() {
                tally.add(&helper.all);
                shards.push(helper.shard);
            }
            lost
        });
        tally.add(&main.all);
        shards.push(main.shard);
        let mut walk = self.sum_up(&tally);
        walk.unreadable += lost as u64;
        (walk.roots, walk.mounts) = (roots, mounts);
        if self.request.keep && walk.stopped.is_none() && lost == 0 {
            walk.set = Some(self.file_set(shards, &bases));
        }
        walk
    }

    fn sum_up(&self, tally: &Tally) -> Walk {
        let notes = std::mem::take(&mut *lock(&self.notes));
        Walk {
            entries: tally.entries(),
            files: tally.files,
            folders: tally.folders,
            bytes: tally.bytes,
            disposable: tally.disposable,
            skipped: tally.skipped,
            repositories: notes.repositories,
            repository_sample: notes.repository_sample,
            protected: notes.protected,
            data: notes.data,
            unreadable: notes.unreadable,
            first_unreadable: notes.first_unreadable,
            stopped: match self.stop.load(SeqCst) {
                0 => None,
                1 => Some(Stopped::Enough),
                2 => Some(Stopped::Deadline),
                _ => Some(Stopped::Cap),
            },
            sample: notes.sample,
            git_unasked: notes.git_unasked,
            ..Walk::default()
        }
    }

    fn file_set(&self, shards: Vec<Shard>, bases: &[Arc<Base>]) -> FileSet {
        let bases = bases.iter().map(|base| BaseAt { shown: base.shown.clone(), path: base.path.clone() });
        FileSet::join(shards, bases.collect(), self.ids.load(SeqCst))
    }

    pub(super) fn next_id(&self) -> u32 {
        self.ids.fetch_add(1, Relaxed)
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed) != 0
    }

    /// Ends the walk; the first reason stays.
    pub(super) fn stop(&self, why: Stopped) {
        let _ = self.stop.compare_exchange(0, why as u8 + 1, SeqCst, SeqCst);
    }

    pub(super) fn check_time(&self) {
        if self.request.deadline.is_some_and(|deadline| self.started.elapsed() > deadline) {
            self.stop(Stopped::Deadline);
        }
    }

    /// How many entries are known to count.
    pub(super) fn counted(&self) -> u64 {
        self.counted.load(Relaxed)
    }

    /// Notes that rules of git were found and would have to be asked.
    pub(super) fn git_unasked(&self) {
        lock(&self.notes).git_unasked = true;
    }

    pub(super) fn may_keep_open(&self) -> bool {
        self.open.load(Relaxed) < self.most_open
    }
}
