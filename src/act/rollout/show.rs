//! Who hears of a rollout's events: a person or a program, and how its end is put.

use std::ffi::OsString;
use std::time::Duration;

use crate::record::journal::{Fate, Journal, Progress};
use crate::record::to_line;
use crate::tool::grouped;
use crate::ui::Ui;
use crate::ui::fold::{fold, sample};
use crate::ui::plan::shown_name;
use crate::ui::rollout::{End, Event, Live, Plain};
use crate::world::calls::Output;

use super::super::carry::Scene;
use super::outside::Outside;
use super::run::Ending;

/// Names that are folded whole; more are a sample.
const FOLDED: usize = 10_000;

/// How often the lines on a terminal are drawn anew while nothing happens.
const TICK: Duration = Duration::from_secs(1);

/// Columns of that sample.
const WIDTH: usize = 1000;

/// Shows events where the operator looks.
pub struct Shown<'a> {
    ui: &'a mut Ui,
    how: How,
    hear: &'a dyn Fn(&Event),
}

/// How events are shown.
enum How {
    Json,
    Lines(Plain),
    Live(Box<Live>),
}

impl<'a> Shown<'a> {
    /// As guard's options wish it.
    pub fn new(scene: &'a Scene<'_>, ui: &'a mut Ui) -> Self {
        let dumb = scene.world.variable("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let how = match scene.wish.json {
            true => How::Json,
            false if !dumb && Ui::is_seen() => How::Live(Box::default()),
            false => How::Lines(Plain::default()),
        };
        Self { ui, how, hear: scene.hear }
    }

    /// What the calls do with their output beside it.
    pub fn output(&self) -> Output {
        match self.how {
            How::Json => Output::Aside,
            How::Lines(_) => Output::Inherited,
            How::Live(_) => Output::Taken,
        }
    }

    /// How often it is worth saying that time goes by.
    pub fn ticks(&self) -> Option<Duration> {
        matches!(self.how, How::Live(_)).then_some(TICK)
    }

    /// Shows one event.
    pub fn tell(&mut self, event: &Event) {
        (self.hear)(event);
        match &mut self.how {
            How::Json => {
                let line = to_line(event).unwrap_or_default();
                // Who reads the events may have gone; the rollout goes on, its journal tells.
                let _ = self.ui.print(&String::from_utf8_lossy(&line));
            }
            How::Lines(plain) => plain.show(event, self.ui),
            How::Live(live) => live.show(event, self.ui),
        }
    }

    /// Shows how it ended, with the names in each state and what to type to go on.
    pub fn ended(&mut self, journal: &Journal, outside: &dyn Outside, ending: &Ending) {
        let progress = journal.progress();
        let open = ending.tally.left + ending.tally.in_doubt + ending.tally.failed;
        let id = &progress.plan.id;
        let resume = (ending.end != End::Finished && open > 0).then(|| {
            match (ending.tally.left, ending.tally.in_doubt) {
                (0, 0) => format!("guardctl rollout retry-failed {id}"),
                _ => format!("guardctl rollout resume {id}"),
            }
        });
        let sets = sets(progress, outside);
        let (end, why, tally) = (ending.end, ending.why.clone(), ending.tally);
        self.tell(&Event::Ended { end, why, tally, sets, resume });
    }
}

/// The targets in each state, folded.
fn sets(progress: &Progress, outside: &dyn Outside) -> Vec<(String, String)> {
    let states = [
        ("done", Fate::Done),
        ("gone", Fate::Gone),
        ("failed", Fate::Failed),
        ("in doubt", Fate::InDoubt),
        ("untouched", Fate::Left),
    ];
    let named = |fate| {
        if progress.plan.files.is_some() {
            return outside.names(&progress.places(fate));
        }
        let names = progress.targets(fate).take(FOLDED).map(|target| shown_name(&target.into()));
        let names: Vec<OsString> = names.map(OsString::from).collect();
        let count = progress.count(fate);
        if count <= names.len() as u64 { fold(&names) } else { sample(&names, WIDTH, count) }
    };
    let any = states.into_iter().filter(|(_, fate)| progress.count(*fate) > 0);
    any.map(|(state, fate)| (state.to_owned(), format!("{}: {}", grouped(progress.count(fate)), named(fate))))
        .collect()
}
