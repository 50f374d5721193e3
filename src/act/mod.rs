//! Runs what was approved: exec, frozen runs, rollouts.

