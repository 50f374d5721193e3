//! Home folders, mount points, `.git` and system folders, by text and on disk.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use guard::world::{PreparedRules, Relation, Surroundings};

use super::tree::{Tree, default_rules};

fn rules() -> PreparedRules {
    let around = Surroundings {
        home: Some("/home/ann".into()),
        homes: vec!["/root".into(), "/srv/homes/bob".into()],
        cwd: "/home/ann/work/project".into(),
        mounts: vec!["/mnt/data".into(), "/proc".into()],
    };
    default_rules().prepare(around).unwrap()
}

fn why(path: &str) -> Option<(String, bool)> {
    let found = rules().protected_by_text(Path::new(path));
    found.into_iter().next().map(|found| (format!("{} is {}", found.path.display(), found.why), found.deny))
}

#[test]
fn by_text() {
    let cases = [
        ("/", "/ is the whole system", true),
        ("//", "/ is the whole system", true),
        ("/usr/..", "/ is the whole system", true),
        ("/./usr/./", "/usr is a system folder", true),
        ("/usr/../etc/.", "/etc is a system folder", true),
        ("/usr/lib", "/usr/lib is a system folder", true),
        ("/var/lib/postgresql", "/var/lib/postgresql is the state of a service", false),
        ("/scratch", "/scratch is a folder at the top of the system", false),
        ("/home/eve", "/home/eve is a home folder", true),
        ("/srv/homes/bob/", "/srv/homes/bob is a home folder", true),
        ("/srv/homes", "/srv/homes/bob is a home folder", true),
        ("../..", "/home/ann is a home folder", true),
        ("..", "/home/ann/work/project is the current folder", false),
        ("../../../../..", "/ is the whole system", true),
        ("/mnt/data", "/mnt/data is a mount point", false),
        ("/*", "/ is the whole system", true),
        ("/home/ann/*", "/home/ann is a home folder", true),
        ("/home/ann/.ssh", "/home/ann/.ssh is a folder of keys", false),
        ("/etc/passwd", "/etc/passwd is an account or boot file of the system", true),
    ];
    for (path, expected, deny) in cases {
        assert_eq!(why(path), Some((expected.to_owned(), deny)), "{path}");
    }
    for path in [
        "",
        ".",
        "src",
        "/home/ann/work/old",
        "/tmp/x",
        "/usr/local/foo",
        "/var/lib/app/old",
        "/home/ann/x/*",
    ] {
        assert_eq!(why(path), None, "{path}");
    }
}

#[test]
fn mounts_inside_are_told_with_their_relation() {
    let found = rules().protected_by_text(Path::new("/mnt"));
    let mount = found.iter().find(|found| found.why == "a mount point").unwrap();
    assert_eq!((mount.path.as_path(), mount.relation), (Path::new("/mnt/data"), Relation::Inside));
}

#[test]
fn expanded_globs() {
    let rules = rules();
    let list = |_: &Path| -> Vec<OsString> { ["a", "b", "c", ".ssh"].map(OsString::from).to_vec() };
    let glob = |operands: &[&str]| {
        let operands: Vec<PathBuf> = operands.iter().map(PathBuf::from).collect();
        rules.expanded_glob(&operands, &mut |path| list(path)).map(|glob| (glob.folder.path, glob.operands))
    };
    assert_eq!(glob(&["/bin", "/boot", "/dev"]), Some(("/".into(), 3)));
    assert_eq!(glob(&["/bin", "/boot"]), None);
    assert_eq!(glob(&["/home/ann/a", "/home/ann/b", "../../c"]), Some(("/home/ann".into(), 3)));
    assert_eq!(glob(&["/home/ann/a", "/home/ann/b", "/home/ann/d"]), None);
    assert_eq!(glob(&["/home/ann/a", "/home/ann/b"]), None);
    assert_eq!(glob(&["/etc/1", "/etc/2", "/etc/3", "/etc/4", "/etc/5"]), Some(("/etc".into(), 5)));
    assert_eq!(glob(&["/etc/1", "/etc/2", "/etc/3", "/etc/4"]), None);
    assert_eq!(glob(&["/var/log/1", "/var/log/2", "/var/log/3", "/var/log/4", "/var/log/5"]), None);
    assert_eq!(glob(&["a", "b", "c"]), None, "a project folder is not protected");
    assert_eq!(glob(&["/bin", "/bin/", "//bin"]), None, "one operand three times");
}

#[test]
fn a_glob_that_leaves_something_out_is_confirmed() {
    let rules = rules();
    let deny = |operands: &[String], names: &[&str]| {
        let operands: Vec<PathBuf> = operands.iter().map(|name| format!("/home/ann/{name}").into()).collect();
        let mut list = |_: &Path| names.iter().map(OsString::from).collect();
        rules.expanded_glob(&operands, &mut list).map(|glob| glob.folder.deny)
    };
    let some = |upto: usize| (0..upto).map(|n| n.to_string()).collect::<Vec<_>>();
    let ten = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    assert_eq!(deny(&some(10), &ten), Some(true));
    assert_eq!(deny(&some(9), &ten), Some(false), "nearly all");
    assert_eq!(deny(&some(8), &ten), None);
    assert_eq!(deny(&some(2), &["0", "1", ".ssh"]), Some(false), "two may be meant by name");
    assert_eq!(deny(&some(1), &["0", ".ssh"]), None);
}

#[test]
fn several_of_a_system_folder_are_confirmed_by_text() {
    for (path, expected) in [
        ("/etc/*.conf", Some(("/etc", false))),
        ("/usr/bin/git*", Some(("/usr/bin", false))),
        ("/etc/*", Some(("/etc", true))),
        ("/var/log/*.gz", None),
        ("/etc/nginx/*.conf", None),
    ] {
        let found = rules().protected_by_text(Path::new(path));
        let found = found.iter().find(|found| found.path == Path::new(path).parent().unwrap());
        assert_eq!(found.map(|f| (f.path.to_str().unwrap(), f.deny)), expected, "{path}");
    }
}

#[test]
fn on_disk() {
    let mut tree = Tree::new();
    tree.make(&[
        "home/ann/x",
        "r/.git/HEAD",
        "r/.git/logs/HEAD",
        "r/.git/index.lock",
        "r/.git/objects/",
        "r/.git/hooks/",
        "r/x",
    ]);
    let home = tree.around.cwd.join("home/ann");
    tree.around.home = Some(home.clone());
    std::os::unix::fs::symlink("home/ann", tree.at("alias")).unwrap();
    let found = |root: &str| tree.walk(&[root]).protected;
    assert_eq!(
        (found("home/ann")[0].why.as_str(), found("home/ann")[0].relation),
        ("a home folder", Relation::Root)
    );
    assert_eq!((found("home")[0].path.clone(), found("home")[0].relation), (home, Relation::Inside));
    assert_eq!(found("alias/")[0].why, "a home folder");
    assert_eq!(found("alias"), [], "the symlink alone is no home");
    assert_eq!(found("home/ann/x"), []);
    assert_eq!(found("r/.git")[0].why, "the history of a repository");
    assert_eq!(
        found("r/.git/objects")[0].why,
        "the history of a repository",
        "without it the rest is worth nothing"
    );
    assert_eq!(found("r/.git/hooks"), []);
    assert_eq!(found("r/.git/HEAD")[0].why, "the history of a repository");
    assert_eq!(found("r/.git/logs/HEAD"), []);
    assert_eq!(found("r/.git/logs/refs"), [], "reflogs are no repository");
    assert_eq!(found("r/.git/index.lock"), []);
    assert_eq!(found("r"), []);
    assert_eq!(tree.walk(&["r"]).repository_sample, [PathBuf::from("r")]);
    assert!(tree.walk_with(&["home/ann"], |request| request.recurse = false).protected[0].deny);
}

#[test]
fn missing_paths_are_judged_by_text() {
    let tree = Tree::new();
    let walk = tree.walk(&["/home/nobody-of-this-name"]);
    assert_eq!(walk.protected[0].why, "a home folder");
}

/// Runs `script` with mounts of its own; says why when that can't be.
fn with_mounts(script: &str) -> Option<std::process::Output> {
    let ran = Command::new("unshare").args(["-m", "sh", "-ec", script]).output();
    match ran {
        Ok(ran) if !String::from_utf8_lossy(&ran.stderr).contains("unshare failed") => Some(ran),
        other => {
            println!("skipped: mounts of one's own are not to be had here: {other:?}");
            None
        }
    }
}

#[test]
fn mount_points_are_crossed_and_told() {
    let tree = Tree::new();
    tree.make(&["t/plain/x", "t/tmp/", "t/bind/", "other/y"]);
    let own = std::env::current_exe().unwrap();
    let script = format!(
        "cd '{}'; mount -t tmpfs none t/tmp; touch t/tmp/z; mount --bind other t/bind
         '{}' protection::inside_mounts --exact --ignored",
        tree.path().display(),
        own.display()
    );
    if let Some(ran) = with_mounts(&script) {
        let stdout = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{stdout}{}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
#[ignore = "run by mount_points_are_crossed_and_told"]
fn inside_mounts() {
    let mut tree = Tree::new();
    let cwd = std::env::current_dir().unwrap();
    tree.around = Surroundings::read(None, cwd.clone());
    let walk = tree.walk(&["t"]);
    // t, plain, x, tmp, z, bind, y
    assert_eq!(walk.entries, 7);
    assert_eq!(walk.mounts, [cwd.join("t/bind"), cwd.join("t/tmp")]);
    let inside: Vec<_> = walk.protected.iter().map(|found| (&found.path, found.relation)).collect();
    assert_eq!(inside, [(&cwd.join("t/bind"), Relation::Inside), (&cwd.join("t/tmp"), Relation::Inside)]);
    let mut walk = tree.walk_with(&["t"], |request| request.one_file_system = true);
    // The bind mount is of the same file system, as for rm.
    assert_eq!(walk.entries, 6);
    assert!(walk.set.take().is_none());
    assert_eq!(tree.walk(&["t/tmp"]).protected[0].why, "a mount point");
}
