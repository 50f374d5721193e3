//! Becomes the command: finds a program as `execvp` does and replaces guard by it.
//!
//! Nothing goes through a shell, except that the C library hands a script without `#!` to
//! `/bin/sh`, as it does for `env` and `timeout`. A [`Launch`] says what is started;
//! [`child`](super::child) and [`listing`](super::listing) start the same value beside guard.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::ui::escape::quote;
use crate::world::inherited::Inherited;
use crate::world::shims::{Landing, landing};

/// Where programs are looked for when `PATH` is not set, as the C library does.
pub(super) const WITHOUT_PATH: &str = "/bin:/usr/bin";

/// What is started, and what is different for it from guard's own surroundings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Launch<'a> {
    /// The words as typed; the first is what the program sees as its own name.
    pub argv: &'a [OsString],
    /// What the program sees as its own name where that is not the first word (`-bash`). With a slash it
    /// was the path of a shim, and the program sees its real path.
    pub called: Option<&'a OsStr>,
    /// The file to run, where it is known; else the first word is looked up in `PATH`.
    pub program: Option<&'a Path>,
    /// Variables to set, or to unset.
    pub env: &'a [(OsString, Option<OsString>)],
    /// The folder to start in; else guard's own.
    pub cwd: Option<&'a Path>,
}

impl<'a> Launch<'a> {
    /// Starts `argv` in guard's own surroundings.
    pub fn new(argv: &'a [OsString]) -> Self {
        Launch { argv, ..Launch::default() }
    }

    /// The first word, empty when there is none.
    pub(super) fn name(&self) -> &'a OsStr {
        self.argv.first().map(OsString::as_os_str).unwrap_or_default()
    }

    /// Where the first word leads, past shims.
    pub(super) fn landing(&self) -> Landing {
        if self.program.is_some() {
            return Landing::AsTyped;
        }
        let cwd = self.cwd.map_or_else(|| env::current_dir().unwrap_or_default(), Path::to_owned);
        let path = match self.env.iter().rev().find(|(key, _)| key == "PATH") {
            Some((_, value)) => value.clone(),
            None => env::var_os("PATH"),
        };
        landing(self.name(), path.as_deref(), &cwd)
    }

    /// Builds the command: the same words, variables and folder, streams inherited.
    pub(super) fn command(&self) -> Result<Command, NotRunnable> {
        let name = self.name();
        if name.is_empty() {
            return Err(NotRunnable::new(name, libc::ENOENT));
        }
        if let Some(folder) = self.cwd
            && let Err(fault) = accessat(CWD, folder, Access::EXEC_OK, AtFlags::EACCESS)
        {
            // Said here, because from the child it would look like a missing program.
            return Err(NotRunnable::new(folder.as_os_str(), fault.raw_os_error()));
        }
        let found = match self.landing() {
            Landing::AsTyped => None,
            Landing::Behind(file) => Some(file),
            Landing::OnlyShims => {
                return Err(NotRunnable { only_shims: true, ..NotRunnable::new(name, libc::ENOENT) });
            }
        };
        let program = found.as_deref().or(self.program).map_or(name, Path::as_os_str);
        let mut command = Command::new(program);
        let called = self.called.unwrap_or(name);
        let is_path = called.as_bytes().contains(&b'/');
        command.arg0(if is_path && found.is_some() { program } else { called });
        command.args(self.argv.iter().skip(1));
        for (key, value) in self.env {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        if let Some(folder) = self.cwd {
            command.current_dir(folder);
        }
        Ok(command)
    }
}

/// A command that could not be started. Nothing was run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", quote(&[.name]), self.why())]
pub struct NotRunnable {
    /// The word, file or folder that it failed on.
    pub name: OsString,
    /// Why, as the system says it.
    pub errno: i32,
    /// True where shims of guard have that name in `PATH`, and nothing else.
    pub only_shims: bool,
}

impl NotRunnable {
    pub(super) fn new(name: &OsStr, errno: i32) -> Self {
        NotRunnable { name: name.to_owned(), errno, only_shims: false }
    }

    pub(super) fn from_io(name: &OsStr, fault: &io::Error) -> Self {
        // Without a number it was a NUL inside a word, which no argument can hold.
        NotRunnable::new(name, fault.raw_os_error().unwrap_or(libc::EINVAL))
    }

    fn why(&self) -> String {
        if self.only_shims {
            return "only guard's shim has this name in PATH, there is no program behind it".into();
        }
        io::Error::from_raw_os_error(self.errno).to_string()
    }

    /// The exit code that env, nice and timeout use: 127 not found, 126 found but not runnable.
    pub fn code(&self) -> u8 {
        if self.errno == libc::ENOENT { 127 } else { 126 }
    }
}

/// Replaces guard by the command. Returns only when that failed.
///
/// The command sees what guard was started with ([`Inherited`]); descriptors that guard opened
/// are closed by `exec`. After a failure guard is whole again and may report it.
pub fn exec(launch: &Launch<'_>) -> NotRunnable {
    let mut command = match launch.command() {
        Ok(command) => command,
        Err(fault) => return fault,
    };
    let inherited = Inherited::get();
    // SAFETY: `restore` is async-signal-safe; it must come after the standard library's own resets.
    unsafe {
        command.pre_exec(move || {
            inherited.restore();
            Ok(())
        });
    }
    let fault = command.exec();
    let _ = inherited.retake();
    NotRunnable::from_io(launch.name(), &fault)
}

/// Finds the file that `execvp` would run for `name`.
///
/// `path` is the value of `PATH`, where it is set; an empty element means `cwd`, as does a relative
/// one start there. A name with a slash is not searched for. A file that may not be run is passed
/// over, and remembered in the error when nothing better follows.
///
/// # Errors
/// EACCES when only files were found that may not be run, else ENOENT.
pub fn find_program(name: &OsStr, path: Option<&OsStr>, cwd: &Path) -> Result<PathBuf, NotRunnable> {
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        return Err(NotRunnable::new(name, libc::ENOENT));
    }
    if bytes.contains(&b'/') {
        let file = cwd.join(name);
        return match runnable(&file) {
            Ok(()) => Ok(file),
            Err(errno) => Err(NotRunnable::new(name, errno)),
        };
    }
    let mut worst = libc::ENOENT;
    for folder in path.unwrap_or(OsStr::new(WITHOUT_PATH)).as_bytes().split(|b| *b == b':') {
        let mut file = cwd.join(OsStr::from_bytes(folder)).into_os_string().into_vec();
        if file.last() != Some(&b'/') {
            file.push(b'/');
        }
        file.extend_from_slice(bytes);
        let file = PathBuf::from(OsString::from_vec(file));
        match runnable(&file) {
            Ok(()) => return Ok(file),
            Err(libc::EACCES) => worst = libc::EACCES,
            Err(_) => {}
        }
    }
    Err(NotRunnable::new(name, worst))
}

/// Finds `name` in guard's own `PATH` and folder.
///
/// # Errors
/// As [`find_program`].
pub fn find_here(name: &OsStr) -> Result<PathBuf, NotRunnable> {
    let cwd = env::current_dir().unwrap_or_default();
    find_program(name, env::var_os("PATH").as_deref(), &cwd)
}

/// Says whether `execve` would take the file, or with which error it would not.
pub(super) fn runnable(file: &Path) -> Result<(), i32> {
    accessat(CWD, file, Access::EXEC_OK, AtFlags::EACCESS).map_err(|fault| fault.raw_os_error())?;
    match rustix::fs::stat(file) {
        Ok(meta) if rustix::fs::FileType::from_raw_mode(meta.st_mode).is_file() => Ok(()),
        Ok(_) => Err(libc::EACCES),
        Err(fault) => Err(fault.raw_os_error()),
    }
}
