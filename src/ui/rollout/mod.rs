//! How a rollout is shown: as plain lines, live on a terminal, or as JSON for programs.

mod event;
mod plain;

pub use event::{CTRL_C, End, Event, Tally, came};
pub use plain::Plain;
