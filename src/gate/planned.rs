//! A plan that was written before: whether it still holds, and what it grants.

use std::time::Duration;

use jiff::Timestamp;

use crate::judge::Rung;
use crate::ui::escape::{escape, quote};
use crate::ui::plan::{Issued, Plan};

/// The plan of `--plan-in`, and what it is held against.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The plan as it was written.
    pub plan: Plan,
    /// What it says of itself.
    pub issued: Issued,
    /// Digest of the policy in force.
    pub policy: String,
    /// How long a plan may hold by that policy.
    pub longest: Duration,
    /// When it is read.
    pub now: Timestamp,
}

impl Planned {
    /// Holds the plan against what would be decided now; the sentence says what is not the same.
    pub(super) fn holds(&self, now: &Plan) -> Result<(), String> {
        if self.plan.digest() != self.plan.id {
            return Err(
                "the plan was changed after it was written: its digest is not that of what it says".into()
            );
        }
        if now.argv != self.plan.argv {
            return Err(format!("the plan is for another command: {}", quote(&self.plan.argv)));
        }
        if !self.in_time() {
            return Err(format!("the plan has expired: it held until {}", escape(&self.issued.expires)));
        }
        if self.issued.policy != self.policy {
            return Err("the policy has changed since the plan was written".into());
        }
        if now.id != self.plan.id {
            return Err("the world no longer matches the plan".into());
        }
        Ok(())
    }

    /// By its own word and by the policy's, whichever is shorter; a plan of the future holds neither.
    fn in_time(&self) -> bool {
        let Ok((written, expires)) = self
            .issued
            .written
            .parse()
            .and_then(|written: Timestamp| Ok((written, self.issued.expires.parse()?)))
        else {
            return false;
        };
        let expires: Timestamp = expires;
        let age = self.now.duration_since(written);
        !age.is_negative() && age.unsigned_abs() < self.longest && self.now < expires
    }

    /// True where a person satisfied this rung, or a higher one, when it was written.
    pub(super) fn grants(&self, rung: Rung) -> bool {
        rung < Rung::Deny
            && self.issued.granted.is_some_and(|granted| granted >= rung && granted < Rung::Deny)
    }
}
