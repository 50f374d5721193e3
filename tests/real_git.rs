//! What the git tool file lists is what git then hits, on real repositories with a bare remote.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/listing.rs"]
mod listing;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use listing::{contents, hit, listed, listed_targets, run};

/// A bare remote `r.git` and a clone `w` beside it.
struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    fn new() -> Self {
        let it = Self { folder: tempfile::tempdir().unwrap() };
        let top = it.folder.path();
        sh(top, "git init -q --bare r.git && git -c init.defaultBranch=main init -q w");
        it.sh(
            "git config user.email a@example.org && git config user.name a && git remote add origin ../r.git",
        );
        it
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("w")
    }

    fn sh(&self, text: &str) -> String {
        sh(&self.work(), text)
    }

    /// A second one in the same state, to run the bare command in.
    fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        sh(self.folder.path(), &format!("cp -a . '{}'", folder.path().display()));
        Self { folder }
    }

    /// Refs of the remote.
    fn remote(&self) -> BTreeMap<String, String> {
        let text =
            sh(&self.folder.path().join("r.git"), "git for-each-ref --format='%(refname) %(objectname)'");
        text.lines().filter_map(|l| l.split_once(' ')).map(|(r, o)| (r.to_owned(), o.to_owned())).collect()
    }
}

fn sh(folder: &Path, text: &str) -> String {
    let output = Command::new("sh").args(["-e", "-c", text]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn pushes_list_the_refs_that_do_not_go_forward_and_their_commits() {
    let it = Repository::new();
    it.sh("for n in 1 2; do git commit -q --allow-empty -m $n; done
         for b in a b gone; do git branch $b; done
         git tag v1; git push -q origin --all; git push -q --tags
         git branch -q -D gone
         git reset -q --hard HEAD~1; git commit -q --allow-empty -m other; git branch -q -f a
         git branch -q -f b main~1; git branch fresh; git push -q origin v1:refs/heads/ahead~0 || true
         git push -q origin main~1:refs/heads/behind; git branch behind");
    for words in [
        "push -f origin main",
        "push --force-with-lease origin main behind",
        "push origin +main b",
        "push origin :a --force",
        "push origin --delete a gone",
        "push -q origin :refs/heads/gone",
        "push --mirror origin",
        "push -f --prune origin refs/heads/*:refs/heads/*",
        "push --all --force origin",
        "push origin :refs/tags/v1 fresh",
        "push -d origin nosuch",
    ] {
        let words: Vec<&str> = std::iter::once("git").chain(words.split(' ')).collect();
        let shown = listed_targets(&it.work(), &words);
        let before = it.remote();
        let bare = it.copy();
        run(&bare.work(), &words);
        let after = bare.remote();
        let lost = |name: &str, old: &str| match after.get(name) {
            None => true,
            Some(new) => {
                let text = format!("git merge-base --is-ancestor {old} {new} && echo forward || true");
                new != old && sh(&bare.folder.path().join("r.git"), &text).is_empty()
            }
        };
        let hit: Vec<&String> = before.iter().filter(|(n, o)| lost(n, o)).map(|(n, _)| n).collect();
        let mut names: Vec<String> = shown.iter().map(|t| t.name.to_string_lossy().into_owned()).collect();
        names.sort();
        assert_eq!(names.iter().collect::<Vec<_>>(), hit, "{words:?}");
        assert_eq!(it.remote(), before, "{words:?}: the listing pushed");
        for target in shown.iter().filter(|t| t.uid.is_some()) {
            assert_eq!(target.uid.as_ref(), before.get(target.name.to_str().unwrap()), "{words:?}");
        }
    }
}

#[test]
fn a_push_is_listed_without_its_hook() {
    let it = Repository::new();
    it.sh(
        "git commit -q --allow-empty -m 1; git push -q origin main; git commit -q --amend --allow-empty -m 2",
    );
    it.sh("printf '#!/bin/sh\\ntouch ../ran\\n' > .git/hooks/pre-push; chmod +x .git/hooks/pre-push");
    assert_eq!(listed(&it.work(), &["git", "push", "--verify", "-f", "origin", "main"]), ["refs/heads/main"]);
    assert!(!it.folder.path().join("ran").exists());
}

#[test]
fn clean_lists_the_files_that_go() {
    let it = Repository::new();
    it.sh("mkdir -p un/deep ig empty d1; echo ig/ > .gitignore; echo '*.o' >> .gitignore
         touch un/a un/deep/b un/x.o ig/1 ig/2 top f.o 'sp ace' d1/t; printf x > \"$(printf 'nl\\nx')\"
         git init -q nested; touch nested/z; git add d1/t .gitignore; git commit -q -m d; touch d1/unt");
    for words in [
        "clean -f",
        "clean -fd",
        "clean -fdx",
        "clean -fdX",
        "clean -fx",
        "clean -fX",
        "clean -f un",
        "clean -f d1",
        "clean -fX un",
        "clean -fd -e top",
        "clean -fX -e top",
        "clean -fdx --exclude=top",
        "-C un clean -fd",
        "-C un clean -fX",
    ] {
        let words: Vec<&str> = std::iter::once("git").chain(words.split(' ')).collect();
        let inside = if words[1] == "-C" { "un/" } else { "" };
        let shown: Vec<String> =
            listed(&it.work(), &words).into_iter().map(|name| format!("{inside}{name}")).collect();
        let bare = it.copy();
        let before = contents(&bare.work());
        run(&bare.work(), &words);
        let folders = ["un", "un/deep", "ig", "empty", "d1"];
        let gone: Vec<String> = hit(&before, &contents(&bare.work()))
            .into_iter()
            .filter(|n| !folders.contains(&n.as_str()))
            .collect();
        assert_eq!(shown, gone, "{words:?}");
    }
    let nested = listed_targets(&it.work(), &["git", "clean", "-ffd"]);
    let repositories: Vec<_> = nested.iter().filter(|t| t.kind == "repository").collect();
    assert_eq!(repositories.len(), 1);
    assert_eq!(repositories[0].name, "nested/");
}

#[test]
fn uncommitted_work_is_listed_where_it_is_lost() {
    let it = Repository::new();
    it.sh("mkdir src; for f in same staged changed both src/changed removed; do echo 1 > $f; done
         git add .; git commit -q -m 1; git branch other; git commit -q --allow-empty -m 2
         echo 2 > staged; git add staged; echo 2 > changed; echo 2 > src/changed; echo 2 > 'added one'
         echo 2 > both; git add both 'added one'; echo 3 > both; rm removed; echo u > untracked");
    // What was removed already is not lost once more.
    for words in [
        vec!["reset", "--hard"],
        vec!["reset", "--hard", "HEAD~1"],
        vec!["checkout", "-f", "other"],
        vec!["checkout", "--", "."],
        vec!["checkout", "."],
        vec!["checkout", "--", "changed", "src"],
        vec!["checkout", "src"],
        vec!["restore", "."],
        vec!["restore", "changed", "both"],
        vec!["restore", "-SW", "."],
        vec!["switch", "--discard-changes", "other"],
        vec!["switch", "-f", "main"],
        vec!["rm", "-rf", "src", "both", "staged"],
        vec!["-C", "src", "checkout", "."],
        vec!["-C", "src", "reset", "--hard"],
    ] {
        let words: Vec<&str> = std::iter::once("git").chain(words).collect();
        let shown = listed(&it.work(), &words);
        let bare = it.copy();
        let before = contents(&bare.work());
        run(&bare.work(), &words);
        let lost: Vec<String> =
            hit(&before, &contents(&bare.work())).into_iter().filter(|name| name != "src").collect();
        assert_eq!(shown, lost, "{words:?}");
    }
    // The word of a commit or a branch is no path.
    assert_eq!(listed(&it.work(), &["git", "checkout", "other"]), [""; 0]);
    let from_commit = listed(&it.work(), &["git", "checkout", "HEAD", "--", "src", "changed"]);
    assert_eq!(from_commit, ["changed", "src/changed"]);
}

#[test]
fn refs_stashes_and_what_nothing_holds_are_listed() {
    let it = Repository::new();
    it.sh(
        "echo 1 > f; git add f; git commit -q -m 1; git branch a; git branch feat/x; git tag v1; git tag -a -m x v2
         for n in 1 2 3; do echo $n$n >> f; git stash -q; done",
    );
    let oid = |rev: &str| it.sh(&format!("git rev-parse '{rev}'")).trim().to_owned();
    let with_uid = |words: &[&str]| -> Vec<(String, Option<String>)> {
        let targets = listed_targets(&it.work(), words);
        targets.into_iter().map(|t| (t.name.into_string().unwrap(), t.uid)).collect()
    };
    let one = |name: &str, rev: &str| (name.to_owned(), Some(oid(rev)));
    assert_eq!(with_uid(&["git", "branch", "-D", "feat/x", "nosuch"]), [one("feat/x", "feat/x")]);
    assert_eq!(with_uid(&["git", "tag", "-d", "v1", "v2"]), [one("v1", "v1"), one("v2", "v2")]);
    assert_eq!(with_uid(&["git", "stash", "drop"]), [one("stash@{0}", "stash@{0}")]);
    assert_eq!(with_uid(&["git", "stash", "drop", "stash@{1}"]), [one("stash@{1}", "stash@{1}")]);
    assert_eq!(listed(&it.work(), &["git", "stash", "clear"]).len(), 3);

    let entries = listed(&it.work(), &["git", "reflog", "expire", "--expire=now", "--all"]).len();
    let count = || -> usize {
        let logs = it.sh("git reflog list");
        logs.lines().map(|log| it.sh(&format!("git reflog '{log}'")).lines().count()).sum()
    };
    let before = count();
    it.sh("git stash clear; git reflog expire --expire=now --all");
    assert_eq!((entries, count()), (before, 0));

    let commits = || {
        let all = it.sh("git cat-file --batch-all-objects --batch-check");
        all.lines().filter(|line| line.split(' ').nth(1) == Some("commit")).count()
    };
    let loose = listed(&it.work(), &["git", "prune", "--expire=now"]).len();
    let unreachable = listed(&it.work(), &["git", "gc", "--prune=now"]).len();
    let all = commits();
    it.sh("git gc -q --prune=now");
    assert_eq!((unreachable, loose), (all - commits(), all - commits()));
    // Three stashes, and the commits of their indexes, which are one where a second was enough for all.
    assert!(unreachable >= 4, "{unreachable}");
}

#[test]
fn a_submodule_that_is_emptied_by_force_is_listed() {
    let it = Repository::new();
    it.sh("git commit -q --allow-empty -m 1; git push -q origin main; git -C ../r.git symbolic-ref HEAD refs/heads/main");
    it.sh("git -c protocol.file.allow=always submodule --quiet add ../r.git 'lib/a b'; git commit -q -m sub");
    fs::write(it.work().join("lib/a b/work"), "w").unwrap();
    assert_eq!(listed(&it.work(), &["git", "submodule", "deinit", "-f", "--all"]), ["lib/a b"]);
    run(&it.work(), &["git", "submodule", "deinit", "-f", "--all"]);
    assert!(!it.work().join("lib/a b/work").exists());
}
