//! Folder handles: opening below a handle, never through a symlink, whatever the length of the path.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::{Errno, Result};

/// The kernel takes no path longer than 4096 bytes at once.
const AT_ONCE: usize = 4000;

/// Enough to look below a folder, without the right to list it.
const PLACE: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Opens a folder by an operator's path, symlinks followed, as a place to look below.
pub(super) fn open_path(path: &Path) -> Result<OwnedFd> {
    let mut rest = path.as_os_str().as_bytes();
    let mut at: Option<OwnedFd> = None;
    while rest.len() > AT_ONCE {
        let cut = rest[..AT_ONCE].iter().rposition(|&b| b == b'/').ok_or(Errno::NAMETOOLONG)?;
        let piece = if cut == 0 { &b"/"[..] } else { &rest[..cut] };
        at = Some(place_at(at.as_ref(), piece)?);
        rest = &rest[cut + 1..];
    }
    let piece = if rest.is_empty() { &b"."[..] } else { rest };
    place_at(at.as_ref(), piece)
}

/// Opens a folder by a path below another one, symlinks followed.
pub(super) fn open_path_at(at: impl AsFd, path: &CStr) -> Result<OwnedFd> {
    openat(at, path, PLACE, Mode::empty())
}

fn place_at(at: Option<&OwnedFd>, path: &[u8]) -> Result<OwnedFd> {
    match at {
        Some(at) => openat(at, path, PLACE, Mode::empty()),
        None => openat(CWD, path, PLACE, Mode::empty()),
    }
}

/// Opens the folder `name` in `parent` for reading; a symlink in its place is an error.
pub(super) fn open_folder(parent: impl AsFd, name: &[u8]) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    openat(parent, name, flags, Mode::empty())
}

/// Opens the folder `name` in `parent` as a place to look below; a symlink is an error.
pub(super) fn open_place(parent: impl AsFd, name: impl rustix::path::Arg) -> Result<OwnedFd> {
    openat(parent, name, PLACE | OFlags::NOFOLLOW, Mode::empty())
}

/// Follows names from `start` down, through folders only, never out of `start`.
pub(super) fn descend<'n>(start: impl AsFd, names: impl Iterator<Item = &'n [u8]>) -> Result<OwnedFd> {
    let (mut at, mut path): (Option<OwnedFd>, Vec<u8>) = (None, Vec::new());
    let step = |at: &Option<OwnedFd>, path: &[u8]| match at {
        Some(at) => open_beneath(at.as_fd(), path),
        None => open_beneath(start.as_fd(), path),
    };
    for name in names {
        if path.len() + name.len() >= AT_ONCE {
            at = Some(step(&at, &path)?);
            path.clear();
        }
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
    }
    if path.is_empty() {
        path.push(b'.');
    }
    step(&at, &path)
}

fn open_beneath(at: BorrowedFd<'_>, path: &[u8]) -> Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match openat2(at, path, PLACE, Mode::empty(), resolve) {
        // Older kernels have no openat2, and some sandboxes refuse it: one name at a time then.
        Err(Errno::NOSYS | Errno::PERM | Errno::AGAIN) => {
            let mut names = path.split(|&b| b == b'/');
            let first = open_place(at, names.next().unwrap_or(b"."))?;
            names.try_fold(first, |at, name| open_place(&at, name))
        }
        opened => opened,
    }
}

/// Whether a name is not there (any more), or its place was taken by something that is no folder.
pub(super) fn is_gone(errno: Errno) -> bool {
    matches!(errno, Errno::NOENT | Errno::NOTDIR)
}

/// What the system said, as `rm` would end its line.
pub(super) fn reason(errno: Errno) -> String {
    let text = std::io::Error::from(errno).to_string();
    text.find(" (os error").map_or(text.clone(), |end| text[..end].to_owned())
}

/// Reads all of a small file in a folder, up to `limit` bytes; `None` when it is larger or can't
/// be read.
pub(super) fn read_small(folder: impl AsFd, name: &CStr, limit: usize) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = std::fs::File::from(openat(folder, name, flags, Mode::empty()).ok()?);
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(file, limit as u64 + 1), &mut text).ok()?;
    (text.len() <= limit).then_some(text)
}
