//! Starts one program again and again without copying guard: `posix_spawn` instead of a fork.
//!
//! A rollout of ten thousand calls would copy guard's page tables ten thousand times. Where the file
//! lies and what its variables are is found once. What can't be had this way (a stream that was
//! closed when guard started, a script without `#!`) is left to [`calls`](super::calls), which forks.

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use nix::fcntl::OFlag;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::Mode;
use nix::unistd::Pid;

use super::exec::{Launch, find_program};
use super::inherited::Inherited;
use super::shims::Landing;

/// A program that was found, and the variables it gets.
#[derive(Debug)]
pub struct Ready {
    name: OsString,
    changes: Vec<(OsString, Option<OsString>)>,
    file: CString,
    /// What it sees as its own name.
    called: CString,
    variables: Vec<CString>,
}

impl Ready {
    /// Finds the program of a launch; `None` where it takes a fork to start it.
    pub fn of(launch: &Launch<'_>) -> Option<Self> {
        if launch.cwd.is_some() || launch.program.is_some() || launch.called.is_some() {
            return None;
        }
        Inherited::get().without_fork()?;
        let name = launch.name();
        let (file, called) = match launch.landing() {
            Landing::OnlyShims => return None,
            Landing::Behind(file) if name.as_bytes().contains(&b'/') => (file.clone(), file.into_os_string()),
            Landing::Behind(file) => (file, name.to_owned()),
            Landing::AsTyped => (found(launch)?, name.to_owned()),
        };
        Some(Self {
            name: name.to_owned(),
            changes: launch.env.to_vec(),
            file: text(file.as_os_str())?,
            called: text(&called)?,
            variables: variables(launch.env)?,
        })
    }

    /// Tells whether a launch starts this program with these variables.
    pub fn suits(&self, launch: &Launch<'_>) -> bool {
        self.name == launch.name() && self.changes == launch.env
    }

    /// Starts it in a process group of its own with nothing to read. `streams` are what its output
    /// and its errors go to, where not to guard's own; `held` stays open as long as it runs.
    ///
    /// `None` where it could not be started like this; nothing was run then.
    pub fn start(
        &self,
        launch: &Launch<'_>,
        streams: &[(RawFd, RawFd)],
        held: Option<BorrowedFd<'_>>,
    ) -> Option<i32> {
        let mut words = vec![self.called.clone()];
        for word in launch.argv.iter().skip(1) {
            words.push(text(word)?);
        }
        let attributes = attributes().ok()??;
        let mut actions = PosixSpawnFileActions::init().ok()?;
        actions.add_open(0, "/dev/null", OFlag::O_RDONLY, Mode::empty()).ok()?;
        for (from, to) in streams {
            actions.add_dup2(*from, *to).ok()?;
        }
        if let Some(held) = held {
            // Onto itself: that alone takes its close-on-exec away.
            actions.add_dup2(held.as_raw_fd(), held.as_raw_fd()).ok()?;
        }
        let started = posix_spawn(self.file.as_c_str(), &actions, &attributes, &words, &self.variables);
        started.ok().map(Pid::as_raw)
    }
}

/// A group of its own, and the signals as guard was started with them.
fn attributes() -> nix::Result<Option<PosixSpawnAttr>> {
    let Some((mask, pipe_ignored)) = Inherited::get().without_fork() else { return Ok(None) };
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
    )?;
    attributes.set_pgroup(Pid::from_raw(0))?;
    // SAFETY: the set was filled by sigprocmask.
    attributes.set_sigmask(&unsafe { SigSet::from_sigset_t_unchecked(mask) })?;
    let mut by_default = SigSet::empty();
    if !pipe_ignored {
        by_default.add(Signal::SIGPIPE);
    }
    attributes.set_sigdefault(&by_default)?;
    Ok(Some(attributes))
}

/// The file that `execvp` would run, looked for in the `PATH` that the program gets.
fn found(launch: &Launch<'_>) -> Option<PathBuf> {
    let told = launch.env.iter().rev().find(|(key, _)| key == "PATH").map(|(_, value)| value.clone());
    let path = told.unwrap_or_else(|| env::var_os("PATH"));
    find_program(launch.name(), path.as_deref(), &env::current_dir().ok()?).ok()
}

/// Guard's own variables with changes, as `execve` takes them.
fn variables(changes: &[(OsString, Option<OsString>)]) -> Option<Vec<CString>> {
    let own = env::vars_os().filter(|(key, _)| changes.iter().all(|(changed, _)| changed != key));
    let mut last: Vec<(OsString, OsString)> = Vec::new();
    for (key, value) in changes {
        last.retain(|(own, _)| own != key);
        last.extend(value.clone().map(|value| (key.clone(), value)));
    }
    let pair = |(mut key, value): (OsString, OsString)| {
        key.push("=");
        key.push(value);
        text(&key)
    };
    own.chain(last).map(pair).collect()
}

fn text(word: &OsStr) -> Option<CString> {
    CString::new(word.to_owned().into_vec()).ok()
}
