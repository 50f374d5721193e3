//! Rungs, reasons and the verdict made of them.

use serde::{Deserialize, Serialize};

/// What must happen before a command may run. A rung includes those below it where the action can.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// It runs.
    Allow,
    /// The number, or a name, is typed.
    Confirm,
    /// The dry run is shown, then the number is typed.
    DryRun,
    /// It runs in stages.
    Stage,
    /// A second person says yes.
    Approve,
    /// It is refused.
    Deny,
}

impl Rung {
    /// Every rung, lowest first.
    pub const ALL: [Self; 6] =
        [Self::Allow, Self::Confirm, Self::DryRun, Self::Stage, Self::Approve, Self::Deny];

    /// The word used in policy, messages and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Confirm => "confirm",
            Self::DryRun => "dry-run",
            Self::Stage => "stage",
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }

    /// Rises by some rungs, to `approve` at most; what is allowed or refused stays so.
    #[must_use]
    pub fn raised(self, by: u8) -> Self {
        match self {
            Self::Allow | Self::Deny => self,
            _ => {
                let at = Self::ALL.iter().position(|r| *r == self).unwrap_or(0) + usize::from(by);
                Self::ALL.get(at).copied().unwrap_or(Self::Approve).min(Self::Approve)
            }
        }
    }
}

/// One reason for a rung: a plain sentence with its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The rung it calls for.
    pub rung: Rung,
    /// The rule: a path in a policy file, or the name of a built-in rule.
    pub rule: String,
    /// The sentence.
    pub text: String,
    /// Index of the policy layer that set the rule.
    pub layer: Option<usize>,
}

/// What a person types to say yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// How many targets there are.
    Number(u64),
    /// The name of the one target.
    Name(String),
    /// The name of the place where it acts.
    Context(String),
}

/// A rung with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The highest rung any reason calls for.
    pub rung: Rung,
    /// Every reason found, the gravest first.
    pub reasons: Vec<Reason>,
    /// What a person types to say yes.
    pub typed: Typed,
    /// True where only a person at a terminal can say yes (`--expect` and `--max` can't).
    pub person: bool,
    /// How many targets were hit with those of the commands before it, where that calls for a rung:
    /// what `--max` is held against.
    pub sum: Option<u64>,
}

impl Verdict {
    /// True where nothing is asked.
    pub fn allows(&self) -> bool {
        self.rung == Rung::Allow
    }
}
