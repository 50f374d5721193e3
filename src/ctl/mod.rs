//! guardctl: everything that does not run a command, one file a subcommand.

pub mod audit;
pub mod budget;
mod commands;
pub mod configured;
pub mod doctor;
mod failure;
pub mod hosts;
pub mod init;
pub mod judge;
mod pages;
pub mod policy;
pub mod prompt;
pub mod rollout;
mod sections;
pub mod shims;
pub mod tool_tests;
pub mod tools;

pub use commands::{Ctl, run};
pub use failure::Failure;
