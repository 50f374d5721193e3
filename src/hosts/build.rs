//! Many names and ranges into one set at once. One union after another would look at all that is
//! there for each name that comes.

use std::collections::HashMap;

use super::digits::Span;
use super::fault::Fault;
use super::grid::{Grid, Op, Rest, Work, combine};
use super::set::HostSet;
use super::term::{NUMBER, Term, split};

/// What was added so far.
#[derive(Default)]
pub struct Builder {
    places: HashMap<String, usize>,
    found: Vec<Found>,
    /// Where the last name went: names come in rows.
    last: usize,
    template: String,
    numbers: Vec<u64>,
}

/// What has one template.
struct Found {
    template: String,
    /// Numbers of single names, as many for each as the template has.
    numbers: Vec<u64>,
    /// Ranges of a template with one number.
    spans: Vec<Span>,
    /// Ranges of several, and whole sets.
    grids: Vec<Rest>,
}

impl Builder {
    /// Adds one name, taken as it is.
    pub fn name(&mut self, name: &str) -> Result<(), Fault> {
        if name.contains(NUMBER) {
            return Err(Fault::form(name.replace(NUMBER, "?"), "a name holds no NUL"));
        }
        self.template.clear();
        self.numbers.clear();
        split(name, &mut self.template, &mut self.numbers);
        let template = std::mem::take(&mut self.template);
        let at = self.place(&template);
        self.found[at].numbers.extend_from_slice(&self.numbers);
        self.template = template;
        Ok(())
    }

    /// Adds what a term stands for; an empty pair of brackets stands for nothing.
    pub fn term(&mut self, term: &Term) {
        if term.axes.iter().any(Vec::is_empty) {
            return;
        }
        let at = self.place(&term.template);
        let found = &mut self.found[at];
        if term.axes.iter().all(|axis| matches!(axis[..], [Span { from, to }] if from == to)) {
            found.numbers.extend(term.axes.iter().map(|axis| axis[0].from));
        } else if let [axis] = &term.axes[..] {
            found.spans.extend_from_slice(axis);
        } else {
            found.grids.push(Grid::of_axes(&term.axes));
        }
    }

    /// Adds a whole set.
    pub fn set(&mut self, set: HostSet) {
        for (template, rest) in set.into_parts() {
            let at = self.place(&template);
            self.found[at].grids.extend(rest.map(Some));
        }
    }

    fn place(&mut self, template: &str) -> usize {
        if self.found.get(self.last).is_some_and(|found| found.template == template) {
            return self.last;
        }
        self.last = match self.places.get(template) {
            Some(at) => *at,
            None => {
                self.places.insert(template.to_owned(), self.found.len());
                self.found.push(Found {
                    template: template.to_owned(),
                    numbers: Vec::new(),
                    spans: Vec::new(),
                    grids: Vec::new(),
                });
                self.found.len() - 1
            }
        };
        self.last
    }

    /// Makes the set.
    pub fn finish(self, work: &mut Work) -> Result<HostSet, Fault> {
        let mut set = HostSet::default();
        for Found { template, mut numbers, spans, mut grids } in self.found {
            let depth = template.matches(NUMBER).count();
            if depth == 0 {
                set.insert(template, None);
                continue;
            }
            if !spans.is_empty() {
                grids.push(Grid::of_axes(&[spans]));
            }
            if !numbers.is_empty() {
                grids.push(Some(std::sync::Arc::new(Grid::of_names(&mut numbers, depth))));
            }
            if let Some(rest) = all(grids, work)? {
                set.insert(template, rest);
            }
        }
        Ok(set)
    }
}

/// The union of all, in pairs of pairs: each is looked at as often as the number of them has digits.
fn all(mut grids: Vec<Rest>, work: &mut Work) -> Result<Option<Rest>, Fault> {
    while grids.len() > 1 {
        let mut joined = Vec::with_capacity(grids.len().div_ceil(2));
        for pair in grids.chunks(2) {
            match pair {
                [a, b] => joined.extend(combine(a, b, Op::Union, work)?),
                _ => joined.extend_from_slice(pair),
            }
        }
        grids = joined;
    }
    Ok(grids.pop())
}
