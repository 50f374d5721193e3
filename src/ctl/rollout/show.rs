//! One rollout: shown, chosen, given up.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::PathBuf;

use dialoguer::Select;
use jiff::Timestamp;

use crate::exit;
use crate::record::journal::{Fate, Journal, Progress, State};
use crate::record::stamp;
use crate::tool::grouped;
use crate::ui::escape::quote;
use crate::ui::fold::fold;
use crate::ui::{Ui, escape};

use super::super::Failure;
use super::rows::{line, row, state};

/// Shows what is done, failed, in doubt and left.
pub fn show(id: Option<&str>, read: &[(PathBuf, Progress)], ui: &mut Ui) -> Result<u8, Failure> {
    let Some((path, progress)) = chosen(id, read, ui)? else { return Ok(exit::FOUND) };
    let plan = &progress.plan;
    let words: Vec<&OsStr> = plan.argv.iter().map(|word| word.0.as_os_str()).collect();
    ui.print(&format!("{} of {}, {}", escape(&plan.id), escape(&plan.time), state(path, progress)))?;
    ui.print(&format!("  {}", quote(&words)))?;
    ui.print(&format!("  {} in {}", escape(&plan.action), escape(&plan.context)))?;
    let states = [
        ("done", Fate::Done),
        ("gone before their turn", Fate::Gone),
        ("failed", Fate::Failed),
        ("in doubt", Fate::InDoubt),
        ("left", Fate::Left),
    ];
    for (word, fate) in states {
        let count = progress.count(fate);
        let names: Vec<&OsStr> = progress.targets(fate).map(|target| target.name.0.as_os_str()).collect();
        match (count, plan.files) {
            (0, _) => {}
            (_, Some(_)) => ui.print(&format!("  {} {word}", grouped(count)))?,
            (_, None) => ui.print(&format!("  {} {word}: {}", grouped(count), fold(&names)))?,
        }
    }
    Ok(0)
}

/// Gives a rollout up. One that a process drives is that process's.
pub fn abort(id: &str, read: &[(PathBuf, Progress)], ui: &mut Ui) -> Result<u8, Failure> {
    let Some((path, progress)) = chosen(Some(id), read, ui)? else { return Ok(exit::FOUND) };
    if matches!(progress.state, State::Finished | State::Aborted) {
        ui.complain(&format!("guardctl: it is {} already", state(path, progress)));
        return Ok(exit::FOUND);
    }
    let mut journal = Journal::resume(path)?;
    journal.state(stamp(Timestamp::now()), State::Aborted, Some("given up".into()))?;
    let row = row(path, journal.progress());
    ui.print(&line(&row))?;
    Ok(0)
}

/// The rollout of an id, or the one that a person chooses; complains where there is none.
pub fn chosen<'r>(
    id: Option<&str>,
    read: &'r [(PathBuf, Progress)],
    ui: &mut Ui,
) -> Result<Option<&'r (PathBuf, Progress)>, Failure> {
    let chosen = match id {
        Some(id) => read.iter().find(|(_, progress)| progress.plan.id == id),
        None => choose(read)?,
    };
    if chosen.is_none() {
        let which = id.map_or_else(|| "none was chosen".to_owned(), |id| format!("none is '{}'", escape(id)));
        ui.complain(&format!("guardctl: no rollout is shown: {which}; 'guardctl rollout list' lists them"));
    }
    Ok(chosen)
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
