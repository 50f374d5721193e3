//! The SQL that a client is given: each statement is judged as a command of its own, and counted
//! through the client that would run it.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::read::shell::{Input, Word};
use crate::read::sql::{self, Statement};
use crate::read::{Fill, Match, Wrapper};
use crate::scope::place;
use crate::tool::SqlText;
use crate::world::Unfed;

use super::around::Around;
use super::decide::Setup;
use super::inner::{Carried, What};
use super::prints;

/// The name under which a tool file speaks of statements.
const STATEMENT: &str = "SQL";

/// Finds the statements that a client is given and that may hit something.
pub fn statements(found: &Match, around: &Around, setup: &Setup<'_>) -> Vec<Carried> {
    let Some(rules) = found.action().inner.as_ref().and_then(|inner| inner.sql.as_ref()) else {
        return Vec::new();
    };
    let wrappers = || through(found, rules, setup);
    let carried = |what| Carried { wrappers: wrappers(), what };
    let mut commands = Vec::new();
    for text in texts(found, rules, around, setup) {
        let read = text.and_then(|text| sql::statements(&text.to_string_lossy(), rules.dialect));
        match read {
            Err(why) => commands.push(carried(What::Open(why))),
            Ok(statements) => commands.extend(statements.into_iter().map(|statement| match statement {
                Statement::Unknown(why) => carried(What::Open(why)),
                Statement::Words(words) => {
                    let words = std::iter::once(STATEMENT.to_owned()).chain(words);
                    carried(What::Words(words.map(OsString::from).collect()))
                }
            })),
        }
    }
    commands
}

/// The texts that it is given, or why one is not known. None in a session, where they are typed.
fn texts(
    found: &Match,
    rules: &SqlText,
    around: &Around,
    setup: &Setup<'_>,
) -> Vec<Result<OsString, String>> {
    let mut texts = Vec::new();
    for given in found.invocation.options() {
        let value = || given.values.last().cloned().unwrap_or_default();
        if rules.text.iter().any(|name| name.same(&given.name)) {
            texts.push(Ok(value()));
        } else if rules.files.iter().any(|name| name.same(&given.name)) {
            let file = value();
            texts.extend(if file == "-" {
                input(found, around, setup)
            } else {
                Some(held(&file, found, around, setup))
            });
        }
    }
    let operands = found.operands();
    let range = rules.operands.map(|range| range.indices(operands.len()));
    texts.extend(range.into_iter().flatten().map(|at| Ok(operands[at].to_owned())));
    if texts.is_empty() { input(found, around, setup).into_iter().collect() } else { texts }
}

/// What a file of SQL holds.
fn held(file: &OsStr, found: &Match, around: &Around, setup: &Setup<'_>) -> Result<OsString, String> {
    let shown = crate::ui::escape(file);
    if found.invocation.elsewhere() {
        return Err(format!("it reads {shown} over there"));
    }
    if around.is_unknown(file) || around.lost.is_some() {
        return Err("the file that it reads is not known".into());
    }
    let path = setup.world.session().cwd.join(Path::new(file));
    setup.world.fed(Some(&path)).map(|bytes| text_of(&bytes)).map_err(|why| why.to_string())
}

/// What it reads from its standard input; nothing where that is a terminal.
fn input(found: &Match, around: &Around, setup: &Setup<'_>) -> Option<Result<OsString, String>> {
    let unknown = || Some(Err("the SQL that it reads is not known before it runs".to_owned()));
    match &around.input {
        Input::Text(word) => match &**word {
            Word::Known(text) => Some(Ok(text.clone())),
            Word::Unknown { .. } => unknown(),
        },
        Input::Pipe => match around.feeder.as_ref().and_then(|argv| prints::held(argv, setup.world)) {
            Some(bytes) if !found.invocation.elsewhere() && around.lost.is_none() => {
                Some(Ok(text_of(&bytes)))
            }
            _ => unknown(),
        },
        Input::File => unknown(),
        // In a text the terminal of the shell around it is typed at, as far as anybody can say.
        Input::Same if found.invocation.wrappers.iter().any(|wrapper| wrapper.shell) => None,
        Input::Same => match setup.world.fed(None) {
            Ok(bytes) => Some(Ok(text_of(&bytes))),
            Err(Unfed::Typed) => None,
            Err(Unfed::Whole(_)) if !setup.world.lists() => None,
            Err(why) => Some(Err(why.to_string())),
        },
    }
}

fn text_of(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(bytes).to_owned()
}

/// The wrappers of a statement: those around the client, and the client itself.
fn through(found: &Match, rules: &SqlText, setup: &Setup<'_>) -> Vec<Wrapper> {
    let mut wrappers = found.invocation.wrappers.clone();
    wrappers.push(Wrapper {
        tool: found.file.tool.names[0].clone(),
        words: found.invocation.argv(),
        listing: found.fill(&rules.probe, &Fill::default()),
        carries: true,
        elsewhere: true,
        place: place(found, setup.world).name,
        shell: false,
        adds: false,
        // The client runs all it is given; no statement is run by itself.
        more: true,
        folder: None,
        assignments: Vec::new(),
    });
    wrappers
}
