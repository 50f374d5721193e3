//! Runs the listing that a tool file has for a command, the way guard does, with the real program.
#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use guard::policy::{Places, Shelf, kinds};
use guard::read::{Fill, Match, read};
use guard::scope::{Target, targets};

/// Finds the action of a command.
pub fn matched(words: &[&str]) -> Match {
    let argv: Vec<OsString> = words.iter().map(OsString::from).collect();
    let shelf = Shelf::new(&Places::default());
    let readings = read(&argv, &shelf).unwrap();
    readings.iter().find_map(Match::find).unwrap_or_else(|| panic!("no action for {words:?}"))
}

/// The words of its listing.
pub fn listing(words: &[&str]) -> Vec<OsString> {
    let found = matched(words);
    found.fill(found.action().list.as_ref().unwrap(), &Fill::default())
}

/// The targets that the listing of a command shows in a folder.
pub fn listed_targets(folder: &Path, words: &[&str]) -> Vec<Target> {
    let found = matched(words);
    let argv = listing(words);
    let output = Command::new(&argv[0]).args(&argv[1..]).current_dir(folder).output().unwrap();
    let code = output.status.code().unwrap();
    assert!(
        code == 0 || found.action().read.codes.contains(&code),
        "{argv:?}: {code}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    targets(&output.stdout, &found.action().read, &found.kind(), &kinds().unwrap()).unwrap()
}

/// Their names, in order.
pub fn listed(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = listed_targets(folder, words)
        .iter()
        .map(|t| t.name.to_string_lossy().trim_start_matches("./").to_owned())
        .collect();
    names.sort();
    names
}

/// Runs a command as typed; its exit code is its own business.
pub fn run(folder: &Path, words: &[&str]) {
    Command::new(words[0]).args(&words[1..]).current_dir(folder).output().unwrap();
}

/// Everything below a folder by path, with what is in it; `.git` left out.
pub fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(at: &Path, top: &Path, out: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().as_bytes() == b".git" {
                continue;
            }
            let name = path.strip_prefix(top).unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !path.is_symlink() {
                out.insert(name, Vec::new());
                walk(&path, top, out);
            } else {
                out.insert(name, fs::read(&path).unwrap_or_default());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(folder, folder, &mut out);
    out
}

/// What is gone or other than before, by name.
pub fn hit(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    before.iter().filter(|(name, was)| after.get(*name) != Some(was)).map(|(name, _)| name.clone()).collect()
}
