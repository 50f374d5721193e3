//! Invocation → action: which risky thing a command is about to do, if any.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use crate::tool::{Action, Effect, From, Glob, OptionName, Part, Select, Template, Tool, ToolFile};

use super::command::Understood;
use super::fill::{Fill, fill};
use super::invocation::Invocation;

/// An invocation with the action it matched.
#[derive(Debug, Clone)]
pub struct Match {
    /// The command as read.
    pub invocation: Invocation,
    /// Its tool file.
    pub file: Rc<ToolFile>,
    /// Which action of the file.
    at: usize,
    /// Words of the subcommand path.
    pub depth: usize,
    /// What the command that it carries does to each target.
    carried: Option<Effect>,
}

/// An empty word where the tool takes it for everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blank {
    /// The option it is the value of; `None` for an operand.
    pub option: Option<String>,
    /// The word itself.
    pub word: OsString,
    /// What it means, where the tool file has a sentence for it.
    pub says: Option<String>,
}

impl Match {
    /// Finds the first action of the tool file that applies.
    pub fn find(understood: &Understood) -> Option<Self> {
        Self::find_with(understood, &|_| false)
    }

    /// The same where some words may stand for any other word.
    pub fn find_with(understood: &Understood, any: &dyn Fn(&OsStr) -> bool) -> Option<Self> {
        let file = understood.tool.as_ref()?;
        let invocation = &understood.invocation;
        let words: Vec<&OsStr> = invocation.words().collect();
        let track =
            words.first().is_some_and(|word| file.tool.tracks.iter().any(|track| **word == *track.as_str()));
        let before = usize::from(track);
        let at = file.action.iter().position(|action| applies(action, invocation, &words, before, any))?;
        let depth = before + file.action[at].path.words.len();
        Some(Self { invocation: invocation.clone(), file: Rc::clone(file), at, depth, carried: None })
    }

    /// The action.
    pub fn action(&self) -> &Action {
        &self.file.action[self.at]
    }

    /// Which action of the file it is; several may share a name.
    pub fn index(&self) -> usize {
        self.at
    }

    /// The grammar.
    pub fn tool(&self) -> &Tool {
        &self.file.tool
    }

    /// The name policy and messages use: `kubectl delete`.
    pub fn name(&self) -> String {
        format!("{} {}", self.file.tool.names[0], self.action().name)
    }

    /// The effect; `None` for an action that only carries another command.
    pub fn effect(&self) -> Option<Effect> {
        if self.carried.is_some() {
            return self.carried;
        }
        let word = self.depth.checked_sub(1).and_then(|last| self.invocation.words().nth(last));
        let word = word.map_or_else(String::new, |w| w.to_string_lossy().into_owned());
        self.action().effect.as_ref().map(|by| by.of(&word, |c| self.invocation.holds(c, self.depth)))
    }

    /// The same action where what it carries has this effect on each target.
    #[must_use]
    pub fn carrying(self, effect: Option<Effect>) -> Self {
        Self { carried: effect, ..self }
    }

    /// The operands after the subcommand path.
    pub fn operands(&self) -> Vec<&OsStr> {
        self.invocation.operands(self.depth)
    }

    /// True where it hits what it replaces, whatever its words name.
    pub fn replaces(&self) -> bool {
        self.action().targets.over.as_ref().is_some_and(|over| over.counts)
    }

    /// The words that name targets.
    pub fn named(&self) -> Vec<&OsStr> {
        if self.replaces() {
            return Vec::new();
        }
        match &self.action().targets.from {
            From::Operands(range) => {
                let operands = self.operands();
                let words = &operands[range.indices(operands.len())];
                words.iter().copied().filter(|word| !self.is_no_target(word)).collect()
            }
            From::Options(name) => self
                .invocation
                .options()
                .filter(|given| given.name.same(name))
                .flat_map(|given| given.values.iter().map(OsString::as_os_str))
                .filter(|word| !self.is_no_target(word))
                .collect(),
        }
    }

    /// The words among those that name targets which the tool itself refuses: `.`, `a/..`.
    pub fn refused(&self) -> Vec<&OsStr> {
        if !self.action().targets.refuses_dots {
            return Vec::new();
        }
        self.named().into_iter().filter(|word| ends_in_dots(word)).collect()
    }

    /// The operands after the subcommand that name no targets.
    pub fn rest(&self) -> Vec<&OsStr> {
        let operands = self.operands();
        let range = match &self.action().targets.from {
            From::Operands(range) => range.indices(operands.len()),
            From::Options(_) => 0..0,
        };
        let named = |at: usize, word: &OsStr| range.contains(&at) && !self.is_no_target(word);
        operands.iter().enumerate().filter(|(at, word)| !named(*at, word)).map(|(_, word)| *word).collect()
    }

    fn is_no_target(&self, word: &OsStr) -> bool {
        self.action().targets.not.iter().any(|glob| glob.matches(word.as_bytes()))
    }

    /// The kind as the tool file or the command line says it.
    pub fn kind(&self) -> String {
        match self.action().targets.kind.as_str() {
            "" => "target".into(),
            "{operand.1}" => {
                self.operands().first().map_or_else(String::new, |w| w.to_string_lossy().into_owned())
            }
            kind => kind.to_owned(),
        }
    }

    /// True where an option or operand says that the words are no bound.
    pub fn wide(&self) -> bool {
        let targets = &self.action().targets;
        targets.wide.iter().any(|c| self.invocation.holds(c, self.depth))
            || targets.patterns && self.named().iter().any(|w| has_glob(w))
    }

    /// The condition that makes the command line alone no basis for a count.
    pub fn unknown(&self) -> Option<&str> {
        let mut unknown = self.action().unknown.iter();
        unknown.find(|c| self.invocation.holds(c, self.depth)).map(|c| c.text())
    }

    /// Finds empty words in places where the tool takes them for everything.
    pub fn blanks(&self) -> Vec<Blank> {
        let Select { options, operands, blank, says } = &self.file.tool.select;
        let found_blank = |option: Option<&String>, word: &OsStr| Blank {
            option: option.cloned(),
            word: word.to_owned(),
            says: says.clone(),
        };
        let mut found = Vec::new();
        for given in self.invocation.options().filter(|given| selects(options, &given.name)) {
            for value in given.values.iter().filter(|v| is_blank(v, blank)) {
                found.push(found_blank(Some(&given.spelled), value));
            }
        }
        if let Some(range) = operands {
            let words = self.operands();
            for word in words[range.indices(words.len())].iter().filter(|w| is_blank(w, blank)) {
                found.push(found_blank(None, word));
            }
        }
        found
    }

    /// Fills a template from this invocation, with the program as it was typed in front.
    pub fn fill(&self, template: &Template, values: &Fill<'_>) -> Vec<OsString> {
        let mut words = fill(template, self, values);
        let own = matches!(template.words().first().map(Vec::as_slice),
            Some([Part::Literal(word)]) if self.file.tool.names.contains(word));
        if own && let Some(first) = words.first_mut() {
            first.clone_from(&self.invocation.program);
        }
        words
    }
}

/// Tells whether an action is meant, `before` words standing before its path.
fn applies(
    action: &Action,
    invocation: &Invocation,
    words: &[&OsStr],
    before: usize,
    any: &dyn Fn(&OsStr) -> bool,
) -> bool {
    let path = &action.path.words;
    let depth = before + path.len();
    words.len() >= depth
        && path.iter().zip(&words[before..]).all(|(glob, word)| glob.matches(word.as_bytes()) || any(word))
        && action.when.iter().all(|c| invocation.holds(c, depth))
        && !action.unless.iter().any(|c| invocation.holds(c, depth))
}

fn selects(options: &[OptionName], name: &OptionName) -> bool {
    options.iter().any(|o| o.same(name))
}

/// An empty word, one of blanks only, or one made of the tool's separators only.
fn is_blank(word: &OsStr, blank: &[Glob]) -> bool {
    let bytes = word.as_bytes().trim_ascii();
    bytes.is_empty()
        || blank.iter().any(|g| g.matches(bytes))
        || bytes.iter().all(|b| b.is_ascii_whitespace() || blank.iter().any(|g| g.matches(&[*b])))
}

/// Tells whether a word has a character that makes it a pattern.
fn has_glob(word: &OsStr) -> bool {
    word.as_bytes().iter().any(|b| matches!(b, b'*' | b'?' | b'['))
}

/// Tells whether the last part of a path is `.` or `..`, whatever slashes follow.
fn ends_in_dots(path: &OsStr) -> bool {
    let path = path.as_encoded_bytes();
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1);
    let start = path[..end].iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    matches!(&path[start..end], b"." | b"..")
}
