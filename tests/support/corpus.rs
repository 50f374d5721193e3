//! A file of command lines, and the scene they are judged in.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// One command line of a file.
#[derive(Debug)]
pub struct Line {
    /// The name of its file, where there are several.
    pub file: String,
    /// Where it stands, from 1.
    pub number: usize,
    /// As typed.
    pub text: String,
}

/// The command lines of a file: what is neither blank nor a comment.
pub fn lines(text: &str) -> Vec<Line> {
    let numbered = text.lines().enumerate().map(|(at, line)| Line {
        file: String::new(),
        number: at + 1,
        text: line.to_owned(),
    });
    numbered.filter(|line| !line.text.is_empty() && !line.text.starts_with('#')).collect()
}

/// A home that is lived in, with a project in it (tests/corpora/quiet_scene.sh).
pub struct Scene {
    home: TempDir,
}

impl Scene {
    /// Sets it up.
    pub fn new() -> Self {
        let scene = Self { home: tempfile::tempdir().unwrap() };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora/quiet_scene.sh");
        let run = scene.command("sh").arg(script).current_dir(scene.home()).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        scene
    }

    /// The home folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, program: &str) -> Command {
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(program);
        command.env_clear().env("PATH", format!("{}/standins:{path}", self.home().display()));
        command.env("HOME", self.home()).env("USER", "root").env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    /// What `guardctl judge` answers, typed in the project: a plan for each line, in order.
    pub fn judge(&self, args: &[&str], lines: &[Line]) -> Vec<Value> {
        let text: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
        let input = self.home().join("typed");
        fs::write(&input, text).unwrap();
        let mut judge = self.command(env!("CARGO_BIN_EXE_guardctl"));
        judge.arg("judge").args(args).current_dir(self.home().join("src/shop"));
        let run = judge.stdin(File::open(input).unwrap()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&run.stderr), "");
        let answers: Vec<Value> =
            run.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        assert_eq!(answers.len(), lines.len(), "an answer for each line");
        let acted = fs::read_to_string(self.home().join("acted")).unwrap_or_default();
        assert_eq!(acted, "", "judging ran more than listings");
        answers
    }
}

/// The reasons of an answer, one text.
pub fn reasons(answer: &Value) -> String {
    let reasons = answer["verdict"]["reasons"].as_array().map_or(&[][..], Vec::as_slice);
    let said = |reason: &Value| {
        let part = |key: &str| reason[key].as_str().unwrap_or("-").to_owned();
        format!("{}: {}", part("rule"), part("text"))
    };
    reasons.iter().map(said).collect::<Vec<_>>().join("; ")
}
