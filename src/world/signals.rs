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
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::pipe::{PipeFlags, pipe_with};

/// How many waits can be open at once (a rollout, a prompt in it, listings beside each other).
const SLOTS: usize = 32;
const SIGNALS: usize = 65;

/// A pipe for one wait. It is never closed: a handler in another thread may be about to write,
/// and must not find another file under that number.
struct Slot {
    ends: OnceLock<(OwnedFd, OwnedFd)>,
    wanted: AtomicU64,
}

/// What stands in which signal's place, and which slots are taken.
struct Table {
    /// For each signal, how many waits catch it and what stood there before the first.
    caught: [Option<(usize, libc::sigaction)>; SIGNALS],
    taken: [bool; SLOTS],
}

static SLOT: [Slot; SLOTS] = [const { Slot { ends: OnceLock::new(), wanted: AtomicU64::new(0) } }; SLOTS];
/// The process whose handlers these are; a forked child must not write into its parent's pipe.
static OWNER: AtomicI32 = AtomicI32::new(0);
static TABLE: Mutex<Table> = Mutex::new(Table { caught: [None; SIGNALS], taken: [false; SLOTS] });

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
    reader: BorrowedFd<'static>,
}

impl Signals {
    /// Catches `signals`, except those that were ignored.
    ///
    /// # Errors
    /// When there is no descriptor left, or more than 32 waits are open.
    pub fn catch(signals: &[i32]) -> io::Result<Signals> {
        let mut wait = Signals::open(&mut lock())?;
        for &signal in signals {
            SLOT[wait.slot].wanted.fetch_or(bit(signal), Ordering::Relaxed);
            if hold(&mut lock(), signal)? {
                wait.caught.push(signal);
            }
        }
        Ok(wait)
    }

    /// Takes a slot that is free, and what a late handler left in it out.
    fn open(table: &mut Table) -> io::Result<Signals> {
        OWNER.store(own_pid(), Ordering::Relaxed);
        let free = table.taken.iter().position(|taken| !taken);
        let slot = free.ok_or_else(|| io::Error::other("too many waits for signals at once"))?;
        if SLOT[slot].ends.get().is_none() {
            let _ = SLOT[slot].ends.set(pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?);
        }
        let Some((reader, _)) = SLOT[slot].ends.get() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        table.taken[slot] = true;
        let wait = Signals { slot, caught: Vec::new(), reader: reader.as_fd() };
        while wait.next().is_some() {}
        Ok(wait)
    }

    /// Returns the next signal that arrived, or `None` when there is none yet.
    pub fn next(&self) -> Option<Arrived> {
        let mut byte = [0u8];
        match rustix::io::read(self.reader, &mut byte) {
            Ok(1) => Some(Arrived { signal: i32::from(byte[0] & 0x7f), sent: byte[0] & 0x80 != 0 }),
            _ => None,
        }
    }
}

impl AsFd for Signals {
    /// The descriptor to poll: readable when a signal arrived.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        let mut table = lock();
        for &signal in &self.caught {
            release(&mut table, signal);
        }
        SLOT[self.slot].wanted.store(0, Ordering::Relaxed);
        table.taken[self.slot] = false;
    }
}

fn lock() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bit(signal: i32) -> u64 {
    1u64 << ((signal - 1) & 63)
}

fn own_pid() -> i32 {
    // SAFETY: getpid has no conditions.
    unsafe { libc::getpid() }
}

/// Installs the handler for the first wait that wants `signal`; false when it is ignored.
fn hold(table: &mut Table, signal: i32) -> io::Result<bool> {
    let Some(entry) = usize::try_from(signal).ok().and_then(|n| table.caught.get_mut(n)) else {
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
fn release(table: &mut Table, signal: i32) {
    let Some(entry) = usize::try_from(signal).ok().and_then(|n| table.caught.get_mut(n)) else { return };
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
                if slot.wanted.load(Ordering::Relaxed) & bit(signal) != 0
                    && let Some((_, writer)) = slot.ends.get()
                {
                    libc::write(writer.as_raw_fd(), byte.as_ptr().cast(), 1);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn raise(signal: i32) {
        // SAFETY: sends a signal to this process, which catches it.
        unsafe { libc::kill(libc::getpid(), signal) };
    }

    fn arrives(wait: &Signals) -> Arrived {
        poll(&mut [readable(wait)], None).unwrap();
        wait.next().unwrap_or_else(|| arrives(wait))
    }

    fn handler(signal: i32) -> usize {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: asks only.
        unsafe {
            libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
            action.assume_init().sa_sigaction
        }
    }

    #[test]
    fn every_wait_gets_what_it_wants_and_the_last_one_puts_back() {
        let before = handler(libc::SIGUSR1);
        let outer = Signals::catch(&[libc::SIGUSR1, libc::SIGUSR2]).unwrap();
        {
            let inner = Signals::catch(&[libc::SIGUSR1]).unwrap();
            raise(libc::SIGUSR1);
            let arrived = Arrived { signal: libc::SIGUSR1, sent: true };
            assert_eq!((arrives(&inner), arrives(&outer)), (arrived, arrived));
            raise(libc::SIGUSR2);
            assert_eq!(arrives(&outer).signal, libc::SIGUSR2);
            assert_eq!(inner.next(), None);
        }
        raise(libc::SIGUSR1);
        assert_eq!(arrives(&outer).signal, libc::SIGUSR1);
        drop(outer);
        assert_eq!(handler(libc::SIGUSR1), before);
    }

    #[test]
    fn a_signal_that_cannot_be_caught_is_an_error_and_leaves_nothing_behind() {
        for odd in [0, -1, 65, 1000, libc::SIGKILL] {
            assert!(Signals::catch(&[libc::SIGALRM, odd]).is_err(), "{odd}");
            assert_eq!(handler(libc::SIGALRM), libc::SIG_DFL);
        }
    }

    #[test]
    fn an_ignored_signal_stays_ignored() {
        // Rust's runtime ignores SIGPIPE.
        let wait = Signals::catch(&[libc::SIGPIPE]).unwrap();
        raise(libc::SIGPIPE);
        assert_eq!(wait.next(), None);
        assert_eq!(handler(libc::SIGPIPE), libc::SIG_IGN);
    }
}
