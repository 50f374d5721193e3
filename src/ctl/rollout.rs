//! `guardctl rollout`: what the journals tell of rollouts.

use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use dialoguer::Select;
use serde::Serialize;

use crate::exit;
use crate::record::journal::{self, Fate, Progress, State};
use crate::ui::escape::{quote, shorten};
use crate::ui::fold::fold;
use crate::ui::{Ui, escape};
use crate::world::Real;

use super::Failure;
use super::configured::Configured;

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
}

/// A rollout in a list.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    argv: Vec<String>,
    state: &'static str,
    done: usize,
    failed: usize,
    in_doubt: usize,
    left: usize,
}

/// Runs `guardctl rollout`.
///
/// # Errors
/// Where the folder for records can't be read or the output not written.
pub fn run(args: &RolloutArgs, ui: &mut Ui) -> Result<u8, Failure> {
    let folder = Configured::read(Real::new(false))?.state_folder()?;
    let (read, code) = all(&folder, ui)?;
    match &args.command {
        RolloutCommand::List { json: true } => {
            let rows: Vec<Row> = read.iter().map(|(path, progress)| row(path, progress)).collect();
            ui.print(&serde_json::to_string(&rows).map_err(std::io::Error::other)?)?;
        }
        RolloutCommand::List { json: false } => {
            for (path, progress) in &read {
                ui.print(&line(&row(path, progress)))?;
            }
        }
        RolloutCommand::Show { id } => return show(id.as_deref(), &read, ui),
    }
    Ok(code)
}

/// Every rollout, newest first; what can't be read is complained of.
fn all(folder: &Path, ui: &mut Ui) -> Result<(Vec<(PathBuf, Progress)>, u8), Failure> {
    let mut paths: Vec<PathBuf> = match fs::read_dir(folder.join("rollouts")) {
        Ok(entries) => entries.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?,
        Err(fault) if fault.kind() == ErrorKind::NotFound => Vec::new(),
        Err(fault) => return Err(fault.into()),
    };
    paths.retain(|path| path.extension() == Some(OsStr::new("jsonl")));
    let mut code = 0;
    let mut read = Vec::new();
    for path in paths {
        match journal::read(&path) {
            Ok(Some(progress)) => read.push((path, progress)),
            // Its plan was never wholly written, so nothing was started.
            Ok(None) => {}
            Err(fault) => {
                code = exit::FOUND;
                ui.complain(&format!("guardctl: {fault}"));
            }
        }
    }
    read.sort_by(|(_, a), (_, b)| (&b.plan.time, &b.plan.id).cmp(&(&a.plan.time, &a.plan.id)));
    Ok((read, code))
}

fn row(path: &Path, progress: &Progress) -> Row {
    let number = |fate| progress.places(fate).len();
    Row {
        id: escape(&progress.plan.id).into_owned(),
        argv: progress.plan.argv.iter().map(|word| escape(&word.0).into_owned()).collect(),
        state: state(path, progress),
        done: number(Fate::Done),
        failed: number(Fate::Failed),
        in_doubt: number(Fate::InDoubt),
        left: number(Fate::Left),
    }
}

fn state(path: &Path, progress: &Progress) -> &'static str {
    match progress.state {
        State::Running if journal::is_driven(path).unwrap_or(true) => "running",
        // Whoever drove it is gone, and said nothing.
        State::Running | State::Parked => "parked",
        State::Stopped => "stopped",
        State::Finished => "finished",
    }
}

fn line(row: &Row) -> String {
    let Row { id, argv, state, done, failed, in_doubt, left } = row;
    let numbers = format!("{done} done, {failed} failed, {in_doubt} in doubt, {left} left");
    format!("{id} {state:8} {numbers}: {}", shorten(&argv.join(" "), 40))
}

fn show(id: Option<&str>, read: &[(PathBuf, Progress)], ui: &mut Ui) -> Result<u8, Failure> {
    let chosen = match id {
        Some(id) => read.iter().find(|(_, progress)| progress.plan.id == id),
        None => choose(read)?,
    };
    let Some((path, progress)) = chosen else {
        let which = id.map_or_else(|| "none was chosen".to_owned(), |id| format!("none is '{}'", escape(id)));
        ui.complain(&format!("guardctl: no rollout is shown: {which}; 'guardctl rollout list' lists them"));
        return Ok(exit::FOUND);
    };
    let plan = &progress.plan;
    let words: Vec<&OsStr> = plan.argv.iter().map(|word| word.0.as_os_str()).collect();
    ui.print(&format!("{} of {}, {}", escape(&plan.id), escape(&plan.time), state(path, progress)))?;
    ui.print(&format!("  {}", quote(&words)))?;
    ui.print(&format!("  {} in {}", escape(&plan.action), escape(&plan.context)))?;
    for (word, fate) in
        [("done", Fate::Done), ("failed", Fate::Failed), ("in doubt", Fate::InDoubt), ("left", Fate::Left)]
    {
        let names: Vec<&OsStr> = progress.targets(fate).map(|target| target.name.0.as_os_str()).collect();
        if !names.is_empty() {
            ui.print(&format!("  {} {word}: {}", names.len(), fold(&names)))?;
        }
    }
    Ok(0)
}

/// Lets a person choose; nobody is asked without a terminal.
fn choose(read: &[(PathBuf, Progress)]) -> Result<Option<&(PathBuf, Progress)>, Failure> {
    if read.is_empty() {
        return Ok(None);
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::Usage("which rollout? 'guardctl rollout list' lists them".into()));
    }
    let items: Vec<String> = read.iter().map(|(path, progress)| line(&row(path, progress))).collect();
    let chosen = Select::new().with_prompt("Which rollout").items(&items).default(0).interact_opt();
    let chosen = chosen.map_err(|fault| std::io::Error::other(fault.to_string()))?;
    Ok(chosen.and_then(|at| read.get(at)))
}
