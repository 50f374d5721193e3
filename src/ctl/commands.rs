//! guardctl's arguments, and which file speaks for which.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use jiff::Timestamp;

use crate::ui::Ui;
use crate::world::Real;

use super::Failure;
use super::audit::{self, AuditArgs};
use super::budget::{self, BudgetArgs};
use super::configured::Configured;
use super::doctor::{self, DoctorArgs};
use super::hosts::{self, HostsArgs};
use super::init::{self, InitArgs};
use super::judge::{self, JudgeArgs};
use super::pages::{self, CompletionsArgs, ManArgs};
use super::policy::{self, PolicyArgs};
use super::prompt;
use super::rollout::{self, RolloutArgs};
use super::shims::{self, ShimsArgs};
use super::tools::{self, ToolsArgs};

/// Policies, tool files, records: everything about guard that does not run a command.
#[derive(Debug, Parser)]
#[command(name = "guardctl", version, max_term_width = 80, arg_required_else_help = true)]
pub struct Ctl {
    /// Tell each step on stderr (so does the variable GUARD_LOG); changes nothing else
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// A subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge command lines from stdin, one plan as JSON a line; nothing is run
    Judge(JudgeArgs),
    /// Policies: what is decided here, and where it stands
    Policy(PolicyArgs),
    /// Tools: what guard knows of each
    Tools(ToolsArgs),
    /// Rollouts: how far each has come
    Rollout(RolloutArgs),
    /// The audit log: gated decisions and what came of them
    Audit(AuditArgs),
    /// Budgets: what is left of each, and who used it
    Budget(BudgetArgs),
    /// Sets of hosts: what they mean to a tool, listed, counted or folded
    Hosts(HostsArgs),
    /// Shims: links that put guard before the tools of their names
    Shims(ShimsArgs),
    /// Print the hooks of a shell: eval "$(guardctl init bash)"
    Init(InitArgs),
    /// Print a marker where the present context is production, for a prompt
    Prompt,
    /// What guard reads and finds here, what is wrong, and how to mend it
    Doctor(DoctorArgs),
    /// Print the completions of one of guard's programs
    Completions(CompletionsArgs),
    /// Print man pages, or write them into a folder
    Man(ManArgs),
    /// Print the version
    Version,
}

/// Runs guardctl and returns its exit code.
pub fn run(ctl: &Ctl, ui: &mut Ui) -> ExitCode {
    match dispatch(&ctl.command, ui) {
        Ok(code) => code,
        Err(fault) => {
            if !fault.is_closed_output() {
                ui.complain(&format!("guardctl: {fault}"));
            }
            ExitCode::from(fault.code())
        }
    }
}

fn dispatch(command: &Command, ui: &mut Ui) -> Result<ExitCode, Failure> {
    let code = match command {
        Command::Judge(args) => judge::run(args, ui),
        Command::Policy(args) => policy::run(args, ui),
        Command::Tools(args) => tools::run(args, ui),
        Command::Rollout(args) => return rollout::run(args, ui),
        Command::Budget(args) => budget::run(args, ui),
        Command::Hosts(args) => hosts::run(args, ui),
        Command::Shims(args) => shims::run(args, ui),
        Command::Init(args) => init::run(args, ui),
        Command::Prompt => prompt::run(ui),
        Command::Doctor(args) => doctor::run(args, ui),
        Command::Completions(args) => pages::completions(args, ui),
        Command::Man(args) => pages::man(args, ui),
        Command::Version => {
            ui.print(&format!("guardctl {}", env!("CARGO_PKG_VERSION")))?;
            Ok(0)
        }
        Command::Audit(args) => audit(args, ui),
    };
    code.map(ExitCode::from)
}

fn audit(args: &AuditArgs, ui: &mut Ui) -> Result<u8, Failure> {
    let configured = Configured::read(Real::new(false))?;
    let path = configured.audit_path()?;
    Ok(audit::run(args, &path, Timestamp::now(), &mut ui.out(), &mut ui.notes())?)
}
