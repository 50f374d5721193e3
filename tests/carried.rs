//! What another program carries to another place is counted over there, through the same door.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Plans a command with a `ssh` and a `kubectl` on PATH that write down their words and run what
/// they are to carry here, ssh with a shell and kubectl without; returns the plan and those words.
fn planned(words: &[&str]) -> (Value, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let stub = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(
            &path,
            format!(
                "#!/bin/sh\nprintf '%s|' {name} \"$@\" >>{0}/log\necho >>{0}/log\n{text}\n",
                dir.path().display()
            ),
        )
        .unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    stub("ssh", r#"for last; do :; done; eval "$last""#);
    stub(
        "kubectl",
        r#"[ "$2" != refuses ] || exit 1; while [ "$1" != -- ]; do shift; done; shift; exec "$@""#,
    );
    std::fs::create_dir(dir.path().join("a b")).unwrap();
    std::fs::write(dir.path().join("a b/c"), "").unwrap();
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap());
    let out = Command::new(env!("CARGO_BIN_EXE_guard"))
        .args(["--plan", "--json"])
        .args(words)
        .env("PATH", path)
        .env("HOME", dir.path())
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let plan = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|_| panic!("{words:?}: {}", String::from_utf8_lossy(&out.stderr)));
    let log = std::fs::read_to_string(dir.path().join("log")).unwrap_or_default();
    (plan, log.lines().map(str::to_owned).collect())
}

#[test]
fn ssh_gets_a_listing_quoted_and_without_a_terminal() {
    let (plan, log) = planned(&["ssh", "-t", "-p", "22", "web-1", "rm", "-rf", "'a b'"]);
    assert_eq!((&plan["scope"]["count"], &plan["action"]), (&2.into(), &"rm remove".into()), "{plan:#}");
    assert_eq!(log, ["ssh|-p|22|web-1|find 'a b' /./. -path /./. -printf f -prune -o -printf x|"]);
    assert_eq!(plan["context"]["host"], "web-1");
}

#[test]
fn what_find_removes_on_another_host_is_listed_there() {
    let (plan, _) = planned(&["ssh", "web-1", "find 'a b' -type f -delete"]);
    assert_eq!(plan["scope"]["count"], 1, "{plan:#}");
    let (plan, _) = planned(&["ssh", "web-1", "find '/etc' -maxdepth 0 -delete"]);
    assert_eq!(plan["verdict"]["rung"], "deny", "{plan:#}");
}

#[test]
fn a_pod_gets_a_listing_as_words_and_without_a_terminal() {
    let (plan, log) = planned(&["kubectl", "exec", "-it", "web-0", "-n", "shop", "--", "rm", "-rf", "a b"]);
    assert_eq!((&plan["scope"]["count"], &plan["action"]), (&2.into(), &"rm remove".into()), "{plan:#}");
    assert_eq!(
        log,
        ["kubectl|exec|web-0|-n|shop|--|find|a b|/./.|-path|/./.|-printf|f|-prune|-o|-printf|x|"]
    );
}

#[test]
fn what_refuses_to_look_has_not_found_nothing() {
    for words in [
        &["kubectl", "exec", "refuses", "--", "rm", "-rf", "a b"][..],
        &["kubectl", "exec", "refuses", "--", "find", "a b", "-delete"],
        &["kubectl", "exec", "refuses", "--", "sh", "-c", "rm -rf 'a b'/*"],
    ] {
        let (plan, log) = planned(words);
        assert!(!log.is_empty(), "{words:?}");
        assert_eq!(plan["scope"]["certainty"], "unknown", "{words:?}: {plan:#}");
        assert_ne!(plan["verdict"]["rung"], "allow", "{words:?}");
    }
    for words in [["rm", "-rf", "gone"], ["find", "gone", "-delete"]] {
        let (plan, _) = planned(&[&["kubectl", "exec", "web-0", "--"][..], &words].concat());
        assert_eq!(
            (&plan["scope"]["count"], &plan["verdict"]["rung"]),
            (&0.into(), &"allow".into()),
            "{words:?}"
        );
    }
}

#[test]
fn the_host_that_goes_down_is_the_other_one() {
    let (plan, _) = planned(&["ssh", "ops@web-1", "sudo reboot"]);
    assert_eq!(plan["scope"]["sample"], serde_json::json!(["web-1"]), "{plan:#}");
    assert_eq!(plan["context"]["host"], "web-1");
}

#[test]
fn a_session_lists_nothing() {
    for words in [&["ssh", "web-1"][..], &["kubectl", "exec", "-it", "web-0", "--", "bash"]] {
        let (plan, log) = planned(words);
        assert_eq!(plan["verdict"]["rung"], "allow", "{words:?}");
        assert_eq!(log, [""; 0], "{words:?}");
    }
}

#[test]
fn a_pattern_is_counted_over_there_and_a_folder_there_is_followed() {
    let (plan, log) = planned(&["ssh", "web-1", "rm -rf 'a b'/*"]);
    assert_eq!((&plan["scope"]["count"], &plan["verdict"]["rung"]), (&1.into(), &"allow".into()), "{plan:#}");
    let tests = "'(' -path './a b/*' -o -path './a b/*/*' ')' -printf x|";
    assert_eq!(log, [format!("ssh|web-1|find './a b' /./. -path /./. -printf f -prune -o {tests}")]);
    let (plan, log) = planned(&["ssh", "web-1", "cd 'a b' && rm -rf c gone"]);
    assert_eq!(plan["scope"]["count"], 1, "{plan:#}");
    assert_eq!(log, ["ssh|web-1|find 'a b/c' 'a b/gone' /./. -path /./. -printf f -prune -o -printf x|"]);
    let (plan, _) = planned(&["ssh", "web-1", "rm -rf ~"]);
    assert_eq!(plan["verdict"]["rung"], "deny", "{plan:#}");
}
