//! Commands inside commands: what `find -exec`, `ssh` and `sh -c` carry.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::read::shell::Input;
use crate::read::{Fill, Given, Invocation, Match, Piece, Wrapper};
use crate::scope::{place, run};
use crate::tool::{Inner, ItemRules};

use super::decide::Setup;

/// A command that an invocation carries.
pub struct Carried {
    /// The wrappers it runs under.
    pub wrappers: Vec<Wrapper>,
    /// What is carried.
    pub what: What,
}

/// What is carried.
pub enum What {
    /// The words of a command.
    Words(Vec<OsString>),
    /// The words of a command that more words are added to.
    Fed(Vec<OsString>),
    /// Texts that its words and what it reads make.
    Jobs,
    /// Text that a shell reads, and the arguments it is given.
    Text(OsString, Vec<OsString>),
    /// Whatever its input brings.
    Open(String),
}

/// Finds the commands that an action carries; none where it carries none.
pub fn carried(found: &Match, input: &Input, setup: &Setup<'_>) -> Vec<Carried> {
    let Some(inner) = found.action().inner.as_ref() else { return Vec::new() };
    let place = if inner.elsewhere { place(found, setup.world).name } else { String::new() };
    let mut commands = Vec::new();
    if inner.items == Some(ItemRules::Parallel) {
        let words = found.operands().len();
        commands.push(Carried { wrappers: outer(found, words, inner, &place), what: What::Jobs });
    } else if let Some(range) = inner.operands {
        let operands = found.operands();
        let words = &operands[range.indices(operands.len())];
        // Where options end at an operand, a `--` after it stands before the command (`ssh host -- rm`).
        let words = words.strip_prefix(&[OsStr::new("--")]).unwrap_or(words);
        let wrappers = || outer(found, words.len(), inner, &place);
        match words.split_first() {
            None => {}
            Some((text, arguments)) if inner.text => {
                let arguments = arguments.iter().skip(1).map(|w| (*w).to_owned()).collect();
                let what = What::Text((*text).to_owned(), arguments);
                commands.push(Carried { wrappers: wrappers(), what });
            }
            Some(_) if inner.shell => {
                let what = What::Text(words.join(OsStr::new(" ")), Vec::new());
                commands.push(Carried { wrappers: wrappers(), what });
            }
            Some(_) if inner.items.is_some() => {
                let what = What::Fed(words.iter().map(|w| (*w).to_owned()).collect());
                commands.push(Carried { wrappers: wrappers(), what });
            }
            Some(_) => {
                let what = What::Words(words.iter().map(|w| (*w).to_owned()).collect());
                commands.push(Carried { wrappers: wrappers(), what });
            }
        }
    }
    if let Some(option) = &inner.option {
        for given in found.invocation.options().filter(|given| given.name.same(option)) {
            commands.extend(by_option(given, found, inner, &place));
        }
    }
    if inner.stdin {
        let what = match input {
            Input::Pipe => Some(What::Open("it runs what a pipe brings".into())),
            Input::Text(_) if input.is_open() => {
                Some(What::Open("it runs a text that is not known here".into()))
            }
            Input::Text(text) => Some(What::Text(crate::read::shell::shown(text), Vec::new())),
            Input::Same | Input::File => None,
        };
        commands.extend(what.map(|what| Carried { wrappers: outer(found, 0, inner, &place), what }));
    }
    commands
}

/// What an option carries: words up to `;`, or text.
fn by_option(given: &Given, found: &Match, inner: &Inner, place: &str) -> Option<Carried> {
    if inner.text {
        let text = given.values.last()?.clone();
        let mut wrappers = outer(found, 0, inner, place);
        if let Some(wrapper) = wrappers.last_mut() {
            wrapper.words.push((&given.spelled).into());
            wrapper.shell = true;
        }
        return Some(Carried { wrappers, what: What::Text(text, Vec::new()) });
    }
    let ends = |word: &OsStr| matches!(word.as_bytes(), b";" | b"+");
    let argv: Vec<OsString> = match given.values.split_last() {
        Some((last, rest)) if ends(last) => rest.to_vec(),
        _ => given.values.clone(),
    };
    let wrappers = found.invocation.wrappers.clone();
    (!argv.is_empty()).then_some(Carried { wrappers, what: What::Words(argv) })
}

/// Puts what is found in place of `{}`, by asking the listing. `None` where no word has it.
pub fn filled(argv: &[OsString], found: &Match, setup: &Setup<'_>) -> Result<Option<Vec<OsString>>, String> {
    let holds = |word: &OsString| word.as_bytes().windows(2).any(|pair| pair == b"{}");
    let Some(template) = found.action().list.as_ref().filter(|_| argv.iter().any(holds)) else {
        return Ok(None);
    };
    let output = run(found, template, &Fill::default(), setup.world)?;
    if !output.is_empty() && output.last() != Some(&0) {
        return Err("the listing may be cut short".into());
    }
    let names: Vec<&[u8]> = output.split(|b| *b == 0).filter(|name| !name.is_empty()).collect();
    let mut words = Vec::new();
    for word in argv {
        if holds(word) {
            words.extend(names.iter().map(|name| replaced(word, name)));
        } else {
            words.push(word.clone());
        }
    }
    Ok(Some(words))
}

fn replaced(word: &OsStr, name: &[u8]) -> OsString {
    let mut out = Vec::new();
    let mut rest = word.as_bytes();
    while let Some(at) = rest.windows(2).position(|pair| pair == b"{}") {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(name);
        rest = &rest[at + 2..];
    }
    out.extend_from_slice(rest);
    OsString::from_vec(out)
}

/// The wrappers of a carried command: those around, and the carrier itself.
fn outer(found: &Match, inner_words: usize, inner: &Inner, place: &str) -> Vec<Wrapper> {
    let texts = inner.option.as_ref().filter(|_| inner.text);
    let text = |piece: &Piece| match piece {
        Piece::Option(given) => texts.is_some_and(|name| name.same(&given.name)),
        _ => false,
    };
    let before = |invocation: &Invocation| {
        let pieces = invocation.pieces.iter().filter(|piece| !text(piece)).cloned().collect();
        let invocation = Invocation { pieces, ..invocation.clone() };
        let mut words = invocation.argv();
        words.truncate(words.len().saturating_sub(inner_words));
        words
    };
    let stays = |piece: &Piece| match piece {
        Piece::Option(given) => !inner.without.iter().any(|name| name.same(&given.name)),
        _ => true,
    };
    let pieces = found.invocation.pieces.iter().filter(|piece| stays(piece)).cloned().collect();
    let mut wrappers = found.invocation.wrappers.clone();
    wrappers.push(Wrapper {
        tool: found.file.tool.names[0].clone(),
        words: before(&found.invocation),
        listing: before(&Invocation { pieces, ..found.invocation.clone() }),
        // A shell on this host sees what guard sees.
        carries: inner.elsewhere
            || inner.carries
            || !(inner.text || inner.shell || inner.stdin || inner.repeats || inner.items.is_some()),
        elsewhere: inner.elsewhere,
        place: place.to_owned(),
        shell: inner.shell || inner.text,
        adds: false,
        // Each of its commands gets what it reads, not the words alone.
        more: inner.items.is_some(),
        assignments: Vec::new(),
        folder: None,
    });
    wrappers
}
