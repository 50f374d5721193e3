//! Numbers in host names, as they are written: `7` and `007` are two hosts.
//!
//! A run of digits is kept as the number that it is with a 1 put in front (`7` is 17, `007` is 1007).
//! So one integer says digits and padding, keys are in the order of length and then of value, and
//! a range of names of one length is a range of integers.

use super::fault::Fault;

/// Digits that a key holds; a longer run is no number but part of the name.
pub const LONGEST: usize = 18;

/// Numbers that are taken one by one at the most, where a range has a step or digits beside it.
pub const ONE_BY_ONE: u64 = 1_000_000;

/// Returns the key of a run of digits; `None` where it is empty, too long, or has something else in it.
pub fn key(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > LONGEST || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(1, |key, digit| key * 10 + u64::from(digit - b'0')))
}

/// Returns the number of digits of a key.
pub fn width(key: u64) -> usize {
    key.ilog10() as usize
}

/// Returns the number that the digits of a key stand for.
pub fn value(key: u64) -> u64 {
    key - power(width(key))
}

/// True where the digits begin with a 0 that is not all of them.
pub fn is_padded(key: u64) -> bool {
    let width = width(key);
    width > 1 && value(key) < power(width - 1)
}

/// Writes the digits of a key.
pub fn write(key: u64, out: &mut String) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut left = key;
    // The 1 in front is not written.
    while left >= 10 {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

fn power(width: usize) -> u64 {
    10_u64.pow(width as u32)
}

/// Keys from one to another of the same length, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first.
    pub from: u64,
    /// The last; not before the first.
    pub to: u64,
}

impl Span {
    /// The span of one key.
    pub fn one(key: u64) -> Self {
        Self { from: key, to: key }
    }

    /// How many keys it holds.
    pub fn len(self) -> u64 {
        self.to - self.from + 1
    }
}

/// How many keys some spans hold together.
pub fn count(spans: &[Span]) -> Result<u64, Fault> {
    spans.iter().try_fold(0_u64, |sum, span| sum.checked_add(span.len())).ok_or(Fault::TooMany)
}

/// Appends the numbers `first..=last`, each with at least `pad` digits, a span for each length.
pub fn range(first: u64, last: u64, pad: usize, spans: &mut Vec<Span>) {
    let mut from = first;
    while from <= last {
        let digits = from.checked_ilog10().map_or(1, |log| log as usize + 1).max(pad);
        let to = last.min(power(digits) - 1);
        spans.push(Span { from: power(digits) + from, to: power(digits) + to });
        from = to + 1;
    }
}

/// Appends every `step`th of the numbers `first..=last`, each with at least `pad` digits.
pub fn stepped(first: u64, last: u64, step: u64, pad: usize, spans: &mut Vec<Span>) -> Result<(), Fault> {
    if step == 1 {
        range(first, last, pad, spans);
        return Ok(());
    }
    if (last - first) / step >= ONE_BY_ONE {
        return Err(Fault::TooMixed);
    }
    let mut at = first;
    loop {
        range(at, at, pad, spans);
        match at.checked_add(step) {
            Some(next) if next <= last => at = next,
            _ => return Ok(()),
        }
    }
}

/// Returns the numbers that come of writing each of `left` and then each of `right`.
pub fn joined(left: &[Span], right: &[Span]) -> Result<Vec<Span>, Fault> {
    let each = count(left)?;
    if each.saturating_mul(right.len() as u64) > ONE_BY_ONE {
        return Err(Fault::TooMixed);
    }
    let mut spans = Vec::new();
    for front in left.iter().flat_map(|span| span.from..=span.to) {
        for back in right {
            let digits = width(back.from);
            if width(front) + digits > LONGEST {
                return Err(Fault::TooMixed);
            }
            let shift = |key: u64| (front - 1) * power(digits) + key;
            spans.push(Span { from: shift(back.from), to: shift(back.to) });
        }
    }
    Ok(spans)
}

/// Puts spans in order and joins those that meet.
pub fn sorted(spans: &[Span]) -> Vec<Span> {
    let mut spans = spans.to_vec();
    if spans.windows(2).all(|two| two[0].to < two[1].from && two[0].to + 1 != two[1].from) {
        return spans;
    }
    spans.sort_unstable();
    let mut kept: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match kept.last_mut() {
            Some(last) if span.from <= last.to + 1 => last.to = last.to.max(span.to),
            _ => kept.push(span),
        }
    }
    kept
}

/// Writes sorted spans as ranges: `1-3,7`, `001-120`. Unpadded lengths that meet are one range (`8-12`).
pub fn show(spans: impl IntoIterator<Item = Span>, out: &mut String) {
    let mut open: Option<Span> = None;
    let mut first = true;
    let mut put = |span: Span, out: &mut String| {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        write(span.from, out);
        if span.to != span.from {
            out.push('-');
            write(span.to, out);
        }
    };
    for span in spans {
        match &mut open {
            Some(last) if follows(*last, span) => last.to = span.to,
            _ => {
                if let Some(done) = open.replace(span) {
                    put(done, out);
                }
            }
        }
    }
    if let Some(done) = open {
        put(done, out);
    }
}

/// True where a range goes on in the next length: 9 and 10, but not 09 and 010.
fn follows(last: Span, next: Span) -> bool {
    !is_padded(last.from) && !is_padded(next.from) && value(next.from) == value(last.to) + 1
}
