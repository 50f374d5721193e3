//! A folder on the way of a walk: its name, its parent, and how to open it.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::fs::fstat;
use rustix::io::{Errno, Result};

use super::meaning::Meaning;
use crate::world::file_rules::Marks;
use crate::world::handle;

/// A folder that is reached by a path: where roots lie.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) index: u32,
    /// What stands before the names in it when they are shown.
    pub(super) shown: Vec<u8>,
    pub(super) path: PathBuf,
    pub(super) canonical: PathBuf,
    pub(super) dev: u64,
    pub(super) ino: u64,
}

impl Base {
    /// Opens the folder again and makes sure that it is the same.
    fn open(&self) -> Result<OwnedFd> {
        let fd = handle::open_path(&self.path)?;
        let stat = fstat(&fd)?;
        if (stat.st_dev, stat.st_ino) == (self.dev, self.ino) { Ok(fd) } else { Err(Errno::STALE) }
    }
}

/// A folder below a base.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) parent: Option<Arc<Folder>>,
    pub(super) base: Arc<Base>,
    /// Empty where the base itself is the root.
    pub(super) name: Box<[u8]>,
    pub(super) marks: Marks,
    /// Number of the group in the file set, and of the one above.
    pub(super) id: u32,
    pub(super) above: u32,
    /// Names in the canonical path.
    pub(super) depth: usize,
    /// What its parent says about it.
    pub(super) meaning: Meaning,
    /// Device of the root.
    pub(super) root_dev: Option<u64>,
    /// In a deep tree, every now and then a folder stays open, for those below it to start from.
    pub(super) anchor: OnceLock<Arc<Handle>>,
}

/// Levels between two folders that stay open.
const ANCHOR_EVERY: usize = 64;

impl Folder {
    fn names(&self) -> Vec<&[u8]> {
        let mut names = Vec::new();
        let mut at = Some(self);
        while let Some(folder) = at {
            if !folder.name.is_empty() {
                names.push(&*folder.name);
            }
            at = folder.parent.as_deref();
        }
        names.reverse();
        names
    }

    fn below(&self, mut path: Vec<u8>) -> PathBuf {
        for name in self.names() {
            if !path.is_empty() && !path.ends_with(b"/") {
                path.push(b'/');
            }
            path.extend_from_slice(name);
        }
        PathBuf::from(OsString::from_vec(path))
    }

    /// The path as the operator would type it.
    pub(super) fn shown(&self) -> PathBuf {
        let path = self.below(self.base.shown.clone());
        // Takes the slash off the end of a root that is a base.
        if self.name.is_empty() { path.components().collect() } else { path }
    }

    /// The absolute path without symlinks.
    pub(super) fn canonical(&self) -> PathBuf {
        self.below(self.base.canonical.as_os_str().as_bytes().to_vec())
    }

    /// Opens the folder, below its parent's handle where that is still open.
    pub(super) fn open(&self, parent: Option<&Handle>) -> Result<OwnedFd> {
        if let Some(parent) = parent {
            return handle::open_folder(parent, &self.name);
        }
        let (mut above, mut names) = (self.parent.as_ref(), Vec::new());
        let anchor = loop {
            match above {
                None => break None,
                Some(folder) if folder.anchor.get().is_some() => break folder.anchor.get(),
                Some(folder) => {
                    names.push(&*folder.name);
                    above = folder.parent.as_ref();
                }
            }
        };
        let names = names.into_iter().rev().filter(|name| !name.is_empty());
        let place = match anchor {
            Some(anchor) => handle::descend(anchor.as_fd(), names)?,
            None => handle::descend(self.base.open()?, names)?,
        };
        handle::open_folder(&place, if self.name.is_empty() { b"." } else { &self.name })
    }

    /// Keeps the folder open where it is time for that.
    pub(super) fn drop_anchor(&self, fd: &OwnedFd, open: &Arc<AtomicUsize>, most: usize) {
        if self.depth.is_multiple_of(ANCHOR_EVERY)
            && open.load(Ordering::Relaxed) < most
            && let Ok(fd) = fd.try_clone()
        {
            let _ = self.anchor.set(Arc::new(Handle::new(fd, open)));
        }
    }
}

impl Drop for Folder {
    /// Lets go of the folders above one by one: a deep tree must not overflow the stack.
    fn drop(&mut self) {
        let mut above = self.parent.take();
        while let Some(mut folder) = above.and_then(Arc::into_inner) {
            above = folder.parent.take();
        }
    }
}

/// An open folder that children still need, counted so that not too many are open at once.
#[derive(Debug)]
pub(super) struct Handle {
    fd: OwnedFd,
    open: Arc<AtomicUsize>,
}

impl Handle {
    pub(super) fn new(fd: OwnedFd, open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self { fd, open: open.clone() }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
