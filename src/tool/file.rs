//! The tool file: what `policies/tools/TOOL.toml` may say.
//!
//! Facts only: how a tool's words are read, which of its actions are risky, and how to list,
//! preview, freeze and narrow each. What is allowed stands in policy files.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::bound::Bound;
use super::condition::{CommandPath, Condition};
use super::glob::Glob;
use super::health::Health;
use super::listing::{Dependents, Read};
use super::over::Over;
use super::spec::{EffectBy, Freeze, OperandRange, OptionName, Span, SpecFault};
use super::template::Template;

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
    /// True where it adds words that it reads from its input (parallel).
    #[serde(default)]
    pub adds: bool,
    /// Who puts what it reads into the words of the command, and by which rules.
    #[serde(default)]
    pub items: Option<ItemRules>,
    /// True where it runs the command again and again (watch).
    #[serde(default)]
    pub repeats: bool,
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
    pub effect: Option<super::Effect>,
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

/// Why a tool file that reads well still makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolFault {
    /// `same` names no action of the file.
    #[error("action '{0}' is the same as '{1}', which is no action before it")]
    Same(String, String),
    /// An action neither hits nor carries anything.
    #[error("action '{0}' has neither an effect nor an inner command")]
    NoEffect(String),
    /// A regular expression can't be read.
    #[error("action '{0}': keep is no regular expression: {1}")]
    Keep(String, String),
    /// The file names no program.
    #[error("the tool has no names")]
    NoNames,
    /// A template holds a name that no `text` table has.
    #[error("action '{0}': {1} holds '{{{2}}}', which is no placeholder and no name of a text table")]
    Placeholder(String, &'static str, String),
    /// Only a listing knows the targets, and there is none.
    #[error("action '{0}': source = \"listing\" needs a list, or unknown where none can be made")]
    NoList(String),
    /// A freeze by names without the command that names them.
    #[error("action '{0}': freeze = \"{1}\" needs a narrow that names the targets")]
    NoNarrow(String, &'static str),
    /// A narrowed command would not name what was shown.
    #[error("action '{0}': narrow '{1}' names no targets: it needs {{targets}}, {{folded}} or {{each …}}")]
    NamesNothing(String, String),
}

impl ToolFile {
    /// Fills in what actions take from one another, and checks what TOML alone can't say.
    pub fn complete(mut self) -> Result<Self, ToolFault> {
        if self.tool.names.is_empty() {
            return Err(ToolFault::NoNames);
        }
        for at in 0..self.action.len() {
            let (before, rest) = self.action.split_at_mut(at);
            let Some(action) = rest.first_mut() else { break };
            if let Some(same) = action.same.clone() {
                let model = before.iter().find(|a| a.name == same);
                let model = model.ok_or_else(|| ToolFault::Same(action.name.clone(), same))?;
                action.take_from(model);
            }
            if action.effect.is_none() && action.inner.is_none() {
                return Err(ToolFault::NoEffect(action.name.clone()));
            }
            let reads = std::iter::once(&action.read).chain(&action.preview_read);
            for keep in reads.filter_map(|read| read.keep.as_ref()) {
                regex::bytes::Regex::new(keep)
                    .map_err(|fault| ToolFault::Keep(action.name.clone(), fault.to_string()))?;
            }
            action.makes_sense(&self.tool)?;
        }
        Ok(self)
    }
}

impl Action {
    /// Takes what this action does not say itself from another.
    fn take_from(&mut self, model: &Self) {
        if self.targets == Targets::default() {
            self.targets = model.targets.clone();
        }
        if self.list.is_none() {
            self.list = model.list.clone();
            self.read = model.read.clone();
        }
        if self.narrow.is_none() {
            self.narrow.clone_from(&model.narrow);
        }
        if self.preview.is_none() {
            self.preview.clone_from(&model.preview);
            self.preview_read.clone_from(&model.preview_read);
        }
        if self.fleet.is_none() {
            self.fleet.clone_from(&model.fleet);
            self.fleet_read.clone_from(&model.fleet_read);
        }
        if self.dependents.is_none() {
            self.dependents.clone_from(&model.dependents);
        }
        if self.dependents == model.dependents {
            self.dependents_read = model.dependents_read.clone();
        }
        if self.freeze == Freeze::None {
            self.freeze = model.freeze;
            self.by_namespace |= model.by_namespace;
            self.max_args = self.max_args.or(model.max_args);
        }
        self.session = self.session.take().or_else(|| model.session.clone());
        self.health = self.health.take().or_else(|| model.health.clone());
        self.effect = self.effect.take().or_else(|| model.effect.clone());
        self.inner = self.inner.take().or_else(|| model.inner.clone());
        for (name, text) in &model.text {
            self.text.entry(name.clone()).or_insert_with(|| text.clone());
        }
    }
}

fn yes() -> bool {
    true
}
