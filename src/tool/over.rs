//! Where a tool puts something, and so what it puts it in the place of.

use schemars::JsonSchema;
use serde::Deserialize;

use super::condition::Condition;
use super::spec::OptionName;

/// What is replaced where something goes: the last operand, or what lies in it under the name of each
/// other operand where it is a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Over {
    /// The option with the folder that everything goes into, in the place of the last operand (`-t`).
    #[serde(default)]
    pub into: Option<OptionName>,
    /// Present: the last operand is replaced itself, though it leads to a folder (`-T`, `ln -n`).
    #[serde(default)]
    pub exact: Vec<Condition>,
    /// Present: what is there stays (`-n`).
    #[serde(default)]
    pub keeps: Vec<Condition>,
    /// Present: a symlink that is there stays, and what it leads to is written over (cp).
    #[serde(default)]
    pub follows: Vec<Condition>,
    /// Present: folders go with all that is in them, into folders that are there (`cp -r`).
    #[serde(default)]
    pub walk: Vec<Condition>,
    /// True where what is replaced is what the action hits (cp), and not what it names (mv).
    #[serde(default)]
    pub counts: bool,
}
