//! A decision in words: what would be hit, why it stops, and what to type next.

use std::ffi::OsString;

use crate::judge::{Decision, Part, Rung, Stages, Typed, numbered};
use crate::scope::{Certainty, Place, Scope};
use crate::tool::{Freeze, Kinds};

use super::escape::{escape, quote, shorten};
use super::fold::sample;
use super::plan::shown_name;

/// Names shown to a person at the most, before "and N more".
const NAMES: usize = 8;

/// Reasons shown to a person at the most; a plan in JSON has them all.
const REASONS: usize = 6;

/// Columns that every message fits into.
const WIDTH: usize = 80;

/// Writes a plan for a person, several lines.
pub fn plan(decision: &Decision, kinds: &Kinds, stages: Option<&Stages>) -> String {
    let part = decision.worst();
    let mut lines = vec![headline(part, kinds)];
    lines.extend(details(part, kinds));
    lines.push(format!("verdict: {}", part.verdict.rung.word()));
    lines.extend(reasons(part));
    if let Some(line) = stage_line(part, stages) {
        lines.push(line);
    }
    if decision.parts.len() > 1 {
        lines.push(format!("({} commands in all; this is the one that decides)", decision.parts.len()));
    }
    lines.join("\n")
}

/// What it is and how many it hits, in one line.
pub fn headline(part: &Part, kinds: &Kinds) -> String {
    let Some((found, scope)) = part.found.as_ref().zip(part.scope.as_ref()) else {
        return format!("{} is nothing that guard calls risky", shorten(&quote(&part.argv), 40));
    };
    let number = match scope.certainty {
        Certainty::Unknown if scope.count == 0 => {
            format!("an unknown number of {}", plural(kinds, &scope.kind))
        }
        _ => numbered(scope, kinds),
    };
    format!("{} would {} {number}{}", found.name(), verb(part), at(&part.place))
}

fn plural(kinds: &Kinds, kind: &str) -> String {
    kinds.count(2, kind).trim_start_matches("2 ").to_owned()
}

fn verb(part: &Part) -> &'static str {
    part.effect.map_or("hit", crate::tool::Effect::word)
}

/// Where, in words: ` in east (namespace shop)`.
fn at(place: &Place) -> String {
    if place.name.is_empty() {
        return String::new();
    }
    let others: Vec<String> = place
        .parts
        .iter()
        .filter(|(_, value)| *value != place.name)
        .map(|(part, value)| format!("{part} {}", escape(value)))
        .collect();
    let rest = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
    format!(" in {}{rest}", escape(&place.name))
}

/// Names, fleets, what goes along, notes: each a line with two blanks in front.
pub fn details(part: &Part, kinds: &Kinds) -> Vec<String> {
    let Some(scope) = &part.scope else { return Vec::new() };
    let mut lines = Vec::new();
    let names: Vec<OsString> = names(scope);
    if !names.is_empty() {
        lines.push(sample(&names, NAMES, scope.count.max(names.len() as u64)));
    }
    for fleet in &scope.fleets {
        let of = if fleet.role.is_empty() { String::new() } else { format!(" {}", escape(&fleet.role)) };
        let share = fleet.hit.saturating_mul(100) / fleet.total.max(1);
        lines.push(format!("{share}% of {}{of}", kinds.count(fleet.total, &scope.kind)));
    }
    if let Some(along) = scope.dependents.filter(|n| *n > 0) {
        lines.push(format!("{} more go along", crate::tool::grouped(along)));
    }
    lines.extend(scope.notes.iter().cloned());
    lines.extend(part.found.iter().filter_map(|f| f.action().note.clone()));
    lines.into_iter().map(|line| format!("  {}", shorten(&line, WIDTH - 2))).collect()
}

fn names(scope: &Scope) -> Vec<OsString> {
    if scope.targets.is_empty() {
        return scope.sample.clone();
    }
    scope.targets.iter().map(|t| OsString::from(shown_name(t))).collect()
}

/// Each reason, a line with a dash in front.
pub fn reasons(part: &Part) -> Vec<String> {
    let reasons = &part.verdict.reasons;
    let mut lines: Vec<String> = reasons.iter().take(REASONS).map(|r| format!("  - {}", r.text)).collect();
    if let Some(more) = reasons.len().checked_sub(REASONS).filter(|more| *more > 0) {
        lines.push(format!("  - … and {more} more such reasons"));
    }
    lines
}

fn stage_line(part: &Part, stages: Option<&Stages>) -> Option<String> {
    let default = Stages::default();
    let stages =
        stages.or((part.verdict.rung >= Rung::Stage && part.verdict.rung < Rung::Deny).then_some(&default))?;
    let batches = stages.batches(part.scope.as_ref()?.count);
    let batches: Vec<String> = batches.iter().map(|b| crate::tool::grouped(*b)).collect();
    Some(format!("stages: {}", batches.join(", ")))
}

/// What the freeze holds, in one sentence.
pub fn freeze(freeze: Freeze) -> &'static str {
    match freeze {
        Freeze::Names => "what runs names exactly these targets",
        Freeze::Plan => "what runs is exactly this plan",
        Freeze::Lease => "what runs stops if anything has moved meanwhile",
        Freeze::Handles => "what runs removes exactly these files, whatever is put in their place",
        Freeze::Cap => "what runs stops at this number, but could hit others than shown",
        Freeze::Relist => {
            "they are listed again right before it runs; what appears in that moment is hit too"
        }
        Freeze::None => "nothing holds what runs to what is shown: it runs as typed",
    }
}

/// What the person has to type, in words.
pub fn to_type(typed: &Typed) -> String {
    match typed {
        Typed::Number(n) => format!("type the number, {n}, to go on"),
        Typed::Name(name) => format!("type its name, {name}, to go on"),
        Typed::Context(name) => format!("type the name of the place, {}, to go on", escape(name)),
    }
}

/// The command that would go on without a terminal, where options can satisfy the rung.
pub fn way_on(part: &Part, options: &[&str], command: &[OsString]) -> Option<String> {
    let scope = part.scope.as_ref()?;
    if part.verdict.person || scope.certainty != Certainty::Exact || part.verdict.rung == Rung::Deny {
        return None;
    }
    let stages = if part.verdict.rung >= Rung::Stage { " --stages" } else { "" };
    let own: String = options.iter().map(|o| format!(" {o}")).collect();
    Some(format!("guard --expect {}{stages}{own} {}", scope.count, quote(command)))
}
