//! Command line → invocation: options by the tool's grammar, wrappers peeled off.
//!
//! Pure: nothing here looks at a file, a process, the clock or the environment. Words are bytes as
//! the shell handed them over. What can be meant two ways comes back as two readings; which tool
//! file speaks for a program is asked of the [`Library`] that the caller brings.

mod action;
mod command;
mod fill;
mod invocation;
mod items;
mod options;
pub mod shell;
mod signal;
pub mod sql;

pub use action::{Blank, Match};
pub use command::{Library, ReadFault, Understood, read, read_inside};
pub use fill::{Fill, Key, fill};
pub use invocation::{Form, Given, Invocation, Piece, Wrapper, program_name};
pub use items::{Feed, Items, Jobs, Origin};
pub use options::{MOST_READINGS, Reading, TooManyReadings, readings};
