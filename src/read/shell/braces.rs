//! Braces in a word: `{a,b}` and `{1..9}` make several words of it.

use std::collections::HashMap;

use super::Unread;
use super::script::{Bit, Bits};
use super::words::push;

/// More bytes than this are not made of one word.
const MOST: usize = 1 << 20;

/// More braces inside one another are not followed.
const DEEPEST: usize = 20;

/// A piece of a word that no brace cuts.
#[derive(Debug, Clone)]
enum Unit {
    Byte(u8),
    Bit(Bit),
}

/// Words in pieces.
type Made = Vec<Vec<Unit>>;

/// The words that a word's braces make of it; the word itself where it has none.
pub fn expanded(word: &Bits) -> Result<Vec<Bits>, Unread> {
    if !word.iter().any(|bit| matches!(bit, Bit::Bare(text) if text.contains(&b'{'))) {
        return Ok(vec![word.clone()]);
    }
    let units: Vec<Unit> = word.iter().flat_map(units).collect();
    let made = Braces::new(&units).expand(0, units.len(), 0)?;
    Ok(made.into_iter().map(bits).collect())
}

fn units(bit: &Bit) -> Vec<Unit> {
    match bit {
        Bit::Bare(text) => text.iter().map(|b| Unit::Byte(*b)).collect(),
        other => vec![Unit::Bit(other.clone())],
    }
}

fn bits(units: Vec<Unit>) -> Bits {
    let mut word = Bits::new();
    for unit in units {
        match unit {
            Unit::Byte(byte) => push(&mut word, Bit::Bare(vec![byte])),
            Unit::Bit(bit) => push(&mut word, bit),
        }
    }
    // `{a,}b`: an alternative that is nothing still makes a word.
    if word.is_empty() {
        word.push(Bit::Bare(Vec::new()));
    }
    word
}

struct Braces<'u> {
    units: &'u [Unit],
    /// Where the brace that opens here closes, and the commas right inside.
    pairs: HashMap<usize, (usize, Vec<usize>)>,
}

impl<'u> Braces<'u> {
    fn new(units: &'u [Unit]) -> Self {
        let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut pairs = HashMap::new();
        for (at, unit) in units.iter().enumerate() {
            match unit {
                Unit::Byte(b'{') => open.push((at, Vec::new())),
                Unit::Byte(b',') => open.last_mut().into_iter().for_each(|(_, commas)| commas.push(at)),
                Unit::Byte(b'}') => {
                    if let Some((from, commas)) = open.pop() {
                        pairs.insert(from, (at, commas));
                    }
                }
                _ => {}
            }
        }
        Self { units, pairs }
    }

    fn expand(&self, from: usize, to: usize, depth: usize) -> Result<Made, Unread> {
        if depth > DEEPEST {
            return Err(Unread("has braces deeper than can be followed"));
        }
        let mut made: Made = vec![Vec::new()];
        let mut at = from;
        while at < to {
            let Some((alternatives, end)) = self.group(at, depth)? else {
                made.iter_mut().for_each(|word| word.push(self.units[at].clone()));
                at += 1;
                continue;
            };
            let longest = |words: &[Vec<Unit>]| words.iter().map(Vec::len).sum::<usize>() + words.len();
            if longest(&made).saturating_mul(longest(&alternatives)) > MOST {
                return Err(Unread("has braces that make too many words"));
            }
            let joined = |front: &Vec<Unit>| {
                alternatives.iter().map(|next| [front.as_slice(), next].concat()).collect::<Vec<_>>()
            };
            made = made.iter().flat_map(joined).collect();
            at = end + 1;
        }
        Ok(made)
    }

    /// The alternatives of the group that opens here, and where it closes.
    fn group(&self, at: usize, depth: usize) -> Result<Option<(Made, usize)>, Unread> {
        let (Unit::Byte(b'{'), Some((close, commas))) = (&self.units[at], self.pairs.get(&at)) else {
            return Ok(None);
        };
        if commas.is_empty() {
            return Ok(self.sequence(at + 1, *close)?.map(|words| (words, *close)));
        }
        let mut alternatives = Vec::new();
        let mut from = at + 1;
        for end in commas.iter().chain([close]) {
            alternatives.extend(self.expand(from, *end, depth + 1)?);
            from = end + 1;
        }
        Ok(Some((alternatives, *close)))
    }

    /// `1..9`, `01..10..2`, `a..f`.
    fn sequence(&self, from: usize, to: usize) -> Result<Option<Made>, Unread> {
        let byte = |unit: &Unit| if let Unit::Byte(byte) = unit { Some(*byte) } else { None };
        let text: Option<Vec<u8>> = self.units[from..to].iter().take(80).map(byte).collect();
        let Some(text) = text.and_then(|text| String::from_utf8(text).ok()) else { return Ok(None) };
        let parts: Vec<&str> = text.split("..").collect();
        let (first, last, step) = match parts.as_slice() {
            [first, last] => (*first, *last, "1"),
            [first, last, step] => (*first, *last, *step),
            _ => return Ok(None),
        };
        let letter = |text: &str| match text.as_bytes() {
            [letter] if letter.is_ascii_alphabetic() => Some(i64::from(*letter)),
            _ => None,
        };
        let number = |text: &str| text.parse::<i64>().ok().filter(|n| n.abs() < 1 << 40);
        let ends = letter(first).zip(letter(last)).map(|ends| (ends, true));
        let ends = ends.or(number(first).zip(number(last)).map(|ends| (ends, false)));
        let (Some(((first_number, last_number), letters)), Some(step)) = (ends, number(step)) else {
            return Ok(None);
        };
        let step = step.abs().max(1);
        let count = (last_number - first_number).abs() / step + 1;
        if count > (MOST / 16) as i64 {
            return Err(Unread("has braces that make too many words"));
        }
        let padded = |text: &str| text.trim_start_matches('-').starts_with('0') && text.len() > 1;
        let wide = if padded(first) || padded(last) { first.len().max(last.len()) } else { 0 };
        let towards = if last_number < first_number { -step } else { step };
        let word = |at: i64| {
            let value = first_number + at * towards;
            let text = match u8::try_from(value) {
                Ok(letter) if letters => char::from(letter).to_string(),
                _ => format!("{value:0wide$}"),
            };
            text.bytes().map(Unit::Byte).collect()
        };
        Ok(Some((0..count).map(word).collect()))
    }
}
