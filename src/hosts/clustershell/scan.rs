//! The terms of a node set and the operators between them, from left to right.

use super::ranges::{Numbers, leading, numbers, trailing};
use crate::hosts::digits::Span;
use crate::hosts::fault::Fault;
use crate::hosts::grid::{Op, Work};
use crate::hosts::term::{Piece, Term};

/// The terms of a text, and what is to be done with each.
pub struct Scan<'t> {
    left: &'t str,
    op: Op,
    /// A range below zero was read.
    negative: bool,
    /// Something else than a union was read.
    mixed: bool,
}

impl<'t> Scan<'t> {
    /// Begins to read a text; the first term is added to nothing.
    pub fn new(text: &'t str) -> Self {
        Self { left: text, op: Op::Union, negative: false, mixed: false }
    }

    /// Returns the next terms and what is to be done with them.
    pub fn next(&mut self, work: &mut Work) -> Result<Option<(Op, Vec<Term>)>, Fault> {
        if self.left.is_empty() {
            return Ok(None);
        }
        work.spend(1)?;
        let text = self.left.trim_start();
        let op = self.op;
        self.mixed |= op != Op::Union;
        let bracket = text.find('[');
        let terms = if bracket.is_some_and(|bracket| text.find(OPERATORS).is_none_or(|op| op > bracket)) {
            self.bracketed(text)?
        } else {
            let name = self.cut(text)?.trim_end();
            if name.is_empty() {
                return Err(Fault::form(text, "a name is missing"));
            }
            if name.contains(']') {
                return Err(Fault::form(name, "']' without '['"));
            }
            vec![Term::name(name)]
        };
        if self.negative && (self.mixed || self.op != Op::Union) {
            return Err(Fault::form(text, "ranges below zero are not followed beside operators"));
        }
        Ok(Some((op, terms)))
    }

    /// Cuts at the next operator; what is before it is returned.
    fn cut(&mut self, text: &'t str) -> Result<&'t str, Fault> {
        let Some(at) = text.find(OPERATORS) else {
            self.left = "";
            return Ok(text);
        };
        self.op = operator(text.as_bytes()[at]);
        self.left = &text[at + 1..];
        // What is before it may be empty only behind brackets: then it was a suffix.
        if self.left.is_empty() {
            return Err(Fault::form(text, format!("nothing follows '{}'", &text[at..=at])));
        }
        Ok(&text[..at])
    }

    fn bracketed(&mut self, text: &'t str) -> Result<Vec<Term>, Fault> {
        let wrong = |why: &str| Fault::form(text, why);
        let mut variants = Variants::default();
        let mut left = text;
        while let Some(open) = left.find('[') {
            if left.find(OPERATORS).is_some_and(|op| op < open) {
                break;
            }
            let (front, inside) = (&left[..open], &left[open + 1..]);
            let (inside, behind) = inside.split_once(']').ok_or_else(|| wrong("'[' is never closed"))?;
            let closes = behind.find(']');
            if front.contains(']') || closes.is_some_and(|at| behind.find('[').is_none_or(|open| at < open)) {
                return Err(wrong("']' without '['"));
            }
            let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
            let inside = trailing(inside, &behind[..digits])?;
            left = &behind[digits..];
            let name = front.trim_end_matches(|c: char| c.is_ascii_digit());
            let inside = leading(&front[name.len()..], inside)?;
            if left.starts_with('[') {
                return Err(wrong("brackets follow brackets"));
            }
            let numbers = numbers(&inside)?;
            self.negative |= !numbers.below.is_empty();
            variants.add(name, numbers)?;
        }
        let suffix = self.cut(left)?.trim_end();
        variants.finish(suffix)
    }
}

const OPERATORS: [char; 4] = [',', '!', '&', '^'];

fn operator(byte: u8) -> Op {
    match byte {
        b'!' => Op::Difference,
        b'&' => Op::Intersection,
        b'^' => Op::Either,
        _ => Op::Union,
    }
}

/// The terms that one text stands for: more than one where a range goes below zero, because `-1`
/// is written with a sign that is no digit.
#[derive(Default)]
struct Variants<'t>(Vec<Vec<(&'t str, bool, Vec<Span>)>>);

impl<'t> Variants<'t> {
    fn add(&mut self, front: &'t str, numbers: Numbers) -> Result<(), Fault> {
        if self.0.is_empty() {
            self.0.push(Vec::new());
        }
        if self.0.len() > 16 {
            return Err(Fault::TooMixed);
        }
        let mut more = Vec::new();
        if !numbers.below.is_empty() {
            more.clone_from(&self.0);
            more.iter_mut().for_each(|variant| variant.push((front, true, numbers.below.clone())));
        }
        if numbers.spans.is_empty() {
            self.0.clear();
        }
        self.0.iter_mut().for_each(|variant| variant.push((front, false, numbers.spans.clone())));
        self.0.append(&mut more);
        Ok(())
    }

    fn finish(self, suffix: &str) -> Result<Vec<Term>, Fault> {
        let term = |variant: Vec<(&str, bool, Vec<Span>)>| {
            let mut pieces = Vec::new();
            for (front, below, spans) in variant {
                pieces.push(Piece::Text(front));
                if below {
                    pieces.push(Piece::Text("-"));
                }
                pieces.push(Piece::Numbers(spans));
            }
            pieces.push(Piece::Text(suffix));
            Term::of(pieces)
        };
        self.0.into_iter().map(term).collect()
    }
}
