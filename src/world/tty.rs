//! Asks one question on the terminal.
//!
//! It talks to `/dev/tty` only: whatever the three streams are, a person answers or nobody does.
//! What was typed before the question does not answer it, a paste answers with its first line
//! alone, silence is no answer. The terminal is left as it was found, however it ends.
//!
//! `dialoguer` does not fit here: it reads the standard input where that is a terminal, waits for
//! ever, and leaves raw mode behind when a signal ends it. The text given to [`Tty`] must have
//! passed [`escape`](mod@crate::ui::escape); this module writes it as it is.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, QueueSelector, SpecialCodeIndex, Termios, tcflush,
    tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr,
};

use crate::world::processes;
use crate::world::signals::{Signals, poll, readable};

/// A line this long may have been cut by the kernel's line editor.
const LINE_MAX: usize = 4096;
/// How long the rest of a paste may take to arrive.
const PASTE: Duration = Duration::from_millis(20);
/// How long a terminal may refuse text (Ctrl-S) that is no question.
const WRITE: Duration = Duration::from_secs(10);

/// What came back. Everything but a line is no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A line, without its end.
    Line(String),
    /// A line too long, or not UTF-8.
    Unreadable,
    /// Nobody answered.
    TimedOut,
    /// This signal came instead (Ctrl-C is SIGINT); the caller decides whether guard dies of it.
    Interrupted(i32),
    /// End of input, or the terminal went away.
    Gone,
    /// Guard is no longer in the foreground: another program has the terminal.
    Background,
}

/// The controlling terminal.
#[derive(Debug)]
pub struct Tty {
    line: OwnedFd,
    device: u64,
}

impl Tty {
    /// Opens the controlling terminal; `None` when there is none.
    ///
    /// Whether it may be used (`CI`, `--no-input`) is for the caller to know.
    pub fn open() -> Option<Tty> {
        // Not blocking, on an open file of its own: a terminal held by Ctrl-S must not outlast the time-out.
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let line = open(c"/dev/tty", flags, Mode::empty()).ok()?;
        tcgetattr(&line).ok()?;
        Some(Tty { line, device: processes::controlling_terminal()? })
    }

    /// The device number: the same for every program on this terminal.
    pub fn device(&self) -> u64 {
        self.device
    }

    /// Says whether guard's process group has the terminal. Who asks from the background is stopped, or not seen.
    pub fn in_foreground(&self) -> bool {
        tcgetpgrp(&self.line).is_ok_and(|group| group == getpgrp())
    }

    /// How many columns and rows it has, where it says so.
    pub fn size(&self) -> Option<(u16, u16)> {
        let size = tcgetwinsize(&self.line).ok()?;
        (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
    }

    /// Writes text.
    ///
    /// # Errors
    /// When the terminal is gone, or takes nothing for ten seconds.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        let _quiet = Blocked::new(&[libc::SIGTTOU]);
        self.write(text, Instant::now() + WRITE, None)
    }

    /// Asks, and waits for a line.
    ///
    /// Ctrl-Z comes back as `Interrupted(SIGTSTP)` with the terminal restored: the caller lets go
    /// of what others may wait for, calls [`stop`], and asks again.
    pub fn ask(&mut self, question: &str, timeout: Duration) -> Answer {
        let _quiet = Blocked::new(&[libc::SIGTTIN, libc::SIGTTOU]);
        if !self.in_foreground() {
            return Answer::Background;
        }
        let caught = [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP, libc::SIGTSTP];
        let Ok(signals) = Signals::catch(&caught) else { return Answer::Gone };
        let Ok(found) = tcgetattr(&self.line) else { return Answer::Gone };
        if tcsetattr(&self.line, OptionalActions::Now, &sane(&found)).is_err() {
            return Answer::Gone;
        }
        let _ = tcflush(&self.line, QueueSelector::IFlush);
        let deadline = Instant::now() + timeout;
        let answer = match self.write(question, deadline, Some(&signals)) {
            Ok(()) => self.read_line(deadline, &signals),
            Err(fault) => match (signals.next(), fault.kind()) {
                (Some(arrived), _) => Answer::Interrupted(arrived.signal),
                (None, io::ErrorKind::TimedOut) => Answer::TimedOut,
                (None, _) => Answer::Gone,
            },
        };
        if self.in_foreground() {
            self.drop_rest(&answer);
            let _ = tcsetattr(&self.line, OptionalActions::Now, &found);
        }
        answer
    }

    fn read_line(&self, deadline: Instant, signals: &Signals) -> Answer {
        let mut line = Vec::new();
        let mut chunk = [0; LINE_MAX + 1];
        loop {
            if let Some(arrived) = signals.next() {
                return Answer::Interrupted(arrived.signal);
            }
            match rustix::io::read(&self.line, &mut chunk) {
                Ok(0) => return Answer::Gone,
                Ok(n) => line.extend_from_slice(&chunk[..n]),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(_) if self.in_foreground() => return Answer::Gone,
                Err(_) => return Answer::Background,
            }
            if line.len() >= LINE_MAX {
                return Answer::Unreadable;
            }
            if line.last() == Some(&b'\n') {
                line.pop();
                return String::from_utf8(line).map_or(Answer::Unreadable, Answer::Line);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Answer::TimedOut;
            }
            if poll(&mut [readable(&self.line), readable(signals)], Some(left)).is_err() {
                return Answer::Gone;
            }
        }
    }

    /// Throws away what else was typed, so that no shell takes it for a command.
    fn drop_rest(&self, answer: &Answer) {
        if !matches!(answer, Answer::Line(_)) {
            let _ = self.write("\n", Instant::now() + PASTE, None);
        }
        for _ in 0..10 {
            let _ = tcflush(&self.line, QueueSelector::IFlush);
            if answer == &Answer::Gone || !poll(&mut [readable(&self.line)], Some(PASTE)).is_ok_and(|n| n > 0)
            {
                break;
            }
        }
        let _ = tcflush(&self.line, QueueSelector::IFlush);
    }

    fn write(&self, text: &str, deadline: Instant, signals: Option<&Signals>) -> io::Result<()> {
        let mut left = text.as_bytes();
        while !left.is_empty() {
            match rustix::io::write(&self.line, left) {
                Ok(n) => left = left.get(n..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let patience = deadline.saturating_duration_since(Instant::now());
                    if patience.is_zero() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    let mut fds = vec![PollFd::new(&self.line, PollFlags::OUT)];
                    fds.extend(signals.map(readable));
                    poll(&mut fds, Some(patience))?;
                    if fds.get(1).is_some_and(|fd| !fd.revents().is_empty()) {
                        return Err(io::ErrorKind::Interrupted.into());
                    }
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(())
    }
}

impl AsFd for Tty {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.line.as_fd()
    }
}

/// Stops guard as Ctrl-Z would have, until it is continued. Nothing happens where no shell could continue it.
pub fn stop() {
    // SAFETY: sends a signal to guard itself.
    unsafe { libc::kill(libc::getpid(), libc::SIGTSTP) };
}

/// The settings for a question: whole lines, edited and shown, whatever a program before left behind.
fn sane(found: &Termios) -> Termios {
    let mut set = found.clone();
    set.input_modes |= InputModes::ICRNL;
    set.input_modes -= InputModes::INLCR | InputModes::IGNCR | InputModes::ISTRIP;
    set.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
    set.local_modes |= LocalModes::ICANON
        | LocalModes::ECHO
        | LocalModes::ECHOE
        | LocalModes::ECHOK
        | LocalModes::ISIG
        | LocalModes::IEXTEN;
    set.local_modes -= LocalModes::ECHONL | LocalModes::NOFLSH;
    for (code, key) in [
        (SpecialCodeIndex::VINTR, 0x03),
        (SpecialCodeIndex::VEOF, 0x04),
        (SpecialCodeIndex::VQUIT, 0x1c),
        (SpecialCodeIndex::VSUSP, 0x1a),
        (SpecialCodeIndex::VERASE, 0x7f),
        (SpecialCodeIndex::VKILL, 0x15),
    ] {
        if set.special_codes[code] == 0 {
            set.special_codes[code] = key;
        }
    }
    set
}

/// Signals blocked in this thread until dropped. Blocked, SIGTTIN and SIGTTOU make an error of what would stop guard.
struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    fn new(signals: &[c_int]) -> Blocked {
        let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
        let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: both places are valid; sigemptyset and pthread_sigmask fill them.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for signal in signals {
                libc::sigaddset(set.as_mut_ptr(), *signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), before.as_mut_ptr());
            Blocked { before: before.assume_init() }
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: `before` was filled by pthread_sigmask.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, ptr::null_mut()) };
    }
}
