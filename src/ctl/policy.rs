//! `guardctl policy`: what is decided here, whether it holds together, and where it stands.

pub mod check;
mod explain;
mod schema;
mod show;
mod slips;
pub mod test;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::ui::Ui;

use super::Failure;

pub use schema::{SchemaArgs, of_policies, of_tools, run as schema};

/// Arguments of `guardctl policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What to do with policies
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// What `guardctl policy` does.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Check policy files, by default those that hold here; exit 1 where one is wrong
    Check {
        /// Policy files; a .guard.toml is checked as a project's
        files: Vec<PathBuf>,
    },
    /// Show the limits that hold here, and which layer sets each
    Show {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Decide about a command, and show the lines of policy that decide
    Explain {
        /// The command; nothing of it is run but listings
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "COMMAND")]
        command: Vec<OsString>,
    },
    /// Run the tests in policy files, by default those that hold here; exit 1 where one fails
    Test {
        /// Policy files, each tried on top of the built-in policy
        files: Vec<PathBuf>,
    },
    /// Print the JSON Schema of policy files
    Schema(SchemaArgs),
}

/// Runs `guardctl policy`.
///
/// # Errors
/// Where a layer can't be read or the output not written.
pub fn run(args: &PolicyArgs, ui: &mut Ui) -> Result<u8, Failure> {
    match &args.command {
        PolicyCommand::Check { files } => check::run(files, ui),
        PolicyCommand::Show { json } => show::run(*json, ui),
        PolicyCommand::Explain { command } => explain::run(command, ui),
        PolicyCommand::Test { files } => test::run(files, ui),
        PolicyCommand::Schema(args) => schema(args, &of_policies(), ui),
    }
}
