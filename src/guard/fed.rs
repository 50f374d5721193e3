//! Commands that get words from an input, judged with the very words: what xargs starts.
//!
//! A command that no words could make risky is not fed here: its input stays untouched.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

use crate::judge::{Part, Rung};
use crate::read::shell::{Input, Word};
use crate::read::{Feed, Match, Understood, Wrapper};
use crate::tool::{Freeze, Source};
use crate::world::Unfed;

use super::around::Around;
use super::decide::{Depth, Setup, part};
use super::prints;
use super::text::together;
use super::under::Under;

/// Reads a command under the wrappers around it.
pub(super) type Read<'r> = dyn Fn(&[OsString]) -> Result<Vec<Understood>, String> + 'r;

/// Judges the command that an xargs is given, with what it would read.
///
/// # Errors
/// Where that is not known, or not what becomes of it.
pub fn fed(
    words: &[OsString],
    found: &Match,
    wrappers: &[Wrapper],
    under: Under<'_>,
    parts: &mut Vec<Part>,
) -> Result<(), String> {
    let Under { around, ref setup, depth } = under;
    let read = |argv: &[OsString]| under.read(argv, wrappers).map_err(|fault| fault.to_string());
    let typed = found.invocation.wrap(found.invocation.argv());
    let mut values = found.invocation.options().flat_map(|given| &given.values);
    let feed = match values.find(|value| around.is_unknown(value)) {
        Some(value) => Err(format!("the value {} is not known", crate::ui::escape(value))),
        None => Feed::of(&found.invocation),
    };
    let mark = feed.as_ref().ok().and_then(Feed::mark);
    let alone = read(words)?;
    // What xargs starts reads an empty input, unless the items come from a file.
    let own_input = feed.as_ref().is_ok_and(|feed| feed.file.is_none());
    let inner =
        Around { input: if own_input { Input::File } else { around.input.clone() }, ..around.clone() };
    let under = under.around(&inner);
    if !alone.iter().any(|one| could_be_risky(one, wrappers.len(), mark)) {
        alone.iter().for_each(|one| part(one, &typed, under, parts));
        return Ok(());
    }
    let tool = &found.file.tool.names[0];
    let adds = |why: String| format!("{tool} adds words that it reads from its input, and {why}");
    let feed = feed.map_err(adds)?;
    let input = match input(feed.file.as_deref(), found, around, setup) {
        Ok(input) => input,
        Err(unfed) => {
            let plain = feed.mark().is_none() && feed.file.is_none();
            if let Some(argv) = removed(words, around).filter(|_| plain) {
                let all = under.read(&argv, &found.invocation.wrappers).map_err(|fault| fault.to_string())?;
                let inner = Around { feeder: None, ..inner.clone() };
                all.iter().for_each(|one| part(one, &typed, under.around(&inner), parts));
                return Ok(());
            }
            let why = adds(unfed.to_string());
            return unseen((&feed, words, wrappers), (&typed, &why), under, parts);
        }
    };
    let items = feed.items(&input).map_err(adds)?;
    let commands = match feed.commands(words, &items) {
        Ok(commands) if commands.len() < 2 => commands,
        several => {
            let first = items.words.first().map(std::slice::from_ref).unwrap_or_default();
            match feed.joined(words, first).zip(feed.joined(words, &items.words)) {
                Some((one, all)) if joined(&one, &all, &items.words, &read)? => vec![all],
                _ => several.map_err(adds)?,
            }
        }
    };
    let mut judged = Vec::new();
    for command in &commands {
        let mut of_one = Vec::new();
        read(command)?.iter().for_each(|one| part(one, &typed, under, &mut of_one));
        let denied = of_one.iter().any(|part| part.verdict.rung == Rung::Deny);
        judged.push(of_one);
        if denied && depth != Depth::Full {
            break;
        }
    }
    together(&mut judged, setup);
    let several = judged.len() > 1;
    let all = judged.into_iter().flatten().map(|part| {
        // Several commands have no set that could be listed again.
        let freeze = if several { Freeze::None } else { part.freeze };
        Part { freeze, ..part }
    });
    parts.extend(all);
    Ok(())
}

/// What a carrier would read from a file, or from its input, where that is known before it runs.
pub(super) fn input(
    file: Option<&OsStr>,
    found: &Match,
    around: &Around,
    setup: &Setup<'_>,
) -> Result<Rc<Vec<u8>>, Unfed> {
    let whole = |why: &str| Err(Unfed::Whole(why.to_owned()));
    if found.invocation.elsewhere() {
        return whole("it reads it over there");
    }
    if let Some(file) = file {
        if around.is_unknown(file) || around.lost.is_some() {
            return whole("the file that it reads is not known");
        }
        return setup.world.fed(Some(Path::new(file)));
    }
    let told = |argv: &Rc<Vec<OsString>>| prints::processes(argv, setup.world);
    let feeder = around.feeder.as_ref().filter(|_| around.input == Input::Pipe && around.lost.is_none());
    if let Some(text) = feeder.and_then(|argv| prints::names(argv, setup.world)) {
        return Ok(Rc::new(text));
    }
    match &around.input {
        Input::Pipe if around.feeder.as_ref().is_some_and(|argv| told(argv).is_some()) => {
            let pids = around.feeder.as_ref().and_then(told).unwrap_or_default();
            let lines = pids.iter().flat_map(|pid| [pid.as_bytes(), b"\n"].concat());
            Ok(Rc::new(lines.collect()))
        }
        Input::Text(word) => match &**word {
            Word::Known(text) => Ok(Rc::new(text.as_bytes().to_vec())),
            Word::Unknown { .. } => whole("it is not known before it runs"),
        },
        // A shell around it may read some of it first.
        Input::Same if !found.invocation.wrappers.iter().any(|wrapper| wrapper.shell) => {
            setup.world.fed(None)
        }
        Input::Pipe | Input::File | Input::Same => whole("it is not known before it runs"),
    }
}

/// What an rm that a find feeds comes to: a find that removes what it finds.
pub(super) fn removed(words: &[OsString], around: &Around) -> Option<Vec<OsString>> {
    let feeder = around.feeder.as_ref().filter(|_| around.input == Input::Pipe)?;
    let plain = around.hosts.is_none() && words.iter().all(|word| !around.is_unknown(word));
    plain.then(|| prints::removing(feeder, words)).flatten()
}

/// Judges a command whose items nobody has seen.
fn unseen(
    (feed, words, wrappers): (&Feed, &[OsString], &[Wrapper]),
    (typed, why): (&[OsString], &str),
    under: Under<'_>,
    parts: &mut Vec<Part>,
) -> Result<(), String> {
    let mut wrappers = wrappers.to_vec();
    if let Some(xargs) = wrappers.last_mut() {
        xargs.adds = feed.mark().is_none();
    }
    let marked = words.iter().filter(|word| feed.mark().is_some_and(|mark| holds(word, mark)));
    let inner = under.around.and(marked.map(|word| (word.clone(), why.to_owned())).collect(), None, None);
    let all = under.read(words, &wrappers).map_err(|fault| fault.to_string())?;
    if all.iter().any(|one| puts_in_text(one, feed.mark())) {
        return Err(why.to_owned());
    }
    all.iter().for_each(|one| part(one, typed, under.around(&inner), parts));
    Ok(())
}

/// Tells whether an item becomes a part of shell text, where it can be any command.
pub(super) fn puts_in_text(one: &Understood, mark: Option<&[u8]>) -> bool {
    let marked = |word: &OsStr| mark.is_some_and(|mark| holds(word, mark));
    let Some(found) = Match::find(one) else { return false };
    let Some(inner) = found.action().inner.as_ref().filter(|inner| inner.text || inner.shell) else {
        return false;
    };
    let operands = found.operands();
    inner
        .operands
        .is_some_and(|range| operands[range.indices(operands.len())].iter().any(|word| marked(word)))
        || found.invocation.options().any(|given| given.values.iter().any(|word| marked(word)))
}

/// Tells whether words that nobody has seen could make a command risky. `outer` wrappers stand
/// around all of it; without a `mark` the words follow.
pub(super) fn could_be_risky(one: &Understood, outer: usize, mark: Option<&[u8]>) -> bool {
    let marked = |word: &OsStr| mark.is_some_and(|mark| holds(word, mark));
    let invocation = &one.invocation;
    let inside = &invocation.wrappers[outer.min(invocation.wrappers.len())..];
    // A word of a wrapper may say where its command begins.
    if inside.iter().any(|wrapper| wrapper.words.iter().any(|word| marked(word)))
        || !inside.is_empty() && marked(&invocation.program)
    {
        return true;
    }
    let Some(file) = &one.tool else { return false };
    let operands: Vec<&OsStr> = invocation.words().collect();
    // A mark that may become an option moves all that follows.
    let moves = mark.is_some_and(|mark| operands.iter().any(|word| word.as_bytes().starts_with(mark)));
    let reaches = |path: &[crate::tool::Glob]| {
        path.iter().enumerate().all(|(at, glob)| match operands.get(at) {
            Some(word) => glob.matches(word.as_bytes()) || marked(word),
            None => mark.is_none(),
        })
    };
    file.tool.wrapper.is_some() || file.action.iter().any(|action| moves || reaches(&action.path.words))
}

pub(super) fn holds(word: &OsStr, mark: &[u8]) -> bool {
    word.as_bytes().windows(mark.len()).any(|part| part == mark)
}

/// Tells whether one command with all items hits what one for each would, of which `one` is the
/// first: each item is one target of an action, whatever stands beside it.
pub(super) fn joined(
    one: &[OsString],
    all: &[OsString],
    items: &[OsString],
    read: &Read<'_>,
) -> Result<bool, String> {
    if items.iter().any(|item| item.as_bytes().starts_with(b"-")) {
        return Ok(false);
    }
    let (one, all) = (read(one)?, read(all)?);
    let alike = one.len() == all.len()
        && one.iter().zip(&all).all(|(one, all)| {
            let (Some(one), Some(all)) = (Match::find(one), Match::find(all)) else { return false };
            let plain = all.effect().is_some() && all.action().inner.is_none() && one.index() == all.index();
            plain
                && one.named().iter().any(|word| items.first().is_some_and(|item| is_in(item, word)))
                && one.effect() == all.effect()
                && all.named().len() + 1 == one.named().len() + items.len()
                && alike_resources(&one, items)
        });
    Ok(alike)
}

fn is_in(item: &OsStr, word: &OsStr) -> bool {
    !item.is_empty() && holds(word, item.as_bytes())
}

/// Names that follow their type, or carry it: `pod a b`, `pod/a pod/b`.
fn alike_resources(one: &Match, items: &[OsString]) -> bool {
    if one.action().targets.source != Source::Resources {
        return true;
    }
    let typed = |word: &OsStr| word.as_bytes().contains(&b'/');
    let named = one.named();
    match named.split_first() {
        Some((_, [])) => items.iter().all(|item| typed(item)),
        Some((first, _)) => {
            typed(first) == typed(&items[0]) && items.iter().all(|item| typed(item) == typed(&items[0]))
        }
        None => false,
    }
}
