//! Shims: a tool under its own name is judged, once, wherever it is started from.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

mod scene;
#[path = "support/shimmed.rs"]
mod shimmed;
mod terminal;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use scene::{GUARD, Ran, Scene, ran};
use shimmed::{ctl, files, install, left, path, sh, shimmed, text};
use terminal::Terminal;

/// It was refused for want of a terminal, once, and nothing is gone.
#[track_caller]
fn refused(ran: &Ran, files: &[PathBuf]) {
    let said = ran.said();
    assert_eq!(said.matches("nobody is there to ask").count(), 1, "{said}");
    assert_eq!(left(files), files.len(), "{ran:?}");
}

#[test]
fn a_shim_is_the_tool_until_it_hits_too_much() {
    let scene = shimmed(&["rm"]);
    let two = files(&scene, "a", 2);
    let ran = sh(&scene, "rm -v a1 a2");
    assert_eq!((ran.code, text(&ran.stdout)), (Some(0), "removed 'a1'\nremoved 'a2'\n".into()));
    assert_eq!((left(&two), ran.said()), (0, String::new()));

    let three = files(&scene, "b", 3);
    let ran = sh(&scene, "rm b1 b2 b3");
    assert_eq!(ran.code, Some(122));
    refused(&ran, &three);

    // No option of guard's is one here.
    let ran = sh(&scene, "rm --plan b1; rm --version");
    assert!(ran.said().contains("unrecognized option '--plan'"), "{}", ran.said());
    assert!(text(&ran.stdout).starts_with("rm (GNU coreutils)"));
    assert_eq!(left(&three), 3);
}

#[test]
fn the_tool_sees_the_name_that_was_typed() {
    let scene = shimmed(&["sh", "bash"]);
    let see = "tr '\\0' ' ' </proc/$$/cmdline";
    let mut bare = Command::new("/bin/sh");
    bare.args(["-c", &format!("sh -c \"{}\"", see.replace('$', "\\$"))]).env("PATH", "/usr/bin:/bin");
    let bare = text(&bare.output().unwrap().stdout);
    let shim = sh(&scene, &format!("sh -c \"{}\"", see.replace('$', "\\$")));
    assert_eq!(text(&shim.stdout), bare);
    assert!(bare.starts_with("sh -c "), "{bare}");

    // A path to the shim stands for the path to the program.
    let ran = sh(
        &scene,
        "S=$(command -v sh); case $S in */shims/sh) ;; *) exit 9 ;; esac; $S -c 'echo $0; exit 7'",
    );
    assert_eq!((ran.code, text(&ran.stdout)), (Some(7), "/usr/bin/sh\n".into()));

    let mut login = scene.command(scene.at("shims/bash"));
    login.arg0("-bash").args(["-c", "shopt -q login_shell && echo $0"]);
    assert_eq!(text(&scene::ran(login).stdout), "-bash\n");
}

#[test]
fn the_prefix_finds_the_program_behind_the_shim() {
    let scene = shimmed(&["rm", "kubectl"]);
    let one = files(&scene, "a", 1);
    assert_eq!(scene.guard(["rm", "a1"]).code, Some(0));
    assert_eq!(left(&one), 0);
    files(&scene, "a", 1);
    let shim = scene.at("shims/rm");
    assert_eq!(scene.guard([shim.to_str().unwrap(), "a1"]).code, Some(0), "by the shim's own path");
    assert_eq!(left(&one), 0);
    // A listing does not land in one either: the stub writes down how it was called.
    scene.guard(["kubectl", "delete", "pods", "--all"]);
    let stubs = fs::read_to_string(scene.at("stubs")).unwrap();
    let stub = scene.at("bin/kubectl");
    assert!(stubs.lines().all(|line| Path::new(line) == stub), "{stubs}");
}

#[test]
fn a_shim_finds_no_shim_however_path_is_spelled() {
    let scene = shimmed(&["rm"]);
    install(&scene, &scene.at("other"), &["rm"]);
    symlink(scene.at("shims/rm"), scene.at("bin/rm")).unwrap();
    fs::hard_link(fs::canonicalize(GUARD).unwrap(), scene.at("work/rm")).ok();
    let here = scene.at("shims");
    let here = here.to_str().unwrap();
    for path in [
        format!("{here}:{here}:{}:/usr/bin", scene.at("other").display()),
        format!("../shims:{here}/:../other:/usr/bin:/bin"),
        format!("{here}/../shims:{}:/usr/bin", scene.at("bin").display()),
        format!(":{here}::/usr/bin:"),
        format!("/nowhere:{here}:.:../work:/usr/bin"),
    ] {
        let one = files(&scene, "a", 1);
        let mut command = scene.command(scene.at("shims/rm"));
        command.arg0("rm").args(["a1"]).env("PATH", &path);
        let ran = ran(command);
        assert_eq!((ran.code, left(&one)), (Some(0), 0), "{path}: {ran:?}");
    }
}

#[test]
fn with_no_program_behind_it_a_shim_says_so() {
    let scene = shimmed(&["rm", "kubecolor"]);
    for (words, path) in [
        ("kubecolor get pods", path(&scene, &["shims", "shims"])),
        ("rm x", scene.at("shims").into_os_string()),
        ("kubecolor delete pods --all", path(&scene, &["shims"])),
    ] {
        let mut command = scene.command("/bin/sh");
        command.args(["-c", words]).env("PATH", &path);
        let ran = ran(command);
        assert!([Some(127), Some(122)].contains(&ran.code), "{words}: {ran:?}");
        assert!(ran.said().contains("only guard's shim has this name in PATH"), "{words}: {ran:?}");
    }
}

#[test]
fn what_runs_other_commands_is_stopped_through_its_shims() {
    let scene = shimmed(&["rm"]);
    scene.write("work/Makefile", "clean:\n\trm b1 b2 b3\nfine:\n\trm -v a1\n");
    scene.program("script", "#!/usr/bin/env bash\nrm b1 b2 b3\n");
    let mut ways = vec![
        ("script", 122),
        ("xargs rm <list", 123),
        ("find . -name 'b*' -exec rm {} +", 1),
        ("env A=b nice rm b1 b2 b3", 122),
        ("bash -c 'rm b*'", 122),
        ("awk 'BEGIN { exit system(\"rm b1 b2 b3\") }'", 122),
        ("perl -e 'exit(system(\"rm\", \"b1\", \"b2\", \"b3\") >> 8)'", 122),
        ("timeout 5 sh -c 'x=b; rm ${x}1 ${x}2 ${x}3'", 122),
    ];
    if Command::new("make").arg("--version").output().is_ok() {
        ways.push(("make clean >/dev/null 2>err; code=$?; grep guard: err >&2; exit $code", 2));
        files(&scene, "a", 1);
        assert_eq!(text(&sh(&scene, "make -s fine").stdout), "removed 'a1'\n");
    }
    scene.write("work/list", "b1\nb2\nb3\n");
    for (way, code) in ways {
        let three = files(&scene, "b", 3);
        let ran = sh(&scene, way);
        assert_eq!(ran.code, Some(code), "{way}: {ran:?}");
        refused(&ran, &three);
    }
}

#[test]
fn cron_and_other_bare_surroundings_need_only_the_path() {
    let scene = shimmed(&["rm"]);
    let three = files(&scene, "b", 3);
    let mut cron = Command::new("env");
    cron.arg("-i").arg(format!("PATH={}", path(&scene, &["shims"]).display()));
    cron.arg(format!("HOME={}", scene.at("home").display()));
    cron.arg(format!("XDG_CONFIG_HOME={}", scene.at("config").display()));
    cron.args(["/bin/sh", "-c", "rm b1 b2 b3"]).current_dir(scene.at("work"));
    let ran = ran(cron);
    assert_eq!(ran.code, Some(122), "{ran:?}");
    refused(&ran, &three);
}

#[test]
fn what_was_judged_is_not_judged_again() {
    let scene = shimmed(&["rm", "env", "find", "nice"]);
    let log = |scene: &Scene| scene.log().lines().filter(|line| line.contains("\"decision\"")).count();
    for way in ["env A=b nice rm b1 b2 b3", "find . -name 'b?' -exec nice rm {} +"] {
        let three = files(&scene, "b", 3);
        let before = log(&scene);
        let ran = scene
            .guard([&["--expect", "3"][..], &way.replace('\'', "").split(' ').collect::<Vec<_>>()].concat());
        assert_eq!((ran.code, left(&three)), (Some(0), 0), "{way}: {ran:?}");
        assert_eq!(log(&scene), before + 1, "{way}");
    }
    // No variable says that something was judged: only PATH counts.
    let three = files(&scene, "b", 3);
    let ran = sh(&scene, "GUARD=1 GUARDED=1 GUARD_LISTING=1 rm b1 b2 b3");
    refused(&ran, &three);
}

#[test]
fn what_is_not_known_keeps_its_shims() {
    let scene = shimmed(&["rm", "env", "git"]);
    scene.program("show-path", "#!/bin/sh\necho \"$PATH\"\n");
    let with = scene.at("shims").display().to_string();
    for way in ["env show-path", "guard env show-path", "env | sed -n s/^PATH=//p"] {
        let ran = sh(&scene, way);
        assert!(text(&ran.stdout).starts_with(&with), "{way}: {ran:?}");
    }
    // git starts hooks. Its listings, too, but those are guard's own.
    scene.program("git", "#!/bin/sh\ncase $1 in push) rm b1 b2 b3 ;; *) exit 1 ;; esac\n");
    let three = files(&scene, "b", 3);
    let ran = sh(&scene, "env A=b git push --force");
    assert_eq!(left(&three), 3, "{ran:?}");
}

/// Types a line in a bash of the scene, answers "no", and returns the exit code that it prints.
fn declined(scene: &Scene, line: &str, question: &str) -> String {
    let mut bash = scene.command("bash");
    bash.args(["--norc", "--noprofile", "-i"]).env("PS1", "$ ").env_remove("CI");
    let mut terminal = Terminal::start(bash, [true; 3]);
    terminal.expect("$ ");
    terminal.send(&format!("{line}; echo en''ded $?.\n"));
    terminal.expect(question);
    terminal.send("no\n");
    let then = terminal.expect("ended ");
    assert_eq!(then.matches("type the number").count(), 0, "asked again: {then}");
    terminal.expect(".")
}

fn list(scene: &Scene, number: usize) -> Vec<PathBuf> {
    let all = files(scene, "b", number);
    let list: Vec<String> = (1..=number).map(|at| format!("b{at}\n")).collect();
    scene.write("work/list", list.concat());
    all
}

#[test]
fn one_no_refuses_the_rest_of_a_job() {
    let scene = shimmed(&["rm"]);
    let all = list(&scene, 24);
    // Eight at once, three files each: the others wait for their turn, or have not started.
    assert_eq!(declined(&scene, "xargs -P8 -n3 rm <list", "type the number, 3"), "123");
    assert_eq!(left(&all), 24);
}

#[test]
fn what_repeats_a_command_is_judged_as_one_through_its_own_shim() {
    let scene = shimmed(&["rm", "xargs", "find", "sudo"]);
    let all = list(&scene, 24);
    for way in
        ["xargs -P8 -n1 rm <list", "xargs -P8 -I{} rm -f {} <list", "find . -name 'b*' -exec rm {} ';'"]
    {
        refused(&sh(&scene, way), &all);
        assert_eq!(declined(&scene, way, "type the number, 24"), "121", "{way}");
        assert_eq!(left(&all), 24, "{way}");
    }
    // One at a time, and each of them harmless: what is not too much is done.
    assert_eq!(sh(&scene, "head -n 2 list | xargs -P8 -n1 rm").code, Some(0));
    assert_eq!(left(&all), 22);
}

#[test]
fn sudo_starts_what_it_is_shown_and_root_has_its_own_shims() {
    if Scene::ruled_elsewhere() || !nix::unistd::geteuid().is_root() {
        println!("skipped: needs root and no site of its own");
        return;
    }
    let shell = "[ -x /usr/bin/sudo ] && sudo -n -u nobody true 2>/dev/null";
    if !Command::new("sh").args(["-c", shell]).status().unwrap().success() {
        println!("skipped: sudo is not usable here");
        return;
    }
    let scene = shimmed(&["rm", "sudo"]);
    let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    open(&scene.at(""));
    open(&scene.at("work"));
    let three = files(&scene, "b", 3);
    let ran = sh(&scene, "sudo -n -u nobody rm -f b1 b2 b3");
    assert_eq!(ran.code, Some(122), "{ran:?}");
    refused(&ran, &three);
    let ran = sh(&scene, "sudo -n -u nobody rm -f b1");
    assert_eq!((ran.code, left(&three), ran.said()), (Some(0), 2, String::new()));
    let ran = scene.guard(["--max", "5", "sudo", "-n", "-u", "nobody", "rm", "-f", "b1", "b2", "b3"]);
    assert_eq!((ran.code, left(&three)), (Some(0), 0), "{ran:?}");
}

#[test]
fn busybox_is_started_by_the_name_it_needs() {
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].map(PathBuf::from).into_iter().find(|p| p.exists());
    let Some(busybox) = busybox else {
        println!("skipped: busybox is not installed");
        return;
    };
    let scene = shimmed(&["rm"]);
    symlink(busybox, scene.at("bin/rm")).unwrap();
    let one = files(&scene, "a", 1);
    assert_eq!((sh(&scene, "rm a1").code, left(&one)), (Some(0), 0));
    let ran = sh(&scene, "rm gone");
    assert!(ran.said().starts_with("rm: can't remove 'gone'"), "{ran:?}");
}

#[test]
fn install_and_remove_touch_only_guards_own_links() {
    let scene = Scene::new();
    let dir = scene.at("home/.local/lib/guard/shims");
    scene.write("home/.local/lib/guard/shims/kill", "mine");
    symlink("/usr/bin/env", dir.join("git")).unwrap();
    symlink("/gone/bin/guard", dir.join("find")).unwrap();
    let ran = ctl(&scene, &["shims", "install"]);
    assert_eq!(ran.code, Some(1), "two names are taken: {ran:?}");
    assert_eq!(ran.said().matches("is not guard's own link: it stays").count(), 2, "{ran:?}");
    assert_eq!(fs::read_to_string(dir.join("kill")).unwrap(), "mine");
    assert_eq!(fs::read_link(dir.join("git")).unwrap(), Path::new("/usr/bin/env"));
    let guard = fs::canonicalize(GUARD).unwrap();
    assert_eq!(fs::read_link(dir.join("find")).unwrap(), guard, "what led nowhere is mended");
    assert_eq!(fs::read_link(dir.join("rm")).unwrap(), guard);
    let listed = text(&ctl(&scene, &["shims", "list"]).stdout);
    let names: Vec<&str> = listed.lines().collect();
    for tool in ["find", "kubectl", "rm", "systemctl"] {
        assert!(names.contains(&tool), "{names:?}");
    }
    for none in ["env", "nice", "timeout", "oc", "guard", "git", "kill"] {
        assert!(!names.contains(&none), "{none} in {names:?}");
    }
    let json: Vec<serde_json::Value> =
        serde_json::from_slice(&ctl(&scene, &["shims", "list", "--json"]).stdout).unwrap();
    assert_eq!(json.len(), names.len());
    assert_eq!(json[0]["stale"], false);

    assert_eq!(
        ctl(&scene, &["shims", "install", "rm"]).stdout,
        format!("{}: 1 shim, 0 of them new\n", dir.display()).into_bytes()
    );
    assert_eq!(ctl(&scene, &["shims", "remove", "rm"]).code, Some(0));
    assert!(!dir.join("rm").exists());
    assert_eq!(ctl(&scene, &["shims", "remove", "kill", "git"]).code, Some(1));
    assert_eq!(ctl(&scene, &["shims", "remove"]).code, Some(0));
    let mut left: Vec<_> = fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["git", "kill"]);
    for wrong in ["../rm", "", "guardctl", ".x", "a/b"] {
        assert_eq!(ctl(&scene, &["shims", "install", wrong]).code, Some(125), "{wrong}");
    }
    let ran = ctl(&scene, &["shims", "install", "rm", "nosuch"]);
    assert_eq!(
        (ran.code, ran.said().trim_end()),
        (Some(125), "guardctl: nosuch: no tool file speaks for it, so a shim would let all of it pass")
    );
    assert!(!dir.join("rm").exists() && !dir.join("nosuch").exists(), "all or nothing");
}

#[test]
fn status_says_what_is_in_the_way() {
    let scene = shimmed(&["rm", "kubectl", "kubecolor"]);
    let dir = scene.at("shims");
    let named = dir.to_str().unwrap().to_owned();
    let status = |scene: &Scene| text(&ctl(scene, &["shims", "status", "--dir", &named]).stdout);
    let said = status(&scene);
    assert!(said.contains("3 shims, 3 in front"), "{said}");
    assert!(said.contains("kubecolor has no program behind it"), "{said}");
    symlink("/gone/guard", dir.join("mv")).unwrap();
    fs::write(dir.join("note"), "").unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
    let said = status(&scene);
    for what in ["mv leads to /gone/guard, which is gone", "note is not guard's", "may be written by others"]
    {
        assert!(said.contains(what), "{what}: {said}");
    }
    let refused = ctl(&scene, &["shims", "install", "--dir", &named, "rm"]);
    assert_eq!(refused.code, Some(125), "{refused:?}");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();

    let late = path(&scene, &["bin", "shims"]);
    let scene = scene.env("PATH", late);
    let said = status(&scene);
    assert!(said.contains("kubectl comes too late:"), "{said}");
    let scene = scene.env("PATH", "/usr/bin:/bin");
    let ran = ctl(&scene, &["shims", "status", "--dir", &named, "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!((ran.code, &json["in_path"]), (Some(1), &false.into()));
    assert_eq!(json["shims"].as_array().unwrap().len(), 4);
}
