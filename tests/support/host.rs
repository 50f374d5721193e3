//! Another host: a real sshd on loopback, on a port of its own, with keys made for it.
#![allow(dead_code, reason = "each test uses a part")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running sshd. What it is asked to do is done in `home/there` of its folder, with the programs
/// in `shims` and `bin` before all others.
pub struct Host {
    sshd: Child,
    port: u16,
    keys: PathBuf,
}

impl Host {
    /// Starts it, or prints why not and returns `None`.
    #[expect(clippy::print_stdout, reason = "a skipped test says so")]
    pub fn start(folder: &Path) -> Option<Host> {
        let sshd = ["/usr/sbin/sshd", "/usr/bin/sshd"].map(Path::new).into_iter().find(|path| path.exists());
        let Some(sshd) = sshd else {
            println!("skipped: sshd is not installed");
            return None;
        };
        let keys = folder.join("keys");
        fs::create_dir(&keys).unwrap();
        for name in ["host", "operator"] {
            let mut make = Command::new("ssh-keygen");
            make.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(keys.join(name));
            assert!(make.status().unwrap().success());
        }
        let port = free_port();
        let config = keys.join("sshd_config");
        fs::write(&config, sshd_config(folder, &keys, port)).unwrap();
        // As root it wants a folder of its own in /run: it gets a /run that nobody else sees.
        let mut command = if nix::unistd::geteuid().is_root() {
            let mut apart = Command::new("unshare");
            let script = "mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec \"$@\"";
            apart.args(["--mount", "sh", "-c", script, "sh"]).arg(sshd);
            apart
        } else {
            Command::new(sshd)
        };
        command.args(["-D", "-e", "-f"]).arg(&config);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(fs::File::create(keys.join("log")).unwrap());
        let mut host = Host { sshd: command.spawn().unwrap(), port, keys };
        if host.answers() {
            return Some(host);
        }
        let why = fs::read_to_string(host.keys.join("log")).unwrap_or_default();
        println!("skipped: sshd does not start here: {}", why.replace('\n', " "));
        None
    }

    fn answers(&mut self) -> bool {
        let patience = Instant::now() + Duration::from_secs(30);
        while Instant::now() < patience && self.sshd.try_wait().unwrap().is_none() {
            if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
                let mut banner = String::new();
                return BufReader::new(stream).read_line(&mut banner).is_ok() && banner.starts_with("SSH-");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whoever runs the tests, who is known there, too.
    pub fn user() -> String {
        nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name
    }

    /// Writes the configuration of somebody who knows it, under the names `box` and `box-2`.
    pub fn known(&self, folder: &Path) {
        let public = fs::read_to_string(self.keys.join("host.pub")).unwrap();
        let port = self.port;
        fs::write(folder.join("known_hosts"), format!("[127.0.0.1]:{port} {public}")).unwrap();
        let text = format!(
            "Host box box-2\n  HostName 127.0.0.1\n  Port {port}\n  User {}\n  IdentityFile {}\n\
             \x20 IdentitiesOnly yes\n  UserKnownHostsFile {}\n  StrictHostKeyChecking yes\n  LogLevel ERROR\n",
            Host::user(),
            self.keys.join("operator").display(),
            folder.join("known_hosts").display(),
        );
        fs::write(folder.join("config"), text).unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

/// No command reaches the account of whoever runs the tests: all start in the folder, and in a bare
/// environment.
fn sshd_config(folder: &Path, keys: &Path, port: u16) -> String {
    let there = folder.join("home/there");
    let enter = keys.join("enter");
    let script = format!(
        "cd '{}' && exec env -i HOME=\"$PWD\" SSH_CONNECTION=\"$SSH_CONNECTION\" PATH='{}:{}:/usr/bin:/bin' \
         sh -c \"${{SSH_ORIGINAL_COMMAND:-exec sh}}\"\n",
        there.display(),
        folder.join("shims").display(),
        folder.join("bin").display(),
    );
    fs::write(&enter, script).unwrap();
    fs::copy(keys.join("operator.pub"), keys.join("authorized")).unwrap();
    format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPidFile none\n\
         PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         Subsystem sftp /usr/lib/openssh/sftp-server\nForceCommand /bin/sh '{}'\nMaxStartups 100\n",
        keys.join("host").display(),
        keys.join("authorized").display(),
        enter.display(),
    )
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
