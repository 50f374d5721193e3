//! Runs what was approved: exec, frozen runs, rollouts.

mod narrow;

pub use narrow::{Call, NarrowFault, calls};
