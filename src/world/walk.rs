//! Counts what lies below some roots, in parallel, and remembers it by device and inode when asked.
//!
//! Folders are opened below their parent's handle and never through a symlink, so that nothing
//! that changes during the walk can lead it out of the tree. What a name means is asked of
//! [`PreparedRules`]; whether the number is too large is not decided here.

mod crew;
mod folder;
mod guarded;
mod meaning;
mod notes;
mod read;
mod roots;
mod scratch;
mod worker;

pub(in crate::world) use meaning::FolderMemory;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file_rules::{PreparedRules, ProtectedPath};
use super::fileset::FileSet;

/// What to count, and when to stop.
#[derive(Debug, Clone, Copy)]
pub struct WalkRequest<'a> {
    /// Paths as typed.
    pub roots: &'a [PathBuf],
    /// What relative roots are relative to; absolute.
    pub cwd: &'a Path,
    /// Whether to look into folders, or only at the roots themselves.
    pub recurse: bool,
    /// Whether to stay on the file system of each root.
    pub one_file_system: bool,
    /// Whether a root that is a symlink to a folder stands for that folder; with a trailing slash
    /// it always does.
    pub follow_roots: bool,
    /// Whether to sum sizes, which costs a look at each file.
    pub bytes: bool,
    /// Stop as soon as more entries than this count: more can't change the answer.
    pub enough: Option<u64>,
    /// Whether to remember what was seen, for a freeze.
    pub keep: bool,
    /// Whether to leave folders unopened in which nothing can count; ignored with `keep`.
    pub skip_disposable: bool,
    /// Stop after this long.
    pub deadline: Option<Duration>,
    /// Stop at this many entries, for the sake of memory.
    pub max_entries: u64,
    /// How many paths to put into [`Walk::sample`].
    pub sample: usize,
    /// What names mean.
    pub rules: &'a PreparedRules,
}

impl<'a> WalkRequest<'a> {
    /// A request for a complete count of everything below the roots.
    pub fn new(roots: &'a [PathBuf], cwd: &'a Path, rules: &'a PreparedRules) -> Self {
        Self {
            roots,
            cwd,
            recurse: true,
            one_file_system: false,
            follow_roots: false,
            bytes: false,
            enough: None,
            keep: false,
            skip_disposable: false,
            deadline: None,
            max_entries: 100_000_000,
            sample: 0,
            rules,
        }
    }
}

/// What a root turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootKind {
    /// Not there, or a part of its path is no folder.
    Missing,
    /// Could not be looked at; the count is not exact.
    Unreadable,
    /// A folder.
    Folder,
    /// A symlink that stands for itself.
    Symlink,
    /// A file, socket, device or pipe.
    File,
}

/// Why a walk ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// More entries counted than the answer depends on: "at least".
    Enough,
    /// Time was up.
    Deadline,
    /// More entries than may be looked at or held.
    Cap,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Files and folders, as `find ROOTS | wc -l` would count them, disposable ones included.
    pub entries: u64,
    /// Entries that are no folders.
    pub files: u64,
    /// Entries that are folders.
    pub folders: u64,
    /// Sizes of the files that count, summed; 0 unless asked for.
    pub bytes: u64,
    /// Entries that can be made again.
    pub disposable: u64,
    /// Disposable folders that were not opened; what is in them is in no number.
    pub skipped: u64,
    /// What each root is, in the order of the request; shorter when the walk stopped at the roots.
    pub roots: Vec<RootKind>,
    /// Mount points below the roots that the walk would cross.
    pub mounts: Vec<PathBuf>,
    /// How many folders hold a `.git`.
    pub repositories: u64,
    /// Some of those folders.
    pub repository_sample: Vec<PathBuf>,
    /// Protected paths among, inside and around the roots; some, when there are many.
    pub protected: Vec<ProtectedPath>,
    /// Folders of data inside or among the roots, with what they are; some, when there are many.
    pub data: Vec<(PathBuf, String, bool)>,
    /// How many folders or roots could not be read.
    pub unreadable: u64,
    /// The first of those, with what the system said.
    pub first_unreadable: Option<(PathBuf, String)>,
    /// Why the walk ended early.
    pub stopped: Option<Stopped>,
    /// Some paths that count.
    pub sample: Vec<PathBuf>,
    /// What was seen, when asked for and complete up to unreadable folders.
    pub set: Option<FileSet>,
    /// Whether git's ignore rules were found but not yet asked.
    git_unasked: bool,
}

impl Walk {
    /// Entries that can't be made again: what limits are held against.
    pub fn counted(&self) -> u64 {
        self.entries.saturating_sub(self.disposable)
    }

    /// Whether [`counted`](Self::counted) is exact.
    pub fn is_exact(&self) -> bool {
        self.stopped.is_none() && self.unreadable == 0
    }
}

/// Counts what lies below the roots.
///
/// `progress` is called on this thread with the entries so far, every 50 ms or so.
///
/// With `enough`, git's ignore rules are only asked when the number is exceeded without them:
/// below it they can't change the answer, and compiling them takes longer than a small walk.
pub fn walk(request: &WalkRequest<'_>, progress: &mut dyn FnMut(u64)) -> Walk {
    let ask_git = request.rules.gitignored;
    if ask_git && request.enough.is_some() && !request.keep {
        let quick = crew::Crew::new(request, false).walk(progress);
        if quick.stopped != Some(Stopped::Enough) || !quick.git_unasked {
            return quick;
        }
    }
    crew::Crew::new(request, ask_git).walk(progress)
}
