//! What the tests of processes and prompts share: the test program, and terminals.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::pty::{OpenptyResult, openpty};
use nix::sys::termios::{Termios, tcgetattr};

/// After this long a test gives up; nothing waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(30);

/// The test program `door`, which `cargo test` builds with the examples.
pub fn door() -> PathBuf {
    let this = env::current_exe().unwrap();
    let built = this.parent().unwrap().parent().unwrap().join("examples/door");
    assert!(built.exists(), "build the test program first: cargo build --example door");
    built
}

/// What a shell sees of itself: dispositions, mask and descriptors. In files, as its streams may be closed.
const SEE: &str = r#"
grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status >"$OUT/signals" 2>/dev/null
(for n in 0 1 2 3 4 5 6 7 8 9; do readlink /proc/$$/fd/$n >/dev/null 2>&1 && echo $n; done) >"$OUT/open" 2>/dev/null
cat /proc/$$/cmdline >"$OUT/words" 2>/dev/null
umask >"$OUT/umask"; ulimit -a >"$OUT/limits" 2>/dev/null; env | grep -v ^_= | sort >"$OUT/env"
cut -d' ' -f4,5,6,7 /proc/$$/stat >"$OUT/family" 2>/dev/null
exit 7"#;

/// Runs SEE through `prefix` after the setup, and returns all that it wrote.
pub fn seen(setup: &str, prefix: &[&OsStr]) -> Vec<(String, String)> {
    let out = tempfile::tempdir().unwrap();
    // bash empties the mask that it gets, so this one is set after it.
    let masked = "exec python3 -c 'import os,signal,sys;signal.pthread_sigmask(signal.SIG_BLOCK,[28]);os.execvp(sys.argv[1],sys.argv[1:])' \"$@\"";
    let script = setup.replace("MASKED", masked).replace("EXEC", "exec \"$@\"");
    let status = Command::new("bash")
        .args(["-c", &script, "setup"])
        .args(prefix)
        .args(["sh", "-c", SEE])
        .env("OUT", out.path())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(7), "{setup} {prefix:?}");
    let mut all: Vec<_> = fs::read_dir(out.path())
        .unwrap()
        .map(|e| e.unwrap())
        .map(|e| (e.file_name().into_string().unwrap(), fs::read_to_string(e.path()).unwrap()))
        .collect();
    for (_, text) in &mut all {
        *text = text.replace(out.path().to_str().unwrap(), "OUT");
    }
    all.sort();
    all
}

/// A program on a terminal of its own, with someone to type.
pub struct Terminal {
    pub child: Child,
    master: Option<File>,
    // Kept open, so that the terminal lasts until it is hung up, not until the program ends.
    slave: Option<OwnedFd>,
    seen: String,
    /// Everything, for the report of a failure.
    all: String,
}

impl Terminal {
    /// Starts `command` as the leader of a new session on a new terminal. Streams already set stay.
    pub fn start(mut command: Command, streams: [bool; 3]) -> Terminal {
        let OpenptyResult { master, slave } = openpty(None, None).unwrap();
        let on_terminal = || Stdio::from(slave.try_clone().unwrap());
        if streams[0] {
            command.stdin(on_terminal());
        }
        if streams[1] {
            command.stdout(on_terminal());
        }
        if streams[2] {
            command.stderr(on_terminal());
        }
        let controlling = slave.try_clone().unwrap();
        // SAFETY: setsid and ioctl are async-signal-safe, and the descriptor is open.
        unsafe {
            command.pre_exec(move || {
                nix::unistd::setsid()?;
                let fd = std::os::fd::AsRawFd::as_raw_fd(&controlling);
                if libc::ioctl(fd, libc::TIOCSCTTY, 0) == -1 {
                    return Err(std::io::Error::last_os_error());
                }
                // Both ends close at exec.
                libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
                Ok(())
            });
        }
        nix::fcntl::fcntl(&master, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).unwrap();
        nix::fcntl::fcntl(&slave, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).unwrap();
        let child = command.spawn().unwrap();
        Terminal {
            child,
            master: Some(master.into()),
            slave: Some(slave),
            seen: String::new(),
            all: String::new(),
        }
    }

    /// Starts an interactive bash, without the start files of whoever runs the tests.
    pub fn bash() -> Terminal {
        Terminal::bash_with(&[])
    }

    /// The same with these variables.
    pub fn bash_with(env: &[(&str, &OsStr)]) -> Terminal {
        let mut bash = Command::new("bash");
        bash.envs(env.iter().copied());
        bash.args(["--norc", "--noprofile", "-i"]).env("PS1", "$ ").env("DOOR", door()).env_remove("CI");
        let mut terminal = Terminal::start(bash, [true; 3]);
        terminal.expect("$ ");
        terminal
    }

    pub fn send(&mut self, keys: &str) {
        self.send_bytes(keys.as_bytes());
    }

    pub fn send_bytes(&mut self, keys: &[u8]) {
        self.master.as_ref().unwrap().write_all(keys).unwrap();
    }

    /// Types `keys` until `text` shows up. An interactive shell that just got the terminal back may
    /// lose what is typed in that moment, also without guard.
    pub fn insist(&mut self, keys: &str, text: &str) {
        let patience = Instant::now() + PATIENCE;
        loop {
            self.send(keys);
            let again = Instant::now() + Duration::from_secs(1);
            while !self.seen.contains(text) && self.read(again) {}
            if self.seen.contains(text) {
                self.expect(text);
                return;
            }
            assert!(Instant::now() < patience, "no {text:?} in {:?}", self.all);
        }
    }

    /// Reads until `text` shows up, and returns what came before it.
    pub fn expect(&mut self, text: &str) -> String {
        let patience = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen.find(text) {
                let before = self.seen[..at].to_string();
                self.seen.drain(..at + text.len());
                return before;
            }
            assert!(self.read(patience), "no {text:?} in {:?} after {:?}", self.seen, self.all);
        }
    }

    /// Reads until one of these shows up: which one, and what came before it.
    pub fn expect_any(&mut self, texts: &[&str]) -> (usize, String) {
        let patience = Instant::now() + PATIENCE;
        loop {
            let found = texts.iter().enumerate().filter_map(|(n, text)| Some((self.seen.find(text)?, n)));
            if let Some((_, n)) = found.min() {
                return (n, self.expect(texts[n]));
            }
            assert!(self.read(patience), "none of {texts:?} in {:?}", self.all);
        }
    }

    fn read(&mut self, patience: Instant) -> bool {
        let mut master = self.master.as_ref().unwrap();
        let left = patience.saturating_duration_since(Instant::now());
        let mut fds = [nix::poll::PollFd::new(master.as_fd(), nix::poll::PollFlags::POLLIN)];
        let timeout = nix::poll::PollTimeout::try_from(left).unwrap();
        if nix::poll::poll(&mut fds, timeout).unwrap() == 0 {
            return false;
        }
        let mut chunk = [0; 4096];
        let Ok(n @ 1..) = master.read(&mut chunk) else { return false };
        let text = String::from_utf8_lossy(&chunk[..n]);
        self.seen.push_str(&text);
        self.all.push_str(&text);
        true
    }

    /// The terminal's present settings.
    pub fn settings(&self) -> Termios {
        tcgetattr(self.slave.as_ref().unwrap()).unwrap()
    }

    /// The terminal, to change its settings.
    pub fn line(&self) -> &OwnedFd {
        self.slave.as_ref().unwrap()
    }

    /// Waits for the program's end.
    pub fn end(&mut self) -> ExitStatus {
        ended(&mut self.child)
    }

    /// The line goes away.
    pub fn hang_up(&mut self) {
        self.master = None;
        self.slave = None;
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the end of a program that must end.
pub fn ended(child: &mut Child) -> ExitStatus {
    until(|| child.try_wait().unwrap())
}

/// Waits until something is so.
pub fn until<T>(mut so: impl FnMut() -> Option<T>) -> T {
    let patience = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = so() {
            return value;
        }
        assert!(Instant::now() < patience, "it never came to be");
        std::thread::sleep(Duration::from_millis(2));
    }
}
