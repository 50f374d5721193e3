//! `--outcome FILE`: what became of the command, for scripts that must not guess.
//!
//! The file is opened, and emptied, before anything runs: a place that can't be written is known
//! then, and what a killed guard leaves behind is no outcome rather than that of an earlier run.

use std::fs::File;
use std::io::Write;

use serde::Serialize;

use crate::act::Outcome;
use crate::cli::Options;
use crate::gate::Refusal;
use crate::judge::Decision;
use crate::ui::Ui;
use crate::ui::escape::quote;

use super::Fault;

/// Where the outcome goes.
#[derive(Debug)]
pub struct Written {
    file: File,
}

/// What is written.
#[derive(Debug, Serialize)]
struct Line {
    /// True where anything was run.
    ran: bool,
    /// The exit code, of the command where it ran, else guard's own.
    code: Option<i32>,
    /// The signal that ended it.
    signal: Option<i32>,
    /// The rung that had to be satisfied; nothing where guard did not get so far.
    rung: Option<&'static str>,
}

/// Opens the file that `--outcome` names. A plan has no outcome.
pub fn open(options: &Options) -> Result<Option<Written>, Fault> {
    let Some(path) = options.outcome.as_deref().filter(|_| !options.plan) else { return Ok(None) };
    match File::create(path) {
        Ok(file) => Ok(Some(Written { file })),
        Err(fault) => {
            let what = format!("--outcome {}: {fault}, so nothing was run", quote(&[path]));
            Err(Fault::Usage(what))
        }
    }
}

impl Written {
    /// Writes the outcome of a command that ran.
    pub fn outcome(self, outcome: &Outcome, ui: &mut Ui) {
        let rung = Some(outcome.rung.word());
        self.line(&Line { ran: outcome.ran, code: outcome.code(), signal: outcome.signal(), rung }, ui);
    }

    /// Writes that nothing ran.
    pub fn refused(self, refusal: &Refusal, decision: &Decision, ui: &mut Ui) {
        let rung = Some(decision.rung().word());
        let code = refusal.signal.is_none().then_some(refusal.code.into());
        self.line(&Line { ran: false, code, signal: refusal.signal, rung }, ui);
    }

    /// Writes that guard itself failed, so that nothing ran.
    pub fn failed(self, code: u8, ui: &mut Ui) {
        self.line(&Line { ran: false, code: Some(code.into()), signal: None, rung: None }, ui);
    }

    fn line(mut self, line: &Line, ui: &mut Ui) {
        let text = serde_json::to_string(line).map_err(std::io::Error::other);
        if let Err(fault) = text.and_then(|text| writeln!(self.file, "{text}")) {
            ui.complain(&format!("guard: the outcome can't be written: {fault}"));
        }
    }
}
