//! What escaping and quoting promise, for any input.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::process::Command;

use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;

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
        prop_assert_eq!(unescape(&shown), Some(bytes));
    }

    #[test]
    fn escaping_without_backslashes_changes_nothing_more(bytes in outside()) {
        let once = escape_bytes(&bytes).replace('\\', "/");
        prop_assert_eq!(escape(&once), once.as_str());
    }

    #[test]
    fn anything_may_be_unescaped(text in "[\\\\xu{}0-9a-fnrte\u{e9}]{0,12}") {
        let _ = unescape(&text);
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
