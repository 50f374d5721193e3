//! Rollouts among faults, with the real guard: calls and checks that hang, two who resume at once, a
//! parent that is killed, a full disk, and kill -9 at any moment.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod scene;
mod terminal;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use scene::{GUARD, Scene, ran, words};
use serde_json::Value;
use terminal::{Terminal, until};

const GUARDCTL: &str = env!("CARGO_BIN_EXE_guardctl");
const RUN: &str = "--expect 9 --stages 1,4,100% toy remove x";

/// Nine servers as files, one call each; `more` is done to each before it goes.
fn fleet(policy: &str, more: &str) -> Scene {
    let scene = Scene::new().policy(policy);
    let file = scene::TOY_FILE.replace("\"stop\"", "\"destroy\"") + "max_args = 1\n";
    scene.write("config/guard/tools/toy.toml", file);
    for at in 1..=9 {
        scene.write(&format!("fleet/web-{at}"), "");
    }
    let run = format!("{more}\nrm -f \"$SCENE/fleet/$1\"");
    scene.listing("ls \"$SCENE/fleet\"").env("TOY_RUN", run)
}

fn ctl(scene: &Scene, words: &[&str]) -> Command {
    let mut command = scene.command(GUARDCTL);
    command.arg("rollout").args(words);
    command
}

fn row(scene: &Scene) -> Value {
    let ran = ran(ctl(scene, &["list", "--json"]));
    let list: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|fault| panic!("{fault}: {ran:?}"));
    list[0].clone()
}

fn resume(scene: &Scene) -> Command {
    let id = row(scene)["id"].as_str().unwrap().to_owned();
    ctl(scene, &["resume", &id, "--no-input"])
}

fn counts(row: &Value) -> [u64; 4] {
    ["done", "failed", "in_doubt", "left"].map(|state| row[state].as_u64().unwrap())
}

fn once(scene: &Scene) {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    scene.removed().into_iter().for_each(|name| *times.entry(name).or_default() += 1);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
}

/// Starts guard without a terminal, silent, in a group of its own.
fn begun(scene: &Scene) -> Child {
    let mut command = scene.command(GUARD);
    command.args(words(RUN)).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().unwrap()
}

#[test]
fn a_call_that_hangs_is_ended_and_has_failed() {
    if Scene::ruled_elsewhere() {
        return;
    }
    let policy = "[rollout]\ncall_timeout = \"300ms\"\n";
    let scene = fleet(policy, "if [ $1 = web-3 ]; then exec sleep 1000; fi");
    let ran = scene.guard(words(RUN));
    assert_eq!(ran.code, Some(119), "{ran:?}");
    assert!(ran.said().contains("a call took longer than it may, and was ended"), "{ran:?}");
    assert_eq!(counts(&row(&scene)), [2, 1, 0, 6]);
}

#[test]
fn a_check_that_hangs_has_failed() {
    if Scene::ruled_elsewhere() {
        return;
    }
    let policy = "[health.destroy]\ncheck = \"healthy\"\ntimeout = \"300ms\"\n";
    let scene = fleet(policy, "touch \"$SCENE/slow\"");
    scene.program("healthy", "#!/bin/sh\n[ ! -e \"$SCENE/slow\" ] || exec sleep 1000\necho well\n");
    let ran = scene.guard(words(RUN));
    assert_eq!((ran.code, counts(&row(&scene))), (Some(119), [1, 0, 0, 8]), "{ran:?}");
    assert!(ran.said().contains("the check failed"), "{ran:?}");
}

#[test]
fn of_two_who_resume_at_once_one_is_told() {
    let wait =
        "[ $1 != web-4 ] || until [ -e \"$SCENE/go\" ]; do [ -e \"$SCENE\" ] || exit; sleep 0.05; done";
    let scene = fleet("", &format!("[ $1 != web-2 ] || [ -e \"$SCENE/twice\" ] || exit 1\n{wait}"));
    assert_eq!(scene.guard(words(RUN)).code, Some(119));
    scene.write("twice", "");
    let mut first = resume(&scene);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(|| scene.removed().contains(&"web-4".to_owned()).then_some(()));
    let second = ran(resume(&scene));
    assert_eq!(second.code, Some(125), "{second:?}");
    scene.write("go", "");
    assert!(first.wait().unwrap().code().is_some());
    assert_eq!(counts(&row(&scene)), [8, 1, 0, 0], "web-2 failed before");
    once(&scene);
}

#[test]
fn a_rollout_outlives_whoever_started_it() {
    let scene = fleet(
        "",
        "[ $1 != web-3 ] || until [ -e \"$SCENE/go\" ]; do [ -e \"$SCENE\" ] || exit; sleep 0.05; done",
    );
    let mut parent = scene.command("sh");
    parent.args(["-c", &format!("{GUARD} {RUN} & wait")]);
    parent.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut parent = parent.spawn().unwrap();
    until(|| scene.removed().contains(&"web-3".to_owned()).then_some(()));
    parent.kill().unwrap();
    parent.wait().unwrap();
    scene.write("go", "");
    until(|| (row(&scene)["state"] == "finished").then_some(()));
    assert_eq!(counts(&row(&scene)), [9, 0, 0, 0]);
    once(&scene);
}

/// The disk is full after so many blocks, wherever that falls: nothing runs that is not written down.
#[test]
fn a_full_disk_stops_and_can_be_resumed() {
    let (mut refused, mut stopped) = (0, 0);
    for blocks in 1..=9 {
        let scene = fleet("", ":");
        let mut command = scene.command("sh");
        command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec {GUARD} {RUN}")]);
        let limited = ran(command);
        assert!(!limited.said().contains("panicked"), "{limited:?}");
        if limited.code == Some(125) {
            refused += 1;
            assert_eq!(scene.removed(), [""; 0], "{limited:?}");
            continue;
        }
        if limited.code == Some(119) {
            stopped += 1;
            let again = ran(resume(&scene));
            assert_eq!(again.code, Some(0), "{blocks}: {limited:?} {again:?}");
        }
        assert_eq!(counts(&row(&scene)), [9, 0, 0, 0], "{blocks}: {limited:?}");
        assert_eq!(scene.removed().len(), 9);
        once(&scene);
    }
    assert!(refused > 0 && stopped > 0, "{refused} were refused and {stopped} stopped");
}

/// Killed at a random moment, again and again, until nothing is left.
#[test]
fn killed_at_random_each_target_is_acted_on_once() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let mut seed = u64::from(now.subsec_nanos()) | 1;
    let mut kills = 0;
    while kills < 60 {
        let scene = fleet("", ":");
        let mut child = begun(&scene);
        let mut left = 20;
        loop {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            std::thread::sleep(Duration::from_micros((seed >> 33) % 60_000));
            let _ = child.kill();
            let ended = child.wait().unwrap();
            kills += usize::from(ended.code().is_none());
            let folder = fs::read_dir(scene.at("state/guard/rollouts")).map(Iterator::count);
            if folder.unwrap_or(0) == 0 || row(&scene).is_null() {
                // Killed before there was a plan: nothing was touched.
                assert_eq!(scene.removed(), [""; 0]);
                child = begun(&scene);
                continue;
            }
            left -= 1;
            if left == 0 || row(&scene)["state"] == "finished" {
                break;
            }
            let mut again = resume(&scene);
            child = again.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
        }
        // A call of a guard that was killed may still run: its target is in doubt until it ended.
        until(|| {
            let whole = row(&scene)["state"] == "finished";
            whole.then_some(()).or_else(|| {
                ran(resume(&scene));
                None
            })
        });
        assert_eq!(counts(&row(&scene)), [9, 0, 0, 0]);
        assert_eq!(scene.removed().len(), 9, "{:?}", scene.removed());
        once(&scene);
    }
}

#[test]
fn on_a_terminal_it_is_shown_as_it_runs_and_ctrl_c_stops_it() {
    let wait = "echo \"gone: $1\"; [ $1 != web-4 ] || until [ -e \"$SCENE/go\" ]; do [ -e \"$SCENE\" ] || exit; sleep 0.05; done";
    let scene = fleet("", wait).env("TERM", "xterm");
    let mut command = scene.command(GUARD);
    command.args(words(RUN));
    let mut terminal = Terminal::start(command, [true; 3]);
    terminal.expect("gone: web-4\r\n");
    terminal.expect("3 of 9");
    terminal.expect("stage 2 of 3, batch 2 of 3: 3 done, 0 failed, 6 left");
    terminal.send("\x03");
    terminal.expect("stops when these calls end");
    scene.write("go", "");
    terminal.expect("the rollout stopped: Ctrl-C");
    terminal.expect("to go on: guardctl rollout resume");
    assert_eq!(terminal.end().code(), Some(119));
    assert_eq!(counts(&row(&scene)), [4, 0, 0, 5]);
    let log = scene.log();
    let batches: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|line| line.get("record")?.get("batch").cloned())
        .collect();
    let seen: Vec<_> =
        batches.iter().map(|batch| (batch["batch"].as_u64(), batch["done"].as_u64())).collect();
    assert_eq!(seen, [(Some(1), Some(1)), (Some(2), Some(4))], "{log}");
}
