//! guard under guard: `guard guard rm …`, `guard --plan guard rm …`, `guard --plan sudo guard rm …`.
//!
//! A guard without options of its own becomes the inner one, which decides and asks once. One with
//! options takes the inner guard's word away, so that a plan, a number or an outcome is that of the
//! command and not of a guard that nothing calls risky.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::cli::{self, Options};
use crate::read::{Library, program_name, read};
use crate::world::exec::find_here;

use super::Fault;

/// Tells whether a command starts this very program. Another one named guard is none of ours.
pub fn is_guard(command: &[OsString]) -> bool {
    let Some(word) = command.first().filter(|word| program_name(word) == "guard") else { return false };
    let file = |path: &std::path::Path| fs::metadata(path).map(|meta| (meta.dev(), meta.ino())).ok();
    let found = find_here(word).ok().and_then(|path| file(&path));
    found.is_some() && found == file("/proc/self/exe".as_ref())
}

/// Finds where among the words of a command an inner guard stands, behind any wrappers.
fn inner(command: &[OsString], shelf: &dyn Library) -> Option<usize> {
    if is_guard(command) {
        return Some(0);
    }
    // Reading costs more than a look at the words, and most commands have no guard inside.
    if !command.iter().any(|word| program_name(word) == "guard") {
        return None;
    }
    read(command, shelf).ok()?.iter().find_map(|understood| {
        let words = understood.invocation.argv();
        let at = command.len().checked_sub(words.len())?;
        (is_guard(&words) && command[at..] == words).then_some(at)
    })
}

/// The options with inner guards peeled off their command.
pub fn peeled<'o>(options: &'o Options, shelf: &dyn Library) -> Result<Cow<'o, Options>, Fault> {
    let mut options = Cow::Borrowed(options);
    while let Some(at) = (!options.is_plain()).then(|| inner(&options.command, shelf)).flatten() {
        let inner = cli::parse(options.command[at..].to_vec())
            .map_err(|fault| Fault::Usage(cli::wrong_usage("guard", &fault).replacen("guard: ", "", 1)))?;
        if !inner.is_plain() {
            return Err(Fault::Usage("guard stands twice, both times with options: give them once".into()));
        }
        options.to_mut().command.splice(at.., inner.command);
    }
    Ok(options)
}
