//! The health check of an action: the site's, else the tool file's.

use std::ffi::OsString;
use std::time::Duration;

use crate::policy::Policy;
use crate::read::{Fill, Match};
use crate::scope::{Target, filled, targets};
use crate::tool::{Health as Facts, Kinds, Read, Template};
use crate::ui::escape::escape;
use crate::world::{Listing, World};

use super::terms::Terms;

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
    /// How its listing is read, where it is one.
    read: Option<Read>,
    timeout: Duration,
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
            read: facts.read.clone(),
            timeout: or(facts.timeout, PATIENCE),
            every: or(facts.every, EVERY),
            retries: facts.retries,
            soak: or(facts.soak, Duration::ZERO),
        })
    }

    /// Asks once about the targets of a batch; `count` of them where they have no names. An error is
    /// what it said, or why it said nothing.
    pub fn ask(&self, found: &Match, batch: &[Target], count: u64, world: &dyn World) -> Result<(), String> {
        if self.check.names_targets() {
            let calls = filled(found, &self.check, batch).map_err(|fault| fault.to_string())?;
            if calls.is_empty() {
                return Err("it names targets, and these have no names".into());
            }
            return calls.into_iter().try_for_each(|call| self.run(found, call.argv, world));
        }
        let first = batch.first();
        let fill = Fill {
            target: first.map(|target| target.name.as_os_str()),
            namespace: first.and_then(|target| target.namespace.as_deref()),
            group: first.and_then(|target| target.group.as_deref()),
            count,
            ..Fill::default()
        };
        self.run(found, found.fill(&self.check, &fill), world)
    }

    fn run(&self, found: &Match, words: Vec<OsString>, world: &dyn World) -> Result<(), String> {
        let argv = if self.carried { found.invocation.carry(words) } else { words };
        let patience = self.timeout;
        let listing = Listing { argv: &argv, patience, codes: &[], folder: None, variables: &[] };
        let said = world.list(&listing).map_err(|why| why.replacen("the listing (", "(", 1))?;
        if said.trim_ascii().is_empty() {
            return Err("it said nothing".into());
        }
        let Some(read) = &self.read else { return Ok(()) };
        let rows = targets(&said, read, "target", &Kinds::default()).map_err(|fault| fault.to_string())?;
        match rows.iter().find(|row| row.ill) {
            Some(ill) => Err(format!("{} is not healthy", escape(&ill.name))),
            None => Ok(()),
        }
    }

    /// Puts what the check asks for into the terms of a rollout.
    #[must_use]
    pub fn terms(&self, terms: Terms) -> Terms {
        let only_after = self.check.names_targets();
        Terms {
            checked: true,
            only_after,
            soak: self.soak,
            every: self.every,
            retries: self.retries,
            ..terms
        }
    }
}
