//! Decides what many commands together call for: loops and budgets.
//!
//! Pure, and apart from the other rules because its facts come later: the ledger is opened only where
//! a rule needs it, after the command alone was judged. More that was hit never leads to a lower rung.

use std::time::Duration;

use crate::policy::{Amount, BudgetRule, Ladder, LoopRule, Per, Stance};
use crate::scope::{Certainty, Scope};
use crate::tool::{Kinds, grouped};
use crate::ui::escape::escape;

use super::rules::{Case, SMALLEST_FLEET, numbered};
use super::verdict::{Reason, Rung, Typed, Verdict};

/// What was hit before a command, for one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Before {
    /// The rule.
    pub law: Law,
    /// How many others than its own targets were hit in the rule's window; the reason where nobody can say.
    pub others: Result<u64, String>,
}

/// A rule on many commands.
#[derive(Debug, Clone, PartialEq)]
pub enum Law {
    /// The ladder, on what ran without a question.
    Loop(LoopRule),
    /// A budget.
    Budget(BudgetRule),
}

impl Law {
    /// How far back it looks.
    pub fn window(&self) -> Duration {
        match self {
            Self::Loop(rule) => rule.window,
            Self::Budget(rule) => rule.budget.window.0,
        }
    }
}

/// Adds to a verdict what the commands before it call for.
///
/// A loop goes to the dry run at most where the ladder asks for stages, because what was hit already
/// can't be staged. A budget that is spent denies. What the ledger can't say is unknown.
#[must_use]
pub fn weigh(case: &Case<'_>, verdict: Verdict, before: &[Before]) -> Verdict {
    let mut reasons = Vec::new();
    let mut sum = None;
    let mut unknown = None;
    for one in before {
        match (&one.law, &one.others) {
            // What is asked about by itself is no step of a loop that nobody sees.
            (Law::Loop(_), _) if !verdict.allows() => {}
            (_, Err(why)) => unknown = unknown.or(Some(why)),
            (Law::Loop(rule), Ok(others)) => by_loop(case, rule, *others, &mut reasons),
            (Law::Budget(rule), Ok(others)) => by_budget(case, rule, *others, &mut reasons),
        }
        if let Ok(others) = one.others
            && reasons.iter().any(|reason: &Reason| reason.rule.starts_with(rule_of(&one.law)))
        {
            sum = sum.max(Some(others.saturating_add(case.scope.count)));
        }
    }
    reasons.extend(unknown.and_then(|why| by_silence(case.ladder, why)));
    if reasons.is_empty() {
        return verdict;
    }
    let blind = reasons.iter().any(|reason| reason.rule == "ledger");
    let typed = match (verdict.typed, sum) {
        _ if blind => Typed::Context(case.place.name.clone()),
        // The place's name says more than a number where it is asked for.
        (Typed::Context(name), _) => Typed::Context(name),
        (_, Some(sum)) => Typed::Number(sum),
        (typed, None) => typed,
    };
    reasons.extend(verdict.reasons);
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.rung));
    let highest = reasons.first().map_or(Rung::Allow, |reason| reason.rung);
    let rung = highest.raised(case.ladder.raise).max(verdict.rung);
    Verdict { rung, reasons, typed, person: verdict.person || blind, sum }
}

fn rule_of(law: &Law) -> &str {
    match law {
        Law::Loop(_) => "loops",
        Law::Budget(rule) => &rule.rule,
    }
}

/// What nobody was asked about counts by the numbers of the ladder, from some times of them on.
fn by_loop(case: &Case<'_>, rule: &LoopRule, others: u64, reasons: &mut Vec<Reason>) {
    // One command alone is what the ladder itself is for.
    if others == 0 {
        return;
    }
    let ladder = case.ladder;
    let sum = others.saturating_add(case.scope.count);
    for (rung, limits) in [
        (Rung::Confirm, &ladder.confirm),
        (Rung::DryRun, &ladder.dry_run),
        (Rung::DryRun, &ladder.stage),
        (Rung::Approve, &ladder.approve),
        (Rung::Deny, &ladder.deny),
    ] {
        for limit in limits {
            let Amount::Number(number) = limit.amount else { continue };
            let from = number.saturating_mul(rule.times);
            if sum >= from && !reasons.iter().any(|reason| reason.rung == rung) {
                let (said, word, from) =
                    (together(case.scope, others, rule.window, case.kinds), rung.word(), grouped(from));
                let text = format!("{said} ({word} from {from}, one command after another)");
                reasons.push(Reason { rung, rule: "loops".into(), text, layer: Some(limit.layer) });
            }
        }
    }
}

fn by_budget(case: &Case<'_>, rule: &BudgetRule, others: u64, reasons: &mut Vec<Reason>) {
    let scope = case.scope;
    let sum = others.saturating_add(scope.count);
    let fleet = scope.fleets.iter().map(|fleet| fleet.total).sum::<u64>();
    for amount in &rule.budget.max.0 {
        let share = matches!(amount, Amount::Percent(_));
        if share && fleet < SMALLEST_FLEET {
            if scope.fleets.is_empty() && others > 0 {
                let text =
                    format!("the budget is {amount} of the role, and how many belong to it is unknown");
                reasons.push(reason(Rung::Confirm, rule, text));
            }
            continue;
        }
        let max = amount.of(fleet);
        if sum > max {
            let said = together(scope, others, rule.budget.window.0, case.kinds);
            let whose = if rule.budget.per == Per::Everyone { "for everyone" } else { "for each operator" };
            let max = grouped(max);
            reasons.push(reason(Rung::Deny, rule, format!("{said} (a budget of {max} {whose})")));
        }
    }
}

fn reason(rung: Rung, rule: &BudgetRule, text: String) -> Reason {
    Reason { rung, rule: rule.rule.clone(), text, layer: Some(rule.layer) }
}

/// What nobody can say is unknown, and unknown is what the site says it is.
fn by_silence(ladder: &Ladder, why: &str) -> Option<Reason> {
    let rung = match ladder.unknown {
        Stance::Allow => return None,
        Stance::Confirm => Rung::Confirm,
        Stance::Deny => Rung::Deny,
    };
    let text = format!("what was hit before is not known: {}", escape(why));
    Some(Reason { rung, rule: "ledger".into(), text, layer: None })
}

/// `this host and 11 others in the last 10 minutes: 12 hosts`.
fn together(scope: &Scope, others: u64, window: Duration, kinds: &Kinds) -> String {
    let exact = matches!(scope.certainty, Certainty::Exact | Certainty::AtMost);
    let this = match scope.count {
        1 if exact => format!("this {}", escape(&scope.kind)),
        _ => numbered(scope, kinds),
    };
    let more = match others {
        0 => return this,
        1 => "1 other".to_owned(),
        others => format!("{} others", grouped(others)),
    };
    let all = kinds.count(scope.count.saturating_add(others), &scope.kind);
    let least = if exact { "" } else { "at least " };
    format!("{this} and {more} in the last {}: {least}{all}", span(window))
}

/// `10 minutes`, `hour`, `2 days`: what follows "in the last".
pub fn span(window: Duration) -> String {
    let seconds = window.as_secs();
    let (number, unit) = match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => (s / 86_400, "day"),
        s if s >= 3_600 && s % 3_600 == 0 => (s / 3_600, "hour"),
        s if s >= 60 && s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    if number == 1 { unit.to_owned() } else { format!("{} {unit}s", grouped(number)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::judge;
    use crate::policy::{Amounts, Budget, Environments, Policy, Standing, parse_layer};
    use crate::scope::{Place, empty};
    use crate::tool::{Effect, Freeze, Span, builtin_kinds};
    use proptest::prelude::*;

    const LADDER: &str = "[limits.restart.member]\nconfirm = 4\ndry_run = 15\nstage = [25, \"20%\"]\napprove = 90\ndeny = 400\n";
    const MINUTES: Duration = Duration::from_secs(600);

    fn weighed(count: u64, law: &Law, others: Result<u64, String>, raise: u8) -> Verdict {
        let kinds = builtin_kinds().unwrap();
        let policy = Policy::new(vec![parse_layer("guard.toml", LADDER, Standing::Site).unwrap()]);
        let mut scope = empty("host", &kinds);
        (scope.count, scope.certainty) = (count, Certainty::Exact);
        let mut ladder = policy.ladder("toy", Effect::Restart, scope.size, &Environments::default());
        ladder.raise = raise;
        let place = Place { name: "east".into(), parts: Vec::new() };
        let (effect, freeze, blanks) = (Effect::Restart, Freeze::None, &[]);
        let case =
            Case { effect, freeze, scope: &scope, place: &place, ladder: &ladder, blanks, kinds: &kinds };
        weigh(&case, judge(&case), &[Before { law: law.clone(), others }])
    }

    fn looped() -> Law {
        Law::Loop(LoopRule { window: MINUTES, times: 2 })
    }

    fn budget(max: u64) -> Law {
        let budget =
            Budget { max: Amounts(vec![Amount::Number(max)]), window: Span(MINUTES), per: Per::Everyone };
        Law::Budget(BudgetRule { budget, of_action: false, rule: "budget.restart".into(), layer: 0 })
    }

    #[test]
    fn a_sum_is_asked_from_twice_the_number_and_typed_as_a_number() {
        assert_eq!(weighed(1, &looped(), Ok(6), 0).rung, Rung::Allow);
        let verdict = weighed(1, &looped(), Ok(7), 0);
        assert_eq!((verdict.rung, verdict.sum), (Rung::Confirm, Some(8)));
        assert_eq!(verdict.typed, Typed::Number(8));
        let text = "this host and 7 others in the last 10 minutes: 8 hosts (confirm from 8, one command after another)";
        assert_eq!(verdict.reasons[0].text, text);
        assert_eq!(weighed(1, &looped(), Ok(49), 0).rung, Rung::DryRun, "no stages for what was hit already");
        assert_eq!(weighed(1, &looped(), Ok(179), 0).rung, Rung::Approve);
        assert_eq!(weighed(1, &looped(), Ok(7), 1).rung, Rung::DryRun, "production raises it like any other");
        assert_eq!(weighed(3, &looped(), Ok(0), 0).rung, Rung::Allow);
        let own = weighed(5, &looped(), Ok(90), 0);
        assert_eq!((own.rung, own.sum), (Rung::Confirm, None), "one command alone has its own ladder");
    }

    #[test]
    fn what_is_not_known_asks_a_person() {
        for law in [looped(), budget(9)] {
            let verdict = weighed(1, &law, Err("it is gone".into()), 0);
            assert_eq!((verdict.rung, verdict.person), (Rung::Confirm, true));
            assert_eq!(verdict.typed, Typed::Context("east".into()));
        }
    }

    proptest! {
        /// More that was hit before, a smaller budget or no answer at all never lead to a lower rung.
        #[test]
        fn more_before_is_never_less_asked(count in 1u64..500, others in 0u64..500, more in 0u64..500, max in 1u64..500) {
            for law in [looped(), budget(max)] {
                let less = weighed(count, &law, Ok(others), 0);
                prop_assert!(weighed(count, &law, Ok(others + more), 0).rung >= less.rung);
                prop_assert!(weighed(count, &law, Ok(u64::MAX), 0).rung >= less.rung);
            }
            let tight = weighed(count, &budget(max), Ok(others), 0).rung;
            prop_assert!(weighed(count, &budget(max + more), Ok(others), 0).rung <= tight);
            prop_assert_eq!(tight == Rung::Deny, count + others > max || count >= 400);
        }
    }
}
