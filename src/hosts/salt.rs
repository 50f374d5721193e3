//! Salt's targets: a glob on the names of minions, or words with `and`, `or`, `not`, `( )` and `L@ E@ G@ …`.
//!
//! What only a minion knows of itself (grains, pillars, addresses) is unknown here.

use super::build::Builder;
use super::fault::Fault;
use super::globs::{Glob, python_regex};
use super::grid::{Op, Work};
use super::known::Known;
use super::set::HostSet;
use super::term::NUMBER;

/// Parentheses inside parentheses that are followed.
const DEEPEST: usize = 64;

/// Reads a target.
pub fn read(text: &str, known: &dyn Known, work: &mut Work) -> Result<HostSet, Fault> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return Err(Fault::form(text, "a target is missing"));
    }
    let mut reader = Reader { text, words, at: 0, depth: 0, known, work };
    let set = reader.either()?;
    match reader.words.get(reader.at) {
        None => Ok(set),
        Some(word) => Err(Fault::form(*word, "'and' or 'or' is missing before it")),
    }
}

struct Reader<'t> {
    text: &'t str,
    words: Vec<&'t str>,
    at: usize,
    depth: usize,
    known: &'t dyn Known,
    work: &'t mut Work,
}

impl<'t> Reader<'t> {
    fn wrong(&self, why: &str) -> Fault {
        Fault::form(self.text, why)
    }

    fn eat(&mut self, word: &str) -> bool {
        let is_next = self.words.get(self.at) == Some(&word);
        self.at += usize::from(is_next);
        is_next
    }

    fn either(&mut self) -> Result<HostSet, Fault> {
        let mut set = self.both()?;
        while self.eat("or") {
            let more = self.both()?;
            set = set.combine(more, Op::Union, self.work)?;
        }
        Ok(set)
    }

    fn both(&mut self) -> Result<HostSet, Fault> {
        let mut set = self.one()?;
        // `a not b` is taken for `a and not b`.
        while self.words.get(self.at) == Some(&"not") || self.eat("and") {
            let more = self.one()?;
            set = set.combine(more, Op::Intersection, self.work)?;
        }
        Ok(set)
    }

    fn one(&mut self) -> Result<HostSet, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Fault::TooMixed);
        }
        let set = if self.eat("not") {
            let less = self.one()?;
            self.all("not")?.combine(less, Op::Difference, self.work)
        } else if self.eat("(") {
            let set = self.either()?;
            if self.eat(")") { Ok(set) } else { Err(self.wrong("'(' is never closed")) }
        } else {
            match self.words.get(self.at).copied() {
                None => Err(self.wrong("a target is missing at the end")),
                Some(word @ ("and" | "or" | ")")) => {
                    Err(self.wrong(&format!("a target is missing before '{word}'")))
                }
                Some(word) => {
                    self.at += 1;
                    self.word(word)
                }
            }
        };
        self.depth -= 1;
        set
    }

    fn word(&mut self, word: &str) -> Result<HostSet, Fault> {
        let matcher = word.split_once('@').filter(|(kind, _)| kind.len() == 1);
        match matcher {
            Some(("L", names)) => HostSet::of_names(names.split(',').filter(|name| !name.is_empty())),
            Some(("E", expression)) => {
                let regex = python_regex(expression)?;
                self.matching(word, |name| regex.is_match(name))
            }
            Some(("N", group)) => {
                let text = self.known.group(None, group).map_err(|why| Fault::unresolved(word, why))?;
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(Fault::TooMixed);
                }
                let mut inner = Reader {
                    text: &text,
                    words: text.split_whitespace().collect(),
                    at: 0,
                    depth: self.depth,
                    known: self.known,
                    work: self.work,
                };
                let set = inner.either()?;
                if inner.at < inner.words.len() { Err(inner.wrong("more than one target")) } else { Ok(set) }
            }
            Some((kind, _)) if kind.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                Err(Fault::unresolved(word, "only the minions know that of themselves"))
            }
            _ if word.contains(['(', ')']) => {
                Err(Fault::form(word, "parentheses need a space on both sides"))
            }
            _ if word.contains(['*', '?', '[']) => {
                let glob = Glob::new(word);
                self.matching(word, |name| glob.matches(name))
            }
            _ => HostSet::of_names([word]),
        }
    }

    fn all(&mut self, word: &str) -> Result<HostSet, Fault> {
        let text = self.known.all(None).map_err(|why| Fault::unresolved(word, why))?;
        HostSet::of_names(text.split_whitespace())
    }

    fn matching(&mut self, word: &str, is_match: impl Fn(&str) -> bool) -> Result<HostSet, Fault> {
        let text = self.known.all(None).map_err(|why| Fault::unresolved(word.replace(NUMBER, "?"), why))?;
        let mut builder = Builder::default();
        for name in text.split_whitespace().filter(|name| is_match(name)) {
            self.work.spend(1)?;
            builder.name(name)?;
        }
        builder.finish(self.work)
    }
}
