//! What was decided about a command line: each command in it with its scope and verdict.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::policy::Environments;
use crate::read::{Match, Wrapper};
use crate::scope::{Place, Scope};
use crate::tool::{Effect, Freeze};

use super::verdict::{Rung, Verdict};

/// What a command starts, as far as it was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Starts {
    /// Nothing but what was judged: shims would only judge it again.
    Known,
    /// Other programs too (recipes, hooks, scripts): shims see them where they stand in `PATH`.
    #[default]
    Unknown,
    /// What a text says that can't be read: each program has to be judged as it starts.
    Unread,
}

/// One command of a command line, judged.
#[derive(Debug)]
pub struct Part {
    /// Its words as typed, wrappers in front.
    pub argv: Vec<OsString>,
    /// The whole command line that it stands in, as typed: more than its words where another
    /// command carries it.
    pub line: Vec<OsString>,
    /// The action it matched; `None` where nothing calls it risky.
    pub found: Option<Match>,
    /// The wrappers around it.
    pub wrappers: Vec<Wrapper>,
    /// What it does to its targets.
    pub effect: Option<Effect>,
    /// How what runs is held to what is shown.
    pub freeze: Freeze,
    /// The folder that it runs in.
    pub folder: PathBuf,
    /// Where it acts.
    pub place: Place,
    /// The environments of that place.
    pub environments: Environments,
    /// What it hits; `None` where nothing calls it risky.
    pub scope: Option<Scope>,
    /// What must happen before it runs.
    pub verdict: Verdict,
    /// What it starts.
    pub starts: Starts,
}

/// What was decided about a command line.
#[derive(Debug)]
pub struct Decision {
    /// Every command in it, in order; never empty.
    pub parts: Vec<Part>,
    worst: usize,
}

impl Decision {
    /// Takes the parts of a command line; `None` where there are none.
    pub fn of(parts: Vec<Part>) -> Option<Self> {
        let worst = worst(&parts)?;
        Some(Self { parts, worst })
    }

    /// Finds the worst part anew, after verdicts have changed.
    #[must_use]
    pub fn again(mut self) -> Self {
        self.worst = worst(&self.parts).unwrap_or(self.worst);
        self
    }

    /// Takes the one part of a command line.
    pub fn of_one(part: Part) -> Self {
        Self { parts: vec![part], worst: 0 }
    }

    /// Where among the parts the one with the highest rung is.
    pub fn worst_at(&self) -> usize {
        self.worst
    }

    /// The part with the highest rung.
    pub fn worst(&self) -> &Part {
        &self.parts[self.worst]
    }

    /// The part with the highest rung, to act on.
    pub fn into_worst(mut self) -> Part {
        self.parts.swap_remove(self.worst)
    }

    /// What the command line starts: as unknown as the least known of its commands.
    pub fn starts(&self) -> Starts {
        self.parts.iter().map(|part| part.starts).max().unwrap_or_default()
    }

    /// The decision's rung.
    pub fn rung(&self) -> Rung {
        self.worst().verdict.rung
    }
}

fn worst(parts: &[Part]) -> Option<usize> {
    (0..parts.len()).rev().max_by_key(|at| weight(&parts[*at]))
}

/// Orders parts: by rung, then an action before none, then by how many it hits.
fn weight(part: &Part) -> (Rung, bool, u64) {
    (part.verdict.rung, part.found.is_some(), part.scope.as_ref().map_or(0, |s| s.count))
}
