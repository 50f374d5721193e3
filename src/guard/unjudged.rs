//! Command lines that can't be followed, as parts of a decision: unknown or refused, never small.

use std::ffi::OsString;

use crate::judge::{Part, Reason, Rung, Starts, Typed, Verdict};
use crate::policy::Environments;
use crate::scope::{self, Place};
use crate::tool::{Freeze, Kinds};
use crate::world::World;

/// A command line whose targets nobody can tell: confirmed by the place's name.
pub fn unknown(argv: &[OsString], world: &dyn World, kinds: &Kinds, why: String) -> Part {
    let text = format!("what this hits could not be counted: {why}");
    part(argv, world, kinds, why, Reason { rung: Rung::Confirm, rule: "unknown".into(), text, layer: None })
}

/// What guard would not even try: no command, or one that it fails on.
pub fn unread(argv: &[OsString], world: &dyn World, kinds: &Kinds, why: String) -> Part {
    let text = why.clone();
    part(argv, world, kinds, why, Reason { rung: Rung::Deny, rule: "unread".into(), text, layer: None })
}

fn part(argv: &[OsString], world: &dyn World, kinds: &Kinds, why: String, reason: Reason) -> Part {
    let host = world.session().host.clone();
    Part {
        argv: argv.to_vec(),
        line: argv.to_vec(),
        found: None,
        wrappers: Vec::new(),
        effect: None,
        freeze: Freeze::None,
        folder: world.session().cwd.clone(),
        place: Place { name: host.clone(), parts: vec![("host".into(), host.clone())] },
        environments: Environments::default(),
        scope: Some(scope::unknown("target", kinds, why)),
        verdict: Verdict {
            rung: reason.rung,
            reasons: vec![reason],
            typed: Typed::Context(host),
            person: true,
            sum: None,
        },
        starts: Starts::Unread,
    }
}
