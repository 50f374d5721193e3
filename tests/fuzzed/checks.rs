//! The checks that are fuzzed: any bytes in, no panic out, and what each part promises holds.
//!
//! One function a target, named as the target. `fuzz/` calls them with what libFuzzer makes up,
//! `tests/fuzzed.rs` with their seeds. docs/fuzzing.md says how both are run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod commands;
mod configuration;
mod hosts;
mod listings;
pub mod seeds;
mod shell;
mod shown;
mod work;

pub use commands::argv;
pub use configuration::{policy_file, tool_file};
pub use hosts::hosts;
pub use listings::listing;
pub use shell::shell_text;
pub use shown::escape;

/// Takes any bytes; panics where something does not hold.
pub type Check = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Check); 7] = [
    ("argv", argv),
    ("escape", escape),
    ("hosts", hosts),
    ("listing", listing),
    ("policy_file", policy_file),
    ("shell_text", shell_text),
    ("tool_file", tool_file),
];
