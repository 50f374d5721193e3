//! Streams, escaping, folded sets, plans in words and JSON.

pub mod escape;
pub mod fold;

pub use escape::escape;
