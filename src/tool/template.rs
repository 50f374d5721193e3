//! Commands that guard starts itself, written as templates: lists of words, split once when loaded.
//!
//! A placeholder fills whole words and is never split, globbed or handed to a shell again. One
//! that stands for a single value (`{group}`, `{count}`, `{file}`, `{value -o}`, a name of the
//! `text` table) may also stand inside a word.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::spec::{OperandRange, OptionName, SpecFault};

/// A command line with placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Template {
    text: String,
    words: Vec<Vec<Part>>,
}

/// A part of a template's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that stands for itself.
    Literal(String),
    /// Something filled in from the invocation or the scope.
    Place(Placeholder),
}

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placeholder {
    /// The tool's context options, as typed.
    Context {
        /// Context options to leave out.
        without: Vec<OptionName>,
    },
    /// The operator's own words, less what is named and with other words for what is named.
    Argv(Typed),
    /// Operands after the subcommand.
    Operands(OperandRange),
    /// The operands that name targets.
    Named,
    /// The operands that name no targets (`color=blue` of a label command).
    Rest,
    /// The types of the targets, with commas between them.
    Types,
    /// One target, where a listing is run for each.
    Target,
    /// The given ones of these options, with their values.
    Options {
        /// Which.
        names: Vec<OptionName>,
        /// What the program of the listing calls them, where that is another.
        spelled: Option<String>,
    },
    /// One word where a condition holds (or does not); nothing otherwise.
    If {
        /// The word.
        word: String,
        /// The condition.
        condition: Condition,
        /// Whether it must hold.
        holds: bool,
    },
    /// The last value of an option; empty where it is not given.
    Value(OptionName),
    /// The targets, one word each, or one word joined by a text.
    Targets {
        /// What stands between them in one word.
        join: Option<String>,
    },
    /// The role in question, for fleet listings.
    Group,
    /// The number of targets shown.
    Count,
    /// A private temporary file.
    File,
    /// The namespace (or other group key) of the batch.
    Namespace,
    /// This option with the namespace of the batch; nothing where the batch has none.
    NamespaceOption(String),
    /// One word for each target, with `%name`, `%uid` and `%namespace` of it filled in.
    Each(String),
    /// The targets as one folded set (`web-[1-12]`), for tools that read such sets.
    Folded,
    /// A name of the action's or the tool's `text` table.
    Text(String),
}

/// The words of an invocation, edited.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Typed {
    /// True to begin with the program (`argv`), false for what stands after it (`arguments`).
    pub program: bool,
    /// Options to leave out.
    pub without: Vec<OptionName>,
    /// True to leave out the operands after the subcommand.
    pub no_operands: bool,
    /// Words put in right after the subcommand, so that a `--` further on can't make operands of
    /// them.
    pub put_in: Vec<String>,
    /// Words to put in the place of options.
    pub with: Vec<(Vec<String>, Vec<OptionName>)>,
}

impl Placeholder {
    fn single(&self) -> bool {
        match self {
            Self::Operands(range) => String::from(*range).parse::<usize>().is_ok(),
            Self::Targets { join } => join.is_some(),
            Self::Folded
            | Self::Group
            | Self::Count
            | Self::File
            | Self::Namespace
            | Self::Text(_)
            | Self::Types
            | Self::Target
            | Self::Value(_) => true,
            Self::Each(_)
            | Self::NamespaceOption(_)
            | Self::Context { .. }
            | Self::Argv(_)
            | Self::Named
            | Self::Rest
            | Self::Options { .. }
            | Self::If { .. } => false,
        }
    }
}

impl Template {
    /// The words, each a list of parts.
    pub fn words(&self) -> &[Vec<Part>] {
        &self.words
    }

    /// The template as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for Template {
    type Error = SpecFault;

    fn try_from(text: String) -> Result<Self, SpecFault> {
        let words = split(&text).map_err(|why| SpecFault::Template(text.clone(), why))?;
        if words.is_empty() {
            return Err(SpecFault::Template(text, "it is empty".into()));
        }
        Ok(Self { text, words })
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.text
    }
}

/// Splits a template at blanks outside quotes and braces.
fn split(text: &str) -> Result<Vec<Vec<Part>>, String> {
    let mut words = Vec::new();
    let mut word: Vec<Part> = Vec::new();
    let mut literal = String::new();
    let mut started = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {
                end_literal(&mut word, &mut literal);
                if started {
                    words.push(std::mem::take(&mut word));
                }
                started = false;
            }
            '\'' => {
                started = true;
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => literal.push(c),
                        None => return Err("a quote is not closed".into()),
                    }
                }
            }
            // `{{` is a literal brace, for tools whose own language has them.
            '{' if chars.peek() == Some(&'{') => {
                chars.next();
                started = true;
                literal.push('{');
            }
            '{' => {
                started = true;
                let mut inside = String::new();
                loop {
                    match chars.next() {
                        Some('}') => break,
                        Some(c) => inside.push(c),
                        None => return Err("a '{' is not closed".into()),
                    }
                }
                end_literal(&mut word, &mut literal);
                word.push(Part::Place(placeholder(&inside)?));
            }
            c => {
                started = true;
                literal.push(c);
            }
        }
    }
    end_literal(&mut word, &mut literal);
    if started {
        words.push(word);
    }
    for word in &words {
        let many = word.iter().any(|p| matches!(p, Part::Place(place) if !place.single()));
        if many && word.len() > 1 {
            return Err("a placeholder for several words can't stand inside a word".into());
        }
    }
    Ok(words)
}

fn end_literal(word: &mut Vec<Part>, literal: &mut String) {
    if !literal.is_empty() {
        word.push(Part::Literal(std::mem::take(literal)));
    }
}

fn names(words: &[&str]) -> Result<Vec<OptionName>, String> {
    words.iter().map(|w| OptionName::try_from((*w).to_owned()).map_err(|fault| fault.to_string())).collect()
}

fn placeholder(inside: &str) -> Result<Placeholder, String> {
    let words: Vec<&str> = inside.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["context"] => Placeholder::Context { without: Vec::new() },
        ["context", "without", rest @ ..] => Placeholder::Context { without: names(rest)? },
        ["named"] => Placeholder::Named,
        ["rest"] => Placeholder::Rest,
        ["types"] => Placeholder::Types,
        ["target"] => Placeholder::Target,
        [what @ ("argv" | "arguments"), edits @ ..] => {
            Placeholder::Argv(typed(*what == "argv", edits).map_err(|why| format!("'{{{inside}}}': {why}"))?)
        }
        [word, which @ ("if" | "unless"), condition @ ..] => Placeholder::If {
            word: (*word).to_owned(),
            condition: Condition::try_from(condition.join(" ")).map_err(|fault| fault.to_string())?,
            holds: *which == "if",
        },
        ["operands"] => Placeholder::Operands(OperandRange::ALL),
        ["operands", range] => Placeholder::Operands(range_of(range)?),
        ["options", rest @ .., "as", spelled] => {
            Placeholder::Options { names: names(rest)?, spelled: Some((*spelled).to_owned()) }
        }
        ["options", rest @ ..] => Placeholder::Options { names: names(rest)?, spelled: None },
        ["value", option] => {
            Placeholder::Value(OptionName::try_from((*option).to_owned()).map_err(|fault| fault.to_string())?)
        }
        ["targets"] => Placeholder::Targets { join: None },
        ["targets", "join", text] => Placeholder::Targets { join: Some((*text).to_owned()) },
        ["group"] => Placeholder::Group,
        ["count"] => Placeholder::Count,
        ["file"] => Placeholder::File,
        ["namespace"] => Placeholder::Namespace,
        ["namespace", option] => Placeholder::NamespaceOption((*option).to_owned()),
        ["each", word] => Placeholder::Each((*word).to_owned()),
        ["folded"] => Placeholder::Folded,
        [one] => match one.strip_prefix("operand.") {
            Some(n) => Placeholder::Operands(range_of(n)?),
            None if one.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
                Placeholder::Text((*one).to_owned())
            }
            None => return Err(format!("'{{{inside}}}' is no placeholder")),
        },
        _ => return Err(format!("'{{{inside}}}' is no placeholder")),
    })
}

/// Reads `with --wait=false without operands -x with ( -depth -print0 ) for -delete`.
fn typed(program: bool, mut edits: &[&str]) -> Result<Typed, String> {
    let mut typed = Typed { program, ..Typed::default() };
    let option = |word: &str| OptionName::try_from(word.to_owned()).map_err(|fault| fault.to_string());
    let until =
        |words: &[&str], stops: &[&str]| words.iter().position(|w| stops.contains(w)).unwrap_or(words.len());
    while let Some((edit, rest)) = edits.split_first() {
        match *edit {
            "without" => {
                let end = until(rest, &["with"]);
                for word in &rest[..end] {
                    match *word {
                        "operands" => typed.no_operands = true,
                        word => typed.without.push(option(word)?),
                    }
                }
                edits = &rest[end..];
            }
            "with" => {
                let end = until(rest, &["with", "without"]);
                let names = until(&rest[..end], &["for"]);
                let words: Vec<String> = rest[..names].iter().map(|w| (*w).to_owned()).collect();
                match rest[..end].get(names + 1..) {
                    None if words.is_empty() => return Err("'with' needs words".into()),
                    None => typed.put_in.extend(words),
                    Some([]) => return Err("'for' needs options".into()),
                    Some(options) => {
                        typed.with.push((words, options.iter().map(|w| option(w)).collect::<Result<_, _>>()?))
                    }
                }
                edits = &rest[end..];
            }
            other => return Err(format!("'{other}' is neither 'without' nor 'with'")),
        }
    }
    Ok(typed)
}

fn range_of(text: &str) -> Result<OperandRange, String> {
    OperandRange::try_from(text.to_owned()).map_err(|fault| fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_once_and_placeholders_keep_their_blanks() {
        let t =
            Template::try_from("tool {options -l -f} 'a b'=x {argv without operands -l}".to_owned()).unwrap();
        assert_eq!(t.words().len(), 4);
        assert_eq!(t.words()[2], vec![Part::Literal("a b=x".into())]);
        assert!(
            matches!(&t.words()[3][0], Part::Place(Placeholder::Argv(typed)) if typed.no_operands && typed.without.len() == 1)
        );
    }

    #[test]
    fn options_of_what_was_typed_are_replaced() {
        let t = Template::try_from(
            "find {arguments without -ls with ( -print0 ) for -delete with -true for -print -exec}"
                .to_owned(),
        )
        .unwrap();
        let Part::Place(Placeholder::Argv(typed)) = &t.words()[1][0] else { unreachable!() };
        assert!(!typed.program && !typed.no_operands && typed.without.len() == 1);
        assert_eq!(typed.with.len(), 2);
        assert_eq!(typed.with[0].0, ["(", "-print0", ")"]);
        assert_eq!(typed.with[1].1.len(), 2);
        for wrong in ["x {argv -x}", "x {argv with}", "x {argv with -a for}", "x {-z if}"] {
            assert!(Template::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        assert!(Template::try_from("x {-z unless -n operand.1}".to_owned()).is_ok());
    }

    #[test]
    fn a_placeholder_for_several_words_is_a_whole_word() {
        assert!(Template::try_from("x a={operands}".to_owned()).is_err());
        assert!(Template::try_from("x a={group}".to_owned()).is_ok());
        assert!(Template::try_from("x a={operand.2}".to_owned()).is_ok());
        assert!(Template::try_from("{argv with --dry-run without operands -l}".to_owned()).is_ok());
        assert!(Template::try_from("{argv with}".to_owned()).is_err());
        assert!(Template::try_from("{argv -l}".to_owned()).is_err());
        assert!(Template::try_from("x {what is this}".to_owned()).is_err());
        assert!(Template::try_from("x '".to_owned()).is_err());
        assert!(Template::try_from("x {".to_owned()).is_err());
    }
}
