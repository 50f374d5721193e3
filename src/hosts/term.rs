//! One written name with its brackets: a template and what its numbers range over, in the order written.

use super::digits::{self, Span, key};
use super::fault::Fault;

/// Stands in a template where a number stands in the names.
pub const NUMBER: char = '\0';

/// Numbers that one name holds at the most; a name with more is kept as text.
pub const MOST_NUMBERS: usize = 32;

/// Names that differ in nothing but numbers: `web[1-3].dc1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The name, with [`NUMBER`] where a number stands.
    pub template: String,
    /// What each number ranges over, as written: not sorted, and one may stand twice.
    pub axes: Vec<Vec<Span>>,
}

/// A piece of a written name.
pub enum Piece<'t> {
    /// Outside brackets.
    Text(&'t str),
    /// What a pair of brackets holds.
    Numbers(Vec<Span>),
}

impl Term {
    /// One name.
    pub fn name(name: &str) -> Self {
        let (mut template, mut numbers) = (String::new(), Vec::new());
        split(name, &mut template, &mut numbers);
        Self { template, axes: numbers.into_iter().map(|number| vec![Span::one(number)]).collect() }
    }

    /// Puts pieces together. Digits beside brackets become part of their numbers.
    pub fn of(pieces: Vec<Piece<'_>>) -> Result<Self, Fault> {
        let mut term = Self { template: String::new(), axes: Vec::new() };
        for piece in pieces {
            match piece {
                Piece::Numbers(spans) => term.number(spans)?,
                Piece::Text(text) => {
                    for (part, is_number) in runs(text) {
                        match key(part.as_bytes()) {
                            Some(key) => term.number(vec![Span::one(key)])?,
                            None if is_number && term.template.ends_with(NUMBER) => {
                                return Err(Fault::TooMixed);
                            }
                            None => term.template.push_str(part),
                        }
                    }
                }
            }
        }
        if term.axes.len() > MOST_NUMBERS { Err(Fault::TooMixed) } else { Ok(term) }
    }

    fn number(&mut self, spans: Vec<Span>) -> Result<(), Fault> {
        if self.template.ends_with(|last: char| last.is_ascii_digit()) {
            // Digits too many for a number, and more behind them.
            return Err(Fault::TooMixed);
        }
        match self.axes.last_mut().filter(|_| self.template.ends_with(NUMBER)) {
            Some(last) => *last = digits::joined(last, &spans)?,
            None => {
                self.template.push(NUMBER);
                self.axes.push(spans);
            }
        }
        Ok(())
    }

    /// How many names it writes, repeated ones each time.
    pub fn count(&self) -> Result<u64, Fault> {
        self.axes
            .iter()
            .try_fold(1_u64, |count, axis| count.checked_mul(digits::count(axis)?).ok_or(Fault::TooMany))
    }

    /// Writes the names one after another, the last number turning fastest; ends early where `each` says so.
    pub fn visit(&self, each: &mut impl FnMut(&str) -> bool) -> bool {
        self.visit_from(&self.template, &self.axes, &mut String::new(), each)
    }

    fn visit_from(
        &self,
        template: &str,
        axes: &[Vec<Span>],
        name: &mut String,
        each: &mut impl FnMut(&str) -> bool,
    ) -> bool {
        let length = name.len();
        let Some((axis, axes)) = axes.split_first() else {
            name.push_str(template);
            let goes_on = each(name);
            name.truncate(length);
            return goes_on;
        };
        let (front, behind) = template.split_once(NUMBER).unwrap_or((template, ""));
        name.push_str(front);
        let at = name.len();
        let mut goes_on = true;
        for number in axis.iter().flat_map(|span| span.from..=span.to) {
            digits::write(number, name);
            goes_on = self.visit_from(behind, axes, name, each);
            name.truncate(at);
            if !goes_on {
                break;
            }
        }
        name.truncate(length);
        goes_on
    }
}

/// Takes a name apart; its numbers are appended. Returns with the whole name as template where it holds too many.
pub fn split(name: &str, template: &mut String, numbers: &mut Vec<u64>) {
    let (from, before) = (template.len(), numbers.len());
    for (part, _) in runs(name) {
        match key(part.as_bytes()) {
            Some(key) => {
                template.push(NUMBER);
                numbers.push(key);
            }
            None => template.push_str(part),
        }
    }
    if numbers.len() - before > MOST_NUMBERS {
        template.truncate(from);
        numbers.truncate(before);
        template.push_str(name);
    }
}

/// Returns the parts of a text, and which are runs of digits.
fn runs(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut left = text;
    std::iter::from_fn(move || {
        let is_number = left.as_bytes().first()?.is_ascii_digit();
        let length = left.bytes().take_while(|byte| byte.is_ascii_digit() == is_number).count();
        let (part, behind) = left.split_at(length);
        left = behind;
        Some((part, is_number))
    })
}
