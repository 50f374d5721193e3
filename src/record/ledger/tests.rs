//! The ledger in a file, with a clock that tests set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);
const LOOP: Sum = Sum { window: HOUR, everyone: false, action: true, unasked: true };
const ALL: Sum = Sum { window: HOUR, everyone: false, action: true, unasked: false };
const EVERYONE: Sum = Sum { window: HOUR, everyone: true, action: true, unasked: false };

/// A ledger in a private folder, at a time that is set.
struct Book {
    ledger: Sqlite,
    now: Arc<AtomicI64>,
    folder: tempfile::TempDir,
}

fn book() -> Book {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(1_000_000_000));
    let clock = Arc::clone(&now);
    let path = folder.path().join("guard/ledger.sqlite");
    drop(Sqlite::open(&path, false).unwrap());
    let ledger = Sqlite::at(&path, Box::new(move || clock.load(Ordering::SeqCst))).unwrap();
    Book { ledger, now, folder }
}

impl Book {
    fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Reserves and tells what each sum said.
    fn put(&self, charge: &Charge, sums: &[Sum], keep: Keep) -> (Vec<u64>, Held) {
        let mut said = Vec::new();
        let held = self.ledger.reserve(&[(charge.clone(), sums.to_vec())], &mut |answers| {
            said = answers[0].clone();
            keep
        });
        (said, held.unwrap())
    }

    fn others(&self, charge: &Charge, sum: &Sum) -> u64 {
        self.put(charge, std::slice::from_ref(sum), Keep::Nothing).0[0]
    }
}

fn pods(names: &[&str]) -> Charge {
    Charge {
        operator: "ann".into(),
        environment: "staging".into(),
        action: "kubectl delete".into(),
        effect: Effect::Destroy,
        kind: "pod".into(),
        place: "east".into(),
        targets: names.iter().map(|name| ((*name).to_owned(), 1)).collect(),
        count: names.len() as u64,
    }
}

#[test]
fn what_was_hit_before_is_added_up_and_its_own_targets_once() {
    let book = book();
    let _ = book.put(&pods(&["a", "b"]), &[], Keep::Spent);
    let _ = book.put(&pods(&["b"]), &[], Keep::Spent);
    assert_eq!(book.others(&pods(&["c"]), &ALL), 2);
    assert_eq!(book.others(&pods(&["b"]), &ALL), 1, "its own target is not another");
    let number = Charge { targets: Vec::new(), count: 40, ..pods(&[]) };
    let _ = book.put(&number, &[], Keep::Spent);
    assert_eq!(book.others(&pods(&["c"]), &ALL), 42);
    book.pass(3601);
    assert_eq!(book.others(&pods(&["c"]), &ALL), 0);
}

#[test]
fn operators_environments_kinds_and_actions_are_apart() {
    let book = book();
    let _ = book.put(&pods(&["a", "b"]), &[], Keep::Spent);
    let bob = Charge { operator: "bob".into(), ..pods(&["c"]) };
    assert_eq!(book.others(&bob, &ALL), 0);
    assert_eq!(book.others(&bob, &EVERYONE), 2);
    let other = |charge: Charge| book.others(&charge, &EVERYONE);
    assert_eq!(other(Charge { environment: "production".into(), ..bob.clone() }), 0);
    assert_eq!(other(Charge { kind: "node".into(), ..bob.clone() }), 0);
    assert_eq!(other(Charge { action: "kubectl drain".into(), ..bob.clone() }), 0);
    let drain = Charge { action: "kubectl drain".into(), ..bob };
    assert_eq!(book.others(&drain, &Sum { action: false, ..EVERYONE }), 2, "by effect");
}

#[test]
fn a_yes_settles_what_came_before_it_for_loops_alone() {
    let book = book();
    let _ = book.put(&pods(&["a", "b"]), &[], Keep::Spent);
    let (_, held) = book.put(&pods(&["c"]), &[], Keep::Reserved);
    book.ledger.spend(&held, Answered::Person).unwrap();
    let _ = book.put(&pods(&["d"]), &[], Keep::Spent);
    let (_, held) = book.put(&pods(&["e"]), &[], Keep::Reserved);
    book.ledger.spend(&held, Answered::Beforehand).unwrap();
    assert_eq!(book.others(&pods(&["f"]), &LOOP), 1);
    assert_eq!(book.others(&pods(&["f"]), &ALL), 5);
}

#[test]
fn a_reservation_counts_until_it_is_given_back_or_its_lease_ends() {
    let book = book();
    let (_, given) = book.put(&pods(&["a"]), &[], Keep::Reserved);
    let (_, lost) = book.put(&pods(&["b"]), &[], Keep::Reserved);
    assert_eq!(book.others(&pods(&["c"]), &LOOP), 2);
    book.ledger.release(&given).unwrap();
    assert_eq!(book.others(&pods(&["c"]), &LOOP), 1);
    book.pass(LEASE.as_secs() as i64 + 1);
    assert_eq!(book.others(&pods(&["c"]), &LOOP), 0, "whoever held it was killed");
    // A person who thinks for longer than the lease still spends what then runs.
    book.ledger.spend(&lost, Answered::Nobody).unwrap();
    assert_eq!(book.others(&pods(&["c"]), &LOOP), 1);
    book.ledger.release(&lost).unwrap();
    assert!(book.ledger.spend(&lost, Answered::Nobody).is_err(), "what is gone can't be spent");
}

#[test]
fn a_clock_that_steps_back_frees_nothing_and_holds_nothing_for_ever() {
    let book = book();
    book.pass(400 * 86_400);
    let _ = book.put(&pods(&["a"]), &[], Keep::Spent);
    let (_, _held) = book.put(&pods(&["b"]), &[], Keep::Reserved);
    book.pass(-400 * 86_400);
    assert_eq!(book.others(&pods(&["c"]), &ALL), 2);
    let _ = book.put(&pods(&["c"]), &[], Keep::Spent);
    book.pass(LEASE.as_secs() as i64 + 1);
    assert_eq!(book.others(&pods(&["d"]), &ALL), 2, "the lease began anew when the clock was set");
    book.pass(3601);
    assert_eq!(book.others(&pods(&["d"]), &ALL), 0);
}

#[test]
fn commands_of_one_line_count_one_after_another() {
    let book = book();
    let line: Vec<_> = ["a", "b", "a", "c"].iter().map(|name| (pods(&[name]), vec![ALL])).collect();
    let mut said = Vec::new();
    let _ = book.ledger.reserve(&line, &mut |answers| {
        said = answers.iter().map(|one| one[0]).collect();
        Keep::Spent
    });
    assert_eq!(said, [0, 1, 1, 2]);
    let used = book.ledger.used(HOUR).unwrap();
    assert_eq!((used.len(), used[0].count, used[0].operator.as_str()), (1, 3, "ann"));
}

#[test]
fn what_is_no_ledger_is_refused_and_left_as_it_is() {
    let book = book();
    let folder = book.folder.path().join("guard");
    let path = folder.join("other.sqlite");
    for bytes in [b"not a database, not at all ......".repeat(40), vec![0; 5000]] {
        std::fs::write(&path, &bytes).unwrap();
        let fault = Sqlite::open(&path, false).unwrap_err().to_string();
        assert!(fault.contains("other.sqlite"), "{fault}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
    std::fs::remove_file(&path).unwrap();
    let foreign = rusqlite::Connection::open(&path).unwrap();
    foreign.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
    assert!(Sqlite::open(&path, false).is_err());
    let link = folder.join("link.sqlite");
    std::os::unix::fs::symlink(folder.join("ledger.sqlite"), &link).unwrap();
    for shared in [false, true] {
        assert!(Sqlite::open(&link, shared).unwrap_err().to_string().contains("symbolic link"));
    }
}

#[test]
fn looking_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guard/ledger.sqlite");
    let ledger = Sqlite::look(&path, false).unwrap();
    assert!(ledger.used(HOUR).unwrap().is_empty());
    assert!(!folder.path().join("guard").exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the order of commands, yeses, noes and crashes: what ran never passes the budget.
    #[test]
    fn no_order_of_steps_overspends(steps in proptest::collection::vec((0u8..4, 0u8..12, 0i64..900), 1..40)) {
        const MAX: u64 = 5;
        let book = book();
        let mut ran: Vec<(i64, String)> = Vec::new();
        for (step, name, wait) in steps {
            book.pass(wait);
            let name = format!("p{name}");
            let mut fits = false;
            let held = book.ledger.reserve(&[(pods(&[&name]), vec![ALL])], &mut |answers| {
                fits = answers[0][0] < MAX;
                match (fits, step) { (false, _) => Keep::Nothing, (_, 0) => Keep::Spent, _ => Keep::Reserved }
            }).unwrap();
            let now = book.now.load(Ordering::SeqCst);
            match step {
                1 if fits => book.ledger.spend(&held, Answered::Nobody).unwrap(),
                2 => book.ledger.release(&held).unwrap(),
                _ => {} // 3: killed while somebody was asked
            }
            if fits && step < 2 {
                ran.push((now, name));
            }
            let within: std::collections::HashSet<_> =
                ran.iter().filter(|(at, _)| *at > now - 3_600_000).map(|(_, name)| name).collect();
            prop_assert!(within.len() as u64 <= MAX);
        }
    }
}
