//! The most that an action can hit, as files tell it where the tool itself is not asked.

use schemars::JsonSchema;
use serde::Deserialize;

use super::spec::OperandRange;

/// The most that an action can hit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// What is counted.
    pub of: BoundOf,
    /// Operands that are paths: what lies elsewhere does not count. Without any, everything does.
    #[serde(default)]
    pub under: Option<OperandRange>,
}

/// What files alone can count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BoundOf {
    /// It is one.
    One,
    /// Files of a git working tree that were changed since they were staged.
    Unstaged,
    /// The same, and what is staged.
    Uncommitted,
    /// Files of a git working tree that its index does not hold; repositories inside stay.
    Untracked,
    /// The same, and repositories inside.
    UntrackedRepositories,
    /// Stashes of a git repository.
    Stashes,
}
