//! Cuts an input into items as xargs does.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::Items;

/// Cuts at every such byte; the last item needs none. `None` where there are more than `most`.
pub fn at(input: &[u8], byte: u8, most: usize) -> Option<Items> {
    let mut items = Items::default();
    if input.is_empty() {
        return Some(items);
    }
    for item in input.strip_suffix(&[byte]).unwrap_or(input).split(|b| *b == byte) {
        items.words.push(OsString::from_vec(item.to_vec()));
        if items.words.len() > most {
            return None;
        }
    }
    Some(items)
}

/// A NUL ends a word of a command line, so xargs loses what follows it.
pub fn to_nul(word: &[u8]) -> &[u8] {
    word.split(|b| *b == 0).next().unwrap_or_default()
}

enum State {
    /// Between items.
    Between,
    /// Within an item.
    Within,
    /// Within these quotes.
    Quoted(u8),
    /// After a backslash.
    Escaped,
}

/// Cuts by blanks, quotes and backslashes, up to the item `end`. Where `lines` are `whole`, blanks
/// within them are kept. `None` where there are more items than `most`.
///
/// A line ends a command after `each` of them; one that ends in a blank goes on in the next. An
/// open quote ends the input: what stood before it may have run.
pub fn blanks(input: &[u8], end: Option<&[u8]>, whole: bool, each: usize, most: usize) -> Option<Items> {
    let mut items = Items::default();
    let (mut state, mut text, mut some) = (State::Between, Vec::new(), false);
    let (mut before, mut lines) = (None, 0);
    // An item at the very end that no line end follows ends nothing, unless it is alone on its line.
    let mut first = true;
    let is_end = |text: &[u8]| end.is_some_and(|end| to_nul(text) == end);
    for byte in input.iter().copied() {
        let last = before.replace(byte);
        match state {
            State::Between if matches!(byte, b' ' | b'\t'..=b'\r') => {
                // Only a line that holds something counts.
                continue;
            }
            State::Between | State::Within => {
                state = State::Within;
                match byte {
                    b'\n' => {
                        let continues = matches!(last, Some(b' ' | b'\t'));
                        lines += usize::from(!continues);
                    }
                    b' ' | b'\t' if !whole => {}
                    b'\\' => {
                        state = State::Escaped;
                        continue;
                    }
                    b'\'' | b'"' => {
                        state = State::Quoted(byte);
                        some = true;
                        continue;
                    }
                    _ => {
                        text.push(byte);
                        continue;
                    }
                }
                if is_end(&text) {
                    return Some(items);
                }
                if some || !text.is_empty() {
                    items.words.push(OsString::from_vec(std::mem::take(&mut text)));
                }
                first = byte == b'\n';
                some = false;
                state = State::Between;
                if items.words.len() > most {
                    return None;
                }
                if byte == b'\n' && lines >= each {
                    items.ends.push(items.words.len());
                    lines = 0;
                }
            }
            State::Quoted(quote) if byte == quote => state = State::Within,
            State::Quoted(_) if byte == b'\n' => return Some(items),
            State::Quoted(_) => text.push(byte),
            State::Escaped => {
                text.push(byte);
                state = State::Within;
            }
        }
    }
    let open = matches!(state, State::Quoted(_));
    let ends = first && is_end(&text);
    if !(open || ends || text.is_empty()) {
        items.words.push(OsString::from_vec(text));
    }
    (items.words.len() <= most).then_some(items)
}

/// The byte that `-d` names.
pub fn delimiter(text: &[u8]) -> Result<u8, String> {
    let not = || "the value of its option -d is no single byte".to_owned();
    match text {
        [byte] => Ok(*byte),
        [b'\\', b'x', digits @ ..] => code(digits, 16).ok_or_else(not),
        [b'\\', digits @ ..] if digits.first().is_some_and(u8::is_ascii_digit) => {
            code(digits, 8).ok_or_else(not)
        }
        [b'\\', letter] => match letter {
            b'a' => Ok(7),
            b'b' => Ok(8),
            b'f' => Ok(12),
            b'n' => Ok(b'\n'),
            b'r' => Ok(b'\r'),
            b't' => Ok(b'\t'),
            b'v' => Ok(11),
            b'\\' => Ok(b'\\'),
            _ => Err(not()),
        },
        _ => Err(not()),
    }
}

fn code(digits: &[u8], base: u32) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, base).ok()
}

/// The number of an option; xargs takes none below one.
pub fn number(text: &[u8], option: &str) -> Result<usize, String> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("the value of its option {option} is no number"))
}
