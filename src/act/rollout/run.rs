//! The runner: batch after batch, each looked at before, journaled, run, and checked after.
//!
//! It knows neither a terminal nor a process: what it does outside goes through [`Outside`], what
//! happens is told as [`Event`]s. Nothing starts that is not in the journal before.

use std::time::Duration;

use crate::record::Error;
use crate::record::journal::{Fate, Journal, State};
use crate::tool::grouped;
use crate::ui::rollout::{End, Event, Tally, came};
use crate::world::child::Ended;

use super::outside::{CallEnd, GoOn, Outside, Woken};
use super::plan::Batch;

/// How long a rollout rests between two stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pause {
    /// Not at all.
    #[default]
    None,
    /// For a time.
    For(Duration),
    /// Until a person says so.
    Ask,
}

/// What was agreed on for a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How many calls run at once.
    pub parallel: usize,
    /// The rest between stages.
    pub pause: Pause,
    /// How long each batch is left alone before it is checked.
    pub soak: Duration,
    /// True where there is a check.
    pub checked: bool,
    /// True where the check is about the targets of the batch: before it, it could say nothing.
    pub only_after: bool,
    /// How long to wait before a check that failed is tried again.
    pub every: Duration,
    /// How often it is tried again.
    pub retries: u32,
    /// More failures than this stop it.
    pub max_failures: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            parallel: 1,
            pause: Pause::None,
            soak: Duration::ZERO,
            checked: false,
            only_after: false,
            every: Duration::from_secs(5),
            retries: 0,
            max_failures: 0,
        }
    }
}

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
enum Stop {
    Stopped(String),
    Parked(String),
}

/// What drives a rollout.
pub struct Runner<'a> {
    journal: &'a mut Journal,
    outside: &'a mut dyn Outside,
    tell: &'a mut dyn FnMut(&Event),
    terms: Terms,
    failures: u64,
    worst: Option<Ended>,
    calls: usize,
    interrupts: u32,
    /// True where guard itself ended the calls that run.
    ending: bool,
    tally: Tally,
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
        self.arrived(Some(Duration::ZERO))?;
        let look = self.outside.look(&batch.targets);
        let look = look.or_else(|why| self.arrived(Some(Duration::ZERO)).and(Err(Stop::Stopped(why))))?;
        if let Some(why) = look.grown {
            return Err(Stop::Stopped(why));
        }
        if !look.gone.is_empty() || look.appeared > 0 {
            (self.tell)(&Event::Looked { gone: look.gone.len() as u64, appeared: look.appeared });
        }
        self.journal.ended(&look.gone, Fate::Gone, None).map_err(unwritten)?;
        self.move_on(look.gone.len(), Fate::Left, Fate::Gone);
        let here = |place: &usize| !look.gone.contains(place);
        let look_gone = !look.gone.is_empty();
        let targets: Vec<usize> = if look_gone {
            batch.targets.iter().copied().filter(here).collect()
        } else {
            batch.targets.clone()
        };
        if targets.is_empty() {
            return Ok(());
        }
        let floors = self.outside.floors(&targets);
        let floors = floors.or_else(|why| self.arrived(Some(Duration::ZERO)).and(Err(Stop::Stopped(why))))?;
        for floor in floors {
            (self.tell)(&Event::FloorHeld { role: floor.role, left: floor.left, keep: floor.keep });
        }
        self.arrived(Some(Duration::ZERO))?;
        let number = self.journal.progress().batches;
        self.journal.started(number, &targets).map_err(unwritten)?;
        (self.tell)(&Event::BatchBegan { batch: at + 1, of, targets: targets.len() as u64 });
        let calls: Vec<Vec<usize>> = if look_gone {
            batch.calls().map(|call| call.iter().copied().filter(here).collect()).collect()
        } else {
            batch.calls().map(<[usize]>::to_vec).collect()
        };
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

    /// Starts calls as long as nothing speaks against it, and waits for all that were started.
    fn calls(&mut self, calls: &[Vec<usize>]) -> Result<(), Stop> {
        let mut waiting = calls.iter().filter(|call| !call.is_empty());
        let mut running: Vec<(usize, &[usize])> = Vec::new();
        let mut stop: Option<Stop> = None;
        let mut next = waiting.next();
        loop {
            while stop.is_none() && running.len() < self.terms.parallel.max(1) {
                let Some(targets) = next else { break };
                // What arrived is looked at before each call, so that the first Ctrl-C holds.
                if let Err(why) = self.arrived_while(&mut running, Duration::ZERO, &mut stop) {
                    stop.get_or_insert(why);
                }
                if stop.is_some() || running.len() >= self.terms.parallel.max(1) {
                    break;
                }
                next = waiting.next();
                match self.call(targets) {
                    Ok(Some(call)) => running.push((call, targets)),
                    Ok(None) => {}
                    Err(why) => stop = Some(why),
                }
                if stop.is_none() && self.failures > self.terms.max_failures {
                    stop = Some(self.too_many());
                }
            }
            if running.is_empty() {
                break;
            }
            if let Err(why) = self.arrived_while(&mut running, Duration::MAX, &mut stop) {
                stop.get_or_insert(why);
            }
        }
        let never: Vec<usize> = next.into_iter().chain(waiting).flatten().copied().collect();
        if !never.is_empty() {
            self.journal.ended(&never, Fate::Left, None).map_err(unwritten)?;
        }
        stop.map_or(Ok(()), Err)
    }

    /// Starts one call; `None` where it could not be started, which is a failure.
    fn call(&mut self, targets: &[usize]) -> Result<Option<usize>, Stop> {
        self.journal.called(targets).map_err(unwritten)?;
        self.calls += 1;
        let call = self.calls;
        match self.outside.start(call, targets) {
            Ok(()) => {
                (self.tell)(&Event::CallStarted { call, targets: targets.len() as u64 });
                Ok(Some(call))
            }
            Err(why) => {
                self.settled(call, targets, Fate::Failed, Some(why))?;
                Ok(None)
            }
        }
    }

    /// Waits once while calls run, and takes in what happened.
    fn arrived_while(
        &mut self,
        running: &mut Vec<(usize, &[usize])>,
        patience: Duration,
        stop: &mut Option<Stop>,
    ) -> Result<(), Stop> {
        let patience = (patience != Duration::MAX).then_some(patience);
        match self.outside.wait(patience) {
            Woken::Ended(call, how) => {
                let Some(at) = running.iter().position(|(own, _)| *own == call) else { return Ok(()) };
                let (_, targets) = running.swap_remove(at);
                self.ended(call, targets, &how)?;
                if stop.is_none() && self.failures > self.terms.max_failures {
                    return Err(self.stopping(self.too_many()));
                }
                Ok(())
            }
            Woken::Interrupt(signal) => {
                self.interrupts += 1;
                if self.interrupts > 1 && !running.is_empty() {
                    self.ending = true;
                    self.outside.end_calls();
                }
                let why = Stop::Stopped(came(signal));
                if stop.is_none() { Err(self.stopping(why)) } else { Ok(()) }
            }
            Woken::Lost if stop.is_none() => {
                Err(self.stopping(Stop::Parked("the terminal went away".into())))
            }
            Woken::Failed(why) => {
                // What can't be watched can't be waited for: its targets stay in doubt.
                running.clear();
                Err(Stop::Stopped(why))
            }
            Woken::Said(text) => {
                (self.tell)(&Event::Said { text });
                Ok(())
            }
            Woken::Lost | Woken::Time => Ok(()),
        }
    }

    fn stopping(&mut self, stop: Stop) -> Stop {
        let (Stop::Stopped(why) | Stop::Parked(why)) = &stop;
        (self.tell)(&Event::Stopping { why: why.clone() });
        stop
    }

    fn too_many(&self) -> Stop {
        let failures = grouped(self.failures);
        Stop::Stopped(match self.terms.max_failures {
            0 => format!("{failures} failed"),
            most => format!("{failures} failed, and {} may", grouped(most)),
        })
    }

    /// Takes in how a call ended.
    fn ended(&mut self, call: usize, targets: &[usize], how: &CallEnd) -> Result<(), Stop> {
        let failure = match how {
            CallEnd::Program(Ended::Code(0)) => return self.settled(call, targets, Fate::Done, None),
            CallEnd::Each(fates) => return self.each(call, targets, fates),
            CallEnd::Program(Ended::Code(code)) => format!("a call failed with exit code {code}"),
            CallEnd::Late => "a call took longer than it may, and was ended".to_owned(),
            CallEnd::Program(Ended::Signal(signal)) => format!("a call was ended by signal {signal}"),
        };
        if let CallEnd::Program(ended) = how {
            self.worst = Some(*ended);
        }
        if self.ending {
            // Guard ended it half-way: what it did until then only the tool knows.
            let fates = self.outside.settle(targets);
            return self.by_fate(call, targets, &fates, Some(failure));
        }
        if targets.len() < 2 {
            return self.settled(call, targets, Fate::Failed, Some(failure));
        }
        // One of several failed: the tool knows which are done.
        let mut fates = self.outside.settle(targets);
        fates.iter_mut().filter(|fate| **fate != Fate::Done).for_each(|fate| *fate = Fate::Failed);
        if fates.iter().all(|fate| *fate == Fate::Done)
            && let Some(last) = fates.last_mut()
        {
            *last = Fate::Failed;
        }
        self.by_fate(call, targets, &fates, Some(failure))
    }

    fn each(&mut self, call: usize, targets: &[usize], kept: &[(usize, Fate)]) -> Result<(), Stop> {
        if kept.is_empty() {
            return self.settled(call, targets, Fate::Done, None);
        }
        let mut fates = vec![Fate::Done; targets.len()];
        for (place, fate) in kept {
            if let Some(at) = targets.iter().position(|own| own == place) {
                fates[at] = *fate;
            }
        }
        let failed = fates.iter().filter(|fate| **fate == Fate::Failed).count();
        let failure = (failed > 0).then(|| format!("{} could not be removed", grouped(failed as u64)));
        if failed > 0 {
            self.worst = Some(Ended::Code(1));
        }
        self.by_fate(call, targets, &fates, failure)
    }

    fn by_fate(
        &mut self,
        call: usize,
        targets: &[usize],
        fates: &[Fate],
        failure: Option<String>,
    ) -> Result<(), Stop> {
        for fate in [Fate::Done, Fate::Failed, Fate::Left, Fate::InDoubt] {
            let own: Vec<usize> =
                targets.iter().zip(fates).filter(|(_, own)| **own == fate).map(|(place, _)| *place).collect();
            let detail = failure.clone().filter(|_| fate == Fate::Failed);
            self.journal.ended(&own, fate, detail).map_err(unwritten)?;
            self.move_on(own.len(), Fate::Left, fate);
            if fate == Fate::Failed {
                self.failures += own.len() as u64;
            }
        }
        let tally = self.tally;
        (self.tell)(&Event::CallEnded { call, tally, failure });
        Ok(())
    }

    fn settled(
        &mut self,
        call: usize,
        targets: &[usize],
        fate: Fate,
        failure: Option<String>,
    ) -> Result<(), Stop> {
        self.journal.ended(targets, fate, failure.clone()).map_err(unwritten)?;
        self.move_on(targets.len(), Fate::Left, fate);
        if fate == Fate::Failed {
            self.failures += targets.len() as u64;
        }
        let tally = self.tally;
        (self.tell)(&Event::CallEnded { call, tally, failure });
        Ok(())
    }

    fn move_on(&mut self, count: usize, from: Fate, to: Fate) {
        let count = count as u64;
        let mut of = |fate, more: bool| {
            let part = match fate {
                Fate::Done | Fate::Gone => &mut self.tally.done,
                Fate::Failed => &mut self.tally.failed,
                Fate::InDoubt => &mut self.tally.in_doubt,
                Fate::Left => &mut self.tally.left,
            };
            *part = if more { *part + count } else { part.saturating_sub(count) };
        };
        of(from, false);
        of(to, true);
    }

    /// Takes in what arrives while no call runs, until the time is over.
    fn arrived(&mut self, patience: Option<Duration>) -> Result<(), Stop> {
        loop {
            match self.outside.wait(patience) {
                Woken::Interrupt(signal) => {
                    return Err(Stop::Stopped(came(signal)));
                }
                Woken::Lost => return Err(Stop::Parked("the terminal went away".into())),
                Woken::Failed(why) => return Err(Stop::Stopped(why)),
                Woken::Said(text) => (self.tell)(&Event::Said { text }),
                Woken::Time => return Ok(()),
                Woken::Ended(..) => {}
            }
        }
    }

    fn soak(&mut self, soak: Duration) -> Result<(), Stop> {
        if soak.is_zero() {
            return Ok(());
        }
        (self.tell)(&Event::Soaking { seconds: soak.as_secs_f64() });
        self.arrived(Some(soak))
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
            self.arrived(Some(Duration::ZERO))?;
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

fn unwritten(fault: Error) -> Stop {
    Stop::Stopped(format!("the journal can't be written, so nothing more is started: {fault}"))
}
