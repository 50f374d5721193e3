//! What xargs and GNU parallel make of their input: items, and the commands that they are put into.
//!
//! Pure. What stands here is xargs; `jobs` is parallel. The rules are those of GNU xargs, found by running it; `tests/xargs.rs` holds them to the
//! real one. Where they can't be followed, the sentence says why, and what runs is unknown.

mod cut;
mod jobs;
mod template;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::invocation::{Given, Invocation};
use cut::{delimiter, number};
pub use jobs::{Jobs, Origin};

/// More items than this are not followed.
const MOST_ITEMS: usize = 400_000;

/// More commands than this are not followed.
const MOST_COMMANDS: usize = 10_000;

/// Items of fewer bytes than this always fit into one command; xargs has room for 128 KiB.
const ONE_COMMAND: usize = 100_000;

/// Where the input is cut into items.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cut {
    /// At blanks and line ends, by quotes and backslashes, up to an item that ends the input.
    Blanks { end: Option<Vec<u8>> },
    /// At every such byte.
    At(u8),
}

/// How items become commands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Put {
    /// As many as fit follow the words.
    All,
    /// So many follow the words.
    Each(usize),
    /// Those of so many lines follow the words.
    Lines(usize),
    /// Each takes the place of a mark in the words.
    For(Vec<u8>),
}

/// How an xargs reads and what it does with its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The file it reads; its standard input where there is none.
    pub file: Option<OsString>,
    cut: Cut,
    put: Put,
    /// True where the command runs once without items.
    empty: bool,
    /// True where another limit than the usual one says how many items a command gets.
    limited: bool,
}

/// What an input comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items {
    /// The items.
    pub words: Vec<OsString>,
    /// After how many items a line ends that ends a command, where lines count.
    ends: Vec<usize>,
}

impl Feed {
    /// Reads the options of an xargs.
    ///
    /// # Errors
    /// Where they are of another xargs, or contradict each other.
    pub fn of(xargs: &Invocation) -> Result<Self, String> {
        let mut feed =
            Self { file: None, cut: Cut::Blanks { end: None }, put: Put::All, empty: true, limited: false };
        if let Some(unlisted) = xargs.unlisted.first() {
            return Err(format!("guard's tool file does not list its option {unlisted}"));
        }
        for given in xargs.options() {
            feed.take(given)?;
        }
        Ok(feed)
    }

    fn take(&mut self, given: &Given) -> Result<(), String> {
        let value = given.values.last().map(|value| value.as_bytes());
        let is = |name: &str| given.name.has(name);
        if is("-a") {
            self.file = value.filter(|file| *file != b"-").map(|file| OsStr::from_bytes(file).to_owned());
        } else if is("-0") {
            self.cut = Cut::At(0);
        } else if is("-d") {
            self.cut = Cut::At(delimiter(value.unwrap_or_default())?);
        } else if is("-E") || is("-e") {
            let end = value.filter(|end| !end.is_empty()).map(<[u8]>::to_vec);
            if let Cut::Blanks { end: old } = &mut self.cut {
                *old = end;
            }
        } else if is("-I") || is("-i") {
            match value.unwrap_or(b"{}") {
                b"" => return Err("an empty mark stands everywhere".into()),
                mark => self.put(Put::For(mark.to_vec()))?,
            }
        } else if is("-n") {
            self.put(Put::Each(number(value.unwrap_or_default(), "-n")?))?;
        } else if is("-L") || is("-l") {
            self.put(Put::Lines(number(value.unwrap_or(b"1"), "-L")?))?;
        } else if is("-s") {
            self.limited = true;
        } else if is("-r") {
            self.empty = false;
        } else if is("-J") || is("-R") || is("-S") {
            return Err(format!("{} is not followed", given.spelled));
        }
        Ok(())
    }

    /// `-n 1` beside `-I` says the same, and people write both; any other two contradict each other.
    fn put(&mut self, put: Put) -> Result<(), String> {
        self.put = match (std::mem::replace(&mut self.put, Put::All), put) {
            (Put::All, put) => put,
            (Put::For(mark), Put::Each(1)) | (Put::Each(1), Put::For(mark)) => Put::For(mark),
            (old, put) if old == put => put,
            _ => return Err("its options -I, -L and -n contradict each other".into()),
        };
        Ok(())
    }

    /// The mark in the words of the command that an item takes the place of, where there is one.
    pub fn mark(&self) -> Option<&[u8]> {
        match &self.put {
            Put::For(mark) => Some(mark),
            _ => None,
        }
    }

    /// Cuts an input into items.
    ///
    /// # Errors
    /// Where there are too many of them.
    pub fn items(&self, input: &[u8]) -> Result<Items, String> {
        let items = match &self.cut {
            Cut::At(byte) => cut::at(input, *byte, MOST_ITEMS),
            Cut::Blanks { end } => {
                let lines = match self.put {
                    Put::Lines(lines) => lines,
                    _ => usize::MAX,
                };
                cut::blanks(input, end.as_deref(), self.mark().is_some(), lines, MOST_ITEMS)
            }
        };
        let mut items = items.ok_or_else(|| format!("it reads more than {MOST_ITEMS} items"))?;
        if self.mark().is_none() {
            items.words.iter_mut().for_each(cut_at_nul);
        }
        Ok(items)
    }

    /// The commands that xargs makes of some words and these items, if it runs them all.
    ///
    /// # Errors
    /// Where there are too many, or where nobody can say which item goes into which.
    pub fn commands(&self, words: &[OsString], items: &Items) -> Result<Vec<Vec<OsString>>, String> {
        let all = &items.words;
        if all.is_empty() {
            let runs = self.empty && self.mark().is_none();
            return Ok(if runs { vec![words.to_vec()] } else { Vec::new() });
        }
        let with = |some: &[OsString]| words.iter().chain(some).cloned().collect();
        let groups: Vec<&[OsString]> = match &self.put {
            Put::For(mark) => {
                self.fits(all.len(), all.iter())?;
                return Ok(all.iter().map(|item| put_in(words, mark, item)).collect());
            }
            Put::All => vec![all.as_slice()],
            Put::Each(each) => all.chunks(*each).collect(),
            Put::Lines(lines) if matches!(self.cut, Cut::At(_)) => all.chunks(*lines).collect(),
            Put::Lines(_) => {
                let starts = std::iter::once(0).chain(items.ends.iter().copied());
                let ends = items.ends.iter().copied().chain(std::iter::once(all.len()));
                starts.zip(ends).filter(|(start, end)| start < end).map(|(s, e)| &all[s..e]).collect()
            }
        };
        for group in &groups {
            self.fits(groups.len(), group.iter())?;
        }
        Ok(groups.into_iter().map(with).collect())
    }

    fn fits<'i>(&self, commands: usize, items: impl Iterator<Item = &'i OsString>) -> Result<(), String> {
        if commands > MOST_COMMANDS {
            return Err(format!("it would start more than {MOST_COMMANDS} commands"));
        }
        let bytes: usize = items.map(|item| item.len() + 1).sum();
        if self.mark().is_none() && (self.limited || bytes > ONE_COMMAND) {
            return Err("its items do not fit into one command, and which go together is not known".into());
        }
        Ok(())
    }

    /// One command with all of these items, for tools to which each is a target whatever stands beside
    /// it; `None` where there is more than one place for an item.
    pub fn joined(&self, words: &[OsString], items: &[OsString]) -> Option<Vec<OsString>> {
        let Some(mark) = self.mark() else { return Some(words.iter().chain(items).cloned().collect()) };
        let holds = |word: &&OsString| word.as_bytes().windows(mark.len()).any(|part| part == mark);
        let marked: Vec<usize> = (1..words.len()).filter(|at| holds(&&words[*at])).collect();
        let [at] = marked[..] else { return None };
        let all = items.iter().map(|item| put(&words[at], mark, item));
        Some(words[..at].iter().cloned().chain(all).chain(words[at + 1..].iter().cloned()).collect())
    }
}

/// Puts an item in the place of a mark; the name of the program stays as written.
fn put_in(words: &[OsString], mark: &[u8], item: &OsStr) -> Vec<OsString> {
    let replaced =
        |(at, word): (usize, &OsString)| if at == 0 { word.clone() } else { put(word, mark, item) };
    words.iter().enumerate().map(replaced).collect()
}

fn put(word: &OsStr, mark: &[u8], item: &OsStr) -> OsString {
    let mut out = Vec::new();
    let mut rest = word.as_bytes();
    while let Some(at) = rest.windows(mark.len()).position(|part| part == mark) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(item.as_bytes());
        rest = &rest[at + mark.len()..];
    }
    out.extend_from_slice(rest);
    let mut word = OsString::from_vec(out);
    cut_at_nul(&mut word);
    word
}

fn cut_at_nul(word: &mut OsString) {
    let kept = cut::to_nul(word.as_bytes()).len();
    if kept < word.len() {
        *word = OsStr::from_bytes(&word.as_bytes()[..kept]).to_owned();
    }
}
