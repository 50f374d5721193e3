//! Shell text: read in one pass, followed within bounds, and what guard quotes is read back.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use guard::read::shell::{Input, Known, Word, commands, script};
use guard::ui::escape::quote;

use super::work::{assert_linear, work};

/// More than following any text may allocate, all in all.
const MOST_WORK: u64 = 1 << 30;

/// A shell with a home, one variable and a few files.
struct Somewhere;

impl Known for Somewhere {
    fn variable(&self, name: &str) -> Result<Option<OsString>, String> {
        match name {
            "TWO" => Ok(Some("a b".into())),
            "SECRET" => Err("it is not known".into()),
            _ => Ok(None),
        }
    }

    fn home(&self) -> Option<PathBuf> {
        Some("/home/op".into())
    }

    fn folder(&self, way: &Path) -> Option<PathBuf> {
        Some(Path::new("/work").join(way))
    }

    fn matches(&self, pattern: &[u8], _way: &Path) -> Result<Vec<OsString>, String> {
        Ok(if pattern.contains(&b'*') { vec!["a.log".into(), "b.log".into()] } else { Vec::new() })
    }
}

/// Any bytes as shell text.
pub fn shell_text(bytes: &[u8]) {
    let cost = work(|| {
        let Ok(all) = commands(bytes, &Somewhere, None) else { return };
        assert!(all.some || all.list.is_empty(), "commands of nothing");
        for command in &all.list {
            assert!(command.assignments <= command.words.len());
            let why = |word: &Word| !matches!(word, Word::Unknown { why, .. } if why.is_empty());
            let input = if let Input::Text(text) = &command.input { Some(&**text) } else { None };
            assert!(
                command.words.iter().chain(&command.empties).chain(input).all(why),
                "unknown, and no word why"
            );
        }
    });
    assert!(cost < MOST_WORK, "{} bytes of text cost {cost}", bytes.len());
    quoted_words_come_back(bytes);
    if (1..64).contains(&bytes.len()) && bytes.len().is_multiple_of(8) {
        assert_linear(bytes, |bytes| drop(script(bytes)));
    }
}

/// What guard quotes for a person to paste, guard reads as the same words.
fn quoted_words_come_back(bytes: &[u8]) {
    let words = std::iter::once(OsStr::new("x")).chain(bytes.split(|b| *b == 0).map(OsStr::from_bytes));
    let words: Vec<OsString> = words.map(OsStr::to_owned).collect();
    let Ok(all) = commands(quote(&words).as_bytes(), &Somewhere, None) else {
        panic!("what was quoted can't be read: {}", quote(&words));
    };
    assert_eq!(all.list.len(), 1);
    let told: Vec<Word> = words.into_iter().map(Word::Known).collect();
    assert_eq!(all.list[0].words, told);
}
