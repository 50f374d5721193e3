//! The lines of a journal, and how far a rollout has come when they are read one after another.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::audit::Who;
use crate::record::mask::Masked;
use crate::record::{Error, Word};
use crate::scope::Target;
use crate::ui::escape;

/// Version of the lines.
pub const VERSION: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Record {
    /// What will be done; the first line.
    Plan(Box<Plan>),
    /// Calls for these targets (places in the plan) are about to start.
    Started {
        /// The batch, from 0.
        batch: u64,
        /// Places in the plan's list of targets.
        targets: Vec<usize>,
    },
    /// What came of one target.
    Ended {
        /// Place in the plan's list of targets.
        target: usize,
        /// What came of it; `left` where asking the tool showed that it was not hit.
        fate: Fate,
        /// What the tool said, shortened.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// The frozen targets, in the order in which they are hit.
    pub targets: Vec<Frozen>,
    /// Sizes of the stages.
    pub stages: Vec<u64>,
    /// Digest of the policy that it was judged by.
    pub policy: String,
}

impl Plan {
    /// Puts a masked command line into the plan.
    #[must_use]
    pub fn with_argv(self, argv: Masked) -> Self {
        Self { argv: argv.words, masked: argv.changed, ..self }
    }
}

/// A target with its full key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
}

impl From<&Target> for Frozen {
    fn from(target: &Target) -> Self {
        let Target { kind, name, namespace, uid, .. } = target.clone();
        Self { kind, name: Word(name), namespace, uid }
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
}

impl Progress {
    pub(super) fn new(plan: Plan) -> Self {
        let fates = vec![Fate::Left; plan.targets.len()];
        Self { plan, fates, state: State::Running, batches: 0 }
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
        let started = |place: &&usize| self.fates.get(**place).is_none_or(|fate| *fate == Fate::Done);
        let ended = |place: &&usize| self.fates.get(**place).is_none_or(|fate| *fate == Fate::Left);
        let wrong = match record {
            Record::Plan(_) => Some(&0),
            Record::Started { targets, .. } => targets.iter().find(started),
            Record::Ended { target, .. } => Some(target).filter(ended),
            Record::State { .. } => None,
        };
        wrong.map_or(Ok(()), |place| Err(Error::OutOfPlace(*place)))
    }

    /// Takes in a record that was checked.
    pub(super) fn take(&mut self, record: &Record) {
        match record {
            Record::Plan(_) => {}
            Record::Started { batch, targets } => {
                targets.iter().for_each(|place| self.fates[*place] = Fate::InDoubt);
                self.batches = self.batches.max(batch.saturating_add(1));
            }
            Record::Ended { target, fate, .. } => self.fates[*target] = *fate,
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
