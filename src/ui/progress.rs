//! A progress line while counting, on a terminal, and only when it takes over half a second.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::tool::grouped;

/// Counting that takes less is not worth a line.
const QUIET: Duration = Duration::from_millis(500);

/// The progress line of one count.
#[derive(Debug)]
pub struct Counter {
    since: Instant,
    bar: RefCell<Option<ProgressBar>>,
}

impl Default for Counter {
    fn default() -> Self {
        Self { since: Instant::now(), bar: RefCell::default() }
    }
}

impl Counter {
    /// Says how many entries were seen so far. Nothing is drawn where stderr is no terminal.
    pub fn tell(&self, entries: u64) {
        if self.since.elapsed() < QUIET {
            return;
        }
        let mut bar = self.bar.borrow_mut();
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar
        });
        bar.set_message(format!("guard: {} files counted", grouped(entries)));
        bar.tick();
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }
}
