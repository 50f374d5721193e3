//! Decisions: limits, layers, site configuration, and their tests.
//!
//! A [`Policy`] is a stack of layers. Built-in and site layers override one another, the last one
//! first; layers below a site (operator, project) can only tighten, because their amounts are
//! added to the ones above and the first amount reached counts.

mod budget;
mod fault;
mod layer;
mod rollout;
mod site;
mod span;
mod stack;

pub use budget::{Budget, BudgetRule, LONGEST_WINDOW, LedgerPlace, LoopRule, Loops, Per};
pub use fault::{ConfigFault, Gravity, TextFault, draw, underline};
pub use layer::{
    Amount, Amounts, Audit, BySize, Environment, Expect, Given, LayerFile, Limits, LimitsTable, PlanFiles,
    PolicyTest, Prompt, Role, Stance,
};
pub use rollout::{MaxFailures, Redundancy, RolloutRules};
pub use site::{Places, Shelf, kinds, load, parse_layer, parse_tool};
pub use span::{line_of, rule_span};
pub use stack::{Environments, Ladder, Layer, Limit, Origin, Policy, Setting, Standing};
