//! What GNU parallel runs, judged with the very texts that it gives to a shell.
//!
//! Like xargs in `fed`: a command that no item could make risky leaves its input untouched.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::judge::{Part, Rung};
use crate::read::shell::{self, Command, Folder, Input, Word};
use crate::read::{Jobs, Match, Origin, Wrapper};
use crate::tool::Freeze;
use crate::world::Unfed;

use super::around::Around;
use super::decide::{Depth, Setup, part};
use super::fed::{could_be_risky, holds, input, joined, puts_in_text, removed};
use super::known;
use super::text::{text, together};
use super::under::Under;

/// What stands for an item in a text that has none yet.
const MARK: &[u8] = b"{}";

/// Judges what a parallel runs, with what it would read.
///
/// # Errors
/// Where that is not known, or not what becomes of it.
pub fn jobs(
    found: &Match,
    wrappers: &[Wrapper],
    under: Under<'_>,
    parts: &mut Vec<Part>,
) -> Result<(), String> {
    let Under { around, ref setup, .. } = under;
    let tool = &found.file.tool.names[0];
    let adds = |why: String| format!("{tool} makes commands of what it reads, and {why}");
    let mut typed = found
        .operands()
        .into_iter()
        .chain(found.invocation.options().flat_map(|given| given.values.iter().map(OsString::as_os_str)));
    if let Some(word) = typed.find(|word| around.is_unknown(word)) {
        return Err(adds(format!("the word {} is not known", crate::ui::escape(word))));
    }
    if let Some(why) = configured(found, setup) {
        return Err(adds(why));
    }
    let jobs = Jobs::of(&found.invocation).map_err(adds)?;
    // The first job reads what parallel itself does not.
    let own_input = jobs.origins().any(|origin| *origin == Origin::Input);
    let inner =
        Around { input: if own_input { Input::File } else { around.input.clone() }, ..around.clone() };
    let under = under.around(&inner);
    let marked = Marked::of(&jobs, wrappers, under);
    if let Some(marked) = marked.as_ref().filter(|marked| marked.harmless) {
        return text(&marked.text, Vec::new(), wrappers, under, parts);
    }
    let held = match held(&jobs, found, around, setup) {
        Ok(held) => held,
        Err(unfed) => {
            let Some(marked) = marked else { return Err(adds(unfed.to_string())) };
            let why = adds(unfed.to_string());
            return marked.unseen(&jobs, (found, wrappers, &why), under, parts);
        }
    };
    let texts = jobs.texts(&held).map_err(adds)?;
    let whole = found.invocation.wrap(found.invocation.argv());
    let mut judged = match as_one(&texts, wrappers, under)? {
        Some(all) => {
            let mut of_it = Vec::new();
            let read = under.read(&all, wrappers).map_err(|fault| fault.to_string())?;
            read.iter().for_each(|one| part(one, &whole, under, &mut of_it));
            vec![of_it]
        }
        None if jobs.packed && texts.len() > 1 => {
            return Err(adds("which of its items go together is not known".into()));
        }
        None => each(&texts, wrappers, under)?,
    };
    together(&mut judged, setup);
    let all = judged.into_iter().flatten();
    // What runs is made by parallel, which can't be given other words.
    parts.extend(all.map(|part| Part { freeze: Freeze::None, argv: whole.clone(), ..part }));
    Ok(())
}

/// Judges texts one by one.
fn each(texts: &[Vec<u8>], wrappers: &[Wrapper], under: Under<'_>) -> Result<Vec<Vec<Part>>, String> {
    let mut judged = Vec::new();
    for one in texts {
        let mut of_one = Vec::new();
        let one = OsStr::from_bytes(one).to_owned();
        text(&one, Vec::new(), wrappers, under, &mut of_one)?;
        let denied = of_one.iter().any(|part| part.verdict.rung == Rung::Deny);
        judged.push(of_one);
        if denied && under.depth != Depth::Full {
            break;
        }
    }
    Ok(judged)
}

/// What each origin of its items holds.
fn held(jobs: &Jobs, found: &Match, around: &Around, setup: &Setup<'_>) -> Result<Vec<Rc<Vec<u8>>>, Unfed> {
    let held = jobs.origins().map(|origin| match origin {
        Origin::Words(_) => Ok(Rc::default()),
        Origin::File(file) => input(Some(file), found, around, setup),
        Origin::Input => input(None, found, around, setup),
    });
    held.collect()
}

/// Why options that stand elsewhere may change what it does.
fn configured(found: &Match, setup: &Setup<'_>) -> Option<String> {
    if found.invocation.options().any(|given| given.name.has("--plain")) {
        return None;
    }
    let set = |name: &str| {
        let here = setup.world.variable(name).is_some_and(|value| !value.is_empty());
        let there = found.invocation.assignments();
        here || there.into_iter().any(|word| word.as_bytes().starts_with(name.as_bytes()))
    };
    if let Some(name) = ["PARALLEL", "PARALLEL_HOME"].into_iter().find(|name| set(name)) {
        return Some(format!("${name} gives it options that are not followed"));
    }
    let home = setup.world.session().home.clone();
    let own = home.iter().flat_map(|home| [".parallel/config", ".parallelrc"].map(|file| home.join(file)));
    let config = setup.world.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| home.as_ref().map(|home| home.join(".config")));
    let config = config.map(|folder| folder.join("parallel/config"));
    let mut files = own.chain(config).chain([Path::new("/etc/parallel/config").to_owned()]);
    let says = |file: &PathBuf| setup.world.file(file).is_some_and(|text| !text.trim_ascii().is_empty());
    let file = files.find(says)?;
    Some(format!("{} gives it options that are not followed", crate::ui::escape(&file)))
}

/// The command with a mark in the place of each item, where an item is (a part of) one word of it.
struct Marked {
    text: OsString,
    commands: Vec<Command>,
    /// True where no item could make it risky.
    harmless: bool,
}

impl Marked {
    fn of(jobs: &Jobs, wrappers: &[Wrapper], under: Under<'_>) -> Option<Self> {
        let text = jobs.template.marked()?;
        let shell = known::reached(under.setup.world, wrappers);
        let commands = shell::commands(&text, shell.as_ref(), None).ok()?.list;
        let mut harmless = true;
        for command in &commands {
            let argv = known_words(command)?;
            let program = argv.first().is_some_and(|program| holds(program, MARK));
            let empties = command.empties.iter().any(|file| holds(&shell::shown(file), MARK));
            // What follows the words can't be a part of them.
            let words = argv.strip_suffix(&["{}".into()]).filter(|_| jobs.template.appended);
            let mark = words.is_none().then_some(MARK);
            let words = words.unwrap_or(&argv);
            let read = under.read(words, wrappers).ok()?;
            if program || read.iter().any(|one| puts_in_text(one, Some(MARK))) {
                return None;
            }
            harmless &= !empties && !read.iter().any(|one| could_be_risky(one, wrappers.len(), mark));
        }
        let harmless = harmless && under.around.open.is_none();
        Some(Self { text: OsString::from_vec(text), commands, harmless })
    }

    /// Judges it with items that nobody has seen.
    fn unseen(
        &self,
        jobs: &Jobs,
        (found, wrappers, why): (&Match, &[Wrapper], &str),
        under: Under<'_>,
        parts: &mut Vec<Part>,
    ) -> Result<(), String> {
        let alone = match &self.commands[..] {
            [command] => plain(command),
            _ => None,
        };
        let words = alone.as_ref().and_then(|argv| argv.strip_suffix(&["{}".into()]));
        let only_input = jobs.origins().eq([&Origin::Input]);
        if let Some(argv) = words.filter(|_| only_input).and_then(|words| removed(words, under.around)) {
            let whole = found.invocation.wrap(found.invocation.argv());
            let inner = Around { feeder: None, ..under.around.clone() };
            let read = under.read(&argv, &found.invocation.wrappers).map_err(|fault| fault.to_string())?;
            read.iter().for_each(|one| part(one, &whole, under.around(&inner), parts));
            return Ok(());
        }
        let words = self.commands.iter().flat_map(|command| &command.words).map(shell::shown);
        let unknown = words.filter(|word| holds(word, MARK)).map(|word| (word, why.to_owned())).collect();
        let inner = under.around.and(unknown, None, None);
        let mut wrappers = wrappers.to_vec();
        if let Some(parallel) = wrappers.last_mut() {
            parallel.adds = jobs.packed;
        }
        text(&self.text, Vec::new(), &wrappers, under.around(&inner), parts)
    }
}

fn known_words(command: &Command) -> Option<Vec<OsString>> {
    let known = |word: &Word| match word {
        Word::Known(text) => Some(text.clone()),
        Word::Unknown { .. } => None,
    };
    command.words.iter().map(known).collect()
}

/// The words of a command that is nothing but its words.
fn plain(command: &Command) -> Option<Vec<OsString>> {
    let plain = command.assignments == 0
        && command.exported.is_empty()
        && command.empties.is_empty()
        && command.input == Input::Same
        && command.repeats.is_none()
        && matches!(&command.folder, Folder::Way(way) if way.as_os_str().is_empty());
    plain.then(|| known_words(command)).flatten()
}

/// All texts as one command, where they differ in one target alone.
fn as_one(
    texts: &[Vec<u8>],
    wrappers: &[Wrapper],
    under: Under<'_>,
) -> Result<Option<Vec<OsString>>, String> {
    let shell = known::reached(under.setup.world, wrappers);
    let mut all: Vec<Vec<OsString>> = Vec::new();
    for text in texts {
        let Ok(commands) = shell::commands(text, shell.as_ref(), None) else { return Ok(None) };
        let one = match &commands.list[..] {
            [command] if commands.alone => plain(command),
            _ => None,
        };
        let Some(argv) = one.filter(|argv| all.first().is_none_or(|first| first.len() == argv.len())) else {
            return Ok(None);
        };
        all.push(argv);
    }
    let [first, second, ..] = &all[..] else { return Ok(None) };
    let Some(at) = (1..first.len()).find(|at| first[*at] != second[*at]) else { return Ok(None) };
    let same = |argv: &Vec<OsString>| argv[..at] == first[..at] && argv[at + 1..] == first[at + 1..];
    if !all.iter().all(same) {
        return Ok(None);
    }
    let items: Vec<OsString> = all.iter().map(|argv| argv[at].clone()).collect();
    let joint: Vec<OsString> = first[..at].iter().chain(&items).chain(&first[at + 1..]).cloned().collect();
    let read = |argv: &[OsString]| under.read(argv, wrappers).map_err(|fault| fault.to_string());
    Ok(joined(first, &joint, &items, &read)?.then_some(joint))
}
