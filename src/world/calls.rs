//! Runs calls of a rollout beside each other and waits for whatever happens first.
//!
//! Each call has a process group of its own and reads nothing, so Ctrl-C reaches guard alone, which
//! decides. A call may inherit one descriptor that stays open as long as it runs.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::io::{Errno, dup};
use rustix::pipe::{PipeFlags, pipe_with};

use super::child::Ended;
use super::exec::{Launch, NotRunnable};
use super::inherited::Inherited;
use super::signals::{Arrived, Signals, poll, readable};

/// Signals that matter while calls run.
const WATCHED: [i32; 5] = [libc::SIGCHLD, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP];

/// How long a call that is asked to end may take.
const GRACE: Duration = Duration::from_secs(5);

/// What is read of the calls' output at once.
const AT_ONCE: usize = 16 * 1024;

/// What the calls do with their output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Output {
    /// Both streams are guard's own.
    #[default]
    Inherited,
    /// What they print goes to guard's stderr: stdout is guard's alone.
    Aside,
    /// Guard takes it, to show it between lines of its own.
    Taken,
}

/// What happened first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// A call ended.
    Ended(usize, Ended),
    /// A call took longer than it may, and was ended.
    Late(usize),
    /// A signal reached guard.
    Signal(Arrived),
    /// Calls printed something.
    Said(Vec<u8>),
    /// The time is over.
    Time,
}

/// The calls that run now.
#[derive(Debug)]
pub struct Calls {
    signals: Signals,
    running: Vec<Running>,
    ended: VecDeque<Happened>,
    /// How long a call may take.
    limit: Option<Duration>,
    output: Output,
    pipe: Option<(OwnedFd, OwnedFd)>,
    /// True since a child changed that was not looked at yet.
    changed: bool,
}

#[derive(Debug)]
struct Running {
    call: usize,
    pid: i32,
    since: Instant,
    /// When it was asked to end.
    ending: Option<Instant>,
    /// True where that was because it took too long.
    late: bool,
}

impl Calls {
    /// Watches from now on; a signal that arrives between calls is not lost.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn new(output: Output, limit: Option<Duration>) -> io::Result<Self> {
        let pipe = match output {
            Output::Taken => {
                let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
                rustix::io::ioctl_fionbio(&reader, true)?;
                Some((reader, writer))
            }
            _ => None,
        };
        let signals = Signals::catch(&WATCHED)?;
        Ok(Self { signals, running: Vec::new(), ended: VecDeque::new(), limit, output, pipe, changed: false })
    }

    /// How many run.
    pub fn running(&self) -> usize {
        self.running.len() + self.ended.len()
    }

    /// Starts a call; it keeps `held` open as long as it runs.
    ///
    /// # Errors
    /// When it can't be started; nothing was run then.
    pub fn start(
        &mut self,
        call: usize,
        launch: &Launch<'_>,
        held: Option<BorrowedFd<'_>>,
    ) -> Result<(), NotRunnable> {
        let fault = |fault: io::Error| NotRunnable::from_io(launch.name(), &fault);
        let mut command = launch.command()?;
        self.direct(&mut command).map_err(fault)?;
        prepare(&mut command, held.map(|fd| fd.as_raw_fd()), self.output);
        let child = command.spawn().map_err(fault)?;
        // A process id always fits.
        let pid = i32::try_from(child.id()).unwrap_or(i32::MAX);
        self.running.push(Running { call, pid, since: Instant::now(), ending: None, late: false });
        Ok(())
    }

    fn direct(&self, command: &mut Command) -> io::Result<()> {
        command.stdin(Stdio::null()).process_group(0);
        match (self.output, &self.pipe) {
            (Output::Aside, _) => {
                command.stdout(Stdio::from(io::stderr().as_fd().try_clone_to_owned()?));
            }
            (Output::Taken, Some((_, writer))) => {
                command.stdout(Stdio::from(dup(writer)?)).stderr(Stdio::from(dup(writer)?));
            }
            _ => {}
        }
        Ok(())
    }

    /// Waits until something happens, or `patience` is over; `None` is for ever.
    ///
    /// What the calls printed is told before the end of the call that printed it.
    ///
    /// # Errors
    /// As `poll(2)` and `waitpid(2)`.
    pub fn wait(&mut self, patience: Option<Duration>) -> io::Result<Happened> {
        let until = patience.and_then(|patience| Instant::now().checked_add(patience));
        loop {
            if let Some(said) = self.said() {
                return Ok(Happened::Said(said));
            }
            if let Some(happened) = self.ended.pop_front() {
                return Ok(happened);
            }
            while let Some(arrived) = self.signals.next() {
                if arrived.signal != libc::SIGCHLD {
                    return Ok(Happened::Signal(arrived));
                }
                self.changed = true;
            }
            if std::mem::take(&mut self.changed) {
                self.reap()?;
                if !self.ended.is_empty() {
                    continue;
                }
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(Happened::Time);
            }
            let overdue = self.overdue();
            let sleep = left.into_iter().chain(overdue).min();
            match &self.pipe {
                Some((reader, _)) => poll(&mut [readable(&self.signals), readable(reader)], sleep)?,
                None => poll(&mut [readable(&self.signals)], sleep)?,
            };
        }
    }

    /// Asks every call to end; one that does not within five seconds is killed.
    pub fn end_all(&mut self) {
        for running in &mut self.running {
            running.end();
        }
    }

    /// Ends what takes too long, kills what was asked to end long enough ago, and says when the next
    /// one is due.
    fn overdue(&mut self) -> Option<Duration> {
        let mut next = None;
        for running in &mut self.running {
            let limit = self.limit.filter(|_| running.ending.is_none());
            if let Some(left) = limit.map(|limit| limit.saturating_sub(running.since.elapsed())) {
                if !left.is_zero() {
                    next = next.into_iter().chain([left]).min();
                    continue;
                }
                running.late = true;
                running.end();
            }
            let Some(since) = running.ending else { continue };
            let left = GRACE.saturating_sub(since.elapsed());
            if left.is_zero() {
                send(running.pid, libc::SIGKILL);
            } else {
                next = next.into_iter().chain([left]).min();
            }
        }
        next
    }

    fn reap(&mut self) -> io::Result<()> {
        let mut at = 0;
        while let Some(running) = self.running.get(at) {
            let mut status = 0;
            // SAFETY: `status` is a valid place.
            let waited = unsafe { libc::waitpid(running.pid, &mut status, libc::WNOHANG | libc::WUNTRACED) };
            let ended = match waited {
                0 => None,
                -1 => {
                    let fault = io::Error::last_os_error();
                    if fault.kind() != io::ErrorKind::Interrupted {
                        return Err(fault);
                    }
                    None
                }
                _ if libc::WIFEXITED(status) => Some(Ended::Code(libc::WEXITSTATUS(status))),
                _ if libc::WIFSIGNALED(status) => Some(Ended::Signal(libc::WTERMSIG(status))),
                _ => {
                    // It wants the terminal, which it can't have: it would stand there for ever.
                    if libc::WIFSTOPPED(status)
                        && [libc::SIGTTIN, libc::SIGTTOU].contains(&libc::WSTOPSIG(status))
                    {
                        send(running.pid, libc::SIGTERM);
                        send(running.pid, libc::SIGCONT);
                    }
                    None
                }
            };
            match ended {
                Some(ended) => {
                    let late = running.late.then_some(Happened::Late(running.call));
                    self.ended.push_back(late.unwrap_or(Happened::Ended(running.call, ended)));
                    self.running.swap_remove(at);
                }
                None => at += 1,
            }
        }
        Ok(())
    }

    /// What the calls printed since the last look.
    fn said(&self) -> Option<Vec<u8>> {
        let (reader, _) = self.pipe.as_ref()?;
        let mut said = vec![0; AT_ONCE];
        loop {
            match rustix::io::read(reader, &mut said) {
                Ok(length) if length > 0 => {
                    said.truncate(length);
                    return Some(said);
                }
                Err(Errno::INTR) => {}
                _ => return None,
            }
        }
    }
}

impl Running {
    /// Asks it to end, once.
    fn end(&mut self) {
        if self.ending.is_none() {
            self.ending = Some(Instant::now());
            send(self.pid, libc::SIGTERM);
            send(self.pid, libc::SIGCONT);
        }
    }
}

/// Sends to all of a call's group. The call was not waited for, so its number is its own.
fn send(pid: i32, signal: i32) {
    // SAFETY: plain call.
    unsafe { libc::kill(-pid, signal) };
}

/// Sets what happens in the child between fork and exec.
fn prepare(command: &mut Command, held: Option<RawFd>, output: Output) {
    let inherited = Inherited::get();
    // Streams that guard directs itself are not put back to what it was started with.
    let directed = match output {
        Output::Inherited => 0b001,
        Output::Aside => 0b011,
        Output::Taken => 0b111,
    };
    // SAFETY: fcntl and `restore_but` are async-signal-safe; the descriptor outlives the fork.
    unsafe {
        command.pre_exec(move || {
            if let Some(fd) = held
                && libc::fcntl(fd, libc::F_SETFD, 0) == -1
            {
                return Err(io::Error::last_os_error());
            }
            inherited.restore_but(directed);
            Ok(())
        });
    }
}
