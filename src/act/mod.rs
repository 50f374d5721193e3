//! Runs what was approved: exec, frozen runs, rollouts.
//!
//! An allowed command replaces guard. A gated one runs beside it, held to what was shown by the
//! means its tool file names; what can't be held any more does not run.

mod carry;
mod drift;
mod outcome;
mod preview;
mod remove;
pub mod rollout;

use crate::world::exec::{Launch, NotRunnable};

pub use carry::{Scene, carry_out};
pub use outcome::{Outcome, Tally};
pub use preview::preview;

/// Replaces guard by a command as typed. Returns only when that failed.
pub fn exec(launch: &Launch<'_>) -> NotRunnable {
    crate::world::exec::exec(launch)
}
