//! guardctl: everything that does not run a command, one file a subcommand.

pub mod audit;
pub mod tool_tests;
