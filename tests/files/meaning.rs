//! What counts and what can be made again.

use super::tree::{Tree, default_rules};

/// Counted and disposable entries below the roots.
fn counts(tree: &Tree, roots: &[&str]) -> (u64, u64) {
    let full = tree.walk(roots);
    let skip = tree.walk_with(roots, |request| request.skip_disposable = true);
    assert_eq!(full.counted(), skip.counted(), "what is not opened must not change what counts");
    let limited = tree.walk_with(roots, |request| request.enough = Some(0));
    assert_eq!(full.counted() > 0, limited.counted() > 0, "nor must a limit");
    (full.counted(), full.disposable)
}

fn repository(tree: &Tree, at: &str, ignore: &str) {
    tree.make(&[&format!("{at}.git/HEAD"), &format!("{at}.git/objects/"), &format!("{at}.git/refs/")]);
    std::fs::write(tree.at(format!("{at}.gitignore")), ignore).unwrap();
}

#[test]
fn unmistakable_names() {
    let tree = Tree::new();
    tree.make(&[
        "p/node_modules/a/b.js",
        "p/node_modules/c.pem",
        "p/src/x.js",
        "p/src/x.pyc",
        "p/__pycache__/y",
    ]);
    // p, p/src, p/src/x.js
    assert_eq!(counts(&tree, &["p"]), (3, 7));
    assert_eq!(counts(&tree, &["p/node_modules"]), (0, 4));
    assert_eq!(counts(&tree, &["p/node_modules/a"]), (0, 2));
    assert_eq!(counts(&tree, &["p/src/x.pyc", "p/src/x.js"]), (1, 1));
    let skipped = tree.walk_with(&["p/node_modules"], |request| request.skip_disposable = true);
    assert_eq!((skipped.entries, skipped.skipped), (1, 1));
}

#[test]
fn names_that_need_evidence() {
    let tree = Tree::new();
    tree.make(&[
        "rust/Cargo.toml",
        "rust/target/debug/app",
        "photos/target/a.jpg",
        "web/package.json",
        "web/dist/x",
    ]);
    assert_eq!(counts(&tree, &["rust/target"]), (0, 3));
    assert_eq!(counts(&tree, &["photos/target"]), (2, 0));
    assert_eq!(counts(&tree, &["rust"]), (2, 3));
    assert_eq!(counts(&tree, &["web/dist/x"]), (0, 1));
    tree.make(&["web/dist/.env", "web/dist/secrets.json"]);
    assert_eq!(counts(&tree, &["web/dist"]), (2, 2));
    tree.make(&[
        "jvm/build.gradle.kts",
        "jvm/build/x",
        "py/venv/pyvenv.cfg",
        "py/venv/lib/cacert.pem",
        "py/env/x",
    ]);
    assert_eq!(counts(&tree, &["jvm/build"]), (0, 2));
    assert_eq!(counts(&tree, &["py/venv"]), (0, 4));
    assert_eq!(counts(&tree, &["py"]), (3, 4));
}

#[test]
fn cache_folders_by_their_tag() {
    let tree = Tree::new();
    tree.make(&["c/x", "d/x"]);
    std::fs::write(tree.at("c/CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55\n").unwrap();
    std::fs::write(tree.at("d/CACHEDIR.TAG"), "not signed").unwrap();
    assert_eq!(counts(&tree, &["c"]), (0, 3));
    assert_eq!(counts(&tree, &["c/x"]), (0, 1));
    assert_eq!(counts(&tree, &["d"]), (3, 0));
}

#[test]
fn the_cache_of_a_home() {
    let mut tree = Tree::new();
    tree.make(&["home/.cache/app/x", "home/letter"]);
    tree.around.home = Some(tree.around.cwd.join("home"));
    assert_eq!(counts(&tree, &["home/.cache"]), (0, 3));
    assert_eq!(counts(&tree, &["home"]), (2, 3));
}

#[test]
fn what_git_ignores() {
    let tree = Tree::new();
    repository(&tree, "r/", "*.log\n/out/\n!keep.log\n");
    tree.make(&[
        "r/a.log",
        "r/keep.log",
        "r/out/x",
        "r/out/deep/y",
        "r/src/out/z",
        "r/out/app.sqlite3",
        "r/.env",
    ]);
    std::fs::write(tree.at("r/src/.gitignore"), "z\n").unwrap();
    assert_eq!(counts(&tree, &["r/a.log", "r/keep.log"]), (1, 1));
    assert_eq!(counts(&tree, &["r/out"]), (1, 4));
    assert_eq!(counts(&tree, &["r/out/deep"]), (0, 2));
    assert_eq!(counts(&tree, &["r/src"]), (3, 1));
    assert_eq!(counts(&tree, &["r/.git"]), (4, 0));
    std::fs::create_dir(tree.at("r/.git/info")).unwrap();
    std::fs::write(tree.at("r/.git/info/exclude"), "src\n").unwrap();
    assert_eq!(counts(&tree, &["r/src"]), (0, 4));
}

#[test]
fn ignoring_everything_says_nothing() {
    let tree = Tree::new();
    repository(&tree, "dots/", "*\n!.vimrc\n");
    tree.make(&["dots/letters/a", "dots/letters/b"]);
    assert_eq!(counts(&tree, &["dots/letters"]), (3, 0));
}

#[test]
fn a_home_folder_in_git_ignores_nothing() {
    let mut tree = Tree::new();
    repository(&tree, "home/", "letters\n");
    tree.make(&["home/letters/a"]);
    tree.around.home = Some(tree.around.cwd.join("home"));
    assert_eq!(counts(&tree, &["home/letters"]), (2, 0));
}

#[test]
fn a_repository_inside_an_ignored_folder_counts() {
    let tree = Tree::new();
    repository(&tree, "r/", "work\n");
    repository(&tree, "r/work/inner/", "");
    tree.make(&["r/work/inner/src", "r/work/other"]);
    // work and other are ignored; inner with .git, HEAD, objects, refs, .gitignore and src counts.
    assert_eq!(counts(&tree, &["r/work"]), (7, 2));
    assert_eq!(tree.walk(&["r"]).repositories, 2);
}

#[test]
fn data_is_recognised_by_what_it_holds() {
    let tree = Tree::new();
    repository(&tree, "r/", "db\n");
    tree.make(&[
        "r/db/PG_VERSION",
        "r/db/base/1/2",
        "etcd/member/snap/db",
        "etcd/member/wal/",
        "notes/base/",
    ]);
    assert_eq!(counts(&tree, &["r/db"]), (5, 0));
    let walk = tree.walk(&["."]);
    let mut found: Vec<_> =
        walk.data.iter().map(|(path, why, _)| (path.to_str().unwrap(), why.as_str())).collect();
    found.sort();
    assert_eq!(found, [("./etcd", "an etcd data folder"), ("./r/db", "a PostgreSQL data folder")]);
    let part = tree.walk(&["r/db/base"]);
    assert_eq!(part.protected[0].why, "a PostgreSQL data folder");
}

#[test]
fn a_limit_asks_git_only_when_it_is_exceeded() {
    let tree = Tree::new();
    repository(&tree, "r/", "data/\n");
    (0..50).for_each(|file| {
        tree.make(&[&format!("r/data/{file}")]);
    });
    let limited = |enough| tree.walk_with(&["r/data"], |request| request.enough = Some(enough));
    assert_eq!(limited(100).counted(), 51);
    assert_eq!(limited(10).counted(), 0);
    assert_eq!(limited(10).stopped, None);
}

#[test]
fn bad_tables_are_refused() {
    let mut rules = default_rules();
    rules.protect[0].paths.push("etc".into());
    let error = rules.prepare(Default::default()).unwrap_err();
    assert_eq!(error.to_string(), "[files] names the path \"etc\", which is neither absolute nor below ~");
    let mut rules = default_rules();
    rules.data[0].all.clear();
    assert!(rules.prepare(Default::default()).is_err());
    let mut rules = default_rules();
    let rule = rules.disposable.beside[0].clone();
    rules.disposable.beside = vec![rule; 100];
    assert!(rules.prepare(Default::default()).is_err());
}
