//! Folds names for display: `web-1` … `web-12` become `web-[1-12]`.
//!
//! Only for people: what a rollout or a freeze works on is the list itself. Names come in as they
//! are and leave harmless: a name that holds what the folding itself is written with (or something
//! invisible) is quoted as for a shell and not folded.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::tool::grouped;

use super::escape::{escape, quote, shorten};

/// What the names of one group share: everything but one number.
#[derive(PartialEq, Eq, Hash, Clone, Copy)]
struct Pattern<'a> {
    prefix: &'a str,
    suffix: &'a str,
    /// Digits of a zero-padded number, 0 where it is not padded.
    width: usize,
}

/// Groups that a sample shows at the most.
const SHOWN: usize = 8;

/// Names that a sample looks at; what comes after them is only counted.
const LOOKED_AT: usize = 10_000;

/// Returns `names` as one line, each once, with names that differ in one number folded together.
///
/// Zero padding is kept (`web[001-120]`), groups stand where their first name stood. Where a name
/// holds several numbers, the one that most names differ in is folded; where none is shared
/// (pods with hashes), the name is simply listed.
pub fn fold<T: AsRef<OsStr>>(names: &[T]) -> String {
    groups(&distinct(names)).iter().map(Group::show).collect::<Vec<_>>().join(", ")
}

/// Returns the first `names`, folded, as far as `width` columns go, and how many of `count` they
/// leave out: `web-[1-3], db-2 … and 12 more`.
pub fn sample<T: AsRef<OsStr>>(names: &[T], width: usize, count: u64) -> String {
    let names = distinct(&names[..names.len().min(LOOKED_AT)]);
    let groups = groups(&names);
    let more = |named: usize| match count.saturating_sub(named as u64) {
        0 => String::new(),
        more => format!(" … and {} more", grouped(more)),
    };
    let mut best = String::new();
    for some in 1..=groups.len().min(SHOWN) {
        let named = groups[..some].iter().map(|group| group.numbers.len().max(1)).sum();
        let shown = groups[..some].iter().map(Group::show).collect::<Vec<_>>().join(", ");
        let line = shown + &more(named);
        if line.width() > width {
            break;
        }
        best = line;
    }
    match names.first() {
        None if count == 0 => String::new(),
        None => format!("{} not shown", grouped(count)),
        Some(first) if best.is_empty() => {
            let tail = more(1);
            shorten(first, width.saturating_sub(tail.width())).into_owned() + &tail
        }
        Some(_) => best,
    }
}

/// The names as they are shown, each once.
fn distinct<T: AsRef<OsStr>>(names: &[T]) -> Vec<Cow<'_, str>> {
    let mut seen = HashSet::new();
    names.iter().map(|name| show(name.as_ref())).filter(|name| seen.insert(name.clone())).collect()
}

fn groups<'a>(names: &'a [Cow<'_, str>]) -> Vec<Group<'a>> {
    let padded: HashSet<_> =
        names.iter().flat_map(|name| fields(name)).filter(is_padded).map(pattern).collect();
    let pattern_of = |field| {
        let own = pattern(field);
        // `10` beside `09` is padded as well, `10` beside `9` is not.
        if padded.contains(&own) { own } else { Pattern { width: 0, ..own } }
    };
    let mut sizes: HashMap<Pattern, usize> = HashMap::new();
    for field in names.iter().flat_map(|name| fields(name)) {
        *sizes.entry(pattern_of(field)).or_default() += 1;
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut place: HashMap<Pattern, usize> = HashMap::new();
    for name in names {
        let best = fields(name)
            .map(|field| (pattern_of(field), field.number))
            .max_by_key(|(pattern, _)| sizes.get(pattern).copied());
        let Some((pattern, number)) = best else {
            groups.push(Group { name, pattern: None, numbers: BTreeSet::new() });
            continue;
        };
        let at = *place.entry(pattern).or_insert_with(|| {
            groups.push(Group { name, pattern: Some(pattern), numbers: BTreeSet::new() });
            groups.len() - 1
        });
        groups[at].numbers.insert(number);
    }
    groups
}

fn show(name: &OsStr) -> Cow<'_, str> {
    let shown = escape(name);
    if shown.is_empty() || shown.contains(SPECIAL) { Cow::Owned(quote(&[name])) } else { shown }
}

/// What tells names, ranges and escapes apart.
const SPECIAL: [char; 7] = ['[', ']', ',', ' ', '\\', '\'', '…'];

/// One number in a name.
#[derive(Clone, Copy)]
struct Field<'a> {
    prefix: &'a str,
    digits: &'a str,
    suffix: &'a str,
    number: u64,
}

fn pattern<'a>(field: Field<'a>) -> Pattern<'a> {
    Pattern { prefix: field.prefix, suffix: field.suffix, width: field.digits.len() }
}

fn is_padded(field: &Field) -> bool {
    field.digits.len() > 1 && field.digits.starts_with('0')
}

/// Returns the numbers in `name`, from left to right; those beyond 18 digits are no numbers.
fn fields(name: &str) -> impl Iterator<Item = Field<'_>> {
    // A quoted name is never folded: the numbers in it may be escapes.
    let mut from = if name.contains('\'') { name.len() } else { 0 };
    std::iter::from_fn(move || {
        loop {
            let start = from + name.get(from..)?.find(|c: char| c.is_ascii_digit())?;
            let length = name[start..].bytes().take_while(u8::is_ascii_digit).count();
            from = start + length;
            let digits = &name[start..from];
            if length <= 18
                && let Ok(number) = digits.parse()
            {
                return Some(Field { prefix: &name[..start], digits, suffix: &name[from..], number });
            }
        }
    })
}

/// Names of one pattern, or one name without a number.
struct Group<'a> {
    name: &'a str,
    pattern: Option<Pattern<'a>>,
    numbers: BTreeSet<u64>,
}

impl Group<'_> {
    fn show(&self) -> String {
        let Some(Pattern { prefix, suffix, width }) = self.pattern.filter(|_| self.numbers.len() > 1) else {
            return self.name.to_owned();
        };
        let ranges: Vec<_> = ranges(&self.numbers)
            .map(|Range { start, end }| match end - start {
                1 => format!("{start:0width$}"),
                _ => format!("{start:0width$}-{:0width$}", end - 1),
            })
            .collect();
        format!("{prefix}[{}]{suffix}", ranges.join(","))
    }
}

fn ranges(numbers: &BTreeSet<u64>) -> impl Iterator<Item = Range<u64>> {
    let mut numbers = numbers.iter().copied().peekable();
    std::iter::from_fn(move || {
        let start = numbers.next()?;
        let mut end = start + 1;
        while numbers.next_if_eq(&end).is_some() {
            end += 1;
        }
        Some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn numbered(range: std::ops::RangeInclusive<u32>, name: impl Fn(u32) -> String) -> Vec<String> {
        range.map(name).collect()
    }

    #[test]
    fn folds_what_differs_in_one_number() {
        assert_eq!(fold(&numbered(1..=12, |n| format!("web-{n}"))), "web-[1-12]");
        assert_eq!(fold(&numbered(1..=120, |n| format!("web{n:03}"))), "web[001-120]");
        assert_eq!(fold(&["web-9", "web-1", "web-2", "web-3", "web-1"]), "web-[1-3,9]");
        assert_eq!(fold(&["a1.x", "b1.x", "a2.x", "b2.x", "a2.y"]), "a[1-2].x, b[1-2].x, a2.y");
        assert_eq!(fold(&["dc1-web7", "dc1-web8", "dc1-web9"]), "dc1-web[7-9]");
        assert_eq!(fold(&["web1.dc2", "web2.dc2", "web3.dc2"]), "web[1-3].dc2");
    }

    #[test]
    fn keeps_padding_apart() {
        assert_eq!(fold(&["w8", "w9", "w10"]), "w[8-10]");
        assert_eq!(fold(&["w08", "w09", "w10"]), "w[08-10]");
        assert_eq!(fold(&["w1", "w01", "w001"]), "w1, w01, w001");
        assert_eq!(fold(&["w0", "w1"]), "w[0-1]");
    }

    #[test]
    fn lists_the_rest() {
        assert_eq!(fold(&["web-7d4b9c-x2x9z", "web-7d4b9c-k8j2p"]), "web-7d4b9c-x2x9z, web-7d4b9c-k8j2p");
        assert_eq!(fold(&["localhost", "ü", "localhost"]), "localhost, ü");
        assert_eq!(fold(&["a\n1", "a\n2"]), "$'a\\n1', $'a\\n2'");
        assert_eq!(fold(&["w[1-2]", "a, b", "c d", ""]), "'w[1-2]', 'a, b', 'c d', ''");
        assert_eq!(fold(&["n99999999999999999999"]), "n99999999999999999999");
        assert_eq!(fold::<&str>(&[]), "");
    }

    #[test]
    fn samples() {
        let names = ["a", "b", "c", "d\r"];
        assert_eq!(sample(&names, 80, 4), "a, b, c, $'d\\r'");
        assert_eq!(sample(&names, 22, 15), "a, b, c … and 12 more");
        assert_eq!(sample(&names[..0], 80, 7000), "7,000 not shown");
        assert_eq!(sample(&names[..0], 80, 0), "");
        assert_eq!(sample(&numbered(1..=50, |n| format!("web-{n}")), 80, 50), "web-[1-50]");
        assert_eq!(
            sample(&numbered(1..=50, |n| format!("web-{n}")), 80, 5000),
            "web-[1-50] … and 4,950 more"
        );
    }

    #[test]
    fn a_sample_keeps_to_its_width() {
        let odd: Vec<String> = (0..50).map(|n| format!("web-{}", n * 2 + 1)).collect();
        assert_eq!(sample(&odd, 40, 50), "web-1 … and 49 more");
        assert_eq!(sample(&["a-long-name", "b"], 20, 2), "a-long… … and 1 more");
    }

    fn unfold(text: &str) -> Vec<String> {
        let mut names = Vec::new();
        for part in text.split(", ").filter(|part| !part.is_empty()) {
            let Some((prefix, rest)) = part.split_once('[') else {
                names.push(part.to_owned());
                continue;
            };
            let (inside, suffix) = rest.split_once(']').unwrap();
            for range in inside.split(',') {
                let (from, to) = range.split_once('-').unwrap_or((range, range));
                let width = if from.starts_with('0') && from.len() > 1 { from.len() } else { 0 };
                for n in from.parse::<u64>().unwrap()..=to.parse().unwrap() {
                    names.push(format!("{prefix}{n:0width$}{suffix}"));
                }
            }
        }
        names
    }

    proptest! {
        #[test]
        fn unfolds_to_the_same_names(names in prop::collection::vec("[ab.]{0,2}[0-2]{0,3}[a-]{0,1}[019]{0,2}", 0..40)) {
            let names: HashSet<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
            let listed: Vec<&String> = names.iter().collect();
            let unfolded = unfold(&fold(&listed));
            prop_assert_eq!(unfolded.len(), names.len());
            prop_assert_eq!(unfolded.into_iter().collect::<HashSet<_>>(), names);
        }
    }
}
