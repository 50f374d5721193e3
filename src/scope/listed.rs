//! Asks the tool itself: the listing, the fleets of the roles it names, and what goes along.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use crate::policy::Policy;
use crate::read::{Fill, Match};
use crate::tool::{Effect, Kinds, Read, Template};
use crate::world::{Listing, World};

use super::rows;
use super::target::{Certainty, Fleet, Scope, Target};
use super::words::{empty, widest};

/// How long a listing may take where the tool file does not say.
const PATIENCE: Duration = Duration::from_secs(60);

/// Roles whose fleets are listed at the most; more are shown without their share.
const MOST_ROLES: usize = 16;

/// Runs a listing template through the wrappers that change who or where.
pub fn run(
    found: &Match,
    template: &Template,
    fill: &Fill<'_>,
    world: &dyn World,
) -> Result<Vec<u8>, String> {
    let mut argv = found.invocation.carriers();
    argv.extend(found.fill(template, fill));
    let patience = found.action().timeout.map_or(PATIENCE, |span| span.0);
    world.list(&Listing { argv: &argv, patience, codes: &found.action().read.codes })
}

/// The scope as the tool's own listing tells it.
pub fn scope(found: &Match, kind: &str, kinds: &Kinds, world: &dyn World) -> Scope {
    let Some(template) = &found.action().list else {
        return unknown(kind, kinds, "its tool file has no listing for it".into());
    };
    let listed = run(found, template, &Fill::default(), world).and_then(|output| {
        rows::targets(&output, &found.action().read, kind, kinds).map_err(|fault| fault.to_string())
    });
    match listed {
        Err(why) => unknown(kind, kinds, why),
        Ok(targets) => of_targets(found, kind, kinds, targets),
    }
}

/// A scope that can't be counted.
pub fn unknown(kind: &str, kinds: &Kinds, why: String) -> Scope {
    Scope { certainty: Certainty::Unknown, unknown: Some(why), ..empty(kind, kinds) }
}

/// The exact scope of targets that were listed.
pub fn of_targets(found: &Match, kind: &str, kinds: &Kinds, mut targets: Vec<Target>) -> Scope {
    let mut effect = None;
    let mut size = None;
    if let Some(option) = &found.action().targets.resize {
        let Some(wanted) =
            found.invocation.value(option).and_then(|v| v.to_str()).and_then(|v| v.parse().ok())
        else {
            return unknown(kind, kinds, format!("{option} does not say a number"));
        };
        let shrinks = targets.iter().any(|t| t.weight > wanted);
        // To zero is the end of the whole, not of so many members.
        size = (wanted == 0 && shrinks).then_some(crate::tool::Size::Container);
        effect = Some(if shrinks { Effect::Stop } else { Effect::Change });
        targets.iter_mut().for_each(|t| t.weight = t.weight.abs_diff(wanted));
        targets.retain(|t| t.weight > 0);
    }
    let found_kinds: Vec<&str> = targets.iter().map(|t| t.kind.as_str()).collect();
    let kind = if found_kinds.is_empty() { kind.to_owned() } else { widest(&found_kinds, kinds) };
    let scope = empty(&kind, kinds);
    Scope {
        size: size.unwrap_or(scope.size),
        effect,
        count: targets.iter().map(|t| t.weight).fold(0, u64::saturating_add),
        targets,
        ..scope
    }
}

/// Lists the fleets of the roles that the targets belong to. A fleet that can't be listed is left
/// out, with a note; a role with a floor whose fleet can't be listed makes the scope unknown.
pub fn fleets(found: &Match, scope: &mut Scope, policy: &Policy, world: &dyn World) {
    let Some(template) = &found.action().fleet else { return };
    let mut hits: BTreeMap<String, u64> = BTreeMap::new();
    for target in &scope.targets {
        *hits.entry(target.group.clone().unwrap_or_default()).or_default() += target.weight;
    }
    let by_role = template.text().contains("{group}");
    if !by_role {
        hits = BTreeMap::from([(String::new(), scope.count)]);
    }
    if hits.len() > MOST_ROLES {
        scope.notes.push(format!("{} roles are hit; their fleets were not listed", hits.len()));
        return;
    }
    for (role, hit) in hits {
        if by_role && role.is_empty() {
            continue;
        }
        let fill = Fill { group: Some(&role), ..Fill::default() };
        let members = run(found, template, &fill, world).and_then(|output| members(&output));
        let tool = &found.tool().names[0];
        match members {
            Ok(total) => {
                let keep = policy.keep(&role, tool, total).map(|s| s.value);
                scope.fleets.push(Fleet { role, total, hit, healthy: total, keep });
            }
            Err(why) if policy.keep(&role, tool, u64::MAX).is_some() => {
                scope.certainty = Certainty::Unknown;
                scope.unknown = Some(format!("how many {role} members there are could not be listed: {why}"));
            }
            Err(why) => scope.notes.push(format!("the fleet could not be listed: {why}")),
        }
    }
}

/// Members of a fleet: one a line, whatever the line says.
fn members(output: &[u8]) -> Result<u64, String> {
    let rows = rows::targets(output, &Read::default(), "member", &Kinds::default());
    rows.map(|rows| rows.len() as u64).map_err(|fault| fault.to_string())
}

/// Counts what goes along with the targets, where the tool file knows how.
pub fn dependents(found: &Match, scope: &mut Scope, world: &dyn World) {
    let Some(template) = &found.action().dependents else { return };
    let names: Vec<OsString> = scope.targets.iter().map(|t| t.name.clone()).collect();
    if names.is_empty() {
        return;
    }
    let fill = Fill { targets: &names, ..Fill::default() };
    match run(found, template, &fill, world).and_then(|output| members(&output)) {
        Ok(count) => scope.dependents = Some(count),
        Err(why) => scope.notes.push(format!("what goes along could not be listed: {why}")),
    }
}
