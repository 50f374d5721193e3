//! How a rollout is shown: as plain lines, live on a terminal, or as JSON for programs.

mod event;
mod live;
mod plain;

pub use event::{End, Event, Tally};
pub use live::Live;
pub use plain::Plain;
