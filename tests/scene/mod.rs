//! A home, a path of stub programs and a working folder of one's own, for the real guard.
//!
//! Every risky program stands as a stub in front of the `PATH`: whatever guard lets through by
//! mistake, no test can hit a process, a cluster or a repository of whoever runs it.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

pub const GUARD: &str = env!("CARGO_BIN_EXE_guard");

/// What a test's guard may take; only a hang takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The stub of a tool: `toy list` runs `$TOY_LIST`, `toy remove` writes down what it was given.
const TOY: &str = r#"#!/bin/sh
act=$1
shift
case $act in
list) eval "$TOY_LIST" ;;
remove)
    cp "$XDG_STATE_HOME/guard/audit.jsonl" "$SCENE/log-when-run" 2>/dev/null
    printf '%s\n' "$@" >>"$SCENE/removed"
    eval "$TOY_RUN"
    ;;
esac
"#;

/// What guard has to know of it.
pub const TOY_FILE: &str = r#"
[tool]
names = ["toy"]
[[action]]
name = "remove"
match = "remove"
effect = "stop"
targets = { kind = "server", source = "listing" }
list = "toy list {operands}"
timeout = "1s"
freeze = "names"
narrow = "toy remove {targets}"
"#;

pub struct Scene {
    folder: tempfile::TempDir,
    env: Vec<(OsString, OsString)>,
}

impl Scene {
    pub fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "config/guard/tools", "state", "run", "bin", "work"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        fs::set_permissions(folder.path().join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        let scene = Scene { folder, env: Vec::new() };
        for name in ["kill", "kubectl", "git", "find", "systemctl", "shutdown"] {
            scene.program(name, "#!/bin/sh\necho \"$0\" >>\"$SCENE/stubs\"\n");
        }
        scene.program("toy", TOY);
        scene.write("config/guard/tools/toy.toml", TOY_FILE);
        scene
    }

    /// Sets a variable for everything that is started.
    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Scene {
        self.env.push((key.into(), value.as_ref().into()));
        self
    }

    /// The scene with `toy list` doing this.
    pub fn listing(self, script: &str) -> Scene {
        self.env("TOY_LIST", script)
    }

    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let at = self.at(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(&at, text).unwrap();
        at
    }

    pub fn program(&self, name: &str, script: &str) {
        let at = self.write(&format!("bin/{name}"), script);
        fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The operator's policy, who rules where there is no /etc/guard.
    pub fn policy(self, text: &str) -> Scene {
        self.write("config/guard/guard.toml", text);
        self
    }

    /// A program in this scene: no variable of whoever runs the tests but the rest of the PATH.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let path = [self.at("bin").as_os_str(), OsStr::new("/usr/bin:/bin")].join(OsStr::new(":"));
        command.env_clear().env("PATH", path).env("HOME", self.at("home")).env("SCENE", self.at(""));
        command.env("XDG_CONFIG_HOME", self.at("config")).env("XDG_STATE_HOME", self.at("state"));
        command.env("XDG_RUNTIME_DIR", self.at("run"));
        command.envs(self.env.iter().map(|(k, v)| (k, v))).current_dir(self.at("work"));
        command.stdin(Stdio::null());
        command
    }

    /// Runs guard without a terminal.
    pub fn guard<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Ran {
        let mut command = self.command(GUARD);
        command.args(words);
        ran(command)
    }

    /// The names that `toy remove` was given.
    pub fn removed(&self) -> Vec<String> {
        let text = fs::read_to_string(self.at("removed")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The audit log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.at("state/guard/audit.jsonl")).unwrap_or_default()
    }

    /// Tells whether this machine has a site of its own, which would decide instead.
    pub fn ruled_elsewhere() -> bool {
        Path::new("/etc/guard").is_dir()
    }
}

/// Words, for `guard`.
pub fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

/// What a guard without a terminal came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Ran {
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Guard's own exit, with a sentence of its own and nothing raw.
    #[track_caller]
    pub fn is(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.stderr.starts_with(b"guard: "), "{self:?}");
        self.harmless()
    }

    /// Nothing that a terminal could obey, no panic.
    #[track_caller]
    pub fn harmless(self) -> Ran {
        let said = self.said();
        assert!(!said.contains("panicked"), "{said}");
        assert!(std::str::from_utf8(&self.stderr).is_ok() && std::str::from_utf8(&self.stdout).is_ok());
        for text in [said, String::from_utf8_lossy(&self.stdout).into_owned()] {
            let raw = text.chars().find(|c| *c != '\n' && !guard::ui::escape::visible(*c));
            assert_eq!(raw, None, "{text:?}");
        }
        self
    }
}

/// Runs a command in a session of its own, where no terminal is; it must end.
pub fn ran(mut command: Command) -> Ran {
    // SAFETY: setsid is async-signal-safe.
    unsafe { command.pre_exec(|| nix::unistd::setsid().map(drop).map_err(Into::into)) };
    let started = Instant::now();
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(started.elapsed() < PATIENCE, "{command:?} hangs");
    Ran { code: status.code(), stdout, stderr }
}
