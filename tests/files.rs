//! Files are counted as `find` counts them, and what is removed is what was shown.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

#[path = "files/counting.rs"]
mod counting;
#[path = "files/meaning.rs"]
mod meaning;
#[path = "files/protection.rs"]
mod protection;
#[path = "files/removal.rs"]
mod removal;
#[path = "files/tree.rs"]
mod tree;
