//! The login shell for bastions, as far as it goes: one plain command, judged the way guard does.
//!
//! A shell that let through what it does not follow would be worse than none. So whatever is more
//! than one plain command is refused, and so is a session: nothing in it would be judged.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::{Options, Shell};
use crate::exit;
use crate::guard;
use crate::read::shell::{Known, Word, commands};
use crate::ui::Ui;

/// What every refusal ends with.
const NOT_READY: &str =
    "the login shell of this build runs one plain command (-c 'COMMAND WORDS') and nothing else";

/// Runs what a login shell was started with.
pub fn run(shell: &Shell, ui: &mut Ui) -> ExitCode {
    let refuse = |ui: &mut Ui, why: &str| {
        ui.complain(&format!("guard-shell: {why}: {NOT_READY}"));
        ExitCode::from(exit::FAILURE)
    };
    let Some(text) = &shell.text else { return refuse(ui, "no session is opened") };
    match words(text) {
        Ok(command) => guard::run(&Options { command, ..Options::default() }, ui),
        Err(why) => refuse(ui, &why),
    }
}

/// A shell that fills in nothing: what it would have to is refused.
struct Nothing;

impl Known for Nothing {
    fn variable(&self, name: &str) -> Result<Option<OsString>, String> {
        Err(format!("${name} is not filled in"))
    }

    fn home(&self) -> Option<PathBuf> {
        None
    }

    fn folder(&self, _way: &Path) -> Option<PathBuf> {
        None
    }

    fn matches(&self, _pattern: &[u8], _way: &Path) -> Result<Vec<OsString>, String> {
        Err("patterns are not filled in".into())
    }
}

/// The words of one plain command.
///
/// # Errors
/// A sentence on what is more than that.
fn words(text: &OsStr) -> Result<Vec<OsString>, String> {
    let commands = commands(text.as_bytes(), &Nothing, None).map_err(|fault| fault.to_string())?;
    let [command] = commands.list.as_slice() else {
        return Err("the text is not one command".into());
    };
    let word = |word: &Word| match word {
        Word::Known(text) if !text.as_bytes().starts_with(b"~") => Ok(text.clone()),
        _ => Err("the text has a pattern, a home folder or a variable".to_owned()),
    };
    let argv = command.words.iter().map(word).collect::<Result<Vec<_>, _>>()?;
    if !commands.alone || argv.is_empty() {
        return Err("the text is more than one plain command".into());
    }
    // What is refused here for its redirections to nowhere would otherwise lose them in silence.
    if text.as_bytes().iter().any(|b| b"<>&|;".contains(b)) && quoted_less(text) {
        return Err("the text has a redirection or a list".into());
    }
    Ok(argv)
}

/// True where a text holds an operator outside quotes.
fn quoted_less(text: &OsStr) -> bool {
    let mut quote = None;
    let mut bytes = text.as_bytes().iter();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (None | Some(b'"'), b'\\') => _ = bytes.next(),
            (None, b'\'' | b'"') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            (None, b'<' | b'>' | b'&' | b'|' | b';') => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_plain_command_has_words() {
        let read = |text: &str| words(OsStr::new(text)).ok();
        assert_eq!(
            read("rm 'a b' \"c;d\" e\\;f"),
            Some(["rm", "a b", "c;d", "e;f"].map(OsString::from).into())
        );
        for text in [
            "",
            "a; b",
            "a;",
            "a &",
            "a | b",
            "a >/dev/null",
            "a 2>&1",
            "a $X",
            "a *",
            "a ~",
            "A=b c",
            "a $(b)",
            "a '",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
