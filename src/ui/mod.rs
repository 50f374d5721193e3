//! Streams, escaping, folded sets, plans in words and JSON.

pub mod diagnostics;
pub mod escape;
pub mod fold;
pub mod plan;
mod progress;
pub mod rollout;
mod streams;
pub mod words;

pub use escape::escape;
pub use progress::Counter;
pub use streams::Ui;
