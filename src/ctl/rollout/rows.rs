//! Rollouts in a list: read from their journals, newest first.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::exit;
use crate::record::journal::{self, Fate, Progress, State};
use crate::ui::escape::shorten;
use crate::ui::{Ui, escape};

use super::super::Failure;

/// A rollout in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Names it.
    pub id: String,
    /// Its command line, secrets masked.
    pub argv: Vec<String>,
    /// What has become of it.
    pub state: &'static str,
    /// Targets of which nothing is left to do.
    pub done: u64,
    /// Targets that failed.
    pub failed: u64,
    /// Targets that were started, and nobody knows more.
    pub in_doubt: u64,
    /// Targets that were not touched.
    pub left: u64,
}

/// Every rollout, newest first; what can't be read is complained of.
pub fn all(folder: &Path, ui: &mut Ui) -> Result<(Vec<(PathBuf, Progress)>, u8), Failure> {
    let mut paths: Vec<PathBuf> = match fs::read_dir(folder.join("rollouts")) {
        Ok(entries) => entries.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?,
        Err(fault) if fault.kind() == ErrorKind::NotFound => Vec::new(),
        Err(fault) => return Err(fault.into()),
    };
    paths.retain(|path| path.extension() == Some(OsStr::new("jsonl")));
    let mut code = 0;
    let mut read = Vec::new();
    for path in paths {
        match journal::read(&path) {
            Ok(Some(progress)) => read.push((path, progress)),
            // Its plan was never wholly written, so nothing was started.
            Ok(None) => {}
            Err(fault) => {
                code = exit::FOUND;
                ui.complain(&format!("guardctl: {fault}"));
            }
        }
    }
    read.sort_by(|(_, a), (_, b)| (&b.plan.time, &b.plan.id).cmp(&(&a.plan.time, &a.plan.id)));
    Ok((read, code))
}

/// What a journal says, in a row.
pub fn row(path: &Path, progress: &Progress) -> Row {
    let number = |fate| progress.count(fate);
    Row {
        id: escape(&progress.plan.id).into_owned(),
        argv: progress.plan.argv.iter().map(|word| escape(&word.0).into_owned()).collect(),
        state: state(path, progress),
        done: number(Fate::Done) + number(Fate::Gone),
        failed: number(Fate::Failed),
        in_doubt: number(Fate::InDoubt),
        left: number(Fate::Left),
    }
}

/// What has become of a rollout, in a word.
pub fn state(path: &Path, progress: &Progress) -> &'static str {
    match progress.state {
        State::Running if journal::is_driven(path).unwrap_or(true) => "running",
        // Whoever drove it is gone, and said nothing.
        State::Running | State::Parked => "parked",
        State::Stopped => "stopped",
        State::Finished => "finished",
        State::Aborted => "aborted",
    }
}

/// The row as a person reads it.
pub fn line(row: &Row) -> String {
    let Row { id, argv, state, done, failed, in_doubt, left } = row;
    let numbers = format!("{done} done, {failed} failed, {in_doubt} in doubt, {left} left");
    format!("{id} {state:8} {numbers}: {}", shorten(&argv.join(" "), 40))
}
