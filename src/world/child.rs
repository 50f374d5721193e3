//! Runs a command beside guard: a frozen run, or one call of a rollout.
//!
//! In front ([`Manner::InFront`]) the command shares guard's streams, terminal and process group, so
//! that Ctrl-C and Ctrl-Z reach it from the terminal as if guard were not there. What reaches guard
//! alone is passed on. Apart ([`Manner::Apart`]) it has a process group of its own and reads nothing: Ctrl-C
//! reaches only guard, which lets it finish; the second one ends it.
//!
//! A guard that is killed with SIGKILL leaves its command running, as `sudo` does, unless `dies_with_guard`.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::world::exec::{Launch, NotRunnable};
use crate::world::inherited::Inherited;
use crate::world::signals::{Arrived, Signals};

/// Signals that guard passes on, or acts upon, while a command runs beside it.
const WATCHED: [i32; 9] = [
    libc::SIGCHLD,
    libc::SIGCONT,
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGWINCH,
];
/// How long a stop must last before guard stops too: Ctrl-Z and `fg` reach both processes, one after the other.
const SETTLE: Duration = Duration::from_millis(20);
/// How long a command that is asked to end may take.
const GRACE: Duration = Duration::from_secs(5);

/// How a command stands to guard's terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// As if typed without guard.
    #[default]
    InFront,
    /// In a process group of its own, its input empty: a call of a rollout.
    Apart,
}

/// How a command is run beside guard.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside {
    /// Its place on the terminal.
    pub manner: Manner,
    /// The signal it gets should guard be killed; the thread that runs it must then live on as long.
    pub dies_with_guard: Option<i32>,
    /// How long it may take; then it gets SIGTERM, and SIGKILL five seconds later.
    pub limit: Option<Duration>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Ended {
    /// The exit code a shell gives it: 128+n for signal n.
    pub fn code(self) -> i32 {
        match self {
            Ended::Code(code) => code,
            Ended::Signal(signal) => 128 + signal,
        }
    }
}

/// What came of a command that guard stayed beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Its end.
    pub ended: Ended,
    /// How long it ran.
    pub duration: Duration,
    /// Whether it was ended for taking longer than its limit.
    pub timed_out: bool,
}

/// Runs a command and waits for its end, guard as invisible as it can be.
///
/// # Errors
/// When it can't be started; nothing was run then.
pub fn run(launch: &Launch<'_>, beside: Beside) -> Result<Outcome, NotRunnable> {
    let fault = |fault: io::Error| NotRunnable::from_io(launch.name(), &fault);
    let mut command = launch.command()?;
    prepare(&mut command, beside);
    let signals = Signals::catch(&WATCHED).map_err(fault)?;
    let started = Instant::now();
    let child = command.spawn().map_err(fault)?;
    // A process id always fits.
    let pid = i32::try_from(child.id()).unwrap_or(i32::MAX);
    let mut watch = Watch { pid, beside, started, signals, interrupts: 0, ending: None, timed_out: false };
    let ended = watch.until_end().map_err(fault)?;
    Ok(Outcome { ended, duration: started.elapsed(), timed_out: watch.timed_out })
}

/// Sets what happens in the child between fork and exec.
fn prepare(command: &mut Command, beside: Beside) {
    let inherited = Inherited::get();
    let apart = beside.manner == Manner::Apart;
    if apart {
        command.stdin(Stdio::null()).process_group(0);
    }
    let parent = std::process::id();
    // SAFETY: prctl, getppid and `restore_but` are async-signal-safe.
    unsafe {
        command.pre_exec(move || {
            if let Some(signal) = beside.dies_with_guard {
                libc::prctl(libc::PR_SET_PDEATHSIG, signal);
                if u32::try_from(libc::getppid()) != Ok(parent) {
                    return Err(io::Error::from_raw_os_error(libc::ESRCH));
                }
            }
            inherited.restore_but(u8::from(apart));
            Ok(())
        });
    }
}

struct Watch {
    pid: i32,
    beside: Beside,
    started: Instant,
    signals: Signals,
    interrupts: u32,
    /// When it was asked to end.
    ending: Option<Instant>,
    timed_out: bool,
}

impl Watch {
    fn until_end(&mut self) -> io::Result<Ended> {
        loop {
            match reap(self.pid)? {
                Change::Ended(ended) => return Ok(ended),
                Change::Stopped(signal) => self.stopped(signal)?,
                Change::Continued => continue,
                Change::None => {}
            }
            let timeout = self.next_deadline();
            wait_for(&self.signals, timeout)?;
            while let Some(arrived) = self.signals.next() {
                self.pass_on(arrived);
            }
        }
    }

    /// Ends what is overdue, and says how long to sleep.
    fn next_deadline(&mut self) -> Option<Duration> {
        let now = Instant::now();
        if let Some(since) = self.ending {
            if since.elapsed() >= GRACE {
                self.send(libc::SIGKILL);
                return None;
            }
            return Some(GRACE.saturating_sub(since.elapsed()));
        }
        let left = self.started.checked_add(self.beside.limit?)?.saturating_duration_since(now);
        if left.is_zero() {
            self.timed_out = true;
            self.end();
            return Some(GRACE);
        }
        Some(left)
    }

    fn end(&mut self) {
        self.ending.get_or_insert_with(Instant::now);
        self.send(libc::SIGTERM);
        self.send(libc::SIGCONT);
    }

    /// Sends to the command: apart, to all of its group.
    fn send(&self, signal: i32) {
        let to = if self.beside.manner == Manner::Apart { -self.pid } else { self.pid };
        // SAFETY: the child has not been waited for, so its number is its own.
        unsafe { libc::kill(to, signal) };
    }

    fn pass_on(&mut self, arrived: Arrived) {
        match (self.beside.manner, arrived.signal) {
            (_, libc::SIGCHLD) => {}
            (Manner::Apart, libc::SIGINT | libc::SIGQUIT | libc::SIGTERM) => {
                self.interrupts += 1;
                if self.interrupts > 1 {
                    self.end();
                }
            }
            // A lost terminal lets what runs finish; the rest is no business of a call of a rollout.
            (Manner::Apart, signal) => {
                if signal == libc::SIGCONT {
                    self.send(signal);
                }
            }
            // The terminal sent these to the whole group, the command included.
            (Manner::InFront, libc::SIGINT | libc::SIGQUIT | libc::SIGWINCH) if !arrived.sent => {}
            // `fg` reaches the command itself; a second one would show to whoever catches it.
            (Manner::InFront, libc::SIGCONT) => {
                std::thread::sleep(SETTLE);
                if stands_still(self.pid) {
                    self.send(libc::SIGCONT);
                }
            }
            (Manner::InFront, signal) => self.send(signal),
        }
    }

    /// The command stopped: guard stops too, or the shell would wait for a command that stands still.
    fn stopped(&mut self, signal: i32) -> io::Result<()> {
        if self.beside.manner == Manner::Apart {
            // It wants the terminal, which it can't have: it would stand there for ever.
            if signal == libc::SIGTTIN || signal == libc::SIGTTOU {
                self.end();
            }
            return Ok(());
        }
        wait_for(&self.signals, Some(SETTLE))?;
        if !stands_still(self.pid) {
            return Ok(());
        }
        // Not SIGSTOP: where no shell would continue guard, the kernel drops SIGTSTP. When guard is
        // continued, SIGCONT arrives and is passed on.
        // SAFETY: sends a signal to guard itself.
        unsafe { libc::kill(libc::getpid(), libc::SIGTSTP) };
        Ok(())
    }
}

enum Change {
    None,
    Ended(Ended),
    Stopped(i32),
    Continued,
}

fn reap(pid: i32) -> io::Result<Change> {
    let mut status = 0;
    // SAFETY: `status` is a valid place.
    match unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG | libc::WUNTRACED | libc::WCONTINUED) } {
        0 => Ok(Change::None),
        -1 => {
            let fault = io::Error::last_os_error();
            if fault.kind() == io::ErrorKind::Interrupted { Ok(Change::Continued) } else { Err(fault) }
        }
        _ if libc::WIFEXITED(status) => Ok(Change::Ended(Ended::Code(libc::WEXITSTATUS(status)))),
        _ if libc::WIFSIGNALED(status) => Ok(Change::Ended(Ended::Signal(libc::WTERMSIG(status)))),
        _ if libc::WIFSTOPPED(status) => Ok(Change::Stopped(libc::WSTOPSIG(status))),
        _ => Ok(Change::Continued),
    }
}

fn stands_still(pid: i32) -> bool {
    std::fs::read(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(|b| *b == b')').next().is_some_and(|rest| rest.starts_with(b" T")))
}

/// Sleeps until a signal arrives or the time is over.
fn wait_for(signals: &Signals, timeout: Option<Duration>) -> io::Result<()> {
    super::signals::poll(&mut [super::signals::readable(signals)], timeout).map(drop)
}

/// Ends guard by the signal that ended its command, so that whoever started guard sees the same.
///
/// No core is written: the command wrote its own. Falls back to the exit code 128+n.
pub fn die_of(signal: i32) -> ! {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: plain calls on guard itself, with valid places; the set is filled by sigemptyset.
    unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &none);
        libc::prctl(libc::PR_SET_DUMPABLE, 0);
        libc::signal(signal, libc::SIG_DFL);
        let mut set = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
        libc::kill(libc::getpid(), signal);
    }
    std::process::exit(128 + signal)
}
