//! Remembers how guard was started, before Rust's runtime changes it, and puts it back before `exec`.
//!
//! Before `main` the runtime ignores SIGPIPE and opens `/dev/null` in the place of a standard stream
//! that was closed. A command that guard lets through must see neither, nor a signal mask that guard
//! changed on its way. Dispositions that guard itself sets are handlers, which `exec` resets, so
//! only these three need remembering ([`signals`](super::signals) never touches an ignored signal,
//! except SIGCHLD, which is remembered here for that reason).

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

static AT_START: OnceLock<Inherited> = OnceLock::new();

/// Runs `save` before the runtime: the loader calls what stands in this section before `main`.
#[used]
#[unsafe(link_section = ".init_array")]
static SAVE_BEFORE_MAIN: extern "C" fn() = save;

extern "C" fn save() {
    let _ = AT_START.set(Inherited::now());
}

/// What guard's own start left to it and the command must find again.
#[derive(Clone, Copy)]
pub struct Inherited {
    pipe_ignored: bool,
    child_ignored: bool,
    /// Bit n: descriptor n (0, 1, 2) was closed.
    closed: u8,
    mask: libc::sigset_t,
}

impl Inherited {
    /// Returns what was inherited, as it was before `main`.
    pub fn get() -> Inherited {
        // The second closure is for a linker that dropped the section; it then sees the runtime's state.
        *AT_START.get_or_init(Inherited::now)
    }

    /// Reads the present state. Async-signal-safe: seven system calls, no allocation.
    fn now() -> Inherited {
        let mut closed = 0;
        for fd in 0..3 {
            // SAFETY: F_GETFD only asks; an invalid descriptor gives EBADF.
            if unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1 {
                closed |= 1 << fd;
            }
        }
        let mut mask = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: `mask` is a valid place to write to; without a new set nothing changes.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, ptr::null(), mask.as_mut_ptr()) };
        Inherited {
            pipe_ignored: ignored(libc::SIGPIPE),
            child_ignored: ignored(libc::SIGCHLD),
            closed,
            // SAFETY: all zeroes is a valid (empty) set, and the call above filled it.
            mask: unsafe { mask.assume_init() },
        }
    }

    /// Says whether descriptor 0, 1 or 2 was closed when guard started.
    ///
    /// What is there now is `/dev/null`: output written to it is lost, as it would have been.
    pub fn was_closed(&self, fd: i32) -> bool {
        (0..3).contains(&fd) && self.closed & (1 << fd) != 0
    }

    /// Puts everything back. The last thing before `exec`, in guard itself or in a forked child.
    ///
    /// Async-signal-safe, so that it may run between `fork` and `exec`.
    pub fn restore(&self) {
        self.restore_but(0);
    }

    /// Puts everything back but the streams that the child gets anew: bit n of `own`, descriptor n.
    pub fn restore_but(&self, own: u8) {
        dispose(libc::SIGPIPE, self.pipe_ignored);
        dispose(libc::SIGCHLD, self.child_ignored);
        for fd in 0..3 {
            if self.was_closed(fd) && own & (1 << fd) == 0 {
                // SAFETY: the runtime opened this descriptor; nothing of ours owns it.
                unsafe { libc::close(fd) };
            }
        }
        // SAFETY: the mask was filled by sigprocmask.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &self.mask, ptr::null_mut()) };
    }

    /// What a child that is not forked has to be given: the signal mask, and whether SIGPIPE is ignored.
    /// `None` where only code of guard's own in the child could put everything back.
    pub fn without_fork(&self) -> Option<(libc::sigset_t, bool)> {
        (self.closed == 0 && !self.child_ignored).then_some((self.mask, self.pipe_ignored))
    }

    /// Takes back what [`restore`](Self::restore) did, for guard to go on after an `exec` that failed.
    ///
    /// A standard stream left closed would be the next file that guard opens.
    ///
    /// # Errors
    /// When `/dev/null` can't be opened.
    pub fn retake(&self) -> io::Result<()> {
        dispose(libc::SIGPIPE, true);
        for fd in 0..3 {
            // SAFETY: the path is a C string; the lowest free number is the one just closed.
            if self.was_closed(fd) && unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) } == -1 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Inherited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inherited")
            .field("pipe_ignored", &self.pipe_ignored)
            .field("child_ignored", &self.child_ignored)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

fn ignored(signal: libc::c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: only asks, into a valid place; all zeroes is a valid sigaction should it fail.
    unsafe {
        libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
        action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

fn dispose(signal: libc::c_int, ignore: bool) {
    // SAFETY: SIG_IGN and SIG_DFL are valid dispositions for the two signals it is called with.
    unsafe { libc::signal(signal, if ignore { libc::SIG_IGN } else { libc::SIG_DFL }) };
}
