//! What git would hit, told from the files of a repository: never less than git lists itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/site.rs"]
mod site;

use site::Site;

/// A home with a repository `w` of six committed files, all older than its index.
fn repository(format: &str) -> Site {
    let site = Site::new();
    let text = format!(
        "git -c init.defaultBranch=main init -q {format} w && cd w
         git config user.email a@example.org && git config user.name a
         mkdir -p src/deep && for f in a b src/c src/d src/deep/e src/deep/f; do echo $f >$f; done
         printf 'target/\\n.env\\n' >.gitignore
         find . -name .git -prune -o -type f -exec touch -d '2020-01-01' {{}} +
         git add . && git commit -qm one"
    );
    sh(&site, &text);
    site
}

fn sh(site: &Site, text: &str) {
    let mut sh = site.command("sh");
    let output = sh.args(["-e", "-c", text]).env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
    assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What one line hits by files alone and, where git can be asked, by its listing.
fn counts(site: &Site, line: &str) -> (Option<u64>, Option<u64>) {
    let count = |args: &[&str]| {
        let plan = site.judge(args, &format!("{line}\n")).remove(0);
        let scope = &plan["scope"];
        scope["count"].as_u64().filter(|_| scope["certainty"] != "unknown")
    };
    (count(&["--offline"]), count(&[]))
}

#[track_caller]
fn bounded(site: &Site, line: &str, most: u64) {
    let (offline, listed) = counts(site, line);
    assert_eq!(offline, Some(most), "{line}");
    assert!(listed.is_none_or(|listed| listed <= most), "{line}: {listed:?}");
}

#[test]
fn a_clean_tree_loses_nothing() {
    let site = repository("");
    for line in [
        "git -C w reset --hard HEAD~1",
        "git -C w checkout -f",
        "git -C w checkout .",
        "git -C w restore .",
        "git -C w restore -SW src",
        "git -C w rm -rf src",
        "git -C w clean -ffdx",
        "git -C w clean -fd",
        "git -C w stash clear",
    ] {
        bounded(&site, line, 0);
    }
}

#[test]
fn what_was_changed_counts_where_it_is_meant() {
    let site = repository("");
    sh(&site, "cd w && echo x >>a && echo y >>src/c && rm b && echo z >>src/deep/e && chmod +x src/deep/f");
    bounded(&site, "git -C w reset --hard", 4);
    bounded(&site, "cd w/src && git checkout .", 3);
    bounded(&site, "cd w/src && git checkout -- deep ../a", 3);
    bounded(&site, "git -C w restore src/c", 1);
    bounded(&site, "git -C w restore -s HEAD~1 'src/*'", 4);
    bounded(&site, "git -C w rm -rf src/deep", 2);
}

#[test]
fn what_is_staged_is_seen_by_its_tree() {
    let site = repository("");
    sh(&site, "cd w && echo x >>a && touch -d 2020-01-02 a && git add a");
    // All tracked files bound what is staged; the working tree is as it was staged.
    bounded(&site, "git -C w reset --hard", 7);
    bounded(&site, "git -C w restore .", 0);
    // A tree that was written, and not committed.
    sh(&site, "cd w && git write-tree >/dev/null");
    bounded(&site, "git -C w reset --hard", 7);
    sh(&site, "cd w && git commit -qm two && git gc -q");
    bounded(&site, "git -C w reset --hard", 0);
}

#[test]
fn every_form_of_a_repository_is_read() {
    for (format, then) in [
        ("", "git update-index --index-version 4"),
        ("", "git update-index --index-version 3"),
        ("--object-format=sha256", "true"),
        ("", "git gc -q && git pack-refs --all"),
        ("", "git checkout -q --detach"),
    ] {
        let site = repository(format);
        sh(&site, &format!("cd w && {then} && echo x >>src/c"));
        bounded(&site, "git -C w reset --hard", 1);
        bounded(&site, "git -C w clean -ffdx", 0);
    }
}

#[test]
fn a_worktree_has_an_index_of_its_own() {
    let site = repository("");
    sh(
        &site,
        "cd w && git worktree add -q ../other && cd ../other && find . -type f -exec touch -d 2020-01-01 {} +",
    );
    sh(&site, "cd other && git update-index -q --refresh && echo x >>src/c && touch new");
    bounded(&site, "git -C other checkout .", 1);
    bounded(&site, "git -C other reset --hard", 1);
    bounded(&site, "git -C other clean -fd", 1);
    bounded(&site, "git -C w reset --hard", 0);
}

#[test]
fn what_is_not_tracked_counts_by_the_rules_of_rm() {
    let site = repository("");
    sh(
        &site,
        "cd w && touch new src/new .env Cargo.toml && mkdir -p target/debug notes/old inner
         touch target/debug/1 target/debug/2 notes/1 notes/old/2
         git -C inner init -q && touch inner/kept",
    );
    // The files at hand: `new`, `src/new`, `.env` and Cargo.toml; folders go with -d, or by their name.
    bounded(&site, "git -C w clean -f", 4);
    bounded(&site, "git -C w clean -fd", 8);
    bounded(&site, "git -C w clean -fdx", 8);
    bounded(&site, "git -C w clean -f notes", 4);
    bounded(&site, "cd w/src && git clean -fd", 1);
    // A repository inside goes with -ff, and what is in it can't be made again.
    let plan = site.judge(&["--offline"], "git -C w clean -ffd\n").remove(0);
    assert_eq!(plan["verdict"]["rung"], "confirm", "{plan}");
}

#[test]
fn stashes_are_counted_by_their_log() {
    let site = repository("");
    sh(&site, "cd w && for i in 1 2 3; do echo $i >>a; git stash push -q; done");
    bounded(&site, "git -C w stash clear", 3);
    bounded(&site, "git -C w stash drop", 1);
    bounded(&site, "git -C w stash drop stash@{2}", 1);
}

#[test]
fn outside_a_repository_there_is_nothing() {
    let site = Site::new();
    for line in ["git clean -fdx", "git reset --hard", "git stash clear"] {
        let plan = site.judge(&["--offline"], &format!("{line}\n")).remove(0);
        assert_eq!(
            (plan["verdict"]["rung"].as_str(), plan["scope"]["count"].as_u64()),
            (Some("allow"), Some(0))
        );
    }
}

#[test]
fn what_leads_git_elsewhere_stays_unknown() {
    let site = repository("");
    for line in [
        "git --git-dir w/.git reset --hard",
        "git -C w --work-tree=/ clean -fd",
        "GIT_WORK_TREE=/ git -C w clean -fd",
        "sudo git -C w reset --hard",
        "git -C w restore --pathspec-from-file=list",
    ] {
        assert_eq!(counts(&site, line).0, None, "{line}");
    }
    sh(&site, "cd w && git update-index --split-index");
    assert_eq!(counts(&site, "git -C w reset --hard").0, None);
}

#[test]
fn a_thousand_changed_files_are_asked_about() {
    let site = repository("");
    sh(&site, "cd w && for i in $(seq 1001); do echo $i >n$i; done && git add . && git commit -qm two");
    sh(&site, "cd w && for i in $(seq 1001); do echo x >>n$i; done");
    for line in ["git -C w reset --hard", "git -C w checkout ."] {
        let plan = site.judge(&["--offline"], &format!("{line}\n")).remove(0);
        assert_eq!(plan["verdict"]["rung"], "confirm", "{line}");
    }
}
