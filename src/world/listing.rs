//! Runs a listing command and takes its output, whole or not at all.
//!
//! Its input is empty, its output is capped, its words are English (`LC_ALL=C`). It keeps the controlling
//! terminal, so that sudo, ssh and MFA can ask as they would anyway; on a terminal it stays in guard's
//! process group for that reason, elsewhere it gets a group of its own. A listing that is given
//! up takes along all that it started: its descendants, its group, and what left both but carries
//! its mark in the environment. Output that may not be complete is a [`ListingFault`], never a shorter list.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
use rustix::time::{ClockId, clock_gettime};

use crate::world::exec::{Launch, NotRunnable};
use crate::world::inherited::Inherited;
use crate::world::signals::{Signals, poll, readable};
use crate::world::{processes, shims};

/// How much of stderr is kept for the message.
const STDERR_KEPT: usize = 4096;
/// How long output may stay open after the listing itself has ended.
const AFTERWARDS: Duration = Duration::from_secs(2);
/// How long what is given up has to end by itself.
const GRACE: Duration = Duration::from_millis(300);
/// The variable by which what a listing started is known again.
const MARK: &str = "GUARD_LISTING";

/// A listing command, and what it may take.
#[derive(Debug, Clone, Copy)]
pub struct ListRequest<'a> {
    /// Its words, wrappers in front.
    pub argv: &'a [OsString],
    /// The file to run, where it is known.
    pub program: Option<&'a Path>,
    /// Variables to set or unset, beside the language.
    pub env: &'a [(OsString, Option<OsString>)],
    /// The folder to start in; else guard's own.
    pub cwd: Option<&'a Path>,
    /// How long it may take, questions it asks included.
    pub timeout: Duration,
    /// How much it may print.
    pub cap_bytes: usize,
    /// Exit codes other than 0 that are no failure.
    pub codes: &'a [i32],
}

/// Why there is no listing. What it would have listed is unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListingFault {
    /// It could not be started.
    #[error("{0}")]
    NotFound(#[from] NotRunnable),
    /// It took too long, and was ended.
    #[error("it took longer than {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// It ended, but something it started holds its output open: there may be more to come.
    #[error("it ended, but something it started still holds its output")]
    HeldOpen,
    /// It printed more than the cap, and was ended.
    #[error("it printed more than {0} bytes")]
    TooMuch(usize),
    /// It failed; the last line of what it said on stderr, raw.
    #[error("{}{}{stderr}", ended(*.code, *.signal), if .stderr.is_empty() { "" } else { ": " })]
    Failed {
        /// Its exit code, where it had one.
        code: Option<i32>,
        /// The signal that ended it, where one did.
        signal: Option<i32>,
        /// The last line that it printed on stderr and that is not empty, not escaped.
        stderr: String,
    },
    /// This signal reached guard while it ran; it was ended.
    #[error("interrupted by signal {0}")]
    Interrupted(i32),
    /// Guard could not watch it.
    #[error("{0}")]
    Unwatched(String),
}

fn ended(code: Option<i32>, signal: Option<i32>) -> String {
    match (code, signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "ended in an unknown way".into(),
    }
}

/// Runs a listing and returns all that it printed.
///
/// # Errors
/// When the output is not whole, or may not be: [`ListingFault`].
pub fn list(request: &ListRequest<'_>) -> Result<Vec<u8>, ListingFault> {
    let signals = Signals::catch(&[libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP, libc::SIGCHLD])?;
    let started = Instant::now();
    let mark = mark();
    let mut child = start(request, &mark)?;
    let mut running = Running {
        request,
        deadline: started.checked_add(request.timeout),
        out: Stream::new(child.stdout.take(), request.cap_bytes)?,
        err: Stream::new(child.stderr.take(), STDERR_KEPT)?,
    };
    let outcome = running.until_end(&mut child, &signals);
    if outcome.is_err() {
        end_all(&mut child, &mark);
    }
    outcome?;
    let status = child.wait()?;
    let stderr = String::from_utf8_lossy(&running.err.kept);
    match status.code() {
        Some(code) if code == 0 || request.codes.contains(&code) => Ok(running.out.kept),
        code => Err(ListingFault::Failed {
            code,
            signal: status.signal(),
            stderr: stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim().into(),
        }),
    }
}

/// A word no other listing has.
fn mark() -> String {
    let now = clock_gettime(ClockId::Boottime);
    format!("{}-{}-{}", processes::own_pid(), now.tv_sec, now.tv_nsec)
}

fn start(request: &ListRequest<'_>, mark: &str) -> Result<Child, ListingFault> {
    let launch = Launch {
        argv: request.argv,
        program: request.program,
        env: request.env,
        cwd: request.cwd,
        ..Launch::default()
    };
    let mut command = launch.command()?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // What a listing starts is guard's own doing.
    if let Some(path) = shims::path_without().filter(|_| !request.env.iter().any(|(key, _)| key == "PATH")) {
        command.env("PATH", path);
    }
    command.env("LC_ALL", "C").env_remove("LANG").env_remove("LANGUAGE").env(MARK, mark);
    if processes::controlling_terminal().is_none() {
        command.process_group(0);
    }
    let inherited = Inherited::get();
    // SAFETY: prctl and `restore_but` are async-signal-safe.
    unsafe {
        command.pre_exec(move || {
            // Nobody waits for a listing whose guard is gone.
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            inherited.restore_but(0b111);
            Ok(())
        });
    }
    command.spawn().map_err(|fault| NotRunnable::from_io(launch.name(), &fault).into())
}

struct Running<'a> {
    request: &'a ListRequest<'a>,
    deadline: Option<Instant>,
    out: Stream<std::process::ChildStdout>,
    err: Stream<std::process::ChildStderr>,
}

impl Running<'_> {
    /// Reads until the listing has ended and its output is closed. It stays a zombie, so that its
    /// number is not used again while there may be descendants to find by it.
    fn until_end(&mut self, child: &mut Child, signals: &Signals) -> Result<(), ListingFault> {
        let number = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let number = number.ok_or_else(|| ListingFault::Unwatched("no process number".into()))?;
        let handle = pidfd_open(number, PidfdFlags::empty()).map_err(io::Error::from)?;
        let mut ended = false;
        let mut held = None;
        loop {
            if ended && self.out.closed {
                self.err.read()?;
                return Ok(());
            }
            let now = Instant::now();
            if held.is_some_and(|until| now >= until) {
                return Err(ListingFault::HeldOpen);
            }
            if self.deadline.is_some_and(|deadline| now >= deadline) {
                return Err(ListingFault::TimedOut(self.request.timeout));
            }
            let until = [held, self.deadline].into_iter().flatten().min();
            let mut fds = vec![readable(signals)];
            fds.extend(self.out.pipe.as_ref().map(readable));
            fds.extend(self.err.pipe.as_ref().map(readable));
            if !ended {
                fds.push(readable(&handle));
            }
            poll(&mut fds, until.map(|until| until.saturating_duration_since(now)))?;
            while let Some(arrived) = signals.next() {
                if arrived.signal != libc::SIGCHLD {
                    return Err(ListingFault::Interrupted(arrived.signal));
                }
            }
            self.out.read()?;
            self.err.read()?;
            if self.out.kept.len() > self.request.cap_bytes {
                return Err(ListingFault::TooMuch(self.request.cap_bytes));
            }
            if !ended && has_ended(&handle)? {
                ended = true;
                held = now.checked_add(AFTERWARDS);
            }
        }
    }
}

fn has_ended(handle: &OwnedFd) -> io::Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::PidFd(handle.as_fd()), options)?.is_some())
}

impl From<io::Error> for ListingFault {
    fn from(fault: io::Error) -> Self {
        ListingFault::Unwatched(fault.to_string())
    }
}

/// One captured stream: `cap` bytes and one more are kept, the rest is read and dropped.
struct Stream<P> {
    pipe: Option<P>,
    closed: bool,
    cap: usize,
    kept: Vec<u8>,
}

impl<P: Read + AsFd> Stream<P> {
    fn new(pipe: Option<P>, cap: usize) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            fcntl_setfl(pipe, OFlags::NONBLOCK)?;
        }
        Ok(Stream { closed: pipe.is_none(), pipe, cap, kept: Vec::new() })
    }

    /// Reads what is there, at most a few chunks of it, so that the clock is looked at in between.
    fn read(&mut self) -> io::Result<()> {
        let mut chunk = [0; 65536];
        for _ in 0..16 {
            let Some(pipe) = &mut self.pipe else { break };
            match pipe.read(&mut chunk) {
                Ok(0) => {
                    self.pipe = None;
                    self.closed = true;
                }
                Ok(n) => {
                    let room = self.cap.saturating_add(1).saturating_sub(self.kept.len());
                    self.kept.extend_from_slice(&chunk[..n.min(room)]);
                }
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => break,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }
}

/// Ends the listing and all that it started: asked first, then killed.
fn end_all(child: &mut Child, mark: &str) {
    let started = Instant::now();
    let mut asked = Vec::new();
    loop {
        // What a killed process forked in its last moment shows in the next round.
        let all = started_by(child.id(), mark);
        if all.is_empty() || started.elapsed() > GRACE * 3 {
            break;
        }
        for process in &all {
            let one = (process.pid, process.start_time);
            let signal = if started.elapsed() > GRACE { libc::SIGKILL } else { libc::SIGTERM };
            if signal == libc::SIGKILL || !asked.contains(&one) {
                asked.push(one);
                // Another user's (sudo's) can't be signalled; it ends when its output does.
                let _ = processes::signal_exactly(process.pid, process.start_time, signal);
                let _ = processes::signal_exactly(process.pid, process.start_time, libc::SIGCONT);
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.try_wait();
}

/// The processes that live and descend from `root`, share its own group, or carry the mark.
fn started_by(root: u32, mark: &str) -> Vec<processes::Process> {
    let Ok(root) = i32::try_from(root) else { return Vec::new() };
    let me = processes::own_pid();
    let Ok(mut table) = processes::table() else { return Vec::new() };
    table.retain(|process| process.pid != me && !process.zombie);
    let mut found = vec![root];
    let mut known = 0;
    while known < found.len() {
        let parent = found[known];
        known += 1;
        found.extend(table.iter().filter(|process| process.ppid == parent).map(|process| process.pid));
    }
    let mark = format!("{MARK}={mark}");
    table.retain(|process| {
        found.contains(&process.pid) || process.pgid == root || marked(process.pid, mark.as_bytes())
    });
    table
}

fn marked(pid: i32, mark: &[u8]) -> bool {
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|env| env.split(|b| *b == 0).any(|word| word == mark))
}
