//! The fleets of the roles that targets belong to: how many members there are, and how many are healthy now.
//!
//! A fleet that can't be listed is left out, with a note; where its role has a floor the scope is unknown then.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;

use crate::policy::Policy;
use crate::read::{Fill, Match};
use crate::tool::{Field, Kinds, Read, Template};
use crate::world::World;

use super::listed::{MOST_ROLES, run};
use super::rows;
use super::target::{Certainty, Fleet, Scope, Target};

/// What tells one role from another: namespace, kind and role.
type Role = (Option<String>, String, String);

/// The members of one role.
#[derive(Default)]
struct Members {
    total: u64,
    healthy: u64,
    /// Those that are not healthy, by namespace and name.
    ill: HashSet<(Option<String>, OsString)>,
}

/// Lists the fleets of the roles that the targets belong to: with `{group}` in the template a listing
/// for each role; with a column for the role one for all; else all that is listed is one fleet.
pub fn fleets(found: &Match, scope: &mut Scope, policy: &Policy, world: &dyn World) {
    let Some(template) = &found.action().fleet else { return };
    let read = found.action().fleet_read.clone().unwrap_or_default();
    let asking = Asking { found, template, read: &read, policy, world };
    if template.text().contains("{group}") {
        asking.each_role(scope);
    } else if read.has(Field::Group) {
        asking.all_roles(scope);
    } else {
        let listed = asking.list(None, scope);
        let hit = scope.count;
        asking.take(scope, String::new(), hit, listed.map(|rows| members(&rows)));
    }
}

/// What a fleet is asked with.
struct Asking<'a> {
    found: &'a Match,
    template: &'a Template,
    read: &'a Read,
    policy: &'a Policy,
    world: &'a dyn World,
}

impl Asking<'_> {
    fn list(&self, group: Option<&str>, scope: &Scope) -> Result<Vec<Target>, String> {
        let types = scope.types();
        let fill = Fill { group, types: Some(&types), ..Fill::default() };
        let output = run(self.found, self.template, &fill, self.world)?;
        rows::targets(&output, self.read, "member", &Kinds::default()).map_err(|fault| fault.to_string())
    }

    fn each_role(&self, scope: &mut Scope) {
        let mut hits: BTreeMap<String, u64> = BTreeMap::new();
        for target in &scope.targets {
            *hits.entry(target.group.clone().unwrap_or_default()).or_default() += target.weight;
        }
        if hits.len() > MOST_ROLES {
            scope.notes.push(format!("{} roles are hit; their fleets were not listed", hits.len()));
            return;
        }
        for (role, hit) in hits.into_iter().filter(|(role, _)| !role.is_empty()) {
            let listed = self.list(Some(&role), scope);
            self.take(scope, role, hit, listed.map(|rows| members(&rows)));
        }
    }

    fn all_roles(&self, scope: &mut Scope) {
        let hits = by_role(&scope.targets);
        if hits.is_empty() {
            return;
        }
        let mut listed = self.list(None, scope).map(|rows| {
            let mut roles: BTreeMap<Role, Vec<Target>> = BTreeMap::new();
            for row in rows {
                if let Some(role) = role(&row) {
                    roles.entry(role).or_default().push(row);
                }
            }
            roles
        });
        let floor = hits.keys().find(|(.., role)| self.keep(scope, role, u64::MAX).is_some()).cloned();
        for (role, hit) in hits {
            match &mut listed {
                Ok(roles) => {
                    if let Some(rows) = roles.remove(&role) {
                        self.take(scope, role.2, hit, Ok(members(&rows)));
                    }
                }
                // Said once, and of a role with a floor where there is one.
                Err(why) => {
                    let of = floor.map_or(role.2, |(.., role)| role);
                    return self.take(scope, of, hit, Err(why.clone()));
                }
            }
        }
    }

    /// Puts one fleet into the scope, or why there is none.
    fn take(&self, scope: &mut Scope, role: String, hit: u64, listed: Result<Members, String>) {
        match listed {
            Ok(members) => {
                let Members { total, healthy, ill } = members;
                let keep = self.keep(scope, &role, total);
                let of_role =
                    |target: &&Target| role.is_empty() || target.group.as_deref() == Some(role.as_str());
                let known = |target: &&Target| {
                    ill.contains(&(target.namespace.clone(), target.name.clone()))
                        || target.namespace.is_some() && ill.contains(&(None, target.name.clone()))
                };
                let ill = scope.targets.iter().filter(of_role).filter(known).map(|target| target.weight);
                let ill = ill.fold(0, u64::saturating_add).min(hit);
                scope.fleets.push(Fleet { role, total, hit, healthy, ill, keep });
            }
            Err(why) if self.keep(scope, &role, u64::MAX).is_some() => {
                let role = if role.is_empty() { scope.kind.clone() } else { role };
                scope.certainty = Certainty::Unknown;
                scope.unknown = Some(format!("how many {role} members there are could not be listed: {why}"));
            }
            Err(why) => scope.notes.push(format!("the fleet could not be listed: {why}")),
        }
    }

    /// How many must stay; where no role is known, the kind is it.
    fn keep(&self, scope: &Scope, role: &str, total: u64) -> Option<u64> {
        let role = if role.is_empty() { scope.kind.as_str() } else { role };
        self.policy.keep(role, &self.found.tool().names[0], total).map(|keep| keep.value)
    }
}

fn members(rows: &[Target]) -> Members {
    let mut all = Members::default();
    for row in rows {
        all.total = all.total.saturating_add(row.weight);
        let ready = row.ready.map_or(row.weight, |ready| ready.min(row.weight));
        if row.ill {
            all.ill.insert((row.namespace.clone(), row.name.clone()));
        } else {
            all.healthy = all.healthy.saturating_add(ready);
        }
    }
    all
}

fn role(target: &Target) -> Option<Role> {
    Some((target.namespace.clone(), target.kind.clone(), target.group.clone()?))
}

/// Counts targets that have a role, by namespace, kind and role.
fn by_role(targets: &[Target]) -> BTreeMap<Role, u64> {
    let mut roles = BTreeMap::new();
    for target in targets {
        if let Some(role) = role(target) {
            let members: &mut u64 = roles.entry(role).or_default();
            *members = members.saturating_add(target.weight);
        }
    }
    roles
}
