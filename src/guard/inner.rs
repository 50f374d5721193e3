//! Commands inside commands: what `find -exec` and `ssh` carry.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::read::{Bit, Fill, Invocation, Match, Piece, Plain, Wrapper, plain};
use crate::scope::{place, run};
use crate::tool::Inner;

use super::decide::Setup;

/// A command that an invocation carries.
pub struct Carried {
    /// Its words.
    pub argv: Vec<OsString>,
    /// The wrappers it runs under.
    pub wrappers: Vec<Wrapper>,
    /// Why its words are not what will run, where they are not.
    pub opaque: Option<String>,
}

/// Finds the commands that an action carries; none where it carries none.
pub fn carried(found: &Match, setup: &Setup<'_>) -> Vec<Carried> {
    let Some(inner) = found.action().inner.as_ref() else { return Vec::new() };
    let mut commands = Vec::new();
    if let Some(range) = inner.operands {
        let operands = found.operands();
        let words = &operands[range.indices(operands.len())];
        let place = if inner.elsewhere { place(found, setup.world).name } else { String::new() };
        let wrappers = outer(found, words.len(), inner, place);
        if inner.shell && !words.is_empty() {
            let text = words.join(OsStr::new(" "));
            commands.extend(in_shell_text(&text, &wrappers, setup));
        } else if !words.is_empty() {
            let argv = words.iter().map(|w| (*w).to_owned()).collect();
            commands.push(Carried { argv, wrappers, opaque: None });
        }
    }
    if let Some(option) = &inner.option {
        for given in found.invocation.options().filter(|given| given.name.same(option)) {
            let ends = |word: &OsStr| matches!(word.as_bytes(), b";" | b"+");
            let argv: Vec<OsString> = match given.values.split_last() {
                Some((last, rest)) if ends(last) => rest.to_vec(),
                _ => given.values.clone(),
            };
            if !argv.is_empty() {
                commands.push(Carried { argv, wrappers: found.invocation.wrappers.clone(), opaque: None });
            }
        }
    }
    commands
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

/// The commands in a text that another shell reads.
fn in_shell_text(text: &OsStr, wrappers: &[Wrapper], setup: &Setup<'_>) -> Vec<Carried> {
    match plain(text.as_bytes()) {
        Ok(commands) => commands
            .iter()
            .filter(|command| !command.words.is_empty())
            .map(|command| Carried {
                argv: command.words.iter().map(|word| literal(word)).collect(),
                wrappers: wrappers.to_vec(),
                opaque: variable(command)
                    .map(|name| format!("its shell fills in ${name}, which is not known here")),
            })
            .collect(),
        Err(why) => named_in(text, setup)
            .map(|program| Carried {
                argv: vec![program.clone()],
                wrappers: wrappers.to_vec(),
                opaque: Some(format!("it names {}, and {why}", crate::ui::escape(&program))),
            })
            .into_iter()
            .collect(),
    }
}

/// A word as it stands in the text, quotes taken off.
fn literal(word: &[Bit]) -> OsString {
    let mut out = Vec::new();
    for bit in word {
        match bit {
            Bit::Quoted(text) | Bit::Bare(text) => out.extend_from_slice(text),
            Bit::Variable { name, .. } => {
                out.push(b'$');
                out.extend_from_slice(name.as_bytes());
            }
        }
    }
    OsString::from_vec(out)
}

fn variable(command: &Plain) -> Option<&str> {
    command.words.iter().flatten().find_map(|bit| match bit {
        Bit::Variable { name, .. } => Some(name.as_str()),
        _ => None,
    })
}

/// The first program with risky actions that a text names, where the text can't be read.
fn named_in(text: &OsStr, setup: &Setup<'_>) -> Option<OsString> {
    let words = text.as_bytes().split(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')));
    let names = words.filter_map(|word| std::str::from_utf8(word).ok()).filter(|word| !word.is_empty());
    let mut risky = names.filter(|name| {
        setup
            .shelf
            .tool(name)
            .is_ok_and(|file| file.is_some_and(|f| f.tool.wrapper.is_none() && !f.action.is_empty()))
    });
    risky.next().map(OsString::from)
}

/// The wrappers of a carried command: those around, and the carrier itself.
fn outer(found: &Match, inner_words: usize, inner: &Inner, place: String) -> Vec<Wrapper> {
    let before = |invocation: &Invocation| {
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
        carries: true,
        elsewhere: inner.elsewhere,
        place,
        shell: inner.shell,
        assignments: Vec::new(),
    });
    wrappers
}
