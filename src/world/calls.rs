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
use super::running::{Running, changed};
use super::signals::{Arrived, Signals, poll, readable};
use super::spawn::Ready;

/// Signals that matter while calls run.
const WATCHED: [i32; 5] = [libc::SIGCHLD, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP];

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
    /// The program that was started last, found once.
    ready: Option<Ready>,
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
        let (running, ended) = Default::default();
        Ok(Self { signals, running, ended, limit, output, pipe, changed: false, ready: None })
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
        let pid = match self.spawn(launch, held) {
            Some(pid) => pid,
            None => self.fork(launch, held)?,
        };
        self.running.push(Running::new(call, pid));
        Ok(())
    }

    /// Starts a call without a copy of guard; `None` where that can't be.
    fn spawn(&mut self, launch: &Launch<'_>, held: Option<BorrowedFd<'_>>) -> Option<i32> {
        if self.ready.as_ref().is_none_or(|ready| !ready.suits(launch)) {
            self.ready = Ready::of(launch);
        }
        let streams = match (self.output, &self.pipe) {
            (Output::Aside, _) => vec![(libc::STDERR_FILENO, libc::STDOUT_FILENO)],
            (Output::Taken, Some((_, writer))) => {
                vec![(writer.as_raw_fd(), libc::STDOUT_FILENO), (writer.as_raw_fd(), libc::STDERR_FILENO)]
            }
            _ => Vec::new(),
        };
        self.ready.as_ref()?.start(launch, &streams, held)
    }

    /// Starts a call as a child of guard that puts back itself what guard was started with.
    fn fork(&self, launch: &Launch<'_>, held: Option<BorrowedFd<'_>>) -> Result<i32, NotRunnable> {
        let fault = |fault: io::Error| NotRunnable::from_io(launch.name(), &fault);
        let mut command = launch.command()?;
        self.direct(&mut command).map_err(fault)?;
        prepare(&mut command, held.map(|fd| fd.as_raw_fd()), self.output);
        let child = command.spawn().map_err(fault)?;
        // A process id always fits.
        Ok(i32::try_from(child.id()).unwrap_or(i32::MAX))
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
        self.running.iter_mut().filter_map(|running| running.overdue(self.limit)).min()
    }

    /// Takes in which calls ended. Asks who changed rather than each call: with many at once that is
    /// most of the work. What is no call (guard may have inherited children) makes it ask each.
    fn reap(&mut self) -> io::Result<()> {
        while let Some(pid) = changed()? {
            match self.running.iter().position(|running| running.pid == pid) {
                Some(at) => _ = self.look(at)?,
                None => {
                    let mut at = 0;
                    while at < self.running.len() {
                        at += usize::from(!self.look(at)?);
                    }
                    break;
                }
            }
        }
        Ok(())
    }

    /// Looks at one call; true where it ended, and another stands in its place.
    fn look(&mut self, at: usize) -> io::Result<bool> {
        let Some(ended) = self.running[at].look()? else { return Ok(false) };
        let running = self.running.swap_remove(at);
        let late = running.late.then_some(Happened::Late(running.call));
        self.ended.push_back(late.unwrap_or(Happened::Ended(running.call, ended)));
        Ok(true)
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
