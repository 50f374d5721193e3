//! What a command's own words say: the targets they name, and whether that is a bound.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::read::Match;
use crate::tool::{Kinds, Size, Source};

use super::target::{Certainty, Frozen, Scope, Target};

/// What the words of a command name.
#[derive(Debug, Clone)]
pub struct Words {
    /// The targets by their words.
    pub targets: Vec<Target>,
    /// The kind, the one that holds most where there are several.
    pub kind: String,
    /// True where the command can't hit more than `targets`.
    pub bounded: bool,
}

impl Words {
    /// Reads the words of an invocation.
    pub fn of(found: &Match, kinds: &Kinds) -> Self {
        match found.action().targets.source {
            Source::Resources => resources(found, kinds),
            Source::Refs => super::refs::plain(found, kinds),
            Source::Host | Source::Listing => {
                Self { targets: Vec::new(), kind: kinds.singular(&found.kind()), bounded: false }
            }
            Source::Operands | Source::Files | Source::Processes => plain(found, kinds),
        }
    }

    /// The scope by these words alone.
    pub fn scope(&self, kinds: &Kinds) -> Scope {
        let count = self.targets.iter().map(|t| t.weight).sum();
        Scope {
            certainty: if self.bounded { Certainty::AtMost } else { Certainty::Unknown },
            count,
            targets: self.targets.clone(),
            ..empty(&self.kind, kinds)
        }
    }
}

/// A scope with nothing in it.
pub fn empty(kind: &str, kinds: &Kinds) -> Scope {
    Scope {
        kind: kind.to_owned(),
        size: kinds.size(kind),
        effect: None,
        certainty: Certainty::Exact,
        count: 0,
        targets: Vec::new(),
        sample: Vec::new(),
        fleets: Vec::new(),
        dependents: None,
        protected: Vec::new(),
        notes: Vec::new(),
        unknown: None,
        frozen: Frozen::Nothing,
    }
}

/// A target that is known by its name alone.
pub fn named(kind: &str, name: &OsStr) -> Target {
    Target { kind: kind.to_owned(), name: name.to_owned(), weight: 1, ..Target::default() }
}

fn plain(found: &Match, kinds: &Kinds) -> Words {
    let kind = kinds.singular(&found.kind());
    let mut names: Vec<OsString> = found.named().into_iter().map(OsStr::to_owned).collect();
    names.dedup();
    let targets: Vec<Target> = names.iter().map(|name| named(&kind, name)).collect();
    let resized = found.action().targets.resize.is_some();
    let bounded = !found.wide() && !resized && !targets.is_empty();
    Words { targets, kind, bounded }
}

/// `TYPE NAME…`, `TYPE,TYPE NAME…`, `TYPE/NAME…`; a type without a name is everything of it.
fn resources(found: &Match, kinds: &Kinds) -> Words {
    let operands = found.named();
    let mut targets = Vec::new();
    let mut types: Vec<String> = Vec::new();
    let slashed = operands.iter().any(|w| w.as_bytes().contains(&b'/'));
    if slashed {
        for word in &operands {
            let mut halves = word.as_bytes().splitn(2, |b| *b == b'/');
            let kind = String::from_utf8_lossy(halves.next().unwrap_or_default()).into_owned();
            let name = OsStr::from_bytes(halves.next().unwrap_or_default());
            let kind = kinds.singular(&kind);
            targets.push(named(&kind, name));
            types.push(kind);
        }
    } else if let Some((first, names)) = operands.split_first() {
        types =
            first.to_string_lossy().split(',').filter(|t| !t.is_empty()).map(|t| kinds.singular(t)).collect();
        targets = types.iter().flat_map(|kind| names.iter().map(|name| named(kind, name))).collect();
    }
    let kind = widest(&types, kinds);
    let resized = found.action().targets.resize.is_some();
    let bounded = !found.wide() && !resized && !targets.is_empty();
    Words { targets, kind, bounded }
}

/// The kind that holds most; the first where they are alike.
pub fn widest<T: AsRef<str>>(types: &[T], kinds: &Kinds) -> String {
    let mut widest: Option<(Size, &str)> = None;
    for kind in types {
        let size = kinds.size(kind.as_ref());
        if widest.is_none_or(|(most, _)| size > most) {
            widest = Some((size, kind.as_ref()));
        }
    }
    widest.map_or_else(|| "target".into(), |(_, kind)| kind.to_owned())
}
