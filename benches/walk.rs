//! A million files: counting side by side with `find`, and what a kept set weighs.
//!
//! `cargo bench --bench walk`. The tree is made once, below the temporary folder, and used again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use guard::world::{FileRules, Surroundings, Walk, WalkRequest, walk};

const FOLDERS: usize = 1000;
const FILES: usize = 1000;
const ROUNDS: usize = 7;

#[derive(serde::Deserialize)]
struct Page {
    files: FileRules,
}

fn main() {
    let tree = std::env::temp_dir().join("guard-bench-million");
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    if arguments.next().as_deref() == Some("keep") {
        return keep(&tree);
    }
    make(&tree);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{} files in {FOLDERS} folders, {threads} processors, median of {ROUNDS} rounds",
        FOLDERS * FILES
    );
    // Warms the cache of names and inodes.
    shell(&format!("find '{}' -printf %s >/dev/null", tree.display()));
    let count = format!("find '{}' | wc -l", tree.display());
    let bytes = format!("find '{}' -printf %s >/dev/null", tree.display());
    side_by_side("count", &count, || guard(&tree, |_| ()));
    side_by_side("bytes", &bytes, || guard(&tree, |request| request.bytes = true));
    side_by_side("keep", &count, || guard(&tree, |request| request.keep = true));
    side_by_side("limit of 1000", &count, || guard(&tree, |request| request.enough = Some(1000)));
    one_file();
    println!("a kept set, in a process of its own:");
    assert!(Command::new(std::env::current_exe().unwrap()).arg("keep").status().unwrap().success());
}

/// Makes the tree, unless it is there.
fn make(tree: &Path) {
    let done = tree.with_extension("done");
    if done.exists() {
        return;
    }
    println!("making {} (once)", tree.display());
    for folder in 0..FOLDERS {
        let folder = tree.join(format!("folder-{folder:04}"));
        std::fs::create_dir_all(&folder).unwrap();
        (0..FILES).for_each(|file| std::fs::write(folder.join(format!("file-{file:04}.dat")), "").unwrap());
    }
    std::fs::write(done, "").unwrap();
}

fn shell(command: &str) -> Duration {
    let start = Instant::now();
    let ran = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(ran.status.success());
    start.elapsed()
}

fn guard(tree: &Path, with: impl FnOnce(&mut WalkRequest<'_>)) -> Walk {
    let walk = look(tree, with);
    let all = (FOLDERS * FILES + FOLDERS + 1) as u64;
    assert!(walk.stopped.is_some() || walk.entries == all, "{}", walk.entries);
    walk
}

fn look(tree: &Path, with: impl FnOnce(&mut WalkRequest<'_>)) -> Walk {
    let cwd = std::env::current_dir().unwrap();
    let page: Page = toml::from_str(include_str!("../policies/files.toml")).unwrap();
    let rules = page.files.prepare(Surroundings::read(None, cwd.clone())).unwrap();
    let roots: [PathBuf; 1] = [tree.to_owned()];
    let mut request = WalkRequest::new(&roots, &cwd, &rules);
    with(&mut request);
    walk(&request, &mut |_| ())
}

/// Runs both in turn, so that a change of the machine's mood hits both.
fn side_by_side(name: &str, command: &str, own: impl Fn() -> Walk) {
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    let before = cpu();
    for _ in 0..ROUNDS {
        theirs.push(shell(command));
        let start = Instant::now();
        let walk = own();
        ours.push(start.elapsed());
        drop(walk);
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1000.0
    };
    let (theirs, ours) = (median(&mut theirs), median(&mut ours));
    // Processor time, all threads: less at the mercy of what else runs here.
    let after = cpu();
    let spent = |of: fn(&[f64; 2]) -> f64| (of(&after) - of(&before)) * 10.0 / ROUNDS as f64;
    println!(
        "{name:>14}: find {theirs:7.1} ms   guard {ours:7.1} ms   ratio {:.2}   (processor time {:.0} and {:.0} ms)",
        ours / theirs,
        spent(|cpu| cpu[1]),
        spent(|cpu| cpu[0])
    );
}

/// Ticks (1/100 s) this process and its children have spent.
fn cpu() -> [f64; 2] {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<f64> =
        stat.rsplit(')').next().unwrap().split(' ').map(|f| f.parse().unwrap_or(0.0)).collect();
    [fields[12] + fields[13], fields[14] + fields[15]]
}

/// How long one file takes from the table of rules to the answer.
fn one_file() {
    let folder = std::env::temp_dir().join("guard-bench-one");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("one-file");
    std::fs::write(&file, "").unwrap();
    let mut times: Vec<Duration> = (0..201)
        .map(|_| {
            let start = Instant::now();
            assert_eq!(look(&file, |request| request.enough = Some(1000)).entries, 1);
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("{:>14}: {:.3} ms, rules read and prepared", "one file", times[100].as_secs_f64() * 1e3);
}

/// Keeps the tree and tells what that took.
fn keep(tree: &Path) {
    let walk = guard(tree, |request| request.keep = true);
    let set = walk.set.unwrap();
    let start = Instant::now();
    let digest = set.digest();
    println!(
        "  {} entries, digest in {:.0} ms ({:02x}…)",
        set.len(),
        start.elapsed().as_secs_f64() * 1e3,
        digest[0]
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim();
    println!("  peak resident {peak}");
}
