//! Why a subcommand could not do its work.

use std::io;

use crate::exit;
use crate::policy::ConfigFault;
use crate::record;

use super::audit;

/// guardctl's own failure, or wrong usage.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A policy or tool file can't be used.
    #[error("{}", .0.render())]
    Config(#[from] ConfigFault),
    /// A stream or file failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The log can't be shown.
    #[error(transparent)]
    Audit(#[from] audit::Failure),
    /// A record can't be read.
    #[error(transparent)]
    Record(#[from] record::Error),
    /// The ledger can't be used.
    #[error(transparent)]
    Ledger(#[from] record::ledger::LedgerError),
    /// What was asked for makes no sense here.
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    /// The exit code.
    pub fn code(&self) -> u8 {
        if self.is_closed_output() { exit::CLOSED_OUTPUT } else { exit::FAILURE }
    }

    /// True where whoever read the output has gone: nobody is left to be told.
    pub fn is_closed_output(&self) -> bool {
        let fault = match self {
            Self::Io(fault) | Self::Audit(audit::Failure::Output(fault)) => fault,
            _ => return false,
        };
        fault.kind() == io::ErrorKind::BrokenPipe
    }
}
