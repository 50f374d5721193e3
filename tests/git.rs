//! What guard counts for git is what git then loses; what runs is what was shown.
//!
//! The real git on real repositories with a bare remote, each command in a copy of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod terminal;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use guard::policy::{Places, Shelf};
use guard::read::{Match, read};
use guard::scope::{Target, calls};
use serde_json::Value;
use tempfile::TempDir;
use terminal::Terminal;

/// Any number of named targets passes with `--expect`, and every number is asked for.
const LENIENT: &str = "\
[limits.destroy.member]\nconfirm = 1\ndry_run = 500\nstage = 500\napprove = 500\n\
[limits.destroy.small]\nconfirm = 1\n";

/// Two commits that the remote has otherwise, thirty branches only there, and a tree in which
/// changed, staged, deleted, untracked and ignored files stand side by side.
const WORLD: &str = r#"
git init -q --bare remote.git; git init -q work; cd work; git remote add origin ../remote.git
mkdir dir; for f in a b c dir/d; do echo one >$f; done; echo '*.o' >.gitignore; git add .; git commit -qm one
for b in x y $(seq -f b%g 30); do git branch $b; done
git push -q origin --all; git branch -q -D $(seq -f b%g 30)
git tag v1; git tag v2
for n in 1 2; do echo $n >a; git stash -q; done
git checkout -q x; git commit -q --amend -m x; git checkout -q main; git commit -q --amend -m main; git branch new
for n in 1 2; do git commit-tree -m lost$n HEAD^{tree} >/dev/null; done
echo two >a; echo two >b; rm c; echo s >s; git add s
mkdir un sub; echo 1 >un/f; echo 2 >un/g; echo 3 >un/z.o; echo 4 >dir/new; echo 5 >top; echo 6 >top.o
printf 7 >'new
line'; git init -q nest; echo 8 >nest/f
git config alias.undo 'reset --hard'; git config alias.redo 'undo -q'; git config alias.cut 'branch -D'
git config alias.wipe '!f() { rm -f dir/d "$@"; }; f'
"#;

struct World {
    home: TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { home: tempfile::tempdir().unwrap() };
        let policies = world.home.path().join(".config/guard/policies");
        fs::create_dir_all(&policies).unwrap();
        fs::write(policies.join("lenient.toml"), LENIENT).unwrap();
        world.sh(WORLD);
        world
    }

    fn work(&self) -> PathBuf {
        self.home.path().join("work")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.home.path());
        command.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_COUNT", "2"), ("TERM", "dumb")]);
        command.envs([("GIT_CONFIG_KEY_0", "init.defaultBranch"), ("GIT_CONFIG_VALUE_0", "main")]);
        command.envs([("GIT_CONFIG_KEY_1", "protocol.file.allow"), ("GIT_CONFIG_VALUE_1", "always")]);
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "a").env(format!("GIT_{who}_EMAIL"), "a@example.com");
        }
        command.current_dir(if self.work().exists() { self.work() } else { self.home.path().into() });
        command
    }

    /// Runs shell text; what it prints.
    fn sh(&self, script: &str) -> String {
        let out = self.command("bash").args(["-c", script]).output().unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    fn guard(&self, options: &[&str], command: &str) -> Output {
        let mut guard = self.command(env!("CARGO_BIN_EXE_guard"));
        guard.arg("--no-input").args(options).args(shlex::split(command).unwrap()).output().unwrap()
    }

    fn plan(&self, command: &str) -> Value {
        let out = self.guard(&["--plan", "--json"], command);
        serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|_| panic!("{command}: {}", String::from_utf8_lossy(&out.stderr)))
    }

    /// Everything of a sort, with what it holds.
    fn all(&self, sort: &str) -> BTreeMap<String, String> {
        let list = match sort {
            "ref" => "git ls-remote --refs origin | awk '{print $2\"=\"$1}'",
            "branch" => "git for-each-ref --format='%(refname)=%(objectname)' refs/heads",
            "tag" => "git for-each-ref --format='%(refname)=%(objectname)' refs/tags",
            "stash" => "git stash list --format=%H=",
            "commit" => {
                "git cat-file --batch-all-objects --batch-check | awk '$2==\"commit\"{print $1\"=\"}'"
            }
            "file" => {
                "find . -name .git -prune -o -type f -print0 | xargs -0 sha1sum | sed 's/\\(.*\\)  \\(.*\\)/\\2=\\1/'"
            }
            other => panic!("{other}"),
        };
        let lines = self.sh(list);
        lines.lines().filter_map(|l| l.rsplit_once('=')).map(|(k, v)| (k.into(), v.into())).collect()
    }

    fn oid(&self, name: &str) -> String {
        self.sh(&format!("git ls-remote origin refs/heads/{name} | cut -f1")).trim().to_owned()
    }
}

/// Command, what it hits, and how many.
const ROWS: &[(&str, &str, usize)] = &[
    ("git push -f origin main x y new", "ref", 2),
    ("git push origin main --force", "ref", 1),
    ("git -C ../work --no-pager push origin x --force-with-lease", "ref", 1),
    ("git push origin +main y", "ref", 1),
    ("git push origin :b1 +:b2 y", "ref", 2),
    ("git push --mirror origin", "ref", 32),
    ("git push --prune origin refs/heads/*:refs/heads/*", "ref", 30),
    ("git push -d origin b1 refs/heads/b2", "ref", 2),
    ("git push origin main", "ref", 0),
    ("git push origin --all --tags", "ref", 0),
    ("git push -nf origin main", "ref", 0),
    ("git branch -D x y", "branch", 2),
    ("git branch -f -d x", "branch", 1),
    ("git branch -d y", "branch", 0),
    ("git tag -d v1 v2", "tag", 2),
    ("git stash drop", "stash", 1),
    ("git stash drop stash@{1}", "stash", 1),
    ("git stash clear", "stash", 2),
    ("git stash pop", "stash", 0),
    ("git clean -f", "file", 3),
    ("git clean -fd", "file", 5),
    ("git clean -f un", "file", 2),
    ("git clean -fdx", "file", 7),
    ("git clean -fdX", "file", 2),
    ("git clean -fd -e top -e new", "file", 3),
    ("git clean -ndx", "file", 0),
    ("git reset --hard", "file", 3),
    ("git reset --hard v1", "file", 3),
    ("git reset", "file", 0),
    ("git checkout -f", "file", 3),
    ("git checkout .", "file", 2),
    ("git checkout -- a dir", "file", 1),
    ("git checkout HEAD -- a b", "file", 2),
    ("git checkout -b other", "file", 0),
    ("git checkout y", "file", 0),
    ("git switch --discard-changes y", "file", 3),
    ("git restore .", "file", 2),
    ("git restore -SW .", "file", 3),
    ("git restore --staged .", "file", 0),
    ("git gc -q --prune=now", "commit", 2),
    ("git prune --expire=now", "commit", 2),
    ("git undo v1", "file", 3),
    ("git redo", "file", 3),
    ("git -C sub undo -q", "file", 3),
    ("git CUT x y", "branch", 2),
    ("git -C sub wipe un/f un/g", "file", 3),
    ("git -c alias.undo='clean -fdx' undo", "file", 7),
    ("git -c alias.CO='-c a.b=c checkout' co .", "file", 2),
    ("git -C sub -c alias.gone='!rm -f dir/d dir/new' gone", "file", 2),
    ("git -c alias.gone='!rm -f' gone un/f top", "file", 2),
];

#[test]
fn what_is_counted_is_what_the_bare_command_loses() {
    let model = World::new();
    let mut wrong = Vec::new();
    for (command, sort, count) in ROWS {
        let world = World { home: tempfile::tempdir().unwrap() };
        let from = model.home.path().join(".");
        assert!(Command::new("cp").arg("-a").arg(from).arg(world.home.path()).status().unwrap().success());
        let before = world.all(sort);
        let plan = world.plan(command);
        assert_eq!(world.all(sort), before, "{command}: the plan changed something");
        let counted = plan["scope"]["count"].as_u64().unwrap_or(0);
        let words = shlex::split(command).unwrap();
        world.command(&words[0]).args(&words[1..]).output().unwrap();
        let after = world.all(sort);
        let lost = before.iter().filter(|(name, held)| after.get(*name) != Some(*held)).count();
        let notes = plan["scope"]["notes"].as_array().map_or(&[][..], Vec::as_slice);
        let again = |note: &Value| {
            note.as_str()?.strip_suffix(" more can be made again and do not count")?.parse::<u64>().ok()
        };
        let counted = counted + notes.iter().find_map(again).unwrap_or(0);
        if (counted, lost) != (*count as u64, *count) {
            wrong.push(format!(
                "{command}: counted {counted}, lost {lost}, expected {count}: {}",
                plan["scope"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_repository_inside_counts_as_one_with_ff_only() {
    let world = World::new();
    assert_eq!(world.plan("git clean -fd")["scope"]["kind"], "file");
    let plan = world.plan("git clean -ffd");
    assert_eq!((&plan["scope"]["kind"], &plan["scope"]["count"]), (&"repository".into(), &6.into()));
    world.sh("git clean -ffdq");
    assert!(!world.work().join("nest").exists());
}

#[test]
fn thirty_branches_of_a_remote_go_by_name() {
    let world = World::new();
    let names: Vec<String> = (1..=30).map(|n| format!("b{n}")).collect();
    let command = format!("git push -q origin --delete {}", names.join(" "));
    let before = world.all("ref");
    assert_eq!(world.guard(&[], &command).status.code(), Some(122));
    assert_eq!(world.guard(&["--expect", "29"], &command).status.code(), Some(123));
    assert_eq!(world.all("ref"), before);
    let done = world.guard(&["--expect", "30"], &command);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let after = world.all("ref");
    assert_eq!(after.keys().collect::<Vec<_>>(), ["refs/heads/main", "refs/heads/x", "refs/heads/y"]);
}

#[test]
fn a_forced_push_that_was_expected_forces_what_was_shown() {
    let world = World::new();
    let done = world.guard(&["--expect", "2"], "git push -q -f origin main x new");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    for name in ["main", "x", "new"] {
        assert_eq!(world.oid(name), world.sh(&format!("git rev-parse {name}")).trim());
    }
}

/// Moves `x` on the remote, as someone else would.
fn someone_else_pushes(world: &World) -> String {
    world.sh("git -C ../remote.git update-ref refs/heads/x $(git -C ../remote.git commit-tree -m theirs main^{tree})");
    world.oid("x")
}

#[test]
fn a_ref_that_moved_while_guard_asked_is_not_overwritten() {
    let world = World::new();
    let mut command = world.command(env!("CARGO_BIN_EXE_guard"));
    command.args(["git", "push", "-f", "origin", "main", "x"]);
    let mut terminal = Terminal::start(command, [true; 3]);
    terminal.expect("2 refs");
    terminal.expect("ype");
    let theirs = someone_else_pushes(&world);
    let main = world.oid("main");
    terminal.send("main\n");
    assert_eq!(terminal.end().code(), Some(123));
    assert_eq!((world.oid("x"), world.oid("main")), (theirs, main));
}

#[test]
fn the_lease_itself_holds_against_a_push_in_the_last_moment() {
    let world = World::new();
    let argv: Vec<OsString> = ["git", "push", "-f", "origin", "main", "x"].map(OsString::from).into();
    let shelf = Shelf::new(&Places::default());
    let found = Match::find(&read(&argv, &shelf).unwrap()[0]).unwrap();
    let shown: Vec<Target> = ["main", "x"]
        .map(|name| Target {
            kind: "ref".into(),
            name: format!("refs/heads/{name}").into(),
            uid: Some(world.oid(name)),
            weight: 1,
            ..Target::default()
        })
        .into();
    let theirs = someone_else_pushes(&world);
    for call in calls(&found, &shown).unwrap() {
        world.command("git").args(&call.argv[1..]).output().unwrap();
    }
    assert_eq!(world.oid("x"), theirs);
    assert_eq!(world.oid("main"), world.sh("git rev-parse main").trim());
}

#[test]
fn everyday_work_is_not_asked_about() {
    let world = World::new();
    fs::remove_file(world.home.path().join(".config/guard/policies/lenient.toml")).unwrap();
    for command in [
        "git push -f origin x",
        "git clean -fd",
        "git checkout .",
        "git branch -D x",
        "git tag -d v1",
        "git stash drop",
        "git reset --hard",
        "git push origin :b1",
        "git commit -q --allow-empty -m x",
    ] {
        assert_eq!(world.plan(command)["verdict"]["rung"], "allow", "{command}");
    }
    assert_eq!(world.plan("git push origin :refs/heads/b1")["verdict"]["rung"], "confirm");
    for command in ["git push -f origin main", "git push", "git push origin +main y", "git push origin HEAD"]
    {
        let named = command.contains("main");
        assert_eq!(
            world.plan(command)["verdict"]["rung"],
            if named { "confirm" } else { "allow" },
            "{command}"
        );
    }
}
