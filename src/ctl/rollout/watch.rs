//! Follows a rollout by its journal, whoever drives it.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use crate::exit;
use crate::record::journal::{self, Progress};
use crate::ui::Ui;

use super::super::Failure;
use super::rows::{Row, line, row};

/// How often the journal is read.
const EVERY: Duration = Duration::from_millis(300);

/// Prints a line each time that something changed, until nobody drives the rollout any more.
pub fn watch(id: Option<&str>, json: bool, read: &[(PathBuf, Progress)], ui: &mut Ui) -> Result<u8, Failure> {
    let Some((path, _)) = super::show::chosen(id, read, ui)? else { return Ok(exit::FOUND) };
    let mut before: Option<Row> = None;
    loop {
        let Some(progress) = journal::read(path)? else { return Ok(exit::FOUND) };
        let now = row(path, &progress);
        if before.as_ref() != Some(&now) {
            let text =
                if json { serde_json::to_string(&now).map_err(std::io::Error::other)? } else { line(&now) };
            ui.print(&text)?;
        }
        match now.state {
            "running" => sleep(EVERY),
            "finished" => return Ok(0),
            _ => return Ok(exit::STOPPED),
        }
        before = Some(now);
    }
}
