//! Words of plain shell text as the shell would hand them over: variables, home folders, patterns.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::read::{Bit, NotPlain, Plain, plain};
use crate::world::World;

use super::pattern;

/// Builtins after which variables and options are no longer what they were.
const CHANGING: [&str; 16] = [
    "export", "declare", "typeset", "local", "readonly", "unset", "set", "shopt", "read", "mapfile", "pushd",
    "popd", "unalias", "enable", "trap", "umask",
];

/// Splits shell text into commands, and refuses lists whose later commands can't be foreseen.
pub fn commands(text: &[u8]) -> Result<Vec<Plain>, NotPlain> {
    let commands = plain(text)?;
    if let Some((_, before)) = commands.split_last()
        && before.iter().any(|command| !command.apart && changes(command))
    {
        return Err(NotPlain("changes what the commands after it see"));
    }
    let moves = commands.iter().any(|command| named(command) == Some(b"cd"));
    if moves && commands.iter().any(|command| command.otherwise) {
        return Err(NotPlain("may or may not change the folder"));
    }
    Ok(commands)
}

/// Variables set alone, or a builtin that changes the shell itself.
fn changes(command: &Plain) -> bool {
    only_assigns(command) || CHANGING.iter().any(|word| named(command) == Some(word.as_bytes()))
}

/// True where all words are `NAME=value`.
pub fn only_assigns(command: &Plain) -> bool {
    command.words.iter().all(|word| is_assignment(word))
}

fn named(command: &Plain) -> Option<&[u8]> {
    match command.words.first().map(Vec::as_slice) {
        Some([Bit::Bare(text) | Bit::Quoted(text)]) => Some(text),
        _ => None,
    }
}

fn is_assignment(word: &[Bit]) -> bool {
    let Some(Bit::Bare(text)) = word.first() else { return false };
    let name = text.split(|b| *b == b'=').next().unwrap_or_default();
    name.len() < text.len()
        && !name.is_empty()
        && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// The folder that a `cd` leads the commands after it to.
pub fn moves(command: &Plain, argv: &[OsString]) -> Option<PathBuf> {
    let [cd, folder] = argv else { return None };
    (cd == "cd" && !command.apart).then(|| PathBuf::from(folder))
}

/// Expands the words of a command.
pub fn words(command: &Plain, world: &dyn World) -> Result<Vec<OsString>, NotPlain> {
    let mut argv = Vec::new();
    for word in &command.words {
        if is_pattern(word) && !is_assignment(word) {
            argv.extend(pattern::matches(&expand(word, world, true)?, world)?);
        } else {
            argv.push(OsString::from_vec(expand(word, world, false)?));
        }
    }
    let cd = argv.first().is_some_and(|name| name == "cd");
    let plain_cd = argv.len() == 2 && !argv[1].as_bytes().starts_with(b"-") && !argv[1].is_empty();
    if cd && !plain_cd {
        return Err(NotPlain("changes to a folder that it does not name"));
    }
    Ok(argv)
}

fn is_pattern(word: &[Bit]) -> bool {
    let special = |text: &[u8]| text.iter().any(|b| matches!(b, b'*' | b'?' | b'['));
    word.iter().any(|bit| matches!(bit, Bit::Bare(text) if special(text)))
}

/// The bytes of a word; with `escape`, those that are no pattern are marked so.
fn expand(word: &[Bit], world: &dyn World, escape: bool) -> Result<Vec<u8>, NotPlain> {
    let literal = |text: &[u8]| if escape { pattern::escaped(text) } else { text.to_owned() };
    let mut out = Vec::new();
    for (at, bit) in word.iter().enumerate() {
        match bit {
            Bit::Quoted(text) => out.extend(literal(text)),
            Bit::Bare(text) => {
                let home = (at == 0).then(|| home(text, word.len() == 1, world)).transpose()?.flatten();
                out.extend(home.unwrap_or_else(|| text.clone()));
            }
            Bit::Variable { name, quoted } => out.extend(literal(&variable(name, *quoted, world)?)),
        }
    }
    Ok(out)
}

/// `~` and `~/…`.
fn home(text: &[u8], whole: bool, world: &dyn World) -> Result<Option<Vec<u8>>, NotPlain> {
    let Some(rest) = text.strip_prefix(b"~") else { return Ok(None) };
    if !(rest.starts_with(b"/") || rest.is_empty() && whole) {
        return Err(NotPlain("names another person's home folder"));
    }
    let home = world.session().home.as_ref().ok_or(NotPlain("names a home folder that is not known"))?;
    Ok(Some([home.as_os_str().as_bytes(), rest].concat()))
}

/// A variable that is set, and without quotes one that stays a single plain word.
fn variable(name: &str, quoted: bool, world: &dyn World) -> Result<Vec<u8>, NotPlain> {
    let pwd = || world.session().cwd.clone().into_os_string();
    let value = if name == "PWD" { Some(pwd()) } else { world.variable(name) };
    let value = value.ok_or(NotPlain("uses a variable that is not set"))?;
    let splits =
        |value: &OsStr| value.as_bytes().iter().any(|b| b" \t\n*?[\\".contains(b)) || value.is_empty();
    if !quoted && splits(&value) {
        return Err(NotPlain("uses a variable without quotes that is not one plain word"));
    }
    Ok(value.into_vec())
}
