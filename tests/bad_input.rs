//! What bad input gets: one sentence, the right exit code, no panic and no hang.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

#[path = "bad_input/configuration.rs"]
mod configuration;
#[path = "bad_input/listings.rs"]
mod listings;
#[path = "bad_input/places.rs"]
mod places;
#[path = "bad_input/said_before.rs"]
mod said_before;
mod scene;
#[path = "bad_input/words.rs"]
mod words;
