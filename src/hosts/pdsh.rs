//! pdsh's `-w`: `web[1-9],-web3`, `^file`, `/regex/`, `user@`, `rcmd:` (dsh and mussh take plain lists).
//!
//! Whatever the order in which they are written, names come first. Order and repeats are kept.

use std::collections::HashMap;

use regex::RegexBuilder;

use super::build::Builder;
use super::fault::Fault;
use super::grid::{Op, Work};
use super::hostlist::{elements, term};
use super::known::Known;
use super::set::HostSet;
use super::term::Term;

/// Files that include files are followed so deep.
const DEEPEST: usize = 16;

/// Reads the words of `-w`, joined: the hosts, and the list where the tool goes to one several times
/// or in another order than that of the set.
pub fn read(text: &str, known: &dyn Known, work: &mut Work) -> Result<(Option<Vec<Term>>, HostSet), Fault> {
    let mut words = Words { known, named: Vec::new(), left_out: Vec::new(), filters: Vec::new() };
    for element in elements(text) {
        words.element(element, work)?;
    }
    let Words { named, left_out, filters, .. } = words;
    let mut set = union(&named, work)?;
    let written = count(&named)?;
    if left_out.is_empty() && filters.is_empty() {
        return Ok((Some(named), set));
    }
    if !left_out.is_empty() && written != set.count()? {
        // Of a host that is named twice, leaving it out takes away one.
        let left = without(&named, &left_out, work)?;
        set = HostSet::of_names(left.iter().map(String::as_str))?;
    } else {
        set = set.combine(union(&left_out, work)?, Op::Difference, work)?;
    }
    for (filter, out) in filters {
        set = filtered(&set, &filter, out, work)?;
    }
    Ok((None, set))
}

fn count(terms: &[Term]) -> Result<u64, Fault> {
    terms.iter().try_fold(0_u64, |sum, term| sum.checked_add(term.count()?).ok_or(Fault::TooMany))
}

fn union(terms: &[Term], work: &mut Work) -> Result<HostSet, Fault> {
    let mut builder = Builder::default();
    terms.iter().for_each(|term| builder.term(term));
    builder.finish(work)
}

/// The names of some terms, one by one, each gone as often as others name it.
fn without(terms: &[Term], others: &[Term], work: &mut Work) -> Result<Vec<String>, Fault> {
    for terms in [terms, others] {
        work.spend(usize::try_from(count(terms)?).unwrap_or(usize::MAX))?;
    }
    let mut gone: HashMap<String, usize> = HashMap::new();
    for term in others {
        term.visit(&mut |name| {
            *gone.entry(name.to_owned()).or_default() += 1;
            true
        });
    }
    let mut left = Vec::new();
    for term in terms {
        term.visit(&mut |name| {
            match gone.get_mut(name) {
                Some(times) if *times > 0 => *times -= 1,
                _ => left.push(name.to_owned()),
            }
            true
        });
    }
    Ok(left)
}

struct Words<'k> {
    known: &'k dyn Known,
    named: Vec<Term>,
    left_out: Vec<Term>,
    /// Regular expressions; true where what matches goes.
    filters: Vec<(String, bool)>,
}

impl Words<'_> {
    fn element(&mut self, element: &str, work: &mut Work) -> Result<(), Fault> {
        work.spend(1)?;
        let (out, word) = element.strip_prefix('-').map_or((false, element), |word| (true, word));
        if word.is_empty() {
            return Err(Fault::unresolved("-", "the hosts come from the standard input"));
        }
        if let Some(expression) = word.strip_prefix('/') {
            let expression = expression.strip_suffix('/').unwrap_or(expression);
            self.filters.push((expression.to_owned(), out));
            return Ok(());
        }
        let word = host(word);
        match word.strip_prefix('^') {
            Some(path) => self.file(path, out, 0, work),
            None => term(word).map(|term| self.take(term, out)),
        }
    }

    fn take(&mut self, term: Term, out: bool) {
        if out { self.left_out.push(term) } else { self.named.push(term) }
    }

    fn file(&mut self, path: &str, out: bool, depth: usize, work: &mut Work) -> Result<(), Fault> {
        let text = self.known.file(path).map_err(|why| Fault::unresolved(path, why))?;
        if depth >= DEEPEST {
            return Err(Fault::TooMixed);
        }
        for line in text.lines() {
            work.spend(1)?;
            if let Some(path) = line.trim().strip_prefix("#include") {
                self.file(path.trim(), out, depth + 1, work)?;
                continue;
            }
            let line = line.split('#').next().unwrap_or_default();
            for element in elements(line) {
                self.take(term(host(element))?, out);
            }
        }
        Ok(())
    }
}

/// Returns a word without the user and the way in that may stand in front.
fn host(word: &str) -> &str {
    let word = word.split_once('@').map_or(word, |(_, word)| word);
    let is_way = |way: &str| !way.is_empty() && way.bytes().all(|byte| byte.is_ascii_alphanumeric());
    word.split_once(':').filter(|(way, _)| is_way(way)).map_or(word, |(_, word)| word)
}

fn filtered(set: &HostSet, filter: &str, out: bool, work: &mut Work) -> Result<HostSet, Fault> {
    let wrong = || Fault::form(format!("/{filter}/"), "not a regular expression that guard can follow");
    // POSIX's and guard's agree on plain ones.
    if filter.contains("\\") || filter.contains("[[") {
        return Err(wrong());
    }
    let regex = RegexBuilder::new(filter).build().map_err(|_| wrong())?;
    work.spend(usize::try_from(set.count()?).unwrap_or(usize::MAX))?;
    let (mut kept, mut result) = (Builder::default(), Ok(()));
    set.visit(|name| {
        if regex.is_match(name) != out {
            result = kept.name(name);
        }
        result.is_ok()
    });
    result?;
    kept.finish(work)
}
