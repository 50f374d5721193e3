//! Asks the tool itself: the listing, and what goes along.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use crate::read::{Fill, Match};
use crate::tool::{Effect, Kinds, Read, Template};
use crate::world::{Listing, World};

use super::rows;
use super::target::{Certainty, Scope, Target};
use super::words::{empty, widest};

/// How long a listing may take where the tool file does not say.
const PATIENCE: Duration = Duration::from_secs(60);

/// Roles whose fleets are listed at the most; more are shown without their share.
pub(super) const MOST_ROLES: usize = 16;

/// Runs a listing template through the wrappers that change who or where.
pub fn run(
    found: &Match,
    template: &Template,
    fill: &Fill<'_>,
    world: &dyn World,
) -> Result<Vec<u8>, String> {
    let argv = found.invocation.carry(found.fill(template, fill));
    let patience = found.action().timeout.map_or(PATIENCE, |span| span.0);
    world.list(&Listing {
        argv: &argv,
        patience,
        codes: &found.action().read.codes,
        folder: None,
        variables: &[],
    })
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
    let kind = match found_kinds.as_slice() {
        _ if found.action().targets.resize.is_some() => "replica".to_owned(),
        [] => kind.to_owned(),
        all => widest(all, kinds),
    };
    let scope = empty(&kind, kinds);
    Scope {
        size: size.unwrap_or(scope.size),
        effect,
        count: targets.iter().map(|t| t.weight).fold(0, u64::saturating_add),
        targets,
        ..scope
    }
}

fn rows_of(output: &[u8], read: &Read) -> Result<u64, String> {
    let rows = rows::targets(output, read, "member", &Kinds::default());
    rows.map(|rows| rows.len() as u64).map_err(|fault| fault.to_string())
}

/// Tells whether the tool file knows how to list what goes along with some of the targets.
pub fn takes_along(found: &Match, scope: &Scope) -> bool {
    let dependents = found.action().dependents.as_ref();
    dependents.is_some_and(|known| scope.targets.iter().any(|target| known.of(&target.kind).is_some()))
}

/// Counts what goes along with the targets, where the tool file knows how.
pub fn dependents(found: &Match, scope: &mut Scope, world: &dyn World) {
    let Some(dependents) = &found.action().dependents else { return };
    let mut kinds: BTreeMap<&str, Vec<OsString>> = BTreeMap::new();
    for target in &scope.targets {
        kinds.entry(&target.kind).or_default().push(target.name.clone());
    }
    let mut total = None;
    let mut faults = Vec::new();
    for (kind, names) in kinds {
        let Some(template) = dependents.of(kind) else { continue };
        let each = template.text().contains("{target}");
        if each && names.len() > MOST_ROLES {
            scope.notes.push(format!("what goes along with {} targets was not listed", names.len()));
            continue;
        }
        let alone = names.iter().map(|name| Fill { target: Some(name), ..Fill::default() });
        let fills: Vec<Fill<'_>> =
            if each { alone.collect() } else { vec![Fill { targets: &names, ..Fill::default() }] };
        for fill in fills {
            match run(found, template, &fill, world)
                .and_then(|output| rows_of(&output, &found.action().dependents_read))
            {
                Ok(count) => total = Some(total.unwrap_or(0) + count),
                Err(why) => faults.push(format!("what goes along could not be listed: {why}")),
            }
        }
    }
    scope.dependents = total.or(scope.dependents);
    match faults.into_iter().next() {
        // What goes along with one target is told, with more of them it counts.
        Some(why) if scope.count >= 2 && scope.unknown.is_none() => {
            scope.certainty = Certainty::Unknown;
            scope.unknown = Some(why);
        }
        fault => scope.notes.extend(fault),
    }
}
