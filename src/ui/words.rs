//! A decision in words: what would be hit, why it stops, and what to type next.

use std::ffi::OsString;

use crate::judge::{Decision, Part, Reason, Rung, Stages, Typed, numbered};
use crate::read::Match;
use crate::scope::{Certainty, Fleet, Place, Scope};
use crate::tool::{Freeze, Kinds, grouped};

use super::escape::{escape, quote, shorten};
use super::fold::sample;
use super::plan::shown_name;

/// Reasons shown to a person at the most; a plan in JSON has them all.
const REASONS: usize = 6;

/// Columns of a command to type again.
const COMMAND: usize = 2000;

/// Words of a command to type again.
const WORDS: usize = 20;

/// Columns that every message fits into.
const WIDTH: usize = 80;

/// Writes a plan for a person, several lines.
pub fn plan(decision: &Decision, kinds: &Kinds, stages: Option<&Stages>) -> String {
    let part = decision.worst();
    let mut lines = vec![headline(part, kinds)];
    lines.extend(details(part, kinds));
    lines.push(format!("verdict: {}", part.verdict.rung.word()));
    lines.extend(shown(part.verdict.reasons.iter()));
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
    let number = numbered(scope, kinds);
    format!("{} would {} {number}{}", command(found), verb(part), at(&part.place))
}

/// The tool and the subcommand, as a person says it: `kubectl rollout restart`.
fn command(found: &Match) -> String {
    let words = found.invocation.words().take(found.depth).map(|word| escape(word).into_owned());
    std::iter::once(found.file.tool.names[0].clone()).chain(words).collect::<Vec<_>>().join(" ")
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
    let on = if place.parts.first().is_some_and(|(part, _)| part == "host") { "on" } else { "in" };
    format!(" {on} {}{rest}", escape(&place.name))
}

/// Names, fleets, what goes along, notes: each a line with two blanks in front.
pub fn details(part: &Part, kinds: &Kinds) -> Vec<String> {
    let Some(scope) = &part.scope else { return Vec::new() };
    let mut lines = Vec::new();
    let names: Vec<OsString> = names(scope);
    if !names.is_empty() {
        lines.push(sample(&names, WIDTH - 2, scope.count.max(names.len() as u64)));
    }
    lines.extend(scope.fleets.iter().filter_map(|fleet| share(fleet, part, &scope.kind, kinds)));
    if let Some(along) = scope.dependents.filter(|n| *n > 0) {
        let go = if along == 1 { "goes" } else { "go" };
        lines.push(format!("{} more {go} along", grouped(along)));
    }
    lines.extend(scope.notes.iter().cloned());
    lines.extend(part.found.iter().filter_map(|f| f.action().note.clone()));
    lines.into_iter().map(|line| format!("  {}", shorten(&line, WIDTH - 2))).collect()
}

/// `12% of 40 billing servers`, where no reason says so already.
fn share(fleet: &Fleet, part: &Part, kind: &str, kinds: &Kinds) -> Option<String> {
    let total = grouped(fleet.total);
    if telling(part).any(|reason| reason.text.contains(&format!("of {total} "))) {
        return None;
    }
    let percent = fleet.hit.saturating_mul(100) / fleet.total.max(1);
    let role = if fleet.role.is_empty() { String::new() } else { format!("{} ", escape(&fleet.role)) };
    Some(format!("{percent}% of {total} {role}{}", plural(kinds, kind)))
}

fn names(scope: &Scope) -> Vec<OsString> {
    // A sample holds what counts; among the targets may be what does not.
    if !scope.sample.is_empty() {
        return scope.sample.clone();
    }
    scope.targets.iter().map(|t| OsString::from(shown_name(t))).collect()
}

/// The reasons that tell something, each a line with a dash in front.
pub fn reasons(part: &Part) -> Vec<String> {
    shown(telling(part))
}

/// As many as a person reads, and how many more there are.
fn shown<'a>(reasons: impl Iterator<Item = &'a Reason>) -> Vec<String> {
    let mut lines: Vec<String> = reasons.map(|reason| format!("  - {}", reason.text)).collect();
    let more = lines.len().saturating_sub(REASONS);
    if more > 0 {
        lines.truncate(REASONS);
        lines.push(format!("  - … and {more} more such reasons"));
    }
    lines
}

/// Leaves out lower limits on the same number: from where a second person is needed, nobody asks
/// from where the number is typed. A plan in words has them all.
fn telling(part: &Part) -> impl Iterator<Item = &Reason> {
    let highest = part.verdict.reasons.first().map(|reason| reason.rung);
    let tells = move |reason: &&Reason| Some(reason.rung) == highest || !reason.rule.starts_with("limits.");
    part.verdict.reasons.iter().filter(tells)
}

fn stage_line(part: &Part, stages: Option<&Stages>) -> Option<String> {
    let default = Stages::default();
    let stages =
        stages.or((part.verdict.rung >= Rung::Stage && part.verdict.rung < Rung::Deny).then_some(&default))?;
    let batches = stages.batches(part.scope.as_ref()?.count);
    let batches: Vec<String> = batches.iter().map(|b| grouped(*b)).collect();
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
pub fn way_on(part: &Part, own: &[OsString], command: &[OsString]) -> Option<String> {
    let scope = part.scope.as_ref()?;
    let exact = scope.certainty == Certainty::Exact && scope.count > 0;
    if part.verdict.person || !exact || part.verdict.rung == Rung::Deny {
        return None;
    }
    let staged = own.iter().any(|option| option.as_encoded_bytes().starts_with(b"--stages"));
    let stages = if part.verdict.rung >= Rung::Stage && !staged { " --stages" } else { "" };
    let number = match part.verdict.sum {
        Some(sum) => format!("--max {sum}"),
        None => format!("--expect {}", scope.count),
    };
    Some(format!("guard {number}{stages} {}", with_own(own, command)))
}

/// A command to type again with the options of guard's own that were given.
pub fn with_own(own: &[OsString], command: &[OsString]) -> String {
    // Lists of stages and the like mean nothing to a shell: quotes would only be in the way.
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-=,%.:/_".contains(byte);
    let word = |option: &OsString| match option.to_str().filter(|text| text.bytes().all(|b| plain(&b))) {
        Some(text) => format!("{text} "),
        None => format!("{} ", quote(&[option])),
    };
    let own: String = own.iter().map(word).collect();
    format!("{own}{}", typed_again(command))
}

/// A command to type again; of a long one the beginning, which whoever typed it knows again.
pub fn typed_again(command: &[OsString]) -> String {
    let words = command.get(..WORDS).unwrap_or(command);
    let more = if words.len() < command.len() { " …" } else { "" };
    format!("{}{more}", shorten(&quote(words), COMMAND))
}
