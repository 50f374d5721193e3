//! What is removed is what was shown, whatever happens in between.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use guard::world::{FileSet, RemoveEvent, RemoveOptions, RemoveOutcome, remove};
use proptest::prelude::*;

use super::tree::{Tree, remove_all};

#[test]
fn removes_what_was_seen() {
    let tree = Tree::new();
    tree.make(&["a/b/c", "a/d", "a/e/", "stays/x", "f"]);
    symlink("stays", tree.at("a/link")).unwrap();
    std::fs::hard_link(tree.at("stays/x"), tree.at("a/hard")).unwrap();
    let (outcome, told) = remove_all(&tree.keep(&["a", "f"]));
    assert_eq!(outcome, RemoveOutcome { done: 8, ..RemoveOutcome::default() });
    assert_eq!(told, []);
    assert_eq!(tree.find(), ["stays", "stays/x"]);
}

#[test]
fn a_symlink_swapped_in_leads_nowhere() {
    let tree = Tree::new();
    tree.make(&["a/b/c", "a/b/d/e", "precious/c", "precious/d/e"]);
    let set = tree.keep(&["a"]);
    std::fs::rename(tree.at("a/b"), tree.at("moved")).unwrap();
    symlink(tree.at("precious"), tree.at("a/b")).unwrap();
    let (outcome, told) = remove_all(&set);
    assert_eq!(outcome.done, 0, "{told:?}");
    assert_eq!((outcome.changed, outcome.held, outcome.code()), (4, 1, 1));
    assert_eq!(told, [RemoveEvent::Changed { path: "a/b".into() }]);
    assert!(tree.find().contains(&"precious/d/e".to_owned()));
    assert!(tree.find().contains(&"moved/d/e".to_owned()));
}

#[test]
fn a_root_swapped_for_a_symlink_leads_nowhere() {
    let tree = Tree::new();
    tree.make(&["top/a/c", "precious/a/c"]);
    for root in ["top/a", "top/a/", "top"] {
        let set = tree.keep(&[root]);
        std::fs::rename(tree.at("top"), tree.at("moved")).unwrap();
        symlink("precious", tree.at("top")).unwrap();
        assert_eq!(remove_all(&set).0.done, 0, "{root}");
        std::fs::remove_file(tree.at("top")).unwrap();
        std::fs::rename(tree.at("moved"), tree.at("top")).unwrap();
    }
    assert_eq!(tree.find().len(), 6);
}

#[test]
fn what_appears_later_stays() {
    let tree = Tree::new();
    tree.make(&["a/b/c", "a/d"]);
    let set = tree.keep(&["a"]);
    tree.make(&["a/b/new"]);
    let (outcome, told) = remove_all(&set);
    assert_eq!((outcome.done, outcome.held, outcome.code()), (2, 2, 1));
    assert_eq!(told, [RemoveEvent::HoldsNew { path: "a/b".into() }]);
    assert_eq!(tree.find(), ["a", "a/b", "a/b/new"]);
}

#[test]
fn what_is_gone_is_fine_and_what_changed_stays() {
    let tree = Tree::new();
    tree.make(&["a/gone", "a/changed", "a/plain", "a/folder/x"]);
    let set = tree.keep(&["a"]);
    std::fs::remove_file(tree.at("a/gone")).unwrap();
    std::fs::remove_dir_all(tree.at("a/folder")).unwrap();
    // The inode number may be used again at once: then only its birth tells them apart.
    std::fs::remove_file(tree.at("a/changed")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(50));
    std::fs::write(tree.at("a/changed"), "someone else's").unwrap();
    let (outcome, told) = remove_all(&set);
    assert_eq!((outcome.done, outcome.vanished, outcome.changed), (1, 3, 1));
    assert_eq!(told, [RemoveEvent::Changed { path: "a/changed".into() }]);
    assert_eq!(tree.find(), ["a", "a/changed"]);
}

#[test]
fn stages_are_ranges() {
    let tree = Tree::new();
    for n in 0..30 {
        tree.make(&[&format!("a/{}/{n}", n % 3)]);
    }
    let set = tree.keep(&["a"]);
    assert_eq!(set.len(), 34);
    let stop = AtomicBool::new(false);
    let options = RemoveOptions { verbose: true, empty_folders: false, stop: &stop };
    let mut removed = 0;
    for stage in [0..1, 1..12, 12..20, 20..34] {
        let size = stage.end - stage.start;
        let mut told = 0;
        let outcome = remove(&set, stage, &options, &mut |_| told += 1);
        assert_eq!((outcome.done, told), (size, size));
        removed += size as usize;
        assert_eq!(tree.find().len(), 34 - removed);
    }
    assert_eq!(remove(&set, 30..99, &options, &mut |_| ()).vanished, 4);
}

#[test]
fn stops_between_entries() {
    let tree = Tree::new();
    tree.make(&["a/1", "a/2", "a/3", "a/4"]);
    let set = tree.keep(&["a"]);
    let stop = AtomicBool::new(false);
    let options = RemoveOptions { verbose: true, empty_folders: false, stop: &stop };
    let outcome = remove(&set, 0..set.len(), &options, &mut |_| stop.store(true, Ordering::Relaxed));
    assert_eq!((outcome.done, outcome.left, outcome.code()), (1, 4, 1));
}

#[test]
fn folders_without_recursion() {
    let tree = Tree::new();
    tree.make(&["empty/", "full/x"]);
    let set = tree.walk_with(&["empty", "full"], |r| (r.recurse, r.keep) = (false, true)).set.unwrap();
    let (outcome, told) = remove_all(&set);
    assert_eq!((outcome.done, outcome.failed), (0, 2));
    assert_eq!(told[0], RemoveEvent::Failed { path: "empty".into(), reason: "Is a directory".into() });
    let stop = AtomicBool::new(false);
    let options = RemoveOptions { verbose: false, empty_folders: true, stop: &stop };
    let mut told = Vec::new();
    let outcome = remove(&set, 0..2, &options, &mut |event| told.push(event));
    assert_eq!((outcome.done, outcome.failed), (1, 1));
    assert!(told.contains(&RemoveEvent::Kept(0)) || told.contains(&RemoveEvent::Kept(1)), "{told:?}");
    told.retain(|event| !matches!(event, RemoveEvent::Kept(_)));
    assert_eq!(told, [RemoveEvent::Failed { path: "full".into(), reason: "Directory not empty".into() }]);
}

#[test]
fn a_list_of_paths_as_find_prints_it() {
    let tree = Tree::new();
    tree.make(&["a/b/c", "a/b/new\nline", "a/keep/x", "a/d", "z/"]);
    let list = b".\0./a/b/c\0./a/b/new\nline\0./a/b\0./a/d\0./gone\0z\0";
    let set = FileSet::from_paths(list, &tree.around.cwd).unwrap();
    assert_eq!(set.len(), 5);
    let mut paths = Vec::new();
    set.paths(0..5, &mut |path| paths.push(path.to_owned()));
    let place = |path: &str| paths.iter().position(|other| other == &PathBuf::from(path)).unwrap();
    assert!(place("./a/b/c") < place("./a/b"), "{paths:?}");
    let again =
        FileSet::from_paths(b"z\0./a/d\0./a/b\0./a/b/c\0./a/b/new\nline\0", &tree.around.cwd).unwrap();
    assert_eq!(set.digest(), again.digest());
    let (outcome, told) = remove_all(&set);
    assert_eq!((outcome.done, outcome.code()), (5, 0), "{told:?}");
    assert_eq!(tree.find(), ["a", "a/keep", "a/keep/x"]);
    assert!(FileSet::from_paths(b"", &tree.around.cwd).unwrap().is_empty());
}

#[test]
fn digest_tells_sets_apart() {
    let tree = Tree::new();
    tree.make(&["a/b/c", "a/d"]);
    let digest = || tree.keep(&["a"]).digest();
    let before = digest();
    assert_eq!(before, digest());
    tree.make(&["a/e"]);
    assert_ne!(before, digest());
    std::fs::remove_file(tree.at("a/e")).unwrap();
    assert_eq!(before, digest());
    std::fs::rename(tree.at("a/d"), tree.at("a/D")).unwrap();
    assert_ne!(before, digest());
    assert_eq!(tree.keep(&["a"]).sample(2).len(), 2);
    assert_eq!(tree.keep(&["a"]).sample(99).len(), 4);
}

/// One thing that somebody else does to the tree.
#[derive(Debug, Clone)]
enum Change {
    Remove(usize),
    Replace(usize),
    Add(usize),
    Move(usize, usize),
    Link(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0usize..40).prop_map(Change::Remove),
        (0usize..40).prop_map(Change::Replace),
        (0usize..40).prop_map(Change::Add),
        (0usize..40, 0usize..40).prop_map(|(from, to)| Change::Move(from, to)),
        (0usize..40).prop_map(Change::Link),
    ]
}

/// Path → inode of everything below the tree.
fn inodes(tree: &Tree) -> BTreeSet<(OsString, u64)> {
    let mut out = BTreeSet::new();
    let mut stack = vec![tree.path().to_owned()];
    while let Some(folder) = stack.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let stat = entry.path().symlink_metadata().unwrap();
            out.insert((entry.path().into_os_string(), std::os::unix::fs::MetadataExt::ino(&stat)));
            if stat.is_dir() {
                stack.push(entry.path());
            }
        }
    }
    out
}

fn apply(tree: &Tree, paths: &[String], change: &Change) {
    let path = |n: usize| tree.at("w").join(&paths[n % paths.len()]);
    let inside =
        |n: &usize| path(*n).parent().unwrap().canonicalize().is_ok_and(|at| at.starts_with(tree.at("w")));
    let (Change::Remove(n) | Change::Replace(n) | Change::Add(n) | Change::Move(_, n) | Change::Link(n)) =
        change;
    // What goes through a link that was put in would change the folder behind it by itself.
    if !inside(n) || path(*n).is_symlink() || matches!(change, Change::Move(m, _) if !inside(m)) {
        return;
    }
    // Each may fail: that is a change that did not happen.
    let _ = match change {
        Change::Remove(n) => std::fs::remove_file(path(*n)).or_else(|_| std::fs::remove_dir_all(path(*n))),
        Change::Replace(n) => {
            std::fs::write(tree.at("new"), "new").and_then(|()| std::fs::rename(tree.at("new"), path(*n)))
        }
        Change::Add(n) => std::fs::write(path(*n).join("added"), "")
            .or_else(|_| std::fs::write(path(*n).with_extension("added"), "")),
        Change::Move(n, m) => std::fs::rename(path(*n), path(*m)),
        Change::Link(n) => {
            let _ = std::fs::rename(path(*n), tree.at("aside"));
            symlink(tree.at("outside"), path(*n))
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Nothing is removed that was not in the set, at the same path and with the same inode.
    #[test]
    fn never_more_than_the_set(
        paths in prop::collection::vec("[ab]/[ab]/[abc]|[ab]/[abc]|[ab]/[ab]/[ab]/[ab]", 1..25),
        before in prop::collection::vec(change(), 0..6),
        during in prop::collection::vec(change(), 0..6),
    ) {
        let tree = Tree::new();
        tree.make(&["w/", "outside/a/a", "outside/a/b", "outside/b"]);
        for path in &paths {
            let path = tree.at("w").join(path);
            let _ = std::fs::create_dir_all(path.parent().unwrap()).and_then(|()| std::fs::write(path, ""));
        }
        let set = tree.keep(&["w"]);
        let shown = inodes(&tree);
        before.iter().for_each(|change| apply(&tree, &paths, change));
        let changed = inodes(&tree);
        let stop = AtomicBool::new(false);
        let options = RemoveOptions { verbose: true, empty_folders: false, stop: &stop };
        let mut removed = Vec::new();
        let mut later = during.iter();
        let outcome = remove(&set, 0..set.len(), &options, &mut |event| {
            if let RemoveEvent::Removed { path, .. } = event {
                removed.push(tree.at(path).into_os_string());
                if let Some(change) = later.next() {
                    apply(&tree, &paths, change);
                }
            }
        });
        prop_assert_eq!(outcome.done, removed.len() as u64);
        let sum = outcome.done + outcome.vanished + outcome.failed + outcome.changed + outcome.held + outcome.left;
        prop_assert_eq!(sum, set.len());
        let shown_paths: BTreeSet<_> = shown.iter().map(|(path, _)| path.clone()).collect();
        prop_assert!(removed.iter().all(|path| shown_paths.contains(path)));
        prop_assert_eq!(removed.len(), removed.iter().collect::<BTreeSet<_>>().len());
        prop_assert!(tree.at("outside/a/a").exists() && tree.at("outside/a/b").exists() && tree.at("outside/b").exists());
        // Without changes in between, all that was not shown is still there.
        if during.is_empty() {
            for (path, inode) in changed.difference(&shown) {
                let now = std::path::Path::new(path).symlink_metadata();
                let stays = now.is_ok_and(|now| std::os::unix::fs::MetadataExt::ino(&now) == *inode);
                prop_assert!(stays || outcome.done == 0 || !tree.at("w").exists(), "{path:?} is gone");
            }
        }
    }
}
