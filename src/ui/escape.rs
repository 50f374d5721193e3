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
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    use std::process::Command;

    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    /// Reads [`escape_bytes`] back; that this is possible is what makes it injective.
    fn unescape(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            out.extend(&rest.as_bytes()[..at]);
            let kind = rest.as_bytes()[at + 1];
            rest = &rest[at + 2..];
            match kind {
                b'n' => out.push(b'\n'),
                b'r' => out.push(b'\r'),
                b't' => out.push(b'\t'),
                b'e' => out.push(0x1b),
                b'\\' => out.push(b'\\'),
                b'x' => {
                    out.push(u8::from_str_radix(&rest[..2], 16).unwrap());
                    rest = &rest[2..];
                }
                b'u' => {
                    let end = rest.find('}').unwrap();
                    let c = char::from_u32(u32::from_str_radix(&rest[1..end], 16).unwrap()).unwrap();
                    out.extend(c.to_string().as_bytes());
                    rest = &rest[end + 1..];
                }
                other => panic!("unknown escape {other}"),
            }
        }
        out.extend(rest.as_bytes());
        out
    }

    fn harmless(text: &str) -> bool {
        !text.chars().any(|c| {
            c.is_control()
                || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..)
        })
    }

    #[test]
    fn shows_what_would_not_be_seen() {
        assert_eq!(escape("web-1\r\x1b[2Kok\n"), "web-1\\r\\e[2Kok\\n");
        assert_eq!(escape("a\u{202e}b\u{2066}\u{200f}\u{61c}"), "a\\u{202e}b\\u{2066}\\u{200f}\\u{61c}");
        assert_eq!(escape("\u{9b}31m\x7f\0"), "\\u{9b}31m\\u{7f}\\u{0}");
        assert_eq!(escape("a\u{200b}\u{feff}\u{e0041}\u{2028}"), "a\\u{200b}\\u{feff}\\u{e0041}\\u{2028}");
        assert_eq!(escape("\u{e000}\u{378}\u{a0}"), "\\u{e000}\\u{378}\\u{a0}");
        assert_eq!(escape_bytes(b"a\xff\xc3"), "a\\xff\\xc3");
        assert_eq!(escape(r"a\n"), r"a\\n");
        for c in ['\u{3164}', '\u{fe0f}', '\u{2800}', '\u{34f}', '\u{180e}'] {
            assert!(!visible(c), "{c:?} shows nothing");
        }
    }

    #[test]
    fn leaves_ordinary_letters() {
        for text in
            ["", "web-1", "Grüße", "naïve cafe\u{301}", "日本語", "שלום", "हिन्दी", "ไทย", "한글 ok", "a:🚀"]
        {
            assert!(matches!(escape(text), Cow::Borrowed(t) if t == text), "{text}");
        }
    }

    #[test]
    fn marks_need_something_to_stand_on() {
        assert_eq!(escape("\u{301}a"), "\\u{301}a");
        assert_eq!(escape("\n\u{301}"), "\\n\\u{301}");
        let stack = format!("a{}", "\u{301}".repeat(50));
        assert_eq!(escape(&stack).matches("\\u{301}").count(), 46);
    }

    #[test]
    fn shortens_by_columns() {
        assert_eq!(shorten("web-12", 6), "web-12");
        assert_eq!(shorten("web-12", 5), "web-…");
        assert_eq!(shorten("日本語", 5), "日本…");
        assert_eq!(shorten("日本語", 4), "日…");
        assert_eq!(shorten("abc", 0), "");
    }

    #[test]
    fn quotes_only_what_needs_it() {
        assert_eq!(quote(&["kubectl", "delete", "pod", "-l", "app=web"]), "kubectl delete pod -l app=web");
        assert_eq!(quote(&["rm", "", "a b", "it's", "*"]), r"rm '' 'a b' 'it'\''s' '*'");
        assert_eq!(quote(&["A=b", "A=b"]), "'A=b' A=b");
        assert_eq!(quote(&["time"]), "'time'");
        assert_eq!(quote(&["rm", "a\nb\u{202e}"]), "rm $'a\\nb\\342\\200\\256'");
        assert_eq!(quote::<&str>(&[]), "");
    }

    /// Text in which what matters is not rare.
    fn outside() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            any::<char>().prop_map(|c| c.to_string().into_bytes()),
            prop::sample::select(vec![
                "\\", "'", "\"", "$", "`", "!", "~", "n", "\u{301}", "\u{202e}", "\x1b[", "é", " "
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
            any::<u8>().prop_map(|byte| vec![byte]),
        ];
        prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn output_is_harmless_and_injective(bytes in outside()) {
            let shown = escape_bytes(&bytes);
            prop_assert!(harmless(&shown), "{shown:?}");
            prop_assert_eq!(unescape(&shown), bytes);
        }

        #[test]
        fn escaping_without_backslashes_changes_nothing_more(bytes in outside()) {
            let once = escape_bytes(&bytes).replace('\\', "/");
            prop_assert_eq!(escape(&once), once.as_str());
        }

        #[test]
        fn shortened_fits(text in "\\PC{0,30}", width in 0usize..30) {
            let text = escape(&text).into_owned();
            let short = shorten(&text, width);
            prop_assert!(short.width() <= width, "{short:?} is {} wide", short.width());
            prop_assert!(short.strip_suffix('…').is_none_or(|s| text.starts_with(s)) || *short == text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_shell_reads_quoted_words_back(words in prop::collection::vec(outside(), 1..12)) {
            let words: Vec<OsString> = words
                .into_iter()
                .map(|word| OsString::from_vec(word.into_iter().filter(|byte| *byte != 0).collect()))
                .collect();
            let line = quote(&words);
            prop_assert!(harmless(&line), "{line:?}");
            for locale in ["C", "C.UTF-8"] {
                let output = Command::new("bash")
                    .args(["--norc", "-c", &format!("printf '%s\\0' {line}")])
                    .env("LC_ALL", locale)
                    .output()
                    .unwrap();
                let expected: Vec<u8> =
                    words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect();
                prop_assert_eq!(&output.stdout, &expected, "{} in {}", &line, locale);
            }
        }
    }
}
