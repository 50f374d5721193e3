//! Peels wrappers off a command line and reads what is left by its tool's grammar.

use std::ffi::{OsStr, OsString};
use std::rc::Rc;

use crate::tool::{OptionName, ToolFile};

use super::invocation::{Invocation, Piece, Wrapper, program_name};
use super::options::{MOST_READINGS, Reading, is_assignment, readings};

/// More commands inside one another than this count as not understood.
const DEEPEST: usize = 16;

/// Where tool files come from.
pub trait Library {
    /// Returns the tool file that speaks for a program, or why the one that should can't be read.
    fn tool(&self, program: &str) -> Result<Option<Rc<ToolFile>>, String>;
}

/// One way to read a command line: the wrappers, and the command they run.
#[derive(Debug, Clone)]
pub struct Understood {
    /// The command as read.
    pub invocation: Invocation,
    /// Its tool file; `None` where no file names the program.
    pub tool: Option<Rc<ToolFile>>,
}

impl Understood {
    /// The same as if further words stood for the `unknown` ones, or behind it where a wrapper adds
    /// words: nobody can say that an action is not meant that asks for more of them.
    #[must_use]
    pub fn with_any(&self, unknown: &dyn Fn(&OsStr) -> bool) -> Option<Self> {
        const ANY: &str = "any/any";
        let mut invocation = self.invocation.clone();
        let adds = invocation.wrappers.iter().any(|wrapper| wrapper.adds);
        let mut changed = adds;
        for piece in &mut invocation.pieces {
            if matches!(piece, Piece::Operand(word) if unknown(word)) {
                *piece = Piece::Operand(ANY.into());
                changed = true;
            }
        }
        if adds {
            invocation.pieces.extend([ANY, ANY].map(|word| Piece::Operand(word.into())));
        }
        changed.then(|| Self { invocation, tool: self.tool.clone() })
    }
}

/// Why a command line can't be read. The scope is unknown then, never small.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadFault {
    /// There is no command.
    #[error("no command is given")]
    Empty,
    /// Too many options that the tool file does not list.
    #[error("{0} has too many options that guard's tool file does not list to follow what they could mean")]
    TooManyReadings(String),
    /// Too many commands inside one another.
    #[error("more than {DEEPEST} commands stand inside one another")]
    TooDeep,
    /// A tool file can't be used.
    #[error("{0}")]
    Tool(String),
}

/// Reads a command line every way it could be meant.
///
/// Leading `NAME=value` words are taken as the shell takes them. The list is never empty.
pub fn read(argv: &[OsString], library: &dyn Library) -> Result<Vec<Understood>, ReadFault> {
    let mut out = Vec::new();
    let assigned = argv.iter().take_while(|w| is_assignment(w)).count();
    let mut wrappers = Vec::new();
    if assigned > 0 {
        wrappers.push(assignments_as_env(&argv[..assigned]));
    }
    follow(&argv[assigned..], wrappers, library, 0, &mut out)?;
    Ok(out)
}

/// Reads a command that stands inside others.
pub fn read_inside(
    argv: &[OsString],
    wrappers: Vec<Wrapper>,
    library: &dyn Library,
) -> Result<Vec<Understood>, ReadFault> {
    let mut out = Vec::new();
    let mut wrappers = wrappers;
    let depth = wrappers.len();
    let assigned = argv.iter().take_while(|w| is_assignment(w)).count();
    if assigned > 0 {
        wrappers.push(assignments_as_env(&argv[..assigned]));
    }
    follow(&argv[assigned..], wrappers, library, depth, &mut out)?;
    Ok(out)
}

fn assignments_as_env(words: &[OsString]) -> Wrapper {
    let argv: Vec<OsString> = std::iter::once(OsString::from("env")).chain(words.iter().cloned()).collect();
    Wrapper {
        tool: "env".into(),
        words: argv.clone(),
        listing: argv,
        carries: true,
        elsewhere: false,
        place: String::new(),
        shell: false,
        adds: false,
        more: false,
        assignments: words.to_vec(),
        folder: None,
    }
}

fn follow(
    argv: &[OsString],
    wrappers: Vec<Wrapper>,
    library: &dyn Library,
    depth: usize,
    out: &mut Vec<Understood>,
) -> Result<(), ReadFault> {
    if depth > DEEPEST {
        return Err(ReadFault::TooDeep);
    }
    if out.len() >= MOST_READINGS {
        // Every wrapper may multiply the readings of what it runs.
        return Err(ReadFault::TooManyReadings(
            argv.first().map_or_else(String::new, |p| program_name(p).to_owned()),
        ));
    }
    let (program, words) = argv.split_first().ok_or(ReadFault::Empty)?;
    let name = program_name(program);
    let Some(file) = library.tool(name).map_err(ReadFault::Tool)? else {
        out.push(Understood { invocation: bare(program, words, wrappers), tool: None });
        return Ok(());
    };
    let all = readings(&file.tool, words).map_err(|_| ReadFault::TooManyReadings(name.to_owned()))?;
    for reading in all {
        if let Some(words) = split_text(&file, &reading, words) {
            let argv: Vec<OsString> = std::iter::once(program.clone()).chain(words).collect();
            follow(&argv, wrappers.clone(), library, depth + 1, out)?;
            continue;
        }
        match command_at(&file, &reading) {
            Some(at) => {
                let mut wrappers = wrappers.clone();
                let far = wrappers.iter().any(|wrapper| wrapper.elsewhere);
                wrappers.push(peel(&file, name, &argv[..=at], &reading, far));
                follow(&words[at..], wrappers, library, depth + 1, out)?;
            }
            None => {
                let reading = reading.with_rest(words);
                out.push(Understood {
                    invocation: Invocation {
                        wrappers: wrappers.clone(),
                        program: program.clone(),
                        pieces: reading.pieces,
                        unlisted: reading.unlisted,
                        style: file.tool.style,
                    },
                    tool: Some(Rc::clone(&file)),
                });
            }
        }
    }
    Ok(())
}

/// Returns the words of a wrapper with the text of its `split` option split into words in its
/// place; `None` where there is no such option, or its text is more than plain words.
fn split_text(file: &ToolFile, reading: &Reading, rest: &[OsString]) -> Option<Vec<OsString>> {
    let name = file.tool.wrapper.as_ref()?.split.as_ref()?;
    let mut words = Vec::new();
    let mut found = false;
    for piece in &reading.pieces {
        match piece {
            Piece::Option(given) if !found && given.name.same(name) => {
                let text = given.values.first()?.to_str()?;
                if text.contains(['\\', '$', '#', '\'', '"']) {
                    return None;
                }
                words.extend(text.split_ascii_whitespace().map(OsString::from));
                found = true;
            }
            Piece::Option(given) => words.extend(given.words()),
            Piece::Operand(word) | Piece::Assignment(word) => words.push(word.clone()),
            Piece::Separator => words.push("--".into()),
        }
    }
    found.then(|| {
        words.extend_from_slice(&rest[reading.left..]);
        words
    })
}

/// Returns where among the words the command begins that a wrapper runs.
fn command_at(file: &ToolFile, reading: &Reading) -> Option<usize> {
    let wrapper = file.tool.wrapper.as_ref()?;
    let probe = Invocation {
        wrappers: Vec::new(),
        program: OsString::new(),
        pieces: reading.pieces.clone(),
        unlisted: Vec::new(),
        style: file.tool.style,
    };
    if wrapper.unless.iter().any(|condition| probe.holds(condition, 0)) {
        return None;
    }
    reading.places.get(wrapper.skip).copied()
}

/// The wrapper itself. What is listed on this side starts in its folder, so it need not be led there again.
fn peel(file: &ToolFile, name: &str, words: &[OsString], reading: &Reading, far: bool) -> Wrapper {
    let assignments = reading
        .pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Assignment(word) => Some(word.clone()),
            _ => None,
        })
        .collect();
    let facts = file.tool.wrapper.as_ref();
    let leads = facts.and_then(|wrapper| wrapper.folder.as_ref());
    let folder = leads.and_then(|name| last_value(reading, name));
    let root = facts.and_then(|wrapper| wrapper.root.as_ref()).and_then(|name| last_value(reading, name));
    let far = far || root.is_some();
    let listing = match leads.filter(|_| folder.is_some() && !far) {
        Some(leads) => without(&words[0], reading, leads),
        None => words.to_vec(),
    };
    Wrapper {
        tool: name.to_owned(),
        words: words.to_vec(),
        listing,
        carries: facts.is_some_and(|wrapper| wrapper.carries),
        elsewhere: root.is_some(),
        place: root.map_or_else(String::new, |root| root.to_string_lossy().into_owned()),
        shell: false,
        adds: false,
        more: false,
        assignments,
        folder,
    }
}

fn last_value(reading: &Reading, name: &OptionName) -> Option<OsString> {
    let mut given = reading.pieces.iter().filter_map(|piece| match piece {
        Piece::Option(given) if given.name.same(name) => given.values.first().cloned(),
        _ => None,
    });
    given.next_back()
}

/// The words of a wrapper up to the command, without an option.
fn without(program: &OsStr, reading: &Reading, name: &OptionName) -> Vec<OsString> {
    // The last word that was read is the command.
    let pieces = &reading.pieces[..reading.pieces.len().saturating_sub(1)];
    let stays = |piece: &&Piece| !matches!(piece, Piece::Option(given) if given.name.same(name));
    let pieces = pieces.iter().filter(stays).cloned().collect();
    let style = crate::tool::Style::Gnu;
    let program = program.to_owned();
    Invocation { wrappers: Vec::new(), program, pieces, unlisted: Vec::new(), style }.argv()
}

/// A program that no tool file names: its words stay words.
fn bare(program: &OsStr, words: &[OsString], wrappers: Vec<Wrapper>) -> Invocation {
    Invocation {
        wrappers,
        program: program.to_owned(),
        pieces: words.iter().cloned().map(Piece::Operand).collect(),
        unlisted: Vec::new(),
        style: crate::tool::Style::Gnu,
    }
}
