//! When an action applies: conditions on the options and operands of an invocation.
//!
//! A condition is written as alternatives with blanks between them, any of which is enough, and
//! `!` in front turns the whole round: `-r -R --recursive`, `--dry-run=client`, `!-m`,
//! `operand.2..=+*`. `-f=GLOB` asks for the last value, which overrides those before it; for an
//! option whose values add up, `-f+=GLOB` asks for any, and `-f>1` for the option twice.
//! `operand.before` and `operand.after` are the operands on each side of a `--`; without one all
//! stand before it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::glob::Glob;
use super::spec::{OperandRange, OptionName, SpecFault};

/// One condition of `when`, `unless`, `unknown` or `walk`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Condition {
    text: String,
    /// True where none of the alternatives may hold.
    pub absent: bool,
    /// The alternatives; one that holds is enough.
    pub any: Vec<Alternative>,
}

/// One alternative of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alternative {
    /// An option is given (and, with a glob, its last value matches).
    Option(OptionName, Option<Glob>),
    /// An option is given, and one of its values matches.
    AnyValue(OptionName, Glob),
    /// An option whose spelling matches a glob is given.
    Spelled(Glob),
    /// An option is given more often than this.
    Times(OptionName, usize),
    /// An operand in the range exists (and, with a glob, one matches).
    Operand(OperandRange, Option<Glob>),
    /// An operand before a `--` exists (and, with a glob, one matches).
    Before(Option<Glob>),
    /// An operand after a `--` exists (and, with a glob, one matches).
    After(Option<Glob>),
}

impl Condition {
    /// The condition as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for Condition {
    type Error = SpecFault;

    fn try_from(text: String) -> Result<Self, SpecFault> {
        let (absent, rest) = text.strip_prefix('!').map_or((false, text.as_str()), |rest| (true, rest));
        let any = rest.split_whitespace().map(alternative).collect::<Result<Vec<_>, _>>()?;
        if any.is_empty() {
            return Err(SpecFault::Condition(text));
        }
        Ok(Self { absent, any, text })
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.text
    }
}

/// The subcommand path of an action: one glob a word (`rollout {restart,undo}`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct CommandPath {
    text: String,
    /// The words, first to last.
    pub words: Vec<Glob>,
}

impl TryFrom<String> for CommandPath {
    type Error = SpecFault;

    fn try_from(text: String) -> Result<Self, SpecFault> {
        let words =
            text.split_whitespace().map(|w| Glob::try_from(w.to_owned())).collect::<Result<_, _>>()?;
        Ok(Self { text, words })
    }
}

impl From<CommandPath> for String {
    fn from(path: CommandPath) -> Self {
        path.text
    }
}

fn alternative(word: &str) -> Result<Alternative, SpecFault> {
    if let Some((name, glob)) = word.split_once("+=")
        && name.starts_with('-')
    {
        return Ok(Alternative::AnyValue(
            OptionName::try_from(name.to_owned())?,
            Glob::try_from(glob.to_owned())?,
        ));
    }
    let (name, glob) = match word.split_once('=') {
        Some((name, glob)) => (name, Some(Glob::try_from(glob.to_owned())?)),
        None => (word, None),
    };
    match name {
        "operand.before" => return Ok(Alternative::Before(glob)),
        "operand.after" => return Ok(Alternative::After(glob)),
        _ => {}
    }
    if let Some((option, times)) = name.split_once('>')
        && glob.is_none()
    {
        let times = times.parse().map_err(|_| SpecFault::Condition(word.to_owned()))?;
        return Ok(Alternative::Times(OptionName::try_from(option.to_owned())?, times));
    }
    if let Some(range) = name.strip_prefix("operand.") {
        return Ok(Alternative::Operand(OperandRange::try_from(range.to_owned())?, glob));
    }
    if name.contains('*') && glob.is_none() {
        return Ok(Alternative::Spelled(Glob::try_from(name.to_owned())?));
    }
    if name.is_empty() {
        return Err(SpecFault::Condition(word.to_owned()));
    }
    Ok(Alternative::Option(OptionName::try_from(name.to_owned())?, glob))
}
