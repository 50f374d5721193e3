//! Masks secrets before anything is recorded.
//!
//! Two sources: the options that a tool file names as secret, and patterns that hold for any tool
//! (`--password=…`, `PGPASSWORD=…`, `user:pass@`, `Authorization: …`, well-known keys). In doubt
//! more is masked than needed: a record that lacks a word is better than one that leaks it.
//! What a tool alone knows (`mysql -pSECRET`) belongs into its tool file.

use std::cell::{LazyCell, RefCell};
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::ops::Deref;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::rc::Rc;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use super::word::Word;
use crate::tool::OptionName;

/// What stands where a secret stood.
pub const MASK: &str = "***";

/// Words of a command line without their secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The words.
    pub words: Vec<Word>,
    /// Which of them are not what was typed, in rising order.
    pub changed: Vec<usize>,
}

/// Returns `argv` with the values of the options in `named`, and all that looks like a secret, masked.
///
/// Abbreviated (`--pass`), attached (`-kVALUE`, `--token=VALUE`) and bundled values are found as
/// well, and those in shell text that the command line carries.
#[must_use]
pub fn mask(argv: &[OsString], named: &[OptionName]) -> Masked {
    let spellings: Vec<&str> = named.iter().flat_map(OptionName::spellings).collect();
    // A tool's own pattern is built when the first word needs it: most words need none.
    let carried = LazyCell::new(|| carried_pattern(&spellings));
    let mut next_is_secret = false;
    let mut masked = Masked { words: Vec::with_capacity(argv.len()), changed: Vec::new() };
    for (index, word) in argv.iter().enumerate() {
        let value = spellings.iter().map(|spelling| value_at(word.as_bytes(), spelling)).min();
        let value = value.unwrap_or(Value::None);
        let after = match value {
            _ if next_is_secret => MASK.into(),
            Value::At(start) => join(&word.as_bytes()[..start]),
            _ => mask_text(word, &carried),
        };
        // Also where this word was taken for a secret: it may have been an option after all.
        next_is_secret = value == Value::Next || takes_secret(word.as_bytes());
        if after != *word {
            masked.changed.push(index);
        }
        masked.words.push(Word(after));
    }
    masked
}

/// Where the value of an option stands.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    /// In this word, from here on.
    At(usize),
    /// In the next word.
    Next,
    /// The word is not that option.
    None,
}

fn value_at(word: &[u8], spelling: &str) -> Value {
    let name = word.split(|byte| *byte == b'=').next().unwrap_or(word);
    let abbreviated = name.len() > 4 && name.starts_with(b"--") && spelling.as_bytes().starts_with(name);
    if name == spelling.as_bytes() || abbreviated {
        return if name.len() == word.len() { Value::Next } else { Value::At(name.len() + 1) };
    }
    let [b'-', letter] = spelling.as_bytes() else {
        return Value::None;
    };
    if !word.starts_with(b"-") || word.starts_with(b"--") {
        return Value::None;
    }
    match word.iter().skip(1).position(|byte| byte == letter) {
        Some(at) if at + 2 == word.len() => Value::Next,
        Some(at) => Value::At(at + 2),
        None => Value::None,
    }
}

/// Returns true for an option that by its name takes a secret from the next word.
fn takes_secret(word: &[u8]) -> bool {
    // `--ask-pass` and `--no-password` are switches in every tool that has them.
    let switch = [&b"--ask"[..], b"--no-", b"--prompt"].iter().any(|front| word.starts_with(front));
    word.starts_with(b"-") && !switch && PATTERNS.option.is_match(word)
}

fn join(front: &[u8]) -> OsString {
    OsString::from_vec([front, MASK.as_bytes()].concat())
}

/// True for a short word without anything that could stand between a name and its secret: most
/// words are, and for them no pattern is built. The shortest known key has 15 characters.
fn is_plain(word: &[u8]) -> bool {
    word.len() < 15 && word.iter().all(|b| b.is_ascii_alphanumeric() || b"-_./,+".contains(b))
}

fn mask_text(word: &OsStr, carried: &impl Deref<Target = Option<Rc<Regex>>>) -> OsString {
    if is_plain(word.as_bytes()) {
        return word.to_owned();
    }
    let mut bytes = word.as_bytes().to_vec();
    // `replace_all` borrows what it does not change; most words pass through without a copy.
    let mut replace = |pattern: &Regex, with: &str| {
        if let std::borrow::Cow::Owned(changed) = pattern.replace_all(&bytes, with.as_bytes()) {
            bytes = changed;
        }
    };
    for pattern in carried.as_deref().into_iter().chain(&PATTERNS.after) {
        replace(pattern, "${1}***");
    }
    replace(&PATTERNS.url, "${1}***@");
    replace(&PATTERNS.key, MASK);
    OsString::from_vec(bytes)
}

/// Names that stand before a secret, whatever the tool.
const NAME: &str = "[a-z0-9_.-]*(?:password|passwd|passphrase|pwd|secret|token|bearer|credentials?|\
    (?:api|access|secret|private|auth|account|shared|encryption)[_.-]?key|\\bpass|[_.-]pass|[_.-]pw)";

/// A value in shell text, JSON or a list: quoted, or up to the next blank.
const VALUE: &str = r#"(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|\S+)"#;

struct Patterns {
    /// An option whose value is the next word.
    option: Regex,
    /// What follows group 1 is a secret.
    after: Vec<Regex>,
    /// Group 1 is a user; what follows up to `@` is a secret.
    url: Regex,
    /// The match is a secret.
    key: Regex,
}

/// Built when the first word is recorded: a command that is allowed does not pay for it.
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    option: pattern(&format!("^--?{NAME}$")),
    after: vec![
        pattern(r#"((?:authorization|cookie)["']?\s*[:=]\s*["']?)[^"'\r\n]+"#),
        pattern(r"(\b(?:bearer|basic)\s+)[a-z0-9._~+/=-]{6,}"),
        // At the front of a word the value is all the rest, blanks included.
        pattern(&format!(r"(?s)(\A-{{0,2}}{NAME}=).+")),
        pattern(&format!(r#"({NAME}["']?\s*[:=]\s*){VALUE}"#)),
        pattern(&format!(r"((?:\A|[\s(;&|])--?{NAME}\s+){VALUE}")),
    ],
    url: pattern(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)\S*@"),
    key: pattern(concat!(
        r"\b(?-i:A[KS]IA[0-9A-Z]{16}|AIza[\w-]{30,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}",
        r"|xox[abeprs]-[\w-]{10,}|sk-[\w-]{20,}|npm_\w{30,}|eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)*)",
        r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*-----|\z)"
    )),
});

thread_local! {
    /// The patterns of the tools that were masked so far, by their options: `guardctl judge` masks line after line.
    static CARRIED: RefCell<HashMap<String, Rc<Regex>>> = RefCell::default();
}

/// The options of the tool file, where they stand in shell text.
fn carried_pattern(spellings: &[&str]) -> Option<Rc<Regex>> {
    let any = spellings.iter().map(|spelling| regex::escape(spelling)).collect::<Vec<_>>().join("|");
    let build = || Rc::new(pattern(&format!(r#"((?:\A|[\s"'(;&|])(?:{any})(?:\s+|=)){VALUE}"#)));
    let known = |known: &RefCell<HashMap<String, Rc<Regex>>>| {
        known.borrow_mut().entry(any.clone()).or_insert_with(build).clone()
    };
    (!any.is_empty()).then(|| CARRIED.with(known))
}

/// Builds a pattern over bytes. One that cannot be built matches everything: nothing leaks.
fn pattern(text: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "known to build")]
    let everything = || Regex::new("(?s)().*").expect("a pattern of ten characters");
    RegexBuilder::new(text).unicode(false).case_insensitive(true).build().unwrap_or_else(|_| everything())
}

#[cfg(test)]
mod tests;
