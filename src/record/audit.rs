//! The audit log: every gated decision, on disk before it is acted on, and its outcome.
//!
//! Lines of JSON in a digest [`chain`]. A file that the operator may write is a memory
//! against slips, not a control over the operator; see docs on what the log is worth.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::BufReader;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chain::{self, Entry, Report, VERSION};
use super::mask::mask;
use super::{Error, Word, place};
use crate::judge::Rung;
use crate::scope::Certainty;
use crate::tool::{Effect, OptionName};
use crate::ui::escape;

/// Words of a command line that a record keeps, and bytes of them; the rest is counted.
const MAX_WORDS: usize = 2000;
const MAX_BYTES: usize = 64 << 10;

/// One record of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Record {
    /// What was decided, before it is acted on.
    Decision(Box<Decision>),
    /// How far a rollout had come when a batch of it ended.
    Batch(Batch),
    /// What came of it, for commands that guard stays beside.
    Outcome(Outcome),
}

/// A gated decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// Names this decision; its outcome refers to it.
    pub id: String,
    /// When, RFC 3339 with microseconds ([`stamp`]).
    pub time: String,
    /// Who.
    pub who: Who,
    /// Name of the machine that guard ran on.
    pub host: Word,
    /// Working directory.
    pub cwd: Word,
    /// The command line, secrets masked.
    pub argv: Argv,
    /// Name of the tool.
    pub tool: String,
    /// The action, where a tool file names one.
    pub action: Option<String>,
    /// What it does to its targets.
    pub effect: Option<Effect>,
    /// What the site calls the place.
    pub environment: Option<String>,
    /// Where it acts: what a person types back.
    pub context: String,
    /// Kind of the targets.
    pub kind: String,
    /// How far `count` can be trusted.
    #[schemars(with = "String")]
    pub certainty: Certainty,
    /// Number of targets.
    pub count: u64,
    /// Size of the fleet, where it was asked for.
    pub fleet: Option<u64>,
    /// What had to happen before the command may run.
    #[schemars(with = "String")]
    pub rung: Rung,
    /// Why, one sentence each.
    pub reasons: Vec<Reason>,
    /// How what runs is held to what was shown.
    pub freeze: String,
    /// True where the command may run.
    pub granted: bool,
    /// How the gate was satisfied, or why it was not.
    pub answered: Option<String>,
    /// Digest of the plan.
    pub plan: Option<String>,
    /// Version of guard.
    pub guard: String,
}

/// Who gave a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Who {
    /// Name at login.
    pub login: Option<String>,
    /// Real user id.
    pub uid: u32,
    /// Whom the command acts as, where wrappers change that.
    pub user: Option<String>,
    /// The terminal.
    pub tty: Option<Word>,
    /// Address that an ssh session comes from.
    pub remote: Option<String>,
}

impl Who {
    /// Returns the address of the other end from the value of `SSH_CONNECTION`.
    pub fn remote(ssh_connection: &OsStr) -> Option<String> {
        let first = ssh_connection.to_str()?.split(' ').next()?;
        let (address, _zone) = first.split_once('%').unwrap_or((first, ""));
        address.parse::<IpAddr>().ok().map(|address| address.to_string())
    }
}

/// Why a rung is called for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// Path of the rule in the policy.
    pub rule: String,
    /// One plain sentence with its numbers.
    pub text: String,
}

/// A batch of a rollout, at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Batch {
    /// The decision's `id`.
    pub id: String,
    /// When it ended, RFC 3339 with microseconds.
    pub time: String,
    /// Names the rollout.
    pub rollout: String,
    /// Its number in this run of the rollout, from 1.
    pub batch: u64,
    /// Targets of the whole rollout that are done by now.
    pub done: u64,
    /// Targets that failed.
    pub failed: u64,
    /// Targets whose outcome was lost.
    pub in_doubt: u64,
    /// Targets that were not touched.
    pub left: u64,
}

/// What came of a decision.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The decision's `id`.
    pub id: String,
    /// When it ended, RFC 3339 with microseconds.
    pub time: String,
    /// True where anything was run.
    pub ran: bool,
    /// Exit code.
    pub code: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<i32>,
    /// Targets that are done, where they were followed one by one.
    pub done: Option<u64>,
    /// Targets that failed.
    pub failed: Option<u64>,
    /// Targets whose outcome was lost.
    pub in_doubt: Option<u64>,
    /// Targets that were not touched.
    pub left: Option<u64>,
    /// How long it took.
    pub seconds: f64,
}

/// A command line that may be recorded: there is no other way to make one than through the mask.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Argv(Vec<Word>);

impl Argv {
    /// Masks secrets, those of the options in `named` included. Of very many words only the first
    /// are kept, and the number of the others as a last word.
    #[must_use]
    pub fn masked(argv: &[OsString], named: &[OptionName]) -> Self {
        let mut bytes = 0;
        let kept = argv.iter().take(MAX_WORDS).take_while(|word| {
            bytes += word.len();
            bytes <= MAX_BYTES
        });
        let kept = kept.count();
        let mut words = mask(&argv[..kept], named).words;
        match argv.len() - kept {
            0 => {}
            left => words.push(Word::from(&format!("… and {left} more words"))),
        }
        Self(words)
    }

    /// The words.
    pub fn words(&self) -> &[Word] {
        &self.0
    }
}

/// Returns a time as the log writes it.
pub fn stamp(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// Returns an id that no other decision has.
pub fn new_id(time: Timestamp) -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    // The standard library seeds its hash from the system's random numbers.
    let random = RandomState::new().build_hasher().finish();
    format!("{}-{:010x}", time.strftime("%Y%m%d-%H%M%S"), random >> 24)
}

/// Returns the log's path: the site's, or the one in the operator's state folder.
///
/// # Errors
/// [`Error::NoHome`] where there is neither.
pub fn path(
    site: Option<&Path>,
    xdg_state_home: Option<&OsStr>,
    home: Option<&OsStr>,
) -> Result<PathBuf, Error> {
    match site {
        Some(path) => Ok(path.to_owned()),
        None => Ok(place::state_folder(xdg_state_home, home)?.join("audit.jsonl")),
    }
}

/// An open log.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Opens the log at `path`; makes it where there is none.
    ///
    /// # Errors
    /// Where it cannot be opened or is not safe; nothing gated may run then.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { path: path.to_owned(), file: place::open(path)? })
    }

    /// Appends a record; it is on disk when this returns.
    ///
    /// # Errors
    /// Where it could not be written; nothing gated may run then.
    pub fn append(&mut self, record: &Record) -> Result<(), Error> {
        chain::append(&self.file, record).map_err(Error::io(&self.path, "written"))
    }
}

/// Follows the digest chain of the log at `path`.
///
/// # Errors
/// Only where the file cannot be read; what is wrong with it is in the report.
pub fn verify(path: &Path) -> Result<Report, Error> {
    let file = place::open_to_read(path)?;
    chain::verify(BufReader::new(file)).map_err(Error::io(path, "read"))
}

/// Which decisions to read. The default is all of them, and outcomes whose decision is not there.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Of this tool.
    pub tool: Option<String>,
    /// On this rung.
    pub rung: Option<Rung>,
}

impl Filter {
    fn passes_all(&self) -> bool {
        self.since.is_none() && self.tool.is_none() && self.rung.is_none()
    }

    fn passes(&self, decision: &Decision) -> bool {
        let late = |since: Timestamp| decision.time.parse::<Timestamp>().is_ok_and(|time| time >= since);
        self.since.is_none_or(late)
            && self.tool.as_ref().is_none_or(|tool| *tool == decision.tool)
            && self.rung.is_none_or(|rung| rung == decision.rung)
    }
}

/// Reads the decisions that pass `filter`, and their outcomes, in the order of the file.
///
/// A line that is not a record comes as `Err` with its number; [`verify`] says what is wrong with it.
///
/// # Errors
/// Where the file cannot be opened.
pub fn read(
    path: &Path,
    filter: Filter,
) -> Result<impl Iterator<Item = Result<Entry<Record>, Error>>, Error> {
    let file = place::open_to_read(path)?;
    let path = path.to_owned();
    let mut passed = HashSet::new();
    Ok(chain::lines(BufReader::new(file)).filter_map(move |line| {
        let line = match line {
            Ok(line) => line,
            Err(error) => return Some(Err(Error::io(&path, "read")(error))),
        };
        let entry: Entry<Record> = match serde_json::from_slice(&line.bytes) {
            Ok(entry) => entry,
            Err(error) => return Some(Err(damaged(&path, line.number, error.to_string()))),
        };
        if entry.audit != VERSION {
            return Some(Err(damaged(&path, line.number, format!("version {} is not known", entry.audit))));
        }
        let wanted = match &entry.record {
            Record::Decision(decision) => {
                let wanted = filter.passes(decision);
                if wanted {
                    passed.insert(decision.id.clone());
                }
                wanted
            }
            Record::Batch(batch) => passed.contains(&batch.id) || filter.passes_all(),
            Record::Outcome(outcome) => passed.remove(&outcome.id) || filter.passes_all(),
        };
        wanted.then_some(Ok(entry))
    }))
}

fn damaged(path: &Path, line: u64, why: String) -> Error {
    Error::Damaged { path: escape(path).into_owned(), line, why }
}
