//! Template + invocation → the words of a command that guard starts itself.

use std::ffi::{OsStr, OsString};

use crate::tool::{OptionName, Part, Placeholder, Template};

use crate::ui::fold::fold;

use super::action::Match;
use super::invocation::{Invocation, Piece};

/// What a template may ask for beyond the invocation.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fill<'a> {
    /// Target words, as the tool takes them.
    pub targets: &'a [OsString],
    /// The keys of the same targets, for `{each …}`.
    pub keys: &'a [Key<'a>],
    /// The one target that a listing is about.
    pub target: Option<&'a OsStr>,
    /// The types of the targets, with commas between them.
    pub types: Option<&'a str>,
    /// The role whose fleet is asked for.
    pub group: Option<&'a str>,
    /// The namespace of the batch.
    pub namespace: Option<&'a str>,
    /// The number of targets shown.
    pub count: u64,
    /// A private temporary file.
    pub file: Option<&'a OsStr>,
}

/// The parts of a target's key.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// Its name.
    pub name: &'a OsStr,
    /// Its unique id; empty where it has none.
    pub uid: &'a str,
    /// Its namespace; empty where it has none.
    pub namespace: &'a str,
}

/// Writes a word for one target.
fn each(word: &str, key: &Key<'_>) -> OsString {
    let mut out = OsString::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('%') {
        out.push(before);
        rest = after;
        for (mark, value) in
            [("name", key.name), ("uid", OsStr::new(key.uid)), ("namespace", OsStr::new(key.namespace))]
        {
            // `%name` is also the start of `%namespace`.
            if let Some(after) = rest.strip_prefix(mark).filter(|after| !after.starts_with("space")) {
                out.push(value);
                rest = after;
                break;
            }
        }
    }
    out.push(rest);
    out
}

/// Fills a template. A placeholder for one value with nothing to fill it gives an empty text.
pub fn fill(template: &Template, of: &Match, values: &Fill<'_>) -> Vec<OsString> {
    let mut words = Vec::new();
    for parts in template.words() {
        match parts.as_slice() {
            [Part::Place(place)] => words.extend(several(place, of, values)),
            parts => {
                let mut word = OsString::new();
                for part in parts {
                    match part {
                        Part::Literal(text) => word.push(text),
                        Part::Place(place) => {
                            several(place, of, values).iter().for_each(|text| word.push(text));
                        }
                    }
                }
                words.push(word);
            }
        }
    }
    words
}

fn several(place: &Placeholder, of: &Match, values: &Fill<'_>) -> Vec<OsString> {
    let text = |value: Option<&str>| vec![OsString::from(value.unwrap_or(""))];
    match place {
        Placeholder::Context { without } => options(of, |name| {
            of.tool().context.iter().any(|c| c.same(name)) && !without.iter().any(|w| w.same(name))
        }),
        Placeholder::Options(names) => options(of, |name| names.iter().any(|n| n.same(name))),
        Placeholder::Argv { with, without, operands } => argv(of, with, without, *operands),
        Placeholder::Named => of.named().into_iter().map(OsStr::to_owned).collect(),
        Placeholder::Rest => of.rest().into_iter().map(OsStr::to_owned).collect(),
        Placeholder::Types => text(values.types),
        Placeholder::Target => vec![values.target.map_or_else(OsString::new, OsStr::to_owned)],
        Placeholder::Operands(range) => {
            let words = of.operands();
            words[range.indices(words.len())].iter().map(|w| (*w).to_owned()).collect()
        }
        Placeholder::Value(name) => {
            vec![of.invocation.value(name).map_or_else(OsString::new, OsStr::to_owned)]
        }
        Placeholder::Targets { join: None } => values.targets.to_vec(),
        Placeholder::Targets { join: Some(between) } => vec![values.targets.join(OsStr::new(between))],
        Placeholder::Group => text(values.group),
        Placeholder::Namespace => text(values.namespace),
        Placeholder::NamespaceOption(option) => match values.namespace {
            Some(namespace) => vec![option.into(), namespace.into()],
            None => Vec::new(),
        },
        Placeholder::Each(word) => values.keys.iter().map(|key| each(word, key)).collect(),
        Placeholder::Folded => vec![fold(values.targets).into()],
        Placeholder::Count => vec![values.count.to_string().into()],
        Placeholder::File => vec![values.file.map_or_else(OsString::new, OsStr::to_owned)],
        Placeholder::Text(name) => text(of.action().text.get(name).map(String::as_str)),
    }
}

fn options(of: &Match, wanted: impl Fn(&OptionName) -> bool) -> Vec<OsString> {
    of.invocation.options().filter(|given| wanted(&given.name)).flat_map(|given| given.words()).collect()
}

/// The operator's argv less some options and, where asked, the operands after the subcommand.
///
/// A `--` is left out with the operands: what stood behind it is gone.
fn argv(of: &Match, with: &[String], without: &[OptionName], no_operands: bool) -> Vec<OsString> {
    let mut pieces = Vec::new();
    let mut seen = 0;
    let put_in = || with.iter().map(|word| Piece::Assignment(word.into()));
    if of.depth == 0 {
        pieces.extend(put_in());
    }
    for piece in &of.invocation.pieces {
        let keep = match piece {
            Piece::Option(given) => !without.iter().any(|name| name.same(&given.name)),
            Piece::Operand(_) => {
                seen += 1;
                !no_operands || seen <= of.depth
            }
            Piece::Separator => !no_operands,
            Piece::Assignment(_) => true,
        };
        if keep {
            pieces.push(piece.clone());
        }
        if matches!(piece, Piece::Operand(_)) && seen == of.depth {
            pieces.extend(put_in());
        }
    }
    Invocation { pieces, ..of.invocation.clone() }.argv()
}
