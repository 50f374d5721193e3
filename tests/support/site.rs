//! An operator's home with a configuration of its own, for tests that start guard's programs.
#![allow(dead_code, reason = "each test uses a part")]

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A tool that is in no other file: `remove` names its targets, `drop` has them listed.
pub const FLEET: &str = r#"[tool]
names   = ["fleet"]
summary = "hosts of a toy fleet"
place   = [{ part = "cluster", env = ["FLEET"], default = "here", names = true }]

[tool.select]
operands = "all"

[[action]]
name    = "remove"
match   = "remove"
effect  = "destroy"
targets = { kind = "host" }
freeze  = "names"
narrow  = "{argv without operands} {targets}"

[[action.test]]
run     = "fleet remove a b"
operands = ["a", "b"]

[[action]]
name    = "drop"
match   = "drop"
effect  = "destroy"
targets = { kind = "host", source = "listing" }
list    = "sh -c 'pwd && echo \"$FLEET\"'"
freeze  = "relist"

[[action.test]]
run     = "fleet drop all"
"#;

/// What this site decides.
pub const POLICY: &str = r#"[environment.production]
contexts = ["prod-*"]
raise    = 1
"#;

/// An operator's home.
pub struct Site {
    home: TempDir,
}

impl Site {
    /// A home with the tool file and the policy above.
    pub fn new() -> Self {
        let site = Self { home: tempfile::tempdir().unwrap() };
        site.write("tools/fleet.toml", FLEET);
        site.write("guard.toml", POLICY);
        site
    }

    /// The folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file of the configuration.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.home().join(".config/guard").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A program with nothing in its environment but this home.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.home());
        command.env("NO_COLOR", "1").env("TZ", "UTC").current_dir(self.home());
        command
    }

    /// guardctl with arguments.
    pub fn guardctl(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_guardctl"));
        command.args(args);
        command
    }

    /// An open file with some content, for a stdin.
    pub fn file(&self, content: impl AsRef<[u8]>) -> File {
        let path = self.home().join("stdin");
        fs::write(&path, content).unwrap();
        File::open(path).unwrap()
    }

    /// The answers of `guardctl judge`.
    pub fn judge(&self, args: &[&str], input: &str) -> Vec<Value> {
        self.judge_bytes(args, input.as_bytes())
    }

    /// The same for input that is no text.
    pub fn judge_bytes(&self, args: &[&str], input: &[u8]) -> Vec<Value> {
        let run = self.guardctl(&["judge"]).args(args).stdin(self.file(input)).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&run.stderr), "");
        assert!(run.status.success(), "{:?}", run.status);
        let text = String::from_utf8(run.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What guardctl printed, what it said, and its exit code, one text.
    pub fn said(&self, args: &[&str]) -> String {
        let run = self.guardctl(args).stdin(std::process::Stdio::null()).output().unwrap();
        let text =
            |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(self.home().to_str().unwrap(), "HOME");
        let code = run.status.code().map_or_else(|| format!("{}", run.status), |c| c.to_string());
        format!("{}--- said\n{}--- exit {code}\n", text(&run.stdout), text(&run.stderr))
    }
}
