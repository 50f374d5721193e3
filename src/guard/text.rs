//! The commands of shell text, judged: each by its words, and together where they hit the same kind.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::rc::Rc;

use crate::judge::{Part, Starts};
use crate::read::shell::{self, Command, Folder, Input, Word};
use crate::read::{Invocation, Match, ReadFault, Wrapper};
use crate::scope::{Certainty, Frozen, Scope, empty};
use crate::tool::Effect;
use crate::world::Moved;

use super::around::Around;
use super::decide::{Depth, Setup, part, verdict};
use super::under::Under;
use super::{Fault, away, freezes, known, prints, unjudged};

/// The name under which a tool file speaks of `> FILE`.
const REDIRECT: &str = ">";

/// Judges the text that a command carries; a text that can't be followed is said so.
pub fn text(
    text: &OsString,
    arguments: Vec<OsString>,
    wrappers: &[Wrapper],
    under: Under<'_>,
    parts: &mut Vec<Part>,
) -> Result<(), String> {
    let Under { around, ref setup, depth } = under;
    let shell = known::reached(setup.world, wrappers);
    let word = |text: OsString| match around.program(&text) {
        Some(why) => Word::Unknown { why: why.to_owned(), text },
        None => Word::Known(text),
    };
    let arguments = arguments.into_iter().map(word).collect();
    let mut commands = match shell::commands(text.as_bytes(), shell.as_ref(), Some(arguments)) {
        Ok(commands) => commands,
        Err(why) => {
            return match named_in(text, setup) {
                Some(program) => Err(format!("it names {}, and {why}", crate::ui::escape(&program))),
                None => {
                    parts.extend(around.hosts.as_ref().map(|hosts| hosts.changed(setup, depth)));
                    Ok(())
                }
            };
        }
    };
    if let Some(why) = around.program(text) {
        commands.list.iter_mut().for_each(|command| marked(command, why));
    }
    let mut wrappers = wrappers.to_vec();
    if let Some(wrapper) = wrappers.last_mut() {
        wrapper.more = !commands.alone;
    }
    let mut judged = Vec::new();
    for command in &commands.list {
        let mut of_one = Vec::new();
        one(command, &wrappers, under, &mut of_one).map_err(|fault| fault.to_string())?;
        judged.push(of_one);
    }
    together(&mut judged, setup);
    parts.extend(judged.into_iter().flatten());
    Ok(())
}

/// Makes unknown what holds the mark of a text in which something stands for `{}` (`find -exec sh -c 'rm {}'`):
/// by the time the text is run, the mark is another word, or several.
fn marked(command: &mut Command, why: &str) {
    let holds = |text: &[u8]| text.windows(2).any(|pair| pair == b"{}");
    let exported = command.exported.iter_mut().map(|(_, word)| word);
    for word in command.words.iter_mut().chain(&mut command.empties).chain(exported) {
        if let Word::Known(text) = word
            && holds(text.as_bytes())
        {
            *word = Word::Unknown { text: std::mem::take(text), why: why.to_owned() };
        }
    }
    if matches!(&command.folder, Folder::Way(way) if holds(way.as_os_str().as_bytes())) {
        command.folder = Folder::Unknown(why.to_owned());
    }
}

/// Judges one command of a text as typed.
pub fn typed(command: &Command, setup: &Setup<'_>, depth: Depth) -> Result<Vec<Part>, Fault> {
    let mut parts = Vec::new();
    let under = Under { around: &Around::default(), setup: *setup, depth };
    one(command, &[], under, &mut parts)?;
    let line: Vec<OsString> = command.words.iter().map(shell::shown).collect();
    parts.iter_mut().for_each(|part| part.line.clone_from(&line));
    freezes::settle(&mut parts, depth);
    Ok(parts)
}

fn one(
    command: &Command,
    wrappers: &[Wrapper],
    under: Under<'_>,
    parts: &mut Vec<Part>,
) -> Result<(), Fault> {
    let Under { around, setup, depth } = under;
    let far = wrappers.iter().any(|wrapper| wrapper.elsewhere);
    let way = match &command.folder {
        Folder::Way(way) if far => away::way(&around.way, way),
        _ => PathBuf::new(),
    };
    let (folder, lost) = match known::folder_of(&command.folder, setup.world) {
        // A listing over there starts where a login does.
        (_, None) if far => (setup.world.session().cwd.clone(), None),
        found => found,
    };
    let words = if far { command.words.clone() } else { prints::told(command, setup.world) };
    let open = command.repeats.map(str::to_owned);
    let unknown = words.iter().chain(&command.empties).filter_map(unknown_word);
    let mut around = around.and(unknown.collect(), open, lost);
    around.way = way;
    if command.input != Input::Same {
        around.input = command.input.clone();
    }
    around.feeder = command.feeder.clone().filter(|_| !far).map(Rc::new);
    around.writes = command.writes;
    let variables: Vec<(OsString, OsString)> = command.exported.iter().filter_map(exported).collect();
    let stays = folder == setup.world.session().cwd && variables.is_empty();
    let moved = Moved::new(setup.world, folder, variables);
    let setup = if stays { setup } else { Setup { world: &moved, ..setup } };
    let under = Under { around: &around, setup, depth };
    for file in &command.empties {
        emptied(file, wrappers, under, parts)?;
    }
    let argv: Vec<OsString> = words.iter().map(shell::shown).collect();
    if argv.is_empty() {
        return Ok(());
    }
    let before = parts.len();
    let read = match under.read(&argv, wrappers) {
        Ok(read) => read,
        Err(fault @ (ReadFault::TooManyReadings(_) | ReadFault::TooDeep)) => {
            parts.push(unjudged::unknown(&argv, setup.world, setup.kinds, fault.to_string()));
            return Ok(());
        }
        Err(fault) => return Err(fault.into()),
    };
    for one in &read {
        let typed = Invocation { wrappers: wrappers.to_vec(), ..one.invocation.clone() }.wrap(argv.clone());
        match away::in_folder(&around, one) {
            Some(one) => {
                let around = Around { way: PathBuf::new(), ..around.clone() };
                part(&one, &typed, under.around(&around), parts);
            }
            None => part(one, &typed, under, parts),
        }
    }
    if command.unread {
        parts[before..].iter_mut().for_each(|part| part.starts = Starts::Unread);
    }
    Ok(())
}

fn unknown_word(word: &Word) -> Option<(OsString, String)> {
    match word {
        Word::Unknown { text, why } => Some((text.clone(), why.clone())),
        Word::Known(_) => None,
    }
}

fn exported((name, value): &(String, Word)) -> Option<(OsString, OsString)> {
    match value {
        Word::Known(value) => Some((name.into(), value.clone())),
        Word::Unknown { .. } => None,
    }
}

/// A file that `>` empties. One whose name is not known is still only one small file.
fn emptied(file: &Word, wrappers: &[Wrapper], under: Under<'_>, parts: &mut Vec<Part>) -> Result<(), Fault> {
    let Word::Known(file) = file else { return Ok(()) };
    let around = Around { unknown: Rc::default(), input: Input::Same, ..under.around.clone() };
    let argv = [REDIRECT.into(), away::joined(&around.way, file)];
    let around = Around { way: PathBuf::new(), ..around };
    let mut of_it = Vec::new();
    for understood in under.read(&argv, wrappers)? {
        if Match::find(&understood).is_some() {
            part(&understood, &argv, under.around(&around), &mut of_it);
        }
    }
    parts.extend(of_it.into_iter().filter(|part| !part.verdict.allows()));
    Ok(())
}

/// The first program with risky actions that a text names, where the text can't be read.
fn named_in(text: &OsString, setup: &Setup<'_>) -> Option<OsString> {
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

/// Judges what several commands of one text hit of the same kind by its sum: five hosts rebooted one
/// by one are five hosts. What they come to is told of the last of them.
pub fn together(judged: &mut [Vec<Part>], setup: &Setup<'_>) {
    let mut sums: BTreeMap<(Effect, String), Vec<(usize, usize)>> = BTreeMap::new();
    let mut hosts = HashSet::new();
    for (command, parts) in judged.iter().enumerate() {
        let mut widest: BTreeMap<(Effect, String), (usize, u64)> = BTreeMap::new();
        for (at, part) in parts.iter().enumerate() {
            let Some((effect, scope)) = part.effect.zip(part.scope.as_ref()) else { continue };
            // Of what only carries commands, the same host is one, however much it is given to do.
            if carries(part) && !scope.targets.iter().any(|host| hosts.insert(host.name.as_os_str())) {
                continue;
            }
            let most = widest.entry((effect, scope.kind.clone())).or_insert((at, 0));
            if scope.count >= most.1 {
                *most = (at, scope.count);
            }
        }
        for (key, (at, _)) in widest {
            sums.entry(key).or_default().push((command, at));
        }
    }
    for places in sums.into_values().filter(|places| places.len() > 1) {
        let scopes: Vec<&Scope> =
            places.iter().filter_map(|(command, at)| judged[*command][*at].scope.as_ref()).collect();
        let Some(sum) = sum(&scopes, setup) else { continue };
        let (command, at) = places[places.len() - 1];
        let last = &mut judged[command][at];
        let said = verdict(last, &sum, setup);
        if said.rung > last.verdict.rung {
            last.verdict = said;
            last.scope = Some(sum);
        }
    }
}

/// Tells whether a part is about the hosts of a carrier, and not about what an action does there.
fn carries(part: &Part) -> bool {
    part.found.as_ref().is_some_and(|found| found.effect().is_none()) && part.scope.is_some()
}

/// What some scopes come to; nothing where one of them is not known, which is judged already.
fn sum(scopes: &[&Scope], setup: &Setup<'_>) -> Option<Scope> {
    let (first, rest) = scopes.split_first()?;
    if scopes.iter().any(|scope| scope.certainty == Certainty::Unknown) {
        return None;
    }
    let mut sum = Scope {
        certainty: first.certainty,
        effect: first.effect,
        frozen: Frozen::Nothing,
        ..empty(&first.kind, setup.kinds)
    };
    for scope in scopes {
        sum.count = sum.count.saturating_add(scope.count);
        sum.targets.extend(scope.targets.iter().cloned());
        sum.sample.extend(scope.sample.iter().cloned());
        if scope.certainty != sum.certainty {
            let least = [scope.certainty, sum.certainty].contains(&Certainty::AtLeast);
            sum.certainty = if least { Certainty::AtLeast } else { Certainty::AtMost };
        }
    }
    sum.sample.truncate(20);
    sum.notes.push(format!("{} commands of one text together", rest.len() + 1));
    Some(sum)
}
