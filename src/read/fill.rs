//! Template + invocation → the words of a command that guard starts itself.

use std::ffi::{OsStr, OsString};

use crate::tool::{OptionName, Part, Placeholder, Template, Typed};

use crate::ui::fold::fold;

use super::action::Match;
use super::invocation::{Given, Piece};

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
        Placeholder::Context { without } => options(of, |given| {
            of.tool().context.iter().any(|c| c.same(&given.name))
                && !without.iter().any(|w| w.same(&given.name))
                && (given.global || !of.tool().globals_first)
        }),
        Placeholder::Named => of.named().into_iter().map(OsStr::to_owned).collect(),
        Placeholder::Rest => of.rest().into_iter().map(OsStr::to_owned).collect(),
        Placeholder::Types => text(values.types),
        Placeholder::Target => vec![values.target.map_or_else(OsString::new, OsStr::to_owned)],
        Placeholder::Options { names, spelled } => renamed(of, names, spelled.as_deref()),
        Placeholder::Argv(typed) => argv(of, typed),
        Placeholder::If { word, condition, holds } => {
            let says = of.invocation.holds(condition, of.depth) == *holds;
            says.then(|| word.into()).into_iter().collect()
        }
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
        Placeholder::Text(name) => {
            let own = of.action().text.get(name);
            text(own.or_else(|| of.tool().text.get(name)).map(String::as_str))
        }
    }
}

fn options(of: &Match, wanted: impl Fn(&Given) -> bool) -> Vec<OsString> {
    of.invocation.options().filter(|given| wanted(given)).flat_map(Given::words).collect()
}

/// The given ones of these options, as typed or under the name that the listing's program has for them.
fn renamed(of: &Match, names: &[OptionName], spelled: Option<&str>) -> Vec<OsString> {
    let Some(spelled) = spelled else {
        return options(of, |given| names.iter().any(|n| n.same(&given.name)));
    };
    let given = of.invocation.options().filter(|given| names.iter().any(|n| n.same(&given.name)));
    given.flat_map(|given| std::iter::once(spelled.into()).chain(given.values.iter().cloned())).collect()
}

/// The operator's argv less some options and, where asked, the operands after the subcommand, with
/// other words in the place of some options.
///
/// A `--` is left out with the operands: what stood behind it is gone.
fn argv(of: &Match, typed: &Typed) -> Vec<OsString> {
    let mut words = Vec::new();
    if typed.program {
        words.push(of.invocation.program.clone());
    }
    let mut seen = 0;
    let put_in = || typed.put_in.iter().map(OsString::from);
    if of.depth == 0 {
        words.extend(put_in());
    }
    for piece in &of.invocation.pieces {
        match piece {
            Piece::Option(given) if typed.without.iter().any(|name| name.same(&given.name)) => {}
            Piece::Option(given) => {
                let other = typed.with.iter().find(|(_, names)| names.iter().any(|n| n.same(&given.name)));
                match other {
                    Some((instead, _)) => words.extend(instead.iter().map(OsString::from)),
                    None => words.extend(given.words()),
                }
            }
            Piece::Operand(word) => {
                seen += 1;
                if !typed.no_operands || seen <= of.depth {
                    words.push(word.clone());
                }
            }
            Piece::Separator if typed.no_operands => {}
            Piece::Separator => words.push("--".into()),
            Piece::Assignment(word) => words.push(word.clone()),
        }
        if matches!(piece, Piece::Operand(_)) && seen == of.depth {
            words.extend(put_in());
        }
    }
    words
}
