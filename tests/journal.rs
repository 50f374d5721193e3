//! The journal: whatever the last byte on disk, every target is in exactly one of four states.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use guard::record::audit::Who;
use guard::record::journal::{self, Fate, Frozen, Journal, Plan, State};
use guard::record::mask::mask;
use guard::record::{Error, Word};
use proptest::prelude::*;
use tempfile::TempDir;

fn plan(targets: usize) -> Plan {
    let frozen =
        |n| Frozen { kind: "pod".into(), name: Word::from(&format!("web-{n}")), ..Frozen::default() };
    let argv = ["kubectl", "--token=hunter2", "delete", "pods"].map(std::ffi::OsString::from);
    Plan {
        journal: journal::VERSION,
        id: "r1".into(),
        time: "2026-02-03T04:05:06.000007Z".into(),
        who: Who::default(),
        cwd: Word::from("/"),
        argv: vec![],
        masked: vec![],
        action: "kubectl delete".into(),
        context: "east".into(),
        targets: (0..targets).map(frozen).collect(),
        stages: vec![1, 2],
        policy: "d1".into(),
        ..Plan::default()
    }
    .with_argv(mask(&argv, &[]))
}

fn scene(targets: usize) -> (TempDir, PathBuf, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let path = journal::path(&folder.path().join("guard"), "r1");
    let journal = Journal::create(&path, plan(targets)).unwrap();
    (folder, path, journal)
}

#[test]
fn a_rollout_is_read_as_far_as_it_came() {
    let (_folder, path, mut journal) = scene(4);
    journal.started(0, &[0]).unwrap();
    journal.ended(&[0], Fate::Done, None).unwrap();
    journal.started(1, &[1, 2]).unwrap();
    journal.ended(&[1], Fate::Failed, Some("no".into())).unwrap();
    let progress = journal::read(&path).unwrap().unwrap();
    assert_eq!(progress.fates, [Fate::Done, Fate::Failed, Fate::InDoubt, Fate::Left]);
    assert_eq!(
        (progress.state, progress.batches, progress.plan.masked.clone()),
        (State::Running, 2, vec![1])
    );
    assert_eq!(progress.places(Fate::InDoubt), [2]);
    assert_eq!(progress.targets(Fate::Left).next().unwrap().name.text(), "web-3");
    assert_eq!(&progress, journal.progress());
    assert!(!fs::read_to_string(&path).unwrap().contains("hunter2"));

    drop(journal);
    let mut journal = Journal::resume(&path).unwrap();
    journal.ended(&[2], Fate::Left, None).unwrap();
    journal.state("2026-02-03T04:05:07Z".into(), State::Stopped, None).unwrap();
    let progress = journal::read(&path).unwrap().unwrap();
    assert_eq!((progress.places(Fate::Left), progress.state), (vec![2, 3], State::Stopped));
}

#[test]
fn what_is_done_is_not_started_again() {
    let (_folder, path, mut journal) = scene(2);
    journal.started(0, &[0]).unwrap();
    journal.ended(&[0], Fate::Done, None).unwrap();
    assert!(matches!(journal.started(1, &[1, 0]), Err(Error::OutOfPlace(0))));
    assert!(matches!(journal.started(1, &[2]), Err(Error::OutOfPlace(2))));
    assert!(matches!(journal.ended(&[1], Fate::Done, None), Err(Error::OutOfPlace(1))));
    assert_eq!(journal::read(&path).unwrap().unwrap().fates, [Fate::Done, Fate::Left]);
}

#[test]
fn a_line_that_does_not_fit_is_an_error_not_a_guess() {
    let (_folder, path, mut journal) = scene(2);
    journal.started(0, &[0]).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    for line in ["{}\n", "garbage\n", "{\"started\":{\"batch\":0,\"targets\":\"9\"}}\n", "\n"] {
        fs::write(&path, format!("{text}{line}")).unwrap();
        assert!(matches!(journal::read(&path), Err(Error::Damaged { line: 3, .. })), "{line}");
    }
    fs::write(&path, text.replace("\"journal\":1", "\"journal\":2")).unwrap();
    assert!(matches!(journal::read(&path), Err(Error::Damaged { line: 1, .. })));
}

#[derive(Debug, Clone)]
enum Step {
    Start(Vec<usize>),
    End(usize, Fate),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fate = prop::sample::select(vec![Fate::Done, Fate::Failed, Fate::InDoubt, Fate::Left]);
    let step = prop_oneof![
        prop::collection::vec(0usize..5, 1..4).prop_map(Step::Start),
        (0usize..5, fate).prop_map(|(target, fate)| Step::End(target, fate)),
    ];
    prop::collection::vec(step, 0..12)
}

fn take(journal: &mut Journal, step: &Step) -> Result<(), Error> {
    match step {
        Step::Start(targets) => journal.started(0, targets),
        Step::End(target, fate) => journal.ended(&[*target], *fate, Some("said\n".into())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// Cut at any byte, the journal tells the state after the last step that was wholly written, and
    /// a resumed rollout goes on from exactly there.
    #[test]
    fn any_prefix_is_a_state_that_was(steps in steps(), more in steps()) {
        let (_folder, path, mut journal) = scene(5);
        let mut states = vec![(fs::metadata(&path).unwrap().len(), journal.progress().fates.clone())];
        for step in &steps {
            if take(&mut journal, step).is_ok() {
                states.push((fs::metadata(&path).unwrap().len(), journal.progress().fates.clone()));
            }
        }
        drop(journal);
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let expected = states.iter().rev().find(|(length, _)| *length <= cut as u64).map(|(_, fates)| fates);
            let read = journal::read(&path).unwrap().map(|progress| progress.fates);
            prop_assert_eq!(read.as_ref(), expected, "cut at {}", cut);
            let resumed = Journal::resume(&path);
            prop_assert_eq!(resumed.is_ok(), expected.is_some());
            if let Ok(mut journal) = resumed && cut % 61 == 0 {
                for step in &more {
                    let _ = take(&mut journal, step);
                }
                let read = journal::read(&path).unwrap().unwrap();
                prop_assert_eq!(&read, journal.progress());
            }
        }
    }
}

/// Not a test of its own: the process that drives a rollout until it is killed.
#[test]
fn child_that_drives() {
    let Some(path) = std::env::var_os("TEST_DRIVE") else { return };
    let mut journal = Journal::resume(Path::new(&path)).unwrap();
    journal.started(0, &[0]).unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn one_drives_and_the_lock_dies_with_it() {
    let (_folder, path, journal) = scene(2);
    assert!(journal::is_driven(&path).unwrap());
    assert!(matches!(Journal::resume(&path), Err(Error::Driven { .. })));
    assert!(matches!(Journal::create(&path, plan(1)), Err(Error::Driven { .. })));
    drop(journal);
    assert!(!journal::is_driven(&path).unwrap());
    assert!(matches!(Journal::create(&path, plan(1)), Err(Error::Damaged { .. })));

    let mut driver = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_drives"])
        .env("TEST_DRIVE", &path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while journal::read(&path).unwrap().unwrap().places(Fate::InDoubt).is_empty() {
        assert!(driver.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    assert!(journal::is_driven(&path).unwrap());
    driver.kill().unwrap();
    driver.wait().unwrap();
    assert_eq!(Journal::resume(&path).unwrap().progress().fates, [Fate::InDoubt, Fate::Left]);
}

#[test]
fn nothing_is_made_by_looking() {
    let folder = tempfile::tempdir().unwrap();
    let path = journal::path(folder.path(), "gone");
    assert!(journal::read(&path).is_err() && Journal::resume(&path).is_err());
    assert!(!folder.path().join("rollouts").exists());
}
