//! Starts moto's stand-in for Amazon Web Services and runs the real `aws` against it.
//!
//! Both come from pip, in `venv` under the target folder (tests/run makes it) or on `PATH`. Each
//! [`Cloud`] is a server of its own with its own HOME; it ends when the value is dropped, or when the
//! test dies.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

/// What there is to hit: `object s3://logs/a` and the like, with a number or a state.
pub type State = BTreeMap<String, Value>;

/// A running stand-in.
pub struct Cloud {
    server: Child,
    answers: BufReader<ChildStdout>,
    port: String,
    dir: tempfile::TempDir,
    path: OsString,
}

/// Starts the stand-in, or prints why not and returns `None`.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
pub fn start() -> Option<Cloud> {
    let path = programs();
    for tool in ["aws", "moto_server"] {
        if !std::env::split_paths(&path).any(|dir| dir.join(tool).is_file()) {
            println!("skipped: {tool} is not installed");
            return None;
        }
    }
    Some(Cloud::start(path))
}

/// The `PATH` with what tests/run got from pip in front.
fn programs() -> OsString {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("venv").join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = std::iter::once(venv).chain(std::env::split_paths(&path)).collect();
    std::env::join_paths(all).unwrap()
}

impl Cloud {
    fn start(path: OsString) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standins/clouds.py");
        let mut server = Command::new("python3")
            .arg(script)
            .env("PATH", &path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut answers = BufReader::new(server.stdout.take().unwrap());
        let mut port = String::new();
        answers.read_line(&mut port).unwrap();
        let port = port.trim().to_owned();
        assert!(port.parse::<u16>().is_ok(), "the stand-in prints its port, not '{port}'");
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("work")).unwrap();
        Self { server, answers, port, dir, path }
    }

    fn ask(&mut self, word: &str) -> Value {
        writeln!(self.server.stdin.as_mut().unwrap(), "{word}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{word}: {line}"))
    }

    /// Makes the world anew; returns the ids of its instances by role.
    pub fn world(&mut self) -> Value {
        self.ask("world")
    }

    /// Puts 1,100 objects below `s3://logs/many/`, which is more than one page.
    pub fn pages(&mut self) {
        self.ask("pages");
    }

    /// What there is to hit now.
    pub fn state(&mut self) -> State {
        serde_json::from_value(self.ask("state")).unwrap()
    }

    /// The scratch folder; it is also HOME of what runs here.
    pub fn home(&self) -> &Path {
        self.dir.path()
    }

    /// Runs a command that sees this cloud only, in `work` below [`Cloud::home`].
    pub fn run(&self, program: &str, words: &[String]) -> Output {
        let mut command = Command::new("timeout");
        command.arg("120").arg(program).args(words).current_dir(self.home().join("work"));
        command.env_clear().env("PATH", &self.path).env("HOME", self.home()).stdin(Stdio::null());
        command.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x").env("AWS_MAX_ATTEMPTS", "1");
        command.env("AWS_REGION", "eu-west-1").env("AWS_DEFAULT_REGION", "eu-west-1");
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port));
        command.output().unwrap()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
