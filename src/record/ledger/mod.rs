//! The ledger: what was hit over many commands, so that a loop of small commands is seen as one wide one.
//!
//! Before a command acts, what it will hit is added up with what was hit before and reserved, in one
//! transaction, so that no two commands spend the same room. A [`Ledger`] is a trait: [`Sqlite`] is a
//! file on this machine, [`Canned`] answers in tests. What is read of it is data for the judge;
//! what follows from the numbers is not decided here.

mod canned;
mod rows;
mod sqlite;

use std::time::Duration;

use serde::Serialize;

use crate::tool::Effect;

pub use canned::Canned;
pub use sqlite::{LEASE, Sqlite};

/// Why the ledger has no answer. Every one means: what was hit before is unknown.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Its place is not safe, or can't be had.
    #[error(transparent)]
    Place(#[from] super::Error),
    /// SQLite refused: damaged, locked for too long, a full disk.
    #[error("the ledger {path} can't be used: {why}")]
    Unusable {
        /// The file, escaped.
        path: String,
        /// Why not.
        why: String,
    },
}

/// What one command hits, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Login name.
    pub operator: String,
    /// The environments of the place, sorted and joined; empty where it belongs to none.
    pub environment: String,
    /// The action (`kubectl delete`).
    pub action: String,
    /// What it does.
    pub effect: Effect,
    /// The kind of its targets.
    pub kind: String,
    /// Where it acts: context, cluster or host.
    pub place: String,
    /// Full keys of the targets with their weights; empty where they are not named one by one.
    pub targets: Vec<(String, u64)>,
    /// How many are hit, weights summed.
    pub count: u64,
}

/// Which hits before a command are added up: of the same environment and kind, and as this says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// How far back.
    pub window: Duration,
    /// By this operator alone, or by everyone.
    pub everyone: bool,
    /// Of the same action; else of the same effect, whatever the action.
    pub action: bool,
    /// Only what ran without a question, since somebody was last asked and said yes.
    pub unasked: bool,
}

/// What is kept of a charge once its sums are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing: it will not run.
    Nothing,
    /// A reservation, while somebody is asked; it expires by its lease.
    Reserved,
    /// All of it: it runs now.
    Spent,
}

/// Who answered for what is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// Nobody was asked, or an option covered the sum: the next command is added to it.
    Nobody,
    /// An option said the number of a command that would have been asked about by itself.
    Beforehand,
    /// A person said yes: what came before is settled.
    Person,
}

/// What was kept; to be spent or given back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Held(Vec<i64>);

/// What one operator used, for a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Used {
    /// Login name.
    pub operator: String,
    /// Environments; empty where none is known.
    pub environment: String,
    /// The action.
    pub action: String,
    /// Its effect.
    pub effect: Effect,
    /// The kind of its targets.
    pub kind: String,
    /// How many different targets.
    pub count: u64,
}

/// Receives one answer a charge and sum, in their order, and says what to keep of all charges.
pub type Judging<'j> = dyn FnMut(&[Vec<u64>]) -> Keep + 'j;

/// A memory of what was hit.
pub trait Ledger {
    /// Adds up what was hit before each charge (the charges before it included) for each of its sums,
    /// asks `judge` what to keep, and keeps it: all in one transaction.
    ///
    /// A target that the charge itself hits is not counted again.
    ///
    /// # Errors
    /// Where the ledger has no answer; nothing is kept then.
    fn reserve(&self, charges: &[(Charge, Vec<Sum>)], judge: &mut Judging<'_>) -> Result<Held, LedgerError>;

    /// Turns a reservation into what was hit, right before the act.
    ///
    /// # Errors
    /// Where it can't be written, or the reservation is gone; nothing may run then.
    fn spend(&self, held: &Held, answered: Answered) -> Result<(), LedgerError>;

    /// Gives a reservation back, because nothing ran.
    ///
    /// # Errors
    /// Where it can't be written; the lease ends it then.
    fn release(&self, held: &Held) -> Result<(), LedgerError>;

    /// What everyone used in the last `window`, the most first.
    ///
    /// # Errors
    /// Where the ledger has no answer.
    fn used(&self, window: Duration) -> Result<Vec<Used>, LedgerError>;
}

#[cfg(test)]
mod tests;
