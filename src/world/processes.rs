//! Reads the process table and signals exactly the process that was seen.
//!
//! A number alone says nothing about a process for long; with its start time it does. What
//! vanishes while it is read is left out, what can't be read of it stays empty.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;

use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Names of programs through which someone is connected from elsewhere.
const SESSIONS: [&str; 6] = ["sshd", "sshd-session", "sshd-auth", "dropbear", "mosh-server", "in.telnetd"];

/// One process, as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Its parent's number.
    pub ppid: i32,
    /// Its process group.
    pub pgid: i32,
    /// Its session.
    pub sid: i32,
    /// The device number of its controlling terminal, 0 for none.
    pub tty: u64,
    /// The user it belongs to.
    pub uid: u32,
    /// The user it acts as.
    pub euid: u32,
    /// Its name, at most 15 bytes of it.
    pub comm: OsString,
    /// Its words; empty for a kernel thread and a zombie.
    pub cmdline: Vec<OsString>,
    /// When it started, in ticks since boot: with the number, what tells it from any other.
    pub start_time: u64,
    /// The same in seconds since the epoch.
    pub since: i64,
    /// Whether it has ended, and only waits for its parent to notice.
    pub zombie: bool,
}

impl Process {
    /// Tells whether it is a program through which someone is connected from elsewhere.
    pub fn carries_session(&self) -> bool {
        self.comm.to_str().is_some_and(|name| SESSIONS.contains(&name))
    }
}

/// Returns all processes of this machine (or of guard's process namespace), by number.
///
/// # Errors
/// When `/proc` can't be listed.
pub fn table() -> io::Result<Vec<Process>> {
    let boot = boot_time();
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        if let Some(pid) = name.to_str().and_then(|name| name.parse().ok())
            && let Some(process) = read(pid, boot)
        {
            all.push(process);
        }
    }
    all.sort_unstable_by_key(|process| process.pid);
    Ok(all)
}

/// Returns one process, or `None` when there is none of that number.
pub fn find(pid: i32) -> Option<Process> {
    read(pid, boot_time())
}

/// Returns the parent of `pid`, its parent and so on, the nearest first.
pub fn ancestors(pid: i32) -> Vec<Process> {
    let boot = boot_time();
    let mut line: Vec<Process> = Vec::new();
    let mut next = stat(pid).map(|stat| stat.ppid);
    while let Some(pid) = next.filter(|pid| *pid > 0) {
        // A parent that ends while this climbs may leave its number to a descendant: no circles.
        if line.iter().any(|seen| seen.pid == pid) {
            break;
        }
        let Some(process) = read(pid, boot) else { break };
        next = Some(process.ppid);
        line.push(process);
    }
    line
}

/// Returns guard's ancestors that carry the session in from elsewhere (sshd and its like), the nearest first.
///
/// Ending one of them cuts the operator off. Empty at a console, and inside tmux or screen, whose
/// server is no descendant of the connection.
pub fn session_path() -> Vec<Process> {
    let mut line = ancestors(own_pid());
    line.retain(Process::carries_session);
    line
}

/// Says whether the process of that number is still the one that started then, and has not ended.
pub fn alive(pid: i32, start_time: u64) -> bool {
    stat(pid).is_some_and(|stat| stat.start_time == start_time && !stat.zombie)
}

/// Sends `signal` to the process that was seen, or to none: a process that took over its number is safe.
///
/// # Errors
/// ESRCH when it is gone, EPERM when it may not be signalled, EINVAL for no such signal.
pub fn signal_exactly(pid: i32, start_time: u64, signal: i32) -> io::Result<()> {
    let gone = || io::Error::from_raw_os_error(libc::ESRCH);
    let number = Some(pid).filter(|pid| *pid > 0).and_then(Pid::from_raw).ok_or_else(gone)?;
    let handle = pidfd_open(number, PidfdFlags::empty())?;
    // The handle is held first: should the number change hands between these lines, then the
    // process that started at `start_time` was already gone, and the comparison fails.
    if stat(pid).is_none_or(|stat| stat.start_time != start_time) {
        return Err(gone());
    }
    // SAFETY: the handle is open, and without information the third argument may be null. By
    // number, because real-time signals have no name.
    let sent = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, handle.as_raw_fd(), signal, std::ptr::null::<u8>(), 0)
    };
    if sent == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The device number of guard's controlling terminal, where it has one.
pub fn controlling_terminal() -> Option<u64> {
    stat(own_pid()).map(|stat| stat.tty).filter(|tty| *tty != 0)
}

/// Guard's own number.
pub fn own_pid() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// What `/proc/PID/stat` says.
struct Stat {
    comm: Vec<u8>,
    ppid: i32,
    pgid: i32,
    sid: i32,
    tty: u64,
    start_time: u64,
    zombie: bool,
}

fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// The name stands in brackets and may hold anything, brackets and newlines too: the last one ends it.
fn parse_stat(text: &[u8]) -> Option<Stat> {
    let open = text.iter().position(|b| *b == b'(')?;
    let close = text.iter().rposition(|b| *b == b')')?;
    let rest = std::str::from_utf8(text.get(close + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |n: usize| fields.get(n)?.parse::<i64>().ok();
    // The kernel packs a device as minor-low, major, minor-high; as a signed number for old majors.
    let tty = number(4)? as u32;
    let (major, minor) = ((tty >> 8) & 0xfff, (tty & 0xff) | ((tty >> 12) & 0xf_ff00));
    Some(Stat {
        comm: text.get(open + 1..close)?.to_vec(),
        zombie: matches!(*fields.first()?, "Z" | "X"),
        ppid: number(1)? as i32,
        pgid: number(2)? as i32,
        sid: number(3)? as i32,
        tty: if tty == 0 { 0 } else { rustix::fs::makedev(major, minor) },
        start_time: fields.get(19)?.parse().ok()?,
    })
}

fn read(pid: i32, boot: i64) -> Option<Process> {
    let stat = stat(pid)?;
    let (uid, euid) = users(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)?;
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    Some(Process {
        pid,
        ppid: stat.ppid,
        pgid: stat.pgid,
        sid: stat.sid,
        tty: stat.tty,
        uid,
        euid,
        comm: OsString::from_vec(stat.comm),
        cmdline: split_words(&words),
        start_time: stat.start_time,
        since: boot + (stat.start_time / ticks_a_second()) as i64,
        zombie: stat.zombie,
    })
}

fn users(status: &str) -> Option<(u32, u32)> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let mut ids = line.split_ascii_whitespace().map(str::parse);
    Some((ids.next()?.ok()?, ids.next()?.ok()?))
}

fn split_words(text: &[u8]) -> Vec<OsString> {
    if text.is_empty() {
        return Vec::new();
    }
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    text.split(|b| *b == 0).map(|word| OsString::from_vec(word.to_vec())).collect()
}

/// When the machine started, in seconds since the epoch; 0 where that can't be read.
fn boot_time() -> i64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok()).unwrap_or(0)
}

fn ticks_a_second() -> u64 {
    rustix::param::clock_ticks_per_second().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    #[test]
    fn this_test_is_in_the_table_as_it_is() {
        let me = own_pid();
        let all = table().unwrap();
        let found = all.iter().find(|process| process.pid == me).unwrap();
        assert_eq!(found.ppid, std::os::unix::process::parent_id() as i32);
        assert_eq!(found.uid, nix::unistd::getuid().as_raw());
        assert_eq!(found.pgid, nix::unistd::getpgrp().as_raw());
        assert_eq!(found.sid, nix::unistd::getsid(None).unwrap().as_raw());
        let words: Vec<OsString> = std::env::args_os().collect();
        assert_eq!(found.cmdline, words);
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        // A test binary is not older than the machine, and not from the future.
        assert!(found.since <= now + 1 && found.since >= boot_time());
        assert!(alive(me, found.start_time));
        assert!(all.windows(2).all(|pair| pair[0].pid < pair[1].pid));
    }

    #[test]
    fn ancestors_lead_from_the_parent_to_the_first_process() {
        let line = ancestors(own_pid());
        assert_eq!(line[0].pid, std::os::unix::process::parent_id() as i32);
        assert!(line.windows(2).all(|pair| pair[0].ppid == pair[1].pid));
        assert_eq!(line.last().unwrap().ppid, 0);
        assert_eq!(ancestors(-1), []);
        assert_eq!(ancestors(i32::MAX), []);
    }

    #[test]
    fn only_the_process_that_was_seen_is_signalled() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let pid = child.id() as i32;
        let seen = find(pid).unwrap();
        let other = signal_exactly(pid, seen.start_time + 1, libc::SIGKILL).unwrap_err();
        assert_eq!(other.raw_os_error(), Some(libc::ESRCH));
        assert!(alive(pid, seen.start_time));
        assert!(!alive(pid, seen.start_time + 1));
        signal_exactly(pid, seen.start_time, libc::SIGTERM).unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&child.wait().unwrap()),
            Some(libc::SIGTERM)
        );
        assert!(!alive(pid, seen.start_time));
        assert!(signal_exactly(pid, seen.start_time, libc::SIGTERM).is_err());
        for pid in [0, -1, i32::MIN, i32::MAX] {
            assert!(signal_exactly(pid, 1, libc::SIGTERM).is_err(), "{pid} is no process");
        }
    }

    #[test]
    fn a_zombie_is_not_alive() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let pid = child.id() as i32;
        let seen = find(pid).unwrap();
        child.kill().unwrap();
        while find(pid).is_some_and(|process| !process.zombie) {
            std::thread::yield_now();
        }
        assert!(!alive(pid, seen.start_time));
        child.wait().unwrap();
        assert_eq!(find(pid), None);
    }

    #[test]
    fn names_and_words_may_hold_anything() {
        let mut child = Command::new("sleep").arg0("a b) R 1 (\n").arg("1000").spawn().unwrap();
        // In the middle of exec it has no words yet.
        let seen =
            std::iter::from_fn(|| find(child.id() as i32)).find(|seen| !seen.cmdline.is_empty()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(seen.cmdline, ["a b) R 1 (\n", "1000"].map(OsString::from));
        let odd = b"12 (a) R 1 (\n) S 1 2 3 34817 0 0 0 0 0 0 0 0 0 0 0 0 1 0 99 0\n";
        let stat = parse_stat(odd).unwrap();
        assert_eq!((stat.comm.as_slice(), stat.ppid, stat.start_time), (&b"a) R 1 (\n"[..], 1, 99));
        assert_eq!(stat.tty, rustix::fs::makedev(136, 1));
        for broken in [&b""[..], b"12", b"12 (", b"12 )(", b"12 (a)", b"12 (a) S 1 2", b"12 (a) S x x x x x"]
        {
            assert!(parse_stat(broken).is_none());
        }
    }
}
