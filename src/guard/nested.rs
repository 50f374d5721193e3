//! guard under guard: `guard guard rm …`, and `guard --plan guard rm …`.
//!
//! A guard without options of its own becomes the inner one, which decides and asks once. One with
//! options takes the inner guard's word away, so that a plan, a number or an outcome is that of the
//! command and not of a guard that nothing calls risky.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::cli::{self, Options};
use crate::read::program_name;
use crate::world::exec::find_here;

use super::Fault;

/// Tells whether a command starts this very program. Another one named guard is none of ours.
pub fn is_guard(command: &[OsString]) -> bool {
    let Some(word) = command.first().filter(|word| program_name(word) == "guard") else { return false };
    let file = |path: &std::path::Path| fs::metadata(path).map(|meta| (meta.dev(), meta.ino())).ok();
    let found = find_here(word).ok().and_then(|path| file(&path));
    found.is_some() && found == file("/proc/self/exe".as_ref())
}

/// The options with inner guards peeled off their command.
pub fn peeled(options: &Options) -> Result<Cow<'_, Options>, Fault> {
    let mut options = Cow::Borrowed(options);
    while !options.is_plain() && is_guard(&options.command) {
        let inner = cli::parse(options.command.clone())
            .map_err(|fault| Fault::Usage(cli::wrong_usage("guard", &fault).replacen("guard: ", "", 1)))?;
        if !inner.is_plain() {
            return Err(Fault::Usage("guard stands twice, both times with options: give them once".into()));
        }
        options.to_mut().command = inner.command;
    }
    Ok(options)
}
