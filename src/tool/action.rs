//! The actions of a tool file: what each hits, and how to list, preview, freeze and narrow it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::bound::Bound;
use super::condition::{CommandPath, Condition};
use super::glob::Glob;
use super::health::Health;
use super::listing::{Dependents, Read};
use super::over::Over;
use super::spec::{Effect, EffectBy, Freeze, OperandRange, OptionName, Span, SpecFault};
use super::sql::SqlText;
use super::template::Template;

/// Where the names of the targets stand on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Each operand (or option value) is a target.
    #[default]
    Operands,
    /// `TYPE NAME…`, `TYPE,TYPE`, `TYPE/NAME…`, as kubectl takes them.
    Resources,
    /// Paths, and what lies below them where `walk` says so.
    Files,
    /// Processes of this host, by pid or by name.
    Processes,
    /// Refspecs as `git push` takes them; without any, the branch that is checked out.
    Refs,
    /// This host itself.
    Host,
    /// Only a listing knows.
    Listing,
}

/// Operands or options that name targets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub enum From {
    /// Operands after the subcommand.
    Operands(OperandRange),
    /// Values of these options.
    Options(OptionName),
}

impl TryFrom<String> for From {
    type Error = SpecFault;

    fn try_from(text: String) -> Result<Self, SpecFault> {
        let option = text.strip_prefix("option ").or_else(|| text.starts_with('-').then_some(&text));
        if let Some(option) = option {
            return Ok(Self::Options(OptionName::try_from(option.to_owned())?));
        }
        let range = text.strip_prefix("operands").map_or(text.as_str(), str::trim);
        let range = if range.is_empty() { "all" } else { range };
        Ok(Self::Operands(OperandRange::try_from(range.to_owned())?))
    }
}

impl Default for From {
    fn default() -> Self {
        Self::Operands(OperandRange::ALL)
    }
}

/// What an action hits, as far as its own words tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// The kind, or `{operand.1}` where the command line names it.
    #[serde(default)]
    pub kind: String,
    /// How the words name targets.
    #[serde(default)]
    pub source: Source,
    /// Which words name targets.
    #[serde(default)]
    pub from: From,
    /// Words in that place that name no target (`color=blue` after the names).
    #[serde(default)]
    pub not: Vec<Glob>,
    /// Source files: go down into folders where one of these holds.
    #[serde(default)]
    pub walk: Vec<Condition>,
    /// Source files: the tool refuses operands that end in `.` or `..`, so they hit nothing.
    #[serde(default)]
    pub refuses_dots: bool,
    /// Source files, by a listing: the option whose value is the folder that listed paths start in (`-C`).
    #[serde(default)]
    pub folder: Option<OptionName>,
    /// Source files: where they go, and what is replaced there; what protects that speaks.
    #[serde(default)]
    pub over: Option<Over>,
    /// The words are no bound where one of these holds (`-l`, `--all`).
    #[serde(default)]
    pub wide: Vec<Condition>,
    /// True where `*`, `?`, `[` in a word make it a pattern.
    #[serde(default)]
    pub patterns: bool,
    /// Source processes: how words name them.
    #[serde(default)]
    pub by: ProcessBy,
    /// What files alone say about the most it can hit, where the tool itself is not asked.
    #[serde(default)]
    pub bound: Option<Bound>,
    /// The option that gives the new size: what is hit is the difference (kubectl scale).
    #[serde(default)]
    pub resize: Option<OptionName>,
}

/// How the words of kill and its kin name processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProcessBy {
    /// Process ids; 0, -1 and -GROUP as kill takes them.
    #[default]
    Pid,
    /// Exact program names, as killall takes them.
    Name,
    /// Ids printed by the listing.
    Listing,
}

/// By which rules what is read becomes words of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ItemRules {
    /// Those of xargs.
    Xargs,
    /// Those of GNU parallel, which gives text to a shell.
    Parallel,
}

/// A command carried inside another.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inner {
    /// Operands that are the command's words.
    #[serde(default)]
    pub operands: Option<OperandRange>,
    /// Options whose words are the command (find -exec); `{}` stands for what is found.
    #[serde(default)]
    pub option: Option<OptionName>,
    /// True where the command runs somewhere else, so files and processes there are not these.
    #[serde(default)]
    pub elsewhere: bool,
    /// True where the far side joins the words and gives them to a shell.
    #[serde(default)]
    pub shell: bool,
    /// True where the first of the operands, or the option's value, is shell text (`sh -c`); further
    /// operands are the shell's name and its arguments.
    #[serde(default)]
    pub text: bool,
    /// True where it runs the shell text that it reads from its standard input.
    #[serde(default)]
    pub stdin: bool,
    /// True where the shell runs as somebody else, so that listings go through it too (su).
    #[serde(default)]
    pub carries: bool,
    /// Who puts what it reads into the words of the command, and by which rules.
    #[serde(default)]
    pub items: Option<ItemRules>,
    /// The SQL that it gives to a server: each statement is judged as a command of the tool `SQL`.
    #[serde(default)]
    pub sql: Option<SqlText>,
    /// True where it runs the command again and again (watch).
    #[serde(default)]
    pub repeats: bool,
    /// True where it runs on each of the targets: the action then does to them what the command does,
    /// and is none at all where that is known to be harmless.
    #[serde(default)]
    pub each: bool,
    /// Options that a listing over there goes without (a terminal, the background).
    #[serde(default)]
    pub without: Vec<OptionName>,
}

/// Targets without which an ssh session to a host ends, or no other can begin.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionPath {
    /// Their names.
    #[serde(default)]
    pub targets: Vec<Glob>,
    /// Names of which one may be this session, or somebody else's.
    #[serde(default)]
    pub people: Vec<Glob>,
    /// Names of what everything on the host hangs on.
    #[serde(default)]
    pub host: Vec<Glob>,
    /// Present: it acts on something other than a host.
    #[serde(default)]
    pub unless: Vec<Condition>,
    /// Present: it acts on another host, which its `place` names.
    #[serde(default)]
    pub elsewhere: Vec<Condition>,
}

/// One risky thing a tool can do.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The name after the tool's, as policy and messages say it.
    pub name: String,
    /// The subcommand path, words or globs; empty matches always.
    #[serde(default, rename = "match")]
    pub path: CommandPath,
    /// All must hold.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// None may hold.
    #[serde(default)]
    pub unless: Vec<Condition>,
    /// What it does to its targets; absent for what only carries another command.
    #[serde(default)]
    pub effect: Option<EffectBy>,
    /// What it hits.
    #[serde(default)]
    pub targets: Targets,
    /// Present: the command line alone can't say what is hit.
    #[serde(default)]
    pub unknown: Vec<Condition>,
    /// Lists the targets.
    #[serde(default)]
    pub list: Option<Template>,
    /// How the listing is read.
    #[serde(default)]
    pub read: Read,
    /// Lists the population of a role.
    #[serde(default)]
    pub fleet: Option<Template>,
    /// How that is read where one listing holds the fleets of all roles: its rows say namespace,
    /// group and weight, and are counted by namespace and group.
    #[serde(default)]
    pub fleet_read: Option<Read>,
    /// Lists what goes along with the targets.
    #[serde(default)]
    pub dependents: Option<Dependents>,
    /// How that listing is read; one a line where not given.
    #[serde(default)]
    pub dependents_read: Read,
    /// What an ssh session to this host hangs on.
    #[serde(default)]
    pub session: Option<SessionPath>,
    /// How what runs is held to what was shown.
    #[serde(default)]
    pub freeze: Freeze,
    /// The operator's command with the frozen targets in place.
    #[serde(default)]
    pub narrow: Option<Template>,
    /// True where one call takes targets of one namespace only.
    #[serde(default)]
    pub by_namespace: bool,
    /// How many targets one call takes at the most.
    #[serde(default)]
    pub max_args: Option<u32>,
    /// Says between the batches of a rollout whether all is well.
    #[serde(default)]
    pub health: Option<Health>,
    /// The tool's own dry run.
    #[serde(default)]
    pub preview: Option<Template>,
    /// How the targets that it names are read; without it, it is shown and not compared.
    #[serde(default)]
    pub preview_read: Option<Read>,
    /// The command that is carried.
    #[serde(default)]
    pub inner: Option<Inner>,
    /// Takes targets, listing, freeze and the rest from the action of this name.
    #[serde(default)]
    pub same: Option<String>,
    /// How long the listing may take.
    #[serde(default)]
    pub timeout: Option<Span>,
    /// Texts for `{name}` placeholders.
    #[serde(default)]
    pub text: BTreeMap<String, String>,
    /// A sentence for the person at the prompt.
    #[serde(default)]
    pub note: Option<String>,
    /// Examples that must hold.
    #[serde(default)]
    pub test: Vec<ActionTest>,
}

/// An example beside an action, run by `guardctl tools test` and the test suite.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionTest {
    /// The command line, as shell words.
    pub run: String,
    /// False where this action must not match.
    #[serde(default = "yes")]
    pub matches: bool,
    /// The listing it must start, as shell words.
    #[serde(default)]
    pub lists: Option<String>,
    /// The operands after the subcommand.
    #[serde(default)]
    pub operands: Option<Vec<String>>,
    /// The effect.
    #[serde(default)]
    pub effect: Option<Effect>,
    /// The kind.
    #[serde(default)]
    pub kind: Option<String>,
    /// The most it can hit by its own words; absent where words are no bound.
    #[serde(default)]
    pub most: Option<u64>,
    /// Targets (`kind/name` or `name`) to narrow to …
    #[serde(default)]
    pub targets: Vec<String>,
    /// … and the command lines that must come of it, one a call.
    #[serde(default)]
    pub narrows: Option<Vec<String>>,
    /// True where the blank rule must speak.
    #[serde(default)]
    pub blank: bool,
}

fn yes() -> bool {
    true
}
