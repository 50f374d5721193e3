//! guardctl: everything that does not run a command, one file a subcommand.

pub mod tool_tests;
