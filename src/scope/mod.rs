//! Invocation and action → scope: the real targets a command would hit.
//!
//! One file a source of targets. What comes out is a [`Scope`]: a number, how certain it is, and
//! (where the freeze needs it) the frozen set itself. Whether that number is too large is
//! [`judge`](crate::judge)'s work.

mod rows;
mod target;
mod words;

pub use rows::{Unreadable, targets};
pub use target::{Certainty, Fleet, Frozen, Place, Protected, Scope, Target};
pub use words::{Words, empty, named, widest};
