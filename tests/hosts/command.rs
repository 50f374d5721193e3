//! `guardctl hosts`, as an operator meets it.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// What it printed and said, and its exit code.
fn guardctl(folder: &Path, args: &[&str], input: &str) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guardctl"));
    command.arg("hosts").args(args).current_dir(folder).env("PATH", folder).env_remove("GUARD_LOG");
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn printed(folder: &Path, args: &[&str]) -> String {
    let (out, err, code) = guardctl(folder, args, "");
    assert_eq!((err.as_str(), code), ("", 0), "{args:?}");
    out
}

fn program(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn lists_counts_and_folds() {
    let folder = tempfile::tempdir().unwrap();
    let go = |args: &[&str]| printed(folder.path(), args);
    assert_eq!(go(&["count", "--dialect", "ClusterShell", "--", "n[1-10000000]"]), "10000000\n");
    assert_eq!(go(&["list", "--dialect", "clustershell", "--", "b[1-2]", "a"]), "a\nb1\nb2\n");
    assert_eq!(go(&["fold", "--dialect", "pdsh", "--", "n[1-3]", "-n2"]), "n[1,3]\n");
    assert_eq!(go(&["list", "--dialect", "slurm", "--", "n[2,1]"]), "n2\nn1\n");
    let (out, _, code) =
        guardctl(folder.path(), &["fold", "--dialect", "clustershell", "--", "-"], "n1\nn3\nn2!n2\nn[7-8]\n");
    assert_eq!((out.as_str(), code), ("n[1,3,7-8]\n", 0));
}

#[test]
fn what_is_not_known_is_said_and_125() {
    let folder = tempfile::tempdir().unwrap();
    for (args, why) in [
        (["count", "--dialect", "clustershell", "--", "n[1"], "never closed"),
        (["count", "--dialect", "clustershell", "--", "@web"], "'@web' is not known"),
        (["count", "--dialect", "ansible", "--", "web"], "'web' is not known"),
        (["count", "--dialect", "salt", "--", "G@os:Debian"], "only the minions know"),
        (["count", "--dialect", "dsh", "--", "a"], "invalid value 'dsh'"),
    ] {
        let (out, err, code) = guardctl(folder.path(), &args, "");
        assert_eq!((out.as_str(), code), ("", 125), "{args:?}: {err}");
        assert!(err.contains(why), "{err}");
    }
}

#[test]
fn inventories_and_groups_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("inventory"), "[web]\nweb[01:10]\n[db]\ndb[1:4]\n").unwrap();
    std::fs::write(folder.path().join("groups"), "# ours\nweb: web[1-4]\nall: @web,db1\n").unwrap();
    std::fs::write(folder.path().join("minions"), "web1\nweb2\ndb1\n").unwrap();
    let go = |dialect, file, set| {
        printed(folder.path(), &["fold", "--dialect", dialect, "--inventory", file, "--", set])
    };
    assert_eq!(go("ansible", "inventory", "web[0:2]:db"), "db[1-4],web[01-03]\n");
    assert_eq!(go("ansible", "a1,a2,", ""), "a[1-2]\n");
    assert_eq!(go("clustershell", "groups", "@web!web1"), "web[2-4]\n");
    assert_eq!(go("clustershell", "groups", "*1"), "db1,web1\n");
    assert_eq!(go("salt", "minions", "web* or db1"), "db1,web[1-2]\n");
    let args = ["count", "--dialect", "ansible", "--inventory", "gone", "--", "web"];
    let (_, err, code) = guardctl(folder.path(), &args, "");
    assert_eq!(code, 125, "{err}");
}

#[test]
fn the_tools_own_resolver_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    program(
        folder.path(),
        "nodeset",
        r#"case "$*" in "-f -- @web") echo 'web[1-4]';; *) echo "$*" >&2; exit 1;; esac"#,
    );
    program(
        folder.path(),
        "ansible-inventory",
        r#"echo '{"_meta": {"hostvars": {}}, "all": {"children": ["ungrouped", "web"]}, "web": {"hosts": ["web1", "web2"]}}'"#,
    );
    std::fs::write(folder.path().join("site.yml"), "web:\n  hosts:\n    web1:\n").unwrap();
    let go = |args: &[&str]| printed(folder.path(), args);
    assert_eq!(go(&["fold", "--dialect", "clustershell", "--", "@web!web2"]), "web[1,3-4]\n");
    assert_eq!(go(&["fold", "--dialect", "ansible", "--", "web[1]"]), "web2\n");
    assert_eq!(go(&["fold", "--dialect", "ansible", "--inventory", "site.yml", "--", "all"]), "web[1-2]\n");
    let (_, err, code) = guardctl(folder.path(), &["fold", "--dialect", "clustershell", "--", "@db"], "");
    assert_eq!(code, 125, "{err}");
}
