//! What install.sh brings is there, works, and goes again without a trace.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs, reason = "tests")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs install.sh with the programs of this build, below a prefix.
fn install(prefix: &Path, words: &[&str]) -> Output {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh"))
        .arg("--from")
        .arg(Path::new(env!("CARGO_BIN_EXE_guard")).parent().unwrap())
        .arg("--prefix")
        .arg(prefix)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn installed(prefix: &Path, words: &[&str]) -> String {
    let ran = install(prefix, words);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

/// Everything below a folder, folders included.
fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(tree(&path));
        }
        all.push(path);
    }
    all.sort();
    all
}

/// Whether this guardctl makes man pages and completions.
fn writes_pages(guardctl: &Path) -> bool {
    let help =
        |words: [&str; 2]| Command::new(guardctl).args(words).output().is_ok_and(|o| o.status.success());
    help(["man", "--help"]) && help(["completions", "--help"])
}

#[test]
fn it_comes_works_and_goes() {
    let scratch = tempfile::tempdir().unwrap();
    let prefix = scratch.path().join("prefix");
    let said = installed(&prefix, &[]);
    assert!(said.contains("is not in your PATH"), "{said}");

    let guard = prefix.join("bin/guard");
    let ran = Command::new(&guard).args(["sh", "-c", "exit 7"]).status().unwrap();
    assert_eq!(ran.code(), Some(7));
    if writes_pages(&prefix.join("bin/guardctl")) {
        let pages = tree(&prefix.join("share/man/man1"));
        assert!(pages.contains(&prefix.join("share/man/man1/guard.1")), "{pages:?}");
        for script in [
            "bash-completion/completions/guardctl",
            "zsh/site-functions/_guardctl",
            "fish/vendor_completions.d/guardctl.fish",
        ] {
            assert!(prefix.join("share").join(script).is_file(), "{script}");
        }
    }

    installed(&prefix, &["--uninstall"]);
    assert_eq!(tree(scratch.path()), [] as [PathBuf; 0]);
    let again = install(&prefix, &["--uninstall"]);
    assert_eq!(again.status.code(), Some(1));
}

#[test]
fn what_was_there_before_stays() {
    let scratch = tempfile::tempdir().unwrap();
    let prefix = scratch.path();
    fs::create_dir_all(prefix.join("share/man/man1")).unwrap();
    fs::create_dir_all(prefix.join("bin")).unwrap();
    fs::write(prefix.join("bin/other"), "").unwrap();
    let before = tree(prefix);

    installed(prefix, &[]);
    // Someone else's file in a folder that the installation made.
    fs::write(prefix.join("share/guard/note"), "").unwrap();
    installed(prefix, &[]);
    installed(prefix, &["--uninstall"]);
    let mut after = tree(prefix);
    after.retain(|path| !path.starts_with(prefix.join("share/guard")));
    assert_eq!(after, before);
    assert!(prefix.join("share/guard/note").exists());
}

#[test]
fn the_folder_of_shims_goes_whoever_removed_them() {
    let scratch = tempfile::tempdir().unwrap();
    let prefix = scratch.path().join("prefix");
    installed(&prefix, &[]);
    let shims = prefix.join("lib/guard/shims");
    for subcommand in ["install", "remove"] {
        let mut guardctl = Command::new(prefix.join("bin/guardctl"));
        let ran =
            guardctl.args(["shims", subcommand, "--dir"]).arg(&shims).stdin(Stdio::null()).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
    assert!(prefix.join("lib/guard").is_dir());
    installed(&prefix, &["--uninstall"]);
    assert!(!prefix.join("lib/guard").exists());
}

#[test]
fn a_program_is_replaced_in_one_step() {
    let scratch = tempfile::tempdir().unwrap();
    let prefix = scratch.path();
    installed(prefix, &[]);
    let guard = prefix.join("bin/guard");
    let first = fs::metadata(&guard).unwrap().ino();
    // A hard link keeps the first program, as a process that runs it would.
    fs::hard_link(&guard, prefix.join("kept")).unwrap();
    installed(prefix, &[]);
    assert_ne!(fs::metadata(&guard).unwrap().ino(), first, "it was written over");
    assert_eq!(fs::metadata(prefix.join("kept")).unwrap().ino(), first);
    assert_eq!(fs::metadata(&guard).unwrap().permissions().mode() & 0o777, 0o755);
}

/// A list that somebody changed must not lead out of the prefix.
#[test]
fn uninstalling_stays_below_the_prefix() {
    let scratch = tempfile::tempdir().unwrap();
    let prefix = scratch.path().join("prefix");
    let outside = scratch.path().join("outside");
    fs::write(&outside, "").unwrap();
    installed(&prefix, &[]);
    let list = prefix.join("share/guard/installed");
    let mut text = fs::read_to_string(&list).unwrap();
    text.push_str(&format!("../outside\nbin/../../outside\n{}\n", outside.display()));
    fs::write(&list, text).unwrap();
    installed(&prefix, &["--uninstall"]);
    assert_eq!(tree(scratch.path()), [outside]);
}

#[test]
fn what_it_does_not_know_it_refuses() {
    let scratch = tempfile::tempdir().unwrap();
    for words in [&["--frobnicate"][..], &["--from", "/nonexistent"]] {
        let ran = install(scratch.path(), words);
        assert_eq!(ran.status.code(), Some(1), "{words:?}");
        assert!(String::from_utf8_lossy(&ran.stderr).contains("install.sh: "));
    }
    assert_eq!(tree(scratch.path()), [] as [PathBuf; 0]);
}

#[test]
fn sudo_gets_shims_and_loses_them_again() {
    if !Path::new("/usr/sbin/visudo").exists() {
        println!("skipped: visudo is not installed");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let prefix = scratch.path().join("prefix");
    let sudoers = scratch.path().join("sudoers.d");
    fs::create_dir(&sudoers).unwrap();
    let option = format!("--sudo-shims={}", sudoers.display());
    for _ in 0..2 {
        installed(&prefix, &[&option]);
        let file = sudoers.join("guard-shims");
        let text = fs::read_to_string(&file).unwrap();
        let shims = prefix.join("lib/guard/shims");
        let path = text.lines().last().unwrap().strip_prefix("Defaults secure_path=\"").unwrap();
        assert!(path.starts_with(&format!("{}:/", shims.display())), "{text}");
        assert_eq!(path.matches("guard/shims").count(), 1);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o440);
        assert_eq!(
            fs::read_link(shims.join("rm")).unwrap(),
            prefix.join("bin/guard").canonicalize().unwrap()
        );
        assert!(!shims.join("sudo").exists(), "what sudo starts is judged once");
    }
    // An installation without the option forgets nothing.
    installed(&prefix, &[]);
    installed(&prefix, &["--uninstall"]);
    assert_eq!(tree(scratch.path()), std::slice::from_ref(&sudoers));

    fs::write(sudoers.join("guard-shims"), "# mine\n").unwrap();
    assert!(!install(&prefix, &[&option]).status.success());
    assert_eq!(fs::read_to_string(sudoers.join("guard-shims")).unwrap(), "# mine\n");
    let spaced = scratch.path().join("a \"b");
    assert!(!install(&spaced, &[&option]).status.success());
}
