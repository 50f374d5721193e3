//! Goes on with a rollout: what was in doubt is asked of the tool, what is left runs.

use std::ffi::OsString;

use crate::gate::Approval;
use crate::judge::{Part, Rung};
use crate::record;
use crate::record::journal::{CallsLock, Fate, Journal};
use crate::scope::{Frozen, Target};
use crate::tool::grouped;
use crate::ui::Ui;

use super::super::carry::Scene;
use super::super::outcome::Outcome;
use super::super::remove;
use super::outside::Outside;
use super::{by_handles, by_names, files, unrecorded};

/// What a person says about targets that are not simply left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resume {
    /// Act again on what is in doubt and the tool can't tell.
    pub retry_in_doubt: bool,
    /// Act again on what failed.
    pub retry_failed: bool,
}

/// Goes on with the rollout of a journal; `part` is its command, read and judged anew.
pub fn go_on(
    journal: Journal,
    mut part: Part,
    resume: Resume,
    approval: &Approval,
    scene: &Scene<'_>,
    ui: &mut Ui,
) -> Outcome {
    let rung = approval.rung();
    let driven = drive(journal, &mut part, resume, scene, ui);
    driven.unwrap_or_else(|fault| unrecorded(&fault, rung, ui)).at(rung)
}

fn drive(
    journal: Journal,
    part: &mut Part,
    resume: Resume,
    scene: &Scene<'_>,
    ui: &mut Ui,
) -> Result<Outcome, record::Error> {
    let lock = CallsLock::take(journal.path())?;
    let free = lock.is_some();
    let mut notes: Vec<String> = Vec::new();
    let mut before =
        |journal: &mut Journal, outside: &mut dyn Outside| settle(journal, outside, resume, free, &mut notes);
    let outcome = match journal.progress().plan.files {
        None => {
            let Some(found) = part.found.as_ref() else { return Ok(nothing(ui)) };
            let targets: Vec<Target> = journal.progress().plan.targets.iter().map(Target::from).collect();
            by_names((part, found), targets, (journal, lock), scene, ui, &mut before)?
        }
        Some(count) => {
            let frozen = part.scope.as_mut().map(|scope| std::mem::take(&mut scope.frozen));
            let Some(found) = part.found.as_ref() else { return Ok(nothing(ui)) };
            let manner = remove::Manner::of(found);
            // A tree that is gone has no set any more: every file of it is done.
            let mut set = match frozen {
                Some(Frozen::Files(set)) => set,
                _ => Box::default(),
            };
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let positions = files::thaw(&mut set, journal.path(), count)?;
            by_handles(found, (&set, manner, Some(positions)), (journal, lock), scene, ui, &mut before)?
        }
    };
    for note in notes {
        ui.complain(&note);
    }
    Ok(outcome)
}

fn nothing(ui: &mut Ui) -> Outcome {
    ui.complain("guard: no tool file speaks for this command any more, so nothing was run");
    Outcome::stopped(Rung::Stage, crate::exit::FAILURE, false, None)
}

/// Settles what can be settled before anything runs.
fn settle(
    journal: &mut Journal,
    outside: &mut dyn Outside,
    resume: Resume,
    free: bool,
    notes: &mut Vec<String>,
) -> Result<(), record::Error> {
    let never = journal.progress().never_called(&outside.boot());
    journal.ended(&never, Fate::Left, None)?;
    let doubt = journal.progress().places(Fate::InDoubt);
    if !doubt.is_empty() {
        if free {
            let fates = outside.settle(&doubt);
            for fate in [Fate::Done, Fate::Left] {
                let own: Vec<usize> =
                    doubt.iter().zip(&fates).filter(|(_, own)| **own == fate).map(|(at, _)| *at).collect();
                journal.ended(&own, fate, Some("asked when resumed".into()))?;
            }
        } else {
            notes.push(format!(
                "guard: {} in doubt: a call that was started before still runs; resume again when it has ended",
                grouped(doubt.len() as u64)
            ));
        }
        let still = journal.progress().places(Fate::InDoubt);
        if resume.retry_in_doubt {
            journal.ended(&still, Fate::Left, Some("to be tried again".into()))?;
        } else if free && !still.is_empty() {
            notes.push(format!(
                "guard: the tool can't tell what became of {}; --retry-in-doubt acts on them again",
                grouped(still.len() as u64)
            ));
        }
    }
    if resume.retry_failed {
        let failed = journal.progress().places(Fate::Failed);
        journal.ended(&failed, Fate::Left, Some("to be tried again".into()))?;
    }
    journal.sync()
}

/// The words of a command line, those that were masked put back from what is given anew.
///
/// # Errors
/// Where something masked is not given, or something else is.
pub fn unmasked(
    words: &[crate::record::Word],
    masked: &[usize],
    given: &[OsString],
) -> Result<Vec<OsString>, String> {
    let typed: Vec<OsString> = words.iter().map(|word| word.0.clone()).collect();
    if given.is_empty() && masked.is_empty() {
        return Ok(typed);
    }
    if given.is_empty() {
        return Err("words of its command line were masked: type the whole command again behind '--'".into());
    }
    let same = given.len() == typed.len()
        && given.iter().zip(&typed).enumerate().all(|(at, (a, b))| a == b || masked.contains(&at));
    if same { Ok(given.to_vec()) } else { Err("that is not the command line of this rollout".into()) }
}
