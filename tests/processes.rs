//! Processes are counted as the bare command hits them, and what is signalled is what was shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/crowd.rs"]
mod crowd;
#[path = "processes/own.rs"]
mod own;
#[path = "support/site.rs"]
mod site;

use std::collections::BTreeSet;

use serde_json::Value;

use crowd::Crowd;
use site::Site;

/// What guard counts, and the names (the numbers of processes) that it shows.
fn counted(site: &Site, words: &[String]) -> (u64, BTreeSet<String>) {
    let run = site.command(env!("CARGO_BIN_EXE_guard")).args(["--plan", "--json"]).args(words).output();
    let run = run.unwrap();
    let plan: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{words:?}: {run:?}"));
    let scope = &plan["scope"];
    assert_eq!(scope["certainty"], "exact", "{words:?}: {plan}");
    assert_eq!(scope["kind"], "process");
    let sample = scope["sample"].as_array().unwrap();
    (scope["count"].as_u64().unwrap(), sample.iter().map(|n| n.as_str().unwrap().to_owned()).collect())
}

#[test]
fn the_count_is_what_the_bare_command_then_hits() {
    let commands = [
        // All four, by name.
        ("pkill -x NAME", 4),
        ("pkill NAME", 4),
        ("pkill -15 -e NAME", 4),
        ("pkill --signal TERM --count -f MARK", 4),
        ("pkill -f MARK/NAME.777", 4),
        ("pkill -n NAME", 1),
        ("pkill -ox NAME", 1),
        ("pkill -P PARENT NAME", 4),
        ("pkill -P 1 NAME", 0),
        ("pkill -g GROUP", 1),
        ("pkill -x nobody-here", 0),
        ("killall NAME", 4),
        ("killall -q NAME nobody-here", 4),
        ("killall NAME -TERM", 4),
        ("killall -r ^NAME$", 4),
        ("killall -s TERM -r ^NAME", 4),
        // By number.
        ("kill PID0 PID1", 2),
        ("kill PID0 PID0", 1),
        ("kill -s TERM PID0 PID1 PID2 PID3", 4),
        ("kill -- -GROUP", 1),
        ("kill -TERM -- -GROUP PID1", 2),
        ("kill 99999999", 0),
    ];
    let site = Site::new();
    for (command, expected) in commands {
        let mut crowd = Crowd::of(4);
        let bystander = Crowd::of(1);
        let words = crowd.words(command);
        let (count, shown) = counted(&site, &words);
        let bare = site.command("env").args(&words).output().unwrap();
        let hit = crowd.ended_by(libc::SIGTERM);
        assert_eq!(shown, hit, "{words:?}: {bare:?}");
        assert_eq!((count, hit.len()), (expected, expected as usize), "{words:?}: {bare:?}");
        drop(bystander);
    }
}

#[test]
fn a_gated_command_hits_those_that_were_shown_and_no_other() {
    let site = Site::new();
    for (command, signal) in [
        ("pkill -x NAME", libc::SIGTERM),
        ("pkill -USR1 -e -f MARK", libc::SIGUSR1),
        ("pkill --signal KILL NAME", libc::SIGKILL),
        ("killall -HUP NAME", libc::SIGHUP),
        ("killall -w -s INT -r ^NAME$", libc::SIGINT),
        ("kill -9 PID0 PID1 PID2 PID3", libc::SIGKILL),
    ] {
        let mut crowd = Crowd::of(4);
        let mut bystander = Crowd::of(2);
        let words = crowd.words(command);
        let guard = |expect: &str| {
            let mut guard = site.command(env!("CARGO_BIN_EXE_guard"));
            guard.args(["--no-input", "--expect", expect]).args(&words).output().unwrap()
        };
        let refused = guard("3");
        assert_eq!(refused.status.code(), Some(123), "{words:?}: {refused:?}");
        assert!(crowd.all_live(), "{words:?}: {refused:?}");
        let run = guard("4");
        assert_eq!(run.status.code(), Some(0), "{words:?}: {run:?}");
        assert_eq!(crowd.ended_by(signal).len(), 4, "{words:?}: {run:?}");
        assert!(bystander.all_live(), "{words:?}");
        assert_eq!(bystander.ended_by(signal).len(), 0, "{words:?}");
    }
}

#[test]
fn a_process_that_came_after_the_plan_stops_it() {
    let site = Site::new();
    let mut crowd = Crowd::of(4);
    let words = crowd.words("pkill -x NAME");
    let guard = |args: &[&str]| {
        let mut guard = site.command(env!("CARGO_BIN_EXE_guard"));
        guard.args(args).args(&words).output().unwrap()
    };
    let plan = guard(&["--plan", "--plan-out", "plan.json"]);
    assert_eq!(plan.status.code(), Some(122), "{plan:?}");
    let late = crowd.another();
    let run = guard(&["--no-input", "--plan-in", "plan.json"]);
    assert_eq!(run.status.code(), Some(123), "{run:?}");
    assert!(crowd.all_live(), "{run:?}");
    drop(late);
    let run = guard(&["--no-input", "--plan-in", "plan.json"]);
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert_eq!(crowd.ended_by(libc::SIGTERM).len(), 4);
}
