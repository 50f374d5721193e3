//! Globs over bytes: `*`, `?`, `[a-z]`, `{one,two}`, with `*` matching any byte.
//!
//! The words of a command line are bytes, not text, and a match must take linear space and no
//! more than quadratic time whatever is typed; `globset` compiles to regexes, which costs more
//! than the whole of an allowed command. So this one small matcher serves tool files and policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spec::SpecFault;

/// A glob, with its `{a,b}` alternatives already written out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Glob {
    text: String,
    alternatives: Vec<String>,
}

/// More alternatives than this in one glob is a slip.
const MOST_ALTERNATIVES: usize = 512;

/// So are more groups than this, and each is one call deeper.
const MOST_GROUPS: usize = 32;

impl Glob {
    /// Tells whether the whole of `word` matches.
    pub fn matches(&self, word: &[u8]) -> bool {
        self.alternatives.iter().any(|a| matches(a.as_bytes(), word))
    }

    /// True where a `[` is never closed: it stands for itself then, which is hardly meant.
    #[must_use]
    pub fn has_open_class(&self) -> bool {
        self.alternatives.iter().any(|glob| {
            let mut rest = glob.as_bytes();
            while let Some((first, after)) = rest.split_first() {
                rest = match first {
                    b'\\' => after.get(1..).unwrap_or_default(),
                    b'[' => match class(after, b'a') {
                        Some((_, len)) => &after[len..],
                        None => return true,
                    },
                    _ => after,
                };
            }
            false
        })
    }

    /// The glob as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for Glob {
    type Error = SpecFault;

    fn try_from(text: String) -> Result<Self, SpecFault> {
        let groups = text.bytes().filter(|byte| *byte == b'{').count();
        let alternatives = if groups > MOST_GROUPS { Err("too many groups") } else { expand(&text) };
        let alternatives = alternatives.map_err(|why| SpecFault::Glob(text.clone(), why.into()))?;
        Ok(Self { text, alternatives })
    }
}

impl From<Glob> for String {
    fn from(glob: Glob) -> Self {
        glob.text
    }
}

/// Writes out `{a,b}` groups; groups may stand side by side but not inside one another.
fn expand(text: &str) -> Result<Vec<String>, &'static str> {
    let Some((head, rest)) = text.split_once('{') else {
        return if text.contains('}') { Err("'}' without '{'") } else { Ok(vec![text.to_owned()]) };
    };
    let (group, tail) = rest.split_once('}').ok_or("'{' without '}'")?;
    if group.contains('{') || head.contains('}') {
        return Err("braces inside braces");
    }
    let tails = expand(tail)?;
    let all: Vec<String> = group
        .split(',')
        .flat_map(|choice| tails.iter().map(move |tail| format!("{head}{choice}{tail}")))
        .collect();
    if all.len() > MOST_ALTERNATIVES { Err("too many alternatives") } else { Ok(all) }
}

/// Matches one alternative: greedy with one point of return, so never exponential.
fn matches(glob: &[u8], word: &[u8]) -> bool {
    let (mut g, mut w) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while w < word.len() {
        match step(glob, g, word[w]) {
            Step::Star => {
                star = Some((g + 1, w));
                g += 1;
            }
            Step::Take(next) => {
                g = next;
                w += 1;
            }
            Step::Fail => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    g = after;
                    w = from + 1;
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|b| *b == b'*')
}

enum Step {
    Star,
    Take(usize),
    Fail,
}

fn step(glob: &[u8], g: usize, byte: u8) -> Step {
    match glob.get(g) {
        None => Step::Fail,
        Some(b'*') => Step::Star,
        Some(b'?') => Step::Take(g + 1),
        Some(b'[') => match class(&glob[g + 1..], byte) {
            Some((true, len)) => Step::Take(g + 1 + len),
            Some((false, _)) => Step::Fail,
            None if byte == b'[' => Step::Take(g + 1),
            None => Step::Fail,
        },
        Some(b'\\') if glob.get(g + 1) == Some(&byte) => Step::Take(g + 2),
        Some(b) if *b == byte => Step::Take(g + 1),
        Some(_) => Step::Fail,
    }
}

/// Reads a class after its `[`: whether `byte` is in it, and its length with the `]`.
fn class(glob: &[u8], byte: u8) -> Option<(bool, usize)> {
    let negated = matches!(glob.first(), Some(b'!' | b'^'));
    let mut at = usize::from(negated);
    let mut found = false;
    let first = at;
    loop {
        let low = *glob.get(at)?;
        if low == b']' && at > first {
            return Some((found != negated, at + 1));
        }
        match (glob.get(at + 1), glob.get(at + 2)) {
            (Some(b'-'), Some(high)) if *high != b']' => {
                found |= (low..=*high).contains(&byte);
                at += 3;
            }
            _ => {
                found |= low == byte;
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str, word: &str) -> bool {
        Glob::try_from(text.to_owned()).unwrap().matches(word.as_bytes())
    }

    #[test]
    fn globs_match_whole_words() {
        assert!(glob("kube-*", "kube-system"));
        assert!(!glob("kube-*", "my-kube-x"));
        assert!(glob("{stop,restart}", "restart"));
        assert!(glob("*-{instances,images}", "terminate-instances"));
        assert!(!glob("{stop,restart}", "start"));
        assert!(glob("a?c", "abc"));
        assert!(glob("[a-c]*[!0-9]", "b12x"));
        assert!(!glob("[a-c]*[!0-9]", "b123"));
        assert!(glob("+*", "+main"));
        assert!(glob("", ""));
        assert!(!glob("", "x"));
        assert!(glob("*", ""));
    }

    #[test]
    fn many_stars_stay_quick() {
        assert!(!glob(&"*a".repeat(200), &"a".repeat(199)));
        assert!(!glob(&"*a".repeat(30), &"b".repeat(100_000)));
    }

    #[test]
    fn a_class_that_is_never_closed_is_seen() {
        let open = |text: &str| Glob::try_from(text.to_owned()).unwrap().has_open_class();
        assert!(open("prod-[") && open("[ab") && open("a[]") && open("{x,[y}"));
        assert!(!open("prod-[ab]") && !open("\\[") && !open("[]]") && !open("a]") && !open(""));
    }

    #[test]
    fn many_groups_are_a_fault_and_no_stack_overflow() {
        assert!(Glob::try_from("{a}".repeat(200_000)).is_err());
        assert!(glob(&"{a}".repeat(MOST_GROUPS), &"a".repeat(MOST_GROUPS)));
    }

    #[test]
    fn broken_braces_are_faults() {
        for text in ["{a", "a}", "{a,{b}}"] {
            assert!(Glob::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
