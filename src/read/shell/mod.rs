//! Shell text → the commands it may run, in order.
//!
//! Two steps. `script` reads the text in one pass that never goes back, so its time is linear and
//! its depth bounded whatever the text is. [`commands`] then follows the text as the shell would:
//! lists, branches and functions, assignments, loops over words that are known. It runs nothing;
//! what the shell knows (variables, folders, names of files) is asked of the [`Known`] that the
//! caller brings. What can't be followed makes a word, a number of repeats or the whole text unknown,
//! never small.

mod braces;
mod builtins;
mod fields;
mod reader;
mod script;
mod state;
mod walk;
mod words;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub use fields::shown;
pub use reader::script;
pub use script::{Bit, Bits, Script};
pub use walk::commands;

/// Why a text can't be read; follows "the shell text".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the shell text {0}, which can't be followed")]
pub struct Unread(pub &'static str);

/// What the shell that reads a text knows.
pub trait Known {
    /// A variable's value, `None` where it is not set, or why it is not known.
    fn variable(&self, name: &str) -> Result<Option<OsString>, String>;

    /// The home folder, where it is known; without it, `~` stays as written.
    fn home(&self) -> Option<PathBuf>;

    /// The working folder after a way of `cd`; `None` where the start is not known.
    fn folder(&self, way: &Path) -> Option<PathBuf>;

    /// The names that a pattern stands for in a folder, or why they are not known; none where it
    /// matches nothing and stays as written. Bytes that are no pattern are escaped.
    fn matches(&self, pattern: &[u8], way: &Path) -> Result<Vec<OsString>, String>;

    /// The one word that a command prints, where that can be told without running it.
    fn printed(&self, _argv: &[OsString], _way: &Path) -> Option<OsString> {
        None
    }
}

/// A word as the shell would hand it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// These bytes.
    Known(OsString),
    /// Nobody can say.
    Unknown {
        /// The word as written.
        text: OsString,
        /// What is not known, a sentence.
        why: String,
    },
}

/// What a command reads from its standard input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Input {
    /// What the text itself was given.
    #[default]
    Same,
    /// What a pipe brings.
    Pipe,
    /// A file.
    File,
    /// A here-document or here-string; the word is unknown where its text is.
    Text(Rc<Word>),
}

/// Where a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// This way from the start; empty for the start itself.
    Way(PathBuf),
    /// Nobody can say.
    Unknown(String),
}

/// A command that the text may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Assignments in front, as `NAME=value`, then its words. None where it only redirects.
    pub words: Vec<Word>,
    /// How many of `words` are assignments.
    pub assignments: usize,
    /// Variables that the text put into its environment.
    pub exported: Vec<(String, Word)>,
    /// Files that are emptied before it runs.
    pub empties: Vec<Word>,
    /// Words of it that stand for what one command prints, each with the words of that command.
    pub printed: Vec<(OsString, Vec<OsString>)>,
    /// The words of the command whose output it reads, where that is one plain command.
    pub feeder: Option<Vec<OsString>>,
    /// True where what it prints is run as shell text.
    pub unread: bool,
    /// True where it, or what stands around it, prints into a file of some name.
    pub writes: bool,
    /// What it reads.
    pub input: Input,
    /// Where it runs.
    pub folder: Folder,
    /// Why nobody can say how often it runs.
    pub repeats: Option<&'static str>,
}

/// What a text comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commands {
    /// The commands in the order they may run.
    pub list: Vec<Command>,
    /// True where the text is one plain command and nothing else: what it hits can be held by
    /// running that command with other words.
    pub alone: bool,
    /// True where the text says anything at all.
    pub some: bool,
}

#[cfg(test)]
mod tests;
