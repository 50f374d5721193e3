//! Sets of hosts: counting ten million, and expanding and folding a million beside ClusterShell's `nodeset`.
//!
//! `cargo bench --bench hosts`; with `nodeset` on `PATH` (`pip install ClusterShell`) both do the same
//! work in one run: print a million names, and fold what was printed.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a bench prints")]

use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use guard::hosts::{Dialect, HostSet, Nothing, read};

const GUARDCTL: &str = env!("CARGO_BIN_EXE_guardctl");
const ROUNDS: usize = 5;

fn main() {
    println!("count n[1-10000000]: {:?}", median(200, || count("n[1-10000000]")));
    println!("count rack[1-1000]n[1-1000000]: {:?}", median(200, || count("rack[1-1000]n[1-1000000]")));
    println!("expand and fold 1,000,000 names in memory: {:?}", median(ROUNDS, in_memory));

    let folder = tempfile::tempdir().unwrap();
    let names = folder.path().join("names");
    let million = "n[1-1000000]";
    let guard = || {
        run(&[GUARDCTL, "hosts", "list", "--dialect", "clustershell", "--", million], None, &names);
        run(
            &[GUARDCTL, "hosts", "fold", "--dialect", "clustershell", "--", "-"],
            Some(&names),
            &folder.path().join("set"),
        );
    };
    let ours = median(ROUNDS, guard);
    println!("guardctl hosts list | fold: {ours:?}");
    if Command::new("nodeset").arg("--version").output().is_err() {
        println!("nodeset is not installed: pip install ClusterShell");
        return;
    }
    let nodeset = || {
        run(&["nodeset", "-S", "\n", "-e", million], None, &names);
        run(&["nodeset", "-f"], Some(&names), &folder.path().join("set"));
    };
    let theirs = median(1, nodeset);
    println!("nodeset -e | -f: {theirs:?}, {:.1} times as long", theirs.as_secs_f64() / ours.as_secs_f64());
}

fn count(set: &str) {
    black_box(read(Dialect::ClusterShell, &[black_box(set)], &Nothing).unwrap().count().unwrap());
}

fn in_memory() {
    let set = read(Dialect::ClusterShell, &["n[1-1000000]"], &Nothing).unwrap();
    let mut names = Vec::with_capacity(1_000_000);
    set.visit(|name| {
        names.push(name.to_owned());
        true
    });
    let folded = HostSet::of_names(names.iter().map(String::as_str)).unwrap().fold();
    assert_eq!(folded, "n[1-1000000]");
}

fn run(words: &[&str], input: Option<&Path>, output: &Path) {
    let input = input.map_or(Stdio::null(), |path| File::open(path).unwrap().into());
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(input).stdout(File::create(output).unwrap());
    assert!(command.status().unwrap().success(), "{words:?}");
}

fn median(rounds: usize, mut once: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let started = Instant::now();
            once();
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[rounds / 2]
}
