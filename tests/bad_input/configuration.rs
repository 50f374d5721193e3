//! Hostile configuration: a fault with its place for what is gated, nothing for what is harmless.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::scene::{Scene, words};

/// Hostile texts, each with what must be said about it and whether a line of it is shown.
fn hostile() -> Vec<(Vec<u8>, bool)> {
    let deep = |open: &str| format!("a={}", open.repeat(100_000)).into_bytes();
    vec![
        (b"a = [\n".to_vec(), true),
        (b"x = \"\x1b[31m\n".to_vec(), true),
        (b"[limits.destroy.small]\nconfirm = 1\nconfirm = 2\n".to_vec(), true),
        (b"[limits.destroy.small]\nconfirm = true\n".to_vec(), true),
        (b"[limits.destroy.small]\nconfirm = -1\n".to_vec(), true),
        (b"\"\\u001b[31m\\n\" = 3\n".to_vec(), true),
        (b"[tool]\nnames = 3\n".to_vec(), true),
        (deep("["), true),
        (deep("{a="), true),
        (format!("[{}b]", "a.".repeat(100_000)).into_bytes(), false),
        (vec![b'#'; 5_000_000], false),
        (vec![0; 5000], true),
        (b"\xff\xfe\x00\x01".to_vec(), false),
    ]
}

/// The places of configuration, each with a command that it speaks about.
const PLACES: [(&str, &str); 3] = [
    ("work/.guard.toml", "rm x"),
    ("config/guard/guard.toml", "rm x"),
    ("config/guard/tools/toy.toml", "toy remove x"),
];

#[test]
fn a_fault_is_shown_with_its_place() {
    for (text, has_place) in hostile() {
        for (place, gated) in PLACES {
            let scene = Scene::new().listing("seq 5");
            let at = scene.write(place, &text);
            let ran = scene.guard(words(gated)).is(125);
            let said = ran.said();
            let name = at.file_name().unwrap().to_str().unwrap();
            assert!(said.contains(name), "{place}: {said}");
            assert!(!has_place || said.contains(&format!("{name}:")), "{place}: {said}");
            assert!(!has_place || said.contains('^'), "{place}: {said}");
            assert!(said.len() < 3000, "{place}: {} bytes", said.len());
            assert!(scene.removed().is_empty());
        }
    }
}

#[test]
fn a_projects_fault_may_hide_a_no() {
    for (text, _) in hostile() {
        let scene = Scene::new();
        scene.write("work/.guard.toml", &text);
        scene.program("seven", "#!/bin/sh\nexit 7\n");
        scene.guard(["seven"]).is(125);
        fs::remove_file(scene.at("work/.guard.toml")).unwrap();
        assert_eq!(scene.guard(["seven"]).code, Some(7));
    }
}

#[test]
fn a_project_file_can_still_tighten() {
    let scene = Scene::new();
    let file = scene.write("work/.guard.toml", "unnamed = \"deny\"\n");
    scene.guard(["true"]).is(120);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    scene.guard(["true"]).is(125);
    let scene = Scene::new().policy("unnamed = \"deny\"\n");
    scene.write("work/.guard.toml", "broken");
    if !Scene::ruled_elsewhere() {
        scene.guard(["true"]).is(125);
    }
}

#[test]
fn files_that_others_may_write_are_refused() {
    for (place, gated) in PLACES {
        let scene = Scene::new().listing("seq 5");
        let old = fs::read(scene.at(place)).unwrap_or_default();
        let at = scene.write(place, old);
        fs::set_permissions(&at, fs::Permissions::from_mode(0o666)).unwrap();
        let said = scene.guard(words(gated)).is(125).said();
        assert!(said.contains("may be written by others"), "{said}");
        fs::set_permissions(&at, fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(at.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
        scene.guard(words(gated)).is(125);
        fs::set_permissions(at.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
        let ran = scene.guard(words(gated));
        assert_ne!(ran.code, Some(125), "{ran:?}");
    }
}

#[test]
fn pipes_devices_and_folders_are_no_configuration() {
    for (place, gated) in &PLACES[1..] {
        let scene = Scene::new().listing("seq 5");
        let at = scene.at(place);
        fs::remove_file(&at).ok();
        nix::unistd::mkfifo(&at, nix::sys::stat::Mode::S_IRWXU).unwrap();
        scene.guard(words(gated)).is(125);
        fs::remove_file(&at).unwrap();
        symlink("/dev/zero", &at).unwrap();
        scene.guard(words(gated)).is(125);
        fs::remove_file(&at).unwrap();
        fs::create_dir(&at).unwrap();
        scene.guard(words(gated)).is(125);
    }
}

#[test]
fn a_link_leads_to_a_file_that_is_checked_itself() {
    let scene = Scene::new();
    let real = scene.write("elsewhere/guard.toml", "[limits.destroy.small]\nconfirm = 1\n");
    symlink(&real, scene.at("config/guard/guard.toml")).unwrap();
    scene.write("work/one", "");
    if !Scene::ruled_elsewhere() {
        scene.guard(["rm", "one"]).is(122);
    }
    fs::set_permissions(&real, fs::Permissions::from_mode(0o666)).unwrap();
    scene.guard(["rm", "one"]).is(125);
    assert!(scene.at("work/one").exists());
}

#[test]
fn a_link_that_leads_nowhere_is_a_fault() {
    for (place, gated) in PLACES {
        let scene = Scene::new().listing("seq 5");
        let at = scene.at(place);
        fs::remove_file(&at).ok();
        symlink("nowhere", &at).unwrap();
        let said = scene.guard(words(gated)).is(125).said();
        assert!(said.contains(at.to_str().unwrap()), "{said}");
        if !place.contains("tools") {
            scene.guard(["true"]).is(125);
        }
    }
    let scene = Scene::new();
    fs::rename(scene.at("config/guard"), scene.at("elsewhere")).unwrap();
    symlink("nowhere", scene.at("config/guard")).unwrap();
    scene.guard(["rm", "x"]).is(125);
}
