//! Rollouts: staged runs that are journaled, looked at before each batch and checked after it.
//!
//! [`plan`] is arithmetic, [`mod@run`] the order of effects, [`outside`] what it does to the world;
//! `real` and `files` do it for targets that are named and for files. Here they are put together.

mod begin;
mod calls;
mod files;
mod health;
pub mod outside;
pub mod plan;
mod real;
mod resume;
pub mod run;
mod show;
mod terms;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;

use crate::exit;
use crate::judge::{Part, Rung, Stages};
use crate::policy::Policy;
use crate::read::Match;
use crate::record;
use crate::record::journal::{CallsLock, Fate, Frozen, Journal, Plan};
use crate::scope::{MOST_BYTES, MOST_TARGETS, Target, per_call};
use crate::ui::Ui;
use crate::ui::rollout::{End, Event, Tally};
use crate::world::FileSet;
use crate::world::child::Ended;

use super::carry::Scene;
use super::outcome::Outcome;
use super::remove::Manner;

use begin::{begin, planned};
use files::Files;
use health::Health;
use outside::Outside;
use plan::{Item, Shape, batches};
use real::{Names, Watch};
use run::{Ending, Runner};
use show::Shown;

pub use begin::{digest, journal_path};
pub use resume::{Resume, go_on, unmasked};
pub use terms::{Pause, Terms};

/// Signals that stop a run of several calls after the call that is running.
pub(super) const STOPPING: [i32; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// What guard's own options say about a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// How many calls run at once.
    pub parallel: usize,
    /// The rest between stages.
    pub pause: Pause,
    /// True for events as JSON on stdout.
    pub json: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self { parallel: 1, pause: Pause::None, json: false }
    }
}

/// Runs an approved command in stages, its targets named on command lines.
pub fn run(
    part: &Part,
    stages: &Stages,
    rung: Rung,
    command: &[OsString],
    scene: &Scene<'_>,
    ui: &mut Ui,
) -> Outcome {
    let Some((found, scope)) = part.found.as_ref().zip(part.scope.as_ref()) else {
        return Outcome::stopped(rung, exit::FAILURE, false, None);
    };
    let sizes = stages.batches(scope.targets.len() as u64);
    let mut plan = planned(part, found, sizes, rung, command, scene);
    plan.targets = scope.targets.iter().map(Frozen::from).collect();
    let driven = begin(plan, scene, |_| Ok(())).and_then(|(journal, lock)| {
        by_names((part, found), scope.targets.clone(), (journal, lock), scene, ui, &mut |_, _| Ok(()))
    });
    driven.unwrap_or_else(|fault| unrecorded(&fault, rung, ui)).at(rung)
}

/// Removes approved files in stages.
pub fn remove(
    part: &Part,
    (set, manner): (&FileSet, Manner),
    stages: &Stages,
    rung: Rung,
    command: &[OsString],
    scene: &Scene<'_>,
    ui: &mut Ui,
) -> Outcome {
    let Some(found) = part.found.as_ref() else {
        return Outcome::stopped(rung, exit::FAILURE, false, None);
    };
    let mut plan = planned(part, found, stages.batches(set.len()), rung, command, scene);
    plan.files = Some(set.len());
    let driven = begin(plan, scene, |path| files::freeze(set, path)).and_then(|(journal, lock)| {
        by_handles(found, (set, manner, None), (journal, lock), scene, ui, &mut |_, _| Ok(()))
    });
    driven.unwrap_or_else(|fault| unrecorded(&fault, rung, ui)).at(rung)
}

/// What a resumed rollout does before its first batch.
type Before<'b> = &'b mut dyn FnMut(&mut Journal, &mut dyn Outside) -> Result<(), record::Error>;

/// Drives a rollout by names from wherever its journal stands.
fn by_names(
    (part, found): (&Part, &Match),
    targets: Vec<Target>,
    (mut journal, lock): (Journal, Option<CallsLock>),
    scene: &Scene<'_>,
    ui: &mut Ui,
    before: Before<'_>,
) -> Result<Outcome, record::Error> {
    let health = Health::of(found, scene.policy);
    let mut shown = Shown::new(scene, ui);
    let watch = watch(&shown, scene, journal.path())?;
    let plan = &journal.progress().plan;
    let work = Work {
        items: items(&targets, found, scene.policy),
        shape: Shape {
            stages: plan.stages.clone(),
            per_call: per_call(found),
            bytes_per_call: MOST_BYTES,
            per_batch: scene.policy.most_in_batch().unwrap_or(MOST_TARGETS),
            parallel: plan.parallel,
        },
        kind: part.scope.as_ref().map_or("target", |scope| scope.kind.as_str()),
        terms: terms(plan, health.as_ref(), scene, &shown),
    };
    let keep = plan.floors.clone();
    let mut outside = Names::new((part, found), (targets, keep), health, lock, scene, watch);
    before(&mut journal, &mut outside)?;
    Ok(outcome(&work.drive(&mut journal, &mut outside, &mut shown)))
}

/// Drives a removal of files from wherever its journal stands.
fn by_handles(
    found: &Match,
    (set, manner, positions): (&FileSet, Manner, Option<Vec<u32>>),
    (mut journal, lock): (Journal, Option<CallsLock>),
    scene: &Scene<'_>,
    ui: &mut Ui,
    before: Before<'_>,
) -> Result<Outcome, record::Error> {
    let health = Health::of(found, scene.policy);
    let mut shown = Shown::new(scene, ui);
    let watch = watch(&shown, scene, journal.path())?;
    let plan = &journal.progress().plan;
    let work = Work {
        items: vec![Item::default(); plan.count()],
        shape: Shape {
            stages: plan.stages.clone(),
            per_call: files::PER_CALL,
            bytes_per_call: usize::MAX,
            per_batch: scene.policy.most_in_batch().unwrap_or(files::PER_BATCH),
            parallel: 1,
        },
        kind: "file",
        terms: terms(plan, health.as_ref(), scene, &shown),
    };
    let mut outside = Files::new((set, manner), positions, (found, health), lock, scene.world, watch);
    before(&mut journal, &mut outside)?;
    let ending = work.drive(&mut journal, &mut outside, &mut shown);
    if ending.end == End::Finished {
        files::forget(journal.path());
    }
    Ok(outcome(&ending))
}

fn watch(shown: &Shown<'_>, scene: &Scene<'_>, path: &Path) -> Result<Watch, record::Error> {
    Watch::new(shown.output(), scene.policy.call_timeout(), scene.world)
        .map_err(record::Error::io(path, "watched"))
}

fn terms(plan: &Plan, health: Option<&Health>, scene: &Scene<'_>, shown: &Shown<'_>) -> Terms {
    let terms = Terms {
        parallel: plan.parallel.max(1),
        pause: plan.pause.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default(),
        max_failures: scene.policy.max_failures(plan.count() as u64),
        ticks: shown.ticks(),
        ..Terms::default()
    };
    match health {
        Some(health) => health.terms(terms),
        None => terms,
    }
}

/// What is there to do, whatever its targets are.
struct Work<'a> {
    items: Vec<Item>,
    shape: Shape,
    kind: &'a str,
    terms: Terms,
}

impl Work<'_> {
    /// Tells the plan, runs the batches of what is left, tells the end.
    fn drive(self, journal: &mut Journal, outside: &mut dyn Outside, shown: &mut Shown<'_>) -> Ending {
        let progress = journal.progress();
        let batches = batches(&self.items, &|place| progress.fates[place] == Fate::Left, &self.shape);
        shown.tell(&Event::Planned {
            id: progress.plan.id.clone(),
            kind: self.kind.to_owned(),
            tally: run::tally(journal),
            stages: self.shape.stages,
            parallel: self.terms.parallel,
        });
        let ending = Runner::new(journal, outside, self.terms, &mut |event| shown.tell(event)).run(&batches);
        shown.ended(journal, outside, &ending);
        ending
    }
}

/// How guard ends after a rollout.
fn outcome(ending: &Ending) -> Outcome {
    let Tally { done, failed, in_doubt, .. } = ending.tally;
    let ran = done + failed + in_doubt > 0;
    let ended = match (ending.end, ending.worst) {
        (End::Finished, Some(Ended::Signal(signal))) => Ended::Code(128 + signal),
        (End::Finished, Some(worst)) => worst,
        (End::Finished, None) => Ended::Code(i32::from(failed > 0)),
        _ => Ended::Code(exit::STOPPED.into()),
    };
    Outcome { ran, ended, rung: Rung::Stage, tally: Some(ending.tally) }
}

fn unrecorded(fault: &record::Error, rung: Rung, ui: &mut Ui) -> Outcome {
    ui.complain(&format!("guard: the rollout can't be recorded, so nothing was run: {fault}"));
    Outcome::stopped(rung, exit::FAILURE, false, None)
}

/// What the arithmetic has to know of the targets.
fn items(targets: &[Target], found: &Match, policy: &Policy) -> Vec<Item> {
    let rules = policy.redundancy();
    let mut namespaces: HashMap<Option<&str>, u32> = HashMap::new();
    let mut groups: HashMap<(usize, Vec<u8>), u32> = HashMap::new();
    let mut item = |target: &'_ Target| {
        let name = target.name.as_encoded_bytes();
        let group = rules.iter().enumerate().find_map(|(at, rule)| Some((at, rule.group(name)?.to_vec())));
        let next = groups.len() as u32 + 1;
        let redundancy = group.map_or(0, |group| *groups.entry(group).or_insert(next));
        Item { together: 0, redundancy, bytes: name.len() as u32 }
    };
    let mut items: Vec<Item> = targets.iter().map(&mut item).collect();
    if found.action().by_namespace {
        for (item, target) in items.iter_mut().zip(targets) {
            let next = namespaces.len() as u32 + 1;
            item.together = *namespaces.entry(target.namespace.as_deref()).or_insert(next);
        }
    }
    items
}

impl Outcome {
    /// The same, for the rung that was satisfied.
    fn at(self, rung: Rung) -> Self {
        Self { rung, ..self }
    }
}
