//! What is kept: audit log, journal, ledger.

pub mod audit;
pub mod chain;
mod error;
pub mod journal;
pub mod ledger;
mod line;
pub mod mask;
mod place;
mod word;

pub use audit::{Argv, Batch, Decision, Log, Outcome, Reason, Record, Who, new_id, path, stamp, verify};
pub use error::Error;
pub use line::to_line;
pub use place::state_folder;
pub use word::Word;
