//! Names that people gave to commands of a tool (`git co`, `git undo`), judged by what they stand for.
//!
//! The tool's own subcommands cost nothing here: no configuration is read for them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::judge::{Part, Starts};
use crate::read::{Invocation, Piece, Understood, Wrapper};
use crate::scope::{alias, alias_words, top};
use crate::tool::AliasesBy;
use crate::world::Moved;

use super::around::Around;
use super::decide::{Setup, harmless, part};
use super::text::text;
use super::under::Under;

/// Aliases that lead to one another at the most; git itself refuses those that come round.
const MOST: usize = 10;

/// Judges a command whose subcommand is an alias; false where it is none.
///
/// # Errors
/// Where what it stands for can't be known.
pub fn aliased(
    understood: &Understood,
    argv: &[OsString],
    under: Under<'_>,
    parts: &mut Vec<Part>,
) -> Result<bool, String> {
    let Under { around, ref setup, .. } = under;
    let invocation = &understood.invocation;
    let Some(name) = given_name(understood).filter(|name| !around.is_unknown(name)) else { return Ok(false) };
    let Some(value) = alias(invocation, name, setup.world)? else { return Ok(false) };
    if around.aliases >= MOST {
        return Err("more than ten aliases lead to one another".into());
    }
    let around = Around { aliases: around.aliases + 1, ..around.clone() };
    if let Some(rest) = value.as_encoded_bytes().strip_prefix(b"!") {
        // What follows an ASCII byte is whole.
        let of = OsStr::from_bytes(rest);
        return shell(understood, of, argv, under.around(&around), parts).map(|()| true);
    }
    let words = alias_words(&value).ok_or("git can't read the alias")?;
    let words = replaced(invocation, words);
    let read = under.read(&words, &invocation.wrappers);
    for one in &read.map_err(|fault| fault.to_string())? {
        part(one, argv, under.around(&around), parts);
    }
    Ok(true)
}

/// The first word of a command of a tool that knows aliases, where it is no subcommand of its own.
fn given_name(understood: &Understood) -> Option<&OsStr> {
    let aliases = understood.tool.as_ref()?.tool.aliases.as_ref()?;
    let AliasesBy::Git = aliases.by;
    let name = understood.invocation.words().next()?;
    aliases.own.iter().all(|own| name != own.as_str()).then_some(name)
}

/// The words of the tool with the words of the alias in the place of its name.
fn replaced(invocation: &Invocation, words: Vec<OsString>) -> Vec<OsString> {
    let mut words = Some(words);
    let mut argv = vec![invocation.program.clone()];
    for piece in &invocation.pieces {
        match piece {
            Piece::Operand(word) => argv.extend(words.take().unwrap_or_else(|| vec![word.clone()])),
            Piece::Assignment(word) => argv.push(word.clone()),
            Piece::Option(given) => argv.extend(given.words()),
            Piece::Separator => argv.push("--".into()),
        }
    }
    argv
}

/// Judges an alias that is shell text: it runs at the top of the working tree, with the words behind it as
/// its arguments.
fn shell(
    understood: &Understood,
    of: &OsStr,
    argv: &[OsString],
    under: Under<'_>,
    parts: &mut Vec<Part>,
) -> Result<(), String> {
    let Under { around, setup, depth } = under;
    let invocation = &understood.invocation;
    let far = invocation.elsewhere();
    let (folder, lost) = match top(invocation, setup.world) {
        Ok(_) if far => (None, Some("it runs at the top of a working tree over there".to_owned())),
        Ok(folder) => (Some(folder), None),
        Err(why) => (None, Some(why)),
    };
    let moved = folder.map(|folder| Moved::new(setup.world, folder, Vec::new()));
    let setup = moved.as_ref().map_or(setup, |moved| Setup { world: moved, ..setup });
    let arguments: Vec<OsString> = invocation.words().skip(1).map(OsStr::to_owned).collect();
    let mut of = of.to_owned();
    if !arguments.is_empty() {
        of.push(" \"$@\"");
    }
    let mut wrappers = invocation.wrappers.clone();
    wrappers.push(Wrapper {
        tool: invocation.name().to_owned(),
        words: vec!["sh".into(), "-c".into()],
        listing: Vec::new(),
        carries: false,
        elsewhere: false,
        place: String::new(),
        shell: true,
        adds: false,
        // It runs in another folder than what is typed.
        more: true,
        assignments: Vec::new(),
        folder: None,
    });
    let before = parts.len();
    let around = around.and(Vec::new(), None, lost);
    text(&of, arguments, &wrappers, Under { around: &around, setup, depth }, parts)?;
    if parts.len() == before {
        let nothing = Part { starts: Starts::Unread, ..harmless(understood, &setup) };
        parts.push(Part { argv: argv.to_vec(), ..nothing });
    }
    Ok(())
}
