//! A rollout as it runs, on a terminal: a few lines that stay, above them what is worth keeping.
//!
//! Drawn when something happens, and each second while calls run or it rests; not while a listing or a
//! check runs, which may ask for a password on the same terminal.

use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::tool::grouped;
use crate::ui::Ui;
use crate::ui::escape::escape;

use super::event::{Event, Tally};
use super::plain::Plain;

/// Draws in a second, at the most.
const DRAWS: u8 = 15;

/// What a call printed without a line end is shown when it is so long.
const LINE: usize = 4096;

/// Shows a rollout on a terminal.
#[derive(Debug)]
pub struct Live {
    view: View,
    plain: Plain,
    since: Instant,
    bar: Option<ProgressBar>,
    /// What a call printed so far of a line.
    begun: Vec<u8>,
}

impl Default for Live {
    fn default() -> Self {
        let (view, plain) = Default::default();
        Self { view, plain, since: Instant::now(), bar: None, begun: Vec::new() }
    }
}

impl Live {
    /// Shows one event.
    pub fn show(&mut self, event: &Event, ui: &mut Ui) {
        self.view.take(event, self.since.elapsed());
        match event {
            Event::Said { text } => self.said(text, ui),
            // The question needs the terminal for itself, and the end is the last word.
            Event::Asking | Event::Ended { .. } => {
                self.clear();
                let rest = std::mem::take(&mut self.begun);
                print(&rest, ui);
            }
            _ => {}
        }
        match (self.plain.text(event), &self.bar) {
            (None, _) => {}
            (Some(text), Some(bar)) => bar.suspend(|| ui.complain(&text)),
            (Some(text), None) => ui.complain(&text),
        }
        if !matches!(event, Event::Asking | Event::Ended { .. } | Event::Planned { .. }) {
            // What is drawn too often is passed over; the end of a call comes again, the others stay.
            self.draw(!matches!(event, Event::CallStarted { .. } | Event::CallEnded { failure: None, .. }));
        }
    }

    fn said(&mut self, text: &[u8], ui: &mut Ui) {
        self.begun.extend_from_slice(text);
        let end = self.begun.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end = if self.begun.len() - end > LINE { self.begun.len() } else { end };
        let whole: Vec<u8> = self.begun.drain(..end).collect();
        match &self.bar {
            _ if whole.is_empty() => {}
            Some(bar) => bar.suspend(|| print(&whole, ui)),
            None => print(&whole, ui),
        }
    }

    fn draw(&mut self, now: bool) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(
                Some(self.view.all()),
                ProgressDrawTarget::stderr_with_hz(DRAWS),
            );
            let style = ProgressStyle::with_template("[{bar:30}] {msg}");
            bar.with_style(style.map_or_else(|_| ProgressStyle::default_bar(), |s| s.progress_chars("=> ")))
        });
        bar.set_position(self.view.all() - self.view.tally.left);
        bar.set_message(self.view.words(self.since.elapsed()));
        if now {
            bar.force_draw();
        }
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Writes what calls printed as they printed it; they could have written there themselves.
fn print(text: &[u8], ui: &mut Ui) {
    if text.is_empty() {
        return;
    }
    let mut out = ui.out();
    let _ = out.write_all(text);
    if !text.ends_with(b"\n") {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// What the lines say.
#[derive(Debug, Default)]
struct View {
    tally: Tally,
    /// Targets that were left when this run began.
    left_before: u64,
    stage: (usize, usize),
    batch: (usize, usize),
    /// Until when it rests where no call runs, counted from the beginning.
    rests: Option<Duration>,
    stops: bool,
    failure: Option<String>,
}

impl View {
    /// Takes in an event that came after so long a run.
    fn take(&mut self, event: &Event, elapsed: Duration) {
        match event {
            Event::Planned { tally, .. } => (self.tally, self.left_before) = (*tally, tally.left),
            Event::StageBegan { stage, of, .. } => self.stage = (*stage, *of),
            Event::BatchBegan { batch, of, .. } => {
                (self.batch, self.rests) = ((*batch, *of), None);
            }
            Event::CallEnded { tally, failure, .. } => {
                self.tally = *tally;
                self.failure = failure.clone().or(self.failure.take());
            }
            Event::BatchEnded { tally, .. } => self.tally = *tally,
            Event::Soaking { seconds } => {
                self.rests =
                    Duration::try_from_secs_f64(*seconds).ok().and_then(|rest| elapsed.checked_add(rest));
            }
            Event::Stopping { .. } => self.stops = true,
            Event::Checked { .. } => self.rests = None,
            _ => {}
        }
    }

    fn all(&self) -> u64 {
        let Tally { done, failed, in_doubt, left } = self.tally;
        done + failed + in_doubt + left
    }

    /// The lines, after so long a run.
    fn words(&self, elapsed: Duration) -> String {
        let Tally { done, failed, left, .. } = self.tally;
        let mut text = format!("{} of {}", grouped(self.all() - left), grouped(self.all()));
        let acted = self.left_before.saturating_sub(left);
        let rate = acted as f64 / elapsed.as_secs_f64().max(0.001);
        if acted > 0 && elapsed >= Duration::from_secs(1) {
            text += &format!(", {rate:.1} a second, {} to go", span(left as f64 / rate));
        }
        let (stage, stages) = self.stage;
        let (batch, batches) = self.batch;
        text += &format!("\n  stage {stage} of {stages}");
        if batch > 0 {
            text += &format!(", batch {batch} of {batches}");
        }
        text += &format!(": {} done, {} failed, {} left", grouped(done), grouped(failed), grouped(left));
        if self.stops {
            text += "; stops when these calls end";
        } else if let Some(until) = self.rests {
            text += &format!("; waits {}", span(until.saturating_sub(elapsed).as_secs_f64()));
        }
        if let Some(failure) = &self.failure {
            text += &format!("\n  last failure: {}", escape(failure));
        }
        text
    }
}

/// A time as a person reads it: `8 s`, `3 min 20 s`, `2 h 5 min`.
fn span(seconds: f64) -> String {
    let all = seconds.ceil() as u64;
    match all {
        0..60 => format!("{all} s"),
        60..3600 => format!("{} min {} s", all / 60, all % 60),
        _ => format!("{} h {} min", all / 3600, all % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(done: u64, failed: u64, left: u64) -> Tally {
        Tally { done, failed, in_doubt: 0, left }
    }

    #[test]
    fn the_lines_say_stage_batch_rate_time_to_go_and_the_last_failure() {
        let mut view = View::default();
        let plan = Event::Planned {
            id: "r".into(),
            kind: "pod".into(),
            tally: tally(100, 0, 1100),
            stages: vec![1, 1199],
            parallel: 1,
        };
        view.take(&plan, Duration::ZERO);
        view.take(
            &Event::StageBegan { stage: 2, of: 2, targets: 1100, sample: String::new() },
            Duration::ZERO,
        );
        assert_eq!(
            view.words(Duration::ZERO),
            "100 of 1,200\n  stage 2 of 2: 100 done, 0 failed, 1,100 left"
        );
        view.take(&Event::BatchBegan { batch: 2, of: 3, targets: 500 }, Duration::ZERO);
        let failure = Some("a call failed\x1b[2J".to_owned());
        view.take(&Event::CallEnded { call: 1, tally: tally(199, 1, 1000), failure }, Duration::ZERO);
        view.take(&Event::CallEnded { call: 2, tally: tally(299, 1, 900), failure: None }, Duration::ZERO);
        view.take(&Event::Soaking { seconds: 30.0 }, Duration::from_secs(12));
        let said = view.words(Duration::from_secs(20));
        assert_eq!(
            said,
            "300 of 1,200, 10.0 a second, 1 min 30 s to go\n  stage 2 of 2, batch 2 of 3: 299 done, 1 failed, \
             900 left; waits 22 s\n  last failure: a call failed\\e[2J"
        );
    }

    #[test]
    fn while_a_call_runs_for_long_the_time_to_go_goes_on() {
        let mut view = View { tally: tally(10, 0, 10), left_before: 20, ..View::default() };
        let mut at = |seconds| {
            view.take(&Event::Ticked, Duration::from_secs(seconds));
            view.words(Duration::from_secs(seconds)).lines().next().unwrap().to_owned()
        };
        assert_eq!(at(10), "10 of 20, 1.0 a second, 10 s to go");
        assert_eq!(at(20), "10 of 20, 0.5 a second, 20 s to go");
    }

    #[test]
    fn times_are_put_as_a_person_reads_them() {
        assert_eq!([0.2, 61.0, 7300.0].map(span), ["1 s", "1 min 1 s", "2 h 1 min"]);
    }
}
