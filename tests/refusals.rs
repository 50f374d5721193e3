//! What counts as a no, for whom it holds, and that what is shown waits for its turn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod scene;
mod terminal;

use scene::{GUARD, Scene, words};
use terminal::Terminal;

/// The question at the end of a prompt.
const NUMBER: &str = "to go on: ";

/// The sentence on a no that was said before.
const REMEMBERED: &str = "the answer to a command of the same script was no";

/// Three guards of one xargs on a terminal, `at_once` of them side by side.
fn three(scene: &Scene, at_once: u32) -> Terminal {
    let mut command = scene.command("sh");
    let text = format!("seq 3 | xargs -P{at_once} -n1 \"$GUARD\" toy remove; echo xargs=$?");
    command.args(["-c", &text]).env("GUARD", GUARD);
    Terminal::start(command, [true; 3])
}

/// The first question is answered by `keys`; the two others are not asked any more.
#[track_caller]
fn one_no_for_three(scene: &Scene, keys: &str, why: &str) {
    for at_once in [1, 3] {
        let mut terminal = three(scene, at_once);
        terminal.expect(NUMBER);
        terminal.send(keys);
        let after = terminal.expect("xargs=");
        assert!(after.contains(why), "{after}");
        assert!(!after.contains(NUMBER), "{after}");
        assert_eq!(after.matches(REMEMBERED).count(), 2, "{after}");
    }
    assert!(scene.removed().is_empty());
}

#[test]
fn the_end_of_input_is_a_no_for_all_of_the_script() {
    one_no_for_three(&Scene::new().listing("seq 5"), "\x04", "the terminal went away");
}

#[test]
fn silence_is_a_no_for_all_of_the_script() {
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    let scene = Scene::new().listing("seq 5").policy("[prompt]\ntimeout = \"1s\"\n");
    one_no_for_three(&scene, "", "nobody answered");
}

#[test]
fn a_reason_that_is_not_given_is_a_no_for_all_of_the_script() {
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
    let scene = Scene::new().listing("seq 5").policy("[limits.\"toy remove\"]\napprove = 1\n");
    let mut terminal = three(&scene, 1);
    terminal.expect(NUMBER);
    terminal.send(&format!("{host}\n"));
    terminal.expect("why: ");
    terminal.send("\n");
    let after = terminal.expect("xargs=");
    assert_eq!(after.matches(REMEMBERED).count(), 2, "{after}");
    assert!(scene.removed().is_empty());
}

#[test]
fn pages_wait_for_their_turn() {
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    let scene = Scene::new().listing("seq 60").policy("[limits.\"toy remove\"]\ndry_run = 1\n");
    let mut terminal = three(&scene, 3);
    terminal.expect("Enter for more");
    terminal.send("q\n");
    let between = terminal.expect(NUMBER);
    assert!(!between.contains("Enter for more"), "{between}");
    terminal.send("no\n");
    let after = terminal.expect("xargs=");
    assert!(!after.contains("Enter for more"), "{after}");
    assert_eq!(after.matches(REMEMBERED).count(), 2, "{after}");
    assert!(scene.removed().is_empty());
}

#[test]
fn the_end_of_input_between_pages_is_a_no() {
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    let scene = Scene::new().listing("seq 60").policy("[limits.\"toy remove\"]\ndry_run = 1\n");
    let mut terminal = three(&scene, 1);
    terminal.expect("Enter for more");
    terminal.send("\x04");
    let after = terminal.expect("xargs=");
    assert_eq!(after.matches(REMEMBERED).count(), 2, "{after}");
    assert!(scene.removed().is_empty());
}

#[test]
fn what_nothing_calls_risky_hits_no_target() {
    let scene = Scene::new().listing("seq 5");
    for command in ["true", "sudo true", "toy list", "rm --help"] {
        let ran = scene.guard(words(&format!("--expect 3 {command}"))).is(123);
        assert!(ran.said().contains("--expect said 3"), "{ran:?}");
        assert_eq!(scene.guard(words(&format!("--plan --expect 3 {command}"))).code, Some(123));
    }
    for option in ["--max 3", "--max 0", "--expect 0"] {
        assert_eq!(scene.guard(words(&format!("{option} true"))).code, Some(0), "{option}");
    }
}

#[test]
fn the_command_of_an_inner_guard_is_judged_behind_wrappers_too() {
    let scene = Scene::new().listing("seq 5");
    std::fs::create_dir_all(scene.at("work")).unwrap();
    let guarded = |front: &str| {
        let mut all = words(front);
        all.extend([GUARD, "toy", "remove", "x"]);
        scene.guard(all)
    };
    for wrapper in ["env A=b", "nice -n 5", "env -u NONE nice"] {
        let plan = guarded(&format!("--plan --json {wrapper}"));
        assert_eq!(plan.code, Some(122), "{plan:?}");
        let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
        assert_eq!(
            (&plan["action"], &plan["scope"]["count"]),
            (&"toy remove".into(), &5.into()),
            "{wrapper}"
        );
        guarded(&format!("--expect 4 {wrapper}")).is(123);
    }
    // A word that only looks like one is none.
    assert_eq!(scene.guard(["--max", "3", "env", "echo", GUARD, "toy"]).code, Some(0));
    // Options on both sides say nothing clear.
    scene.guard(["--plan", "nice", GUARD, "--max", "3", "toy", "remove", "x"]).is(125);
    assert!(scene.removed().is_empty());
    assert_eq!(guarded("--expect 5 nice").code, Some(0));
    assert_eq!(scene.removed().len(), 5);
}
