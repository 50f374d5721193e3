//! A home of a test's own, and guard in it without a terminal.
#![allow(dead_code, reason = "each test uses a part")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A scratch folder that is the home of whoever runs something in it.
pub struct Home(TempDir);

impl Home {
    /// A home with a policy of these words; none where they are empty.
    pub fn new(policy: &str) -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        if !policy.is_empty() {
            let policies = home.path().join(".config/guard/policies");
            fs::create_dir_all(&policies).unwrap();
            fs::write(policies.join("strict.toml"), policy).unwrap();
        }
        home
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A program in a folder, with no variable of whoever runs the tests but the PATH.
    pub fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.path());
        command.current_dir(folder);
        command
    }
}

/// Runs guard on a command.
pub fn guarded(mut guard: Command, options: &[&str], command: &str) -> Output {
    guard.arg("--no-input").args(options).args(shlex::split(command).unwrap()).output().unwrap()
}

/// What a plan prints.
pub fn planned(command: &str, out: &Output) -> Value {
    serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|_| panic!("{command}: {}", String::from_utf8_lossy(&out.stderr)))
}
