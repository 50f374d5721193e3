//! An allowed command finds everything as if guard were not there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod terminal;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use guard::world::exec::find_program;
use terminal::{door, seen};

#[test]
fn a_command_sees_the_same_through_guard_as_through_env() {
    for setup in [
        "EXEC",
        "trap '' PIPE; EXEC",
        "trap '' HUP INT QUIT CHLD PIPE USR1; EXEC",
        "MASKED",
        "EXEC <&-",
        "EXEC >&-",
        "EXEC 2>&-",
        "EXEC <&- >&-",
        "EXEC <&- >&- 2>&-",
        "EXEC 5</dev/null 7>/dev/null",
        "umask 077; ulimit -n 100; EXEC <&- 9</dev/null",
    ] {
        let through_env = seen(setup, &["env".as_ref()]);
        assert_eq!(through_env.len(), 7, "everything was seen");
        let through_guard = seen(setup, &[door().as_os_str(), "exec".as_ref()]);
        for (guarded, bare) in through_guard.iter().zip(&through_env) {
            assert_eq!(guarded, bare, "{setup}");
        }
    }
}

#[test]
fn the_setups_differ_so_that_the_comparison_can_fail() {
    let plain = seen("EXEC", &["env".as_ref()]);
    for setup in ["trap '' PIPE; EXEC", "MASKED", "EXEC <&-", "EXEC 2>&-"] {
        assert_ne!(seen(setup, &["env".as_ref()]), plain, "{setup}");
    }
}

fn through(words: &[&OsStr], path: &str, folder: &Path) -> [Output; 2] {
    [vec![OsStr::new("/usr/bin/env"), OsStr::new("--")], vec![door().as_os_str(), OsStr::new("exec")]].map(
        |prefix| {
            Command::new(prefix[0])
                .args(&prefix[1..])
                .args(words)
                .env("PATH", path)
                .current_dir(folder)
                .output()
                .unwrap()
        },
    )
}

/// A tree with every kind of file a search can meet.
fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    let at = |name: &str| tree.path().join(name);
    for folder in ["a", "b", "c", "a/folder", "locked"] {
        fs::create_dir(at(folder)).unwrap();
    }
    let file = |name: &str, text: &str, mode: u32| {
        fs::write(at(name), text).unwrap();
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    file("b/tool", "#!/bin/sh\necho b \"$0\" \"$@\"\n", 0o755);
    file("c/tool", "#!/bin/sh\necho c \"$0\" \"$@\"\n", 0o755);
    file("a/tool", "#!/bin/sh\necho a\n", 0o644);
    file("a/plain", "echo no shebang \"$@\"\n", 0o755);
    file("a/only", "not runnable", 0o644);
    file("b/folder", "#!/bin/sh\necho file\n", 0o755);
    file("lost", "#!/nowhere/interpreter\n", 0o755);
    file("here", "#!/bin/sh\necho here\n", 0o755);
    symlink("nowhere", at("a/dangling")).unwrap();
    symlink("../b/tool", at("a/linked")).unwrap();
    tree
}

#[test]
fn programs_are_found_and_faults_reported_as_env_does() {
    let tree = tree();
    let root = tree.path().to_str().unwrap();
    let paths = [
        format!("{root}/a:{root}/b:{root}/c"),
        format!("{root}/nowhere:{root}/lost/x:{root}/b/"),
        format!(":{root}/a"),
        format!("{root}/a:"),
        "a::b".into(),
        String::new(),
    ];
    let names = [
        "tool", "plain", "only", "folder", "dangling", "linked", "here", "./here", "a/tool", "a", "lost",
        "./lost", "none", "/none/x", "here/x",
    ];
    for path in &paths {
        for name in names {
            let words = [OsStr::new(name), OsStr::new("x y"), OsStr::new("")];
            let [env, door] = through(&words, path, tree.path());
            assert_eq!(door.status.code(), env.status.code(), "{name} in {path}");
            assert_eq!(door.stdout, env.stdout, "{name} in {path}");
            assert_eq!(door.stderr.is_empty(), env.stderr.is_empty());

            let found = find_program(name.as_ref(), Some(path.as_ref()), tree.path());
            match found {
                // A lost interpreter is found, and fails only when it is started.
                Ok(file) if file.ends_with("lost") => assert_eq!(env.status.code(), Some(127)),
                Ok(file) => {
                    assert!(env.status.success(), "{name} in {path}");
                    let [again, _] = through(&[file.as_os_str(), words[1], words[2]], path, tree.path());
                    // The same file answers; only its own name may be spelled differently.
                    assert_eq!(again.stdout.first(), env.stdout.first(), "{name} in {path}");
                }
                Err(fault) => {
                    assert_eq!(Some(i32::from(fault.code())), env.status.code(), "{name} in {path}")
                }
            }
        }
    }
}

#[test]
fn words_arrive_byte_for_byte() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(b"\xff\n\x1b[31m$(x) '\"".to_vec());
    let many: Vec<OsString> =
        (0..100_000).map(|n| OsString::from(format!("{n}"))).chain([odd.clone()]).collect();
    let out = Command::new(door()).args(["exec", "printf", "%s\\0"]).args(&many).output().unwrap();
    let words: Vec<&[u8]> = out.stdout.split(|b| *b == 0).collect();
    assert_eq!(words.len(), many.len() + 1);
    assert_eq!(OsString::from_vec(words[100_000].to_vec()), odd);
}

#[test]
fn after_a_failed_exec_the_message_still_goes_to_stderr_only() {
    let out = tempfile::tempdir().unwrap();
    for closed in ["", "<&-", ">&-", "<&- >&-"] {
        let script = format!("exec \"$@\" {closed}");
        let got = Command::new("bash")
            .args(["-c", &script, "x"])
            .arg(door())
            .args(["exec", "no-such-program"])
            .current_dir(out.path())
            .output()
            .unwrap();
        assert_eq!(got.status.code(), Some(127), "{closed}");
        assert_eq!(
            String::from_utf8_lossy(&got.stderr),
            "door: no-such-program: No such file or directory (os error 2)\n"
        );
    }
}

#[test]
fn the_programs_own_name_is_the_one_typed() {
    let out =
        Command::new(door()).args(["exec", "sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline"]).output().unwrap();
    assert!(out.stdout.starts_with(b"sh -c "), "{}", String::from_utf8_lossy(&out.stdout));
}
