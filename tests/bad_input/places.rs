//! No home, no folder, no streams, no disk.

use std::process::Command;

use crate::scene::{GUARD, Scene, ran, words};

/// Runs a shell script with guard as `$GUARD`.
fn script(scene: &Scene, text: &str) -> crate::scene::Ran {
    let mut command = scene.command("sh");
    command.args(["-c", text]).env("GUARD", GUARD);
    ran(command)
}

#[test]
fn without_a_home_or_with_one_that_is_none() {
    for home in [None, Some(""), Some("relative"), Some("/dev/null"), Some("/proc/nowhere")] {
        let scene = Scene::new().listing("seq 5");
        let start = |argv: &[&str]| {
            let mut command = scene.command(GUARD);
            command.env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME").env_remove("HOME");
            command.envs(home.map(|home| ("HOME", home))).args(argv);
            ran(command)
        };
        assert_eq!(start(&["sh", "-c", "exit 7"]).code, Some(7), "{home:?}");
        // Nothing can be recorded, so nothing gated runs; no folder is made in the current one.
        scene.program("rm", "#!/bin/sh\ntouch \"$SCENE/ran\"\n");
        start(&["rm", "-rf", ""]).is(125);
        assert!(!scene.at("ran").exists());
        assert_eq!(std::fs::read_dir(scene.at("work")).unwrap().count(), 0);
    }
}

#[test]
fn without_a_path() {
    let scene = Scene::new().listing("seq 5");
    let mut command = scene.command(GUARD);
    command.env_remove("PATH").args(["true"]);
    assert_eq!(ran(command).code, Some(0));
    let mut command = scene.command(GUARD);
    command.env_remove("PATH").args(words("toy remove x"));
    let unset = ran(command);
    assert!(matches!(unset.code, Some(122 | 127)), "{unset:?}");
}

#[test]
fn in_a_folder_that_is_gone() {
    let scene = Scene::new().listing("seq 5");
    let gone =
        |argv: &str| script(&scene, &format!("mkdir gone; cd gone; rmdir ../gone; exec \"$GUARD\" {argv}"));
    assert_eq!(gone("sh -c 'exit 7'").code, Some(7));
    gone("toy remove x").is(122);
    assert_eq!(gone("rm -f nothing").code, Some(0));
    gone("rm -rf \"$HOME\"").is(120);
    // Neither is what the name means elsewhere.
    scene.write("work/kept", "");
    gone("--expect 1 rm -rf work kept bin").is(123);
}

#[test]
fn with_streams_closed_in_all_combinations() {
    for n in 0..8 {
        let close = |bit: u8, text: &'static str| if n & bit != 0 { text } else { "" };
        let all = [close(1, "<&-"), close(2, ">&-"), close(4, "2>&-")].join(" ");
        let scene = Scene::new().listing("seq 5");
        for (argv, code) in [
            ("sh -c 'exit 7'", 7),
            ("toy remove x", 122),
            ("--expect 5 toy remove x", 0),
            ("--expect 4 toy remove x", 123),
            ("--plan toy remove x", 122),
            ("--no-such-option", 125),
            ("no-such-program", 127),
            ("rm -rf \"$HOME\"", 120),
        ] {
            let ran = script(&scene, &format!("exec \"$GUARD\" {argv} {all}"));
            assert_eq!(ran.code, Some(code), "{argv} {all}: {ran:?}");
        }
        assert_eq!(scene.removed(), ["1", "2", "3", "4", "5"]);
    }
}

#[test]
fn a_plan_that_can_t_be_printed_is_a_failure() {
    let scene = Scene::new().listing("seq 5");
    script(&scene, "exec \"$GUARD\" --plan toy remove x >/dev/full").is(125);
    script(&scene, "exec \"$GUARD\" --plan --json toy remove x >/dev/full").is(125);
    // What nobody can be told is refused all the same.
    assert_eq!(script(&scene, "exec \"$GUARD\" toy remove x 2>/dev/full").code, Some(122));
    assert!(scene.removed().is_empty());
}

/// Runs a script in a mount namespace, with an audit log on a disk as described; `None` where
/// that can't be had here.
fn on_disk(scene: &Scene, mount: &str, then: &str) -> Option<crate::scene::Ran> {
    let text = format!("{mount} || exit 99; {then}");
    let mut command: Command = scene.command("unshare");
    command.args(["-m", "sh", "-c", &text]).env("GUARD", GUARD);
    let ran = ran(command);
    if matches!(ran.code, Some(99)) || ran.said().starts_with("unshare") {
        println!("skipped: no mount namespace can be made here: {}", ran.said().trim());
        return None;
    }
    Some(ran)
}

#[test]
fn a_disk_that_takes_no_record_refuses_what_is_gated_only() {
    let read_only = "mount -t tmpfs -o ro none \"$XDG_STATE_HOME\"";
    let full = "mount -t tmpfs -o size=4k none \"$XDG_STATE_HOME\" && mkdir -m 700 \"$XDG_STATE_HOME/guard\" \
                && { head -c 100000 /dev/zero >\"$XDG_STATE_HOME/fill\" 2>/dev/null || true; }";
    for mount in [read_only, full] {
        let scene = Scene::new().listing("seq 5");
        let Some(ran) = on_disk(&scene, mount, "exec \"$GUARD\" --expect 5 toy remove x") else { return };
        let said = ran.is(125).said();
        assert!(said.contains("can't be recorded"), "{said}");
        assert!(scene.removed().is_empty());
        let Some(ran) = on_disk(&scene, mount, "exec \"$GUARD\" sh -c 'exit 7'") else { return };
        assert_eq!((ran.code, ran.said().as_str()), (Some(7), ""));
        let Some(ran) = on_disk(&scene, mount, "touch one; exec \"$GUARD\" rm one") else { return };
        assert_eq!((ran.code, ran.said().as_str()), (Some(0), ""));
    }
}

#[test]
fn rm_itself_refuses_dots() {
    let scene = Scene::new().policy("[limits.destroy.small]\nconfirm = 1\n");
    for path in ["a/b/c/x", "d/y", "e"] {
        scene.write(&format!("work/{path}"), "");
    }
    let all = ["a/b/c/x", "d/y"];
    let stand = |scene: &Scene| all.iter().all(|path| scene.at("work").join(path).exists());
    let deep = scene.at("work/a/b/c");
    for (folder, dots) in [(&deep, ".."), (&deep, "."), (&deep, "../../."), (&deep, "..//")] {
        let mut command = scene.command(GUARD);
        let ran = ran({
            command.args(["--expect", "0", "rm", "-rf", dots]).current_dir(folder);
            command
        });
        assert_eq!(ran.code, Some(1), "{dots}: {ran:?}");
        assert!(ran.said().contains("refusing to remove '.' or '..'"), "{ran:?}");
        assert!(stand(&scene), "{dots}");
    }
    // Beside what is removed by guard itself they are told, and the code is rm's.
    let ran = scene.guard(["--expect", "1", "rm", "-rf", "d/.", "e", "a/b/.."]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.said().contains("d/. is left alone"), "{ran:?}");
    assert!(stand(&scene) && !scene.at("work/e").exists());
}

#[test]
fn nothing_to_hit_runs_in_no_stages() {
    let scene = Scene::new();
    let ran = scene.guard(["--stages", "1,50%", "rm", "gone"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.said().starts_with("rm: "), "{ran:?}");
}
