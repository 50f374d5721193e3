//! Shims: links to guard that are named for a tool, in a folder at the front of `PATH`.
//!
//! A shim is known by the file it leads to, never by a variable: guard itself, or a program called
//! `guard` (an older or newer build). What guard starts never lands in one, and a folder that holds
//! nothing but shims can be taken out of a child's `PATH`, or put in front of it.

pub mod links;

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::exec::{WITHOUT_PATH, runnable};

/// The name that every folder of shims holds beside its tools; it marks the folder, and brings guard into `PATH`.
pub const MARK: &str = "guard";

/// Where a word leads that `execvp` is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Landing {
    /// Not to a shim.
    AsTyped,
    /// To a shim; this file of the same name stands behind it.
    Behind(PathBuf),
    /// To a shim, and no program stands behind it.
    OnlyShims,
}

/// Follows a word as `execvp` would, past all shims. A relative file is relative to `cwd`.
pub fn landing(name: &OsStr, path: Option<&OsStr>, cwd: &Path) -> Landing {
    let base = Path::new(name).file_name().unwrap_or(name);
    if base.is_empty() || base == MARK {
        return Landing::AsTyped;
    }
    let mut passed = name.as_bytes().contains(&b'/');
    if passed && !is_shim(&cwd.join(name)) {
        return Landing::AsTyped;
    }
    for folder in entries(path.unwrap_or(OsStr::new(WITHOUT_PATH))) {
        let file = within(folder, base);
        if runnable(&cwd.join(&file)).is_err() {
            continue;
        }
        if is_shim(&cwd.join(&file)) {
            passed = true;
        } else {
            return if passed { Landing::Behind(file) } else { Landing::AsTyped };
        }
    }
    if passed { Landing::OnlyShims } else { Landing::AsTyped }
}

/// Tells whether a file is guard under another name.
pub fn is_shim(file: &Path) -> bool {
    let Ok(about) = fs::symlink_metadata(file) else { return false };
    let own = fs::metadata("/proc/self/exe").map(|meta| (meta.dev(), meta.ino())).ok();
    let same = |meta: &fs::Metadata| own == Some((meta.dev(), meta.ino()));
    if !about.is_symlink() {
        return same(&about);
    }
    fs::metadata(file).is_ok_and(|meta| same(&meta))
        || fs::canonicalize(file).is_ok_and(|real| real.file_name() == Some(OsStr::new(MARK)))
}

/// Tells whether a folder holds shims and nothing else.
pub fn is_folder(folder: &Path) -> bool {
    let mark = folder.join(MARK);
    if !fs::symlink_metadata(&mark).is_ok_and(|about| about.is_symlink()) || !is_shim(&mark) {
        return false;
    }
    // A link that leads nowhere any more shadows nothing.
    let harmless = |file: &Path| is_shim(file) || fs::metadata(file).is_err();
    fs::read_dir(folder)
        .is_ok_and(|mut all| all.all(|entry| entry.is_ok_and(|entry| harmless(&entry.path()))))
}

/// A `PATH` without its folders of shims; `None` where it has none.
pub fn without(path: &OsStr) -> Option<OsString> {
    let all: Vec<&OsStr> = entries(path).collect();
    let kept: Vec<&OsStr> = all.iter().copied().filter(|entry| !is_folder(Path::new(entry))).collect();
    // Nothing left would be read as "where we are".
    (kept.len() < all.len() && !kept.is_empty()).then(|| kept.join(OsStr::new(":")))
}

/// Guard's own `PATH` without its folders of shims; `None` where it has none.
pub fn path_without() -> Option<OsString> {
    without(&env::var_os("PATH")?)
}

/// Guard's own `PATH` with a folder of shims in front: one that it holds already, else the first of
/// the usual ones. `None` where that changes nothing, or there is no such folder.
pub fn path_in_front() -> Option<OsString> {
    let path = env::var_os("PATH").unwrap_or_else(|| WITHOUT_PATH.into());
    let named = entries(&path).map(Path::new).find(|entry| entry.is_absolute() && is_folder(entry));
    let folder = match named {
        Some(folder) => folder.to_owned(),
        None => usual_folders().into_iter().find(|folder| is_folder(folder))?,
    };
    if entries(&path).next() == Some(folder.as_os_str()) {
        return None;
    }
    let mut front = folder.into_os_string();
    front.push(":");
    front.push(&path);
    Some(front)
}

/// Where shims are installed when nothing else is said: beside the program, then in the home folder.
pub fn usual_folders() -> Vec<PathBuf> {
    let beside = env::current_exe().ok().and_then(|program| {
        let bin = program.parent()?;
        (bin.file_name()? == "bin").then(|| bin.parent().map(|prefix| prefix.join("lib/guard/shims")))?
    });
    let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let home = home.map(|home| home.join(".local/lib/guard/shims"));
    let mut all: Vec<PathBuf> = beside.into_iter().chain(home).collect();
    all.dedup();
    all
}

/// The folders of a `PATH` in order; an empty one is the folder guard is in.
pub fn entries(path: &OsStr) -> impl Iterator<Item = &OsStr> {
    path.as_bytes().split(|b| *b == b':').map(OsStr::from_bytes)
}

/// A file in a folder of `PATH`, with a slash even where the folder is empty.
fn within(folder: &OsStr, name: &OsStr) -> PathBuf {
    let mut file = if folder.is_empty() { b".".to_vec() } else { folder.as_bytes().to_vec() };
    if file.last() != Some(&b'/') {
        file.push(b'/');
    }
    file.extend_from_slice(name.as_bytes());
    PathBuf::from(OsString::from_vec(file))
}
