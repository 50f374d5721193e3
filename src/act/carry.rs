//! Approval → outcome: runs the command in the way that holds it to what was shown.

use std::ffi::{OsStr, OsString};

use crate::exit;
use crate::gate::{Approval, How};
use crate::judge::{Decision, Part, Rung};
use crate::policy::Policy;
use crate::scope::{Certainty, Frozen, Scope, calls, capped_call};
use crate::tool::{Freeze, Kinds, grouped};
use crate::ui::Ui;
use crate::ui::rollout::{Event, came};
use crate::world::World;
use crate::world::child::{self, Beside, Ended};
use crate::world::exec::{Launch, NotRunnable};
use crate::world::signals::Signals;

use super::drift::{drift, look_again};
use super::outcome::{Outcome, Tally};
use super::rollout::STOPPING;
use super::{remove, rollout};

/// What acting needs to look at the world again.
pub struct Scene<'a> {
    /// The world.
    pub world: &'a dyn World,
    /// Decisions, for floors during a rollout.
    pub policy: &'a Policy,
    /// Kinds of targets.
    pub kinds: &'a Kinds,
    /// The name that what runs as typed sees as its own, where that is not its first word.
    pub called: Option<&'a OsStr>,
    /// Variables that are different for what runs: a `PATH` with or without shims.
    pub env: &'a [(OsString, Option<OsString>)],
    /// What guard's options say about a rollout.
    pub wish: rollout::Wish,
    /// Hears of what happens in a rollout, beside whoever watches.
    pub hear: &'a dyn Fn(&Event),
}

impl Scene<'_> {
    /// A call that guard made of what was typed.
    pub(super) fn launch<'b>(&'b self, argv: &'b [OsString]) -> Launch<'b> {
        Launch { argv, env: self.env, ..Launch::default() }
    }

    /// The command itself.
    fn typed<'b>(&'b self, argv: &'b [OsString]) -> Launch<'b> {
        Launch { called: self.called, ..self.launch(argv) }
    }
}

/// Runs what was approved. A harmless command replaces guard, unless `stay` asks for its outcome.
///
/// # Errors
/// When a program can't be started; nothing was run then.
pub fn carry_out(
    approval: Approval,
    decision: Decision,
    command: &[OsString],
    stay: bool,
    scene: &Scene<'_>,
    ui: &mut Ui,
) -> Result<Outcome, NotRunnable> {
    let rung = approval.rung();
    let single = decision.parts.len() == 1;
    let mut part = decision.into_worst();
    // Nothing is hit: there is nothing to run in stages.
    let staged = approval.stages().is_some() && scope(&part).is_some_and(|scope| scope.count > 0);
    if single
        && let Some((set, options)) = remove::frozen(&mut part, *approval.how() == How::Allowed && !staged)
    {
        let refused = remove::refuse_dots(&part, ui);
        let mut outcome = match approval.stages() {
            Some(stages) => rollout::remove(&part, (&set, options), stages, rung, command, scene, ui),
            None => remove::remove_files(&set, options, rung, ui)?,
        };
        if refused && outcome.ended == Ended::Code(0) {
            outcome.ended = Ended::Code(1);
        }
        return Ok(outcome);
    }
    if let Some(stages) = approval.stages().filter(|_| single && has_targets(&part)) {
        return Ok(rollout::run(&part, stages, rung, command, scene, ui));
    }
    if *approval.how() == How::Allowed {
        return if stay { as_typed(command, rung, scene) } else { Err(super::exec(&scene.typed(command))) };
    }
    match part.freeze {
        Freeze::Names | Freeze::Lease if single && is_exact(&part) => {
            by_names(&part, command, rung, scene, ui)
        }
        Freeze::Cap if single && is_exact(&part) => capped(&part, command, rung, scene),
        Freeze::None | Freeze::Cap | Freeze::Plan if rung >= Rung::Confirm => as_typed(command, rung, scene),
        _ => relisted(&part, command, rung, scene, ui),
    }
}

fn scope(part: &Part) -> Option<&Scope> {
    part.scope.as_ref()
}

fn is_exact(part: &Part) -> bool {
    scope(part).is_some_and(|s| s.certainty == Certainty::Exact && !s.targets.is_empty())
}

fn has_targets(part: &Part) -> bool {
    part.freeze == Freeze::Names && is_exact(part)
}

fn as_typed(command: &[OsString], rung: Rung, scene: &Scene<'_>) -> Result<Outcome, NotRunnable> {
    let outcome = child::run(&scene.typed(command), Beside::default())?;
    Ok(Outcome::ran(rung, outcome.ended))
}

/// Freeze cap: the operator's command, told to stop at the number that was shown.
fn capped(part: &Part, command: &[OsString], rung: Rung, scene: &Scene<'_>) -> Result<Outcome, NotRunnable> {
    let found = part.found.as_ref().zip(scope(part));
    let Some(argv) = found.and_then(|(found, scope)| capped_call(found, scope.count)) else {
        return as_typed(command, rung, scene);
    };
    let outcome = child::run(&scene.launch(&argv), Beside::default())?;
    Ok(Outcome::ran(rung, outcome.ended))
}

/// Freeze names: the operator's command with exactly the names that were shown.
fn by_names(
    part: &Part,
    command: &[OsString],
    rung: Rung,
    scene: &Scene<'_>,
    ui: &mut Ui,
) -> Result<Outcome, NotRunnable> {
    let Some((found, scope)) = part.found.as_ref().zip(scope(part)) else {
        return as_typed(command, rung, scene);
    };
    let Ok(calls) = calls(found, &scope.targets) else {
        return relisted(part, command, rung, scene, ui);
    };
    if scope.targets.iter().any(|t| t.uid.is_some())
        && let Some(stopped) = drifted(part, rung, scene, ui, Growth::Ignored)
    {
        return Ok(stopped);
    }
    let mut worst = Ended::Code(0);
    let signals = Signals::catch(&STOPPING).ok().filter(|_| calls.len() > 1);
    for (at, call) in calls.iter().enumerate() {
        if let Some(arrived) = signals.as_ref().and_then(Signals::next) {
            let left: usize = calls[at..].iter().map(|c| c.targets.len()).sum();
            ui.complain(&format!(
                "guard: {}; {} were left untouched",
                came(arrived.signal),
                grouped(left as u64)
            ));
            return Ok(Outcome::ran(rung, Ended::Signal(arrived.signal)));
        }
        let ended = child::run(&scene.launch(&call.argv), Beside::default())?.ended;
        match ended {
            Ended::Code(0) => {}
            Ended::Signal(_) => return Ok(Outcome::ran(rung, ended)),
            Ended::Code(_) => worst = ended,
        }
    }
    Ok(Outcome::ran(rung, worst))
}

/// Freeze relist: looks again right before the command runs as typed.
fn relisted(
    part: &Part,
    command: &[OsString],
    rung: Rung,
    scene: &Scene<'_>,
    ui: &mut Ui,
) -> Result<Outcome, NotRunnable> {
    let held = is_exact(part) || scope(part).is_some_and(|s| matches!(s.frozen, Frozen::Files(_)));
    if held && let Some(stopped) = drifted(part, rung, scene, ui, Growth::Stops) {
        return Ok(stopped);
    }
    as_typed(command, rung, scene)
}

/// What a target that appeared meanwhile means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// It would be hit as well.
    Stops,
    /// It is not named, so it survives; but one that was exchanged under its name would be hit.
    Ignored,
}

/// Looks again; an outcome where nothing may run any more.
pub(super) fn drifted(
    part: &Part,
    rung: Rung,
    scene: &Scene<'_>,
    ui: &mut Ui,
    growth: Growth,
) -> Option<Outcome> {
    let shown = scope(part)?;
    let now = look_again(part, scene.policy, scene.kinds, scene.world)?;
    let stop = |ui: &mut Ui, why: &str| {
        ui.complain(&format!("guard: {why}; nothing was run"));
        let tally = Tally { left: shown.count, ..Tally::default() };
        Some(Outcome::stopped(rung, exit::NOT_EXPECTED, false, Some(tally)))
    };
    match drift(shown, &now) {
        Err(why) => stop(ui, &why),
        Ok(drift) => {
            let exchanged =
                |name: &&String| shown.targets.iter().any(|t| crate::ui::escape(&t.name) == name.as_str());
            let hit = drift.appeared.iter().filter(|name| growth == Growth::Stops || exchanged(name));
            let hit: Vec<&String> = hit.collect();
            if let Some(first) = hit.first() {
                let more = hit.len() - 1;
                let more =
                    if more > 0 { format!(" and {} more", grouped(more as u64)) } else { String::new() };
                return stop(ui, &format!("{first}{more} appeared since this was shown"));
            }
            if drift.gone > 0 {
                ui.complain(&format!("guard: {} of those shown are gone by now", grouped(drift.gone)));
            }
            None
        }
    }
}
