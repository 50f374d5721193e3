//! The plainest rollout: stage after stage, one call after another, the first failure stops.
//!
//! Before the first stage the targets are listed again, before each the floors are held against who is
//! left; a
//! Ctrl-C lets the running call end. Whatever stops it, the end says what is done and what is left.

use std::ffi::OsString;

use crate::exit;
use crate::judge::{Part, Rung, Stages};
use crate::scope::{Scope, Target, calls, fleets};
use crate::tool::grouped;
use crate::ui::Ui;
use crate::ui::fold::{fold, sample};
use crate::world::child::{self, Beside, Ended, Manner};
use crate::world::exec::NotRunnable;
use crate::world::signals::Signals;

use super::carry::{Growth, Scene, drifted};
use super::outcome::{Outcome, Tally};

/// Columns that the names of a stage may take.
pub(super) const WIDTH: usize = 50;

/// Signals that stop a rollout after the call that is running.
pub(super) const STOPPING: [i32; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// Runs an approved command in stages.
pub fn run(
    part: &Part,
    stages: &Stages,
    rung: Rung,
    scene: &Scene<'_>,
    ui: &mut Ui,
) -> Result<Outcome, NotRunnable> {
    let Some((found, scope)) = part.found.as_ref().zip(part.scope.as_ref()) else {
        return Ok(Outcome::stopped(rung, exit::FAILURE, false, None));
    };
    let batches = stages.batches(scope.targets.len() as u64);
    let signals = Signals::catch(&STOPPING).ok();
    let mut state = Progress { targets: &scope.targets, done: 0, failed: 0, of: batches.len() };
    for (at, size) in batches.iter().enumerate() {
        let size = usize::try_from(*size).unwrap_or(usize::MAX);
        let batch = &scope.targets[state.done..state.done + size];
        if let Some(why) = may_go_on(part, batch, scene, ui, rung, at) {
            return Ok(state.stopped(&why, rung, ui));
        }
        state.announce(at, batch, ui);
        let Ok(calls) = calls(found, batch) else {
            return Ok(state.stopped("a target can't be named on a command line", rung, ui));
        };
        for call in &calls {
            if let Some(arrived) = signals.as_ref().and_then(Signals::next) {
                return Ok(state.stopped(&format!("signal {} came", arrived.signal), rung, ui));
            }
            match child::run(
                &scene.launch(&call.argv),
                Beside { manner: Manner::Apart, ..Beside::default() },
            )?
            .ended
            {
                Ended::Code(0) => state.done += call.targets.len(),
                ended => {
                    state.failed += call.targets.len();
                    let end = match ended {
                        Ended::Code(code) => format!("a call failed with exit code {code}"),
                        Ended::Signal(signal) => format!("a call was ended by signal {signal}"),
                    };
                    return Ok(state.stopped(&end, rung, ui));
                }
            }
        }
    }
    let tally = state.tally();
    ui.complain(&format!("guard: done: {} in {} stages", grouped(tally.done), batches.len()));
    Ok(Outcome { ran: true, ended: Ended::Code(0), rung, tally: Some(tally) })
}

/// Looks at the world before a stage; a sentence where the rollout must not go on.
fn may_go_on(
    part: &Part,
    batch: &[Target],
    scene: &Scene<'_>,
    ui: &mut Ui,
    rung: Rung,
    at: usize,
) -> Option<String> {
    if at == 0 && drifted(part, rung, scene, ui, Growth::Ignored).is_some() {
        return Some("what it hits is not what was shown".into());
    }
    let found = part.found.as_ref()?;
    let kind = part.scope.as_ref().map(|s| s.kind.clone())?;
    let mut next = Scope {
        count: batch.len() as u64,
        targets: batch.to_vec(),
        ..crate::scope::empty(&kind, scene.kinds)
    };
    if !scene.policy.has_floors(&found.file.tool.names[0]) {
        return None;
    }
    fleets(found, &mut next, scene.policy, scene.world);
    if let Some(why) = next.unknown {
        return Some(why);
    }
    next.fleets.iter().find_map(|fleet| {
        let left = fleet.healthy.saturating_sub(fleet.hit);
        let keep = fleet.keep.filter(|keep| left < *keep)?;
        Some(format!(
            "{} {} would be left, and at least {} must stay",
            grouped(left),
            fleet.role,
            grouped(keep)
        ))
    })
}

/// How far a rollout is.
struct Progress<'a> {
    targets: &'a [Target],
    done: usize,
    failed: usize,
    of: usize,
}

impl Progress<'_> {
    fn announce(&self, at: usize, batch: &[Target], ui: &mut Ui) {
        let names: Vec<OsString> = batch.iter().map(|t| crate::ui::plan::shown_name(t).into()).collect();
        let names = sample(&names, WIDTH, names.len() as u64);
        ui.complain(&format!(
            "guard: stage {} of {}: {} ({names})",
            at + 1,
            self.of,
            grouped(batch.len() as u64)
        ));
    }

    fn tally(&self) -> Tally {
        Tally {
            done: self.done as u64,
            failed: self.failed as u64,
            in_doubt: 0,
            left: (self.targets.len() - self.done - self.failed) as u64,
        }
    }

    fn stopped(&self, why: &str, rung: Rung, ui: &mut Ui) -> Outcome {
        let tally = self.tally();
        let names = |range: std::ops::Range<usize>| {
            let names: Vec<OsString> =
                self.targets[range].iter().map(|t| crate::ui::plan::shown_name(t).into()).collect();
            if names.is_empty() { "none".into() } else { fold(&names) }
        };
        let end = self.done + self.failed;
        ui.complain(&format!("guard: the rollout stopped: {why}"));
        ui.complain(&format!("  done:      {}", names(0..self.done)));
        ui.complain(&format!("  failed:    {}", names(self.done..end)));
        ui.complain(&format!("  untouched: {}", names(end..self.targets.len())));
        Outcome::stopped(rung, exit::STOPPED, self.done + self.failed > 0, Some(tally))
    }
}
