//! What policy says about many commands together: budgets, loops, and where the ledger lies.
//!
//! Budgets only ever add reasons, so any layer may name one; a site's word replaces that of sites
//! before it, a lower layer's stands beside it. A loop is what the built-in rule sees: commands
//! that nobody was asked about, one after another.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::tool::{Effect, Size, Span};

use super::layer::{Amounts, LayerFile};
use super::stack::{Policy, Standing};

/// The longest window: what is older is taken out of the ledger.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(31 * 86_400);

/// Whose hits are added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Each operator has a budget.
    #[default]
    Operator,
    /// One budget for all.
    Everyone,
}

/// How many targets may be hit in a rolling window, over many commands.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// At most so many different targets of one kind in one environment, or this share of the role;
    /// of several the one that is reached first.
    pub max: Amounts,
    /// Within this time, up to 31 days.
    pub window: Span,
    /// For each operator (built-in) or for everyone together.
    #[serde(default)]
    pub per: Per,
}

/// When commands one after another count as one.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Loops {
    /// How far back what nobody was asked about is added up; `0s`: not at all.
    #[serde(default)]
    pub window: Option<Span>,
    /// A sum is asked about from this many times the number that one command may hit.
    #[serde(default)]
    pub times: Option<u64>,
    /// Kinds that are not added up. A site's to say.
    #[serde(default)]
    pub except: Vec<String>,
}

/// Where the ledger is kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerPlace {
    /// The file; the state folder of the operator where not given.
    #[serde(default)]
    pub path: Option<String>,
}

/// A budget that holds for an action, with where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetRule {
    /// What it says.
    pub budget: Budget,
    /// True where it is of the action, false where it is of the effect.
    pub of_action: bool,
    /// The rule's name: the path in the TOML file.
    pub rule: String,
    /// Index of the layer.
    pub layer: usize,
}

/// The rule on loops as all layers together make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopRule {
    /// How far back.
    pub window: Duration,
    /// From how many times the limit of one command.
    pub times: u64,
}

/// Says which budget of a file makes no sense, if one does.
pub(super) fn senseless(file: &LayerFile) -> Option<String> {
    let known = |key: &str| key.contains(' ') || Effect::ALL.iter().any(|effect| effect.word() == key);
    for (key, budget) in &file.budget {
        if !known(key) {
            let of = "neither an effect nor an action like \"kubectl delete\"";
            return Some(format!("budget.{key}: '{key}' is {of}"));
        }
        if budget.window.0.is_zero() || budget.window.0 > LONGEST_WINDOW {
            return Some(format!("budget.{key}.window: from 1s to 31d"));
        }
    }
    match (&file.loops.window, file.loops.times) {
        (Some(window), _) if window.0 > LONGEST_WINDOW => Some("loops.window: up to 31d".into()),
        (_, Some(0)) => Some("loops.times: from 1 up".into()),
        _ => None,
    }
}

impl Policy {
    /// The budgets that hold for an action on targets of a size. One of an effect does not hold for
    /// small kinds: these come by the thousand.
    pub fn budgets(&self, action: &str, effect: Effect, size: Size) -> Vec<BudgetRule> {
        let effect = effect.word();
        let keys = [(action, true), (effect, false)];
        let mut rules: Vec<BudgetRule> = Vec::new();
        for (key, of_action) in keys.into_iter().filter(|(_, of_action)| *of_action || size > Size::Small) {
            let mut site = None;
            for (layer, file) in self.layers.iter().enumerate() {
                let Some(budget) = file.file.budget.get(key) else { continue };
                let rule = if of_action { format!("budget.\"{key}\"") } else { format!("budget.{key}") };
                let rule = BudgetRule { budget: budget.clone(), of_action, rule, layer };
                match file.standing {
                    Standing::Site => site = Some(rule),
                    Standing::Tighten => rules.push(rule),
                }
            }
            rules.extend(site);
        }
        rules
    }

    /// All budgets that any layer names, by key.
    pub fn all_budgets(&self) -> BTreeMap<&str, Vec<(&Budget, usize)>> {
        let mut all: BTreeMap<&str, Vec<(&Budget, usize)>> = BTreeMap::new();
        for (layer, file) in self.layers.iter().enumerate() {
            for (key, budget) in &file.file.budget {
                let of_key = all.entry(key).or_default();
                if file.standing == Standing::Site {
                    of_key.clear();
                }
                of_key.push((budget, layer));
            }
        }
        all
    }

    /// The rule on loops for targets of a kind and size; `None` where they are not added up. Lower
    /// layers can only look further back and ask sooner.
    pub fn loops(&self, kind: &str, size: Size) -> Option<LoopRule> {
        let mut rule = LoopRule { window: Duration::ZERO, times: 2 };
        let mut excepted = size == Size::Small;
        for layer in &self.layers {
            let own = &layer.file.loops;
            let (window, times) = (own.window.map(|span| span.0), own.times);
            match layer.standing {
                Standing::Site => {
                    rule = LoopRule {
                        window: window.unwrap_or(rule.window),
                        times: times.unwrap_or(rule.times),
                    };
                    excepted |= own.except.iter().any(|known| known == kind);
                }
                Standing::Tighten => {
                    rule.window = rule.window.max(window.unwrap_or_default());
                    rule.times = rule.times.min(times.unwrap_or(u64::MAX));
                }
            }
        }
        (!excepted && !rule.window.is_zero()).then_some(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse_layer;
    use proptest::prelude::*;

    fn policy(site: &str, project: &str) -> Policy {
        let site = parse_layer("guard.toml", site, Standing::Site).unwrap();
        let project = parse_layer(".guard.toml", project, Standing::Tighten).unwrap();
        Policy::new(vec![site, project])
    }

    fn text(max: u64, hours: u64, times: u64) -> String {
        format!(
            "[budget.stop]\nmax = {max}\nwindow = \"{hours}h\"\n[loops]\nwindow = \"{hours}h\"\ntimes = {times}\n"
        )
    }

    proptest! {
        /// Whatever a lower layer says, every budget of the site still holds, and loops are seen no later.
        #[test]
        fn a_lower_layer_only_tightens(site in (1u64..99, 1u64..700, 1u64..9), project in (1u64..99, 1u64..700, 1u64..9)) {
            let site = text(site.0, site.1, site.2);
            let alone = policy(&site, "");
            let both = policy(&site, &text(project.0, project.1, project.2));
            let budgets = |policy: &Policy| policy.budgets("toy remove", Effect::Stop, Size::Member);
            for budget in budgets(&alone) {
                prop_assert!(budgets(&both).contains(&budget));
            }
            let loops = |policy: &Policy| policy.loops("server", Size::Member).unwrap();
            prop_assert!(loops(&both).window >= loops(&alone).window);
            prop_assert!(loops(&both).times <= loops(&alone).times);
        }
    }

    #[test]
    fn the_last_site_speaks_for_a_key_and_small_kinds_have_budgets_by_action_alone() {
        let layer = |text: &str| parse_layer("guard.toml", text, Standing::Site).unwrap();
        let policy = Policy::new(vec![layer(&text(5, 1, 2)), layer(&text(50, 2, 3))]);
        let budgets = policy.budgets("toy remove", Effect::Stop, Size::Member);
        assert_eq!((budgets.len(), budgets[0].layer), (1, 1));
        assert!(policy.budgets("toy remove", Effect::Stop, Size::Small).is_empty());
        assert!(policy.loops("file", Size::Small).is_none());
    }
}
