//! Names that git's configuration gives to commands are judged by what they stand for; git's own are not
//! even looked up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/home.rs"]
mod home;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use home::{Home, guarded, planned};
use serde_json::Value;

/// A repository with three changed files and one that is not tracked, and aliases of all sorts.
const WORLD: &str = r#"
git init -q work; cd work; mkdir sub; for f in a b sub/c; do echo one >$f; done; git add .
git -c user.name=a -c user.email=a@b commit -qm one; for f in a b sub/c; do echo two >$f; done; touch sub/new
git branch x; git branch y
cat >>.git/config <<'E'
[Alias]
	undo = reset --hard	; all of it
	again = undo
	Wipe = "!rm -rf sub"
	args = "!f() { rm -rf -- \"$@\"; }; f"
	both = !git add . && git push --force
	l1 = l2
	l2 = l1
	own = !git own
	torn = "log 'x"
	top = !rm -rf .
	echo = !echo hello
	status = reset --hard
	cut = branch -D
E
"#;

struct World {
    home: Home,
}

impl World {
    fn new() -> Self {
        let world = Self { home: Home::new("[limits.destroy.small]\nconfirm = 1\n") };
        assert!(world.command("bash").args(["-ec", WORLD]).status().unwrap().success());
        world
    }

    fn work(&self) -> PathBuf {
        self.home.path().join("work")
    }

    /// Nothing leads git elsewhere, so files alone tell.
    fn command(&self, program: &str) -> Command {
        let folder = if self.work().exists() { self.work() } else { self.home.path().into() };
        self.home.command(program, &folder)
    }

    fn guard(&self, options: &[&str], command: &str) -> Output {
        guarded(self.command(env!("CARGO_BIN_EXE_guard")), options, command)
    }

    fn plan(&self, command: &str) -> Value {
        let out = self.guard(&["--plan", "--json"], command);
        planned(command, &out)
    }

    /// What `guardctl judge --offline` says of a line.
    fn offline(&self, line: &str) -> Value {
        let text = self.home.path().join("line");
        fs::write(&text, format!("{line}\n")).unwrap();
        let mut judge = self.command(env!("CARGO_BIN_EXE_guardctl"));
        let judge = judge.args(["judge", "--offline"]).stdin(fs::File::open(text).unwrap());
        serde_json::from_slice(&judge.output().unwrap().stdout).unwrap()
    }
}

/// The action and the number of what a command line stands for.
fn told(plan: &Value) -> (String, u64) {
    let action = plan["action"].as_str().unwrap_or("-").to_owned();
    (action, plan["scope"]["count"].as_u64().unwrap_or(0))
}

#[test]
fn an_alias_is_judged_by_what_it_stands_for() {
    let world = World::new();
    for (command, action, count) in [
        ("git undo", "git reset", 3),
        ("git again -q", "git reset", 3),
        ("git UNDO", "git reset", 3),
        ("git -C sub undo", "git reset", 3),
        ("git wipe", "rm remove", 3),
        ("git -C sub wipe", "rm remove", 3),
        ("git args a b", "rm remove", 2),
        ("nice git args sub", "rm remove", 3),
        ("sh -c 'cd sub && git wipe'", "rm remove", 3),
        ("git echo", "-", 0),
        ("git status", "-", 0),
        ("git nothing", "-", 0),
        ("git -c alias.z='!rm -rf sub' z", "rm remove", 3),
        ("git -c user.name=z -c ALIAS.Z='checkout .' z", "git checkout", 3),
        ("git cut x y", "git branch", 2),
    ] {
        let plan = world.plan(command);
        let (done, number) = told(&plan);
        assert_eq!((done.as_str(), number), (action, count), "{command}: {plan}");
    }
    let top = world.plan("git -C sub top");
    assert_eq!(told(&top).0, "rm remove", "{top}");
}

#[test]
fn what_runs_is_what_was_shown() {
    let world = World::new();
    assert_eq!(world.guard(&[], "git undo").status.code(), Some(122));
    assert_eq!(fs::read_to_string(world.work().join("a")).unwrap(), "two\n");
    assert!(world.guard(&["--expect", "3"], "git undo").status.success());
    assert_eq!(fs::read_to_string(world.work().join("a")).unwrap(), "one\n");
    // It is counted, looked at again and run at the top, wherever it was typed.
    assert_eq!(world.guard(&["--expect", "2"], "git -C sub wipe").status.code(), Some(123));
    assert!(world.guard(&["--expect", "3"], "git -C sub wipe").status.success());
    assert!(!world.work().join("sub").exists());
}

#[test]
fn aliases_that_come_round_or_can_not_be_cut_are_unknown() {
    let world = World::new();
    for command in ["git l1", "git own", "git torn", "git -c alias.l2=l1 l2"] {
        let plan = world.plan(command);
        let said = (&plan["scope"]["certainty"], &plan["verdict"]["rung"]);
        assert_eq!(said, (&"unknown".into(), &"confirm".into()), "{command}: {plan}");
    }
}

#[test]
fn git_is_asked_where_files_alone_do_not_tell() {
    let world = World::new();
    fs::write(world.home.path().join("more"), "[alias]\n\tfar = reset --hard\n").unwrap();
    fs::write(world.home.path().join(".gitconfig"), "[include]\n\tpath = ~/more\n").unwrap();
    assert_eq!(told(&world.plan("git far")), ("git reset".into(), 3));
    assert_eq!(told(&world.plan("env GIT_PAGER=cat git far")), ("git reset".into(), 3));
    assert_eq!(told(&world.plan("git nothing")), ("-".into(), 0));
    let unknown = world.offline("git far");
    assert_eq!(unknown["verdict"]["reasons"][0]["rule"], "unknown", "{unknown}");
    fs::remove_file(world.home.path().join(".gitconfig")).unwrap();
    assert_eq!(told(&world.offline("git wipe")), ("rm remove".into(), 3));
    assert_eq!(told(&world.offline("git far")), ("-".into(), 0));
}

#[test]
fn nothing_is_looked_up_for_a_subcommand_of_gits_own() {
    let world = World::new();
    let bin = world.home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("git"), "#!/bin/sh\necho \"$@\" >>~/started\nexit 1\n").unwrap();
    fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let started = |command: &str| {
        let _ = fs::remove_file(world.home.path().join("started"));
        let mut guard = world.command(env!("CARGO_BIN_EXE_guard"));
        // The variable keeps guard from reading files for itself.
        guard.env("PATH", &bin).env("GIT_CONFIG_COUNT", "0").args(["--no-input", "--plan"]);
        guard.args(command.split(' ')).output().unwrap();
        fs::read_to_string(world.home.path().join("started")).unwrap_or_default()
    };
    assert_eq!(started("git commit -m x"), "");
    assert_eq!(started("git -C sub status"), "");
    assert_eq!(started("git -C sub st"), "-C sub config -z --get alias.st\n");
}
