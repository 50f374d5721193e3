//! Numbers: what `find` says, on trees of every shape.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

use guard::world::{RootKind, Stopped};

use super::tree::{Tree, remove_all};

#[test]
fn counts_what_find_counts() {
    let tree = Tree::new();
    tree.make(&["a/b/c.txt", "a/b/d.txt", "a/e/", "f"]);
    symlink("/etc", tree.at("a/link")).unwrap();
    std::fs::hard_link(tree.at("f"), tree.at("a/hard")).unwrap();
    let walk = tree.walk_with(&["a", "f"], |request| request.bytes = true);
    assert_eq!((walk.entries, walk.files, walk.folders), (8, 5, 3));
    assert_eq!(walk.entries as usize, tree.find().len());
    assert_eq!(walk.bytes, 9 + 9 + 4 + 1 + 1);
    assert_eq!(walk.roots, [RootKind::Folder, RootKind::File]);
    assert!(walk.is_exact());
}

#[test]
fn tells_what_roots_are() {
    let tree = Tree::new();
    tree.make(&["folder/x", "file"]);
    symlink("folder", tree.at("link")).unwrap();
    symlink("nowhere", tree.at("dangling")).unwrap();
    let roots = ["folder", "file", "link", "dangling", "gone", "gone/deeper", "file/x", "file/", ""];
    let walk = tree.walk(&roots);
    use RootKind::{File, Folder, Missing, Symlink};
    assert_eq!(walk.roots, [Folder, File, Symlink, Symlink, Missing, Missing, Missing, Missing, Missing]);
    assert_eq!(walk.entries, 5);
    assert!(walk.is_exact(), "what is not there is counted exactly: not at all");
}

#[test]
fn a_slash_makes_a_symlink_the_folder_behind_it() {
    let tree = Tree::new();
    tree.make(&["folder/x", "folder/y"]);
    symlink("folder", tree.at("link")).unwrap();
    assert_eq!(tree.walk(&["link"]).entries, 1);
    assert_eq!(tree.walk(&["link/"]).entries, 3);
    assert_eq!(tree.walk(&["link/."]).entries, 3);
    assert_eq!(tree.walk_with(&["link"], |request| request.follow_roots = true).entries, 3);
}

#[test]
fn roots_that_repeat_count_once() {
    let tree = Tree::new();
    tree.make(&["a/b/c", "d"]);
    assert_eq!(tree.walk(&["a", "a/b", "./a", "d", "d"]).entries, 4);
    assert_eq!(tree.walk(&[".", "a"]).entries, 5);
}

#[test]
fn without_recursion_only_roots_count() {
    let tree = Tree::new();
    tree.make(&["a/b/c", "d"]);
    assert_eq!(tree.walk_with(&["a", "d"], |request| request.recurse = false).entries, 2);
}

#[test]
fn odd_names_are_names() {
    let tree = Tree::new();
    let long = "x".repeat(255);
    for name in [b"new\nline".as_slice(), b"\xff\xfe", b"\x1b[31mred", b"-rf", b" ", long.as_bytes()] {
        std::fs::create_dir(tree.at(OsStr::from_bytes(name))).unwrap();
        std::fs::write(tree.at(OsStr::from_bytes(name)).join(OsStr::from_bytes(name)), "").unwrap();
    }
    let walk = tree.walk_with(&["."], |request| request.keep = true);
    assert_eq!(walk.entries, 13);
    let set = walk.set.unwrap();
    assert_eq!(set.len(), 12, "the current folder itself has no name to be removed by");
    let mut seen = Vec::new();
    set.paths(0..set.len(), &mut |path| seen.push(path.to_owned()));
    assert!(seen.contains(&OsStr::from_bytes(b"./\xff\xfe/\xff\xfe").into()), "{seen:?}");
    assert_eq!(remove_all(&set).0.done, 12);
    assert!(tree.find().is_empty());
}

#[test]
fn stops_when_the_answer_is_known() {
    let tree = Tree::in_memory();
    for folder in 0..20 {
        let folder = tree.at(format!("d{folder}"));
        std::fs::create_dir(&folder).unwrap();
        (0..500).for_each(|file| std::fs::write(folder.join(format!("f{file}")), "").unwrap());
    }
    let walk = tree.walk_with(&["."], |request| request.enough = Some(1000));
    assert_eq!(walk.stopped, Some(Stopped::Enough));
    assert!(walk.counted() > 1000 && walk.counted() < 10_021, "{}", walk.counted());
    let walk = tree.walk_with(&["."], |request| request.enough = Some(10_021));
    assert_eq!((walk.stopped, walk.counted()), (None, 10_021));
    let walk = tree.walk_with(&["."], |request| request.deadline = Some(Duration::ZERO));
    assert_eq!(walk.stopped, Some(Stopped::Deadline));
    let walk = tree.walk_with(&["."], |request| (request.max_entries, request.keep) = (5000, true));
    assert_eq!(walk.stopped, Some(Stopped::Cap));
    assert!(walk.set.is_none(), "half a set is no freeze");
}

#[test]
fn stops_inside_one_large_folder() {
    let tree = Tree::in_memory();
    (0..20_000).for_each(|file| std::fs::write(tree.at(format!("f{file}")), "").unwrap());
    let walk = tree.walk_with(&["."], |request| request.enough = Some(1000));
    assert_eq!(walk.stopped, Some(Stopped::Enough));
    assert!(walk.counted() < 10_000, "{}", walk.counted());
}

/// A chain of folders longer than any path, with a side folder at each level to keep handles busy.
fn deep(tree: &Tree, levels: usize) {
    let script = format!(
        "import os\nfor i in range({levels}):\n os.mkdir('d')\n os.mkdir('e')\n open('e/f','w').close()\n os.chdir('d')\n"
    );
    assert!(
        Command::new("python3").args(["-c", &script]).current_dir(tree.path()).status().unwrap().success()
    );
}

#[test]
fn ten_thousand_levels() {
    let tree = Tree::in_memory();
    deep(&tree, 10_000);
    let walk = tree.walk_with(&["d", "e"], |request| request.keep = true);
    assert_eq!(walk.entries, 30_000, "{:?}", walk.first_unreadable);
    assert!(walk.is_exact());
    let set = walk.set.unwrap();
    assert_eq!(set.len(), 30_000);
    assert_eq!(set.digest(), tree.keep(&["d", "e"]).digest());
    let (outcome, told) = remove_all(&set);
    assert_eq!((outcome.done, outcome.code()), (30_000, 0), "{told:?}");
    assert!(tree.find().is_empty());
}

#[test]
fn an_unreadable_folder_makes_the_count_inexact() {
    let tree = Tree::new();
    tree.make(&["open/file", "shut/file"]);
    Command::new("chmod").arg("000").arg(tree.at("shut")).status().unwrap();
    Command::new("chmod").arg("755").arg(tree.path()).status().unwrap();
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if root {
        // Root reads everything: the same test again, as somebody else.
        if std::env::var_os("GUARD_TEST_TREE").is_some() {
            return;
        }
        let own = std::env::current_exe().unwrap();
        let copy = tempfile::tempdir().unwrap();
        Command::new("chmod").arg("755").arg(copy.path()).status().unwrap();
        std::fs::copy(own, copy.path().join("files")).unwrap();
        let ran = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(copy.path().join("files"))
            .args(["counting::an_unreadable_folder_as_somebody_else", "--exact", "--ignored"])
            .env("GUARD_TEST_TREE", tree.path())
            .output();
        match ran {
            Ok(ran) => assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout)),
            Err(reason) => println!("skipped: no setpriv to become somebody else: {reason}"),
        }
    } else {
        check_unreadable(tree.path());
    }
    Command::new("chmod").arg("755").arg(tree.at("shut")).status().unwrap();
}

#[test]
#[ignore = "run by an_unreadable_folder_makes_the_count_inexact"]
fn an_unreadable_folder_as_somebody_else() {
    check_unreadable(std::env::var_os("GUARD_TEST_TREE").unwrap().as_ref());
}

fn check_unreadable(path: &std::path::Path) {
    let tree = Tree::new();
    let walk = tree.walk(&[path.to_str().unwrap()]);
    assert_eq!((walk.entries, walk.unreadable), (4, 1));
    assert!(!walk.is_exact());
    let (first, reason) = walk.first_unreadable.unwrap();
    assert_eq!((first, reason.as_str()), (path.join("shut"), "Permission denied"));
    let inside = tree.walk(&[path.join("shut/file").to_str().unwrap()]);
    assert_eq!(inside.roots, [RootKind::Unreadable]);
    assert!(!inside.is_exact());
}
