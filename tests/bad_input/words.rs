//! Words that no command has, too many of them, and programs that can't be run.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::scene::{GUARD, Scene, words};

/// Names with which a terminal, a log or a sentence could be forged.
const NASTY: [&str; 6] =
    ["a\nguard: all is well", "\x1b[31mred", "\x1b]52;c;Zm9v\x07", "\u{202e}txt.exe", "x\ry", "\u{9b}31m"];

#[test]
fn bytes_that_are_no_text_reach_the_command_or_a_sentence() {
    let scene = Scene::new();
    let odd = OsStr::from_bytes(b"\xff\xfe \x80");
    scene.program("kubectl", "#!/bin/sh\nexit 3\n");
    for tool in ["rm", "kubectl", "find", "kill", "git"] {
        for before in [&[][..], &["delete", "pods"], &["-rf"], &["branch", "-D"]] {
            let plan = [OsStr::new("--plan"), OsStr::new("--json"), tool.as_ref()];
            let argv = plan.into_iter().chain(before.iter().map(OsStr::new)).chain([odd]);
            let ran = scene.guard(argv).harmless();
            assert!(matches!(ran.code, Some(0 | 120 | 122 | 125)), "{tool} {before:?}: {ran:?}");
        }
    }
    fs::write(scene.at("work").join(odd), "").unwrap();
    assert_eq!(scene.guard([OsStr::new("rm"), odd]).code, Some(0));
    assert!(!scene.at("work").join(odd).exists());
    scene.guard([odd]).is(127);
    scene.guard([OsStr::new("--outcome"), odd, OsStr::new("true")]);
    scene.guard([OsStr::new("--plan-in"), odd, OsStr::new("true")]).is(125);
    scene.guard([OsStr::new("--expect"), odd, OsStr::new("true")]).is(125);
}

#[test]
fn no_command_and_empty_words() {
    let scene = Scene::new();
    scene.guard::<&str>([]).is(125);
    scene.guard(["--"]).is(125);
    scene.guard(["--plan"]).is(125);
    scene.guard([""]).is(127);
    scene.guard(["", "x"]).is(127);
    scene.guard(["rm", ""]).is(122);
    scene.guard(["rm", "-rf", ""]).is(122);
    scene.guard(["--expect", "1", "rm", "-rf", ""]).is(123);
    scene.guard(["--expect", "0", "rm", "-rf", ""]).is(122);
    assert_eq!(scene.guard(["env", "A=b", ""]).code, Some(127), "as env says it");
}

#[test]
fn wrong_usage_is_said_in_guards_name_and_escaped() {
    let scene = Scene::new();
    for nasty in NASTY {
        scene.guard(["--expect", nasty, "true"]).is(125);
        scene.guard(["--stages", "1", "--no-such-option", nasty]).is(125);
        let plan = format!("/nowhere/{nasty}");
        scene.guard(["--plan-in", &plan, "true"]).is(125);
        scene.guard(["--outcome", &plan, "true"]).is(125);
    }
    let help = scene.guard(["--help"]);
    assert!(help.code == Some(0) && help.stderr.is_empty());
}

#[test]
fn names_from_outside_are_never_shown_raw() {
    let scene =
        Scene::new().policy("[limits.destroy.small]\nconfirm = 1\n[limits.stop.member]\nconfirm = 1\n");
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    for nasty in NASTY {
        scene.guard([nasty]).is(127);
        fs::write(scene.at("work").join(nasty), "").unwrap();
        scene.guard(["rm", nasty]).is(122);
        let plan = scene.guard(["--plan", "rm", nasty]).harmless();
        assert_eq!(plan.code, Some(122));
        let plan = scene.guard(["--plan", "--json", "rm", nasty]).harmless();
        let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
        assert_eq!(plan["argv"][1], *nasty, "JSON has its own escapes");
        let removed = scene.guard(["--expect", "1", "rm", "-v", nasty]).harmless();
        assert_eq!(removed.code, Some(0), "{removed:?}");
    }
    let list = NASTY.iter().map(|n| n.replace('\n', " ")).collect::<Vec<_>>().join("\n");
    let scene = scene.listing("cat \"$SCENE/names\"");
    scene.write("names", list + "\n");
    scene.guard(["toy", "remove", "all"]).is(122);
    let log = scene.log();
    assert!(log.lines().count() > NASTY.len());
    assert!(log.chars().all(|c| c == '\n' || guard::ui::escape::visible(c)), "{log:?}");
}

#[test]
fn a_hundred_thousand_operands() {
    let scene = Scene::new().listing("seq 100000");
    let many: Vec<String> = (1..=100_000).map(|n| n.to_string()).collect();
    let with = |before: &[&str]| -> Vec<OsString> {
        before.iter().map(OsString::from).chain(many.iter().map(OsString::from)).collect()
    };
    let ran = scene.guard(with(&["toy", "remove"])).is(122);
    assert!(ran.stderr.len() < 10_000, "{} bytes of message", ran.stderr.len());
    assert!(scene.log().lines().all(|line| line.len() < 200_000));
    let ran = scene.guard(with(&["rm", "-f"]));
    assert_eq!(ran.code, Some(0), "none of them is there");
    for (tool, before) in [("kubectl", &["delete", "pod"][..]), ("kill", &[]), ("git", &["branch", "-D"])] {
        let argv = [&["--plan", tool], before].concat();
        let ran = scene.guard(with(&argv)).harmless();
        assert!(matches!(ran.code, Some(0 | 120 | 122)), "{tool}: {:?}", ran.code);
    }
}

#[test]
fn programs_that_are_not_there_or_can_t_run() {
    let scene = Scene::new();
    scene.write("work/plain", "no program");
    scene.guard(["no-such-program"]).is(127);
    scene.guard(["./gone"]).is(127);
    scene.guard(["./plain"]).is(126);
    scene.guard(["/"]).is(126);
    for words in [&["sudo", "no-such-program"][..], &["nice", "no-such-program"]] {
        let ran = scene.guard(words);
        assert!(matches!(ran.code, Some(1 | 127)), "{ran:?}");
    }
}

#[test]
fn guard_as_the_command_hides_nothing() {
    let scene = Scene::new().listing("seq 5");
    for argv in [&["guard"][..], &[GUARD], &[GUARD, GUARD]] {
        std::os::unix::fs::symlink(GUARD, scene.at("bin/guard")).ok();
        let with = |before: &[&str], after: &str| -> Vec<String> {
            let all = before.iter().chain(argv).map(|w| (*w).to_owned());
            all.chain(words(after).into_iter().map(str::to_owned)).collect()
        };
        let ran = scene.guard(with(&[], "toy remove x")).is(122);
        assert_eq!(ran.said().matches("nobody is there to ask").count(), 1);
        scene.guard(with(&["--expect", "4"], "toy remove x")).is(123);
        scene.guard(with(&["--max", "4"], "toy remove x")).is(123);
        let plan = scene.guard(with(&["--plan", "--json"], "toy remove x"));
        assert_eq!(plan.code, Some(122));
        assert!(String::from_utf8_lossy(&plan.stdout).contains("\"toy remove\""), "{plan:?}");
        scene.guard(with(&["--expect", "5"], "--max 9 toy remove x")).is(125);
        assert!(scene.removed().is_empty());
    }
    assert_eq!(scene.guard(["--expect", "5", "guard", "toy", "remove", "x"]).code, Some(0));
    assert_eq!(scene.removed(), ["1", "2", "3", "4", "5"]);
    assert_eq!(scene.guard(["guard", "true"]).code, Some(0));
}
