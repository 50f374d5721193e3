//! What stands around a command and is not in its words: what it reads, and what nobody knows of it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::rc::Rc;

use crate::read::shell::Input;
use crate::read::{Match, Wrapper};
use crate::tool::{PlaceFrom, Source};

use super::hosts::Hosts;

/// What is not known of a command that stands in another or in a text.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Words that stand for something that is not known, and what.
    pub unknown: Rc<Vec<(OsString, String)>>,
    /// Why it hits what its words do not say (it repeats).
    pub open: Option<String>,
    /// Why the folder it runs in is not known.
    pub lost: Option<String>,
    /// What it reads.
    pub input: Input,
    /// How many aliases led to it.
    pub aliases: usize,
    /// The words of the command whose output it reads.
    pub feeder: Option<Rc<Vec<OsString>>>,
    /// On another host: the way from where a login begins to the folder it runs in.
    pub way: PathBuf,
    /// True where what it prints is written into a file.
    pub writes: bool,
    /// The hosts it runs on, where another command carries it to them.
    pub hosts: Option<Rc<Hosts>>,
}

impl Around {
    /// Tells whether a word may stand for any other.
    pub fn is_unknown(&self, word: &OsStr) -> bool {
        self.unknown.iter().any(|(unknown, _)| unknown == word)
    }

    /// Why a program's name is not known.
    pub fn program(&self, program: &OsStr) -> Option<&str> {
        self.unknown.iter().find(|(unknown, _)| unknown == program).map(|(_, why)| why.as_str())
    }

    /// Why any word of a command is not known.
    pub fn any(&self, found: &Match) -> Option<String> {
        self.unknown.first().map(|(_, why)| why.clone()).or_else(|| self.why(found))
    }

    /// Why the words of a command do not tell what it hits.
    pub fn why(&self, found: &Match) -> Option<String> {
        let invocation = &found.invocation;
        if found.replaces() {
            // As with `>`: what nobody knows the name of is still only one small file.
            return self.open.clone();
        }
        // Files are named by their words alone: a mode or an owner that is not known adds none.
        let action = found.action();
        let aside =
            action.targets.source == Source::Files && action.list.is_none() && !invocation.elsewhere();
        let named = found.named();
        let mut unknown = self.unknown.iter().filter(|(word, _)| !aside || named.contains(&word.as_os_str()));
        if let Some((_, why)) = unknown.next() {
            return Some(why.clone());
        }
        let adds = |wrapper: &Wrapper| {
            wrapper.adds.then(|| format!("{} adds words that it reads from its input", wrapper.tool))
        };
        let away = || {
            let way = Some(&self.way).filter(|way| !way.as_os_str().is_empty())?;
            Some(format!("it runs in {} over there", crate::ui::escape(way)))
        };
        let lost = minds_folder(found).then(|| self.lost.clone().or_else(away)).flatten();
        self.open.clone().or(lost).or_else(|| invocation.wrappers.iter().find_map(adds))
    }

    /// The same for a command inside, of which this is not known either.
    #[must_use]
    pub fn and(&self, unknown: Vec<(OsString, String)>, open: Option<String>, lost: Option<String>) -> Self {
        let unknown = if unknown.is_empty() {
            Rc::clone(&self.unknown)
        } else {
            Rc::new(self.unknown.iter().cloned().chain(unknown).collect())
        };
        let (open, lost) = (self.open.clone().or(open), self.lost.clone().or(lost));
        Self { unknown, open, lost, ..self.clone() }
    }
}

/// Tells whether the folder that a command runs in says what it hits.
fn minds_folder(found: &Match) -> bool {
    let relative = |word: &&OsStr| !word.as_bytes().starts_with(b"/");
    match found.action().targets.source {
        Source::Files => found.named().iter().any(relative) || found.action().list.is_some(),
        _ => found.tool().place.iter().any(|part| part.from == PlaceFrom::Folder),
    }
}
