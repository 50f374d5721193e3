//! Makes what comes from outside harmless to a terminal and a log.
//!
//! File names, pod names and words of a command may hold `\r`, ANSI and OSC sequences or bidi
//! controls, with which a name can forge a prompt or hide its own end. Everything from outside
//! passes [`escape`] (for people) or [`quote`] (to be pasted back) before it is shown. Both are
//! injective: two different names never look the same for the sake of a character that shows nothing.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;

use unicode_width::UnicodeWidthChar;

/// Marks that may follow one another before the rest is written out: more than any script
/// needs, fewer than it takes to draw over the neighbouring lines.
const MAX_MARKS: usize = 4;

/// Returns `text` with everything that is not plainly visible written as an escape.
///
/// Escapes are `\n`, `\r`, `\t`, `\e`, `\u{202e}`, `\xff` for a byte that is not UTF-8, and `\\`.
/// Text that needs none comes back as it is.
pub fn escape<T: AsRef<OsStr> + ?Sized>(text: &T) -> Cow<'_, str> {
    escape_bytes(text.as_ref().as_bytes())
}

/// Same as [`escape`], for the bytes of a listing.
#[must_use]
pub fn escape_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.bytes().all(|byte| matches!(byte, b' '..=b'[' | b']'..=b'~'))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    pieces(bytes, |piece| match piece {
        Piece::Shown('\\') => out.push_str("\\\\"),
        Piece::Shown(c) => out.push(c),
        Piece::Hidden('\n') => out.push_str("\\n"),
        Piece::Hidden('\r') => out.push_str("\\r"),
        Piece::Hidden('\t') => out.push_str("\\t"),
        Piece::Hidden('\x1b') => out.push_str("\\e"),
        Piece::Hidden(c) => _ = write!(out, "\\u{{{:x}}}", u32::from(c)),
        Piece::Byte(byte) => _ = write!(out, "\\x{byte:02x}"),
    });
    // What holds letters of other scripts only was copied for nothing; hand back the original.
    match std::str::from_utf8(bytes) {
        Ok(text) if text == out => Cow::Borrowed(text),
        _ => Cow::Owned(out),
    }
}

/// Reads [`escape_bytes`] back; `None` for what it never writes.
#[must_use]
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.extend_from_slice(plain.as_bytes());
        let mut after = escape.chars();
        match after.next()? {
            'n' => out.push(b'\n'),
            'r' => out.push(b'\r'),
            't' => out.push(b'\t'),
            'e' => out.push(0x1b),
            '\\' => out.push(b'\\'),
            'x' => {
                out.push(u8::from_str_radix(after.as_str().get(..2)?, 16).ok()?);
                after = after.as_str()[2..].chars();
            }
            'u' => {
                let (digits, behind) = after.as_str().strip_prefix('{')?.split_once('}')?;
                let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                after = behind.chars();
            }
            _ => return None,
        }
        rest = after.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
    Some(out)
}

/// Returns true for a character that shows as itself: not a control, not a bidi or format
/// character, not a blank other than the space, not unassigned or for private use.
#[must_use]
pub fn visible(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    // Letters, symbols and marks of their own category that nevertheless show nothing.
    let blank = matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{1d159}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    if blank {
        return false;
    }
    // The standard library's table of printable characters is reached by its escaping of a text
    // only; the leading letter keeps a combining mark from being escaped for standing first.
    let mut buffer = [b'a', 0, 0, 0, 0];
    let length = c.encode_utf8(&mut buffer[1..]).len();
    std::str::from_utf8(&buffer[..=length]).is_ok_and(|text| text.escape_debug().nth(1) == Some(c))
}

/// Returns `words` as one line that a POSIX shell reads back as the same words.
///
/// A word that needs it stands in `'…'`, one with something invisible in `$'…'` (bash, zsh, ksh,
/// POSIX 2024). The line itself is as harmless as the output of [`escape`]. Words hold no NUL.
pub fn quote<T: AsRef<OsStr>>(words: &[T]) -> String {
    let mut out = String::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        quote_word(word.as_ref().as_bytes(), index == 0, &mut out);
    }
    out
}

fn quote_word(bytes: &[u8], first: bool, out: &mut String) {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"@%+=:,./_-".contains(byte);
    let mut hidden = false;
    pieces(bytes, |piece| hidden |= !matches!(piece, Piece::Shown(_)));
    if hidden {
        out.push_str("$'");
        pieces(bytes, |piece| match piece {
            Piece::Shown('\\') => out.push_str("\\\\"),
            // Not `\'` and not `!`: an interactive shell looks for history words before quotes.
            Piece::Shown('\'') => out.push_str("\\047"),
            Piece::Shown('!') => out.push_str("\\041"),
            Piece::Shown(c) => out.push(c),
            Piece::Hidden('\n') => out.push_str("\\n"),
            Piece::Hidden('\r') => out.push_str("\\r"),
            Piece::Hidden('\t') => out.push_str("\\t"),
            // Octal has at most three digits in every shell, `\x` has not; and no locale matters.
            Piece::Hidden(c) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    _ = write!(out, "\\{byte:03o}");
                }
            }
            Piece::Byte(byte) => _ = write!(out, "\\{byte:03o}"),
        });
        out.push('\'');
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    if !bytes.is_empty() && bytes.iter().all(plain) && !(first && means_more_in_front(&text)) {
        out.push_str(&text);
    } else {
        out.push('\'');
        out.push_str(&text.replace('\'', r"'\''"));
        out.push('\'');
    }
}

/// Returns true for a word that a shell does not take for a command's name where one is expected.
fn means_more_in_front(word: &str) -> bool {
    const RESERVED: [&str; 21] = [
        "case",
        "coproc",
        "do",
        "done",
        "elif",
        "else",
        "end",
        "esac",
        "fi",
        "for",
        "foreach",
        "function",
        "if",
        "in",
        "nocorrect",
        "repeat",
        "select",
        "then",
        "time",
        "until",
        "while",
    ];
    word.contains('=') || RESERVED.contains(&word)
}

/// Cuts `text` to at most `width` columns; what was cut shows as `…`.
///
/// `text` has passed [`escape`]: here only widths are looked at.
#[must_use]
pub fn shorten(text: &str, width: usize) -> Cow<'_, str> {
    let columns = |c: char| c.width().unwrap_or(0);
    if text.chars().map(columns).sum::<usize>() <= width {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut left = width.saturating_sub(1);
    for c in text.chars() {
        match left.checked_sub(columns(c)) {
            Some(rest) => left = rest,
            None => break,
        }
        out.push(c);
    }
    if width > 0 {
        out.push('…');
    }
    Cow::Owned(out)
}

/// What a text from outside is made of.
enum Piece {
    Shown(char),
    Hidden(char),
    Byte(u8),
}

/// Calls `each` for every piece of `bytes`, in order.
///
/// A mark is shown where it has a letter to stand on: in front it would change what guard itself
/// printed before, and many of them would cover other lines.
fn pieces(bytes: &[u8], mut each: impl FnMut(Piece)) {
    let mut marks = MAX_MARKS;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let is_mark = !c.is_ascii() && c.width() == Some(0);
            marks = if is_mark { marks + 1 } else { 0 };
            let shown = visible(c) && marks <= MAX_MARKS;
            if !shown && !is_mark {
                marks = MAX_MARKS;
            }
            each(if shown { Piece::Shown(c) } else { Piece::Hidden(c) });
        }
        for byte in chunk.invalid() {
            marks = MAX_MARKS;
            each(Piece::Byte(*byte));
        }
    }
}

#[cfg(test)]
mod tests;
