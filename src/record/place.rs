//! Where records lie, and what makes a place safe for them.
//!
//! A record is worth something only where nobody else could have put the file there or could
//! change it: folder and file belong to the operator (or to root, for a site's path), others
//! may not write to them, and the last two parts of the path are no symbolic links.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::Error;
use crate::ui::escape;

/// Returns the operator's folder for records, from the values of `XDG_STATE_HOME` and `HOME`.
///
/// # Errors
/// [`Error::NoHome`] where neither names an absolute path.
pub fn state_folder(xdg_state_home: Option<&OsStr>, home: Option<&OsStr>) -> Result<PathBuf, Error> {
    let absolute = |path: &&Path| path.is_absolute();
    let state = xdg_state_home.map(Path::new).filter(absolute).map(Path::to_owned);
    let local = || home.map(Path::new).filter(absolute).map(|home| home.join(".local/state"));
    Ok(state.or_else(local).ok_or(Error::NoHome)?.join("guard"))
}

/// Opens a file of records for reading and appending; makes it (0600) and its folder (0700).
///
/// # Errors
/// [`Error::Unsafe`] where others could have tampered with it, [`Error::Io`] where it cannot be opened.
pub fn open(path: &Path) -> Result<File, Error> {
    let (folder, name) = match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if folder != Path::new("") => (folder, name),
        (_, Some(name)) => (Path::new("."), name),
        (_, None) => return Err(Error::io(path, "opened")(io::ErrorKind::IsADirectory.into())),
    };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.or_else(ignore_existing).map_err(Error::io(folder, "made"))?;
    let directory = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits())
        .open(folder)
        .map_err(|error| refused(folder, error))?;
    let about = directory.metadata().map_err(Error::io(folder, "opened"))?;
    only_ours(folder, &about)?;

    // O_NONBLOCK: a named pipe in its place must not keep guard waiting.
    let flags = OFlag::O_RDWR | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = openat(&directory, name, flags | OFlag::O_CLOEXEC, Mode::S_IRUSR | Mode::S_IWUSR)
        .map_err(|errno| refused(path, errno.into()))?;
    let file = File::from(file);
    let about = regular(path, &file)?;
    only_ours(path, &about)?;
    if about.len() == 0 {
        // A record is on disk only when the name of its file is.
        directory.sync_all().map_err(Error::io(folder, "written"))?;
    }
    Ok(file)
}

/// Looks at a file of records that a site shares with the group of its operators.
///
/// Not there is no fault: then [`open`] makes it.
///
/// # Errors
/// [`Error::Unsafe`] where anybody else could have tampered with it.
pub fn checked_shared(path: &Path) -> Result<(), Error> {
    let ours = |about: &Metadata| [0, nix::unistd::geteuid().as_raw()].contains(&about.uid());
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    for (path, is_folder) in [(folder, true), (path, false)] {
        let about = match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            about => about.map_err(Error::io(path, "opened"))?,
        };
        match (about.is_symlink(), is_folder, about.is_file()) {
            (true, ..) => return Err(unsafe_place(path, "is a symbolic link")),
            (_, false, false) => return Err(unsafe_place(path, "is not a regular file")),
            _ => {}
        }
        if !ours(&about) {
            return Err(unsafe_place(path, "belongs to another user"));
        }
        if about.mode() & 0o002 != 0 {
            return Err(unsafe_place(path, "may be written by others"));
        }
    }
    Ok(())
}

/// Opens a file of records for reading only, whoever it belongs to.
///
/// # Errors
/// [`Error::Unsafe`] for what is no regular file, [`Error::Io`] where it cannot be opened.
pub fn open_to_read(path: &Path) -> Result<File, Error> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW).bits())
        .open(path)
        .map_err(|error| refused(path, error))?;
    regular(path, &file)?;
    Ok(file)
}

fn ignore_existing(error: io::Error) -> io::Result<()> {
    // A symbolic link to a folder ends here as well; what it is shows when it is opened.
    if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) }
}

fn refused(path: &Path, error: io::Error) -> Error {
    let link = path.symlink_metadata().is_ok_and(|about| about.is_symlink());
    match Errno::from_raw(error.raw_os_error().unwrap_or(0)) {
        Errno::ELOOP | Errno::ENOTDIR if link => unsafe_place(path, "is a symbolic link"),
        Errno::ENOTDIR => unsafe_place(path, "does not lie in a folder"),
        _ => Error::io(path, "opened")(error),
    }
}

fn unsafe_place(path: &Path, why: &'static str) -> Error {
    Error::Unsafe { path: escape(path).into_owned(), why }
}

fn regular(path: &Path, file: &File) -> Result<Metadata, Error> {
    let about = file.metadata().map_err(Error::io(path, "opened"))?;
    if about.is_file() { Ok(about) } else { Err(unsafe_place(path, "is not a regular file")) }
}

fn only_ours(path: &Path, about: &Metadata) -> Result<(), Error> {
    if ![0, nix::unistd::geteuid().as_raw()].contains(&about.uid()) {
        return Err(unsafe_place(path, "belongs to another user"));
    }
    match about.mode() & 0o022 {
        0 => Ok(()),
        0o020 => Err(unsafe_place(path, "may be written by its group")),
        _ => Err(unsafe_place(path, "may be written by others")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_folder_follows_the_environment() {
        let folder = |xdg: Option<&str>, home: Option<&str>| {
            state_folder(xdg.map(OsStr::new), home.map(OsStr::new)).map(|path| path.display().to_string())
        };
        assert_eq!(folder(Some("/s"), Some("/h")).unwrap(), "/s/guard");
        assert_eq!(folder(None, Some("/h")).unwrap(), "/h/.local/state/guard");
        assert_eq!(folder(Some("s"), Some("/h")).unwrap(), "/h/.local/state/guard");
        assert_eq!(folder(Some(""), Some("/h")).unwrap(), "/h/.local/state/guard");
        assert!(matches!(folder(None, Some("")), Err(Error::NoHome)));
        assert!(matches!(folder(None, None), Err(Error::NoHome)));
    }
}
