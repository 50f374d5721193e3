//! The lines of a journal, and how far a rollout has come when they are read one after another.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::judge::Rung;
use crate::record::audit::Who;
use crate::record::mask::Masked;
use crate::record::{Error, Word};
use crate::scope::Target;
use crate::ui::escape;

use super::Places;

/// Version of the lines.
pub const VERSION: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Record {
    /// What will be done; the first line.
    Plan(Box<Plan>),
    /// A process begins to drive the rollout, or goes on with it.
    Driven {
        /// When, RFC 3339 with microseconds.
        time: String,
        /// Names this start of the machine: what was written since then was not lost with a page cache.
        boot: String,
        /// The process.
        pid: u32,
    },
    /// Calls for these targets (places in the plan) are about to start.
    Started {
        /// The batch, from 0.
        batch: u64,
        /// Places in the plan's list of targets.
        targets: Places,
    },
    /// One call starts now. Not brought to disk by itself: it tells apart what a killed guard had
    /// begun only as long as the machine ran on.
    Called {
        /// Places in the plan's list of targets.
        targets: Places,
    },
    /// What came of some targets.
    Ended {
        /// Places in the plan's list of targets.
        targets: Places,
        /// What came of them; `left` where asking the tool showed that they were not hit.
        fate: Fate,
        /// What the tool said, shortened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// The rollout as a whole changed.
    State {
        /// When, RFC 3339 with microseconds.
        time: String,
        /// What it is now.
        state: State,
        /// Why.
        reason: Option<String>,
    },
}

/// What a rollout will do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Version of the lines, 1.
    pub journal: u32,
    /// Names the rollout.
    pub id: String,
    /// When it was made, RFC 3339 with microseconds.
    pub time: String,
    /// Who.
    pub who: Who,
    /// Working directory.
    pub cwd: Word,
    /// The command line, secrets masked.
    pub argv: Vec<Word>,
    /// Which words were masked: whoever resumes has to give them again.
    pub masked: Vec<usize>,
    /// The action.
    pub action: String,
    /// Where it acts: what a person types back.
    pub context: String,
    /// The frozen targets, in the order in which they are hit; empty for files.
    pub targets: Vec<Frozen>,
    /// How many files are frozen; what they are stands in a file beside the journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Sizes of the stages.
    pub stages: Vec<u64>,
    /// Digest of the policy that it was judged by.
    pub policy: String,
    /// The rung that was satisfied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub rung: Option<Rung>,
    /// How many members of each role must stay, as it was when the rollout began: a share of a
    /// fleet that shrinks meanwhile would let go more and more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub floors: BTreeMap<String, u64>,
    /// How many calls run at once.
    #[serde(default)]
    pub parallel: usize,
    /// How long it rests between stages, as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<String>,
}

impl Plan {
    /// Puts a masked command line into the plan.
    #[must_use]
    pub fn with_argv(self, argv: Masked) -> Self {
        Self { argv: argv.words, masked: argv.changed, ..self }
    }

    /// How many targets it has.
    pub fn count(&self) -> usize {
        self.files.map_or(self.targets.len(), |files| usize::try_from(files).unwrap_or(usize::MAX))
    }
}

/// A target with its full key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Frozen {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: Word,
    /// Namespace, zone or database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What tells it from a later one of the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The interface its kind belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Its role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How much of it is hit, where that is not 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u64>,
}

impl From<&Target> for Frozen {
    fn from(target: &Target) -> Self {
        let Target { kind, name, api, namespace, uid, group, weight, .. } = target.clone();
        let weight = Some(weight).filter(|weight| *weight != 1);
        Self { kind, name: Word(name), namespace, uid, api, group, weight }
    }
}

impl From<&Frozen> for Target {
    fn from(frozen: &Frozen) -> Self {
        let Frozen { kind, name, namespace, uid, api, group, weight } = frozen.clone();
        let weight = weight.unwrap_or(1);
        Self { kind, name: name.0, namespace, uid, api, group, weight, ..Self::default() }
    }
}

/// What has become of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Not touched.
    Left,
    /// Started, and nothing is known of what came of it; or it is running now.
    InDoubt,
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Gone, or another one under its name, before its turn: not acted on, and nothing is left to do.
    Gone,
}

/// What has become of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Stages are being worked on; or were, when nobody holds the journal.
    Running,
    /// Waits for somebody to resume it (the terminal was lost).
    Parked,
    /// Stopped before its end by a failure, a check or a person.
    Stopped,
    /// Nothing is left.
    Finished,
    /// Given up: nobody may go on with it.
    Aborted,
}

/// How far a rollout has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The plan.
    pub plan: Plan,
    /// What has become of each target of the plan.
    pub fates: Vec<Fate>,
    /// What has become of the rollout.
    pub state: State,
    /// Calls of this many batches were started.
    pub batches: u64,
    /// Whether a call for the target was about to start since it was last started.
    called: Vec<bool>,
    /// The start of the machine in which it was driven last, and how many drove it.
    boot: Option<String>,
}

impl Progress {
    pub(super) fn new(plan: Plan) -> Self {
        let fates = vec![Fate::Left; plan.count()];
        let called = vec![false; fates.len()];
        Self { plan, fates, state: State::Running, batches: 0, called, boot: None }
    }

    /// How many targets have one fate.
    pub fn count(&self, fate: Fate) -> u64 {
        self.fates.iter().filter(|own| **own == fate).count() as u64
    }

    /// Targets of batches that were started whose own call never was: as long as the machine
    /// has not been started anew since, a missing line means that there was none.
    pub fn never_called(&self, boot: &str) -> Vec<usize> {
        if boot.is_empty() || self.boot.as_deref() != Some(boot) {
            return Vec::new();
        }
        let never = |place: &usize| self.fates[*place] == Fate::InDoubt && !self.called[*place];
        (0..self.fates.len()).filter(never).collect()
    }

    /// Places in the plan of the targets of one fate.
    pub fn places(&self, fate: Fate) -> Vec<usize> {
        (0..self.fates.len()).filter(|place| self.fates[*place] == fate).collect()
    }

    /// The targets of one fate.
    pub fn targets(&self, fate: Fate) -> impl Iterator<Item = &Frozen> {
        self.plan.targets.iter().zip(&self.fates).filter(move |(_, f)| **f == fate).map(|(target, _)| target)
    }

    /// Checks that a record may follow.
    pub(super) fn check(&self, record: &Record) -> Result<(), Error> {
        let at = |place: &usize| self.fates.get(*place);
        let started = |place: &usize| at(place).is_none_or(|f| matches!(f, Fate::Done | Fate::Gone));
        let called = |place: &usize| at(place) != Some(&Fate::InDoubt);
        let ended = |place: &usize| at(place).is_none_or(|fate| *fate == Fate::Left);
        let left = |place: &usize| at(place) != Some(&Fate::Left);
        let wrong = match record {
            Record::Plan(_) => Some(&0),
            Record::Started { targets, .. } => targets.0.iter().find(|place| started(place)),
            Record::Called { targets } => targets.0.iter().find(|place| called(place)),
            // What is gone before its turn was never started.
            Record::Ended { targets, fate: Fate::Gone, .. } => {
                targets.0.iter().find(|place| left(place) && ended(place))
            }
            Record::Ended { targets, .. } => targets.0.iter().find(|place| ended(place)),
            Record::State { .. } | Record::Driven { .. } => None,
        };
        wrong.map_or(Ok(()), |place| Err(Error::OutOfPlace(*place)))
    }

    /// Takes in a record that was checked.
    pub(super) fn take(&mut self, record: &Record) {
        match record {
            Record::Plan(_) => {}
            Record::Driven { boot, .. } => {
                self.state = State::Running;
                self.boot = Some(boot.clone());
            }
            Record::Started { batch, targets } => {
                for place in &targets.0 {
                    self.fates[*place] = Fate::InDoubt;
                    self.called[*place] = false;
                }
                self.batches = self.batches.max(batch.saturating_add(1));
            }
            Record::Called { targets } => targets.0.iter().for_each(|place| self.called[*place] = true),
            Record::Ended { targets, fate, .. } => {
                targets.0.iter().for_each(|place| self.fates[*place] = *fate);
            }
            Record::State { state, .. } => self.state = *state,
        }
    }
}

/// Returns the progress and the length of the whole lines. What follows the last line end was
/// never acted on: a call starts only when its line is on disk to the end.
pub(super) fn replay(path: &Path, text: &[u8]) -> Result<(Option<Progress>, u64), Error> {
    let mut progress: Option<Progress> = None;
    let mut length = 0;
    for (number, line) in (1..).zip(text.split_inclusive(|byte| *byte == b'\n')) {
        if !line.ends_with(b"\n") {
            break;
        }
        length += line.len() as u64;
        let record =
            serde_json::from_slice(line).map_err(|error| damaged(path, number, &error.to_string()))?;
        match (&mut progress, record) {
            (None, Record::Plan(plan)) if plan.journal == VERSION => progress = Some(Progress::new(*plan)),
            (None, _) => return Err(damaged(path, number, "a plan that this guard knows comes first")),
            (Some(progress), record) => {
                progress.check(&record).map_err(|error| damaged(path, number, &error.to_string()))?;
                progress.take(&record);
            }
        }
    }
    Ok((progress, length))
}

pub(super) fn damaged(path: &Path, line: u64, why: &str) -> Error {
    Error::Damaged { path: escape(path).into_owned(), line, why: why.to_owned() }
}
