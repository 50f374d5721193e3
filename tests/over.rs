//! What guard counts for cp, ln, install and sort is what they then write over, by the real tools on real
//! files; what protects a destination speaks, however the command says where it goes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/home.rs"]
mod home;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use home::{Home, guarded, planned};
use serde_json::Value;

const WORLD: &str = "
mkdir from from/sub to to/sub to/from to/from/sub bare; echo a >a; echo b >b; echo c >c
for f in from/a from/x from/sub/y from/sub/z; do echo new >$f; done
for f in to/a to/x to/keep to/sub/y to/from/a to/from/sub/z; do echo old >$f; done
ln -s a link; ln -s to folder; ln -s ../a to/link; echo new >from/link; ln -s nowhere dangling
";

struct World {
    home: Home,
}

impl World {
    fn new() -> Self {
        let world = Self { home: Home::new("") };
        assert!(world.command("sh").args(["-ec", WORLD]).status().unwrap().success());
        world
    }

    fn command(&self, program: &str) -> Command {
        self.home.command(program, self.home.path())
    }

    fn guard(&self, options: &[&str], command: &str) -> Output {
        guarded(self.command(env!("CARGO_BIN_EXE_guard")), options, command)
    }

    fn plan(&self, command: &str) -> Value {
        let out = self.guard(&["--plan", "--json"], command);
        planned(command, &out)
    }

    /// Every file and symlink, with what it holds or where it leads.
    fn all(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.home.path().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let kind = path.symlink_metadata().unwrap().file_type();
                let name = path.strip_prefix(self.home.path()).unwrap().display().to_string();
                if kind.is_dir() {
                    open.push(path);
                } else if kind.is_symlink() {
                    found.insert(name, format!("-> {}", fs::read_link(path).unwrap().display()));
                } else {
                    found.insert(name, fs::read_to_string(path).unwrap());
                }
            }
        }
        found
    }
}

/// A command, and what it writes over.
const ROWS: &[(&str, &[&str])] = &[
    ("cp a b", &["b"]),
    ("cp a new", &[]),
    ("cp a bare", &[]),
    ("cp -v a b to", &["to/a"]),
    ("cp -t to a from/x b", &["to/a", "to/x"]),
    ("cp a --target-directory=to", &["to/a"]),
    ("cp from/a folder", &["to/a"]),
    ("cp b link", &["a"]),
    ("cp --remove-destination b link", &["link"]),
    ("cp from/link to", &["a"]),
    ("cp -n a b", &[]),
    ("cp -b a b", &["b"]),
    ("cp -T a b", &["b"]),
    ("cp -r from to", &["to/from/a", "to/from/sub/z"]),
    ("cp -r from/. to", &["to/a", "to/x", "to/sub/y", "a"]),
    ("cp -aT from to", &["to/a", "to/x", "to/sub/y", "a"]),
    ("cp -R from other", &[]),
    ("cp -r from/sub/ to", &["to/sub/y"]),
    ("cp /dev/null c", &["c"]),
    ("ln -s a b", &[]),
    ("ln -sf a b", &["b"]),
    ("ln -sfn to folder2", &[]),
    ("ln -sfn bare folder", &["folder"]),
    ("ln -sf ../b folder/a", &["to/a"]),
    ("ln -f from/x to", &["to/x"]),
    ("ln -f from/a", &["a"]),
    ("ln -sft to x keep", &["to/x", "to/keep"]),
    ("install -m 600 a b", &["b"]),
    ("install b link", &["link"]),
    ("install -D a deep/er/a", &[]),
    ("install -d b", &[]),
    ("install a b -t to", &["to/a"]),
    ("sort -o a a b c", &["a"]),
    ("sort a b", &[]),
];

#[test]
fn what_is_counted_is_what_the_bare_command_writes_over() {
    let mut wrong = Vec::new();
    for (command, lost) in ROWS {
        let world = World::new();
        let before = world.all();
        let plan = world.plan(command);
        assert_eq!(world.all(), before, "{command}: the plan changed something");
        let counted = plan["scope"]["count"].as_u64().unwrap_or(0) as usize;
        assert_eq!(plan["verdict"]["rung"], "allow", "{command}: {plan}");
        let words = shlex::split(command).unwrap();
        world.command(&words[0]).args(&words[1..]).output().unwrap();
        let after = world.all();
        let gone: Vec<&String> = before.keys().filter(|name| after.get(*name) != before.get(*name)).collect();
        let mut expected = lost.to_vec();
        expected.sort_unstable();
        if gone != expected || counted != lost.len() {
            wrong.push(format!("{command}: counted {counted}, lost {gone:?}, expected {lost:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first rule that speaks.
fn rule(plan: &Value) -> &str {
    plan["verdict"]["reasons"][0]["rule"].as_str().unwrap_or("-")
}

#[test]
fn what_protects_a_destination_speaks() {
    let world = World::new();
    for name in ["passwd", "shadow"] {
        fs::write(world.home.path().join("from").join(name), "x").unwrap();
    }
    fs::create_dir(world.home.path().join(".ssh")).unwrap();
    fs::write(world.home.path().join(".ssh/authorized_keys"), "ours").unwrap();
    symlink("/etc/passwd", world.home.path().join("p")).unwrap();
    assert!(Path::new("/etc/passwd").exists());
    for command in [
        "cp a /etc/passwd",
        "cp a p",
        "cp from/passwd /etc",
        "cp -t /etc from/passwd",
        "cp -r from/. /etc",
        "cp -r from/. /etc/",
        "cp -aT from /etc",
        "cp --remove-destination a /etc/passwd",
        "cp a .ssh/authorized_keys",
        "install -m 644 a /etc/passwd",
        "install from/passwd a /etc/",
        "ln -sf /dev/null /etc/passwd",
        "ln -sf /from/passwd -t /etc",
        "mv a /etc/passwd",
        "mv from/passwd /etc",
        "mv -t /etc from/passwd",
        "mv -b a /etc/passwd",
        "sort -o /etc/passwd a",
        "ssh web-1 cp a /etc/passwd",
        "ssh web-1 cp passwd /etc",
        "ssh web-1 mv passwd /etc",
    ] {
        assert_eq!(rule(&world.plan(command)), "files.protect", "{command}: {}", world.plan(command));
    }
    for command in [
        "cp -n a /etc/passwd",
        "mv -n a /etc/passwd",
        "mv -n -t /etc from/passwd",
        "cp a p2 .ssh",
        "cp a /etc",
        "cp -r from/sub /etc",
        "ln -s a /etc/passwd",
        "install -d /etc",
        "cp --remove-destination a p",
        "ln -sfn a p",
        "ssh web-1 cp a /etc",
    ] {
        assert_eq!(world.plan(command)["verdict"]["rung"], "allow", "{command}: {}", world.plan(command));
    }
}

#[test]
fn many_files_that_are_written_over_are_asked_about() {
    let world = World::new();
    let script = "mkdir many there; for n in $(seq 1200); do : >many/$n; : >there/$n; done";
    assert!(world.command("sh").args(["-ec", script]).status().unwrap().success());
    let options = ["many", "there"].map(|name| world.home.path().join(name));
    let names: Vec<_> = fs::read_dir(&options[0]).unwrap().map(|e| e.unwrap().path()).collect();
    let mut guard = world.command(env!("CARGO_BIN_EXE_guard"));
    let out = guard.arg("--no-input").arg("cp").args(&names).arg(&options[1]).output().unwrap();
    assert_eq!(out.status.code(), Some(122), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(world.plan("cp -r many/. there")["scope"]["count"], 1200);
    assert_eq!(world.plan("cp -r many/. fresh")["scope"]["count"], 0);
}
