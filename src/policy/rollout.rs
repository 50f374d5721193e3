//! What policy says about rollouts: failures that may be, batches, redundancy groups, checks.
//!
//! A layer that may only tighten can lower the failures and the size of a batch, and add redundancy
//! groups; a check is a command, so only a site names one.

use std::fmt;
use std::time::Duration;

use regex::bytes::Regex;
use schemars::JsonSchema;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use crate::tool::{Effect, Health, Span};

use super::layer::Amount;
use super::stack::{Policy, Standing};

/// How many targets may fail before a rollout stops: a number, or a share of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MaxFailures(pub Amount);

impl JsonSchema for MaxFailures {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MaxFailures".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number of targets from 0 up, or a share such as \"5%\".",
            "oneOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": "^[0-9.]+ *%$" }]
        })
    }
}

impl<'de> Deserialize<'de> for MaxFailures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl Visitor<'_> for V {
            type Value = MaxFailures;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 0 up, or a share like \"5%\"")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<MaxFailures, E> {
                let number = u64::try_from(n).map_err(|_| E::invalid_value(de::Unexpected::Signed(n), &self));
                number.map(|n| MaxFailures(Amount::Number(n)))
            }
            // MessagePack, which the built-in files are packed in, has no sign for what is not negative.
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<MaxFailures, E> {
                Ok(MaxFailures(Amount::Number(n)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<MaxFailures, E> {
                let share = Amount::percent(text).map(MaxFailures);
                share.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// A regular expression on names: targets of which it captures the same text are one redundancy group.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Redundancy(Regex);

impl PartialEq for Redundancy {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl TryFrom<String> for Redundancy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let regex =
            Regex::new(&text).map_err(|fault| format!("'{text}' is no regular expression: {fault}"))?;
        Ok(Self(regex))
    }
}

impl Redundancy {
    /// The group that a name belongs to: what the first group captures, else the whole match.
    pub fn group<'n>(&self, name: &'n [u8]) -> Option<&'n [u8]> {
        let found = self.0.captures(name)?;
        found.get(1).or_else(|| found.get(0)).map(|part| part.as_bytes())
    }
}

/// The `[rollout]` table.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutRules {
    /// How many targets may fail; the first one stops a rollout where nothing is said.
    #[serde(default)]
    pub max_failures: Option<MaxFailures>,
    /// How many targets run between two looks at the world, at the most.
    #[serde(default)]
    pub batch: Option<u32>,
    /// How long one call may take; what takes longer is ended, and has failed.
    #[serde(default)]
    pub call_timeout: Option<Span>,
    /// Regular expressions on names; of what one captures alike, never two are in one batch.
    #[serde(default)]
    pub redundancy: Vec<Redundancy>,
}

impl Policy {
    /// How many of `total` targets may fail before a rollout stops.
    pub fn max_failures(&self, total: u64) -> u64 {
        let picked = self.strictest(|rules| {
            rules.max_failures.map(|most| match most.0 {
                Amount::Number(number) => number,
                share => share.of(total),
            })
        });
        picked.unwrap_or(0)
    }

    /// How many targets a batch of a rollout may have.
    pub fn most_in_batch(&self) -> Option<usize> {
        self.strictest(|rules| rules.batch.map(|batch| (batch as usize).max(1)))
    }

    /// How long a call of a rollout may take.
    pub fn call_timeout(&self) -> Option<Duration> {
        self.strictest(|rules| rules.call_timeout.map(|span| span.0))
    }

    /// The last site layer's word, or a lower one of a layer that may only tighten.
    fn strictest<T: Ord>(&self, pick: impl Fn(&RolloutRules) -> Option<T>) -> Option<T> {
        let mut found: Option<T> = None;
        for layer in &self.layers {
            let Some(own) = pick(&layer.file.rollout) else { continue };
            if layer.standing == Standing::Site || found.as_ref().is_some_and(|found| own < *found) {
                found = Some(own);
            }
        }
        found
    }

    /// Every redundancy rule, of all layers.
    pub fn redundancy(&self) -> Vec<&Redundancy> {
        self.layers.iter().flat_map(|layer| &layer.file.rollout.redundancy).collect()
    }

    /// The health check that the site names for an action, or for its effect.
    pub fn health(&self, action: &str, effect: Option<Effect>) -> Option<&Health> {
        let site = || self.layers.iter().rev().filter(|layer| layer.standing == Standing::Site);
        let named = |key: &str| site().find_map(|layer| layer.file.health.get(key));
        named(action).or_else(|| named(effect?.word()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse_layer;

    fn policy(layers: &[(&str, Standing)]) -> Policy {
        let layers = layers.iter().map(|(text, standing)| parse_layer("t.toml", text, *standing).unwrap());
        Policy::new(layers.collect())
    }

    #[test]
    fn lower_layers_only_tighten() {
        let site = "[rollout]\nmax_failures = \"5%\"\nbatch = 50\nredundancy = ['^(shard-\\d+)-']\n";
        let of = |below: &str| {
            let policy = policy(&[(site, Standing::Site), (below, Standing::Tighten)]);
            (policy.max_failures(200), policy.most_in_batch(), policy.redundancy().len())
        };
        assert_eq!(of(""), (10, Some(50), 1));
        assert_eq!(of("[rollout]\nmax_failures = 3\nbatch = 500\nredundancy = ['x']\n"), (3, Some(50), 2));
        assert_eq!(of("[rollout]\nmax_failures = 30\nbatch = 5\n"), (10, Some(5), 1));
        let limited = policy(&[
            ("[rollout]\ncall_timeout = \"10m\"\n", Standing::Site),
            ("[rollout]\ncall_timeout = \"1h\"\n", Standing::Tighten),
        ]);
        assert_eq!(limited.call_timeout(), Some(Duration::from_secs(600)));
        let none = policy(&[("[rollout]\nmax_failures = 9\n", Standing::Tighten)]);
        assert_eq!(none.max_failures(200), 0, "nothing is looser than nothing said");
    }

    #[test]
    fn names_that_are_captured_alike_are_one_group() {
        let rule = Redundancy::try_from(r"^(shard-\d+)-".to_owned()).unwrap();
        assert_eq!(rule.group(b"shard-1-a"), rule.group(b"shard-1-b"));
        assert_eq!(rule.group(b"web-1"), None);
        assert!(Redundancy::try_from("(".to_owned()).is_err());
    }

    #[test]
    fn a_check_is_found_by_action_or_effect() {
        let policy = policy(&[(
            "[health.destroy]\ncheck = 'a'\n[health.\"toy remove\"]\ncheck = 'b'\n",
            Standing::Site,
        )]);
        let check =
            |action: &str, effect| policy.health(action, effect).map(|health| health.check.text().to_owned());
        assert_eq!(check("toy remove", Some(Effect::Destroy)).as_deref(), Some("b"));
        assert_eq!(check("toy other", Some(Effect::Destroy)).as_deref(), Some("a"));
        assert_eq!(check("toy other", Some(Effect::Stop)), None);
        assert!(parse_layer("t.toml", "[health.destory]\ncheck = 'a'\n", Standing::Site).is_err());
    }
}
