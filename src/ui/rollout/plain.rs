//! A rollout as plain lines on stderr.

use std::fmt::Write as _;

use crate::tool::grouped;
use crate::ui::Ui;
use crate::ui::escape::escape;

use super::event::{CTRL_C, End, Event};

/// Shows a rollout line by line.
#[derive(Debug, Default)]
pub struct Plain {
    stages: usize,
}

impl Plain {
    /// Shows one event.
    pub fn show(&mut self, event: &Event, ui: &mut Ui) {
        if let Some(text) = self.text(event) {
            ui.complain(&text);
        }
    }

    /// What is said of an event, where it is worth a line.
    pub(super) fn text(&mut self, event: &Event) -> Option<String> {
        if let Event::Planned { stages, .. } = event {
            self.stages = stages.len();
        }
        line(event, self.stages)
    }
}

/// The line for an event, where it is worth one.
fn line(event: &Event, stages: usize) -> Option<String> {
    Some(match event {
        Event::Planned { id, tally, stages, .. } => {
            let stages: Vec<String> = stages.iter().map(|size| grouped(*size)).collect();
            let all = tally.done + tally.failed + tally.in_doubt + tally.left;
            let before =
                if tally.left == all { String::new() } else { format!("; {} are left", grouped(tally.left)) };
            format!(
                "guard: rollout {}: {} in stages of {}{before}",
                escape(id),
                grouped(all),
                stages.join(", ")
            )
        }
        Event::StageBegan { stage, of, targets, sample } => {
            format!("guard: stage {stage} of {of}: {} ({sample})", grouped(*targets))
        }
        Event::Looked { gone, appeared } => looked(*gone, *appeared),
        Event::CallEnded { failure: Some(failure), .. } => format!("guard: {failure}"),
        Event::Checked { passed: false, tries, said } => {
            let said = said.as_deref().unwrap_or("it said nothing");
            format!("guard: the check failed (try {tries}): {said}")
        }
        Event::Checked { passed: true, tries, .. } if *tries > 1 => "guard: the check passed".into(),
        Event::Soaking { seconds } => format!("guard: waits {seconds} s"),
        Event::Stopping { why } => {
            let again = if why == CTRL_C { " (Ctrl-C again ends it)" } else { "" };
            format!("guard: {why}; what runs may finish{again}")
        }
        Event::Ended { end, why, tally, sets, resume } => {
            if *end == End::Finished && tally.failed == 0 {
                let stages = if stages == 1 { "1 stage".to_owned() } else { format!("{stages} stages") };
                return Some(format!("guard: done: {} in {stages}", grouped(tally.done)));
            }
            let mut text = match (end, why) {
                (End::Finished, _) => "guard: the rollout is at its end, with failures".to_owned(),
                (End::Stopped, why) => {
                    format!("guard: the rollout stopped: {}", why.as_deref().unwrap_or(""))
                }
                (End::Parked, why) => {
                    format!("guard: the rollout is parked: {}", why.as_deref().unwrap_or(""))
                }
            };
            for (state, names) in sets {
                let _ = write!(text, "\n  {:10} {names}", format!("{state}:"));
            }
            if let Some(resume) = resume {
                let _ = write!(text, "\n  to go on: {resume}");
            }
            text
        }
        Event::Said { .. }
        | Event::FloorHeld { .. }
        | Event::BatchBegan { .. }
        | Event::BatchEnded { .. }
        | Event::CallStarted { .. }
        | Event::CallEnded { failure: None, .. }
        | Event::Checked { passed: true, .. }
        | Event::Ticked
        | Event::Asking => return None,
    })
}

fn looked(gone: u64, appeared: u64) -> String {
    let gone = (gone > 0).then(|| format!("{} of the next are gone by now", grouped(gone)));
    let appeared = (appeared > 0)
        .then(|| format!("{} that were not shown have appeared, and are not touched", grouped(appeared)));
    let parts: Vec<String> = gone.into_iter().chain(appeared).collect();
    format!("guard: {}", parts.join("; "))
}
