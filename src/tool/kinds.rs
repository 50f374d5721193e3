//! Kinds of targets: their size, their other names, and what contains what.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much hangs on one target of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// A file, a row, a key, an image.
    Small,
    /// A pod, a process, a unit, an instance, a host, a ref.
    Member,
    /// Holds others: a namespace, a database, a bucket, a volume, a disk, a cluster.
    Container,
}

impl Size {
    /// The word used in policy.
    pub fn word(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Member => "member",
            Self::Container => "container",
        }
    }
}

/// One kind in `policies/kinds.toml`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// How much hangs on one.
    pub size: Size,
    /// Other names: plural, short forms.
    #[serde(default)]
    pub names: Vec<String>,
    /// The plural, where adding `s` is wrong.
    #[serde(default)]
    pub plural: Option<String>,
    /// The kind that contains it.
    #[serde(default)]
    pub inside: Option<String>,
}

/// All kinds, by their singular name.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kinds {
    /// The table.
    #[serde(default)]
    pub kind: BTreeMap<String, Kind>,
}

impl Kinds {
    /// Returns the singular name that the table has for a word as a tool writes it
    /// (`po`, `Pods`, `deploy.apps`); the word itself, in lower case, where it has none.
    pub fn singular(&self, word: &str) -> String {
        let lower = word.to_lowercase();
        let bare = lower.split('.').next().unwrap_or(&lower);
        for name in [lower.as_str(), bare] {
            if self.kind.contains_key(name) {
                return name.to_owned();
            }
            if let Some((singular, _)) = self.kind.iter().find(|(_, k)| k.names.iter().any(|n| n == name)) {
                return singular.clone();
            }
        }
        for suffix in ["s", "es"] {
            if let Some(stem) = bare.strip_suffix(suffix)
                && self.kind.contains_key(stem)
            {
                return stem.to_owned();
            }
        }
        bare.to_owned()
    }

    /// Returns the size of a kind; a kind that no table knows is a member, never small.
    pub fn size(&self, singular: &str) -> Size {
        self.kind.get(singular).map_or(Size::Member, |k| k.size)
    }

    /// Writes a number with its kind: `1 pod`, `12 pods`, `3 entries`.
    pub fn count(&self, number: u64, singular: &str) -> String {
        let digits = grouped(number);
        if number == 1 {
            return format!("{digits} {singular}");
        }
        match self.kind.get(singular).and_then(|k| k.plural.as_deref()) {
            Some(plural) => format!("{digits} {plural}"),
            None => format!("{digits} {singular}s"),
        }
    }
}

/// Writes a number with commas between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

/// Writes how many there are of what is no kind: `1 shim`, `1,200 shims`.
pub fn number_of(number: usize, one: &str) -> String {
    format!("{} {one}{}", grouped(number as u64), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stands_alone() {
        assert_eq!((number_of(0, "shim"), number_of(1, "shim")), ("0 shims".into(), "1 shim".into()));
        assert_eq!(number_of(1_200, "shim"), "1,200 shims");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }
}
