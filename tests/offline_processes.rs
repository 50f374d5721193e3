//! Offline, processes are counted from this host's own table, and what runs nowhere by its words.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::io::Write;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// Processes of this test alone, under a name of their own, that end with it.
struct Own {
    name: String,
    children: Vec<Child>,
    _folder: tempfile::TempDir,
}

impl Own {
    fn start(number: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("gt{}x", std::process::id());
        let program = folder.path().join(&name);
        std::fs::copy("/bin/sleep", &program).unwrap();
        let children: Vec<Child> =
            (0..number).map(|n| Command::new(&program).arg(format!("100{n}")).spawn().unwrap()).collect();
        let comm = |child: &Child| std::fs::read_to_string(format!("/proc/{}/comm", child.id())).unwrap();
        for child in &children {
            // Until exec it has the name of this test.
            while comm(child).trim() != name {
                std::thread::yield_now();
            }
        }
        Self { name, children, _folder: folder }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn judge(lines: &[String]) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guardctl"));
    let mut child =
        command.args(["judge", "--offline"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn told(plan: &Value) -> (String, u64, String) {
    let word = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    let scope = &plan["scope"];
    (word(&scope["certainty"]), scope["count"].as_u64().unwrap_or(0), word(&plan["verdict"]["rung"]))
}

fn check(cases: &[(String, &str, u64, &str)]) {
    let lines: Vec<String> = cases.iter().map(|case| case.0.clone()).collect();
    let plans = judge(&lines);
    assert_eq!(plans.len(), cases.len());
    for ((line, certainty, count, rung), plan) in cases.iter().zip(&plans) {
        assert_eq!(told(plan), ((*certainty).to_owned(), *count, (*rung).to_owned()), "{line}: {plan}");
    }
}

#[test]
fn what_runs_is_counted() {
    let own = Own::start(4);
    let name = &own.name;
    let pid = own.children[0].id();
    check(&[
        (format!("kill {pid}"), "exact", 1, "allow"),
        (format!("killall {name}"), "exact", 4, "confirm"),
        (format!("pkill {name}"), "exact", 4, "confirm"),
        (format!("pkill -x '{}'", &name[1..]), "at-most", 1, "allow"),
        (format!("pkill -fx '.*/{name} 1001'"), "exact", 1, "allow"),
        (format!("pkill -n {name}"), "exact", 1, "allow"),
        (format!("pkill -o -- '{name}'"), "exact", 1, "allow"),
        (format!("pkill -i {}", name.to_uppercase()), "exact", 4, "confirm"),
        (format!("killall -r '^{name}$'"), "exact", 4, "confirm"),
    ]);
}

#[test]
fn what_runs_nowhere_counts_as_one_and_by_its_name() {
    check(&[
        ("killall no-such-program-here".into(), "at-most", 1, "allow"),
        ("pkill -f no-such-program-here".into(), "at-most", 1, "allow"),
        ("pkill -u nobody-of-that-name x".into(), "unknown", 0, "confirm"),
        // Options and expressions that are not followed.
        ("pkill -v no-such-program-here".into(), "unknown", 0, "confirm"),
        ("pkill -P 1".into(), "unknown", 0, "confirm"),
        (r"pkill '\bx'".into(), "unknown", 0, "confirm"),
        ("pkill 'a{2}'".into(), "unknown", 0, "confirm"),
        ("kill -- -4194303".into(), "unknown", 0, "confirm"),
    ]);
}

#[test]
fn what_the_command_runs_under_is_refused_and_what_the_host_hangs_on_is_confirmed() {
    let lines = [format!("kill {}", std::process::id()), "pkill -o .".into(), "killall dropbear".into()];
    let rungs: Vec<String> = judge(&lines).iter().map(|plan| told(plan).2).collect();
    assert_eq!(rungs, ["deny", "deny", "confirm"]);
}
