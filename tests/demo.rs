//! The demo does what it says, and the files it shows are good examples.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::rc::Rc;

use guard::ctl::tool_tests;
use guard::policy::{Places, Shelf, Standing, kinds, parse_layer};
use guard::read::Library;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// Runs the demo with the `guard` of a folder, its scratch folder in `scratch`.
fn demo(programs: &Path, scratch: &Path) -> Output {
    Command::new(example("demo.sh"))
        .env("GUARD_BIN", programs)
        .env("TMPDIR", scratch)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn every_step_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let ran = demo(Path::new(env!("CARGO_BIN_EXE_guard")).parent().unwrap(), folder.path());
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    let mut lines = vec![
        "$ guard rm -rf node_modules",
        "$ guard --no-input --expect 3601 rm -rf archive",
        "Everything went as said",
    ];
    if !Path::new("/etc/guard").is_dir() {
        lines.extend([
            "$ guard fleetctl remove 'billing-[1-5]'",
            "  - 50 of 60 index servers would leave 10, and at least 40 must stay",
            "  this would pass the floor: guard fleetctl remove 'index-[1-20]'",
            "guard: done: 20 in 4 stages",
            "  no index server can be spared: 40 are healthy, 40 must stay",
            "guard: the rollout stopped: Ctrl-C",
            "  untouched: 7: billing-[11-17]",
            "removed billing-17",
        ]);
    }
    for line in lines {
        assert!(said.lines().any(|l| l.starts_with(line)), "no line begins with: {line}\n{said}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the scratch folder is left");
}

/// A guard that lets everything through, quietly, must not pass.
#[test]
fn it_fails_where_guard_does_not_guard() {
    let folder = tempfile::tempdir().unwrap();
    let programs = tempfile::tempdir().unwrap();
    let script = "#!/bin/sh\nwhile :; do case $1 in --expect | --stages | --pause) shift 2 ;; -*) shift ;; *) exec \"$@\" ;; esac; done\n";
    let guard = programs.path().join("guard");
    fs::write(&guard, script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&guard, mode).unwrap();
    let ran = demo(programs.path(), folder.path());
    assert_eq!(ran.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(said.contains("demo: the exit code should have been 122, not 0"), "{said}");
}

#[test]
fn the_tool_file_passes_its_own_tests() {
    let operator = tempfile::tempdir().unwrap();
    let tools = operator.path().join("tools");
    fs::create_dir(&tools).unwrap();
    fs::copy(example("fleetctl.toml"), tools.join("fleetctl.toml")).unwrap();
    let shelf = Shelf::new(&Places { operator: Some(operator.path().into()), ..Places::default() });
    let file = shelf.tool("fleetctl").unwrap().unwrap();
    let (ran, failures) = tool_tests::run(&Rc::clone(&file), &shelf, &kinds().unwrap());
    assert!(ran > 0 && failures.is_empty(), "{ran} ran\n{}", failures.join("\n"));
}

#[test]
fn the_policy_reads_well() {
    let text = fs::read_to_string(example("guard.toml")).unwrap();
    parse_layer("guard.toml", &text, Standing::Site).unwrap_or_else(|fault| panic!("{}", fault.render()));
}

/// A tool of one's own is a small file: that is what the demo is there to show.
#[test]
fn the_examples_stay_small() {
    for (name, most) in [("fleetctl", 40), ("fleetctl.toml", 25), ("guard.toml", 15)] {
        let lines = fs::read_to_string(example(name)).unwrap().lines().count();
        assert!(lines <= most, "{name} has {lines} lines");
    }
}
