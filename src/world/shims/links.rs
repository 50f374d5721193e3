//! The links in a folder of shims: made and taken away, and nothing else touched.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::{MARK, is_shim};
use crate::world::trusted;

/// What stands under a name in a folder of shims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Nothing,
    /// A link to guard.
    Shim(PathBuf),
    /// A link to a guard that is not there any more.
    Stale(PathBuf),
    /// Something that is not guard's.
    Foreign,
}

/// What came of making a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It is new, or leads elsewhere than before.
    New,
    /// It was there.
    Kept,
    /// Something that is not guard's has the name.
    Refused,
}

/// Says what stands under a name.
pub fn standing(file: &Path) -> Standing {
    if fs::symlink_metadata(file).is_err() {
        return Standing::Nothing;
    }
    match fs::read_link(file) {
        Ok(target) if is_shim(file) => Standing::Shim(target),
        Ok(target) if fs::metadata(file).is_err() && target.file_name() == Some(OsStr::new(MARK)) => {
            Standing::Stale(target)
        }
        _ => Standing::Foreign,
    }
}

/// Every name in a folder with what stands there, sorted.
///
/// # Errors
/// Where the folder can't be read.
pub fn all(folder: &Path) -> io::Result<Vec<(OsString, Standing)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        all.push((entry.file_name(), standing(&entry.path())));
    }
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(all)
}

/// Links a name to guard. What is not guard's own link stays.
///
/// # Errors
/// Where the link can't be made.
pub fn place(folder: &Path, name: &OsStr, guard: &Path) -> io::Result<Placed> {
    let file = folder.join(name);
    match standing(&file) {
        Standing::Foreign => Ok(Placed::Refused),
        Standing::Shim(target) if target == guard => Ok(Placed::Kept),
        Standing::Nothing => symlink(guard, &file).map(|()| Placed::New),
        Standing::Shim(_) | Standing::Stale(_) => {
            // In one step: a shim that is missing for an instant would let a command pass unseen.
            let new = folder.join(format!(".new-{}", std::process::id()));
            symlink(guard, &new)?;
            fs::rename(&new, &file).inspect_err(|_| _ = fs::remove_file(&new))?;
            Ok(Placed::New)
        }
    }
}

/// Takes guard's own link of this name away; false where something else has the name.
///
/// # Errors
/// Where it can't be removed.
pub fn take(folder: &Path, name: &OsStr) -> io::Result<bool> {
    let file = folder.join(name);
    match standing(&file) {
        Standing::Nothing => Ok(true),
        Standing::Foreign => Ok(false),
        Standing::Shim(_) | Standing::Stale(_) => fs::remove_file(file).map(|()| true),
    }
}

/// Tells whether links could be made in a folder, which need not be there yet.
pub fn writable(folder: &Path) -> bool {
    let there = folder.ancestors().find(|up| fs::symlink_metadata(up).is_ok());
    there.is_some_and(|up| accessat(CWD, up, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).is_ok())
}

/// Says who else may exchange what is in a folder, or the folder itself; `None` where nobody may.
pub fn exposed(folder: &Path) -> Option<String> {
    let near = [Some(folder), folder.parent()];
    near.into_iter().flatten().find_map(|folder| {
        let about = fs::metadata(folder).ok()?;
        trusted::check(folder, &about).err().map(|fault| fault.to_string())
    })
}
