//! Words → options and operands, by the grammar of a tool file.
//!
//! An option that the tool file does not list is read every way it could be meant (as a switch, as
//! taking the rest of its word, as taking the next word), and each reading comes back: what is
//! judged is the widest of them.

mod bare;
mod dashes;
mod listed;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::tool::{OptionName, Style, Tool};

use super::invocation::{Form, Given, Piece};
use super::signal::is_signal;
use bare::{dd_word, find_word};
use dashes::{long, short};
use listed::{find, unheard_of};

/// More readings than this and the command line counts as not understood.
pub const MOST_READINGS: usize = 32;

/// One way to read the words after the program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// Options, operands and `--`, in the order typed.
    pub pieces: Vec<Piece>,
    /// Options that the tool file does not list, as spelled.
    pub unlisted: Vec<String>,
    /// Where each operand stands among the words.
    pub places: Vec<usize>,
    /// Where the words begin that were left alone: those of the command that a wrapper runs.
    pub left: usize,
}

/// Too many unlisted options to follow every reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyReadings;

/// A reading that is not finished.
#[derive(Debug, Clone, Default)]
struct State {
    at: usize,
    reading: Reading,
    operands: Vec<OsString>,
    only_operands: bool,
    signal_seen: bool,
    expression: bool,
    global: bool,
}

/// Reads the words after the program every way they could be meant.
pub fn readings(tool: &Tool, words: &[OsString]) -> Result<Vec<Reading>, TooManyReadings> {
    let stop = tool.stop.or(tool.wrapper.as_ref().map(|w| w.skip + 1));
    let assigns = tool.wrapper.as_ref().is_some_and(|w| w.assignments);
    let mut done = Vec::new();
    let mut open = vec![State { global: tool.globals_first, ..State::default() }];
    while let Some(mut state) = open.pop() {
        let mut forks = Vec::new();
        while state.at < words.len() && forks.is_empty() {
            if stop.is_some_and(|n| state.operands.len() >= n) || ended(tool, &state.operands) {
                if tool.wrapper.is_some() && tool.stop.is_none() {
                    // It is read for itself; copies for each wrapper around it would add up.
                    break;
                }
                // The command that follows is taken word by word, options and all.
                state.operand(words[state.at].clone());
                continue;
            }
            if unheard_of(tool, &state.operands) {
                // A subcommand that the tool file does not know: what its options mean matters to nobody.
                state.operand(words[state.at].clone());
                continue;
            }
            if assigns && sets_variable(&words[state.at], state.only_operands) {
                state.reading.pieces.push(Piece::Assignment(words[state.at].clone()));
                state.at += 1;
                continue;
            }
            step(tool, words, &mut state, &mut forks);
        }
        if forks.is_empty() {
            done.push(Reading { left: state.at, ..state.reading });
        } else {
            open.extend(forks);
        }
        if open.len() + done.len() > MOST_READINGS {
            return Err(TooManyReadings);
        }
    }
    Ok(done)
}

impl Reading {
    /// Takes the words that were left alone as operands: no command is run that would read them.
    #[must_use]
    pub fn with_rest(mut self, words: &[OsString]) -> Self {
        self.pieces.extend(words[self.left..].iter().cloned().map(Piece::Operand));
        self.places.extend(self.left..words.len());
        Self { left: words.len(), ..self }
    }
}

impl State {
    fn operand(&mut self, word: OsString) {
        self.reading.places.push(self.at);
        self.operands.push(word.clone());
        self.global = false;
        self.reading.pieces.push(Piece::Operand(word));
        self.at += 1;
    }

    fn option(&mut self, name: OptionName, spelled: String, values: Vec<OsString>, form: Form) {
        self.reading.pieces.push(Piece::Option(Given { name, spelled, values, form, global: self.global }));
    }

    fn unlisted(mut self, spelled: String, values: Vec<OsString>, form: Form, words: usize) -> Self {
        self.reading.unlisted.push(spelled.clone());
        self.option(OptionName::unlisted(&spelled), spelled, values, form);
        self.at += words;
        self
    }
}

/// Tells whether a word is `NAME=value`.
pub fn is_assignment(word: &OsStr) -> bool {
    let bytes = word.as_bytes();
    let name = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    name > 0 && !bytes[0].is_ascii_digit() && bytes.get(name) == Some(&b'=')
}

/// Tells whether env or sudo take a word for `NAME=value`: unlike the shell, they take any name.
fn sets_variable(word: &OsStr, only_operands: bool) -> bool {
    let bytes = word.as_bytes();
    let option = !only_operands && bytes.starts_with(b"-");
    !option && bytes.iter().position(|b| *b == b'=').is_some_and(|at| at > 0)
}

/// Reads one word (and what belongs to it) into `state`, or fills `forks` with every way to go on.
fn step(tool: &Tool, words: &[OsString], state: &mut State, forks: &mut Vec<State>) {
    let word = &words[state.at];
    let bytes = word.as_bytes();
    if state.only_operands {
        return state.operand(word.clone());
    }
    match tool.style {
        Style::Find => return find_word(tool, words, state),
        Style::Dd => return dd_word(word, state),
        Style::Gnu | Style::Pflag | Style::Go => {}
    }
    if bytes == b"--" {
        state.only_operands = true;
        state.reading.pieces.push(Piece::Separator);
        state.at += 1;
    } else if bytes == b"-" && find(tool, &state.operands, |s| s == "-").is_some() {
        // To env, a mere `-` is an option; to most tools it is the name of standard input.
        state.option(OptionName::unlisted("-"), "-".into(), Vec::new(), Form::Bare);
        state.at += 1;
    } else if bytes.len() < 2 || bytes[0] != b'-' {
        state.operand(word.clone());
    } else if tool.signal && !state.signal_seen && is_signal(&bytes[1..]) {
        state.signal_seen = true;
        let spelled = word.to_string_lossy().into_owned();
        let listed = find(tool, &state.operands, |s| s == "--signal").map(|(name, _)| name);
        let name = listed.unwrap_or_else(|| OptionName::unlisted("-SIGNAL"));
        let value = OsString::from(&spelled[1..]);
        state.option(name, spelled, vec![value], Form::Bare);
        state.at += 1;
    } else if tool.signal && bytes[1..].iter().all(u8::is_ascii_digit) {
        // After the signal, `-1` and `-1234` are processes: everyone, and a group.
        state.operand(word.clone());
    } else if tool.style == Style::Go || bytes.starts_with(b"--") {
        long(tool, words, state, forks);
    } else {
        short(tool, words, state, forks);
    }
}

/// Tells whether the options of a subcommand have ended for good.
fn ended(tool: &Tool, operands: &[OsString]) -> bool {
    tool.commands.iter().any(|(path, own)| {
        own.stop.is_some_and(|stop| {
            let mut left = operands.iter();
            path.split(' ').all(|word| left.next().is_some_and(|typed| typed == word)) && left.len() >= stop
        })
    })
}
