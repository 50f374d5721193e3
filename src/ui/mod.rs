//! Streams, escaping, folded sets, plans in words and JSON.

pub mod escape;
pub mod fold;
pub mod plan;
pub mod words;

pub use escape::escape;
