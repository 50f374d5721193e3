//! Places in the plan's list of targets, as one word: `0-99,102`.
//!
//! A batch of a thousand neighbours is a few bytes, so that the line of a batch, and of a million
//! files, stays small.

use std::borrow::Cow;
use std::fmt::{self, Write};

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most places that one line may name.
const MOST: usize = 50_000_000;

/// Some places, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub struct Places(pub Vec<usize>);

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_slice();
        let mut first = true;
        while let Some(start) = rest.first() {
            let run = rest.iter().zip(*start..).take_while(|(place, expected)| *place == expected).count();
            if !std::mem::take(&mut first) {
                f.write_char(',')?;
            }
            match run {
                1 => write!(f, "{start}")?,
                _ => write!(f, "{start}-{}", start + run - 1)?,
            }
            rest = &rest[run..];
        }
        Ok(())
    }
}

impl Places {
    fn read(text: &str) -> Option<Self> {
        let mut places = Vec::new();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
            if from > to || to - from >= MOST || places.len() + (to - from) >= MOST {
                return None;
            }
            places.extend(from..=to);
        }
        Some(Self(places))
    }
}

impl Serialize for Places {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| D::Error::custom("these are no places like 0-99,102"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_are_one_word() {
        assert_eq!(Places(vec![0, 1, 2, 5, 4, 9]).to_string(), "0-2,5,4,9");
        assert_eq!(Places::default().to_string(), "");
        for text in ["x", "1-", "-1", "2-1", ",", "1,", "0-99999999999", "1-2-3"] {
            assert_eq!(Places::read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_back(places in prop::collection::vec(0usize..20, 0..30)) {
            let places = Places(places);
            prop_assert_eq!(Places::read(&places.to_string()), Some(places));
        }
    }
}
