//! Where an hour is worked: a home with repositories, a cluster, another host, and guard or not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::host::Host;
use crate::kube::{self, Kube};

/// Programs that a slip would start; each only writes down that it was.
const STUBS: &[&str] = &["rm", "chmod", "kill", "pkill", "reboot", "shutdown", "sudo"];

/// A place of one's own.
pub struct Place {
    folder: tempfile::TempDir,
    kube: Kube,
    host: Host,
}

impl Place {
    /// Sets it up, or says what is missing.
    pub fn new() -> Option<Place> {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "bin", "config/fish", "state", "data", "cache", "run"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        fs::set_permissions(folder.path().join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        let kube = kube::start()?;
        let host = Host::start(folder.path())?;
        let place = Place { folder, kube, host };
        fs::copy(place.kube.kubeconfig(), place.home().join("kubeconfig")).unwrap();
        place.stub("bin/systemctl", "echo \"$@\"");
        let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hour/world.sh");
        let made = place.command("sh").arg(world).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::create_dir_all(place.home().join(".kube")).unwrap();
        fs::rename(place.home().join("kubeconfig"), place.home().join(".kube/config")).unwrap();
        place.host.known(&place.home().join(".ssh"));
        Some(place)
    }

    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn home(&self) -> PathBuf {
        self.at("home")
    }

    fn stub(&self, path: &str, script: &str) {
        let at = self.at(path);
        fs::write(&at, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Puts stubs before all that could hit this machine.
    pub fn harmless(&self) {
        for name in STUBS {
            self.stub(
                &format!("bin/{name}"),
                &format!("echo \"{name} $*\" >>'{}'", self.at("started").display()),
            );
        }
    }

    /// What the stubs were started for, and what is gone from the cluster.
    pub fn harmed(&self) -> Vec<String> {
        let started = fs::read_to_string(self.at("started")).unwrap_or_default();
        started.lines().map(str::to_owned).chain(self.kube.deleted()).collect()
    }

    /// Installs the shims that an operator gets who names none.
    pub fn install_shims(&self) {
        let mut install = self.command(env!("CARGO_BIN_EXE_guardctl"));
        let ran = install.args(["shims", "install", "--dir"]).arg(self.at("shims")).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }

    /// A program that sees this place alone, and the same day in every run.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", self.at("bin").display());
        command.env_clear().env("PATH", path).env("HOME", self.home()).env("USER", Host::user());
        for (name, folder) in [("CONFIG", "config"), ("STATE", "state"), ("DATA", "data"), ("CACHE", "cache")]
        {
            command.env(format!("XDG_{name}_HOME"), self.at(folder));
        }
        command.env("XDG_RUNTIME_DIR", self.at("run")).env("TMPDIR", "/tmp");
        command.env("TERM", "dumb").env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        for whose in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{whose}_DATE"), "2024-05-06T07:08:09Z");
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").current_dir(self.home());
        command
    }

    /// What a session printed, without what differs by nature: where this place lies, its ports,
    /// and the shell's word on jobs, which has their numbers and comes when it likes.
    pub fn plain(&self, said: &str) -> String {
        let folder = self.folder.path().to_str().unwrap();
        let said = said.replace(folder, "PLACE").replace(&self.host.port().to_string(), "PORT");
        let of_a_job = |line: &str| line.starts_with('[') || line.contains("sleep 1000");
        said.lines().filter(|line| !of_a_job(line)).map(|line| format!("{line}\n")).collect()
    }
}
