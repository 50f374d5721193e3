//! Freeze handles: guard removes exactly the files that were shown, through their folders' handles.
//!
//! It stands in for `rm`, `rmdir` and `find -delete`, so it says what they would say; options that
//! it does not know keep it from standing in, and the files are listed again instead.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit;
use crate::judge::{Part, Rung};
use crate::read::Match;
use crate::scope::Frozen;
use crate::tool::{Freeze, OptionName, grouped};
use crate::ui::Ui;
use crate::ui::escape::quote;
use crate::world::child::Ended;
use crate::world::exec::NotRunnable;
use crate::world::signals::Signals;
use crate::world::{FileSet, RemoveEvent, RemoveOptions, RemoveOutcome, remove};

use super::outcome::{Outcome, Tally};
use super::rollout::STOPPING;

/// What to tell while removing.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    verbose: bool,
    empty_folders: bool,
}

impl Manner {
    /// As the options of the command say.
    pub fn of(found: &Match) -> Self {
        let given = |name: &str| found.invocation.option(&OptionName::unlisted(name)).is_some();
        Self {
            verbose: given("-v") || given("--verbose"),
            empty_folders: given("-d") || given("--dir") || found.file.tool.names[0] != "rm",
        }
    }

    /// The same, to remove by.
    pub(super) fn options(self, stop: &AtomicBool) -> RemoveOptions<'_> {
        RemoveOptions { verbose: self.verbose, empty_folders: self.empty_folders, stop }
    }
}

/// Set when a person asks to stop.
static STOP: AtomicBool = AtomicBool::new(false);

/// Takes the frozen files out of a part, where guard can stand in for its tool.
pub fn frozen(part: &mut Part, allowed: bool) -> Option<(Box<FileSet>, Manner)> {
    let found = part.found.as_ref()?;
    if allowed || part.freeze != Freeze::Handles {
        return None;
    }
    let manner = Manner::of(found);
    let scope = part.scope.as_mut()?;
    match std::mem::take(&mut scope.frozen) {
        Frozen::Files(set) => Some((set, manner)),
        Frozen::Nothing => None,
    }
}

/// Says what rm says of operands that it refuses; true where there are any.
pub fn refuse_dots(part: &Part, ui: &mut Ui) -> bool {
    let refused = part.found.as_ref().map(Match::refused).unwrap_or_default();
    for word in &refused {
        ui.complain(&format!("guard: '.' and '..' can't be removed: {} is left alone", quote(&[word])));
    }
    !refused.is_empty()
}

/// Removes the set.
pub fn remove_files(set: &FileSet, manner: Manner, rung: Rung, ui: &mut Ui) -> Result<Outcome, NotRunnable> {
    let options = manner.options(&STOP);
    let signals = Signals::catch(&STOPPING).ok();
    let mut tally = Tally { left: set.len(), ..Tally::default() };
    let outcome = remove(set, 0..set.len(), &options, &mut |event| {
        if signals.as_ref().and_then(Signals::next).is_some() {
            STOP.store(true, Ordering::Relaxed);
        }
        tell(event, ui);
    });
    add(&mut tally, &outcome);
    if outcome.code() != 0 {
        let code = if tally.left > 0 { exit::STOPPED } else { 1 };
        let (done, failed, left) = (grouped(tally.done), grouped(tally.failed), grouped(tally.left));
        ui.complain(&format!("guard: {done} removed, {failed} not removed, {left} untouched"));
        return Ok(Outcome::stopped(rung, code, true, Some(tally)));
    }
    Ok(Outcome { ran: true, ended: Ended::Code(0), rung, tally: Some(tally) })
}

fn add(tally: &mut Tally, outcome: &RemoveOutcome) {
    tally.done += outcome.done + outcome.vanished;
    tally.failed += outcome.failed + outcome.changed + outcome.held;
    tally.left -= outcome.done + outcome.vanished + outcome.failed + outcome.changed + outcome.held;
}

/// Says what rm would say.
pub(super) fn tell(event: RemoveEvent, ui: &mut Ui) {
    match event {
        RemoveEvent::Progress(_) | RemoveEvent::Kept(_) => {}
        RemoveEvent::Removed { path, folder } => {
            let what = if folder { "removed directory" } else { "removed" };
            let _ = ui.print(&format!("{what} {}", quote(&[path])));
        }
        RemoveEvent::Failed { path, reason } => {
            ui.complain(&format!("guard: cannot remove {}: {reason}", quote(&[path])));
        }
        RemoveEvent::Changed { path } => {
            ui.complain(&format!("guard: {} is not what was shown any more; left alone", quote(&[path])));
        }
        RemoveEvent::HoldsNew { path } => {
            ui.complain(&format!("guard: {} holds something that was not shown; left alone", quote(&[path])));
        }
    }
}
