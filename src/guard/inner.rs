//! Commands inside commands: what `find -exec` and `ssh` carry.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::read::{Match, Wrapper};

use super::decide::Setup;

/// The commands that an invocation carries, each with the wrappers it runs under.
pub struct Carried {
    /// Words and wrappers.
    pub commands: Vec<(Vec<OsString>, Vec<Wrapper>)>,
}

/// Finds the commands that an action carries; `None` where it carries none.
pub fn carried(found: &Match, _setup: &Setup<'_>) -> Option<Carried> {
    let inner = found.action().inner.as_ref()?;
    let mut commands = Vec::new();
    if let Some(range) = inner.operands {
        let operands = found.operands();
        let words = &operands[range.indices(operands.len())];
        if !words.is_empty() {
            let argv = if inner.shell {
                shell_words(words)
            } else {
                words.iter().map(|w| (*w).to_owned()).collect()
            };
            commands.push((argv, outer(found, words.len(), inner.elsewhere)));
        }
    }
    if let Some(option) = &inner.option {
        for given in found.invocation.options().filter(|given| given.name.same(option)) {
            let ends = |word: &OsStr| matches!(word.as_bytes(), b";" | b"+");
            let words: Vec<OsString> = match given.values.split_last() {
                Some((last, rest)) if ends(last) => rest.to_vec(),
                _ => given.values.clone(),
            };
            if !words.is_empty() {
                commands.push((words, found.invocation.wrappers.clone()));
            }
        }
    }
    (!commands.is_empty()).then_some(Carried { commands })
}

/// What the far side's shell makes of words that it gets joined by blanks. Text that is more than
/// plain words stays one word, which no tool file names.
fn shell_words(words: &[&OsStr]) -> Vec<OsString> {
    let joined = words.join(OsStr::new(" "));
    let plain = joined
        .to_str()
        .filter(|text| !text.contains(['$', '`', ';', '|', '&', '<', '>', '(', ')', '\n', '*', '?', '~']));
    match plain.and_then(shlex::split) {
        Some(words) if !words.is_empty() => words.into_iter().map(OsString::from).collect(),
        _ => vec![joined],
    }
}

/// The wrappers of a carried command: those around, and the carrier itself.
fn outer(found: &Match, inner_words: usize, elsewhere: bool) -> Vec<Wrapper> {
    let argv = found.invocation.argv();
    let mut wrappers = found.invocation.wrappers.clone();
    wrappers.push(Wrapper {
        tool: found.file.tool.names[0].clone(),
        words: argv[..argv.len().saturating_sub(inner_words)].to_vec(),
        carries: true,
        elsewhere,
        assignments: Vec::new(),
    });
    wrappers
}
