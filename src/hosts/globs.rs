//! Patterns of Python's tools: `fnmatch` globs, and regular expressions that match from the start.

use regex::Regex;

use super::fault::Fault;

/// A glob as Python's `fnmatch` has it: `*`, `?`, `[ab]`, `[!a-c]`; no braces, no escapes.
#[derive(Debug, Clone)]
pub struct Glob(Vec<Token>);

#[derive(Debug, Clone, PartialEq)]
enum Token {
    One(char),
    Any,
    Star,
    Class { not: bool, ranges: Vec<(char, char)> },
}

impl Glob {
    /// Reads a glob; any text is one.
    pub fn new(text: &str) -> Self {
        let text: Vec<char> = text.chars().collect();
        let (mut tokens, mut at) = (Vec::new(), 0);
        while let Some(c) = text.get(at) {
            at += 1;
            tokens.push(match c {
                '*' if tokens.last() == Some(&Token::Star) => continue,
                '*' => Token::Star,
                '?' => Token::Any,
                '[' => class(&text, &mut at),
                c => Token::One(*c),
            });
        }
        Self(tokens)
    }

    /// True where the whole name matches. Takes at most as many steps as both are long, multiplied.
    pub fn matches(&self, name: &str) -> bool {
        let (mut at, mut rest) = (0, name.chars());
        let mut star: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let mut next = rest.clone();
            match (self.0.get(at), next.next()) {
                (Some(Token::Star), _) => {
                    at += 1;
                    star = Some((at, rest.clone()));
                    continue;
                }
                (None, None) => return true,
                (Some(token), Some(c)) if token.takes(c) => {
                    at += 1;
                    rest = next;
                    continue;
                }
                _ => {}
            }
            let Some((behind, from)) = &mut star else { return false };
            if from.next().is_none() {
                return false;
            }
            (at, rest) = (*behind, from.clone());
        }
    }
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::One(one) => *one == c,
            Self::Any | Self::Star => true,
            Self::Class { not, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *not,
        }
    }
}

/// Reads a class behind its `[`; one that is not closed is a bracket.
fn class(text: &[char], at: &mut usize) -> Token {
    let not = text.get(*at) == Some(&'!');
    let from = *at + usize::from(not);
    // A `]` that stands first is one of the class.
    let Some(length) = text.get(from + 1..).and_then(|rest| rest.iter().position(|c| *c == ']')) else {
        return Token::One('[');
    };
    let inside = &text[from..=from + length];
    *at = from + length + 2;
    let (mut ranges, mut i) = (Vec::new(), 0);
    while let Some(c) = inside.get(i) {
        match inside.get(i + 1..i + 3) {
            // A range that goes down holds nothing.
            Some(['-', to]) => {
                ranges.push((*c, *to));
                i += 3;
            }
            _ => {
                ranges.push((*c, *c));
                i += 1;
            }
        }
    }
    Token::Class { not, ranges }
}

/// Reads a regular expression of Python that must match from the start of a name (`re.match`).
///
/// # Errors
/// Where it is none, or one that Python and guard may read differently.
pub fn python_regex(text: &str) -> Result<Regex, Fault> {
    let wrong = |why: &str| Fault::form(text, why);
    let (mut chars, mut in_class) = (text.chars().peekable(), false);
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('<' | '>') => return Err(wrong("'\\<' means different things in regular expressions")),
                Some('b') if chars.peek() == Some(&'{') => return Err(wrong("'\\b{' is not followed")),
                _ => {}
            },
            '[' if in_class => return Err(wrong("'[' inside a class is not followed")),
            ']' => in_class = false,
            '[' => {
                in_class = true;
                chars.next_if_eq(&'^');
                chars.next_if_eq(&']');
            }
            '&' | '~' | '-' if in_class && chars.peek() == Some(&c) => {
                return Err(wrong("operators inside a class are not followed"));
            }
            _ => {}
        }
    }
    Regex::new(&format!("^(?:{text})")).map_err(|_| wrong("not a regular expression that guard can follow"))
}
