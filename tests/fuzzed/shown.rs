//! What a person is shown: nothing that a terminal obeys, nothing that looks like something else.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use guard::ui::escape::{escape_bytes, quote, shorten, unescape};
use guard::ui::fold::{fold, sample};
use unicode_width::UnicodeWidthStr;

/// Any bytes are escaped, quoted, shortened and folded.
pub fn escape(bytes: &[u8]) {
    let shown = escape_bytes(bytes);
    harmless(&shown);
    assert_eq!(unescape(&shown).as_deref(), Some(bytes), "{shown} is not read back");
    for width in [0, 1, 2, 3, 7, 20, 80] {
        let short = shorten(&shown, width);
        harmless(&short);
        assert!(short.width() <= width, "{short} is wider than {width}");
    }
    let words: Vec<&OsStr> = bytes.split(|b| *b == 0).map(OsStr::from_bytes).collect();
    harmless(&quote(&words));
    harmless(&fold(&words));
    let width = 60;
    harmless(&sample(&words, width, words.len() as u64));
}

/// Panics where a text could move the cursor, end a line, turn the reading direction, or hide itself.
pub fn harmless(text: &str) {
    let mut marks = 0;
    for c in text.chars() {
        let hidden = c.is_control()
            || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
                | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..);
        assert!(!hidden, "{c:?} is shown in {text:?}");
        let mark = !c.is_ascii() && unicode_width::UnicodeWidthChar::width(c) == Some(0);
        marks = if mark { marks + 1 } else { 0 };
        assert!(marks <= 4, "{marks} marks on one letter in {text:?}");
    }
}

/// The same for several lines.
pub fn harmless_lines(text: &str) {
    text.split('\n').for_each(harmless);
}
