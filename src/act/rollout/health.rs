//! The health check of an action: the site's, else the tool file's.

use std::ffi::OsString;
use std::time::Duration;

use crate::policy::Policy;
use crate::read::{Fill, Match};
use crate::tool::{Health as Facts, Template};

use super::run::Terms;

/// How long a check may take where nobody says.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait before it is tried again where nobody says.
const EVERY: Duration = Duration::from_secs(5);

/// A check, ready to run.
#[derive(Debug, Clone)]
pub struct Health {
    check: Template,
    /// True where it goes through the wrappers, as the tool's own listings do.
    carried: bool,
    /// How long it may take.
    pub timeout: Duration,
    every: Duration,
    retries: u32,
    soak: Duration,
}

impl Health {
    /// The check of an action; `None` where nobody names one.
    pub fn of(found: &Match, policy: &Policy) -> Option<Self> {
        let site = policy.health(&found.name(), found.effect());
        let (facts, carried): (&Facts, bool) = match site {
            Some(facts) => (facts, false),
            None => (found.action().health.as_ref()?, true),
        };
        let or = |span: Option<crate::tool::Span>, default| span.map_or(default, |span| span.0);
        Some(Self {
            check: facts.check.clone(),
            carried,
            timeout: or(facts.timeout, PATIENCE),
            every: or(facts.every, EVERY),
            retries: facts.retries,
            soak: or(facts.soak, Duration::ZERO),
        })
    }

    /// The words to run.
    pub fn argv(&self, found: &Match, fill: &Fill<'_>) -> Vec<OsString> {
        let words = found.fill(&self.check, fill);
        if self.carried { found.invocation.carry(words) } else { words }
    }

    /// Puts what the check asks for into the terms of a rollout.
    #[must_use]
    pub fn terms(&self, terms: Terms) -> Terms {
        Terms { checked: true, soak: self.soak, every: self.every, retries: self.retries, ..terms }
    }
}
