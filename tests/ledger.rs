//! Many small commands: a loop stops where one wide command would, whatever the ledger goes through.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod scene;

use std::fs;
use std::process::{Command, Stdio};

use scene::{GUARD, Ran, Scene, words};

/// A tool that lists what it is given, and `ssh` that only writes down what it was told.
fn scene() -> Scene {
    let scene = Scene::new().listing("printf '%s\\n' \"$@\"");
    scene.write("config/guard/tools/toy.toml", tool());
    scene.program("ssh", "#!/bin/sh\nprintf '%s\\n' \"$*\" >>\"$SCENE/told\"\n");
    scene
}

/// The toy removes robots: a kind that no table knows is a member.
fn tool() -> String {
    scene::TOY_FILE.replace("server", "robot")
}

/// How many of the lines that `ssh` was told.
fn told(scene: &Scene) -> usize {
    fs::read_to_string(scene.at("told")).unwrap_or_default().lines().count()
}

/// Removes servers one by one; returns how many of the commands ran.
fn one_by_one(scene: &Scene, names: std::ops::RangeInclusive<u32>) -> usize {
    names.filter(|n| scene.guard(["toy", "remove", &format!("s{n}")]).code == Some(0)).count()
}

fn opened(scene: &Scene) -> bool {
    scene.at("state/guard/ledger.sqlite").exists()
}

#[test]
fn a_loop_over_hosts_stops_where_the_sum_asks() {
    if Scene::ruled_elsewhere() {
        return;
    }
    let scene = scene();
    for host in 1..=20 {
        let ran = scene.guard(["ssh", &format!("h{host}"), "reboot"]);
        if host < 8 {
            assert_eq!((ran.code, ran.said().as_str()), (Some(0), ""));
            continue;
        }
        let said = ran.is(122).said();
        assert!(
            said.contains("this host and 7 others in the last 10 minutes: 8 hosts (confirm from 8"),
            "{said}"
        );
        assert!(said.contains(&format!("guard --max 8 ssh h{host} reboot")), "{said}");
    }
    assert_eq!(told(&scene), 7, "what was refused was not hit");
    // The same hosts again are no others, and what --expect says is this command alone.
    assert_eq!(scene.guard(words("--expect 1 ssh h9 reboot")).code, Some(122));
    assert_eq!(scene.guard(words("--max 8 ssh h9 reboot")).code, Some(0));
    assert_eq!(scene.guard(words("--max 8 ssh h10 reboot")).code, Some(122));
    assert_eq!(told(&scene), 8);
}

#[test]
fn everyday_work_is_not_asked() {
    let scene = scene();
    for _ in 0..12 {
        assert_eq!(scene.guard(words("toy remove s1")).code, Some(0));
    }
    assert_eq!(one_by_one(&scene, 2..=5), 4, "twice what one command may hit is free");
    assert_eq!(one_by_one(&scene, 6..=6), 0);
    let other = scene.guard(words("ssh h1 reboot"));
    assert_eq!(other.code, Some(0), "another action: {}", other.said());
}

#[test]
fn sixteen_at_once_take_no_more_than_there_is() {
    let scene = scene();
    let start = |n: u32| {
        let mut command: Command = scene.command(GUARD);
        command.args(["toy", "remove", &format!("s{n}")]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let all: Vec<_> = (0..16).map(start).collect();
    let codes: Vec<_> = all.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 5, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == Some(122)).count(), 11, "{codes:?}");
    assert_eq!(scene.removed().len(), 5);
}

#[test]
fn what_no_rule_sums_opens_no_ledger() {
    let scene = scene();
    scene.write("work/one", "");
    for line in
        ["rm one", "sh -c true", "toy list x", "ssh h1 uptime", "git branch -D mine", "--plan toy remove s1"]
    {
        assert_eq!(scene.guard(words(line)).code, Some(0), "{line}");
        assert!(!opened(&scene), "{line}");
    }
    let scene = scene.policy("[budget.\"rm remove\"]\nmax = 2\nwindow = \"1h\"\n");
    assert_eq!(scene.guard(words("rm -f none")).code, Some(0));
    assert!(!opened(&scene), "nothing is hit");
}

#[test]
fn a_ledger_that_cannot_be_used_is_unknown_and_harms_nothing_harmless() {
    type Breaking = fn(&Scene);
    let broken: [(&str, Breaking); 4] = [
        ("damaged", |scene| drop(scene.write("state/guard/ledger.sqlite", "no database ".repeat(1000)))),
        ("a folder", |scene| fs::create_dir_all(scene.at("state/guard/ledger.sqlite")).unwrap()),
        ("a link", |scene| {
            fs::create_dir_all(scene.at("state/guard")).unwrap();
            std::os::unix::fs::symlink("/dev/null", scene.at("state/guard/ledger.sqlite")).unwrap();
        }),
        ("no folder", |scene| {
            fs::remove_dir(scene.at("state")).unwrap();
            scene.write("state", "");
        }),
    ];
    for (what, breaking) in broken {
        let scene = scene();
        breaking(&scene);
        fs::set_permissions(scene.at("home"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let ran = scene.guard(words("toy remove s1"));
        assert!(matches!(ran.code, Some(122 | 125)), "{what}: {ran:?}");
        assert!(scene.removed().is_empty(), "{what}");
        let said = ran.said();
        assert!(said.contains("what was hit before is not known") || what == "no folder", "{what}: {said}");
        let ran = scene.guard(words("sh -c true"));
        assert_eq!((ran.code, ran.said().as_str()), (Some(0), ""), "{what}");
        scene.write("work/one", "");
        assert_eq!(scene.guard(words("rm one")).code, Some(0), "{what}");
    }
}

#[test]
fn a_ledger_that_another_holds_is_waited_for_and_then_unknown() {
    let scene = scene();
    assert_eq!(one_by_one(&scene, 1..=1), 1);
    let holder = rusqlite::Connection::open(scene.at("state/guard/ledger.sqlite")).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let said = scene.guard(words("toy remove s2")).is(122).said();
    assert!(said.contains("it was locked for 5 seconds"), "{said}");
    holder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(one_by_one(&scene, 2..=2), 1);
}

fn budgeted(scene: Scene) -> Scene {
    scene.policy("[budget.\"toy remove\"]\nmax = 2\nwindow = \"1h\"\n")
}

#[test]
fn a_budget_that_is_spent_denies() {
    if Scene::ruled_elsewhere() {
        return;
    }
    let scene = budgeted(scene());
    assert_eq!(one_by_one(&scene, 1..=2), 2);
    let denied = |ran: Ran| {
        let said = ran.is(120).said();
        assert!(said.contains("this robot and 2 others in the last hour: 3 robots (a budget of 2"), "{said}");
    };
    denied(scene.guard(words("toy remove s3")));
    denied(scene.guard(words("--max 9 toy remove s3")));
    assert_eq!(one_by_one(&scene, 2..=2), 1, "what was hit already is no other");
    let glass = scene.guard(["--break-glass", "the room is on fire", "toy", "remove", "s3"]);
    assert_eq!(glass.code, Some(0), "{glass:?}");
    assert!(glass.said().contains("BREAK GLASS"), "{glass:?}");
    assert_eq!(scene.guard(words("--plan toy remove s4")).code, Some(120));

    let mut show = scene.command(env!("CARGO_BIN_EXE_guardctl"));
    let shown = show.args(["budget", "show", "--json"]).output().unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["budgets"][0]["used"][0]["used"], 3);
    assert_eq!(shown["budgets"][0]["used"][0]["left"], 0);
    let mut show = scene.command(env!("CARGO_BIN_EXE_guardctl"));
    let text = String::from_utf8(show.args(["budget", "show"]).output().unwrap().stdout).unwrap();
    assert!(text.contains("budget.\"toy remove\": 2 in the last hour, for each operator"), "{text}");
    assert!(text.contains("3 used (robot), 0 left"), "{text}");
}

#[test]
fn a_project_adds_a_budget_and_takes_none_away() {
    if Scene::ruled_elsewhere() {
        return;
    }
    let project = |max: u32| format!("[budget.\"toy remove\"]\nmax = {max}\nwindow = \"1h\"\n");
    let scene = budgeted(scene());
    scene.write("work/.guard.toml", project(50));
    assert_eq!(one_by_one(&scene, 1..=4), 2);
    scene.write("work/.guard.toml", project(1));
    assert_eq!(scene.guard(words("toy remove s1")).code, Some(120), "s2 is another");
    for (text, code) in [
        ("loops = { window = \"0s\", times = 100 }\n", 120),
        ("loops = { except = [\"robot\"] }\n", 125),
        ("ledger = { path = \"/dev/null\" }\n", 125),
        ("[budget.\"toy remove\"]\nmax = 0\nwindow = \"1h\"\n", 125),
        ("[budget.toy]\nmax = 1\nwindow = \"1h\"\n", 125),
        ("[budget.stop]\nmax = 1\nwindow = \"32d\"\n", 125),
    ] {
        scene.write("work/.guard.toml", text);
        assert_eq!(scene.guard(words("toy remove s3")).code, Some(code), "{text}");
    }
}

#[test]
fn an_effect_has_a_budget_over_all_its_actions_but_not_for_files() {
    let scene = scene()
        .policy("[budget.stop]\nmax = 2\nwindow = \"1h\"\n[budget.destroy]\nmax = 1\nwindow = \"1h\"\n");
    scene.write(
        "config/guard/tools/toy.toml",
        format!(
            "{}{}",
            tool(),
            r#"
[[action]]
name = "park"
match = "park"
effect = "stop"
targets = { kind = "robot" }
"#
        ),
    );
    assert_eq!(one_by_one(&scene, 1..=1), 1);
    assert_eq!(scene.guard(words("toy park s2")).code, Some(0));
    assert_eq!(scene.guard(words("toy park s3")).code, Some(120));
    for file in ["a", "b", "c"] {
        scene.write(&format!("work/{file}"), "");
        assert_eq!(scene.guard(["rm", file]).code, Some(0));
    }
}

#[test]
fn the_ledger_of_a_site_may_be_shared_by_a_group_and_nobody_else() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |scene: &Scene, path: &str, mode| {
        fs::set_permissions(scene.at(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    let scene = scene();
    fs::create_dir(scene.at("shared")).unwrap();
    scene.write("shared/ledger.sqlite", "");
    mode(&scene, "shared", 0o3770);
    mode(&scene, "shared/ledger.sqlite", 0o660);
    let path = scene.at("shared/ledger.sqlite");
    let scene = scene.policy(&format!("ledger = {{ path = \"{}\" }}\n", path.display()));
    assert_eq!(one_by_one(&scene, 1..=7), 5);
    assert!(!opened(&scene));
    for file in ["shared/ledger.sqlite-wal", "shared/ledger.sqlite-shm"] {
        let is = scene.at(file).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(is, 0o660, "others of the group write here, too: {file}");
    }
    mode(&scene, "shared/ledger.sqlite", 0o666);
    let said = scene.guard(words("toy remove s1")).is(122).said();
    assert!(said.contains("may be written by others"), "{said}");
}
