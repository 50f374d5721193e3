//! The styles of find and dd: predicates with their values, and `key=value`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::read::invocation::{Form, Piece};
use crate::tool::{OptionName, Tool};

use super::State;
use super::listed::{Arity, find};

/// Style find: options and paths first, then predicates with their values.
pub fn find_word(tool: &Tool, words: &[OsString], state: &mut State) {
    let word = &words[state.at];
    let bytes = word.as_bytes();
    let starts = bytes.len() > 1 && bytes[0] == b'-' || matches!(bytes, b"(" | b"!" | b")" | b",");
    // `-H -L -P -D help -O3` and `--` stand before the paths, whatever else begins with a dash after.
    let leading = !state.expression
        && (matches!(bytes, b"-H" | b"-L" | b"-P" | b"-D" | b"--") || bytes.starts_with(b"-O"));
    state.expression |= starts && !leading;
    if leading && bytes.starts_with(b"-O") {
        state.option(OptionName::unlisted("-O"), word.to_string_lossy().into_owned(), Vec::new(), Form::Bare);
        state.at += 1;
        return;
    }
    let Some((name, arity)) = word.to_str().and_then(|w| find(tool, &[], |s| s == w)) else {
        if !starts && !state.expression {
            return state.operand(word.clone());
        }
        // A predicate that the tool file does not list: as a switch; a word after it that is no
        // predicate is its value.
        let spelled = word.to_string_lossy().into_owned();
        if starts {
            if bytes[0] == b'-' {
                state.reading.unlisted.push(spelled.clone());
            }
            state.option(OptionName::unlisted(&spelled), spelled, Vec::new(), Form::Bare);
        } else if let Some(Piece::Option(last)) = state.reading.pieces.last_mut() {
            last.values.push(word.clone());
            last.form = Form::Separate;
        }
        state.at += 1;
        return;
    };
    let spelled = word.to_string_lossy().into_owned();
    let rest = &words[state.at + 1..];
    let values: Vec<OsString> = match arity {
        Arity::Switch | Arity::Equals => Vec::new(),
        Arity::Value => rest.iter().take(1).cloned().collect(),
        Arity::Many => {
            let end = (0..rest.len()).find(|at| ends_exec(rest, *at)).map_or(rest.len(), |at| at + 1);
            rest[..end].to_vec()
        }
    };
    state.at += 1 + values.len();
    let form = if values.is_empty() { Form::Bare } else { Form::Separate };
    state.option(name, spelled, values, form);
}

/// Tells whether the word at `at` ends the command of `find -exec`: `;`, or `+` right after `{}`.
fn ends_exec(words: &[OsString], at: usize) -> bool {
    match words[at].as_bytes() {
        b";" => true,
        b"+" => at > 0 && words[at - 1].as_bytes() == b"{}",
        _ => false,
    }
}

/// Style dd: `key=value` is an option, anything else an operand.
pub fn dd_word(word: &OsStr, state: &mut State) {
    let bytes = word.as_bytes();
    match bytes.iter().position(|b| *b == b'=') {
        Some(at) if at > 0 && !bytes.starts_with(b"-") => {
            let key = String::from_utf8_lossy(&bytes[..at]).into_owned();
            let value = OsString::from_vec(bytes[at + 1..].to_vec());
            state.option(OptionName::unlisted(&key), key, vec![value], Form::Equals);
            state.at += 1;
        }
        _ => state.operand(word.to_owned()),
    }
}
