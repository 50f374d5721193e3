//! An hour of ordinary work in each shell with hooks and shims on: nothing is asked, and not a byte
//! is other than without guard. Then slips, each stopped.
//!
//! The work stands in hour/work.txt, the slips in hour/slips.txt. Both are typed on a real terminal,
//! in a place of their own: real git, make, find and xargs, a real sshd on loopback, and the real
//! kubectl at a stand-in for a cluster.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

#[path = "support/host.rs"]
mod host;
#[path = "support/kube.rs"]
mod kube;
#[path = "support/listing.rs"]
mod listing;
#[path = "hour/place.rs"]
mod place;
#[path = "hour/session.rs"]
mod session;
mod terminal;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use place::Place;
use session::{Said, Session, Shell};

/// The lines of a file that are typed in a shell.
fn lines(text: &'static str, shell: Shell) -> impl Iterator<Item = &'static str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(move |line| shell.line(line))
}

/// Whether all that an hour needs is here.
fn ready(shell: Shell) -> bool {
    if Path::new("/etc/guard").is_dir() {
        println!("skipped: this machine has a site of its own in /etc/guard");
        return false;
    }
    for program in [shell.name(), "git", "make", "ed", "ssh", "kubectl", "tar"] {
        let here = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
        if !here.status.success() {
            println!("skipped: {program} is not installed");
            return false;
        }
    }
    true
}

/// What an hour came to, and what it left behind.
struct Hour {
    said: Vec<Said>,
    left: BTreeMap<String, Vec<u8>>,
}

fn worked(shell: Shell, hooked: bool) -> Option<Hour> {
    let place = Place::new()?;
    let mut session = Session::open(&place, shell, hooked, false);
    let said = lines(include_str!("hour/work.txt"), shell).map(|line| session.run(line)).collect();
    session.leave();
    // What git and kubectl keep for themselves has times in it; the file says where this place lies.
    let mut left = listing::contents(&place.home());
    left.retain(|path, _| {
        // The guard of the other host keeps a ledger there.
        let own = [".kube/", ".ssh/", "there/.local"];
        !path.contains(".git/") && !own.iter().any(|own| path.starts_with(own))
    });
    Some(Hour { said, left })
}

fn an_hour(shell: Shell) {
    if !ready(shell) {
        return;
    }
    let without = std::thread::spawn(move || worked(shell, false));
    let Some(with) = worked(shell, true) else { return };
    let without = without.join().unwrap().unwrap();
    assert!(without.said.len() >= 120, "{} lines are no hour", without.said.len());
    let other: Vec<_> =
        without.said.iter().zip(&with.said).filter(|(without, with)| without != with).collect();
    assert!(other.is_empty(), "{} lines say or do other things: {other:#?}", other.len());
    let left_behind = [listing::hit(&without.left, &with.left), listing::hit(&with.left, &without.left)];
    assert_eq!(left_behind, [const { Vec::<String>::new() }; 2]);
}

#[test]
fn an_hour_in_bash_is_as_without_guard() {
    an_hour(Shell::Bash);
}

#[test]
fn an_hour_in_zsh_is_as_without_guard() {
    an_hour(Shell::Zsh);
}

#[test]
fn an_hour_in_fish_is_as_without_guard() {
    an_hour(Shell::Fish);
}

fn slips(shell: Shell) {
    let apart = ["--pid", "--fork", "--mount-proc", "true"];
    if !Command::new("unshare").args(apart).status().is_ok_and(|status| status.success()) {
        return println!("skipped: no process namespace can be made here");
    }
    if !ready(shell) {
        return;
    }
    let Some(place) = Place::new() else { return };
    let prepare = "mkdir src && git clone -q shop.git src/shop && cd src/shop && mkdir many && \
                   git reset -q --hard HEAD~2 && seq 2000 | sed s/^/many.f/ | tr . / | xargs touch && \
                   echo other >>README && git commit -qam Other";
    assert!(place.command("sh").args(["-c", prepare]).status().unwrap().success());
    place.harmless();
    let before = listing::contents(&place.home());
    let mut session = Session::open(&place, shell, true, true);
    session.run("cd src/shop");
    let mut wrong = Vec::new();
    for slip in lines(include_str!("hour/slips.txt"), shell) {
        let (line, why) = slip.split_once("  #= ").unwrap();
        let said = session.slip(line);
        let stopped = (120..=123).contains(&said.code) || line == "make reset" && said.code == 2;
        if !stopped || !said.output.contains(why) || !place.harmed().is_empty() {
            wrong.push((why, said, place.harmed()));
        }
    }
    assert!(wrong.is_empty(), "{} slips: {wrong:#?}", wrong.len());
    session.leave();
    let after = listing::contents(&place.home());
    assert_eq!(listing::hit(&before, &after), Vec::<String>::new());
}

#[test]
fn slips_in_bash_are_stopped() {
    slips(Shell::Bash);
}

#[test]
fn slips_in_zsh_are_stopped() {
    slips(Shell::Zsh);
}

#[test]
fn slips_in_fish_are_stopped() {
    slips(Shell::Fish);
}
