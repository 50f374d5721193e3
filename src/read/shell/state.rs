//! What a shell remembers from one command to the next.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;

use super::script::Block;
use super::{Folder, Word};

/// A variable's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One word.
    One(Word),
    /// A list.
    List(Rc<Vec<Word>>),
}

/// A function, or a name whose meaning nobody can say (an alias).
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// Its body.
    Function(Rc<Block>),
    /// Not known.
    Unknown,
}

/// How far a text has come to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// It goes on.
    No,
    /// The round of a loop is over (`break`, `continue`).
    Round,
    /// The function is over (`return`).
    Function,
    /// The shell is over (`exit`, `exec`).
    Shell,
}

/// What a shell remembers.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Variables set by the text.
    pub variables: HashMap<String, Value>,
    /// Those of them that later commands see.
    pub exported: BTreeSet<String>,
    /// Functions and aliases of the text.
    pub meanings: BTreeMap<String, Meaning>,
    /// Where it is.
    pub folder: Folder,
    /// `$1` and those after it.
    pub arguments: Option<Rc<Vec<Word>>>,
    /// Why any variable may have another value now.
    pub blurred: Option<&'static str>,
    /// Whether what follows runs at all.
    pub ended: Ended,
}

impl State {
    /// At the start of a text.
    pub fn new(arguments: Option<Vec<Word>>) -> Self {
        Self {
            variables: HashMap::new(),
            exported: BTreeSet::new(),
            meanings: BTreeMap::new(),
            folder: Folder::Way(PathBuf::new()),
            arguments: arguments.map(Rc::new),
            blurred: None,
            ended: Ended::No,
        }
    }

    /// How much there is to copy.
    pub fn weight(&self) -> usize {
        (self.variables.len() + self.meanings.len() + self.exported.len()) / 4 + 1
    }

    /// Sets a variable to something that is not known.
    pub fn forget(&mut self, name: &str, why: &str) {
        let value = Word::Unknown { text: format!("${name}").into(), why: why.to_owned() };
        self.variables.insert(name.to_owned(), Value::One(value));
    }

    /// What holds whichever of two ways was taken.
    pub fn either(self, other: Self) -> Self {
        if self.ended != other.ended {
            return if self.ended > other.ended { other } else { self };
        }
        let mut joined = self;
        let names: BTreeSet<&String> = joined.variables.keys().chain(other.variables.keys()).collect();
        let differ = names.into_iter().filter(|n| joined.variables.get(*n) != other.variables.get(*n));
        for name in differ.cloned().collect::<Vec<_>>() {
            joined.forget(&name, &format!("${name} is set in one branch and not in another"));
        }
        let names: BTreeSet<&String> = joined.meanings.keys().chain(other.meanings.keys()).collect();
        let differ = names.into_iter().filter(|n| joined.meanings.get(*n) != other.meanings.get(*n));
        for name in differ.cloned().collect::<Vec<_>>() {
            joined.meanings.insert(name, Meaning::Unknown);
        }
        if joined.folder != other.folder {
            joined.folder = Folder::Unknown("the folder is changed in one branch and not in another".into());
        }
        if joined.arguments != other.arguments {
            joined.arguments = None;
        }
        joined.exported.extend(other.exported);
        joined.blurred = joined.blurred.or(other.blurred);
        joined
    }
}
