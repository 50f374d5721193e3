//! One look-up from a file name to everything the rules say about that name.
//!
//! A walk asks this for each of a million names, most of which mean nothing: the shapes of the
//! known names (first byte and length, last byte) turn those away before anything is hashed.

use std::collections::HashMap;

/// A set of bits, one for each thing that a name can mean.
pub(in crate::world) type Marks = u128;

/// Bits with a fixed meaning; rules take theirs from [`FIRST_RULE`] on.
pub(in crate::world) const DISPOSABLE_FOLDER: Marks = 1;
pub(in crate::world) const DISPOSABLE_FILE: Marks = 1 << 1;
pub(in crate::world) const PRECIOUS: Marks = 1 << 2;
pub(in crate::world) const GIT: Marks = 1 << 3;
pub(in crate::world) const GITIGNORE: Marks = 1 << 4;
pub(in crate::world) const TAG: Marks = 1 << 5;
/// Number of the first bit that is free for rules.
pub(in crate::world) const FIRST_RULE: u32 = 8;

/// Patterns of names, and the marks of each.
#[derive(Debug, Clone)]
pub(in crate::world) struct NameTable {
    exact: HashMap<Box<[u8]>, Marks>,
    /// For each first byte, the lengths (modulo 64) of exact names that begin so.
    shapes: Box<[u64; 256]>,
    /// `*.ext`, by `ext`.
    endings: HashMap<Box<[u8]>, Marks>,
    /// Last bytes of the endings.
    last: Box<[bool; 256]>,
    prefixes: Vec<(Box<[u8]>, Marks)>,
    globs: Vec<(Box<[u8]>, Marks)>,
}

impl Default for NameTable {
    fn default() -> Self {
        Self {
            exact: HashMap::new(),
            shapes: Box::new([0; 256]),
            endings: HashMap::new(),
            last: Box::new([false; 256]),
            prefixes: Vec::new(),
            globs: Vec::new(),
        }
    }
}

impl NameTable {
    /// Adds `marks` to every name that `pattern` matches.
    pub(in crate::world) fn add(&mut self, pattern: &str, marks: Marks) {
        let pattern = pattern.as_bytes();
        let Some(star) = pattern.iter().position(|b| matches!(b, b'*' | b'?')) else {
            if let Some(&first) = pattern.first() {
                self.shapes[usize::from(first)] |= 1 << (pattern.len() % 64);
            }
            *self.exact.entry(pattern.into()).or_default() |= marks;
            return;
        };
        let rest = &pattern[star + 1..];
        let plain_rest = !rest.iter().any(|b| matches!(b, b'*' | b'?'));
        if star == 0 && pattern[0] == b'*' && rest.first() == Some(&b'.') && plain_rest {
            let ending = &rest[1..];
            if let (Some(&last), false) = (ending.last(), ending.contains(&b'.')) {
                self.last[usize::from(last)] = true;
                *self.endings.entry(ending.into()).or_default() |= marks;
                return;
            }
        }
        if rest.is_empty() && pattern[star] == b'*' && star > 0 {
            self.prefixes.push((pattern[..star].into(), marks));
        } else {
            self.globs.push((pattern.into(), marks));
        }
    }

    /// Returns what the rules say about `name`.
    pub(in crate::world) fn marks(&self, name: &[u8]) -> Marks {
        let (Some(&first), Some(&last)) = (name.first(), name.last()) else { return 0 };
        let mut marks = 0;
        if self.shapes[usize::from(first)] & (1 << (name.len() % 64)) != 0 {
            marks |= self.exact.get(name).copied().unwrap_or(0);
        }
        if self.last[usize::from(last)]
            && let Some(dot) = name.iter().rposition(|&b| b == b'.')
        {
            marks |= self.endings.get(&name[dot + 1..]).copied().unwrap_or(0);
        }
        for (prefix, more) in &self.prefixes {
            if prefix[0] == first && name.starts_with(prefix) {
                marks |= more;
            }
        }
        for (glob, more) in &self.globs {
            if matches(glob, name) {
                marks |= more;
            }
        }
        marks
    }
}

/// Whether `name` as a whole matches `pattern`, in which `*` is any bytes and `?` one byte.
pub(in crate::world) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go on when the bytes after the last star turn out not to match.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(&b) if b == b'?' || b == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    p = after;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&b| b == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(patterns: &[&str]) -> NameTable {
        let mut table = NameTable::default();
        for (bit, pattern) in patterns.iter().enumerate() {
            table.add(pattern, 1 << bit);
        }
        table
    }

    #[test]
    fn finds_each_sort_of_pattern() {
        let table = table(&["node_modules", "*.pyc", ".env*", "*.sqlite*", "a?c", "*.tar.gz"]);
        assert_eq!(table.marks(b"node_modules"), 1);
        assert_eq!(table.marks(b"node_module"), 0);
        assert_eq!(table.marks(b"x.pyc"), 2);
        assert_eq!(table.marks(b"x.pyc2"), 0);
        assert_eq!(table.marks(b".env"), 4);
        assert_eq!(table.marks(b".env.local"), 4);
        assert_eq!(table.marks(b"app.sqlite3-wal"), 8);
        assert_eq!(table.marks(b"abc"), 16);
        assert_eq!(table.marks(b"b.tar.gz"), 32);
        assert_eq!(table.marks(b""), 0);
        assert_eq!(table.marks(b"\xff\xfe"), 0);
    }

    proptest! {
        /// The shortcuts agree with the plain matcher.
        #[test]
        fn table_agrees_with_matcher(pattern in "[ab.*?]{1,6}", name in "[ab.]{1,8}") {
            let expected = matches(pattern.as_bytes(), name.as_bytes());
            prop_assert_eq!(table(&[&pattern]).marks(name.as_bytes()) != 0, expected);
        }

        /// The matcher agrees with the same pattern as a regular expression.
        #[test]
        fn matcher_agrees_with_regex(pattern in "[ab.*?]{0,6}", name in "[ab.]{0,8}") {
            let regex = regex::escape(&pattern).replace(r"\*", ".*").replace(r"\?", ".");
            let regex = regex::Regex::new(&format!("^{regex}$")).unwrap();
            prop_assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), regex.is_match(&name));
        }
    }
}
