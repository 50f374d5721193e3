//! `guardctl budget`: what is left of each budget, and who used it.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::guard::ledger_place;
use crate::judge::span;
use crate::policy::{Amount, Budget, Per};
use crate::record::ledger::{Ledger, LedgerError, Sqlite, Used};
use crate::tool::{Effect, grouped};
use crate::ui::Ui;
use crate::ui::escape::escape;
use crate::world::Real;

use super::Failure;
use super::configured::Configured;

/// Arguments of `guardctl budget`.
#[derive(Debug, Args)]
pub struct BudgetArgs {
    /// What to do with budgets
    #[command(subcommand)]
    pub command: BudgetCommand,
}

/// What `guardctl budget` does.
#[derive(Debug, Subcommand)]
pub enum BudgetCommand {
    /// Show what is left of each budget, who used it, and what was hit lately
    Show {
        /// Print it as one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Everything that is shown.
#[derive(Debug, Serialize)]
struct Shown {
    ledger: String,
    budgets: Vec<Left>,
    lately: Lately,
}

/// One budget.
#[derive(Debug, Serialize)]
struct Left {
    budget: String,
    max: Vec<String>,
    window_seconds: u64,
    per: &'static str,
    used: Vec<Spent>,
}

/// What one operator, or everyone, used of a budget in one environment.
#[derive(Debug, Clone, Serialize)]
struct Spent {
    operator: Option<String>,
    environment: String,
    kind: String,
    used: u64,
    /// Where the budget is a number.
    left: Option<u64>,
}

/// What was hit in the window of loops.
#[derive(Debug, Serialize)]
struct Lately {
    window_seconds: u64,
    hits: Vec<Used>,
}

/// Runs `guardctl budget`.
///
/// # Errors
/// Where the ledger can't be read.
pub fn run(args: &BudgetArgs, ui: &mut Ui) -> Result<u8, Failure> {
    let BudgetCommand::Show { json } = args.command;
    let configured = Configured::read(Real::new(false))?;
    let (path, shared) = ledger_place(&configured.policy, &configured.world)?;
    let ledger = Sqlite::look(&path, shared)?;
    let shown = shown(&configured, &ledger, escape(&path).into_owned())?;
    if json {
        let text = serde_json::to_string(&shown).map_err(std::io::Error::from)?;
        ui.print(&text)?;
    } else {
        ui.print(&words(&shown))?;
    }
    Ok(0)
}

fn shown(configured: &Configured, ledger: &dyn Ledger, path: String) -> Result<Shown, LedgerError> {
    let mut budgets = Vec::new();
    for (key, rules) in configured.policy.all_budgets() {
        for (budget, _) in rules {
            budgets.push(left(key, budget, ledger)?);
        }
    }
    let member = crate::tool::Size::Member;
    let window = configured.policy.loops("", member).map_or(Duration::from_secs(600), |rule| rule.window);
    let lately = Lately { window_seconds: window.as_secs(), hits: ledger.used(window)? };
    Ok(Shown { ledger: path, budgets, lately })
}

fn left(key: &str, budget: &Budget, ledger: &dyn Ledger) -> Result<Left, LedgerError> {
    let of_effect = Effect::ALL.into_iter().find(|effect| effect.word() == key);
    let mut all: Vec<Spent> = Vec::new();
    for used in ledger.used(budget.window.0)? {
        if of_effect.map_or(used.action != key, |effect| used.effect != effect) {
            continue;
        }
        let operator = (budget.per == Per::Operator).then_some(used.operator);
        let same = |one: &&mut Spent| {
            (&one.operator, &one.environment, &one.kind) == (&operator, &used.environment, &used.kind)
        };
        match all.iter_mut().find(same) {
            Some(one) => one.used = one.used.saturating_add(used.count),
            None => {
                let (environment, kind) = (used.environment, used.kind);
                all.push(Spent { operator, environment, kind, used: used.count, left: None });
            }
        }
    }
    let number = |max: &Amount| if let Amount::Number(max) = max { Some(*max) } else { None };
    let max = budget.max.0.iter().filter_map(number).min();
    for one in &mut all {
        one.left = max.map(|max| max.saturating_sub(one.used));
    }
    let of_action = of_effect.is_none();
    Ok(Left {
        budget: if of_action { format!("budget.\"{key}\"") } else { format!("budget.{key}") },
        max: budget.max.0.iter().map(ToString::to_string).collect(),
        window_seconds: budget.window.0.as_secs(),
        per: if budget.per == Per::Operator { "operator" } else { "everyone" },
        used: all,
    })
}

fn words(shown: &Shown) -> String {
    let mut lines = Vec::new();
    for left in &shown.budgets {
        let window = span(Duration::from_secs(left.window_seconds));
        let (budget, max, per) = (escape(&left.budget), left.max.join(" or "), left.per);
        lines.push(format!("{budget}: {max} in the last {window}, for {}", whose(per)));
        if left.used.is_empty() {
            lines.push("  nothing is used".into());
        }
        for one in &left.used {
            let who = one.operator.as_deref().unwrap_or("everyone");
            let rest = one.left.map(|left| format!(", {} left", grouped(left))).unwrap_or_default();
            let place = place(&one.environment);
            lines.push(format!(
                "  {}: {} used{place} ({}){rest}",
                escape(who),
                grouped(one.used),
                escape(&one.kind)
            ));
        }
    }
    let window = span(Duration::from_secs(shown.lately.window_seconds));
    match shown.lately.hits.as_slice() {
        [] => lines.push(format!("nothing was hit in the last {window} ({})", shown.ledger)),
        _ => lines.push(format!("hit in the last {window} ({}):", shown.ledger)),
    }
    for hit in &shown.lately.hits {
        let (who, action, kind) = (escape(&hit.operator), escape(&hit.action), escape(&hit.kind));
        lines.push(format!("  {who}: {action}, {} {kind}{}", grouped(hit.count), place(&hit.environment)));
    }
    lines.join("\n")
}

fn whose(per: &str) -> &str {
    if per == "operator" { "each operator" } else { per }
}

fn place(environment: &str) -> String {
    if environment.is_empty() { String::new() } else { format!(" in {}", escape(environment)) }
}
