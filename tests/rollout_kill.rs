//! Nothing lost: guard is killed at every write of its journal, and what is resumed acts on each
//! target exactly once, or says that it is in doubt.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod scene;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use scene::{GUARD, Scene, ran, words};
use serde_json::Value;

const GUARDCTL: &str = env!("CARGO_BIN_EXE_guardctl");
const TARGETS: usize = 9;

/// A fleet of files: `toy remove` takes each away and writes it down, one call a target; what was
/// acted on stands in `removed`. The call that `$STRIKE` names kills guard.
fn fleet(effect: &str) -> Scene {
    let scene = Scene::new();
    let file = scene::TOY_FILE.replace("\"stop\"", &format!("\"{effect}\"")) + "max_args = 1\n";
    scene.write("config/guard/tools/toy.toml", file);
    for at in 1..=TARGETS {
        scene.write(&format!("fleet/web-{at}"), "");
    }
    scene.listing("ls \"$SCENE/fleet\"")
}

/// Removes the server, or restarts it: then it stands as before.
const REMOVES: &str = "for one; do rm -f \"$SCENE/fleet/$one\"; done";

fn json(scene: &Scene, words: &[&str]) -> Value {
    let mut command = scene.command(GUARDCTL);
    command.args(words);
    let ran = ran(command);
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|fault| panic!("{fault}: {ran:?}"))
}

fn only(scene: &Scene) -> Value {
    let list = json(scene, &["rollout", "list", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    list[0].clone()
}

/// Where the journal of the scene lies.
fn journal(scene: &Scene) -> Option<std::path::PathBuf> {
    let folder = fs::read_dir(scene.at("state/guard/rollouts")).ok()?;
    folder.map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some_and(|e| e == "jsonl"))
}

fn resume(scene: &Scene, options: &[&str]) -> scene::Ran {
    let id = only(scene)["id"].as_str().unwrap().to_owned();
    let mut command = scene.command(GUARDCTL);
    command.args(["rollout", "resume", &id, "--no-input"]).args(options);
    ran(command)
}

fn times(scene: &Scene) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    scene.removed().into_iter().for_each(|name| *times.entry(name).or_default() += 1);
    times
}

/// A whole rollout's journal, cut after each line and in the middle of it: what is on disk when guard
/// is killed right there. The fleet is as the calls that were begun until then left it.
#[test]
fn cut_at_any_write_each_target_is_acted_on_once() {
    let whole = fleet("destroy").env("TOY_RUN", REMOVES);
    let done = whole.guard(words("--expect 9 --stages 1,4,100% toy remove x"));
    assert_eq!(done.code, Some(0), "{done:?}");
    let text = fs::read_to_string(journal(&whole).unwrap()).unwrap();
    let name = journal(&whole).unwrap().file_name().unwrap().to_owned();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    assert!(lines.len() >= 24, "{text}");
    let scene = fleet("destroy").env("TOY_RUN", REMOVES);
    for (at, torn) in (1..=lines.len()).flat_map(|at| [0, 1, 8, 15, 30, usize::MAX].map(|torn| (at, torn))) {
        let mut left = lines[..at].concat();
        let next = lines.get(at).copied().unwrap_or("{\"state\":{\"time\"\n");
        left.push_str(&next[..torn.min(next.len() - 1)]);
        // Killed between the line of a call and its outcome, the call may have run or not: both.
        let begun = lines[..at].iter().filter(|line| line.starts_with("{\"called\"")).count();
        let ended = lines[..at].iter().filter(|line| line.starts_with("{\"ended\"")).count();
        for acted in ended..=begun {
            let _ = fs::remove_dir_all(scene.at("state"));
            let _ = fs::remove_file(scene.at("removed"));
            for target in 1..=TARGETS {
                let path = scene.at(format!("fleet/web-{target}"));
                if target <= acted { drop(fs::remove_file(path)) } else { fs::write(path, "").unwrap() }
            }
            let folder = scene.at("state/guard/rollouts");
            fs::create_dir_all(&folder).unwrap();
            let here = left.replace(whole.at("").to_str().unwrap(), scene.at("").to_str().unwrap());
            fs::write(folder.join(&name), here).unwrap();
            let ran = resume(&scene, &[]);
            let context = format!("cut at {at}, torn {torn}, {acted} acted on: {ran:?}");
            assert_eq!(ran.code, Some(0), "{context}");
            let row = only(&scene);
            assert_eq!(
                (row["state"].as_str(), row["done"].as_u64()),
                (Some("finished"), Some(9)),
                "{context}"
            );
            let times = times(&scene);
            assert_eq!(times.len(), TARGETS - acted, "{context} {times:?}");
            assert!(times.values().all(|times| *times == 1), "{context} {times:?}");
        }
    }
}

/// Kills the real guard while its calls run, one after the other.
#[test]
fn killed_in_any_call_a_restart_is_once_or_in_doubt() {
    for strike in 1..=TARGETS {
        let scene = fleet("restart")
            .env("TOY_RUN", "[ \"$(wc -l <\"$SCENE/removed\")\" != \"$STRIKE\" ] || kill -9 $PPID; :")
            .env("STRIKE", strike.to_string());
        let mut command = scene.command(GUARD);
        command.args(words("--expect 9 --stages 1,4,100% toy remove x"));
        command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let killed = command.status().unwrap();
        assert_eq!(killed.code(), None);
        let ran = resume(&scene, &[]);
        let (row, times) = (only(&scene), times(&scene));
        assert_eq!(ran.code, Some(119), "{ran:?}");
        assert_eq!((row["in_doubt"].as_u64(), row["done"].as_u64()), (Some(1), Some(8)), "{strike}: {row}");
        assert_eq!(times.len(), TARGETS, "{times:?}");
        assert!(times.values().all(|times| *times == 1), "{times:?}");
        assert!(ran.said().contains("--retry-in-doubt"), "{ran:?}");
        let again = resume(&scene, &["--retry-in-doubt"]);
        assert_eq!((again.code, only(&scene)["done"].as_u64()), (Some(0), Some(9)), "{again:?}");
    }
}

#[test]
fn a_call_that_outlives_its_guard_keeps_its_target_in_doubt() {
    let scene = fleet("destroy").env(
        "TOY_RUN",
        "if [ \"$1\" = web-3 ]; then kill -9 $PPID; until [ -e \"$SCENE/go\" ]; do sleep 0.05; done; fi; rm -f \"$SCENE/fleet/$1\"",
    );
    let mut command = scene.command(GUARD);
    command.args(words("--expect 9 --stages 100% toy remove x"));
    command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    assert_eq!(command.status().unwrap().code(), None);
    let ran = resume(&scene, &[]);
    assert!(ran.said().contains("still runs"), "{ran:?}");
    assert_eq!((ran.code, only(&scene)["in_doubt"].as_u64()), (Some(119), Some(1)));
    scene.write("go", "");
    while scene.at("fleet/web-3").exists() {
        std::thread::yield_now();
    }
    let ran = resume(&scene, &[]);
    assert_eq!((ran.code, only(&scene)["done"].as_u64()), (Some(0), Some(9)), "{ran:?}");
    assert!(times(&scene).values().all(|times| *times == 1), "{:?}", times(&scene));
}

/// A program that says that all is well, except when it is asked for the `$ILL`th time.
const CHECK: &str =
    "#!/bin/sh\necho >>\"$SCENE/checks\"\n[ \"$(wc -l <\"$SCENE/checks\")\" = \"$ILL\" ] || echo well\n";

#[test]
fn files_that_appear_while_a_removal_is_stopped_survive() {
    if Scene::ruled_elsewhere() {
        return;
    }
    let scene = Scene::new().policy("[health.destroy]\ncheck = \"healthy\"\n").env("ILL", "2");
    scene.program("healthy", CHECK);
    for at in 0..3000 {
        scene.write(&format!("work/tree/{}/f{at}", at % 7), "");
    }
    let ran = scene.guard(words("--stages 10%,100% --expect 3008 rm -rf tree"));
    assert_eq!(ran.code, Some(119), "{ran:?}");
    assert!(ran.said().contains("the check failed: it said nothing"), "{ran:?}");
    let row = only(&scene);
    assert_eq!((row["done"].as_u64(), row["left"].as_u64()), (Some(300), Some(2708)));
    scene.write("work/tree/new/file", "new");
    scene.write("work/tree/1/late", "new");
    let ran = resume(&scene, &[]);
    let found: Vec<_> = ["new/file", "1/late"].map(|path| scene.at("work/tree").join(path).exists()).into();
    assert_eq!(found, [true, true], "{ran:?}");
    let left = fs::read_dir(scene.at("work/tree")).unwrap().count();
    assert_eq!((ran.code, left), (Some(119), 2), "its folder can't go: {ran:?}");
    let row = only(&scene);
    assert_eq!((row["done"].as_u64(), row["failed"].as_u64()), (Some(3006), Some(2)), "{row}");
}
