//! guardctl: everything that does not run a command, one file a subcommand.

pub mod audit;
mod commands;
pub mod configured;
mod failure;
pub mod judge;
pub mod policy;
pub mod tool_tests;
pub mod tools;

pub use commands::{Ctl, run};
pub use failure::Failure;
