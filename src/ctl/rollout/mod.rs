//! `guardctl rollout`: what the journals tell of rollouts, and going on with them.

mod rows;
mod show;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::exit;
use crate::guard::{Again, resume};
use crate::ui::Ui;
use crate::world::Real;

use super::Failure;
use super::configured::Configured;
use rows::{Row, all, line, row};

/// Arguments of `guardctl rollout`.
#[derive(Debug, Args)]
pub struct RolloutArgs {
    /// What to do with rollouts
    #[command(subcommand)]
    pub command: RolloutCommand,
}

/// What `guardctl rollout` does.
#[derive(Debug, Subcommand)]
pub enum RolloutCommand {
    /// List rollouts, newest first
    List {
        /// Print one JSON array
        #[arg(long)]
        json: bool,
    },
    /// Show what is done, failed, in doubt and left of a rollout
    Show {
        /// The rollout; on a terminal one can be chosen
        id: Option<String>,
    },
    /// Go on with a rollout; its command is judged anew
    Resume {
        /// The rollout; on a terminal one can be chosen
        id: Option<String>,
        /// Act again on what is in doubt and the tool can't tell
        #[arg(long)]
        retry_in_doubt: bool,
        /// How
        #[command(flatten)]
        how: How,
    },
    /// Act again on what failed, and go on
    RetryFailed {
        /// The rollout; on a terminal one can be chosen
        id: Option<String>,
        /// How
        #[command(flatten)]
        how: How,
    },
    /// Give a rollout up, so that nobody goes on with it
    Abort {
        /// The rollout
        id: String,
    },
    /// Follow a rollout until it ends
    Watch {
        /// The rollout; on a terminal one can be chosen
        id: Option<String>,
        /// Print one JSON object each time that something changed
        #[arg(long)]
        json: bool,
    },
}

/// How to go on with a rollout.
#[derive(Debug, Args)]
pub struct How {
    /// Print what happens as one JSON object a line
    #[arg(long)]
    json: bool,
    /// Ask nothing, as if there were no terminal
    #[arg(long)]
    no_input: bool,
    /// Go on although policy denies it by now; recorded loudly, floors still hold
    #[arg(long, value_name = "REASON")]
    break_glass: Option<String>,
    /// The command line again, where secrets in it were masked
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs `guardctl rollout`.
///
/// # Errors
/// Where the folder for records can't be read or the output not written.
pub fn run(args: &RolloutArgs, ui: &mut Ui) -> Result<ExitCode, Failure> {
    let folder = Configured::read(Real::new(false))?.state_folder()?;
    let (read, code) = all(&folder, ui)?;
    let (id, how, again) = match &args.command {
        RolloutCommand::List { json: true } => {
            let rows: Vec<Row> = read.iter().map(|(path, progress)| row(path, progress)).collect();
            ui.print(&serde_json::to_string(&rows).map_err(std::io::Error::other)?)?;
            return Ok(code.into());
        }
        RolloutCommand::List { json: false } => {
            for (path, progress) in &read {
                ui.print(&line(&row(path, progress)))?;
            }
            return Ok(code.into());
        }
        RolloutCommand::Show { id } => return show::show(id.as_deref(), &read, ui).map(ExitCode::from),
        RolloutCommand::Abort { id } => return show::abort(id, &read, ui).map(ExitCode::from),
        RolloutCommand::Watch { id, json } => {
            return watch::watch(id.as_deref(), *json, &read, ui).map(ExitCode::from);
        }
        RolloutCommand::Resume { id, retry_in_doubt, how } => {
            (id, how, Again { retry_in_doubt: *retry_in_doubt, ..Again::default() })
        }
        RolloutCommand::RetryFailed { id, how } => {
            (id, how, Again { retry_failed: true, ..Again::default() })
        }
    };
    let Some((path, _)) = show::chosen(id.as_deref(), &read, ui)? else { return Ok(exit::FOUND.into()) };
    let again = Again {
        journal: path.clone(),
        command: how.command.clone(),
        json: how.json,
        no_input: how.no_input,
        break_glass: how.break_glass.clone(),
        ..again
    };
    match resume(&again, ui) {
        Ok(code) => Ok(code),
        Err(fault) => {
            ui.complain(&format!("guardctl: {fault}"));
            Ok(fault.code().into())
        }
    }
}
