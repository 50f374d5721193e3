//! Reads configuration files, and refuses those that somebody else may write to.

use std::fs::{Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A configuration file larger than this is a mistake.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Why a file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// Somebody other than its owner, root or the operator may write to it.
    #[error("{path} may be written by others ({why}): run 'chmod go-w' on it, or check its owner")]
    Untrusted {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It can't be read.
    #[error("{path} can't be read: {fault}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        fault: io::Error,
    },
    /// It is a pipe, a device or a folder.
    #[error("{0} is not a regular file")]
    NotRegular(PathBuf),
    /// It is larger than any configuration.
    #[error("{0} is larger than 4 MiB, which no configuration is")]
    TooLarge(PathBuf),
    /// It is not UTF-8.
    #[error("{0} is not UTF-8 text")]
    NotText(PathBuf),
}

/// Reads a text file that only root or the current user may write; `None` where there is none.
///
/// What is checked is the open file and its folder, so nothing can be exchanged in between.
pub fn read_trusted(path: &Path) -> Result<Option<String>, FileFault> {
    let unreadable = |fault| FileFault::Unreadable { path: path.to_owned(), fault };
    // A named pipe in its place must not keep guard waiting.
    let mut file = match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Ok(file) => file,
        // A link that leads nowhere was meant to say something.
        Err(fault) if is_absent(&fault) && !path.is_symlink() => return Ok(None),
        Err(fault) => return Err(unreadable(fault)),
    };
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(FileFault::NotRegular(path.to_owned()));
    }
    check(path, &metadata)?;
    if let Some(folder) = path.parent() {
        // A bare name lies in the folder we are in.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        check(folder, &folder.metadata().map_err(unreadable)?)?;
    }
    if metadata.len() > LARGEST {
        return Err(FileFault::TooLarge(path.to_owned()));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    (&mut file).take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(FileFault::TooLarge(path.to_owned()));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| FileFault::NotText(path.to_owned()))
}

pub(super) fn check(path: &Path, metadata: &Metadata) -> Result<(), FileFault> {
    let untrusted = |why| Err(FileFault::Untrusted { path: path.to_owned(), why });
    let me = nix::unistd::geteuid().as_raw();
    if metadata.uid() != 0 && metadata.uid() != me && metadata.uid() != nix::unistd::getuid().as_raw() {
        return untrusted("it belongs to another user");
    }
    // A sticky folder (like /tmp) lets nobody replace what belongs to another.
    let sticky = metadata.is_dir() && metadata.mode() & 0o1000 != 0;
    if metadata.mode() & 0o002 != 0 && !sticky {
        return untrusted("anyone may write");
    }
    if metadata.mode() & 0o020 != 0 && metadata.gid() != 0 && !sticky && !private_group(metadata) {
        return untrusted("its group may write");
    }
    Ok(())
}

/// Many systems give each user a group of their own, with the same number.
fn private_group(metadata: &Metadata) -> bool {
    metadata.gid() == metadata.uid()
}

/// A folder that configuration stands in: a fault where a link leads nowhere or the way is barred.
pub fn reachable(folder: &Path) -> Result<(), FileFault> {
    folder.metadata().map(drop).map_err(|fault| FileFault::Unreadable { path: folder.to_owned(), fault })
}

/// The home that the system has on record for whoever runs guard.
pub fn recorded_home() -> Option<PathBuf> {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten()?;
    Some(user.dir).filter(|home| home.is_absolute())
}

/// Who gives the commands, for what is summed over many of them: whoever logged in, which neither
/// `sudo` nor a variable changes; where the system does not tell, whoever runs guard.
pub fn operator() -> String {
    let login = std::fs::read_to_string("/proc/self/loginuid").ok();
    let login = login.and_then(|text| text.trim().parse::<u32>().ok()).filter(|uid| *uid != u32::MAX);
    let uid = login.map_or_else(nix::unistd::getuid, nix::unistd::Uid::from_raw);
    let user = nix::unistd::User::from_uid(uid).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

fn is_absent(fault: &io::Error) -> bool {
    matches!(fault.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Returns the sorted `*.toml` files of a folder; none where there is no such folder.
pub fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, FileFault> {
    let unreadable = |fault| FileFault::Unreadable { path: folder.to_owned(), fault };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(fault) if is_absent(&fault) && !folder.is_symlink() => return Ok(Vec::new()),
        Err(fault) => return Err(unreadable(fault)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
