//! The arithmetic of stages: cumulative shares → batch sizes.

use crate::policy::Amount;

/// Why stages can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StagesFault {
    /// An element is neither a number nor a share.
    #[error("'{0}' is no stage: write numbers and shares that grow, like 1,10%,50%,100%")]
    Word(String),
    /// The list is empty.
    #[error("no stages are given: write numbers and shares that grow, like 1,10%,50%,100%")]
    Empty,
}

/// Cumulative stages of a rollout: `1,10%,50%,100%`.
#[derive(Debug, Clone, PartialEq)]
pub struct Stages(Vec<Amount>);

impl Default for Stages {
    fn default() -> Self {
        Self(vec![Amount::Number(1), Amount::Percent(10.0), Amount::Percent(50.0), Amount::Percent(100.0)])
    }
}

impl std::str::FromStr for Stages {
    type Err = StagesFault;

    fn from_str(text: &str) -> Result<Self, StagesFault> {
        let words = text.split(',').map(str::trim).filter(|w| !w.is_empty());
        let amounts = words.map(amount).collect::<Result<Vec<_>, _>>()?;
        if amounts.is_empty() { Err(StagesFault::Empty) } else { Ok(Self(amounts)) }
    }
}

impl std::fmt::Display for Stages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not grouped: a comma parts stages.
        let word = |amount: &Amount| match amount {
            Amount::Number(number) => number.to_string(),
            Amount::Percent(share) => format!("{share}%"),
        };
        let words: Vec<String> = self.0.iter().map(word).collect();
        f.write_str(&words.join(","))
    }
}

fn amount(word: &str) -> Result<Amount, StagesFault> {
    let fault = || StagesFault::Word(word.to_owned());
    match word.strip_suffix('%') {
        Some(share) => share
            .parse::<f64>()
            .ok()
            .filter(|p| *p > 0.0 && *p <= 100.0)
            .map(Amount::Percent)
            .ok_or_else(fault),
        None => word.parse::<u64>().ok().filter(|n| *n > 0).map(Amount::Number).ok_or_else(fault),
    }
}

impl Stages {
    /// Returns the batch sizes for `count` targets; they sum up to `count` and none is 0.
    ///
    /// Shares round down, with one at least. A stage that adds none is left out, and what the last
    /// stage leaves is one more batch.
    pub fn batches(&self, count: u64) -> Vec<u64> {
        let mut done = 0;
        let mut batches = Vec::new();
        for amount in self.0.iter().map(|a| a.of(count)).chain([count]) {
            let upto = amount.min(count);
            if upto > done {
                batches.push(upto - done);
                done = upto;
            }
        }
        batches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn twelve_targets_run_as_one_five_and_six() {
        assert_eq!(Stages::default().batches(12), [1, 5, 6]);
        assert_eq!(Stages::default().batches(0), [] as [u64; 0]);
        assert_eq!(Stages::default().batches(1), [1]);
        assert_eq!(Stages::default().batches(1000), [1, 99, 400, 500]);
        assert_eq!("1,5".parse::<Stages>().unwrap().batches(20), [1, 4, 15]);
    }

    #[test]
    fn senseless_stages_are_faults() {
        for text in ["", ",", "0", "-1", "x", "0%", "101%", "1e99999%"] {
            assert!(text.parse::<Stages>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn batches_sum_up(count in 0u64..5_000_000, shares in proptest::collection::vec(1u64..5000, 1..6)) {
            let text = shares.iter().map(|s| if s % 2 == 0 { s.to_string() } else { format!("{}%", s % 100 + 1) });
            let stages: Stages = text.collect::<Vec<_>>().join(",").parse().unwrap();
            let batches = stages.batches(count);
            prop_assert_eq!(batches.iter().sum::<u64>(), count);
            prop_assert!(batches.iter().all(|b| *b > 0));
        }
    }
}
