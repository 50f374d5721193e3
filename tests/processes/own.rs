//! Guard itself, what it runs under, and numbers that change hands.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::site::Site;

/// A shell as guard's parent, in a process group of its own: should guard let it through, the test lives.
fn under_shell(site: &Site, shell: &str, script: &str) -> String {
    use std::os::unix::process::CommandExt;
    let mut shell = site.command(shell);
    shell.args(["-c", script]).env("GUARD", env!("CARGO_BIN_EXE_guard")).process_group(0);
    let run = shell.output().unwrap();
    format!("{}{:?}", String::from_utf8(run.stdout).unwrap(), run.status.code())
}

#[test]
fn what_guard_runs_under_is_not_ended() {
    let site = Site::new();
    let shell = site.home().join(format!("gsh{}z", std::process::id()));
    fs::copy("/bin/sh", &shell).unwrap();
    let name = shell.file_name().unwrap().to_str().unwrap();
    for command in [
        "kill $$".to_owned(),
        "kill -9 -- -$$".to_owned(),
        "kill 0".to_owned(),
        "nice kill -HUP $PPID".to_owned(),
        format!("pkill {name}"),
        format!("pkill -f {name}"),
        format!("killall {name}"),
        format!("killall -r ^{name}"),
    ] {
        let script = format!("$GUARD --no-input --max 1000 {command}; echo \"said $?\"");
        let end = under_shell(&site, shell.to_str().unwrap(), &script);
        assert_eq!(end, "said 120\nSome(0)", "{command}");
    }
}

#[test]
fn pkill_by_words_counts_neither_guard_nor_the_listing() {
    let site = Site::new();
    let mark = format!("mark-of-{}", std::process::id());
    let mut guard = site.command(env!("CARGO_BIN_EXE_guard"));
    let run = guard.args(["--plan", "--json", "pkill", "-f", &mark]).output().unwrap();
    let plan: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(plan["scope"]["count"], 0, "{plan}");
    // A shell that has the mark among its own words is hit by it, and is what guard runs under.
    let script = format!("$GUARD --no-input pkill -f {mark}; echo \"said $?\"");
    assert_eq!(under_shell(&site, "sh", &script), "said 120\nSome(0)");
}

/// Runs a script as the first process of a process namespace of its own; none where that can't be.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn alone(site: &Site, script: &str) -> Option<String> {
    let space = ["-Urpf", "--mount-proc", "--kill-child"];
    let last = "cat /proc/sys/kernel/ns_last_pid > /proc/sys/kernel/ns_last_pid";
    let can = Command::new("unshare").args(space).args(["sh", "-c", last]).output();
    if !can.is_ok_and(|can| can.status.success()) {
        eprintln!("skipped: no process namespace can be made here");
        return None;
    }
    let mut run = site.command("unshare");
    run.args(space).args(["sh", "-c", script]).env("GUARD", env!("CARGO_BIN_EXE_guard"));
    let run = run.output().unwrap();
    Some(String::from_utf8(run.stdout).unwrap() + &String::from_utf8_lossy(&run.stderr))
}

#[test]
fn everyone_is_counted_and_then_hit_however_it_is_written() {
    let site = Site::new();
    for everyone in ["-9 -1", "-9 4294967295", "-9 -- -4294967297", "-9 -- ' -1'"] {
        // What is shown, what is asked for, and what the bare command leaves.
        let script = format!(
            "for i in 1 2 3 4; do setsid sleep 777 & done
            until [ \"$(pgrep -c -x sleep)\" = 4 ]; do :; done
            $GUARD --plan --json kill {everyone} > plan; grep -o '\"count\":[0-9]*' plan
            $GUARD --no-input kill {everyone} 2>/dev/null; echo \"said $?\"; pgrep -c -x sleep
            env kill {everyone} 2>/dev/null; wait; pgrep -c -x sleep"
        );
        let Some(said) = alone(&site, &script) else { return };
        assert!(said.starts_with("\"count\":4\nsaid 122\n4\n0\n"), "{everyone}: {said}");
    }
}

#[test]
fn a_number_that_changed_hands_is_not_signalled() {
    let site = Site::new();
    // The second of three ends, and a new process gets its number.
    let script = "
        for i in 1 2 3; do sleep 777 & eval p$i=$!; done
        until [ \"$(pgrep -c -x sleep)\" = 3 ]; do :; done
        $GUARD --plan --plan-out plan.json kill $p1 $p2 $p3 >/dev/null
        env kill $p2; wait $p2
        echo $((p2 - 1)) > /proc/sys/kernel/ns_last_pid
        sleep 778 & [ $! = $p2 ] && echo taken
        $GUARD --no-input --plan-in plan.json kill $p1 $p2 $p3; echo \"said $?\"
        pgrep -c -x sleep
        # Nothing holds back what is planned anew.
        $GUARD --no-input --expect 3 kill $p1 $p2 $p3; echo \"said $?\"; wait; pgrep -c -x sleep";
    let Some(said) = alone(&site, script) else { return };
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("guard: ")).collect();
    assert_eq!(lines[..5], ["taken", "said 123", "3", "said 0", "0"], "{said}");
}
