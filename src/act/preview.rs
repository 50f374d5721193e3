//! The dry run that a person is shown, held against the listing that was judged.
//!
//! The tool's own preview is another opinion about what the same words hit. Where its tool file says
//! how to read it, a name in it that was not listed stops: guard would ask about fewer targets than
//! the tool thinks of.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::time::Duration;

use crate::gate::Preview;
use crate::judge::Part;
use crate::read::{Fill, Match};
use crate::scope::{Certainty, Scope, Target, targets};
use crate::tool::{Kinds, Read, Template, grouped};
use crate::ui::escape::{escape, escape_bytes};
use crate::ui::plan::shown_name;
use crate::world::{Listing, World};

/// Lines of a dry run that are shown at the most.
const LINES: usize = 2000;

/// How long a preview may take where the tool file does not say.
const PATIENCE: Duration = Duration::from_secs(60);

/// The text of a dry run: the tool's own preview where it has one, else the frozen listing.
///
/// # Errors
/// When the preview fails, can't be read, or names what was not listed; the sentence says which.
pub fn preview(part: &Part, kinds: &Kinds, world: &dyn World) -> Result<Preview, String> {
    let Some((found, scope)) = part.found.as_ref().zip(part.scope.as_ref()) else {
        return Ok(Preview::default());
    };
    let Some(template) = &found.action().preview else {
        return Ok(Preview { text: listed(scope), note: None });
    };
    let output = run(found, template, world)
        .map_err(|why| format!("the dry run can't be had, so nothing runs: {why}"))?;
    let note = match &found.action().preview_read {
        Some(read) if scope.certainty == Certainty::Exact => {
            compare(&output, read, scope, kinds)?;
            "the dry run names nothing that was not listed"
        }
        _ => "the dry run is only shown: it is not compared with what was listed",
    };
    let lines = output.split(|b| *b == b'\n').take(LINES).map(|line| escape_bytes(line).into_owned());
    Ok(Preview { text: lines.collect::<Vec<_>>().join("\n"), note: Some(note) })
}

/// Runs the preview where the command would run.
fn run(found: &Match, template: &Template, world: &dyn World) -> Result<Vec<u8>, String> {
    let action = found.action();
    let argv = found.invocation.carry(found.fill(template, &Fill::default()));
    let patience = action.timeout.map_or(PATIENCE, |span| span.0);
    let codes = &action.preview_read.as_ref().unwrap_or(&action.read).codes;
    world.list(&Listing { argv: &argv, patience, codes, folder: None, variables: &[] })
}

/// Looks for what the preview names more often than the listing.
fn compare(output: &[u8], read: &Read, scope: &Scope, kinds: &Kinds) -> Result<(), String> {
    let named = targets(output, read, "", kinds)
        .map_err(|why| format!("the dry run can't be read, so it can't be compared: {why}"))?;
    let by_kind = named.iter().all(|target| !target.kind.is_empty());
    let mut listed: HashMap<(&str, &OsStr), u64> = HashMap::new();
    for target in &scope.targets {
        *listed.entry(key(target, by_kind)).or_default() += 1;
    }
    let mut more: Vec<String> = Vec::new();
    for target in &named {
        match listed.get_mut(&key(target, by_kind)) {
            Some(left) if *left > 0 => *left -= 1,
            _ => more.push(shown_name(target)),
        }
    }
    let Some(first) = more.first() else { return Ok(()) };
    let rest = match more.len() - 1 {
        0 => String::new(),
        n => format!(" and {} more", grouped(n as u64)),
    };
    Err(format!("the dry run also names {first}{rest}, which was not listed"))
}

/// What tells targets apart in both: the name, and the kind without its API group (`deployment.apps`)
/// where the preview says one. Namespaces are left out of most previews.
fn key(target: &Target, by_kind: bool) -> (&str, &OsStr) {
    let kind = if by_kind { target.kind.split('.').next().unwrap_or_default() } else { "" };
    (kind, &target.name)
}

/// The frozen listing, a target a line.
fn listed(scope: &Scope) -> String {
    let mut lines: Vec<String> = scope
        .targets
        .iter()
        .map(|t| format!("{}  {}", t.kind, shown_name(t)))
        .chain(scope.sample.iter().map(|name| escape(name).into_owned()))
        .take(LINES)
        .collect();
    let shown = lines.len() as u64;
    if scope.count > shown {
        lines.push(format!("… and {} more", grouped(scope.count - shown)));
    }
    lines.join("\n")
}
