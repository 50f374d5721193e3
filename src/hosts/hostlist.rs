//! Hostlists as slurm, pdsh and their kin write them: names between commas, with brackets.
//!
//! Order and repeats are kept; whoever wants a set makes one of them.

use super::digits::{self, Span};
use super::fault::Fault;
use super::term::{NUMBER, Piece, Term};

/// Cuts a list at the commas, and at the whitespace, that stand outside brackets. Empty elements are left out.
pub fn elements(text: &str) -> Vec<&str> {
    let mut inside = false;
    text.split(|c: char| {
        inside = match c {
            '[' => true,
            ']' => false,
            _ => inside,
        };
        !inside && (c == ',' || c.is_ascii_whitespace())
    })
    .filter(|element| !element.is_empty())
    .collect()
}

/// Reads one element.
pub fn term(element: &str) -> Result<Term, Fault> {
    let wrong = |why: &str| Fault::form(element.replace(NUMBER, "?"), why);
    if element.contains(NUMBER) {
        return Err(wrong("a name holds no NUL"));
    }
    if !element.contains(['[', ']']) {
        return Ok(Term::name(element));
    }
    let mut pieces = Vec::new();
    let mut left = element;
    while let Some((front, behind)) = left.split_once('[') {
        let (inside, behind) = behind.split_once(']').ok_or_else(|| wrong("'[' is never closed"))?;
        if front.contains(']') || inside.contains('[') {
            return Err(wrong("brackets do not match"));
        }
        pieces.push(Piece::Text(front));
        pieces.push(Piece::Numbers(ranges(inside).ok_or_else(|| wrong("brackets hold numbers and ranges"))?));
        left = behind;
    }
    if left.contains(']') {
        return Err(wrong("']' without '['"));
    }
    pieces.push(Piece::Text(left));
    Term::of(pieces)
}

/// Reads `1-3,7`, in order; numbers are padded to the length of where their range begins.
fn ranges(inside: &str) -> Option<Vec<Span>> {
    let mut spans = Vec::new();
    for range in inside.split(',') {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        let number = |digits: &str| digits::key(digits.as_bytes()).map(digits::value);
        let (first, last) = (number(from)?, number(to)?);
        if first > last {
            return None;
        }
        digits::range(first, last, from.len(), &mut spans);
    }
    Some(spans)
}
