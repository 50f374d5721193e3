//! A rollout's effects, in their order: each call, look and check appends to a log, and the log is in the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use guard::act::rollout::outside::{CallEnd, Floor, GoOn, Look, Outside, Woken};
use guard::act::rollout::plan::{Item, Shape, batches};
use guard::act::rollout::run::{Ending, Runner};
use guard::act::rollout::{Pause, Terms};
use guard::record::Word;
use guard::record::journal::{self, Fate, Frozen, Journal, Plan};
use guard::ui::rollout::{End, Event};
use guard::world::child::Ended;

/// A world that does as it is told and writes down what is done to it.
#[derive(Default)]
struct Told {
    log: Vec<String>,
    running: VecDeque<(usize, Vec<usize>)>,
    /// How calls that act on this target end.
    fails: HashMap<usize, Ended>,
    /// What the next looks show.
    looks: VecDeque<Result<Look, String>>,
    /// What the next checks say.
    checks: VecDeque<Result<(), String>>,
    /// What arrives at the nth wait while calls run.
    arrives: HashMap<usize, Woken>,
    floors: VecDeque<Result<Vec<Floor>, String>>,
    waits: usize,
    yes: bool,
    /// So many ticks go by before the first call ends.
    ticks: usize,
    /// What the wall clock says, turn by turn.
    clock: std::cell::RefCell<VecDeque<&'static str>>,
}

impl Outside for Told {
    fn stamp(&self) -> String {
        self.clock.borrow_mut().pop_front().unwrap_or("2026-02-03T04:05:06Z").into()
    }
    fn boot(&self) -> String {
        "boot".into()
    }
    fn look(&mut self, batch: &[usize]) -> Result<Look, String> {
        self.log.push(format!("look {batch:?}"));
        self.looks.pop_front().unwrap_or_else(|| Ok(Look::default()))
    }
    fn floors(&mut self, _: &[usize]) -> Result<Vec<Floor>, String> {
        self.floors.pop_front().unwrap_or_else(|| Ok(Vec::new()))
    }
    fn settle(&mut self, targets: &[usize]) -> Vec<Fate> {
        self.log.push(format!("settle {targets:?}"));
        targets.iter().map(|at| if self.fails.contains_key(at) { Fate::Left } else { Fate::Done }).collect()
    }
    fn check(&mut self, _: &[usize]) -> Result<(), String> {
        self.log.push("check".into());
        self.checks.pop_front().unwrap_or(Ok(()))
    }
    fn start(&mut self, call: usize, targets: &[usize]) -> Result<(), String> {
        self.log.push(format!("call {targets:?}"));
        self.running.push_back((call, targets.to_vec()));
        Ok(())
    }
    fn wait(&mut self, patience: Option<Duration>) -> Woken {
        match patience {
            Some(Duration::ZERO) => return Woken::Time,
            Some(_) if !self.running.is_empty() && self.ticks == 0 => {}
            Some(patience) => {
                self.ticks = self.ticks.saturating_sub(1);
                self.log.push(format!("sleep {}", patience.as_secs()));
                return Woken::Time;
            }
            None => {}
        }
        self.waits += 1;
        if let Some(woken) = self.arrives.remove(&self.waits) {
            self.log.push(format!("{woken:?}"));
            return woken;
        }
        let (call, targets) = self.running.pop_front().unwrap();
        let ended = targets.iter().find_map(|at| self.fails.get(at)).copied().unwrap_or(Ended::Code(0));
        Woken::Ended(call, CallEnd::Program(ended))
    }
    fn end_calls(&mut self) {
        self.log.push("end calls".into());
    }
    fn go_on(&mut self, stage: usize, _: usize) -> GoOn {
        self.log.push(format!("ask {stage}"));
        if self.yes { GoOn::Yes } else { GoOn::No }
    }
    fn names(&self, targets: &[usize]) -> String {
        format!("{targets:?}")
    }
}

struct Ran {
    ending: Ending,
    fates: Vec<Fate>,
    log: Vec<String>,
    events: Vec<Event>,
}

/// Runs 6 targets in stages of 1, 2 and 3, two in a call.
fn run(told: Told, terms: Terms) -> Ran {
    on_disk(told, terms, |_| ())
}

fn on_disk(mut told: Told, terms: Terms, prepare: impl FnOnce(&std::path::Path)) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = journal::path(&folder.path().join("guard"), "r");
    let frozen = |at: usize| Frozen {
        kind: "pod".into(),
        name: Word(format!("web-{at}").into()),
        ..Frozen::default()
    };
    let plan = Plan {
        journal: journal::VERSION,
        id: "r".into(),
        targets: (0..6).map(frozen).collect(),
        stages: vec![1, 2, 3],
        ..Plan::default()
    };
    let mut journal = Journal::create(&path, plan).unwrap();
    prepare(&path);
    let shape =
        Shape { stages: vec![1, 2, 3], per_call: 2, bytes_per_call: 999, per_batch: 100, parallel: 1 };
    let all = batches(&[Item::default(); 6], &|_| true, &shape);
    let mut events = Vec::new();
    let ending =
        Runner::new(&mut journal, &mut told, terms, &mut |event| events.push(event.clone())).run(&all);
    Ran { ending, fates: journal.progress().fates.clone(), log: told.log, events }
}

fn checked() -> Terms {
    Terms { checked: true, soak: Duration::from_secs(30), ..Terms::default() }
}

const L: Fate = Fate::Left;
const D: Fate = Fate::Done;
const F: Fate = Fate::Failed;

#[test]
fn each_batch_is_looked_at_run_soaked_and_checked() {
    let ran = run(Told::default(), checked());
    let log = [
        "check",
        "look [0]",
        "call [0]",
        "sleep 30",
        "check",
        "look [1, 2]",
        "call [1, 2]",
        "sleep 30",
        "check",
        "look [3, 4, 5]",
        "call [3, 4]",
        "call [5]",
        "sleep 30",
        "check",
    ];
    assert_eq!(ran.log, log);
    assert_eq!((ran.ending.end, ran.fates), (End::Finished, vec![D; 6]));
}

#[test]
fn the_first_failure_stops_and_the_tool_says_who_is_done() {
    let told = Told { fails: [(1, Ended::Code(3))].into(), ..Told::default() };
    let ran = run(told, Terms::default());
    assert_eq!(ran.log, ["look [0]", "call [0]", "look [1, 2]", "call [1, 2]", "settle [1, 2]"]);
    assert_eq!((ran.ending.end, ran.fates), (End::Stopped, vec![D, F, D, L, L, L]));
    assert_eq!(ran.ending.worst, Some(Ended::Code(3)));
}

#[test]
fn failures_add_up_over_batches() {
    let fails: HashMap<_, _> = [(0, Ended::Code(1)), (3, Ended::Signal(9))].into();
    let terms = |max_failures| Terms { max_failures, ..Terms::default() };
    let ran = run(Told { fails: fails.clone(), ..Told::default() }, terms(2));
    assert_eq!((ran.ending.end, ran.ending.tally.failed), (End::Finished, 2));
    let ran = run(Told { fails, ..Told::default() }, terms(1));
    assert_eq!((ran.ending.end, ran.fates), (End::Stopped, vec![F, D, D, F, D, L]));
}

#[test]
fn a_check_that_fails_or_says_nothing_stops_after_its_retries() {
    let no = || Err("it said nothing".to_owned());
    let told = Told { checks: [Ok(()), no(), Ok(()), no(), no(), no()].into(), ..Told::default() };
    let terms = Terms { retries: 2, every: Duration::from_secs(5), soak: Duration::ZERO, ..checked() };
    let ran = run(told, terms);
    let log = [
        "check",
        "look [0]",
        "call [0]",
        "check",
        "sleep 5",
        "check",
        "look [1, 2]",
        "call [1, 2]",
        "check",
        "sleep 5",
        "check",
        "sleep 5",
        "check",
    ];
    assert_eq!(ran.log, log);
    assert_eq!((ran.ending.end, ran.fates), (End::Stopped, vec![D, D, D, L, L, L]));
    assert!(ran.ending.why.unwrap().contains("it said nothing"));
}

#[test]
fn a_site_that_is_ill_before_the_first_batch_is_left_alone() {
    let told = Told { checks: [Err("ill".to_owned())].into(), ..Told::default() };
    let ran = run(told, checked());
    assert_eq!((ran.log, ran.fates), (vec!["check".to_owned()], vec![L; 6]));
}

#[test]
fn a_listing_that_fails_and_growth_stop() {
    let grown =
        Look { appeared: 1, grown: Some("1 appeared since this was shown".into()), ..Look::default() };
    for look in [Err("could not be listed again".to_owned()), Ok(grown)] {
        let ran =
            run(Told { looks: [Ok(Look::default()), look].into(), ..Told::default() }, Terms::default());
        assert_eq!(ran.log, ["look [0]", "call [0]", "look [1, 2]"]);
        assert_eq!((ran.ending.end, ran.fates), (End::Stopped, vec![D, L, L, L, L, L]));
    }
}

#[test]
fn a_target_that_disappears_is_left_out() {
    let gone = Look { gone: vec![1], ..Look::default() };
    let ran =
        run(Told { looks: [Ok(Look::default()), Ok(gone)].into(), ..Told::default() }, Terms::default());
    assert!(ran.log.contains(&"call [2]".to_owned()), "{:?}", ran.log);
    assert_eq!((ran.ending.end, ran.fates), (End::Finished, vec![D, Fate::Gone, D, D, D, D]));
}

#[test]
fn a_floor_that_does_not_hold_stops_before_the_batch() {
    let floor = Floor { role: "web".into(), left: 5, keep: 4 };
    let told =
        Told { floors: [Ok(vec![floor]), Err("3 web would be left".into())].into(), ..Told::default() };
    let ran = run(told, Terms::default());
    assert_eq!(ran.log, ["look [0]", "call [0]", "look [1, 2]"]);
    assert!(ran.events.iter().any(|event| matches!(event, Event::FloorHeld { left: 5, keep: 4, .. })));
}

#[test]
fn the_first_interrupt_lets_calls_finish_and_the_second_ends_them() {
    let told = || Told { arrives: [(3, Woken::Interrupt(2))].into(), ..Told::default() };
    let ran = run(told(), Terms::default());
    assert_eq!(ran.log[4..], ["look [3, 4, 5]", "call [3, 4]", "Interrupt(2)"]);
    assert_eq!((ran.ending.end, ran.fates), (End::Stopped, vec![D, D, D, D, D, L]));

    let mut twice = told();
    twice.arrives.insert(4, Woken::Interrupt(2));
    twice.fails = [(3, Ended::Signal(15))].into();
    let ran = run(twice, Terms::default());
    assert_eq!(ran.log[6..], ["Interrupt(2)", "Interrupt(2)", "end calls", "settle [3, 4]"]);
    assert_eq!(ran.fates, [D, D, D, L, D, L], "what guard ended is asked of the tool");
}

#[test]
fn a_lost_terminal_parks() {
    let ran = run(Told { arrives: [(2, Woken::Lost)].into(), ..Told::default() }, Terms::default());
    assert_eq!((ran.ending.end, ran.fates), (End::Parked, vec![D, D, D, L, L, L]));
}

#[test]
fn a_pause_rests_or_asks() {
    let terms = |pause| Terms { pause, ..Terms::default() };
    let ran = run(Told::default(), terms(Pause::For(Duration::from_secs(7))));
    assert_eq!(ran.log.iter().filter(|line| *line == "sleep 7").count(), 2);
    let ran = run(Told { yes: true, ..Told::default() }, terms(Pause::Ask));
    assert_eq!((ran.ending.end, ran.log[2].as_str()), (End::Finished, "ask 2"));
    let ran = run(Told::default(), terms(Pause::Ask));
    assert_eq!((ran.ending.end, ran.fates), (End::Parked, vec![D, L, L, L, L, L]));
}

#[test]
fn while_a_call_runs_for_long_and_in_a_rest_time_is_told_to_go_by() {
    let terms = Terms { ticks: Some(Duration::from_secs(1)), ..checked() };
    let terms = Terms { soak: Duration::from_millis(2500), ..terms };
    let ran = run(Told { ticks: 4, ..Told::default() }, terms);
    assert_eq!(ran.log[1..], {
        let mut log = vec!["look [0]", "call [0]", "sleep 1", "sleep 1", "sleep 1", "sleep 1"];
        let rest = ["sleep 1", "sleep 1", "sleep 0", "check"];
        log.extend(rest);
        log.extend(["look [1, 2]", "call [1, 2]"]);
        log.extend(rest);
        log.extend(["look [3, 4, 5]", "call [3, 4]", "call [5]"]);
        log.extend(rest);
        log
    });
    let ticked = ran.events.iter().filter(|event| **event == Event::Ticked).count();
    assert_eq!((ticked, ran.ending.end), (4 + 3 * 2, End::Finished));
}

/// A check that asks about the targets of the batch says nothing before they were touched.
#[test]
fn a_check_of_the_batch_runs_after_it_alone() {
    let ran = run(Told::default(), Terms { only_after: true, ..checked() });
    assert_eq!(ran.log[..4], ["look [0]", "call [0]", "sleep 30", "check"]);
}

#[test]
fn a_wall_clock_that_jumps_changes_no_step() {
    let clock = ["2026-02-03T04:05:06Z", "2016-02-03T04:05:06Z", "2036-02-03T04:05:06Z"];
    let ran = run(Told { clock: VecDeque::from(clock).into(), ..Told::default() }, checked());
    let still = run(Told::default(), checked());
    assert_eq!((ran.log, ran.fates, ran.ending), (still.log, still.fates, still.ending));
}

/// The journal can't grow: the next batch does not start.
#[test]
fn nothing_starts_that_can_t_be_written_down() {
    let before = std::cell::Cell::new(0);
    let ran = on_disk(Told::default(), Terms::default(), |path| {
        before.set(std::fs::metadata(path).unwrap().len());
        // SAFETY: plain calls with a valid place; nextest runs each test in a process of its own.
        unsafe {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            let limit = libc::rlimit { rlim_cur: before.get() + 300, rlim_max: libc::RLIM_INFINITY };
            libc::setrlimit(libc::RLIMIT_FSIZE, &limit);
        }
    });
    assert_eq!(ran.ending.end, End::Stopped);
    let called = ran.log.iter().filter(|line| line.starts_with("call")).count();
    assert!(called < 4, "{:?}", ran.log);
    assert!(ran.ending.why.unwrap().contains("can't be written"));
}
