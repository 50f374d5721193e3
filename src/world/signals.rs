//! Waits for signals and for other things at once: each caught signal is a byte in a pipe.
//!
//! A pipe and handlers rather than a blocked mask and `signalfd`, because a mask would have to be
//! set in every thread, and would be inherited. A signal that was ignored when guard started stays
//! ignored (`nohup`, `cmd &` in a script); SIGCHLD alone is caught even then, since without it no
//! exit status can be had. Handlers vanish at `exec`, so what is started finds the dispositions
//! that guard was started with.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::pipe::{PipeFlags, pipe_with};

/// How many waits can be open at once (a rollout, a prompt in it, listings beside each other).
const SLOTS: usize = 16;
const SIGNALS: usize = 65;

struct Slot {
    pipe: AtomicI32,
    wanted: AtomicU64,
}

static SLOT: [Slot; SLOTS] = [const { Slot { pipe: AtomicI32::new(-1), wanted: AtomicU64::new(0) } }; SLOTS];
/// The process whose handlers these are; a forked child must not write into its parent's pipe.
static OWNER: AtomicI32 = AtomicI32::new(0);
/// For each signal, how many waits catch it and what stood there before the first.
static CAUGHT: Mutex<[Option<(usize, libc::sigaction)>; SIGNALS]> = Mutex::new([None; SIGNALS]);

/// One signal as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// Its number.
    pub signal: i32,
    /// Whether a process sent it (`kill`), rather than the terminal or the kernel.
    pub sent: bool,
}

/// A wait for some signals, from [`Signals::catch`] until it is dropped.
#[derive(Debug)]
pub struct Signals {
    slot: usize,
    caught: Vec<i32>,
    reader: OwnedFd,
    // Closed after the slot is given back: a handler may still write while this is dropped.
    _writer: OwnedFd,
}

impl Signals {
    /// Catches `signals`, except those that were ignored.
    ///
    /// # Errors
    /// When there is no descriptor left, or more than sixteen waits are open.
    pub fn catch(signals: &[i32]) -> io::Result<Signals> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let mut table = lock();
        OWNER.store(own_pid(), Ordering::Relaxed);
        let slot = SLOT.iter().position(|slot| slot.pipe.load(Ordering::Relaxed) == -1);
        let Some(slot) = slot else {
            return Err(io::Error::other("too many waits for signals at once"));
        };
        let mut wait = Signals { slot, caught: Vec::new(), reader, _writer: writer };
        for &signal in signals {
            if hold(&mut table, signal)? {
                wait.caught.push(signal);
            }
        }
        let wanted = wait.caught.iter().fold(0, |bits, signal| bits | bit(*signal));
        SLOT[slot].wanted.store(wanted, Ordering::Relaxed);
        SLOT[slot].pipe.store(wait._writer.as_raw_fd(), Ordering::Release);
        drop(table);
        Ok(wait)
    }

    /// Returns the next signal that arrived, or `None` when there is none yet.
    pub fn next(&self) -> Option<Arrived> {
        let mut byte = [0u8];
        match rustix::io::read(&self.reader, &mut byte) {
            Ok(1) => Some(Arrived { signal: i32::from(byte[0] & 0x7f), sent: byte[0] & 0x80 != 0 }),
            _ => None,
        }
    }
}

impl AsFd for Signals {
    /// The descriptor to poll: readable when a signal arrived.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        let mut table = lock();
        for &signal in &self.caught {
            release(&mut table, signal);
        }
        SLOT[self.slot].wanted.store(0, Ordering::Relaxed);
        SLOT[self.slot].pipe.store(-1, Ordering::Release);
    }
}

fn lock() -> MutexGuard<'static, [Option<(usize, libc::sigaction)>; SIGNALS]> {
    CAUGHT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bit(signal: i32) -> u64 {
    1u64 << ((signal - 1) & 63)
}

fn own_pid() -> i32 {
    // SAFETY: getpid has no conditions.
    unsafe { libc::getpid() }
}

/// Installs the handler for the first wait that wants `signal`; false when it is ignored.
fn hold(table: &mut [Option<(usize, libc::sigaction)>; SIGNALS], signal: i32) -> io::Result<bool> {
    let Some(entry) = usize::try_from(signal).ok().and_then(|n| table.get_mut(n)) else {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    };
    if let Some((count, _)) = entry {
        *count += 1;
        return Ok(true);
    }
    let mut before = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks only, into a valid place; the new action is a valid handler with an empty mask,
    // and the handler is async-signal-safe.
    let action = unsafe {
        if libc::sigaction(signal, ptr::null(), before.as_mut_ptr()) == -1 {
            return Err(io::Error::last_os_error());
        }
        if before.assume_init().sa_sigaction == libc::SIG_IGN && signal != libc::SIGCHLD {
            return Ok(false);
        }
        let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        action.sa_sigaction = note as extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        if libc::sigaction(signal, &action, ptr::null_mut()) == -1 {
            return Err(io::Error::last_os_error());
        }
        before.assume_init()
    };
    *entry = Some((1, action));
    Ok(true)
}

/// Puts back what stood there, when the last wait for `signal` ends.
fn release(table: &mut [Option<(usize, libc::sigaction)>; SIGNALS], signal: i32) {
    let Some(entry) = usize::try_from(signal).ok().and_then(|n| table.get_mut(n)) else { return };
    match entry {
        Some((count, _)) if *count > 1 => *count -= 1,
        Some((_, before)) => {
            // SAFETY: `before` was filled by sigaction for this signal.
            unsafe { libc::sigaction(signal, before, ptr::null_mut()) };
            *entry = None;
        }
        None => {}
    }
}

/// Notes a signal in every pipe that wants it. Async-signal-safe; keeps `errno`.
extern "C" fn note(signal: i32, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: errno's place is this thread's own; `info` is given by the kernel; write, signal and
    // raise are async-signal-safe.
    unsafe {
        let errno = *libc::__errno_location();
        if libc::getpid() != OWNER.load(Ordering::Relaxed) {
            // Between fork and exec the child is no guard: the signal does what it would to the command.
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        } else {
            let sent = !info.is_null() && (*info).si_code <= 0;
            let byte = [signal as u8 & 0x7f | if sent { 0x80 } else { 0 }];
            for slot in &SLOT {
                let pipe = slot.pipe.load(Ordering::Acquire);
                if pipe != -1 && slot.wanted.load(Ordering::Relaxed) & bit(signal) != 0 {
                    libc::write(pipe, byte.as_ptr().cast(), 1);
                }
            }
        }
        *libc::__errno_location() = errno;
    }
}

/// Asks for `fd` to be readable.
pub fn readable<'fd, F: AsFd>(fd: &'fd F) -> PollFd<'fd> {
    PollFd::new(fd, PollFlags::IN)
}

/// Sleeps until one of `fds` is ready, a signal interrupts, or `timeout` is over; `None` is for ever.
///
/// Returns how many are ready; 0 after the time or an interruption, when the flags mean nothing.
///
/// # Errors
/// As `poll(2)`.
pub fn poll(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> io::Result<usize> {
    let timeout = timeout.and_then(|t| Timespec::try_from(t).ok());
    match rustix::event::poll(fds, timeout.as_ref()) {
        Ok(ready) => Ok(ready),
        Err(rustix::io::Errno::INTR) => {
            for fd in fds {
                fd.clear_revents();
            }
            Ok(0)
        }
        Err(fault) => Err(fault.into()),
    }
}
