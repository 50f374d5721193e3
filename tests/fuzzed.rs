//! The checks of the fuzz targets, without a fuzzer: on their seeds, on what fuzzing found, and on
//! seeds that are cut, spliced and changed at random. So they are run wherever the tests are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "fuzzed/checks.rs"]
mod checks;

use std::fs;
use std::path::Path;

use checks::seeds::{kept, seeds};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn check(target: &str) -> checks::Check {
    checks::TARGETS.iter().find(|(name, _)| *name == target).unwrap().1
}

/// Bytes that mean something to one of the readers.
const TELLING: [&[u8]; 28] = [
    b"\0",
    b"\n",
    b"\t",
    b" ",
    b"'",
    b"\"",
    b"\\",
    b"$",
    b"$(",
    b"`",
    b"{",
    b"}",
    b"[",
    b"]",
    b"=",
    b"--",
    b"-",
    b"*",
    b"\xff",
    b"\x1b[",
    b"%%",
    b"[1-9]",
    b",",
    b"!",
    b"&",
    b"{operands}",
    "\u{202e}".as_bytes(),
    "\u{301}".as_bytes(),
];

#[derive(Debug, Clone)]
enum Edit {
    Insert(&'static [u8], Index),
    Byte(u8, Index),
    Cut(Index, Index),
    Twice(Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        (select(TELLING.to_vec()), at()).prop_map(|(bytes, at)| Edit::Insert(bytes, at)),
        (any::<u8>(), at()).prop_map(|(byte, at)| Edit::Byte(byte, at)),
        (at(), at()).prop_map(|(from, to)| Edit::Cut(from, to)),
        (at(), at()).prop_map(|(from, to)| Edit::Twice(from, to)),
    ]
}

fn edited(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    let range = |from: &Index, to: &Index, len: usize| {
        let (a, b) = (from.index(len + 1), to.index(len + 1));
        a.min(b)..a.max(b)
    };
    for edit in edits {
        let len = bytes.len();
        match edit {
            Edit::Insert(telling, at) => {
                let at = at.index(len + 1);
                bytes.splice(at..at, telling.iter().copied());
            }
            Edit::Byte(byte, at) if len > 0 => bytes[at.index(len)] = *byte,
            Edit::Byte(..) => {}
            // A cut in the middle of a long text leaves little of it: what is cut is short.
            Edit::Cut(from, to) => {
                let cut = range(from, to, len);
                bytes.drain(cut.start..cut.end.min(cut.start + 40));
            }
            Edit::Twice(from, to) => {
                let twice = range(from, to, len);
                let copy = bytes[twice.start..twice.end.min(twice.start + 40)].to_vec();
                bytes.splice(twice.start..twice.start, copy);
            }
        }
    }
    bytes
}

fn holds(target: &str, cases: u32) {
    let (check, seeds) = (check(target), seeds(target, root()));
    assert!(seeds.len() >= 5, "{} seeds for {target}", seeds.len());
    kept(target, root()).iter().for_each(|found| check(found));
    seeds.iter().for_each(|seed| check(seed));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let cases = (select(seeds), proptest::collection::vec(edit(), 1..6));
    TestRunner::new(config)
        .run(&cases, |(seed, edits)| {
            check(&edited(seed, &edits));
            Ok(())
        })
        .unwrap();
}

#[test]
fn argv() {
    holds("argv", 2000);
}

#[test]
fn escape() {
    holds("escape", 4000);
}

#[test]
fn hosts() {
    holds("hosts", 2000);
}

#[test]
fn listing() {
    holds("listing", 4000);
}

#[test]
fn policy_file() {
    holds("policy_file", 300);
}

#[test]
fn shell_text() {
    holds("shell_text", 2000);
}

#[test]
fn tool_file() {
    holds("tool_file", 300);
}

#[test]
#[ignore = "writes the seeds for fuzz/run into fuzz/corpus"]
fn seeds_for_the_fuzzer() {
    for (target, _) in checks::TARGETS {
        let folder = root().join("fuzz/corpus").join(target);
        fs::create_dir_all(&folder).unwrap();
        for (at, seed) in seeds(target, root()).into_iter().chain(kept(target, root())).enumerate() {
            fs::write(folder.join(format!("seed-{at}")), seed).unwrap();
        }
    }
}

#[test]
fn each_target_is_in_the_fuzz_folder_and_each_finding_has_a_target() {
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(root().join(folder)).into_iter().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    let targets = checks::TARGETS.map(|(name, _)| name.to_owned());
    assert_eq!(names("fuzz/targets"), targets);
    assert!(names("tests/fuzzed/kept").iter().all(|name| targets.contains(name)));
}
