//! Which refs a push means, told by words and by the files of the repository alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A home with a repository whose branch is `topic`, and nothing on `PATH`: a listing can't start.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write("work/.git/HEAD", "ref: refs/heads/topic\n");
        home.write("work/.git/config", "[remote \"origin\"]\n\turl = ../remote.git\n");
        fs::create_dir_all(home.path("work/deep/er")).unwrap();
        home
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn plan_in(&self, folder: &str, command: &str, variables: &[(&str, &str)]) -> Value {
        let mut judge = Command::new(env!("CARGO_BIN_EXE_guardctl"));
        judge.env_clear().env("HOME", self.0.path()).envs(variables.iter().copied());
        judge.args(["judge", "--offline"]).current_dir(self.path(folder));
        let mut child =
            judge.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), command.as_bytes()).unwrap();
        serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
    }

    /// Rung, and the first name; `?` where nothing is known of it.
    fn told(&self, command: &str) -> String {
        self.told_in("work", command, &[])
    }

    fn told_in(&self, folder: &str, command: &str, variables: &[(&str, &str)]) -> String {
        let plan = self.plan_in(folder, command, variables);
        let certain = plan["scope"]["certainty"] != "unknown";
        let name = plan["scope"]["sample"][0].as_str().filter(|_| certain).unwrap_or("?").to_owned();
        format!("{} {name}", plan["verdict"]["rung"].as_str().unwrap())
    }
}

#[test]
fn a_push_by_force_of_ones_own_branch_is_silent_and_others_are_confirmed() {
    let home = Home::new();
    for (command, expected) in [
        ("git push -f", "allow refs/heads/topic"),
        ("git push -f origin", "allow refs/heads/topic"),
        ("git push -f origin HEAD", "allow refs/heads/topic"),
        ("git push --force-with-lease origin @", "allow refs/heads/topic"),
        ("git push -f origin topic", "allow topic"),
        ("git push -f origin HEAD:main", "confirm main"),
        ("git push -f origin main", "confirm main"),
        ("git push -f origin topic:refs/heads/release/2", "confirm refs/heads/release/2"),
        ("git push origin +main", "confirm main"),
        ("git push origin +topic main", "allow topic"),
        ("git push origin :main", "confirm main"),
        ("git push origin :topic", "allow topic"),
        ("git push --delete origin main", "confirm main"),
        ("git push origin -d topic", "allow topic"),
        ("git push -f origin production-eu", "confirm production-eu"),
        ("git push -f origin product-page", "allow product-page"),
        ("git push -f origin releasenotes", "allow releasenotes"),
        ("git push --mirror origin", "confirm ?"),
        ("git push -f --all", "confirm ?"),
        ("git push -f origin 'refs/heads/*:refs/heads/*'", "confirm ?"),
        ("git push -f origin tag v1", "confirm ?"),
        ("git branch -D main", "confirm main"),
        ("git branch -D topic", "allow topic"),
        ("git push origin main", "allow ?"),
    ] {
        assert_eq!(home.told(command), expected, "{command}");
    }
    assert_eq!(home.told_in("work/deep/er", "git push -f", &[]), "allow refs/heads/topic");
    assert_eq!(home.told_in(".", "git -C work push -f", &[]), "allow refs/heads/topic");
    assert_eq!(home.told_in(".", "git push -f", &[]), "confirm ?");
    home.write("work/.git/HEAD", "ref: refs/heads/main\n");
    assert_eq!(home.told("git push -f"), "confirm refs/heads/main");
    assert_eq!(home.told("git push -f origin HEAD"), "confirm refs/heads/main");
}

#[test]
fn a_worktree_has_a_branch_of_its_own() {
    let home = Home::new();
    home.write("tree/.git", &format!("gitdir: {}\n", home.path("work/.git/worktrees/tree").display()));
    home.write("work/.git/worktrees/tree/HEAD", "ref: refs/heads/master\n");
    home.write("work/.git/worktrees/tree/commondir", "../..\n");
    assert_eq!(home.told_in("tree", "git push -f", &[]), "confirm refs/heads/master");
    home.write("work/.git/config", "[push]\ndefault = matching\n");
    assert_eq!(home.told_in("tree", "git push -f", &[]), "confirm ?");
}

#[test]
fn what_the_configuration_makes_of_a_push_is_never_guessed() {
    let home = Home::new();
    for config in [
        "[push]\n\tdefault = matching\n",
        "[push]\n\tDefault = \"upstream\" # x\n",
        "[include]\n\tpath = other\n",
        "[includeIf \"gitdir:x\"]\n\tpath = other\n",
        "[push\n",
    ] {
        home.write("work/.git/config", config);
        assert_eq!(home.told("git push -f"), "confirm ?", "{config}");
        assert_eq!(home.told("git push -f origin topic"), "allow topic", "{config}");
    }
    for config in ["[remote \"origin\"]\npush = +refs/heads/*:refs/heads/*\n", "[remote \"b\"] mirror\n"] {
        home.write("work/.git/config", config);
        assert_eq!(home.told("git push -f"), "confirm ?", "{config}");
        assert_eq!(home.told("git push -f origin topic"), "confirm ?", "{config}");
    }
    home.write("work/.git/config", "[push]\ndefault = current\n");
    assert_eq!(home.told("git push -f"), "allow refs/heads/topic");
    home.write(".gitconfig", "[push]\ndefault = matching\n");
    assert_eq!(home.told("git push -f"), "allow refs/heads/topic", "the repository's own word is the last");
    home.write("work/.git/config", "");
    assert_eq!(home.told("git push -f"), "confirm ?");
    fs::remove_file(home.path(".gitconfig")).unwrap();
    for variables in [("GIT_DIR", "/x"), ("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_PARAMETERS", "'a.b=c'")] {
        assert_eq!(home.told_in("work", "git push -f", &[variables]), "confirm ?", "{variables:?}");
    }
    for command in ["git -c push.default=matching push -f", "git --git-dir=x push -f", "sudo git push -f"] {
        assert_eq!(home.told(command), "confirm ?", "{command}");
    }
}
