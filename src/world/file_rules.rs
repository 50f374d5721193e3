//! What the names and contents of files mean: protected, data, disposable, precious.
//!
//! [`FileRules`] is the `[files]` table as it stands in a policy. [`PreparedRules`] is the same,
//! made ready for one walk: patterns compiled, `~` filled in. Whether a number of files is too
//! large is not decided here.

mod expanded;
mod names;
mod prepared;
mod protect;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use expanded::ExpandedGlob;
pub(in crate::world) use names::{DISPOSABLE_FILE, DISPOSABLE_FOLDER, GIT, GITIGNORE, Marks, PRECIOUS, TAG};
pub use prepared::PreparedRules;
pub use protect::{ProtectedPath, Relation, lexical};

/// The `[files]` table of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FileRules {
    /// Whether paths that git ignores count as disposable.
    pub gitignored: Option<bool>,
    /// Whether a folder with a signed `CACHEDIR.TAG` counts as disposable.
    pub cachedir_tag: Option<bool>,
    /// Names that always count, wherever git ignores them or a build folder holds them.
    pub precious: Vec<String>,
    /// How firmly what has no entry of its own is protected.
    pub deny: Firmness,
    /// Paths that are protected, by text and on disk.
    pub protect: Vec<ProtectRule>,
    /// Paths that files before this one protect and that no longer are, written as they are there.
    pub unprotect: Vec<String>,
    /// Folders that are recognised by what they hold.
    pub data: Vec<DataRule>,
    /// What can be made again.
    pub disposable: Disposable,
}

/// Whether protected things are refused (true) or confirmed by their name (false).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Firmness {
    /// Mount points.
    pub mounts: bool,
    /// The `.git` of a repository.
    pub git: bool,
    /// Folders above the current one.
    pub cwd: bool,
}

/// Paths that are protected for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProtectRule {
    /// Words that follow "is": "a home folder".
    pub why: String,
    /// Absolute paths; `*` and `?` stay within one name, `~` is each home folder.
    pub paths: Vec<String>,
    /// True where patterns mean files and devices as well; else they mean folders alone.
    #[serde(default)]
    pub files: bool,
    /// Refused (true) or confirmed by its name (false).
    #[serde(default)]
    pub deny: bool,
    /// True for what the system itself is made of: a change of its mode or owner is confirmed as well, and so
    /// are several of the entries directly in it.
    #[serde(default)]
    pub core: bool,
}

/// How a folder of data is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataRule {
    /// Words that follow "is": "a PostgreSQL data folder".
    pub why: String,
    /// Paths below the folder that must all be there. No patterns.
    pub all: Vec<String>,
    /// Whether everything in the folder is part of the data, so that a part of it is protected too.
    #[serde(default)]
    pub whole: bool,
    /// Refused (true) or confirmed by its name (false).
    #[serde(default)]
    pub deny: bool,
}

/// What can be made again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Disposable {
    /// Names that say it alone.
    pub names: Vec<String>,
    /// Whole paths that say it alone.
    pub paths: Vec<String>,
    /// Names that need something beside them.
    pub beside: Vec<BesideRule>,
    /// Names that need something inside them.
    pub holding: Vec<HoldingRule>,
}

/// A folder that is disposable for what lies beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BesideRule {
    /// Names of the folder.
    pub names: Vec<String>,
    /// Names of which one must lie in the same folder.
    pub beside: Vec<String>,
}

/// A folder that is disposable for what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldingRule {
    /// Names of the folder.
    pub names: Vec<String>,
    /// Names of which one must lie in the folder.
    pub holds: Vec<String>,
}

/// Why a `[files]` table can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileRulesError {
    /// There is a bit for each rule, and there are no more bits.
    #[error("[files] has more than {0} rules on names")]
    TooMany(u32),
    /// A protected or disposable path is not absolute.
    #[error("[files] names the path {0:?}, which is neither absolute nor below ~")]
    NotAbsolute(String),
    /// A data rule with no path, an empty path or an absolute one.
    #[error("[files] recognises {0:?} by nothing below the folder")]
    NoMarker(String),
}
