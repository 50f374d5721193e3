//! Options that begin with dashes: long ones, and bundles of short ones.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::read::invocation::Form;
use crate::tool::{OptionName, Style, Tool};

use super::State;
use super::listed::{Arity, find, find_long};

/// Reads `--name`, `--name=value`, `--name value` (and Go's `-name`).
pub fn long(tool: &Tool, words: &[OsString], state: &mut State, forks: &mut Vec<State>) {
    let bytes = words[state.at].as_bytes();
    let equals = bytes.iter().position(|b| *b == b'=');
    let (name, value) = match equals {
        Some(at) => (&bytes[..at], Some(OsStr::from_bytes(&bytes[at + 1..]).to_owned())),
        None => (bytes, None),
    };
    let spelled = String::from_utf8_lossy(name).into_owned();
    let next = words.get(state.at + 1).cloned();
    match (find_long(tool, &state.operands, &spelled), value) {
        (Some((name, arity, full)), Some(value)) => {
            state.option(name, full, vec![value], equals_form(arity));
            state.at += 1;
        }
        (Some((name, Arity::Switch | Arity::Equals, full)), None) => {
            state.option(name, full, Vec::new(), Form::Bare);
            state.at += 1;
        }
        (Some((name, Arity::Value, full)), None) => {
            state.at += 1 + usize::from(next.is_some());
            state.option(name, full, next.into_iter().collect(), Form::Separate);
        }
        (Some((name, Arity::Many, full)), None) => {
            let values = upto_next_option(&words[state.at + 1..]);
            state.at += 1 + values.len();
            state.option(name, full, values, Form::Separate);
        }
        (None, Some(value)) => {
            *state = std::mem::take(state).unlisted(spelled, vec![value], Form::Equals, 1);
        }
        (None, None) if tool.many_after.is_some_and(|n| state.operands.len() >= n) => {
            let values = upto_next_option(&words[state.at + 1..]);
            let form = if values.is_empty() { Form::Bare } else { Form::Separate };
            let took = values.len() + 1;
            *state = std::mem::take(state).unlisted(spelled, values, form, took);
        }
        (None, None) => fork_unlisted(state, spelled, next, forks),
    }
}

/// The words that an option for many values takes.
fn upto_next_option(words: &[OsString]) -> Vec<OsString> {
    words.iter().take_while(|w| !w.as_bytes().starts_with(b"-")).cloned().collect()
}

/// An unlisted option before another word: a switch, or taking that word.
fn fork_unlisted(state: &mut State, spelled: String, next: Option<OsString>, forks: &mut Vec<State>) {
    match next {
        Some(next) if !next.as_bytes().starts_with(b"-") => {
            forks.push(state.clone().unlisted(spelled.clone(), Vec::new(), Form::Bare, 1));
            forks.push(state.clone().unlisted(spelled, vec![next], Form::Separate, 2));
        }
        _ => *state = std::mem::take(state).unlisted(spelled, Vec::new(), Form::Bare, 1),
    }
}

/// Reads a word of bundled short options.
pub fn short(tool: &Tool, words: &[OsString], state: &mut State, forks: &mut Vec<State>) {
    // Some tools have long options with one dash among short ones (`-delete`); a whole-word match wins.
    let word = words[state.at].as_bytes();
    if let Some((name, arity)) =
        std::str::from_utf8(word).ok().and_then(|w| find(tool, &state.operands, |s| s == w))
    {
        return short_found(words, state, name, arity, word, word.len());
    }
    if let Some(at) = bundle(tool, words, state, 1) {
        short_unlisted(tool, words, state, forks, at);
    }
}

/// Reads the letters of a bundle from `at` on, up to one that is not listed, and returns its place;
/// `None` when the word is read through.
fn bundle(tool: &Tool, words: &[OsString], state: &mut State, mut at: usize) -> Option<usize> {
    let word = words[state.at].as_bytes();
    while at < word.len() {
        let spelled = letter(word, at);
        // `-n=` alone is the namespace `=`: pflag looks for more behind it.
        if tool.style == Style::Pflag && word.get(at + 1) == Some(&b'=') && word.len() > at + 2 {
            short_equals(tool, words, state, spelled, at + 2);
            return None;
        }
        match find(tool, &state.operands, |s| s == spelled) {
            Some((name, Arity::Switch)) => {
                state.option(name, spelled, Vec::new(), Form::Bare);
                at += 1;
            }
            Some((name, arity)) => {
                short_found(words, state, name, arity, spelled.as_bytes(), at + 1);
                return None;
            }
            None => return Some(at),
        }
    }
    state.at += 1;
    None
}

/// The option that a letter of a bundle stands for.
fn letter(word: &[u8], at: usize) -> String {
    format!("-{}", char::from(word[at]))
}

fn equals_form(arity: Arity) -> Form {
    if arity == Arity::Switch { Form::OnOff } else { Form::Equals }
}

/// Style pflag: `-n=x`, also at the end of a bundle, and `-A=false`.
fn short_equals(tool: &Tool, words: &[OsString], state: &mut State, spelled: String, rest: usize) {
    let value = OsStr::from_bytes(&words[state.at].as_bytes()[rest..]).to_owned();
    match find(tool, &state.operands, |s| s == spelled) {
        Some((name, arity)) => {
            state.option(name, spelled, vec![value], equals_form(arity));
            state.at += 1;
        }
        None => *state = std::mem::take(state).unlisted(spelled, vec![value], Form::Equals, 1),
    }
}

/// A short option that may take a value: the rest of its word from `rest` on, else the next word.
fn short_found(
    words: &[OsString],
    state: &mut State,
    name: OptionName,
    arity: Arity,
    spelled: &[u8],
    rest: usize,
) {
    let word = words[state.at].as_bytes();
    let spelled = String::from_utf8_lossy(spelled).into_owned();
    let attached = word.get(rest..).filter(|r| !r.is_empty());
    match (arity, attached) {
        (Arity::Switch, _) => {
            state.option(name, spelled, Vec::new(), Form::Bare);
            state.at += 1;
        }
        (_, Some(value)) => {
            let value = OsStr::from_bytes(value).to_owned();
            state.option(name, spelled, vec![value], Form::Attached);
            state.at += 1;
        }
        (Arity::Equals, None) => {
            state.option(name, spelled, Vec::new(), Form::Bare);
            state.at += 1;
        }
        (Arity::Value, None) => {
            let next = words.get(state.at + 1).cloned();
            state.at += 1 + usize::from(next.is_some());
            state.option(name, spelled, next.into_iter().collect(), Form::Separate);
        }
        (Arity::Many, None) => {
            let values = upto_next_option(&words[state.at + 1..]);
            state.at += 1 + values.len();
            state.option(name, spelled, values, Form::Separate);
        }
    }
}

/// An unlisted letter in a bundle: a switch (and the rest are options, unlisted ones among them
/// switches), or taking the rest of the word, or, at its end, taking the next word.
fn short_unlisted(tool: &Tool, words: &[OsString], state: &mut State, forks: &mut Vec<State>, at: usize) {
    let word = words[state.at].as_bytes();
    let after = &word[at + 1..];
    if after.is_empty() {
        return fork_unlisted(state, letter(word, at), words.get(state.at + 1).cloned(), forks);
    }
    let value = OsStr::from_bytes(after).to_owned();
    forks.push(state.clone().unlisted(letter(word, at), vec![value], Form::Attached, 1));
    let mut switches = state.clone();
    let mut place = Some(at);
    while let Some(at) = place {
        switches = switches.unlisted(letter(word, at), Vec::new(), Form::Bare, 0);
        place = bundle(tool, words, &mut switches, at + 1);
    }
    forks.push(switches);
}
