//! The calls of one batch: started as long as nothing speaks against it, and waited for.

use std::time::Duration;

use crate::record::journal::Fate;
use crate::tool::grouped;
use crate::ui::rollout::{Event, came};
use crate::world::child::Ended;

use super::outside::{CallEnd, Woken};
use super::run::{Runner, Stop, unwritten};

impl Runner<'_> {
    /// Starts calls as long as nothing speaks against it, and waits for all that were started.
    pub(super) fn calls(&mut self, calls: &[Vec<usize>]) -> Result<(), Stop> {
        let mut waiting = calls.iter().filter(|call| !call.is_empty());
        let mut running: Vec<(usize, &[usize])> = Vec::new();
        let mut stop: Option<Stop> = None;
        let mut next = waiting.next();
        loop {
            while stop.is_none() && running.len() < self.terms.parallel.max(1) {
                let Some(targets) = next else { break };
                // What arrived is looked at before each call, so that the first Ctrl-C holds.
                if let Err(why) = self.arrived_while(&mut running, Some(Duration::ZERO), &mut stop) {
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
            if let Err(why) = self.arrived_while(&mut running, None, &mut stop) {
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

    /// Waits once while calls run, for so long or until something happens, and takes that in.
    fn arrived_while(
        &mut self,
        running: &mut Vec<(usize, &[usize])>,
        patience: Option<Duration>,
        stop: &mut Option<Stop>,
    ) -> Result<(), Stop> {
        match self.outside.wait(patience.or(self.terms.ticks)) {
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
            Woken::Time if patience.is_none() => {
                (self.tell)(&Event::Ticked);
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

    pub(super) fn too_many(&self) -> Stop {
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

    pub(super) fn move_on(&mut self, count: usize, from: Fate, to: Fate) {
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
}
