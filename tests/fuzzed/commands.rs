//! Command lines: words as the kernel hands them over.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use guard::policy::{Places, Shelf, kinds};
use guard::read::{Fill, Library, MOST_READINGS, Match, Piece, Understood, read};
use guard::scope::{Words, calls};
use guard::tool::Kinds;

use super::work::assert_linear;

thread_local! {
    static BUILTIN: (Shelf, Kinds) = (Shelf::new(&Places::default()), kinds().expect("the built-in kinds"));
}

/// Words, each ended by a NUL byte, are read, matched, and made into listings and narrowed calls.
pub fn argv(bytes: &[u8]) {
    BUILTIN.with(|(shelf, kinds)| {
        judged(&split(bytes), shelf, kinds);
        if (1..64).contains(&bytes.len()) && bytes.len().is_multiple_of(8) {
            let whole = [bytes.strip_suffix(b"\0").unwrap_or(bytes), b"\0"].concat();
            assert_linear(&whole, |bytes| drop(read(&split(bytes), shelf)));
        }
    });
}

fn split(bytes: &[u8]) -> Vec<OsString> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    bytes.split(|b| *b == 0).map(|word| OsString::from_vec(word.to_vec())).collect()
}

/// Takes a command line as far as the way goes without a world.
pub fn judged(argv: &[OsString], library: &dyn Library, kinds: &Kinds) {
    let Ok(all) = read(argv, library) else { return };
    assert!(!all.is_empty() && all.len() < 2 * MOST_READINGS, "{} readings", all.len());
    for one in &all {
        says_the_same_again(one, library);
        if let Some(found) = Match::find(one) {
            matched(&found, kinds);
        }
    }
}

/// A narrowed command is the operator's own words written again: they must be read as they were.
fn says_the_same_again(one: &Understood, library: &dyn Library) {
    let again = one.invocation.argv();
    // An option that no file lists can be read in more ways once it stands apart. And in front of
    // everything `NAME=value` is an assignment.
    let guessed = one.tool.is_none() || !one.invocation.unlisted.is_empty();
    if guessed || again.first().is_some_and(|word| word.as_bytes().contains(&b'=')) {
        return;
    }
    let Ok(all) = read(&again, library) else { return };
    let facts = |of: &Understood| of.invocation.pieces.iter().map(fact).collect::<Vec<_>>();
    let told = facts(one);
    assert!(all.iter().any(|other| facts(other) == told), "{:?} became {again:?}", one.invocation);
}

/// What a piece says, however it is spelled.
fn fact(piece: &Piece) -> (u8, Vec<OsString>) {
    match piece {
        Piece::Option(given) => {
            let names = given.name.spellings().map(OsString::from);
            (0, names.chain(given.values.iter().cloned()).collect())
        }
        Piece::Operand(word) => (1, vec![word.clone()]),
        Piece::Assignment(word) => (2, vec![word.clone()]),
        Piece::Separator => (3, Vec::new()),
    }
}

fn matched(found: &Match, kinds: &Kinds) {
    let (named, rest) = (found.named(), found.rest());
    let _ = (found.name(), found.effect(), found.kind(), found.wide(), found.unknown());
    assert!(rest.len() <= found.operands().len());
    for blank in found.blanks() {
        let typed = found.operands().contains(&blank.word.as_os_str())
            || found.invocation.options().any(|given| given.values.contains(&blank.word));
        assert!(typed, "{blank:?} is in no word");
    }
    let words = Words::of(found, kinds);
    let scope = words.scope(kinds);
    assert!(scope.count >= words.targets.len().min(1) as u64 || words.targets.iter().all(|t| t.weight == 0));
    let names: Vec<OsString> = named.iter().map(|word| (*word).to_owned()).collect();
    let action = found.action();
    let fill = Fill { targets: &names, target: names.first().map(OsString::as_os_str), ..Fill::default() };
    for template in [&action.list, &action.fleet, &action.preview].into_iter().flatten() {
        let words = found.fill(template, &fill);
        assert!(words.len() <= 4 * (template.words().len() + found.invocation.argv().len() + names.len()));
    }
    let Ok(calls) = calls(found, &words.targets) else { return };
    let mut hit: Vec<usize> = calls.iter().flat_map(|call| call.targets.iter().copied()).collect();
    hit.sort_unstable();
    assert_eq!(hit, (0..words.targets.len()).collect::<Vec<_>>(), "each target is in one call");
}
