//! The tool file: what `policies/tools/TOOL.toml` may say of a tool as a whole.
//!
//! Facts only: how its words are read, where it acts, and what else it starts. Its risky actions
//! are in [`action`](super::action); what is allowed stands in policy files.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::action::Action;
use super::condition::Condition;
use super::glob::Glob;
use super::spec::{OperandRange, OptionName};

/// A whole tool file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolFile {
    /// The tool's grammar.
    pub tool: Tool,
    /// Its risky actions, the first that matches wins.
    #[serde(default)]
    pub action: Vec<Action>,
}

/// How words after an option's name are taken (DESIGN.md §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// getopt_long: bundled short options, `-nX`, long options may be shortened.
    #[default]
    Gnu,
    /// Cobra and friends: as gnu, but `-n=x` is x, and long options are not shortened.
    Pflag,
    /// Go's flag package: `-long`, `-x v`, `-x=v`, `--x`; nothing is bundled.
    Go,
    /// Paths first, then an expression of `-word` predicates.
    Find,
    /// `key=value` operands.
    Dd,
}

/// The grammar of a tool.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Program names, the file's own name first.
    pub names: Vec<String>,
    /// How options are written.
    #[serde(default)]
    pub style: Style,
    /// What the tool works on, in a few words.
    #[serde(default)]
    pub summary: String,
    /// Options that say where the command acts; they go along into every listing.
    #[serde(default)]
    pub context: Vec<OptionName>,
    /// Environment variables that say where the command acts.
    #[serde(default)]
    pub env: Vec<Glob>,
    /// What the place is called where the command acts; this host where nothing is said.
    #[serde(default)]
    pub place: Vec<PlacePart>,
    /// Options whose values are masked in every record.
    #[serde(default)]
    pub secret: Vec<OptionName>,
    /// Options end for good at this operand (`1` for sudo, `2` for ssh).
    #[serde(default)]
    pub stop: Option<usize>,
    /// True where the global options stand before the subcommand only.
    #[serde(default)]
    pub globals_first: bool,
    /// Words that may stand before the subcommand and leave its meaning as it is (`gcloud beta`).
    #[serde(default)]
    pub tracks: Vec<String>,
    /// After this many operands no more follow (aws: `2`): an option that no list has takes every
    /// word up to the next option there, and is not read both ways.
    #[serde(default)]
    pub many_after: Option<usize>,
    /// True where one word `-9` or `-KILL` is a signal.
    #[serde(default)]
    pub signal: bool,
    /// Options of every subcommand.
    #[serde(default)]
    pub options: Options,
    /// Further options by subcommand path.
    #[serde(default)]
    pub commands: BTreeMap<String, Options>,
    /// Where an empty word means everything.
    #[serde(default)]
    pub select: Select,
    /// Texts for `{name}` placeholders of every action.
    #[serde(default)]
    pub text: BTreeMap<String, String>,
    /// Set where people can give names of their own to its commands.
    #[serde(default)]
    pub aliases: Option<Aliases>,
    /// Set where the tool runs another command.
    #[serde(default)]
    pub wrapper: Option<Wrapper>,
    /// True where the tool starts programs that its words do not name: hooks, plugins, recipes.
    #[serde(default)]
    pub hooks: bool,
    /// True for a file whose commands were never run against the real program.
    #[serde(default)]
    pub unverified: bool,
}

/// One part of the place where a tool acts, most telling first.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacePart {
    /// What it is called: `context`, `namespace`, `region`.
    pub part: String,
    /// The option that gives it.
    #[serde(default)]
    pub option: Option<OptionName>,
    /// Environment variables that give it where the option does not.
    #[serde(default)]
    pub env: Vec<String>,
    /// What else gives it.
    #[serde(default)]
    pub from: PlaceFrom,
    /// What it is where nothing says so.
    #[serde(default)]
    pub default: Option<String>,
    /// True where this part is the name a person types back.
    #[serde(default)]
    pub names: bool,
}

/// Where guard can read a part of a place from, beyond options and variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PlaceFrom {
    /// Nowhere else.
    #[default]
    Given,
    /// The current context of the kubeconfig.
    Kubeconfig,
    /// The working folder.
    Folder,
    /// The first operand: a host, perhaps with a user (ssh).
    Operand,
}

/// Options by how they take a value.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Takes a value: the rest of the word, or the next word.
    #[serde(default)]
    pub value: Vec<OptionName>,
    /// Takes a value only after `=` (or attached to a short option).
    #[serde(default)]
    pub equals: Vec<OptionName>,
    /// Takes none.
    #[serde(default)]
    pub switch: Vec<OptionName>,
    /// Takes every word up to the next option (style find: up to `;` or `+`).
    #[serde(default)]
    pub many: Vec<OptionName>,
    /// Options of this subcommand end for good at this operand after it (docker exec: 1, the container).
    #[serde(default)]
    pub stop: Option<usize>,
}

/// Where an empty word means everything, and what counts as empty.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// Options whose value selects.
    #[serde(default)]
    pub options: Vec<OptionName>,
    /// Operands that select, counted after the subcommand of the action.
    #[serde(default)]
    pub operands: Option<OperandRange>,
    /// Words made of these count as empty too (globs).
    #[serde(default)]
    pub blank: Vec<Glob>,
    /// What an empty word means to this tool, as the person is told it.
    #[serde(default)]
    pub says: Option<String>,
}

/// Names that a tool's configuration gives to commands.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aliases {
    /// Whose configuration gives them.
    pub by: AliasesBy,
    /// The tool's own subcommands: no alias takes their place, so nothing is looked up for them.
    pub own: Vec<String>,
}

/// Whose configuration gives names to commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AliasesBy {
    /// The section `alias` of git's.
    Git,
}

/// A tool that runs another command given in its operands.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wrapper {
    /// Operands before the command (timeout: 1, the duration).
    #[serde(default)]
    pub skip: usize,
    /// True where `NAME=value` words may stand before the command.
    #[serde(default)]
    pub assignments: bool,
    /// True where the wrapper changes who or where, so that listings go through it too.
    #[serde(default)]
    pub carries: bool,
    /// The option whose value is the folder that the command runs in (env -C).
    #[serde(default)]
    pub folder: Option<OptionName>,
    /// The option whose value is another root folder: paths there are not these (sudo -R).
    #[serde(default)]
    pub root: Option<OptionName>,
    /// The option whose text is split into further words in its place (env -S).
    #[serde(default)]
    pub split: Option<OptionName>,
    /// Present: no command follows (sudo -l, sudo -e).
    #[serde(default)]
    pub unless: Vec<Condition>,
}
