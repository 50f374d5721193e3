//! Invocation and action → scope: the real targets a command would hit.
//!
//! One file a source of targets. What comes out is a [`Scope`]: a number, how certain it is, and
//! (where the freeze needs it) the frozen set itself. Whether that number is too large is
//! [`judge`](crate::judge)'s work.

mod bound;
mod files;
mod fleets;
mod git;
mod hosts;
mod index;
mod listed;
mod narrow;
mod objects;
mod over;
mod pgrep;
mod place;
mod processes;
mod refs;
mod rows;
mod session;
mod target;
mod words;

pub use fleets::fleets;
pub use git::{alias, top, words as alias_words};
pub use hosts::Resolver;
pub use listed::{dependents, run, takes_along, unknown};
pub use narrow::{Call, MOST_BYTES, MOST_TARGETS, NarrowFault, calls, capped_call, filled, per_call};
pub use pgrep::{Found, pgrep, pidof};
pub use place::{current_context, place};
pub use rows::{Unreadable, targets};
pub use session::mark as mark_session;
pub use target::{Certainty, Fleet, Frozen, Place, Protected, Scope, Target};
pub use words::{Words, empty, named, widest};

use crate::policy::{Amount, Ladder, Limit, Policy};
use crate::read::Match;
use crate::tool::{Kinds, Source};
use crate::world::World;

/// What is asked of the world.
#[derive(Debug)]
pub struct Question<'a> {
    /// The action.
    pub found: &'a Match,
    /// What its words say.
    pub words: &'a Words,
    /// Kinds of targets.
    pub kinds: &'a Kinds,
    /// True to count everything, false to stop when the answer can't change.
    pub full: bool,
    /// True to keep what a freeze needs to hold on to.
    pub keep: bool,
    /// More than this many can't change the answer.
    pub enough: Option<u64>,
}

/// Tells whether the words of a command alone can bound what it hits.
pub fn by_words(found: &Match) -> bool {
    matches!(found.action().targets.source, Source::Operands | Source::Resources | Source::Refs)
}

/// Reads the words of an invocation, and the files that say what they mean.
pub fn words(found: &Match, kinds: &Kinds, world: &dyn World) -> Words {
    match found.action().targets.source {
        Source::Refs => refs::looked_up(found, kinds, world),
        _ => Words::of(found, kinds),
    }
}

/// Asks the world what an action would hit.
pub fn resolve(question: &Question<'_>, policy: &Policy, world: &dyn World) -> Scope {
    let Question { found, words, kinds, full, .. } = question;
    let mut scope = match found.action().targets.source {
        _ if !world.lists() && found.action().targets.bound.is_some() => {
            bound::scope(question, policy, world)
        }
        Source::Host => host(found, words, kinds, world),
        Source::Files => files::scope(question, policy, world),
        Source::Processes => processes::scope(found, words, kinds, world),
        _ if found.action().list.is_some() => listed::scope(found, &words.kind, kinds, world),
        Source::Operands | Source::Resources if words.bounded => {
            Scope { certainty: Certainty::Exact, ..words.scope(kinds) }
        }
        _ => unknown(
            &words.kind,
            kinds,
            "its words do not say, and its tool file has no listing for it".into(),
        ),
    };
    if *full || scope.count > 0 && found.action().dependents.is_some() {
        listed::dependents(found, &mut scope, world);
    }
    scope
}

/// This host, or the one that the command's own options name or a wrapper leads to.
fn host(found: &Match, words: &Words, kinds: &Kinds, world: &dyn World) -> Scope {
    let session = world.session();
    let name = place(found, world).name;
    let mut scope =
        Scope { count: 1, targets: vec![named(&words.kind, name.as_ref())], ..empty(&words.kind, kinds) };
    if session.ssh && name == session.host {
        scope.protected.push(Protected {
            what: session.host.clone().into(),
            why: "this host, reached over ssh".into(),
            rule: "this-host",
            deny: false,
        });
    }
    scope
}

/// Tells whether a ladder has a share, so that a fleet is needed to judge by it.
pub fn has_percent(ladder: &Ladder) -> bool {
    let share = |limits: &Vec<Limit>| limits.iter().any(|l| matches!(l.amount, Amount::Percent(_)));
    [&ladder.confirm, &ladder.dry_run, &ladder.stage, &ladder.approve, &ladder.deny].into_iter().any(share)
}

/// Tells whether a rule asks how large the fleet is.
pub fn asks_fleet(ladder: &Ladder, scope: &Scope, policy: &Policy, found: &Match) -> bool {
    scope.fleets.is_empty()
        && scope.count > 0
        && (scope.count >= 2 && has_percent(ladder) || policy.has_floors(&found.file.tool.names[0]))
}
