//! The lines of corpora/loud*.txt do not pass, and each for the reason that stands beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/areas.rs"]
mod areas;

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A line of the corpus.
struct Line {
    file: String,
    number: usize,
    text: String,
    /// All of these, each with its alternatives.
    rules: Vec<Vec<String>>,
    over_ssh: bool,
}

fn lines() -> Vec<Line> {
    areas::texts("loud").iter().flat_map(|(file, text)| lines_of(file, text)).collect()
}

fn lines_of(file: &str, text: &str) -> Vec<Line> {
    let mut over_ssh = false;
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if let Some(head) = line.strip_prefix("# == ") {
            over_ssh = head.ends_with("over ssh");
        } else if !line.is_empty() && !line.starts_with('#') {
            let (text, rules) = line.rsplit_once("  #= ").unwrap_or_else(|| panic!("no reason: {line}"));
            let rules = rules.split(", ").map(|any| any.split('|').map(str::to_owned).collect()).collect();
            found.push(Line { file: file.into(), number: at + 1, text: text.into(), rules, over_ssh });
        }
    }
    found
}

/// A home with a project in it: a git repository with a folder of many files that git holds.
fn scene(home: &Path) {
    let project = home.join("src/app");
    for folder in ["archive", "docs", "src"] {
        fs::create_dir_all(project.join(folder)).unwrap();
    }
    fs::create_dir_all(home.join(".ssh")).unwrap();
    for name in ["notes.txt", "todo.txt"] {
        fs::write(home.join(name), "").unwrap();
    }
    for n in 0..1200 {
        fs::write(project.join(format!("archive/{n}.dat")), "").unwrap();
    }
    fs::write(project.join("README.md"), "app\n").unwrap();
    for words in [
        &["init", "-q", "-b", "main"][..],
        &["add", "-A"],
        &["-c", "user.name=me", "-c", "user.email=me@example.com", "commit", "-qm", "first"],
    ] {
        let git = Command::new("git").args(words).current_dir(&project).env("HOME", home).status().unwrap();
        assert!(git.success());
    }
}

/// The answers of `guardctl judge --offline`, in order.
fn judge(home: &Path, lines: &[&Line], over_ssh: bool) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guardctl"));
    command.args(["judge", "--offline"]).current_dir(home.join("src/app"));
    command.env_clear().env("HOME", home).env("PATH", std::env::var_os("PATH").unwrap());
    if over_ssh {
        command.env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
    }
    let mut judge = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = judge.stdin.take().unwrap();
    let text: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
    let output = judge.wait_with_output().unwrap();
    writer.join().unwrap();
    let answers: Vec<Value> =
        output.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

fn gives(answer: &Value, rule: &str) -> bool {
    let given = |name: &str| match rule.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == rule,
    };
    answer["verdict"]["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .any(|reason| given(reason["rule"].as_str().unwrap()))
}

#[test]
fn loud_is_large_and_says_nothing_twice() {
    let lines = lines();
    assert!(lines.len() >= 600, "{} lines", lines.len());
    let mut seen = HashSet::new();
    let twice: Vec<_> = lines.iter().filter(|line| !seen.insert((&line.text, line.over_ssh))).collect();
    assert_eq!(twice.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn loud_lines_do_not_pass_and_say_why() {
    let home = tempfile::tempdir().unwrap();
    scene(home.path());
    let lines = lines();
    let mut wrong = Vec::new();
    for over_ssh in [false, true] {
        let lines: Vec<&Line> = lines.iter().filter(|line| line.over_ssh == over_ssh).collect();
        for (line, answer) in lines.iter().zip(judge(home.path(), &lines, over_ssh)) {
            let why = line.rules.iter().all(|any| any.iter().any(|rule| gives(&answer, rule)));
            if answer["verdict"]["rung"] == "allow" || !why {
                wrong
                    .push(format!("{}:{}: {}\n    {}", line.file, line.number, line.text, answer["verdict"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} lines:\n{}", wrong.len(), lines.len(), wrong.join("\n"));
}
