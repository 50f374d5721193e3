//! What tool files list is what the bare command then hits: files by find, processes by pkill and
//! killall, units by systemctl under a service manager of the test's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "tests"
)]

#[path = "support/listing.rs"]
mod listing;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use listing::{contents, hit, listed, run};

fn tree(folder: &Path) {
    let text = "mkdir -p a/b/.git empty keep/deep 'sp ace'
        touch one.tmp two.o a/x.tmp a/b/y.tmp a/b/.git/z.tmp keep/k.tmp keep/deep/l 'sp ace/m.tmp'
        ln -s keep link; touch -d '3 days ago' a/x.tmp keep/k.tmp; touch \"$(printf 'nl\\nx.tmp')\"";
    assert!(Command::new("sh").args(["-e", "-c", text]).current_dir(folder).status().unwrap().success());
}

#[test]
fn find_delete_lists_what_goes() {
    for words in [
        vec![".", "-name", "*.tmp", "-delete"],
        vec![".", "-delete", "-name", "*.tmp"],
        vec![".", "-name", "nosuch", "-o", "-delete"],
        vec!["-type", "f", "-mtime", "+1", "-print", "-delete"],
        vec!["-L", "a", "link", "-name", "*.tmp", "-delete"],
        vec![".", "-depth", "-name", "keep", "-prune", "-o", "-name", "*.tmp", "-delete"],
        vec![".", "!", "-newer", "two.o", "!", "-type", "d", "-delete"],
        vec!["a", "a", "-name", "x.tmp", "-delete"],
        vec![".", "-type", "d", "-empty", "-delete", "-o", "-name", "two.o", "-delete"],
        vec![".", "(", "-name", "*.o", "-o", "-name", "l", ")", "-printf", "%p", "-delete", "-quit"],
        vec!["a", "-mindepth", "1", "-delete"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        tree(folder.path());
        let words: Vec<&str> = std::iter::once("find").chain(words).collect();
        let shown = listed(folder.path(), &words);
        let before = contents(folder.path());
        run(folder.path(), &words);
        let gone = hit(&before, &contents(folder.path()));
        // Through a link a file has another name; a folder emptied by -delete itself is no longer
        // there to be found empty beforehand.
        let shown: Vec<String> = shown.into_iter().map(|n| n.replacen("link/", "keep/", 1)).collect();
        // `.git` is left out of what is compared.
        let shown: Vec<String> = shown.into_iter().filter(|n| !n.contains(".git")).collect();
        assert_eq!(shown, gone, "{words:?}");
    }
}

#[test]
fn find_lists_what_its_command_is_given() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path());
    for words in [
        vec![".", "-name", ".git", "-prune", "-o", "-type", "f", "-exec", "rm", "-f", "{}", "+"],
        vec!["a", "keep", "-name", "*.tmp", "-execdir", "rm", "{}", ";", "-quit"],
    ] {
        let words: Vec<&str> = std::iter::once("find").chain(words).collect();
        let shown = listed(folder.path(), &words);
        let shown: Vec<String> = shown.into_iter().filter(|n| !n.contains(".git/")).collect();
        let before = contents(folder.path());
        run(folder.path(), &words);
        let gone = hit(&before, &contents(folder.path()));
        assert!(
            !gone.is_empty() && gone.iter().all(|n| shown.contains(n)),
            "{words:?}: {gone:?} of {shown:?}"
        );
        if !words.contains(&"-quit") {
            assert_eq!(shown, gone, "{words:?}");
        }
        fs::remove_dir_all(folder.path()).unwrap();
        fs::create_dir(folder.path()).unwrap();
        tree(folder.path());
    }
}

/// Processes with a name that nothing else on this host has.
struct Sleepers {
    folder: tempfile::TempDir,
    name: String,
    running: Vec<Child>,
}

impl Sleepers {
    fn new(tag: &str, count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("gs{}{tag}", std::process::id());
        let program = folder.path().join(&name);
        // A link, not a copy: a program that was just written may still be open in a child of another test.
        std::os::unix::fs::symlink(which("sleep"), &program).unwrap();
        let start =
            |n: usize| Command::new(&program).arg(format!("9{n:02}")).stdin(Stdio::null()).spawn().unwrap();
        let running = (0..count).map(start).collect();
        Self { folder, name, running }
    }

    /// Ids of those that ended; waits until the signal has done its work.
    fn ended(&mut self, expected: usize) -> Vec<String> {
        for _ in 0..500 {
            let gone: Vec<String> = self
                .running
                .iter_mut()
                .filter_map(|child| child.try_wait().unwrap().map(|_| child.id().to_string()))
                .collect();
            if gone.len() >= expected {
                return gone;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("{expected} processes should have ended");
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        for child in &mut self.running {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn which(program: &str) -> String {
    ["/usr/bin", "/bin"]
        .map(|f| format!("{f}/{program}"))
        .into_iter()
        .find(|p| Path::new(p).exists())
        .unwrap()
}

#[test]
fn pkill_and_killall_list_the_processes_that_end() {
    if Command::new("killall").arg("-V").output().is_err() {
        eprintln!("skipped: psmisc is not installed");
        return;
    }
    let commands: [(&[&str], usize); 6] = [
        (&["pkill", "-9", "-x", "NAME"], 3),
        (&["pkill", "--signal", "KILL", "-e", "-f", "FOLDER/NAME 901"], 1),
        (&["pkill", "-TERM", "-c", "-n", "NAME"], 1),
        (&["pkill", "-INT", "-o", "-x", "NAME"], 1),
        (&["killall", "-r", "-9", "^NAME$"], 3),
        (&["killall", "-I", "-r", "-s", "TERM", "^UPPER"], 3),
    ];
    for (index, (words, expected)) in commands.into_iter().enumerate() {
        let mut sleepers = Sleepers::new(&format!("x{index}"), 3);
        let folder = sleepers.folder.path().display().to_string();
        let own = |w: &&str| {
            w.replace("FOLDER", &folder)
                .replace("NAME", &sleepers.name)
                .replace("UPPER", &sleepers.name.to_uppercase())
        };
        let words: Vec<String> = words.iter().map(own).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        wait_for_exec(&sleepers);
        let mut shown = listed(Path::new("/"), &words);
        run(Path::new("/"), &words);
        let mut ended = sleepers.ended(expected);
        shown.sort();
        ended.sort();
        assert_eq!(shown, ended, "{words:?}");
        assert_eq!(shown.len(), expected, "{words:?}");
    }
}

/// Waits until each child runs the program it is to be.
fn wait_for_exec(sleepers: &Sleepers) {
    for child in &sleepers.running {
        let path = format!("/proc/{}/comm", child.id());
        while fs::read_to_string(&path).unwrap().trim() != sleepers.name {
            std::thread::yield_now();
        }
    }
}
