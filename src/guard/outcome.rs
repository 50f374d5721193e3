//! `--outcome FILE`: what became of the command, for scripts that must not guess.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::act::Outcome;
use crate::cli::Options;
use crate::gate::Refusal;
use crate::judge::Decision;

use super::Fault;

/// What is written.
#[derive(Debug, Serialize)]
struct Written {
    /// True where anything was run.
    ran: bool,
    /// The exit code, of the command where it ran, else guard's own.
    code: Option<i32>,
    /// The signal that ended it.
    signal: Option<i32>,
    /// The rung that had to be satisfied.
    rung: &'static str,
}

/// Writes the outcome of a command that ran.
pub fn write(options: &Options, outcome: &Outcome) -> Result<(), Fault> {
    let written = Written {
        ran: outcome.ran,
        code: outcome.code(),
        signal: outcome.signal(),
        rung: outcome.rung.word(),
    };
    to_file(options.outcome.as_deref(), &written)
}

/// Writes that nothing ran.
pub fn write_refused(options: &Options, refusal: &Refusal, decision: &Decision) -> Result<(), Fault> {
    let written =
        Written { ran: false, code: Some(refusal.code.into()), signal: None, rung: decision.rung().word() };
    to_file(options.outcome.as_deref(), &written)
}

fn to_file(path: Option<&Path>, written: &Written) -> Result<(), Fault> {
    let Some(path) = path else { return Ok(()) };
    let mut text = serde_json::to_string(written).map_err(std::io::Error::other)?;
    text.push('\n');
    Ok(fs::write(path, text)?)
}
