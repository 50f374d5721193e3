//! The runner: batch after batch, each looked at before, journaled, run, and checked after.
//!
//! It knows neither a terminal nor a process: what it does outside goes through [`Outside`], what
//! happens is told as [`Event`]s. Nothing starts that is not in the journal before.

use std::collections::HashSet;
use std::time::Duration;

use crate::record::Error;
use crate::record::journal::{Fate, Journal, State};
use crate::tool::grouped;
use crate::ui::rollout::{End, Event, Tally, came};
use crate::world::child::Ended;

use super::outside::{GoOn, Outside, Woken};
use super::plan::Batch;
use super::terms::{Pause, Terms};

/// How a rollout ended for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// How.
    pub end: End,
    /// Why, where it stopped before its end.
    pub why: Option<String>,
    /// Targets by state.
    pub tally: Tally,
    /// How the last call that failed ended.
    pub worst: Option<Ended>,
}

/// Why no further call starts.
#[derive(Debug, Clone)]
pub(super) enum Stop {
    Stopped(String),
    Parked(String),
}

/// What drives a rollout.
pub struct Runner<'a> {
    pub(super) journal: &'a mut Journal,
    pub(super) outside: &'a mut dyn Outside,
    pub(super) tell: &'a mut dyn FnMut(&Event),
    pub(super) terms: Terms,
    pub(super) failures: u64,
    pub(super) worst: Option<Ended>,
    pub(super) calls: usize,
    pub(super) interrupts: u32,
    /// True where guard itself ended the calls that run.
    pub(super) ending: bool,
    pub(super) tally: Tally,
}

impl<'a> Runner<'a> {
    /// A runner for a journal that is open. Failures of an earlier run do not count: who resumes has
    /// seen them, and where the first one stops it could never go on.
    pub fn new(
        journal: &'a mut Journal,
        outside: &'a mut dyn Outside,
        terms: Terms,
        tell: &'a mut dyn FnMut(&Event),
    ) -> Self {
        let tally = tally(journal);
        let (failures, worst) = (0, None);
        Self { journal, outside, tell, terms, failures, worst, calls: 0, interrupts: 0, ending: false, tally }
    }

    /// Runs the batches in their order, as far as they may.
    pub fn run(mut self, batches: &[Batch]) -> Ending {
        let stop = self.batches(batches).err();
        self.end(stop)
    }

    fn batches(&mut self, batches: &[Batch]) -> Result<(), Stop> {
        let (stamp, boot) = (self.outside.stamp(), self.outside.boot());
        self.journal.driven(stamp, boot).map_err(unwritten)?;
        let of = self.journal.progress().plan.stages.len();
        let mut stage = None;
        let mut checked = false;
        for (at, batch) in batches.iter().enumerate() {
            if stage != Some(batch.stage) {
                if stage.is_some() {
                    self.rest(batch.stage, of)?;
                    checked &= self.terms.pause == Pause::None;
                }
                stage = Some(batch.stage);
                self.stage(batch.stage, of, &batches[at..]);
            }
            if !checked && !self.terms.only_after {
                self.check(&batch.targets)?;
            }
            self.batch(batch, at, batches.len())?;
            checked = true;
        }
        Ok(())
    }

    fn stage(&mut self, stage: usize, of: usize, batches: &[Batch]) {
        let own = batches.iter().take_while(|batch| batch.stage == stage);
        let targets: Vec<usize> = own.flat_map(|batch| &batch.targets).copied().collect();
        let sample = self.outside.names(&targets);
        (self.tell)(&Event::StageBegan { stage: stage + 1, of, targets: targets.len() as u64, sample });
    }

    /// One batch: look, floor, journal, calls, soak, check.
    fn batch(&mut self, batch: &Batch, at: usize, of: usize) -> Result<(), Stop> {
        self.arrived(Duration::ZERO)?;
        let look = self.outside.look(&batch.targets);
        let look = self.unless_stopped(look)?;
        if let Some(why) = look.grown {
            return Err(Stop::Stopped(why));
        }
        if !look.gone.is_empty() || look.appeared > 0 {
            (self.tell)(&Event::Looked { gone: look.gone.len() as u64, appeared: look.appeared });
        }
        self.journal.ended(&look.gone, Fate::Gone, None).map_err(unwritten)?;
        self.move_on(look.gone.len(), Fate::Left, Fate::Gone);
        // A batch of a thousand of which all are gone must not be looked through a thousand times.
        let gone: HashSet<usize> = look.gone.into_iter().collect();
        let here = |places: &[usize]| -> Vec<usize> {
            places.iter().copied().filter(|place| !gone.contains(place)).collect()
        };
        let targets = here(&batch.targets);
        if targets.is_empty() {
            return Ok(());
        }
        let floors = self.outside.floors(&targets);
        let floors = self.unless_stopped(floors)?;
        for floor in floors {
            (self.tell)(&Event::FloorHeld { role: floor.role, left: floor.left, keep: floor.keep });
        }
        self.arrived(Duration::ZERO)?;
        let number = self.journal.progress().batches;
        self.journal.started(number, &targets).map_err(unwritten)?;
        (self.tell)(&Event::BatchBegan { batch: at + 1, of, targets: targets.len() as u64 });
        let calls: Vec<Vec<usize>> = batch.calls().map(here).collect();
        let stop = self.calls(&calls).err();
        self.journal.sync().map_err(unwritten)?;
        (self.tell)(&Event::BatchEnded { batch: at + 1, of, tally: tally(self.journal) });
        if let Some(stop) = stop {
            return Err(stop);
        }
        if self.failures > self.terms.max_failures {
            return Err(self.too_many());
        }
        self.soak(self.terms.soak)?;
        self.check(&targets)
    }

    /// Takes in what arrives while no call runs, until the time is over.
    pub(super) fn arrived(&mut self, patience: Duration) -> Result<(), Stop> {
        let mut left = patience;
        loop {
            let step = self.terms.ticks.map_or(left, |tick| tick.min(left));
            match self.outside.wait(Some(step)) {
                Woken::Interrupt(signal) => return Err(Stop::Stopped(came(signal))),
                Woken::Lost => return Err(Stop::Parked("the terminal went away".into())),
                Woken::Failed(why) => return Err(Stop::Stopped(why)),
                Woken::Said(text) => (self.tell)(&Event::Said { text }),
                Woken::Time => {
                    left -= step;
                    if left.is_zero() {
                        return Ok(());
                    }
                    (self.tell)(&Event::Ticked);
                }
                Woken::Ended(..) => {}
            }
        }
    }

    /// A listing that a person ended says why by the signal, not by how the listing failed.
    fn unless_stopped<T>(&mut self, told: Result<T, String>) -> Result<T, Stop> {
        told.or_else(|why| self.arrived(Duration::ZERO).and(Err(Stop::Stopped(why))))
    }

    fn soak(&mut self, soak: Duration) -> Result<(), Stop> {
        if soak.is_zero() {
            return Ok(());
        }
        (self.tell)(&Event::Soaking { seconds: soak.as_secs_f64() });
        self.arrived(soak)
    }

    /// The rest between two stages.
    fn rest(&mut self, stage: usize, of: usize) -> Result<(), Stop> {
        match self.terms.pause {
            Pause::None => Ok(()),
            Pause::For(pause) => self.soak(pause),
            Pause::Ask => {
                (self.tell)(&Event::Asking);
                match self.outside.go_on(stage + 1, of) {
                    GoOn::Yes => Ok(()),
                    GoOn::No => Err(Stop::Parked("nobody said that the next stage may begin".into())),
                }
            }
        }
    }

    /// The health check, tried again as agreed; a check that says nothing has failed.
    fn check(&mut self, targets: &[usize]) -> Result<(), Stop> {
        if !self.terms.checked {
            return Ok(());
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let said = self.outside.check(targets).err();
            (self.tell)(&Event::Checked { passed: said.is_none(), tries, said: said.clone() });
            self.arrived(Duration::ZERO)?;
            match said {
                None => return Ok(()),
                Some(said) if tries > self.terms.retries => {
                    return Err(Stop::Stopped(format!("the check failed: {said}")));
                }
                Some(_) => self.soak(self.terms.every)?,
            }
        }
    }

    /// Writes how it ended; a journal that can't be written any more is told, not hidden.
    fn end(mut self, stop: Option<Stop>) -> Ending {
        let progress = self.journal.progress();
        let open = progress.count(Fate::Left) + progress.count(Fate::InDoubt);
        let (end, mut why) = match stop {
            None if open == 0 => (End::Finished, None),
            None => (End::Stopped, Some(format!("{} in doubt", grouped(progress.count(Fate::InDoubt))))),
            Some(Stop::Parked(why)) => (End::Parked, Some(why)),
            // Stopped by the last one of all: nothing is left to go on with.
            Some(Stop::Stopped(why)) => (End::Stopped, Some(why)),
        };
        let state = match end {
            End::Finished => State::Finished,
            End::Stopped => State::Stopped,
            End::Parked => State::Parked,
        };
        if let Err(fault) = self.journal.state(self.outside.stamp(), state, why.clone()) {
            why.get_or_insert_with(|| format!("its end can't be recorded: {fault}"));
        }
        self.tally = tally(self.journal);
        Ending { end, why, tally: self.tally, worst: self.worst }
    }
}

/// Targets by state, as the journal has them.
pub fn tally(journal: &Journal) -> Tally {
    let progress = journal.progress();
    Tally {
        done: progress.count(Fate::Done) + progress.count(Fate::Gone),
        failed: progress.count(Fate::Failed),
        in_doubt: progress.count(Fate::InDoubt),
        left: progress.count(Fate::Left),
    }
}

pub(super) fn unwritten(fault: Error) -> Stop {
    Stop::Stopped(format!("the journal can't be written, so nothing more is started: {fault}"))
}
