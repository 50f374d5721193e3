//! A command that guard stays beside behaves as if typed alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod terminal;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use terminal::{Terminal, door, ended, seen, until};

fn beside(options: &[&str], script: &str) -> Command {
    let mut command = Command::new(door());
    command.arg("run").args(options).args(["--", "sh", "-c", script]);
    command
}

fn output(script: &str) -> Output {
    beside(&[], script).output().unwrap()
}

/// Starts it, and returns when the script has said "ready".
fn ready(options: &[&str], script: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = beside(options, script).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, out)
}

fn rest(mut out: BufReader<std::process::ChildStdout>) -> String {
    let mut text = String::new();
    out.read_to_string(&mut text).unwrap();
    text
}

fn kill(child: &Child, signal: i32) {
    // SAFETY: the child has not been waited for.
    assert_eq!(unsafe { libc::kill(child.id() as i32, signal) }, 0);
}

#[test]
fn the_end_is_reported_as_it_was() {
    for code in [0, 1, 7, 255] {
        assert_eq!(output(&format!("exit {code}")).status.code(), Some(code));
    }
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGKILL, libc::SIGPIPE, libc::SIGTERM, libc::SIGSEGV, 34]
    {
        let status = output(&format!("kill -{signal} $$")).status;
        assert_eq!(status.signal(), Some(signal));
        assert!(!status.core_dumped());
    }
    assert_eq!(
        Command::new(door()).args(["run", "--", "no-such-program"]).output().unwrap().status.code(),
        Some(127)
    );
    assert_eq!(Command::new(door()).args(["run", "--", "/"]).output().unwrap().status.code(), Some(126));
}

#[test]
fn it_sees_what_it_would_see_alone() {
    for setup in [
        "EXEC",
        "trap '' PIPE; EXEC",
        "trap '' HUP INT QUIT USR1; EXEC",
        "MASKED",
        "EXEC <&- 2>&-",
        "EXEC >&- 5</dev/null",
    ] {
        let alone = seen(setup, &["env".as_ref()]);
        let beside = seen(setup, &[door().as_os_str(), "run".as_ref(), "--".as_ref()]);
        for (beside, alone) in beside.iter().zip(&alone) {
            // Its parent is another, of course; group, session and terminal are the same.
            let own = |text: &str| text.split_once(' ').unwrap_or_default().1.to_string();
            if alone.0 == "family" {
                assert_eq!(own(&beside.1), own(&alone.1));
            } else {
                assert_eq!(beside, alone, "{setup}");
            }
        }
    }
}

#[test]
fn an_ignored_sigchld_hides_no_exit_code() {
    let script = "import os,signal,sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])";
    let see = "grep SigIgn /proc/self/status; exit 7";
    let run = |prefix: &[&OsStr]| {
        Command::new("python3").args(["-c", script]).args(prefix).args(["sh", "-c", see]).output().unwrap()
    };
    let alone = run(&["/usr/bin/env".as_ref()]);
    let beside = run(&[door().as_os_str(), "run".as_ref(), "--".as_ref()]);
    assert_eq!((beside.status, beside.stdout), (alone.status, alone.stdout));
}

#[test]
fn signals_sent_to_guard_reach_the_command() {
    for signal in [
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGTERM,
        libc::SIGUSR1,
        libc::SIGUSR2,
        libc::SIGWINCH,
    ] {
        let script = format!("trap 'echo got; exit 9' {signal}; echo ready; while :; do sleep 0.01; done");
        let (mut child, out) = ready(&[], &script);
        kill(&child, signal);
        assert_eq!(ended(&mut child).code(), Some(9), "signal {signal}");
        assert_eq!(rest(out), "got\n");
    }
    let (mut child, _out) = ready(&[], "echo ready; exec sleep 1000");
    kill(&child, libc::SIGTERM);
    assert_eq!(ended(&mut child).signal(), Some(libc::SIGTERM));
}

#[test]
fn a_killed_guard_takes_the_command_along_only_when_asked() {
    let (mut child, mut out) =
        ready(&["--dies", "15"], "trap 'echo died; exit' TERM; echo ready; while :; do sleep 0.01; done");
    kill(&child, libc::SIGKILL);
    assert_eq!(ended(&mut child).signal(), Some(libc::SIGKILL));
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "died\n");

    let (mut child, out) =
        ready(&[], "echo ready; while kill -0 $PPID 2>/dev/null; do sleep 0.01; done; echo lived on");
    kill(&child, libc::SIGKILL);
    ended(&mut child);
    assert_eq!(rest(out), "lived on\n");
}

#[test]
fn apart_the_first_interrupt_lets_it_finish_and_the_second_ends_it() {
    let (mut child, out) = ready(
        &["--apart", "1"],
        "trap 'echo ended; exit 3' TERM; read x && exit 1; echo ready; while :; do sleep 0.01; done",
    );
    kill(&child, libc::SIGINT);
    // The first one has been taken.
    until(|| {
        let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        text.contains("ShdPnd:\t0000000000000000").then_some(())
    });
    assert!(child.try_wait().unwrap().is_none());
    kill(&child, libc::SIGINT);
    assert_eq!(ended(&mut child).code(), Some(3));
    assert_eq!(rest(out), "ended\n");
}

#[test]
fn a_limit_ends_what_takes_too_long() {
    let status = beside(&["--limit", "50"], "exec sleep 1000").status().unwrap();
    assert_eq!(status.code(), Some(124));
    let status = beside(&["--apart", "1", "--limit", "50"], "sleep 1000 & sleep 1000; :").status().unwrap();
    assert_eq!(status.code(), Some(124));
    assert_eq!(beside(&["--limit", "20000"], "exit 4").status().unwrap().code(), Some(4));
}

fn on_terminal(script: &str) -> Terminal {
    Terminal::start(beside(&[], script), [true; 3])
}

#[test]
fn the_terminals_interrupt_reaches_the_command_once_and_guard_lives() {
    let mut terminal =
        on_terminal("n=0; trap 'n=$((n+1))' INT; echo ready; until read x; do :; done; echo n=$n; exit 5");
    terminal.expect("ready");
    terminal.send("\x03");
    terminal.expect("^C");
    terminal.send("go\n");
    terminal.expect("n=1");
    assert_eq!(terminal.end().code(), Some(5));

    let mut terminal = on_terminal("echo ready; exec sleep 1000");
    terminal.expect("ready");
    terminal.send("\x03");
    assert_eq!(terminal.end().signal(), Some(libc::SIGINT));
}

fn status_of(terminal: &mut Terminal) -> String {
    terminal.send("echo =$?=\n");
    terminal.expect("echo =$?=");
    terminal.expect("=");
    terminal.expect("=")
}

#[test]
fn job_control_stops_and_continues_both() {
    let mut terminal = Terminal::bash();
    terminal.send(
        "$DOOR run -- sh -c 'echo re''ady; until [ \"$x\" = hello ]; do read x; done; echo got-$x; exit 6'\n",
    );
    terminal.expect("ready");
    for _ in 0..3 {
        terminal.insist("\x1a", "Stopped");
        terminal.expect("$ ");
        terminal.insist("fg\n", "exit 6'");
    }
    terminal.insist("hello\n", "got-hello");
    terminal.expect("$ ");
    assert_eq!(status_of(&mut terminal), "6");
}

#[test]
fn a_command_that_stops_itself_gives_the_terminal_back() {
    for signal in ["STOP", "TSTP"] {
        let mut terminal = Terminal::bash();
        terminal.send(&format!("$DOOR run -- sh -c 'kill -{signal} $$; echo went-on; exit 6'\n"));
        terminal.expect("Stopped");
        terminal.expect("$ ");
        terminal.insist("fg\n", "\nwent-on");
        terminal.expect("$ ");
        assert_eq!(status_of(&mut terminal), "6");
    }
}

#[test]
fn a_hang_up_ends_both() {
    let mut terminal = on_terminal("echo ready; exec sleep 1000");
    terminal.expect("ready");
    terminal.hang_up();
    let status: ExitStatus = terminal.end();
    assert_eq!(status.signal(), Some(libc::SIGHUP));
}
