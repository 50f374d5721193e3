//! Rollouts: staged runs that are journaled, looked at before each batch and checked after it.
//!
//! [`plan`] is arithmetic, [`mod@run`] the order of effects, [`outside`] what it does to the world;
//! `real` and `files` do it for targets that are named and for files. Here they are put together.

mod files;
mod health;
pub mod outside;
pub mod plan;
mod real;
mod resume;
pub mod run;
mod show;

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::exit;
use crate::judge::{Part, Rung, Stages};
use crate::policy::{Origin, Policy};
use crate::read::Match;
use crate::record::journal::{CallsLock, Fate, Frozen, Journal, Plan, VERSION, path};
use crate::record::mask::mask;
use crate::record::{self, Who, Word, new_id, stamp};
use crate::scope::{MOST_BYTES, MOST_TARGETS, Target, per_call};
use crate::ui::Ui;
use crate::ui::rollout::{End, Event, Tally};
use crate::world::child::Ended;
use crate::world::{FileSet, World};

use super::carry::Scene;
use super::outcome::Outcome;
use super::remove::Manner;

use files::Files;
use health::Health;
use outside::Outside;
use plan::{Batch, Item, Shape, batches};
use real::{Names, Watch};
use run::{Ending, Runner};
use show::Shown;

pub use resume::{Resume, go_on, unmasked};
pub use run::{Pause, Terms};

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
    let begun = begin(plan, scene, |_| Ok(()));
    let (journal, lock) = match begun {
        Ok(begun) => begun,
        Err(fault) => return unrecorded(&fault, rung, ui),
    };
    let driven = by_names(part, found, (scope.targets.clone(), journal, lock), scene, ui, &mut |_, _| Ok(()));
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
    let (journal, lock) = match begin(plan, scene, |path| files::freeze(set, path)) {
        Ok(begun) => begun,
        Err(fault) => return unrecorded(&fault, rung, ui),
    };
    let driven = by_handles(found, (set, manner, None), (journal, lock), scene, ui, &mut |_, _| Ok(()));
    driven.unwrap_or_else(|fault| unrecorded(&fault, rung, ui)).at(rung)
}

/// What a resumed rollout does before its first batch.
type Before<'b> = &'b mut dyn FnMut(&mut Journal, &mut dyn Outside) -> Result<(), record::Error>;

/// Drives a rollout by names from wherever its journal stands.
fn by_names(
    part: &Part,
    found: &Match,
    (targets, mut journal, lock): (Vec<Target>, Journal, Option<CallsLock>),
    scene: &Scene<'_>,
    ui: &mut Ui,
    before: Before<'_>,
) -> Result<Outcome, record::Error> {
    let items = items(&targets, found, scene.policy);
    let health = Health::of(found, scene.policy);
    let keep = journal.progress().plan.floors.clone();
    let mut shown = Shown::new(scene, ui);
    let watch = watch(&shown, scene, journal.path())?;
    let mut outside = Names::new((part, found), targets, keep, lock, scene, watch);
    before(&mut journal, &mut outside)?;
    let plan = &journal.progress().plan;
    let most = scene.policy.most_in_batch().unwrap_or(MOST_TARGETS);
    let shape = Shape {
        stages: plan.stages.clone(),
        per_call: per_call(found),
        bytes_per_call: MOST_BYTES,
        per_batch: most,
        parallel: plan.parallel,
    };
    let batches = left(&items, &journal, &shape);
    let terms = terms(&journal, health.as_ref(), scene);
    let ending = drive(&mut journal, &mut outside, &batches, terms, part, &mut shown);
    Ok(outcome(&ending))
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
    let mut outside = Files::new((set, manner), positions, (found, health.clone()), lock, scene.world, watch);
    before(&mut journal, &mut outside)?;
    let plan = &journal.progress().plan;
    let shape = Shape {
        stages: plan.stages.clone(),
        per_call: files::PER_CALL,
        bytes_per_call: usize::MAX,
        per_batch: scene.policy.most_in_batch().unwrap_or(files::PER_BATCH),
        parallel: 1,
    };
    let items = vec![Item::default(); plan.count()];
    let batches = left(&items, &journal, &shape);
    let terms = terms(&journal, health.as_ref(), scene);
    let kind = "file";
    let ending = drive_kind(&mut journal, &mut outside, &batches, terms, kind, &mut shown);
    if ending.end == End::Finished {
        files::forget(journal.path());
    }
    Ok(outcome(&ending))
}

fn watch(shown: &Shown<'_>, scene: &Scene<'_>, path: &Path) -> Result<Watch, record::Error> {
    Watch::new(shown.output(), scene.policy.call_timeout(), scene.world)
        .map_err(record::Error::io(path, "watched"))
}

fn left(items: &[Item], journal: &Journal, shape: &Shape) -> Vec<Batch> {
    let fates = &journal.progress().fates;
    batches(items, &|place| fates[place] == Fate::Left, shape)
}

fn terms(journal: &Journal, health: Option<&Health>, scene: &Scene<'_>) -> Terms {
    let plan = &journal.progress().plan;
    let terms = Terms {
        parallel: plan.parallel.max(1),
        pause: plan.pause.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default(),
        max_failures: scene.policy.max_failures(plan.count() as u64),
        ..Terms::default()
    };
    match health {
        Some(health) => health.terms(terms),
        None => terms,
    }
}

fn drive(
    journal: &mut Journal,
    outside: &mut dyn Outside,
    batches: &[Batch],
    terms: Terms,
    part: &Part,
    shown: &mut Shown<'_>,
) -> Ending {
    let kind = part.scope.as_ref().map_or("target", |scope| scope.kind.as_str());
    drive_kind(journal, outside, batches, terms, kind, shown)
}

/// Tells the plan, runs the batches, tells the end.
fn drive_kind(
    journal: &mut Journal,
    outside: &mut dyn Outside,
    batches: &[Batch],
    terms: Terms,
    kind: &str,
    shown: &mut Shown<'_>,
) -> Ending {
    let plan = &journal.progress().plan;
    shown.tell(&Event::Planned {
        id: plan.id.clone(),
        kind: kind.to_owned(),
        tally: run::tally(journal),
        stages: plan.stages.clone(),
        parallel: terms.parallel,
    });
    let ending = Runner::new(journal, outside, terms, &mut |event| shown.tell(event)).run(batches);
    shown.ended(journal, outside, &ending);
    ending
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

/// Puts the plan on disk, and what belongs to it before.
fn begin(
    plan: Plan,
    scene: &Scene<'_>,
    beside: impl FnOnce(&Path) -> Result<(), record::Error>,
) -> Result<(Journal, Option<CallsLock>), record::Error> {
    let path = journal_path(scene.world, &plan.id)?;
    beside(&path)?;
    let journal = Journal::create(&path, plan)?;
    let lock = CallsLock::take(&path)?;
    Ok((journal, lock))
}

/// Where the journal of a rollout lies.
pub fn journal_path(world: &dyn World, id: &str) -> Result<PathBuf, record::Error> {
    let home = world.session().home.as_deref().map(Path::as_os_str);
    Ok(path(&record::state_folder(world.variable("XDG_STATE_HOME").as_deref(), home)?, id))
}

/// The plan of a new rollout, its targets left out.
fn planned(
    part: &Part,
    found: &Match,
    stages: Vec<u64>,
    rung: Rung,
    command: &[OsString],
    scene: &Scene<'_>,
) -> Plan {
    let session = scene.world.session();
    let now = Timestamp::now();
    let fleets = part.scope.iter().flat_map(|scope| &scope.fleets);
    let mut floors: BTreeMap<String, u64> = BTreeMap::new();
    for fleet in fleets.filter(|fleet| fleet.keep.is_some()) {
        floors.insert(fleet.role.clone(), fleet.keep.unwrap_or(0));
    }
    Plan {
        journal: VERSION,
        id: new_id(now),
        time: stamp(now),
        who: Who {
            login: Some(session.user.clone()),
            uid: nix::unistd::getuid().as_raw(),
            remote: scene.world.variable("SSH_CONNECTION").and_then(|text| Who::remote(&text)),
            ..Who::default()
        },
        cwd: Word(session.cwd.clone().into_os_string()),
        action: found.name(),
        context: part.place.name.clone(),
        stages,
        policy: digest(scene.policy),
        rung: Some(rung),
        floors,
        parallel: scene.wish.parallel,
        pause: Some(scene.wish.pause.to_string()).filter(|text| !text.is_empty()),
        ..Plan::default()
    }
    .with_argv(mask(command, &found.file.tool.secret))
}

/// A digest over the layers of policy.
pub fn digest(policy: &Policy) -> String {
    let mut hash = Sha256::new();
    for layer in &policy.layers {
        if let Origin::File(path) = &layer.origin {
            hash.update(path.as_os_str().as_encoded_bytes());
        }
        hash.update([0]);
        hash.update(&layer.text);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
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

/// Reads `30s`, `ask`.
impl std::str::FromStr for Pause {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ask" => Ok(Self::Ask),
            "" => Ok(Self::None),
            text => {
                let span = crate::tool::Span::try_from(text.to_owned()).map_err(|fault| fault.to_string())?;
                Ok(Self::For(span.0))
            }
        }
    }
}

impl std::fmt::Display for Pause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Ask => f.write_str("ask"),
            Self::For(span) => write!(f, "{}ms", span.as_millis()),
        }
    }
}
