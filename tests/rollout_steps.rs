//! Rollouts while the clock jumps, and of servers that stand in for each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod scene;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use scene::{Scene, ran, words};
use serde_json::Value;

const GUARDCTL: &str = env!("CARGO_BIN_EXE_guardctl");

/// Steps the wall clock by the seconds in a file, for whoever loads it.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *time) {
    int code = syscall(SYS_clock_gettime, id, time);
    const char *path = getenv("STEP");
    FILE *file = code == 0 && id == CLOCK_REALTIME && path ? fopen(path, "r") : NULL;
    long by = 0;
    if (file) {
        if (fscanf(file, "%ld", &by) == 1) time->tv_sec += by;
        fclose(file);
    }
    return code;
}
"#;

/// These servers as files, one call each; `more` is done to each before it goes.
fn fleet(names: &[&str], policy: &str, more: &str) -> Scene {
    let scene = Scene::new().policy(policy);
    let file = scene::TOY_FILE.replace("\"stop\"", "\"destroy\"") + "max_args = 1\n";
    scene.write("config/guard/tools/toy.toml", file);
    for name in names {
        scene.write(&format!("fleet/{name}"), "");
    }
    let run = format!("{more}\nrm -f \"$SCENE/fleet/$1\"");
    scene.listing("ls \"$SCENE/fleet\"").env("TOY_RUN", run)
}

/// The lines of the one journal.
fn journal(scene: &Scene) -> Vec<Value> {
    let folder = scene.at("state/guard/rollouts");
    let mut all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = fs::read_to_string(all.find(|path| path.extension().is_some_and(|e| e == "jsonl")).unwrap());
    text.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn rollout(scene: &Scene, words: &[&str]) -> scene::Ran {
    let mut command = scene.command(GUARDCTL);
    command.arg("rollout").args(words);
    ran(command)
}

/// Ten years back in one call, twenty forward in another, back before the resume: waits and limits go
/// by a clock that does not jump, and nothing is done twice.
#[test]
fn the_clock_may_jump() {
    if Scene::ruled_elsewhere() {
        return;
    }
    let step = "case $1 in w-2) echo -315360000 ;; w-5) echo 315360000 ;; esac >\"$SCENE/by\" \n\
                [ -s \"$SCENE/by\" ] && mv \"$SCENE/by\" \"$STEP\"\n\
                [ $1 != w-6 ] || [ -e \"$SCENE/twice\" ] || exit 1";
    let policy = "[rollout]\ncall_timeout = \"50s\"\n[health.destroy]\ncheck = \"well\"\nsoak = \"50ms\"\n";
    let scene = fleet(&["w-1", "w-2", "w-3", "w-4", "w-5", "w-6", "w-7", "w-8"], policy, step);
    scene.program("well", "#!/bin/sh\necho well\n");
    let source = scene.write("clock.c", CLOCK);
    let library = scene.at("clock.so");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
    assert!(made.unwrap().success());
    let at = scene.write("step", "0");
    let scene = scene.env("LD_PRELOAD", &library).env("STEP", &at);
    let first = scene.guard(words("--expect 8 --stages 1,2,4,100% --pause 50ms toy remove x"));
    assert_eq!(first.code, Some(119), "{first:?}");
    assert_eq!(fs::read_to_string(&at).unwrap().trim(), "315360000", "it did jump");
    fs::write(&at, "-630720000").unwrap();
    let list: Value = serde_json::from_slice(&rollout(&scene, &["list", "--json"]).stdout).unwrap();
    let id = list[0]["id"].as_str().unwrap();
    scene.write("twice", "");
    let second = rollout(&scene, &["resume", id, "--no-input"]);
    assert_eq!(second.code, Some(1), "at its end, with the failure of before: {second:?}");
    let third = rollout(&scene, &["retry-failed", id, "--no-input"]);
    assert_eq!(third.code, Some(0), "{third:?}");
    let mut removed = scene.removed();
    removed.sort();
    assert_eq!(removed, ["w-1", "w-2", "w-3", "w-4", "w-5", "w-6", "w-6", "w-7", "w-8"], "w-6 failed once");
    let years: BTreeSet<String> = journal(&scene)
        .iter()
        .filter_map(|line| Some(line.get("driven")?["time"].as_str()?[..4].to_owned()))
        .collect();
    assert!(years.len() > 1, "{years:?}");
}

#[test]
fn two_of_one_redundancy_group_are_never_in_one_batch() {
    if Scene::ruled_elsewhere() {
        return;
    }
    let policy = "[rollout]\nredundancy = ['^(\\w+)-']\n";
    let names = ["a-1", "a-2", "a-3", "b-1", "b-2", "c-1"];
    let scene = fleet(&names, policy, "[ $1 != b-2 ] || [ -e \"$SCENE/twice\" ] || exit 1");
    let first = scene.guard(words("--expect 6 --stages 100% --parallel 3 toy remove x"));
    assert_eq!(first.code, Some(119), "{first:?}");
    scene.write("twice", "");
    let plan = journal(&scene)[0]["plan"].clone();
    let again = rollout(&scene, &["retry-failed", plan["id"].as_str().unwrap(), "--no-input"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    let mut started = 0;
    for line in journal(&scene) {
        let Some(places) = line.get("started").and_then(|started| started["targets"].as_str()) else {
            continue;
        };
        let places = places.split(',').flat_map(|part| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            from.parse::<usize>().unwrap()..=to.parse().unwrap()
        });
        let groups: Vec<&str> =
            places.map(|at| &plan["targets"][at]["name"].as_str().unwrap()[..1]).collect();
        let apart: BTreeSet<&str> = groups.iter().copied().collect();
        assert_eq!(apart.len(), groups.len(), "{groups:?}");
        started += groups.len();
    }
    assert_eq!(started, names.len() + 1, "b-2 twice");
}
