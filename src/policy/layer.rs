//! One policy file: limits by effect and size, by action, by environment; roles; protected names.
//!
//! The same tables serve the built-in policy, a site's `policies/*.toml` and `guard.toml`, the
//! operator's folder and a project's `.guard.toml`. Which of them may loosen is decided by
//! [`Policy`](super::Policy), not here.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::tool::{Effect, Glob, Harmless, Health, Size, Span};
use crate::world::FileRules;

use super::budget::{Budget, LedgerPlace, Loops};
use super::rollout::RolloutRules;

/// A number of targets, or a share of their role's fleet.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
pub enum Amount {
    /// From this many targets.
    Number(u64),
    /// From this share of the fleet, in percent.
    Percent(f64),
}

impl Amount {
    /// Reads `"10%"`.
    pub(super) fn percent(text: &str) -> Option<Self> {
        let value: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
        (value > 0.0 && value <= 100.0).then_some(Self::Percent(value))
    }

    /// The number of targets from which this amount is reached in a fleet of `total`;
    /// a share is rounded down, and is one at least.
    pub fn of(self, total: u64) -> u64 {
        match self {
            Self::Number(n) => n,
            Self::Percent(p) => ((total as f64 * p / 100.0).floor() as u64).max(1),
        }
    }

    /// As [`of`](Self::of) for what must stay: rounded up.
    pub fn floor_of(self, total: u64) -> u64 {
        match self {
            Self::Number(n) => n,
            Self::Percent(p) => (total as f64 * p / 100.0).ceil() as u64,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{}", crate::tool::grouped(*n)),
            Self::Percent(p) => write!(f, "{p}%"),
        }
    }
}

/// One amount or several; the first that is reached counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Amounts(pub Vec<Amount>);

impl JsonSchema for Amounts {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amounts".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number of targets, a share such as \"10%\", or a list of both: whichever comes first.",
            "oneOf": [
                { "type": "integer", "minimum": 1 },
                { "type": "string", "pattern": "^[0-9.]+ *%$" },
                { "type": "array", "items": { "type": ["integer", "string"] }, "minItems": 1 }
            ]
        })
    }
}

impl<'de> Deserialize<'de> for Amounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Amounts;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 1 up, a share like \"10%\", or a list of both")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Amounts, E> {
                u64::try_from(n)
                    .ok()
                    .filter(|n| *n > 0)
                    .map(|n| Amounts(vec![Amount::Number(n)]))
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Signed(n), &self))
            }
            // MessagePack, which the built-in files are packed in, has no sign for what is not negative.
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Amounts, E> {
                let signed =
                    i64::try_from(n).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(n), &self))?;
                self.visit_i64(signed)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amounts, E> {
                Amount::percent(text)
                    .map(|p| Amounts(vec![p]))
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Amounts, A::Error> {
                let mut all = Vec::new();
                while let Some(Amounts(some)) = seq.next_element()? {
                    all.extend(some);
                }
                if all.is_empty() { Err(de::Error::invalid_length(0, &self)) } else { Ok(Amounts(all)) }
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// The limits of one effect and size, or of one action: from how many targets each rung is required.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// From here on the number is typed.
    #[serde(default)]
    pub confirm: Option<Amounts>,
    /// From here on the dry run is shown first.
    #[serde(default)]
    pub dry_run: Option<Amounts>,
    /// From here on it runs in stages.
    #[serde(default)]
    pub stage: Option<Amounts>,
    /// From here on a second person is needed.
    #[serde(default)]
    pub approve: Option<Amounts>,
    /// From here on it is refused.
    #[serde(default)]
    pub deny: Option<Amounts>,
    /// Targets that are refused by name: `name` or `kind/name`, globs.
    #[serde(default)]
    pub protect: Vec<Glob>,
    /// Targets that are confirmed by name, however few: `name` or `kind/name`, globs.
    #[serde(default)]
    pub confirm_names: Vec<Glob>,
    /// Names that files before this one put into `protect` or `confirm_names` and that no longer
    /// count, written as they are there. A site's to say.
    #[serde(default)]
    pub unprotect: Vec<String>,
    /// What a scope that can't be counted gets for this action.
    #[serde(default)]
    pub unknown: Option<Stance>,
}

/// What is done about something no rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stance {
    /// It runs.
    Allow,
    /// It is asked about.
    Confirm,
    /// It is refused.
    Deny,
}

/// The limits of one effect, by size of kind.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BySize {
    /// Files, rows, keys.
    #[serde(default)]
    pub small: Limits,
    /// Pods, processes, hosts.
    #[serde(default)]
    pub member: Limits,
    /// Namespaces, databases, disks.
    #[serde(default)]
    pub container: Limits,
}

impl BySize {
    /// The limits of one size.
    pub fn of(&self, size: Size) -> &Limits {
        match size {
            Size::Small => &self.small,
            Size::Member => &self.member,
            Size::Container => &self.container,
        }
    }
}

/// The `[limits]` table: keys are effects (`destroy`) or actions (`"kubectl delete"`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LimitsTable {
    /// By effect.
    pub effects: BTreeMap<Effect, BySize>,
    /// By action.
    pub actions: BTreeMap<String, Limits>,
}

impl JsonSchema for LimitsTable {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LimitsTable".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let by_size = generator.subschema_for::<BySize>();
        let limits = generator.subschema_for::<Limits>();
        let effects: serde_json::Map<String, serde_json::Value> =
            Effect::ALL.iter().map(|e| (e.word().to_owned(), by_size.clone().into())).collect();
        schemars::json_schema!({
            "description": "Limits by effect and size (limits.destroy.member) or by action (limits.\"kubectl delete\").",
            "type": "object",
            "properties": effects,
            "additionalProperties": limits
        })
    }
}

impl<'de> Deserialize<'de> for LimitsTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = LimitsTable;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of limits by effect or by action")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LimitsTable, A::Error> {
                let mut table = LimitsTable::default();
                while let Some(key) = map.next_key::<String>()? {
                    if let Some(effect) = Effect::ALL.into_iter().find(|e| e.word() == key) {
                        table.effects.insert(effect, map.next_value()?);
                    } else if key.contains(' ') {
                        table.actions.insert(key, map.next_value()?);
                    } else {
                        return Err(de::Error::custom(format!(
                            "'{key}' is neither an effect (destroy, stop, restart, change, expose) nor an action like \"kubectl delete\""
                        )));
                    }
                }
                Ok(table)
            }
        }
        deserializer.deserialize_map(V)
    }
}

/// An environment: which contexts belong to it, and what is stricter there.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Contexts, clusters, accounts or host names that belong to it (globs).
    #[serde(default)]
    pub contexts: Vec<Glob>,
    /// How many rungs every verdict from `confirm` up rises; from 1 up, destroying members or
    /// containers asks for the context's name however few they are.
    #[serde(default)]
    pub raise: Option<u8>,
    /// Limits of its own.
    #[serde(default)]
    pub limits: LimitsTable,
}

/// A role: servers that do the same work.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// How many members must stay healthy: a number or a share of all, the stricter of several.
    #[serde(default)]
    pub keep: Option<Amounts>,
    /// Restricts the role to actions on this tool.
    #[serde(default)]
    pub tool: Option<String>,
}

/// What a person is shown and asked.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// How long a question waits; no answer is a no.
    #[serde(default)]
    pub timeout: Option<Span>,
}

/// What a plan file is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanFiles {
    /// How long after it was written it can be run with `--plan-in`.
    #[serde(default)]
    pub expires: Option<Span>,
}

/// Where the audit log is kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// The file; the state folder of the operator where not given.
    #[serde(default)]
    pub path: Option<String>,
}

/// A case beside the policy: run by `guardctl policy test`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyTest {
    /// The command line, as shell words.
    pub run: String,
    /// What the world is said to hold.
    #[serde(default)]
    pub given: Given,
    /// What must come of it.
    pub expect: Expect,
}

/// The world of a policy test.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// What the listing shows, `kind/name` or `name`.
    #[serde(default)]
    pub targets: Option<Vec<String>>,
    /// How many targets the listing shows, where their names do not matter.
    #[serde(default)]
    pub count: Option<u64>,
    /// Members of their role.
    #[serde(default)]
    pub fleet: Option<u64>,
    /// Their role.
    #[serde(default)]
    pub role: Option<String>,
    /// The context it acts in.
    #[serde(default)]
    pub context: Option<String>,
    /// True where the listing fails.
    #[serde(default)]
    pub fails: bool,
}

/// The verdict of a policy test.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The rung.
    pub verdict: String,
    /// A rule that must be among the reasons.
    #[serde(default)]
    pub rule: Option<String>,
}

/// One policy file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerFile {
    /// Limits by effect and size, or by action.
    #[serde(default)]
    pub limits: LimitsTable,
    /// Environments by name.
    #[serde(default)]
    pub environment: BTreeMap<String, Environment>,
    /// Roles by name.
    #[serde(default)]
    pub role: BTreeMap<String, Role>,
    /// What the names and contents of files mean: protected, data, disposable.
    #[serde(default)]
    pub files: Option<FileRules>,
    /// Commands that no tool file names.
    #[serde(default)]
    pub unnamed: Option<Stance>,
    /// Programs that change nothing, beside the built-in list. A site's to say.
    #[serde(default)]
    pub harmless: Vec<Harmless>,
    /// Questions.
    #[serde(default)]
    pub prompt: Prompt,
    /// Plan files.
    #[serde(default)]
    pub plan: PlanFiles,
    /// The audit log.
    #[serde(default)]
    pub audit: Audit,
    /// How many targets may be hit in a window over many commands, by action (`"kubectl delete"`) or by
    /// effect (`destroy`).
    #[serde(default)]
    pub budget: BTreeMap<String, Budget>,
    /// Commands one after another that nobody was asked about.
    #[serde(default)]
    pub loops: Loops,
    /// The ledger.
    #[serde(default)]
    pub ledger: LedgerPlace,
    /// Stages of a rollout: shares that add up, last `100%`.
    #[serde(default)]
    pub stages: Option<Vec<String>>,
    /// Failures, batches and redundancy groups of rollouts.
    #[serde(default)]
    pub rollout: RolloutRules,
    /// Checks of rollouts, by action (`"kubectl delete"`) or by effect (`destroy`).
    #[serde(default)]
    pub health: BTreeMap<String, Health>,
    /// Cases that must hold.
    #[serde(default)]
    pub test: Vec<PolicyTest>,
}
