//! One call that runs: how long, whether it was asked to end, and what became of it.

use std::io;
use std::time::{Duration, Instant};

use super::child::Ended;

/// How long a call that is asked to end may take.
const GRACE: Duration = Duration::from_secs(5);

/// A call that was started and not waited for yet.
#[derive(Debug)]
pub struct Running {
    /// Its number.
    pub call: usize,
    /// Its process, which leads a group of its own.
    pub pid: i32,
    since: Instant,
    /// When it was asked to end.
    ending: Option<Instant>,
    /// True where that was because it took too long.
    pub late: bool,
}

impl Running {
    /// A call that started just now.
    pub fn new(call: usize, pid: i32) -> Self {
        Self { call, pid, since: Instant::now(), ending: None, late: false }
    }

    /// Asks it to end, once.
    pub fn end(&mut self) {
        if self.ending.is_none() {
            self.ending = Some(Instant::now());
            self.send(libc::SIGTERM);
            self.send(libc::SIGCONT);
        }
    }

    /// Ends it where it takes longer than `limit`, kills it where it was asked to end long enough ago.
    /// Returns when it has to be looked at again.
    pub fn overdue(&mut self, limit: Option<Duration>) -> Option<Duration> {
        if let Some(limit) = limit.filter(|_| self.ending.is_none()) {
            let left = limit.saturating_sub(self.since.elapsed());
            if !left.is_zero() {
                return Some(left);
            }
            self.late = true;
            self.end();
        }
        let left = GRACE.saturating_sub(self.ending?.elapsed());
        if left.is_zero() {
            self.send(libc::SIGKILL);
            return None;
        }
        Some(left)
    }

    /// Waits for it without waiting: how it ended, if it did.
    ///
    /// # Errors
    /// As `waitpid(2)`.
    pub fn look(&self) -> io::Result<Option<Ended>> {
        let mut status = 0;
        // SAFETY: `status` is a valid place.
        let waited = unsafe { libc::waitpid(self.pid, &mut status, libc::WNOHANG | libc::WUNTRACED) };
        match waited {
            0 => Ok(None),
            -1 => {
                let fault = io::Error::last_os_error();
                if fault.kind() == io::ErrorKind::Interrupted { Ok(None) } else { Err(fault) }
            }
            _ if libc::WIFEXITED(status) => Ok(Some(Ended::Code(libc::WEXITSTATUS(status)))),
            _ if libc::WIFSIGNALED(status) => Ok(Some(Ended::Signal(libc::WTERMSIG(status)))),
            _ => {
                // It wants the terminal, which it can't have: it would stand there for ever.
                let stopped = libc::WIFSTOPPED(status).then(|| libc::WSTOPSIG(status));
                if stopped.is_some_and(|by| [libc::SIGTTIN, libc::SIGTTOU].contains(&by)) {
                    self.send(libc::SIGTERM);
                    self.send(libc::SIGCONT);
                }
                Ok(None)
            }
        }
    }

    /// Sends to all of its group. It was not waited for, so its number is its own.
    fn send(&self, signal: i32) {
        // SAFETY: plain call.
        unsafe { libc::kill(-self.pid, signal) };
    }
}

/// A child that changed and was not waited for yet; it need not be a call.
///
/// # Errors
/// As `waitid(2)`.
pub fn changed() -> io::Result<Option<i32>> {
    // SAFETY: all zeroes is a valid value, and a valid place; WNOWAIT leaves the child as it is.
    let (code, pid) = unsafe {
        let mut about = std::mem::zeroed::<libc::siginfo_t>();
        let how = libc::WEXITED | libc::WSTOPPED | libc::WNOHANG | libc::WNOWAIT;
        (libc::waitid(libc::P_ALL, 0, &mut about, how), about.si_pid())
    };
    if code == 0 {
        return Ok(Some(pid).filter(|pid| *pid != 0));
    }
    let fault = io::Error::last_os_error();
    match fault.raw_os_error() {
        // No child at all, or asked again with the next signal.
        Some(libc::ECHILD | libc::EINTR) => Ok(None),
        _ => Err(fault),
    }
}
