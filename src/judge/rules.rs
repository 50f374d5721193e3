//! Decides what the limits say about a scope.
//!
//! Pure: a verdict depends on its arguments alone. Reading limits is [`policy`](crate::policy)'s
//! work, acting on a verdict is [`act`](crate::act)'s.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::policy::{Amount, Ladder, Limit, Stance};
use crate::scope::{Certainty, Fleet, Place, Scope, Target};
use crate::tool::{Effect, Freeze, Glob, Kinds, Size, grouped};
use crate::ui::escape::escape;

use super::verdict::{Reason, Rung, Typed, Verdict};

/// Shares are taken of fleets of this size and more.
pub const SMALLEST_FLEET: u64 = 10;

/// Everything a verdict depends on.
#[derive(Debug)]
pub struct Case<'a> {
    /// What it does to its targets.
    pub effect: Effect,
    /// How what runs is held to what is shown.
    pub freeze: Freeze,
    /// What it hits.
    pub scope: &'a Scope,
    /// Where it acts.
    pub place: &'a Place,
    /// What the limits say there.
    pub ladder: &'a Ladder,
    /// Empty words where the tool takes them for everything, as sentences.
    pub blanks: &'a [String],
    /// Names of kinds, for sentences.
    pub kinds: &'a Kinds,
}

/// Returns the highest rung that any fact calls for, with every reason that was found.
///
/// Percentages are of the role's fleet (targets of the same kind and role), of ten members and
/// more, and never apply to a single target; caps round down, floors round up. An unknown fleet
/// satisfies no percentage. More targets, a lower limit or one more protected name never lead to a
/// lower rung.
pub fn judge(case: &Case<'_>) -> Verdict {
    let mut reasons = Vec::new();
    by_blank(case, &mut reasons);
    by_unknown(case, &mut reasons);
    if case.scope.count > 0 {
        by_number(case, &mut reasons);
        by_dependents(case, &mut reasons);
        by_floor(case, &mut reasons);
        by_environment(case, &mut reasons);
    }
    by_protection(case, &mut reasons);
    by_name(case, &mut reasons);
    let person = reasons.iter().any(|r| matches!(r.rule.as_str(), "blank" | "unknown"));
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.rung));
    let highest = reasons.first().map_or(Rung::Allow, |r| r.rung);
    Verdict { rung: highest.raised(case.ladder.raise), typed: typed(case), reasons, person, sum: None }
}

fn by_blank(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    for text in case.blanks {
        reasons.push(Reason { rung: Rung::Confirm, rule: "blank".into(), text: text.clone(), layer: None });
    }
}

fn by_unknown(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    if case.scope.certainty != Certainty::Unknown {
        return;
    }
    let rung = match case.ladder.unknown {
        Stance::Allow => return,
        Stance::Confirm => Rung::Confirm,
        Stance::Deny => Rung::Deny,
    };
    let why = case.scope.unknown.as_deref().unwrap_or("nothing says how many");
    reasons.push(Reason {
        rung,
        rule: "unknown".into(),
        text: format!("what this hits could not be counted: {why}"),
        layer: None,
    });
}

fn by_number(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    let ladder = case.ladder;
    for (rung, limits) in [
        (Rung::Confirm, &ladder.confirm),
        (Rung::DryRun, &ladder.dry_run),
        (Rung::Stage, &ladder.stage),
        (Rung::Approve, &ladder.approve),
        (Rung::Deny, &ladder.deny),
    ] {
        for limit in limits {
            if let Some(text) = reached(case, limit, rung) {
                reasons.push(Reason { rung, rule: limit.rule.clone(), text, layer: Some(limit.layer) });
            }
        }
    }
}

/// Returns the sentence that says why a limit is reached, if it is.
fn reached(case: &Case<'_>, limit: &Limit, rung: Rung) -> Option<String> {
    let scope = case.scope;
    let word = rung.word();
    match limit.amount {
        Amount::Number(from) => (scope.count >= from).then(|| {
            let number = numbered(scope, case.kinds);
            format!("{number} ({word} from {})", grouped(from))
        }),
        Amount::Percent(_) => scope.fleets.iter().find_map(|fleet| {
            let asks =
                fleet.total >= SMALLEST_FLEET && fleet.hit >= 2 && fleet.hit >= limit.amount.of(fleet.total);
            asks.then(|| {
                let share = fleet.hit.saturating_mul(100) / fleet.total.max(1);
                let number = case.kinds.count(fleet.hit, &scope.kind);
                let (total, from) = (grouped(fleet.total), limit.amount);
                format!("{number} are {share}% of {total} {} ({word} from {from})", of_role(fleet, case))
            })
        }),
    }
}

/// Writes the count as far as it is certain: `12 pods`, `at least 1,001 files`.
pub fn numbered(scope: &Scope, kinds: &Kinds) -> String {
    let number = kinds.count(scope.count, &scope.kind);
    match scope.certainty {
        // "At least none" would read as harmless.
        Certainty::AtLeast | Certainty::Unknown if scope.count == 0 => {
            let plural = kinds.count(2, &scope.kind);
            format!("an unknown number of {}", plural.trim_start_matches("2 "))
        }
        Certainty::Exact => number,
        Certainty::AtLeast | Certainty::Unknown => format!("at least {number}"),
        Certainty::AtMost => format!("up to {number}"),
    }
}

fn of_role(fleet: &Fleet, case: &Case<'_>) -> String {
    let plural = case.kinds.count(2, &case.scope.kind);
    let plural = plural.trim_start_matches("2 ");
    if fleet.role.is_empty() { plural.to_owned() } else { format!("{} {plural}", escape(&fleet.role)) }
}

/// What goes along with several targets, or with one where rungs rise, counts by the same numbers,
/// to the dry run at most: stages and a second person are for what is hit, which can be narrowed.
fn by_dependents(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    let Some(along) = case.scope.dependents.filter(|_| case.scope.count >= 2 || case.ladder.raise > 0) else {
        return;
    };
    for (rung, limits) in [(Rung::Confirm, &case.ladder.confirm), (Rung::DryRun, &case.ladder.dry_run)] {
        for limit in limits {
            let Amount::Number(from) = limit.amount else { continue };
            if along >= from {
                let (along, with) = (grouped(along), numbered(case.scope, case.kinds));
                let text = format!("{along} go along with {with} ({} from {})", rung.word(), grouped(from));
                reasons.push(Reason { rung, rule: limit.rule.clone(), text, layer: Some(limit.layer) });
            }
        }
    }
}

fn by_floor(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    for fleet in &case.scope.fleets {
        let Some(keep) = fleet.keep else { continue };
        let left = fleet.left();
        // A command that takes none of the healthy away is not to blame for how few of them are left.
        if left < keep && fleet.hit > fleet.ill {
            let (hit, total) = (grouped(fleet.hit), grouped(fleet.total));
            let text = format!(
                "{hit} of {total} {} would leave {}, and at least {} must stay",
                of_role(fleet, case),
                grouped(left),
                grouped(keep)
            );
            let rule = format!("role.{}.keep", fleet.called(&case.scope.kind));
            reasons.push(Reason { rung: Rung::Deny, rule, text, layer: None });
        }
    }
}

/// Destroying members or containers where rungs rise asks for the place's name, however few.
fn by_environment(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    if wrong_place_matters(case) && reasons.is_empty() {
        let text = format!(
            "{} in {}, where destroying is always confirmed by name",
            numbered(case.scope, case.kinds),
            escape(&case.place.name)
        );
        reasons.push(Reason { rung: Rung::Confirm, rule: "environment".into(), text, layer: None });
    }
}

fn wrong_place_matters(case: &Case<'_>) -> bool {
    case.ladder.raise > 0 && case.effect == Effect::Destroy && case.scope.size > Size::Small
}

fn by_protection(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    for protected in &case.scope.protected {
        reasons.push(Reason {
            rung: if protected.deny { Rung::Deny } else { Rung::Confirm },
            rule: protected.rule.into(),
            text: format!("{} is {}", escape(&protected.what), protected.why),
            layer: None,
        });
    }
    for (glob, rule, layer) in &case.ladder.protect {
        for target in case.scope.targets.iter().filter(|t| names(glob, t)) {
            reasons.push(Reason {
                rung: Rung::Deny,
                rule: rule.clone(),
                text: format!(
                    "{}/{} is protected ({})",
                    escape(&target.kind),
                    escape(&target.name),
                    glob.text()
                ),
                layer: Some(*layer),
            });
        }
    }
}

/// Names that are confirmed however few are hit, because what hangs on them is no matter of number.
fn by_name(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    for (target, (glob, rule, layer)) in confirmed(case) {
        let (kind, name, glob) = (escape(&target.kind), escape(short(target)), glob.text());
        reasons.push(Reason {
            rung: Rung::Confirm,
            rule: rule.clone(),
            text: format!("{kind} {name} is always confirmed by its name ({glob})"),
            layer: Some(*layer),
        });
    }
}

/// The targets that are always confirmed, each with the first rule that says so.
fn confirmed<'c>(case: &Case<'c>) -> impl Iterator<Item = (&'c Target, &'c (Glob, String, usize))> {
    let (targets, rules) = (&case.scope.targets, &case.ladder.confirm_names);
    targets.iter().filter_map(|t| Some((t, rules.iter().find(|(glob, ..)| names(glob, t))?)))
}

/// Tells whether a glob means a target: by its name, its short name, or its kind and name.
fn names(glob: &Glob, target: &Target) -> bool {
    let name = target.name.as_bytes();
    let full = [target.kind.as_bytes(), b"/", name].concat();
    glob.matches(name) || glob.matches(short(target).as_bytes()) || glob.matches(&full)
}

/// What people call a target: a branch goes without its folder.
fn short(target: &Target) -> &OsStr {
    let name = target.name.as_bytes();
    OsStr::from_bytes(name.strip_prefix(b"refs/heads/").unwrap_or(name))
}

/// What a person types: a name where the count is no help, else the number.
fn typed(case: &Case<'_>) -> Typed {
    let scope = case.scope;
    let context = || Typed::Context(case.place.name.clone());
    // Where a host or the way to it is hit, its name says more than that of a unit.
    let host = scope.protected.iter().any(|p| matches!(p.rule, "session" | "this-host" | "system"));
    if scope.certainty == Certainty::Unknown || wrong_place_matters(case) || host {
        return context();
    }
    if let Some((target, _)) = confirmed(case).next() {
        return Typed::Name(escape(short(target)).into_owned());
    }
    match (scope.count, scope.targets.as_slice(), scope.sample.as_slice()) {
        (0, ..) => context(),
        (_, [only], _) => Typed::Name(escape(&only.name).into_owned()),
        (1, [], [only]) => Typed::Name(escape(only).into_owned()),
        (count, ..) if scope.certainty == Certainty::Exact => Typed::Number(count),
        _ => context(),
    }
}
