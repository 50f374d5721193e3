//! What came of an approved command.

use std::process::ExitCode;

use crate::exit;
use crate::judge::Rung;
pub use crate::ui::rollout::Tally;
use crate::world::child::{self, Ended};

/// What came of an approved command.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// True where anything was run.
    pub ran: bool,
    /// How the command ended, or guard's own exit code.
    pub ended: Ended,
    /// The rung that was satisfied.
    pub rung: Rung,
    /// Targets by state, where they were followed.
    pub tally: Option<Tally>,
}

impl Outcome {
    /// A command that ran to its end.
    pub fn ran(rung: Rung, ended: Ended) -> Self {
        Self { ran: true, ended, rung, tally: None }
    }

    /// Something that stopped with an exit code of guard's own.
    pub fn stopped(rung: Rung, code: u8, ran: bool, tally: Option<Tally>) -> Self {
        Self { ran, ended: Ended::Code(code.into()), rung, tally }
    }

    /// The exit code, where it had one.
    pub fn code(&self) -> Option<i32> {
        match self.ended {
            Ended::Code(code) => Some(code),
            Ended::Signal(_) => None,
        }
    }

    /// The signal that ended it.
    pub fn signal(&self) -> Option<i32> {
        match self.ended {
            Ended::Code(_) => None,
            Ended::Signal(signal) => Some(signal),
        }
    }

    /// Ends guard as the command ended: with its code, or of its signal.
    pub fn exit(&self) -> ExitCode {
        match self.ended {
            Ended::Code(code) => ExitCode::from(u8::try_from(code).unwrap_or(exit::FAILURE)),
            Ended::Signal(signal) => child::die_of(signal),
        }
    }
}
