//! Names that git's configuration gives to commands: what they stand for, and where they run.
//!
//! Files alone tell in the plain case. Where variables, options, wrappers or included files may say
//! otherwise, git itself is asked; where it can't be, an error says so.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

use crate::read::{Invocation, Piece};
use crate::ui::escape::escape;
use crate::world::{Listing, World};

use super::config::Entry;
use super::{ELSEWHERE, WorkTree, configuration, git_folders, given, start};

/// How long git may take to say what its configuration holds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Returns what a name stands for that is none of git's own subcommands; `None` where it is no alias.
///
/// # Errors
/// Where neither files nor git can tell.
pub fn alias(invocation: &Invocation, name: &OsStr, world: &dyn World) -> Result<Option<OsString>, String> {
    if let Some(value) = on_the_line(invocation, name) {
        return Ok(Some(value));
    }
    if let Some(config) = by_files(invocation, world) {
        let called = |e: &&Entry| e.section == "alias" && is_called(e, name);
        return Ok(config.iter().rev().find(called).map(|e| OsString::from(&e.value)));
    }
    let mut key = OsString::from("alias.");
    key.push(name);
    // Code 1: there is none of this name, or none can have it.
    let output = asked(invocation, &["config".into(), "-z".into(), "--get".into(), key], &[1], world)
        .map_err(|why| format!("'{}' may be an alias, and {why}", escape(name)))?;
    match output.split_last() {
        None => Ok(None),
        Some((0, value)) => Ok(Some(OsString::from_vec(value.to_vec()))),
        Some(_) => Err(format!("'{}' is an alias, and what git says of it is cut short", escape(name))),
    }
}

/// Returns the folder that the shell text of an alias runs in: the top of the working tree.
///
/// # Errors
/// Where neither files nor git can tell.
pub fn top(invocation: &Invocation, world: &dyn World) -> Result<PathBuf, String> {
    if let Some(Some(tree)) = WorkTree::of(invocation, world) {
        return Ok(tree.top);
    }
    // Code 128: there is no working tree, so it stays where it is.
    let output = asked(invocation, &["rev-parse".into(), "--show-toplevel".into()], &[128], world)?;
    match output.split_last() {
        Some((b'\n', top)) => Ok(PathBuf::from(OsStr::from_bytes(top))),
        Some(_) => Err("what git says of its working tree is cut short".into()),
        None => Ok(given(invocation, "-C")
            .into_iter()
            .fold(world.session().cwd.clone(), |folder, next| folder.join(next))),
    }
}

/// The words of an alias, cut as git cuts them; `None` where it refuses to.
pub fn words(text: &OsStr) -> Option<Vec<OsString>> {
    let mut words = vec![Vec::new()];
    let mut quoted = None;
    let mut bytes = text.as_bytes().iter().copied().peekable();
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    while let Some(byte) = bytes.next() {
        let word = words.last_mut()?;
        match (byte, quoted) {
            (byte, None) if blank(&byte) => {
                while bytes.next_if(blank).is_some() {}
                words.push(Vec::new());
            }
            (b'\'' | b'"', None) => quoted = Some(byte),
            (_, Some(quote)) if byte == quote => quoted = None,
            (b'\\', None | Some(b'"')) => word.push(bytes.next()?),
            _ => word.push(byte),
        }
    }
    quoted.is_none().then(|| words.into_iter().map(OsString::from_vec).collect())
}

/// The last `-c alias.NAME=…` before the subcommand.
fn on_the_line(invocation: &Invocation, name: &OsStr) -> Option<OsString> {
    let one = |word: &&OsStr| {
        let bytes = word.as_bytes();
        let (key, value) = bytes.split_at(bytes.iter().position(|b| *b == b'=')?);
        let (section, named) = key.split_at_checked(b"alias.".len())?;
        let same = section.eq_ignore_ascii_case(b"alias.") && named.eq_ignore_ascii_case(name.as_bytes());
        same.then(|| OsStr::from_bytes(&value[1..]).to_owned())
    };
    given(invocation, "-c").iter().rev().find_map(one)
}

/// The configuration, where files alone tell all of it that may hold an alias.
fn by_files(invocation: &Invocation, world: &dyn World) -> Option<Vec<Entry>> {
    let includes = |word: &&OsStr| {
        let start = word.as_bytes().get(..b"include".len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(b"include"))
    };
    if given(invocation, "-c").iter().any(includes) {
        return None;
    }
    let elsewhere: Vec<&str> = ELSEWHERE.into_iter().filter(|name| *name != "-c").collect();
    let start = start(invocation, &elsewhere, world)?;
    let common = start.ancestors().find_map(|folder| git_folders(folder, world));
    // A bare repository has its configuration beside its HEAD.
    if common.is_none() && start.ancestors().any(|folder| world.file(&folder.join("HEAD")).is_some()) {
        return None;
    }
    let (config, includes) = configuration(common.map(|(_, common)| common.join("config")), world);
    (!includes).then_some(config)
}

/// Tells whether an entry of the section `alias` has this name, in which case does not count.
fn is_called(entry: &Entry, name: &OsStr) -> bool {
    let whole =
        if entry.name.is_empty() { entry.key.clone() } else { format!("{}.{}", entry.name, entry.key) };
    whole.as_bytes().eq_ignore_ascii_case(name.as_bytes())
}

/// Asks git, with the options that stand before the subcommand.
fn asked(
    invocation: &Invocation,
    words: &[OsString],
    codes: &[i32],
    world: &dyn World,
) -> Result<Vec<u8>, String> {
    let globals = invocation.pieces.iter().map_while(|piece| match piece {
        Piece::Option(given) => Some(given.words()),
        _ => None,
    });
    let mut argv = vec![invocation.program.clone()];
    argv.extend(globals.flatten());
    argv.extend_from_slice(words);
    let argv = invocation.carry(argv);
    world.list(&Listing { argv: &argv, patience: PATIENCE, codes, folder: None, variables: &[] })
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn an_alias_is_cut_as_git_cuts_it() {
        let cut = |text: &str| {
            let words = words(text.as_ref())?;
            Some(words.iter().map(|w| w.to_string_lossy().into_owned()).collect::<Vec<_>>())
        };
        let some = |words: &[&str]| Some(words.iter().map(|w| (*w).to_owned()).collect());
        assert_eq!(cut("reset  --hard"), some(&["reset", "--hard"]));
        assert_eq!(cut("log 'a b' \"c\\\"d\" e\\ f 'g\\'"), some(&["log", "a b", "c\"d", "e f", "g\\"]));
        assert_eq!(cut("push "), some(&["push", ""]));
        assert_eq!(cut("a''b"), some(&["ab"]));
        assert_eq!((cut("log 'a"), cut("log \\")), (None, None));
    }
}
