//! Scope, limits and facts → verdict. Pure.

mod budget;
mod decision;
mod rules;
mod stages;
mod verdict;

pub use budget::{Before, Law, span, weigh};
pub use decision::{Decision, Part, Starts};
pub use rules::{Case, SMALLEST_FLEET, judge, numbered};
pub use stages::{Stages, StagesFault};
pub use verdict::{Reason, Rung, Typed, Verdict};
