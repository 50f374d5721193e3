//! The words of a scope: targets, certainty, fleet, and the frozen set.

use std::collections::BTreeSet;
use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use crate::tool::Size;
use crate::world::FileSet;

/// How far a count can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// The world was asked and gave a complete answer.
    Exact,
    /// Counting stopped early because more could not change the answer.
    AtLeast,
    /// A bound from the command's own words; nothing was listed.
    AtMost,
    /// Could not be counted: an error, a time-out, a truncated or unreadable listing.
    Unknown,
}

/// One thing that is hit, with a full key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// Kind as the tool names it (`pod`, `host`, `ref`), singular.
    pub kind: String,
    /// Name, without kind or namespace.
    pub name: OsString,
    /// The interface its kind belongs to (`apps/v1`), which tells kinds of the same name apart.
    pub api: Option<String>,
    /// Namespace, zone, database: the part of the key that tells equal names apart.
    pub namespace: Option<String>,
    /// What tells this target from a later one of the same name (uid, object id, start time).
    pub uid: Option<String>,
    /// Since when it has been running, as the tool wrote it (RFC 3339 or seconds since 1970).
    pub since: Option<String>,
    /// The role it belongs to, as the tool tells it (a label, a tag).
    pub group: Option<String>,
    /// How much of it is hit; 1 for most, the difference in replicas for `scale`.
    pub weight: u64,
    /// True where the listing says that it is not healthy now.
    pub ill: bool,
    /// How much of it is healthy now, where the listing says a number.
    pub ready: Option<u64>,
}

impl Target {
    /// Its type as kubectl takes it without doubt: `deployment.v1.apps`, `pod.v1.`.
    pub fn type_word(&self) -> String {
        match self.api.as_deref().map(|api| api.rsplit_once('/').unwrap_or(("", api))) {
            Some((group, version)) => format!("{}.{version}.{group}", self.kind),
            None => self.kind.clone(),
        }
    }
}

/// The population the targets belong to: same kind, same role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fleet {
    /// Name of the role, or of the kind where no role is known.
    pub role: String,
    /// Members of the role in all.
    pub total: u64,
    /// Members of the role that this command would hit.
    pub hit: u64,
    /// Members that are healthy now; equals `total` where health is not known.
    pub healthy: u64,
    /// Members that this command would hit and that are not healthy now.
    pub ill: u64,
    /// Members that must stay, where the site or the tool file names a floor.
    pub keep: Option<u64>,
}

impl Fleet {
    /// Members that are healthy now and would not be hit.
    pub fn left(&self) -> u64 {
        self.healthy.saturating_sub(self.hit.saturating_sub(self.ill))
    }

    /// Its role; the kind where none is known.
    pub fn called<'a>(&'a self, kind: &'a str) -> &'a str {
        if self.role.is_empty() { kind } else { &self.role }
    }
}

/// A target, or something inside one, that policy protects by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protected {
    /// What is protected, escaped for display by the reader.
    pub what: OsString,
    /// Why, in words that follow "is" ("a home folder", "a mount point").
    pub why: String,
    /// The rule that says so (`files.protect`, `this-host`).
    pub rule: &'static str,
    /// True for what is denied, false for what is confirmed by its name.
    pub deny: bool,
}

/// Where a command acts: one name a person would recognise, and its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// What a person types back: the context, cluster, account or host name.
    pub name: String,
    /// Named parts, in display order (`cluster` → `east`, `namespace` → `shop`).
    pub parts: Vec<(String, String)>,
}

/// What a freeze holds on to: the set that may be hit, exactly as shown.
#[derive(Debug, Default)]
pub enum Frozen {
    /// Nothing is held; the command runs as typed.
    #[default]
    Nothing,
    /// Files by device and inode below directory handles.
    Files(Box<FileSet>),
}

/// The set of targets an invocation hits, and how certain that is.
#[derive(Debug)]
pub struct Scope {
    /// Kind of the targets, singular; the widest-reaching one where kinds are mixed.
    pub kind: String,
    /// Size of that kind: small, member or container.
    pub size: Size,
    /// The effect, where only the world tells it (scaling up or down).
    pub effect: Option<crate::tool::Effect>,
    /// How far `count` can be trusted.
    pub certainty: Certainty,
    /// Number of targets, weights summed. For [`Certainty::Unknown`], what was seen so far.
    pub count: u64,
    /// The targets one by one, where they are named or were listed; empty for file trees.
    pub targets: Vec<Target>,
    /// Up to a few dozen names, for display, where `targets` is empty.
    pub sample: Vec<OsString>,
    /// Populations the targets belong to, one a role; empty when not asked or not known.
    pub fleets: Vec<Fleet>,
    /// What goes along with the targets (pods of a node, units that require a unit).
    pub dependents: Option<u64>,
    /// Protected names among or inside the targets.
    pub protected: Vec<Protected>,
    /// Further plain sentences a person should see ("2 mount points are crossed").
    pub notes: Vec<String>,
    /// Why the scope is unknown, where it is.
    pub unknown: Option<String>,
    /// The set that a freeze holds on to.
    pub frozen: Frozen,
}

impl Scope {
    /// The types of the targets as one word.
    pub fn types(&self) -> String {
        let types: BTreeSet<String> = self.targets.iter().map(Target::type_word).collect();
        types.into_iter().collect::<Vec<_>>().join(",")
    }
}
