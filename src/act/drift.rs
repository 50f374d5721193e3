//! Looks again: whether what would be hit is still what was shown.

use std::collections::HashSet;

use crate::judge::Part;
use crate::policy::Policy;
use crate::scope::{Certainty, Frozen, Question, Scope, Target, Words, resolve};
use crate::tool::Kinds;
use crate::ui::escape::escape;
use crate::world::{Moved, World};

/// What changed between two looks.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Targets that were not there before, by name.
    pub appeared: Vec<String>,
    /// How many of those shown are gone.
    pub gone: u64,
}

/// Lists the targets again.
pub fn look_again(part: &Part, policy: &Policy, kinds: &Kinds, world: &dyn World) -> Option<Scope> {
    let found = part.found.as_ref()?;
    let words = Words::of(found, kinds);
    let moved =
        (part.folder != world.session().cwd).then(|| Moved::new(world, part.folder.clone(), Vec::new()));
    let world = moved.as_ref().map_or(world, |moved| moved);
    Some(resolve(
        &Question { found, words: &words, kinds, full: false, keep: true, enough: None },
        policy,
        world,
    ))
}

/// Compares what was shown with what is there now; an error says why that can't be known.
pub fn drift(shown: &Scope, now: &Scope) -> Result<Drift, String> {
    if now.certainty != Certainty::Exact {
        let why = now.unknown.as_deref().unwrap_or("the listing is not complete");
        return Err(format!("what it hits could not be listed again: {why}"));
    }
    if let (Frozen::Files(before), Frozen::Files(after)) = (&shown.frozen, &now.frozen) {
        let grown = if before.digest() == after.digest() { Vec::new() } else { vec!["a file".to_owned()] };
        return Ok(Drift { appeared: grown, gone: 0 });
    }
    let key = |t: &Target| (t.kind.clone(), t.namespace.clone(), t.name.clone(), t.uid.clone());
    let before: HashSet<_> = shown.targets.iter().map(key).collect();
    let after: HashSet<_> = now.targets.iter().map(key).collect();
    let mut appeared: Vec<String> = after.difference(&before).map(|k| escape(&k.2).into_owned()).collect();
    appeared.sort();
    Ok(Drift { appeared, gone: before.difference(&after).count() as u64 })
}
