//! A file set from a list of paths, as `find -print0` writes it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, fstat, statat};

use super::{BaseAt, FileSet, Kind, NONE, Shard};
use crate::world::handle;

/// Why a list of paths can't be held as a set.
#[derive(Debug, thiserror::Error)]
pub enum FileSetError {
    /// A path could not be looked at, for another reason than that it is gone.
    #[error("can't look at {path:?}: {reason}")]
    Unreadable {
        /// The path, as listed.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// More names than a set can hold.
    #[error("more paths than a set of files can hold")]
    TooMany,
}

impl FileSet {
    /// Makes a set of the paths in a NUL-separated list; relative paths are relative to `cwd`.
    ///
    /// Paths that are gone, and `.` and `..`, are left out. Folders in the list are removed only
    /// when they are empty by then.
    ///
    /// # Errors
    /// A path that can't be looked at: the set would be smaller than the list.
    pub fn from_paths(list: &[u8], cwd: &Path) -> Result<Self, FileSetError> {
        let mut folders: HashMap<&[u8], Vec<&[u8]>> = HashMap::new();
        for path in list.split(|&b| b == 0).filter(|path| !path.is_empty()) {
            let end = path.iter().rposition(|&b| b != b'/').map_or(0, |at| at + 1);
            let cut = path[..end].iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
            let name = &path[cut..end];
            if !matches!(name, b"" | b"." | b"..") {
                folders.entry(&path[..cut]).or_default().push(name);
            }
        }
        let mut folders: Vec<_> = folders.into_iter().collect();
        folders.sort_unstable();
        let (mut shard, mut bases) = (Shard::default(), Vec::new());
        for (shown, mut names) in folders {
            names.sort_unstable();
            names.dedup();
            let path = cwd.join(OsStr::from_bytes(shown));
            let failed = |name: &[u8], reason: rustix::io::Errno| FileSetError::Unreadable {
                path: PathBuf::from(OsStr::from_bytes(&[shown, name].concat())),
                reason: reason.into(),
            };
            let folder = match handle::open_path(&path) {
                Ok(folder) => folder,
                Err(gone) if handle::is_gone(gone) => continue,
                Err(reason) => return Err(failed(b"", reason)),
            };
            let stat = fstat(&folder).map_err(|reason| failed(b"", reason))?;
            let mut entries = Vec::new();
            for name in names {
                match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => {
                        entries.push((name, stat.st_ino, kind_of(FileType::from_raw_mode(stat.st_mode))))
                    }
                    Err(gone) if handle::is_gone(gone) => {}
                    Err(reason) => return Err(failed(name, reason)),
                }
            }
            if entries.is_empty() {
                continue;
            }
            let id = bases.len() as u32;
            let at = shard.folder(id, NONE, id, b"").ok_or(FileSetError::TooMany)?;
            shard.identify(at, stat.st_dev, stat.st_ino);
            bases.push(BaseAt { shown: shown.to_vec(), path });
            for (name, ino, kind) in entries {
                shard.entry(name, ino, kind, NONE).ok_or(FileSetError::TooMany)?;
            }
        }
        let groups = bases.len() as u32;
        let mut set = Self::join(vec![shard], bases, groups);
        set.empty_folders = true;
        Ok(set)
    }
}

fn kind_of(kind: FileType) -> Kind {
    match kind {
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Symlink,
        _ => Kind::Other,
    }
}
