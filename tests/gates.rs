//! The gates of the real guard on a real terminal: what is asked, who answers, how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod scene;
mod terminal;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use scene::{GUARD, Scene, words};
use terminal::{Terminal, until};

/// The question at the end of a prompt.
const NUMBER: &str = "to go on: ";

fn scene() -> Scene {
    Scene::new().listing("seq 5")
}

/// Starts guard on a terminal.
fn on_terminal(scene: &Scene, argv: &str) -> Terminal {
    let mut command = scene.command(GUARD);
    command.args(words(argv));
    Terminal::start(command, [true; 3])
}

/// Asks, answers, and returns the exit code.
fn answered(scene: &Scene, argv: &str, keys: &str) -> Option<i32> {
    let mut terminal = on_terminal(scene, argv);
    terminal.expect(NUMBER);
    terminal.send(keys);
    terminal.end().code()
}

#[test]
fn the_number_lets_it_run_and_nothing_else_does() {
    let scene = scene();
    for wrong in ["4\n", "y\n", "yes\n", "\n", "55\n", "5 5\n", "-5\n", "0x5\n", "5.\n"] {
        assert_eq!(answered(&scene, "toy remove x", wrong), Some(121), "{wrong:?}");
        // What the next command of the same test asks is no part of the same script.
        let _ = fs::remove_dir_all(scene.at("run/guard"));
    }
    assert!(scene.removed().is_empty());
    assert_eq!(answered(&scene, "toy remove x", " 5 \n"), Some(0));
    assert_eq!(scene.removed(), ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_number_may_be_typed_as_it_is_shown() {
    let scene = Scene::new()
        .listing("seq 1234")
        .policy("[limits.\"toy remove\"]\nconfirm = 1\ndry_run = 9999\nstage = 9999\n");
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    let mut terminal = on_terminal(&scene, "toy remove x");
    assert!(terminal.expect(NUMBER).contains("1,234 servers"));
    terminal.send("1,234\n");
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(scene.removed().len(), 1234);
}

#[test]
fn one_target_is_confirmed_by_its_name() {
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    let scene = Scene::new().listing("echo web-1").policy("[limits.\"toy remove\"]\nconfirm = 1\n");
    assert_eq!(answered(&scene, "toy remove x", "1\n"), Some(121));
    let _ = fs::remove_dir_all(scene.at("run/guard"));
    assert_eq!(answered(&scene, "toy remove x", "web-1\n"), Some(0));
    assert_eq!(scene.removed(), ["web-1"]);
}

#[test]
fn what_can_t_be_counted_is_confirmed_by_the_place() {
    let scene = Scene::new().listing("exit 1");
    assert_eq!(answered(&scene, "toy remove x", "1\n"), Some(121));
    let _ = fs::remove_dir_all(scene.at("run/guard"));
    let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
    assert_eq!(answered(&scene, "toy remove x", &format!("{host}\n")), Some(0));
    assert_eq!(scene.removed(), ["x"]);
}

#[test]
fn silence_the_end_of_input_and_a_lost_terminal_are_no() {
    let quick = scene().policy("[prompt]\ntimeout = \"1s\"\n");
    if !Scene::ruled_elsewhere() {
        let mut terminal = on_terminal(&quick, "toy remove x");
        terminal.expect("nobody answered");
        assert_eq!(terminal.end().code(), Some(121));
    }
    let scene = scene();
    assert_eq!(answered(&scene, "toy remove x", "\x04"), Some(121));
    let _ = fs::remove_dir_all(scene.at("run/guard"));
    let mut terminal = on_terminal(&scene, "toy remove x");
    terminal.expect(NUMBER);
    terminal.hang_up();
    let end = terminal.end();
    assert!(end.code() == Some(121) || end.signal() == Some(libc::SIGHUP), "{end:?}");
    assert!(scene.removed().is_empty() && quick.removed().is_empty());
}

fn signalled(terminal: &mut Terminal, signal: i32) -> Option<i32> {
    // SAFETY: the child has not been waited for.
    unsafe { libc::kill(terminal.child.id() as i32, signal) };
    terminal.end().signal()
}

#[test]
fn guard_ends_of_a_signal_at_the_question() {
    let scene = scene();
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        let mut terminal = on_terminal(&scene, "toy remove x");
        terminal.expect(NUMBER);
        assert_eq!(signalled(&mut terminal, signal), Some(signal));
        let _ = fs::remove_dir_all(scene.at("run/guard"));
    }
    let mut terminal = on_terminal(&scene, "toy remove x");
    terminal.expect(NUMBER);
    terminal.send("\x03");
    assert_eq!(terminal.end().signal(), Some(libc::SIGINT));
    assert!(scene.removed().is_empty());
}

#[test]
fn guard_ends_of_a_signal_while_it_counts() {
    let scene = Scene::new().listing("touch \"$SCENE/counting\"; sleep 1000");
    scene.write("config/guard/tools/toy.toml", scene::TOY_FILE.replace("1s", "100s"));
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let _ = fs::remove_file(scene.at("counting"));
        let mut terminal = on_terminal(&scene, "toy remove x");
        until(|| scene.at("counting").exists().then_some(()));
        assert_eq!(signalled(&mut terminal, signal), Some(signal));
    }
    assert!(scene.removed().is_empty());
}

#[test]
fn the_command_gets_a_signal_and_guard_ends_as_it_does() {
    for (signal, trap, end) in [
        (libc::SIGTERM, "", (None, Some(libc::SIGTERM))),
        (libc::SIGHUP, "", (None, Some(libc::SIGHUP))),
        (libc::SIGINT, "", (None, Some(libc::SIGINT))),
        (libc::SIGTERM, "trap 'exit 9' TERM; ", (Some(9), None)),
    ] {
        let run = format!("{trap}touch \"$SCENE/running\"; while :; do sleep 0.05; done");
        let scene = scene().env("TOY_RUN", run);
        let mut terminal = on_terminal(&scene, "toy remove x");
        terminal.expect(NUMBER);
        terminal.send("5\n");
        until(|| scene.at("running").exists().then_some(()));
        // SAFETY: the child has not been waited for.
        unsafe { libc::kill(terminal.child.id() as i32, signal) };
        let ended = terminal.end();
        assert_eq!((ended.code(), ended.signal()), end, "{signal} {trap}");
    }
}

#[test]
fn stopped_and_continued_the_whole_question_comes_again() {
    let scene = scene();
    let mut bash = scene.command("bash");
    bash.args(["--norc", "--noprofile", "-i"]).env("PS1", "$ ").env("GUARD", GUARD);
    let mut terminal = Terminal::start(bash, [true; 3]);
    terminal.expect("$ ");
    terminal.insist("$GUARD toy remove x\n", NUMBER);
    terminal.insist("\x1a", "Stopped");
    terminal.expect("$ ");
    terminal.insist("fg\n", NUMBER);
    terminal.send("5\n");
    until(|| (scene.removed().len() == 5).then_some(()));
}

#[test]
fn what_was_typed_before_does_not_answer() {
    let scene = scene();
    let mut command = scene.command("sh");
    command
        .args(["-c", "printf ready; until [ -e \"$SCENE/go\" ]; do :; done; exec \"$GUARD\" toy remove x"]);
    command.env("GUARD", GUARD);
    let mut terminal = Terminal::start(command, [true; 3]);
    terminal.expect("ready");
    terminal.send("5\n5\n");
    terminal.expect("5\r\n5\r\n");
    scene.write("go", "");
    terminal.expect(NUMBER);
    terminal.send("no\n");
    assert_eq!(terminal.end().code(), Some(121));
    assert!(scene.removed().is_empty());
}

#[test]
fn the_terminal_is_asked_wherever_the_streams_go() {
    let scene = scene();
    for streams in [[false, true, true], [true, true, false], [false; 3]] {
        let mut command = scene.command(GUARD);
        command.args(words("toy remove x"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut terminal = Terminal::start(command, streams);
        assert!(terminal.expect(NUMBER).contains("5 servers"));
        terminal.send("5\n");
        assert_eq!(terminal.end().code(), Some(0), "{streams:?}");
    }
}

#[test]
fn ci_and_no_input_mean_no_terminal() {
    let scene = scene();
    let mut command = scene.command(GUARD);
    command.args(words("toy remove x")).env("CI", "true");
    assert_eq!(Terminal::start(command, [true; 3]).end().code(), Some(122));
    assert_eq!(on_terminal(&scene, "--no-input toy remove x").end().code(), Some(122));
    assert!(scene.removed().is_empty());
}

#[test]
fn one_no_holds_for_all_of_xargs() {
    let scene = scene();
    let mut command = scene.command("sh");
    command.args(["-c", "seq 20 | xargs -P3 -n1 \"$GUARD\" toy remove; echo xargs=$?"]).env("GUARD", GUARD);
    let mut terminal = Terminal::start(command, [true; 3]);
    terminal.expect(NUMBER);
    terminal.send("no\n");
    let after = terminal.expect("xargs=");
    assert!(!after.contains(NUMBER), "{after}");
    assert!(after.contains("the answer to a command of the same script was no"), "{after}");
    assert!(scene.removed().is_empty());
}

#[test]
fn a_dry_run_is_paged_and_can_be_left() {
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    let scene = Scene::new().listing("seq 60").policy("[limits.\"toy remove\"]\ndry_run = 1\n");
    let mut terminal = on_terminal(&scene, "toy remove x");
    terminal.expect("server  1\r\n");
    terminal.expect("Enter for more");
    terminal.send("\n");
    terminal.expect("Enter for more");
    terminal.send("q\n");
    terminal.expect(NUMBER);
    terminal.send("60\n");
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(scene.removed().len(), 60);
    // Ctrl-C between pages is no way to the question.
    let mut terminal = on_terminal(&scene, "toy remove x");
    terminal.expect("Enter for more");
    terminal.send("\x03");
    assert_eq!(terminal.end().signal(), Some(libc::SIGINT));
    assert_eq!(scene.removed().len(), 60);
}

#[test]
fn approve_asks_for_the_place_and_a_reason() {
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
    let scene = scene().policy("[limits.\"toy remove\"]\napprove = 1\n");
    assert_eq!(answered(&scene, "toy remove x", "5\n"), Some(121));
    for (reason, code) in [("\n", 121), ("disk swap in rack 7\n", 0)] {
        let _ = fs::remove_dir_all(scene.at("run/guard"));
        let mut terminal = on_terminal(&scene, "toy remove x");
        terminal.expect(NUMBER);
        terminal.send(&format!("{host}\n"));
        terminal.expect("why: ");
        terminal.send(reason);
        assert_eq!(terminal.end().code(), Some(code));
    }
    assert!(scene.log().contains("disk swap in rack 7"));
    assert_eq!(scene.removed().len(), 5);
    assert_eq!(on_terminal(&scene, "--no-input --expect 5 toy remove x").end().code(), Some(122));
}

#[test]
fn stages_run_one_after_another() {
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    let scene = Scene::new().listing("seq 10").policy("[limits.\"toy remove\"]\nstage = 1\n");
    let mut terminal = on_terminal(&scene, "toy remove x");
    assert!(terminal.expect(NUMBER).contains("stages of 1, 4, 5"));
    terminal.send("10\n");
    terminal.expect("stage 3 of 3");
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(scene.removed().len(), 10);
}

#[test]
fn broken_glass_asks_nothing_and_is_loud_in_the_log() {
    let scene = scene();
    let mut command = scene.command(GUARD);
    command.args(["--break-glass", "the fire is real", "toy", "remove", "x"]);
    assert_eq!(Terminal::start(command, [true; 3]).end().code(), Some(0));
    assert!(scene.log().contains("BREAK GLASS: the fire is real"));
    assert_eq!(scene.removed().len(), 5);
}
