//! The small words inside a tool file: option names, operand ranges, conditions, effects.
//!
//! Each is written as a string in TOML and checked when the file is loaded, so that a slip is
//! shown at its place in the file and not at three in the morning.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::condition::Condition;

/// Why a string in a tool file is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecFault {
    /// An option name that does not start with a dash.
    #[error("'{0}' is no option name: write '-n', '--name' or '-n --name'")]
    Option(String),
    /// An operand range that is none of the accepted forms.
    #[error("'{0}' is no operand range: write 'all', '2', '2..' or '2..4' (the first is 1)")]
    Range(String),
    /// A condition that can't be read.
    #[error("'{0}' is no condition: write '-o', '-o=GLOB', 'operand.2=GLOB', with '!' in front for 'absent'")]
    Condition(String),
    /// A glob that can't be compiled.
    #[error("'{0}' is no glob: {1}")]
    Glob(String, String),
    /// A template that can't be split.
    #[error("'{0}' is no template: {1}")]
    Template(String, String),
    /// A duration that can't be read.
    #[error("'{0}' is no duration: write '30s', '5m' or '500ms'")]
    Duration(String),
}

/// All spellings of one option, the way the tool file writes them: `-n --namespace`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct OptionName(Vec<String>);

impl OptionName {
    /// Makes the name of an option that no tool file knows, from how it was spelled.
    pub fn unlisted(spelled: &str) -> Self {
        Self(vec![spelled.to_owned()])
    }

    /// Every spelling, in the order of the tool file.
    pub fn spellings(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Tells whether `spelled` is one of the spellings.
    pub fn has(&self, spelled: &str) -> bool {
        self.0.iter().any(|s| s == spelled)
    }

    /// Tells whether both name the same option.
    pub fn same(&self, other: &Self) -> bool {
        self.0.iter().any(|s| other.has(s))
    }
}

impl TryFrom<String> for OptionName {
    type Error = SpecFault;

    fn try_from(text: String) -> Result<Self, SpecFault> {
        let spellings: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if spellings.is_empty() {
            return Err(SpecFault::Option(text));
        }
        Ok(Self(spellings))
    }
}

impl From<OptionName> for String {
    fn from(name: OptionName) -> Self {
        name.0.join(" ")
    }
}

impl fmt::Display for OptionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.last().map_or("", String::as_str))
    }
}

/// Which operands are meant, counted from 1 after the subcommand: `all`, `2`, `2..`, `2..4`, `last`, `..last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct OperandRange {
    first: usize,
    end: RangeEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RangeEnd {
    Open,
    At(usize),
    Last,
    BeforeLast,
}

impl OperandRange {
    /// Every operand.
    pub const ALL: Self = Self { first: 1, end: RangeEnd::Open };

    /// Returns the half-open index range into a list of `len` operands.
    pub fn indices(self, len: usize) -> std::ops::Range<usize> {
        let end = match self.end {
            RangeEnd::Open => len,
            RangeEnd::At(n) => n.min(len),
            RangeEnd::Last => return len.saturating_sub(1)..len,
            RangeEnd::BeforeLast => len.saturating_sub(1),
        };
        (self.first - 1).min(end)..end
    }
}

impl TryFrom<String> for OperandRange {
    type Error = SpecFault;

    fn try_from(text: String) -> Result<Self, SpecFault> {
        let fault = || SpecFault::Range(text.clone());
        let number = |s: &str| s.parse::<usize>().ok().filter(|n| *n > 0).ok_or_else(fault);
        match text.trim() {
            "all" => Ok(Self::ALL),
            "last" => Ok(Self { first: 1, end: RangeEnd::Last }),
            "..last" => Ok(Self { first: 1, end: RangeEnd::BeforeLast }),
            plain => match plain.split_once("..") {
                None => {
                    let n = number(plain)?;
                    Ok(Self { first: n, end: RangeEnd::At(n) })
                }
                Some((first, "")) => Ok(Self { first: number(first)?, end: RangeEnd::Open }),
                Some((first, "last")) => Ok(Self { first: number(first)?, end: RangeEnd::BeforeLast }),
                Some((first, last)) => Ok(Self { first: number(first)?, end: RangeEnd::At(number(last)?) }),
            },
        }
    }
}

impl From<OperandRange> for String {
    fn from(range: OperandRange) -> Self {
        match range.end {
            RangeEnd::Open if range.first == 1 => "all".into(),
            RangeEnd::Open => format!("{}..", range.first),
            RangeEnd::At(n) if n == range.first => n.to_string(),
            RangeEnd::At(n) => format!("{}..{n}", range.first),
            RangeEnd::Last => "last".into(),
            RangeEnd::BeforeLast if range.first == 1 => "..last".into(),
            RangeEnd::BeforeLast => format!("{}..last", range.first),
        }
    }
}

/// What a command does to its targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Opens to more readers or writers than before.
    Expose,
    /// Alters what goes on running.
    Change,
    /// Ends and begins again.
    Restart,
    /// Ends.
    Stop,
    /// Removes what may not come back.
    Destroy,
}

impl Effect {
    /// Every effect, mildest first.
    pub const ALL: [Self; 5] = [Self::Expose, Self::Change, Self::Restart, Self::Stop, Self::Destroy];

    /// The word used in policy and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Expose => "expose",
            Self::Change => "change",
            Self::Restart => "restart",
            Self::Stop => "stop",
            Self::Destroy => "destroy",
        }
    }
}

/// One effect, or an effect by subcommand word or by condition, with `*` for the rest.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum EffectBy {
    /// The same for every match.
    One(Effect),
    /// By the last word of the subcommand path, or by a condition (`"-s=HUP" = "restart"`).
    Chosen(Vec<(EffectKey, Effect)>),
}

/// What chooses an effect.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub enum EffectKey {
    /// The last word of the subcommand path; `*` where nothing else chooses.
    Word(String),
    /// A condition on options and operands; known by the `-`, `!` or `operand.` it starts with.
    When(Condition),
}

impl TryFrom<String> for EffectKey {
    type Error = SpecFault;

    fn try_from(text: String) -> Result<Self, SpecFault> {
        if text.starts_with(['-', '!']) || text.starts_with("operand.") {
            return Condition::try_from(text).map(Self::When);
        }
        Ok(Self::Word(text))
    }
}

impl EffectBy {
    /// Returns the effect for the last word of the subcommand path and the conditions that hold;
    /// the gravest where several choose.
    pub fn of(&self, word: &str, holds: impl Fn(&Condition) -> bool) -> Effect {
        let list = match self {
            Self::One(effect) => return *effect,
            Self::Chosen(list) => list,
        };
        let chosen = list.iter().filter(|(key, _)| match key {
            EffectKey::Word(w) => w == word && w != "*",
            EffectKey::When(condition) => holds(condition),
        });
        let rest = || list.iter().find(|(key, _)| matches!(key, EffectKey::Word(w) if w == "*"));
        // What the table forgot gets the gravest effect, never none.
        chosen.map(|(_, e)| *e).max().or_else(|| rest().map(|(_, e)| *e)).unwrap_or(Effect::Destroy)
    }
}

impl<'de> Deserialize<'de> for EffectBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = EffectBy;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "an effect (destroy, stop, restart, change, expose) or a table of them by subcommand or condition",
                )
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<EffectBy, E> {
                Effect::deserialize(de::value::StrDeserializer::new(text)).map(EffectBy::One)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EffectBy, A::Error> {
                let mut list = Vec::new();
                while let Some((key, effect)) = map.next_entry::<String, Effect>()? {
                    list.push((EffectKey::try_from(key).map_err(de::Error::custom)?, effect));
                }
                Ok(EffectBy::Chosen(list))
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// How what runs is held to what was shown (DESIGN.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Freeze {
    /// The operator's argv with names in place of selectors: exact.
    Names,
    /// A plan saved by guard, judged, then applied: exact.
    Plan,
    /// The tool compares with what was seen before it acts: exact.
    Lease,
    /// Files by device and inode through directory handles: exact.
    Handles,
    /// The tool stops at a number: holds how many, not which.
    Cap,
    /// Listed, compared, listed again right before the act: nearly.
    Relist,
    /// Nothing holds.
    #[default]
    None,
}

impl Freeze {
    /// The word used in policy and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Plan => "plan",
            Self::Lease => "lease",
            Self::Handles => "handles",
            Self::Cap => "cap",
            Self::Relist => "relist",
            Self::None => "none",
        }
    }
}

/// A span of time written as a person would: `500ms`, `30s`, `5m`, `1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Span(pub std::time::Duration);

impl TryFrom<String> for Span {
    type Error = SpecFault;

    fn try_from(text: String) -> Result<Self, SpecFault> {
        let fault = || SpecFault::Duration(text.clone());
        let digits = text.chars().take_while(char::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| fault())?;
        let millis = match unit.trim() {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(fault()),
        };
        number.checked_mul(millis).map(|ms| Self(std::time::Duration::from_millis(ms))).ok_or_else(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str, len: usize) -> std::ops::Range<usize> {
        OperandRange::try_from(text.to_owned()).unwrap().indices(len)
    }

    #[test]
    fn operand_ranges_count_from_one_and_never_leave_the_list() {
        assert_eq!(range("all", 3), 0..3);
        assert_eq!(range("2", 3), 1..2);
        assert_eq!(range("2..", 3), 1..3);
        assert_eq!(range("2..", 1), 1..1);
        assert_eq!(range("2..9", 3), 1..3);
        assert_eq!(range("last", 3), 2..3);
        assert_eq!(range("..last", 3), 0..2);
        assert_eq!(range("..last", 0), 0..0);
        assert!(OperandRange::try_from("0".to_owned()).is_err());
        assert!(OperandRange::try_from("-1".to_owned()).is_err());
    }

    #[test]
    fn a_subcommand_the_effect_table_forgot_is_the_gravest() {
        let by = EffectBy::Chosen(vec![(EffectKey::Word("stop".into()), Effect::Stop)]);
        assert_eq!(by.of("kill", |_| false), Effect::Destroy);
    }

    #[test]
    fn the_gravest_effect_that_a_condition_chooses_counts() {
        let by: EffectBy = toml::from_str::<std::collections::BTreeMap<String, EffectBy>>(
            "e = { '-s=HUP' = 'restart', '-s=CONT' = 'change', '*' = 'stop' }",
        )
        .unwrap()
        .remove("e")
        .unwrap();
        assert_eq!(by.of("", |_| false), Effect::Stop);
        assert_eq!(by.of("", |_| true), Effect::Restart);
        assert_eq!(by.of("", |c| c.text() == "-s=CONT"), Effect::Change);
    }
}
