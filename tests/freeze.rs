//! Never wider than shown, and nothing lost: what changes while a question waits, and guards that are killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod scene;
mod terminal;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use proptest::prelude::*;
use scene::{GUARD, Scene, TOY_FILE, words};
use terminal::{Terminal, until};

const QUESTION: &str = "to go on: ";
const ALWAYS_ASK: &str = "[limits.destroy.small]\nconfirm = 1\ndry_run = 100000\n";

/// Says that the operator's policy does not rule on this machine.
fn skipped() -> bool {
    let skip = Scene::ruled_elsewhere();
    if skip {
        println!("skipped: this machine has a site of its own in /etc/guard");
    }
    skip
}

/// Asks on a terminal, changes the world, gives the answer; returns the exit code.
fn meanwhile(scene: &Scene, argv: &str, answer: &str, change: impl FnOnce()) -> Option<i32> {
    let mut command = scene.command(GUARD);
    command.args(words(argv));
    let mut terminal = Terminal::start(command, [true; 3]);
    terminal.expect(QUESTION);
    change();
    terminal.send(answer);
    terminal.end().code()
}

/// `tree` with two files and a folder, and `precious` beside it.
fn tree() -> Scene {
    let scene = Scene::new().policy(ALWAYS_ASK);
    for path in ["work/tree/a", "work/tree/sub/b", "work/precious/one", "work/precious/two"] {
        scene.write(path, path);
    }
    scene
}

#[test]
fn a_link_in_the_place_of_a_folder_is_not_followed() {
    if skipped() {
        return;
    }
    for (swapped, count) in [("work/tree", "4\n"), ("work/tree/sub", "4\n")] {
        let scene = tree();
        meanwhile(&scene, "rm -rf tree", count, || {
            fs::rename(scene.at(swapped), scene.at("aside")).unwrap();
            symlink(scene.at("work/precious"), scene.at(swapped)).unwrap();
        });
        for kept in ["work/precious/one", "work/precious/two"] {
            assert!(scene.at(kept).exists(), "{kept} after {swapped}");
        }
    }
}

#[test]
fn what_appears_while_the_question_waits_survives() {
    if skipped() {
        return;
    }
    let scene = tree();
    let code = meanwhile(&scene, "rm -rf tree", "4\n", || {
        scene.write("work/tree/sub/new", "new");
        scene.write("work/tree/fresh/new", "new");
    });
    assert_ne!(code, Some(0), "it says that something is left");
    assert!(scene.at("work/tree/sub/new").exists() && scene.at("work/tree/fresh/new").exists());
    assert!(!scene.at("work/tree/a").exists() && !scene.at("work/tree/sub/b").exists());
}

#[test]
fn what_is_put_in_the_place_of_something_survives() {
    if skipped() {
        return;
    }
    let scene = tree();
    meanwhile(&scene, "rm -rf tree", "4\n", || {
        // Made before the old one goes, so that it can't get its inode number.
        fs::rename(scene.write("other", "precious"), scene.at("work/tree/a")).unwrap();
        fs::rename(scene.at("work/tree/sub"), scene.at("aside")).unwrap();
        scene.write("work/tree/sub/b", "another b");
    });
    assert_eq!(fs::read_to_string(scene.at("work/tree/a")).unwrap(), "precious");
    assert_eq!(fs::read_to_string(scene.at("work/tree/sub/b")).unwrap(), "another b");
}

/// A stub tool whose world is the file `names`, one name and uid a line.
fn fleet(freeze: &str) -> Scene {
    let scene = Scene::new().listing("cat \"$SCENE/names\"");
    let text = TOY_FILE.replace("\"names\"\nnarrow", &format!("\"{freeze}\"\nnarrow"));
    scene.write(
        "config/guard/tools/toy.toml",
        text + "read = { as = \"tabs\", fields = [\"key\", \"uid\"] }\n",
    );
    scene.write("names", "a\t1\nb\t2\nc\t3\n");
    scene
}

#[test]
fn targets_that_appear_are_not_hit_when_names_are_frozen() {
    let scene = fleet("names");
    let code = meanwhile(&scene, "toy remove x", "3\n", || {
        scene.write("names", "a\t1\nb\t2\nc\t3\nd\t4\n");
    });
    assert_eq!((code, scene.removed().join(" ").as_str()), (Some(0), "a b c"));
}

#[test]
fn a_target_exchanged_under_its_name_stops() {
    let scene = fleet("names");
    let code = meanwhile(&scene, "toy remove x", "3\n", || {
        scene.write("names", "a\t1\nb\t9\nc\t3\n");
    });
    assert_eq!((code, scene.removed().len()), (Some(123), 0));
}

#[test]
fn growth_and_a_listing_that_fails_stop_a_relist() {
    for now in ["a\t1\nb\t2\nc\t3\nd\t4\n", "a\t1\nb\t2\nd\t4\n", "a\t1\nb\t2"] {
        let scene = fleet("relist");
        let code = meanwhile(&scene, "toy remove x", "3\n", || drop(scene.write("names", now)));
        assert_eq!((code, scene.removed().len()), (Some(123), 0), "{now:?}");
    }
    let scene = fleet("relist");
    let code = meanwhile(&scene, "toy remove x", "3\n", || drop(scene.write("names", "a\t1\n")));
    assert_eq!((code, scene.removed().join(" ").as_str()), (Some(0), "x"), "fewer is no growth");
}

/// The records of the log, verified.
fn verified(scene: &Scene) -> String {
    let mut command = scene.command(env!("CARGO_BIN_EXE_guardctl"));
    command.args(["audit", "verify"]);
    let ran = scene::ran(command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    scene.log()
}

#[test]
fn the_decision_is_on_disk_before_the_act() {
    let scene = fleet("names");
    assert_eq!(scene.guard(words("--expect 3 toy remove x")).code, Some(0));
    let then = fs::read_to_string(scene.at("log-when-run")).unwrap();
    assert!(then.contains("toy remove") && then.contains("\"granted\":true"), "{then}");
    assert!(!then.contains("\"outcome\""), "{then}");
    let after = verified(&scene);
    assert!(after.starts_with(&then) && after.contains("\"outcome\""), "{after}");
}

#[test]
fn a_guard_that_is_killed_leaves_a_log_that_verifies() {
    let scene = fleet("names").env("TOY_RUN", "touch \"$SCENE/running\"; sleep 1");
    let mut command = scene.command(GUARD);
    command.args(words("toy remove x"));
    let mut terminal = Terminal::start(command, [true; 3]);
    terminal.expect(QUESTION);
    terminal.child.kill().unwrap();
    terminal.end();
    assert!(scene.removed().is_empty());

    let mut command = scene.command(GUARD);
    command.args(words("--expect 3 toy remove x"));
    let mut guard = command.spawn().unwrap();
    until(|| scene.at("running").exists().then_some(()));
    guard.kill().unwrap();
    guard.wait().unwrap();
    let log = verified(&scene);
    assert_eq!(log.matches("\"granted\":true").count(), 1);

    // The next one asks as ever, though the last one was killed while it had its turn.
    assert_eq!(meanwhile(&scene, "toy remove x", "3\n", || ()), Some(0));
    assert_eq!(verified(&scene).matches("\"granted\":true").count(), 2);
}

/// All paths below a folder, with what kind each is.
fn below(scene: &Scene, folder: &str) -> BTreeSet<String> {
    let found = Command::new("/usr/bin/find").arg(scene.at(folder)).args(["-printf", "%y %P\\n"]).output();
    String::from_utf8(found.unwrap().stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Grows the same small tree in two folders. Every word is a path and what stands there.
fn grow(scene: &Scene, entries: &[(Vec<u8>, u8)]) {
    for folder in ["work", "copy"] {
        fs::create_dir_all(scene.at(folder).join("tree")).unwrap();
        fs::create_dir_all(scene.at(folder).join("beside")).unwrap();
        fs::write(scene.at(folder).join("beside/kept"), "").unwrap();
        for (steps, what) in entries {
            let steps: Vec<String> = steps.iter().map(|s| format!("n{s}")).collect();
            let at = scene.at(folder).join("tree").join(steps.join("/"));
            if fs::create_dir_all(at.parent().unwrap()).is_err() || at.symlink_metadata().is_ok() {
                continue;
            }
            let _ = match what {
                0 => fs::create_dir(&at),
                1 => symlink("../beside", &at),
                2 => symlink("/nowhere", &at),
                3 => fs::hard_link(scene.at(folder).join("beside/kept"), &at),
                _ => fs::write(&at, "x"),
            };
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_removed_is_what_was_planned_and_what_rm_removes(
        entries in prop::collection::vec((prop::collection::vec(0u8..3, 1..5), 0u8..8), 0..20),
        operand in prop::sample::select(vec!["tree", "tree/", "tree/n0", "tree/n1/n0", "./tree", "tree/n0 tree/n1"]),
    ) {
        if Scene::ruled_elsewhere() {
            return Ok(());
        }
        let scene = Scene::new().policy(ALWAYS_ASK);
        grow(&scene, &entries);
        let before = below(&scene, "work");
        prop_assert_eq!(&before, &below(&scene, "copy"));
        let plan = scene.guard(words(&format!("--plan --json rm -rf {operand}")));
        let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
        let count = plan["scope"]["count"].as_u64().unwrap();

        let ran = scene.guard(words(&format!("--expect {count} rm -rf {operand}")));
        let mut rm = Command::new("/bin/rm");
        rm.arg("-rf").args(words(operand)).current_dir(scene.at("copy"));
        let bare = rm.output().unwrap();
        let after = below(&scene, "work");
        prop_assert_eq!(&after, &below(&scene, "copy"), "{:?}", ran);
        prop_assert_eq!(count, before.difference(&after).count() as u64, "{:?}", plan);
        prop_assert_eq!(ran.code, bare.status.code(), "{:?}", ran);
    }
}
