//! Many commands together: what each part will hit is added up with what the ledger knows, judged, and
//! reserved in one transaction, before anybody is asked.
//!
//! The ledger is opened only where a rule needs it: an action that somebody gave a budget, or targets
//! that are more than small. What it can't say is unknown.

use std::path::{Path, PathBuf};

use crate::cli::Options;
use crate::gate::{Approval, How};
use crate::judge::{Before, Case, Decision, Law, Part, Rung, Verdict, weigh};
use crate::policy::{Amount, Per, Policy};
use crate::record;
use crate::record::ledger::{Answered, Charge, Held, Keep, Ledger, LedgerError, Sqlite, Sum};
use crate::scope::{self, Certainty, Target};
use crate::tool::Effect;
use crate::ui::escape::escape;
use crate::world::{World, operator, recorded_home};

use super::decide::{Setup, ladder};

/// Opens the ledger; called only where a rule needs it.
pub type Opening<'o> = &'o dyn Fn() -> Result<Box<dyn Ledger>, LedgerError>;

/// What a command holds of the ledger; given back when it is dropped before it was spent.
#[derive(Default)]
pub struct Room {
    ledger: Option<Box<dyn Ledger>>,
    held: Held,
    spent: bool,
    /// True where the sum itself had to be answered for.
    summed: bool,
}

impl Room {
    /// Turns what is reserved into what was hit, right before the act.
    ///
    /// # Errors
    /// Where it can't be written: then nothing may run.
    pub fn spend(&mut self, approval: &Approval) -> Result<(), LedgerError> {
        let answered = match approval.how() {
            How::Allowed => Answered::Nobody,
            How::Expected | How::Planned { granted: false } if self.summed => Answered::Nobody,
            How::Expected | How::Planned { granted: false } => Answered::Beforehand,
            How::Typed(_) | How::Planned { granted: true } | How::Resumed | How::BrokeGlass(_) => {
                Answered::Person
            }
        };
        if let Some(ledger) = self.ledger.as_ref().filter(|_| !self.spent) {
            ledger.spend(&self.held, answered)?;
        }
        self.spent = true;
        Ok(())
    }

    /// Gives it back although it was spent, because nothing ran.
    pub fn give_back(&mut self) {
        self.spent = false;
        self.release();
    }

    fn release(&mut self) {
        if let Some(ledger) = self.ledger.take().filter(|_| !self.spent)
            && let Err(fault) = ledger.release(&self.held)
        {
            tracing::debug!(%fault, "what was reserved waits for its lease");
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.release();
    }
}

/// A part that a rule on many commands speaks of.
struct Weighed {
    /// Where it is in the decision.
    at: usize,
    laws: Vec<Law>,
    charge: Charge,
}

/// Weighs a decision by what was hit before, and reserves what it will hit; a plan reserves nothing.
pub fn weighed(
    mut decision: Decision,
    setup: &Setup<'_>,
    options: &Options,
    open: Opening<'_>,
) -> (Decision, Room) {
    let glass = options.break_glass.is_some();
    if decision.rung() == Rung::Deny && !glass {
        return (decision, Room::default());
    }
    let mut ruled: Vec<Weighed> = Vec::new();
    for (at, part) in decision.parts.iter_mut().enumerate() {
        let laws = laws(part, setup.policy);
        fleets(part, &laws, setup);
        if let Some(charge) = charge(part).filter(|_| !laws.is_empty()) {
            ruled.push(Weighed { at, laws, charge });
        }
    }
    if ruled.is_empty() {
        return (decision, Room::default());
    }
    let asked: Vec<(Charge, Vec<Sum>)> =
        ruled.iter().map(|one| (one.charge.clone(), one.laws.iter().map(sum).collect())).collect();
    let mut verdicts: Vec<Verdict> = Vec::new();
    let room = open().and_then(|ledger| {
        let held = ledger.reserve(&asked, &mut |answers| {
            let weigh = |(one, answers): (&Weighed, &Vec<u64>)| {
                let answers = answers.iter().map(|others| Ok(*others)).collect();
                verdict(&decision.parts[one.at], &one.laws, answers, setup)
            };
            verdicts = ruled.iter().zip(answers).map(weigh).collect();
            let rungs = verdicts.iter().map(|verdict| verdict.rung);
            match rungs.max().unwrap_or(Rung::Allow).max(decision.rung()) {
                _ if options.plan => Keep::Nothing,
                Rung::Deny if !glass => Keep::Nothing,
                Rung::Allow => Keep::Spent,
                _ => Keep::Reserved,
            }
        })?;
        Ok(Room { ledger: Some(ledger), held, ..Room::default() })
    });
    let mut room = room.unwrap_or_else(|fault| {
        let why = fault.to_string();
        let silent = |one: &Weighed| {
            let answers = one.laws.iter().map(|_| Err(why.clone())).collect();
            verdict(&decision.parts[one.at], &one.laws, answers, setup)
        };
        verdicts = ruled.iter().map(silent).collect();
        Room::default()
    });
    for (one, verdict) in ruled.iter().zip(verdicts) {
        decision.parts[one.at].verdict = verdict;
    }
    let decision = decision.again();
    room.summed = decision.parts.iter().any(|part| part.verdict.sum.is_some());
    room.spent = decision.rung() == Rung::Allow;
    (decision, room)
}

/// The rules on many commands that speak of a part.
fn laws(part: &Part, policy: &Policy) -> Vec<Law> {
    let (Some(found), Some(effect), Some(scope)) = (&part.found, part.effect, &part.scope) else {
        return Vec::new();
    };
    let looped = policy.loops(&scope.kind, scope.size).map(Law::Loop);
    looped
        .into_iter()
        .chain(policy.budgets(&found.name(), effect, scope.size).into_iter().map(Law::Budget))
        .collect()
}

fn sum(law: &Law) -> Sum {
    match law {
        Law::Loop(rule) => Sum { window: rule.window, everyone: false, action: true, unasked: true },
        Law::Budget(rule) => Sum {
            window: rule.budget.window.0,
            everyone: rule.budget.per == Per::Everyone,
            action: rule.of_action,
            unasked: false,
        },
    }
}

/// Asks for the fleets where a budget is a share of them.
fn fleets(part: &mut Part, laws: &[Law], setup: &Setup<'_>) {
    let share = |law: &Law| match law {
        Law::Budget(rule) => rule.budget.max.0.iter().any(|max| matches!(max, Amount::Percent(_))),
        Law::Loop(_) => false,
    };
    let (Some(found), Some(scope)) = (&part.found, &mut part.scope) else { return };
    if scope.fleets.is_empty() && laws.iter().any(share) {
        scope::fleets(found, scope, setup.policy, setup.world);
    }
}

/// What a part puts into the ledger; nothing where it is known to hit nothing.
fn charge(part: &Part) -> Option<Charge> {
    let (found, effect, scope) = (part.found.as_ref()?, part.effect?, part.scope.as_ref()?);
    if scope.count == 0 && scope.certainty != Certainty::Unknown {
        return None;
    }
    let mut environments = part.environments.all.clone();
    environments.sort_unstable();
    let key = |target: &Target| (key(target, &part.place.name), target.weight);
    Some(Charge {
        operator: operator(),
        environment: environments.join(","),
        action: found.name(),
        effect,
        kind: scope.kind.clone(),
        place: part.place.name.clone(),
        targets: scope.targets.iter().map(key).collect(),
        // What could not be counted was one thing at least.
        count: scope.count.max(1),
    })
}

/// What tells a target from every other, its uid left out: a unit that is restarted twice is one unit.
fn key(target: &Target, place: &str) -> String {
    let namespace = target.namespace.as_deref().unwrap_or_default();
    [place, namespace, &target.kind, &escape(&target.name)].join("\u{1f}")
}

fn verdict(part: &Part, laws: &[Law], others: Vec<Result<u64, String>>, setup: &Setup<'_>) -> Verdict {
    let (Some(found), Some(scope)) = (&part.found, &part.scope) else { return part.verdict.clone() };
    let ladder = ladder(found, setup, scope, &part.environments);
    let before: Vec<Before> =
        laws.iter().zip(others).map(|(law, others)| Before { law: law.clone(), others }).collect();
    let case = Case {
        effect: part.effect.unwrap_or(Effect::Destroy),
        freeze: part.freeze,
        scope,
        place: &part.place,
        ladder: &ladder,
        blanks: &[],
        kinds: setup.kinds,
    };
    weigh(&case, part.verdict.clone(), &before)
}

/// Where the ledger is: the file, and whether a site names it, so that a group may share it.
///
/// # Errors
/// Where neither the site nor the environment says so.
pub fn place(policy: &Policy, world: &dyn World) -> Result<(PathBuf, bool), record::Error> {
    if let Some(path) = policy.site(|file| file.ledger.path.clone()) {
        return Ok((path.into(), true));
    }
    let home = world.session().home.clone().or_else(recorded_home);
    let home = home.as_deref().map(Path::as_os_str);
    let state = world.variable("XDG_STATE_HOME");
    Ok((record::state_folder(state.as_deref(), home)?.join("ledger.sqlite"), false))
}

/// Opens the ledger of this place: to write, or to look.
///
/// # Errors
/// Where it can't be had.
pub fn open(setup: &Setup<'_>, plan: bool) -> Result<Box<dyn Ledger>, LedgerError> {
    let (path, shared) = place(setup.policy, setup.world)?;
    let ledger = if plan { Sqlite::look(&path, shared) } else { Sqlite::open(&path, shared) };
    Ok(Box::new(ledger?))
}
