//! Processes to be signalled, of a name that no other process of the machine has.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Copies of `sleep` under a name of their own. The first has a process group to itself.
pub struct Crowd {
    folder: TempDir,
    name: String,
    children: Vec<Child>,
}

/// A process that ends with this value.
pub struct Late(Child);

impl Drop for Late {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

impl Crowd {
    /// Starts so many.
    pub fn of(number: usize) -> Self {
        // No name is a part of another: pkill looks for parts.
        let name = format!("g{}x{}z", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = tempfile::tempdir().unwrap();
        fs::copy("/bin/sleep", folder.path().join(&name)).unwrap();
        let mut crowd = Self { folder, name, children: Vec::new() };
        for at in 0..number {
            let child = crowd.start(at == 0);
            crowd.children.push(child);
        }
        crowd
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    fn start(&self, apart: bool) -> Child {
        let mut command = Command::new(self.program());
        command.arg("777").stdin(Stdio::null());
        if apart {
            command.process_group(0);
        }
        let child = command.spawn().unwrap();
        // Its name and its words are there a little later than its number.
        let words = Path::new("/proc").join(child.id().to_string()).join("cmdline");
        let patience = Instant::now() + Duration::from_secs(60);
        while !fs::read(&words).unwrap().ends_with(b"777\0") || comm(&child) != self.name {
            assert!(Instant::now() < patience, "it never came to be");
            std::thread::sleep(Duration::from_millis(1));
        }
        child
    }

    /// Starts one more, which is not counted among the ended.
    pub fn another(&self) -> Late {
        Late(self.start(false))
    }

    /// The words of a command: NAME is the program's name, MARK a part of its path, PIDn its
    /// members, GROUP the first one's process group, PARENT this test.
    pub fn words(&self, command: &str) -> Vec<String> {
        let mut text = command
            .replace("NAME", &self.name)
            .replace("MARK", self.folder.path().to_str().unwrap())
            .replace("GROUP", &self.children[0].id().to_string())
            .replace("PARENT", &std::process::id().to_string());
        for (at, child) in self.children.iter().enumerate() {
            text = text.replace(&format!("PID{at}"), &child.id().to_string());
        }
        text.split(' ').map(str::to_owned).collect()
    }

    /// True while none has ended.
    pub fn all_live(&mut self) -> bool {
        self.children.iter_mut().all(|child| child.try_wait().unwrap().is_none())
    }

    /// Ends all, and returns those that this signal had reached before: the first deadly signal is
    /// the one that a process dies of.
    pub fn ended_by(&mut self, signal: i32) -> BTreeSet<String> {
        let spared = if signal == libc::SIGKILL { libc::SIGTERM } else { libc::SIGKILL };
        let mut hit = BTreeSet::new();
        for mut child in self.children.drain(..) {
            let pid = i32::try_from(child.id()).unwrap();
            let _ = nix::sys::signal::kill(
                nix::unistd::Pid::from_raw(pid),
                nix::sys::signal::Signal::try_from(spared).unwrap(),
            );
            if child.wait().unwrap().signal() == Some(signal) {
                hit.insert(pid.to_string());
            }
        }
        hit
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.children.iter_mut().for_each(end);
    }
}

fn comm(child: &Child) -> String {
    let name = fs::read_to_string(format!("/proc/{}/comm", child.id())).unwrap();
    name.trim_end().to_owned()
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
