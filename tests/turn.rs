//! One question a terminal at a time, and a "no" that holds for a job and for no more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod terminal;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use terminal::{Terminal, door, until};

/// A terminal, and what the guards on it reported.
struct Scene {
    terminal: Terminal,
    report: PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    /// `shell` is started as the terminal's session leader.
    fn start(mut shell: Command) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let (report, turns) = (folder.path().join("report"), folder.path().join("turns"));
        fs::create_dir(&turns).unwrap();
        shell.env("DOOR", door()).env("REPORT", &report).env("TURNS", &turns).env("PS1", "$ ");
        Scene { terminal: Terminal::start(shell, [true; 3]), report, _folder: folder }
    }

    /// At the prompt of an interactive bash.
    fn typed() -> Scene {
        let mut bash = Command::new("bash");
        bash.args(["--norc", "--noprofile", "-i"]);
        let mut scene = Scene::start(bash);
        scene.terminal.expect("$ ");
        scene
    }

    /// Answers the question about `name`.
    fn answer(&mut self, name: &str, answer: &str) {
        self.terminal.expect(&format!("run {name}? "));
        self.terminal.send(&format!("{answer}\n"));
    }

    /// Waits for `n` reports and returns them; nothing is left to come.
    fn reports(&mut self, n: usize) -> Vec<String> {
        until(|| {
            let text = fs::read_to_string(&self.report).unwrap_or_default();
            let lines: Vec<String> = text.lines().map(str::to_string).collect();
            (lines.len() >= n && text.ends_with('\n')).then_some(lines)
        })
    }

    /// One of `n` was answered with no, the others were refused for it, in any order.
    fn all_refused_but(&mut self, first: &str, n: usize) {
        let mut reports = self.reports(n);
        let no = format!("{first} no Line(\"no\")");
        assert!(reports.contains(&no), "{reports:?}");
        reports.retain(|line| *line != no);
        assert_eq!(reports.len(), n - 1);
        assert!(reports.iter().all(|line| line.ends_with(" refused")), "{reports:?}");
    }

    /// The next command of the same operator is asked about.
    fn asks_again(&mut self) {
        self.terminal.insist("\n$DOOR turn next\n", "run next? ");
        self.terminal.send("yes\n");
        until(|| {
            fs::read_to_string(&self.report).unwrap().lines().any(|line| line == "next ran").then_some(())
        });
    }
}

/// After a "no" to `a`, `b` and `c` of the same job are refused, and what is typed next is asked.
fn one_no_for_all(line: &str) {
    let mut scene = Scene::typed();
    scene.terminal.send(&format!("{line}\n"));
    scene.answer("a", "no");
    assert_eq!(scene.reports(3), ["a no Line(\"no\")", "b refused", "c refused"], "{line}");
    scene.asks_again();
}

#[test]
fn a_no_refuses_the_rest_of_xargs() {
    one_no_for_all("printf '%s\\n' a b c | xargs -n1 $DOOR turn");
}

#[test]
fn a_no_refuses_the_rest_of_xargs_through_shells() {
    one_no_for_all("printf '%s\\n' a b c | xargs -I{} sh -c '$DOOR turn {}; :'");
}

#[test]
fn a_no_refuses_the_rest_of_a_script() {
    one_no_for_all("bash -c 'for n in a b c; do $DOOR turn $n; done'");
    one_no_for_all("sh -c 'for n in a b c; do ( $DOOR turn $n; : ); done; :'");
}

#[test]
fn a_no_refuses_the_rest_of_a_typed_loop_but_not_what_is_typed_next() {
    one_no_for_all("for n in a b c; do $DOOR turn $n; done");
    one_no_for_all("for n in a b c; do ( $DOOR turn $n; : ); done");
    one_no_for_all("$DOOR turn a; $DOOR turn b; $DOOR turn c");
}

#[test]
fn a_script_that_leads_the_session_is_a_job_too() {
    for (shell, script) in [
        ("bash", "for n in a b c; do $DOOR turn $n; done; :"),
        ("sh", "for n in a b c; do $DOOR turn $n; done; :"),
        ("sh", "printf '%s\\n' a b c | xargs -n1 $DOOR turn; :"),
    ] {
        let mut command = Command::new(shell);
        command.args(["-c", script]);
        let mut scene = Scene::start(command);
        scene.answer("a", "no");
        assert_eq!(scene.reports(3), ["a no Line(\"no\")", "b refused", "c refused"], "{shell} {script}");
    }
}

#[test]
fn two_commands_one_after_the_other_are_both_asked() {
    let mut scene = Scene::typed();
    for name in ["a", "b", "c"] {
        scene.terminal.insist(&format!("$DOOR turn {name}\n"), &format!("run {name}? "));
        scene.terminal.send("no\n");
        scene.terminal.expect("$ ");
    }
    assert_eq!(scene.reports(3), ["a no Line(\"no\")", "b no Line(\"no\")", "c no Line(\"no\")"]);
}

#[test]
fn the_same_holds_for_other_shells() {
    for shell in ["dash", "zsh", "ksh", "fish"] {
        let Ok(found) = Command::new("sh").args(["-c", &format!("command -v {shell}")]).output() else {
            continue;
        };
        if !found.status.success() {
            continue;
        }
        let mut command = Command::new(shell);
        command.arg("-i").env_remove("ENV");
        if shell == "fish" {
            // It takes its prompt from a function, not from PS1.
            command.args(["--no-config", "-C", "function fish_prompt; printf '$ '; end"]);
        }
        let mut scene = Scene::start(command);
        scene.terminal.expect("$ ");
        for name in ["a", "b"] {
            scene.terminal.insist(&format!("$DOOR turn {name}\n"), &format!("run {name}? "));
            scene.terminal.send("no\n");
            scene.terminal.expect("$ ");
        }
        assert_eq!(scene.reports(2), ["a no Line(\"no\")", "b no Line(\"no\")"], "{shell}");
        scene.terminal.send("printf '%s\\n' d e f | xargs -n1 $DOOR turn\n");
        scene.answer("d", "no");
        assert_eq!(scene.reports(5)[2..], ["d no Line(\"no\")", "e refused", "f refused"], "{shell}");
    }
}

#[test]
fn a_yes_speaks_for_one_command() {
    let mut scene = Scene::typed();
    scene.terminal.send("printf '%s\\n' a b c | xargs -n1 $DOOR turn\n");
    scene.answer("a", "yes");
    scene.answer("b", "yes");
    scene.answer("c", "no");
    assert_eq!(scene.reports(3), ["a ran", "b ran", "c no Line(\"no\")"]);
}

#[test]
fn two_at_once_are_asked_one_after_the_other() {
    let mut scene = Scene::typed();
    scene.terminal.send("printf '%s\\n' a b | xargs -n1 -P2 $DOOR turn\n");
    scene.terminal.expect("run ");
    let first = scene.terminal.expect("? ");
    scene.terminal.send("yes\n");
    let between = scene.terminal.expect("run ");
    assert!(!between.contains('?'), "the second waited for the first: {between:?}");
    let second = scene.terminal.expect("? ");
    scene.terminal.send("yes\n");
    assert_eq!(scene.reports(2), [format!("{first} ran"), format!("{second} ran")]);
}

#[test]
fn a_no_refuses_those_that_wait() {
    let mut scene = Scene::typed();
    scene.terminal.send("printf '%s\\n' a b c d | xargs -n1 -P4 $DOOR turn\n");
    scene.terminal.expect("run ");
    let first = scene.terminal.expect("? ");
    scene.terminal.send("no\n");
    scene.all_refused_but(&first, 4);
    scene.asks_again();
}

#[test]
fn both_ends_of_a_pipe_are_one_job() {
    let mut scene = Scene::typed();
    scene.terminal.send("$DOOR turn a | $DOOR turn b\n");
    scene.terminal.expect("run ");
    let first = scene.terminal.expect("? ");
    scene.terminal.send("no\n");
    scene.all_refused_but(&first, 2);
}

#[test]
fn ctrl_c_ends_a_typed_loop() {
    let mut scene = Scene::typed();
    scene.terminal.send("for n in a b c; do $DOOR turn $n; done\n");
    scene.terminal.expect("run a? ");
    scene.terminal.send("\x03");
    scene.terminal.expect("$ ");
    assert_eq!(scene.reports(1), ["a interrupted"]);
    scene.asks_again();
    assert_eq!(scene.reports(2), ["a interrupted", "next ran"]);
}

#[test]
fn ctrl_c_ends_a_wait() {
    let mut scene = Scene::typed();
    scene.terminal.send("printf '%s\\n' a b | xargs -n1 -P2 $DOOR turn\n");
    scene.terminal.expect("run ");
    scene.terminal.expect("? ");
    scene.terminal.send("\x03");
    scene.terminal.expect("$ ");
    scene.asks_again();
    let reports = scene.reports(2);
    assert!(reports.iter().any(|line| line.contains("interrupted")), "{reports:?}");
    assert!(reports.iter().all(|line| line == "next ran" || !line.contains("ran")), "{reports:?}");
}
