//! A listing is whole or a fault, and what was given up is gone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod terminal;

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use guard::world::listing::{ListRequest, ListingFault, list};
use guard::world::processes;
use terminal::{Terminal, door, ended, until};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);
const CAP: usize = 100_000;

fn listed(script: &str, timeout: Duration) -> Result<Vec<u8>, ListingFault> {
    let argv = ["sh", "-c", script].map(OsString::from);
    list(&ListRequest {
        argv: &argv,
        program: None,
        env: &[],
        cwd: None,
        timeout,
        cap_bytes: CAP,
        codes: &[],
    })
}

/// What the listing wrote as the numbers of processes it started: all of them must be gone.
fn gone(file: &Path) {
    let pids = fs::read_to_string(file).unwrap();
    assert!(pids.split_ascii_whitespace().count() > 0, "it started something");
    for pid in pids.split_ascii_whitespace() {
        let process = processes::find(pid.parse().unwrap());
        assert!(process.as_ref().is_none_or(|process| process.zombie), "{process:?}");
    }
}

#[test]
fn output_comes_byte_for_byte() {
    assert_eq!(listed("printf 'a\\0b\\377\\033[2J'", LONG).unwrap(), b"a\0b\xff\x1b[2J");
    assert_eq!(listed(":", LONG).unwrap(), b"");
    assert_eq!(listed("head -c 100000 /dev/zero", LONG).unwrap().len(), CAP);
}

#[test]
fn it_runs_in_english_with_empty_input() {
    let out = listed("echo $LC_ALL-$LANG-$LANGUAGE-; readlink /proc/$$/fd/0; cat", LONG).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "C---\n/dev/null\n");
}

#[test]
fn variables_and_folder_are_those_asked_for() {
    let argv = ["sh", "-c", "echo $A $HOME; pwd"].map(OsString::from);
    let env = [("A".into(), Some("x y".into())), ("HOME".into(), None)];
    let cwd = Some(Path::new("/usr"));
    let request =
        ListRequest { argv: &argv, program: None, env: &env, cwd, timeout: LONG, cap_bytes: CAP, codes: &[] };
    assert_eq!(list(&request).unwrap(), b"x y\n/usr\n");
    let nowhere = ListRequest { cwd: Some(Path::new("/nowhere")), ..request };
    assert_eq!(list(&nowhere).unwrap_err().to_string(), "/nowhere: No such file or directory (os error 2)");
}

#[test]
fn a_failure_is_a_fault_even_with_output() {
    let failed = |code, signal, stderr: &str| ListingFault::Failed { code, signal, stderr: stderr.into() };
    assert_eq!(listed("echo one; exit 3", LONG), Err(failed(Some(3), None, "")));
    assert_eq!(
        listed("echo; echo 'no access ' >&2; echo two >&2; exit 1", LONG),
        Err(failed(Some(1), None, "two"))
    );
    assert_eq!(listed("echo one; kill -9 $$", LONG), Err(failed(None, Some(9), "")));
    assert_eq!(listed("yes x | head -c 10000000 >&2; exit 1", LONG), Err(failed(Some(1), None, "x")));
    assert_eq!(failed(Some(1), None, "no access").to_string(), "exit code 1: no access");
    let missing = ["no-such-program".into()];
    let request = ListRequest {
        argv: &missing,
        program: None,
        env: &[],
        cwd: None,
        timeout: LONG,
        cap_bytes: CAP,
        codes: &[],
    };
    assert!(matches!(list(&request), Err(ListingFault::NotFound(_))));
    assert!(matches!(list(&ListRequest { argv: &[], ..request }), Err(ListingFault::NotFound(_))));
}

#[test]
fn some_codes_are_no_failure_where_the_tool_file_says_so() {
    let argv = ["sh", "-c", "echo one; exit 1"].map(OsString::from);
    let request = ListRequest {
        argv: &argv,
        program: None,
        env: &[],
        cwd: None,
        timeout: LONG,
        cap_bytes: CAP,
        codes: &[1],
    };
    assert_eq!(list(&request).unwrap(), b"one\n");
}

#[test]
fn output_on_stderr_alone_is_an_empty_listing() {
    assert_eq!(listed("echo warning >&2; yes x | head -c 1000000 >&2", LONG).unwrap(), b"");
}

#[test]
fn gigabytes_end_at_the_cap() {
    assert_eq!(listed("exec yes", LONG), Err(ListingFault::TooMuch(CAP)));
    assert_eq!(listed("head -c 100001 /dev/zero", LONG), Err(ListingFault::TooMuch(CAP)));
    // Endless stderr is read and dropped until the time is over.
    assert_eq!(listed("exec yes >&2", SHORT), Err(ListingFault::TimedOut(SHORT)));
}

#[test]
fn what_never_ends_is_ended_with_all_that_it_started() {
    // Ample time for a script to say whom it started; then it stands still in any case.
    let limit = Duration::from_secs(2);
    std::thread::scope(|scope| {
        for script in [
            "echo $$ >FILE; exec sleep 1000",
            "echo $$ >FILE; sleep 1000 & echo $! >>FILE; sleep 1000 | sleep 1000",
            "echo $$ >FILE; exec >&- 2>&-; sleep 1000",
            "trap '' TERM INT HUP; echo $$ >FILE; while :; do sleep 1; done",
            "setsid sh -c 'echo $$ >FILE; (setsid sh -c \"echo \\$\\$ >>FILE; sleep 1000\" &) ; sleep 1000'; :",
            "echo $$ >FILE; kill -STOP $$",
        ] {
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                let pids = folder.path().join("pids");
                let script = script.replace("FILE", pids.to_str().unwrap());
                assert_eq!(listed(&script, limit), Err(ListingFault::TimedOut(limit)), "{script}");
                gone(&pids);
            });
        }
    });
}

#[test]
fn output_that_something_still_holds_is_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let script = format!(
        "echo one; (setsid sh -c 'echo $$ >{}; exec sleep 1000' &) ; until [ -s {} ]; do :; done",
        pids.display(),
        pids.display()
    );
    assert_eq!(listed(&script, LONG), Err(ListingFault::HeldOpen));
    gone(&pids);
}

#[test]
fn a_helper_that_lets_go_of_the_output_may_live_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script =
        format!("setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >{}; echo one", file.display());
    assert_eq!(listed(&script, LONG).unwrap(), b"one\n");
    let pid = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    let process = processes::find(pid).unwrap();
    assert!(!process.zombie, "a connection that is kept for the next listing is not ended");
    processes::signal_exactly(pid, process.start_time, libc::SIGKILL).unwrap();
}

#[test]
fn listings_run_beside_each_other() {
    std::thread::scope(|scope| {
        let all: Vec<_> =
            (0..8).map(|n| scope.spawn(move || listed(&format!("sleep 0.0{n}; echo {n}"), LONG))).collect();
        for (n, one) in all.into_iter().enumerate() {
            assert_eq!(one.join().unwrap().unwrap(), format!("{n}\n").into_bytes());
        }
    });
}

#[test]
fn an_interrupt_ends_the_listing_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let script =
            format!("trap '' INT; sleep 1000 & echo $$ $! >{0}.new; mv {0}.new {0}; wait", pids.display());
        let mut guard = Command::new(door())
            .args(["list", "--", "sh", "-c", &script])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        until(|| pids.exists().then_some(()));
        // SAFETY: the child has not been waited for.
        unsafe { libc::kill(guard.id() as i32, signal) };
        let mut said = String::new();
        guard.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        ended(&mut guard);
        assert!(said.starts_with(&format!("Interrupted({signal})")), "{said}");
        gone(&pids);
        fs::remove_file(&pids).unwrap();
    }
}

#[test]
fn a_killed_guard_takes_its_listing_along() {
    let mut guard = Command::new(door())
        .args(["list", "--", "sh", "-c", "echo $$ >&2; exec sleep 1000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let me = guard.id();
    let listing =
        until(|| processes::table().unwrap().into_iter().find(|p| p.ppid == me as i32 && p.comm == "sleep"));
    guard.kill().unwrap();
    guard.wait().unwrap();
    until(|| (!processes::alive(listing.pid, listing.start_time)).then_some(()));
}

#[test]
fn on_a_terminal_a_listing_may_ask() {
    let mut guard = Command::new(door());
    guard.args(["list", "--", "sh", "-c", "printf 'code: ' >/dev/tty; read code </dev/tty; echo got $code"]);
    let mut terminal = Terminal::start(guard, [true; 3]);
    terminal.expect("code: ");
    terminal.send("1234\n");
    terminal.expect("got 1234");
}

#[test]
fn ctrl_c_on_a_terminal_ends_it() {
    let mut guard = Command::new(door());
    guard.args(["list", "--", "sh", "-c", "printf ready >/dev/tty; exec sleep 1000"]).stdout(Stdio::piped());
    let mut terminal = Terminal::start(guard, [true, false, true]);
    terminal.expect("ready");
    terminal.send("\x03");
    let mut said = String::new();
    BufReader::new(terminal.child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.starts_with("Interrupted(2)"), "{said}");
}
