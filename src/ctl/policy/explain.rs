//! `guardctl policy explain`: the plan in words, then each deciding line of policy, underlined.

use std::ffi::OsString;
use std::ops::Range;

use crate::ctl::Failure;
use crate::ctl::configured::Configured;
use crate::guard::{Depth, decide};
use crate::judge::{Part, Reason};
use crate::policy::{Gravity, Policy, draw, rule_span};
use crate::ui::escape::quote;
use crate::ui::{Ui, words};
use crate::world::Real;

use super::show::origin;

/// Explains what would be decided about a command.
pub fn run(command: &[OsString], ui: &mut Ui) -> Result<u8, Failure> {
    let here = Configured::read(Real::new(true))?;
    let decision =
        decide(command, &here.setup(), Depth::Full).map_err(|fault| Failure::Usage(fault.to_string()))?;
    ui.print(&words::plan(&decision, &here.kinds, None))?;
    for part in &decision.parts {
        let mut shown: Vec<&str> = Vec::new();
        for reason in &part.verdict.reasons {
            // Fifty protected folders are one rule.
            if !shown.contains(&reason.rule.as_str()) {
                shown.push(&reason.rule);
                ui.print("")?;
                ui.print(&word(part, reason))?;
                ui.print(&rule(reason, &here.policy))?;
            }
        }
    }
    Ok(0)
}

/// The word of the command that the reason is about.
fn word(part: &Part, reason: &Reason) -> String {
    let text = quote(&part.argv);
    let more = part.verdict.reasons.iter().filter(|other| other.rule == reason.rule).count() - 1;
    let more = if more > 0 { format!(" (and {more} more by the same rule)") } else { String::new() };
    let title = format!("{}: {}{more}", reason.rung.word(), reason.text);
    let span = span(part, reason, &text);
    draw(Gravity::Note, "the command", &text, span, &title, "")
}

fn span(part: &Part, reason: &Reason, text: &str) -> Range<usize> {
    let Some(found) = &part.found else { return 0..text.len() };
    let blank = (reason.rule == "blank").then(|| found.blanks().first().map(|b| b.word.clone())).flatten();
    let named = || found.depth.checked_sub(1).and_then(|last| found.invocation.words().nth(last));
    let word = blank.or_else(|| named().map(Into::into)).unwrap_or_else(|| found.invocation.program.clone());
    // Words are looked for behind the wrappers, so that a wrapper of the same name is not meant.
    let before: usize = part.wrappers.iter().map(|w| w.words.len()).sum();
    let at = (before..part.argv.len()).find(|at| part.argv[*at] == word).unwrap_or(before);
    let start = match at {
        0 => 0,
        at => quote(&part.argv[..at]).len() + 1,
    };
    start..quote(&part.argv[..=at.min(part.argv.len().saturating_sub(1))]).len().max(start)
}

/// The line of policy, or where the rule comes from where it is no line.
fn rule(reason: &Reason, policy: &Policy) -> String {
    let layers = policy.layers.iter();
    let spoken = layers.enumerate().rev().find_map(|(at, layer)| {
        let meant = reason.layer.is_none_or(|own| own == at);
        let span = meant.then(|| rule_span(&layer.text, &reason.rule)).flatten()?;
        Some((layer, span))
    });
    match spoken {
        Some((layer, span)) => {
            let title = format!("decided by {}", reason.rule);
            draw(Gravity::Note, &origin(layer), &layer.text, span, &title, "")
        }
        None => format!("note: decided by the rule '{}', which is built into guard", reason.rule),
    }
}
