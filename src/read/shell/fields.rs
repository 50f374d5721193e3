//! Bits of a word → the words that a shell makes of it: values, splitting, patterns, home folders.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::rc::Rc;

use super::script::{Bit, Bits, With};
use super::state::{State, Value};
use super::walk::{Flow, Walk};
use super::{Folder, Unread, Word};
use crate::tool::{Asked, Glob, is_harmless};

/// A word that is not known is shown up to about this length.
const LONGEST_SHOWN: usize = 4096;

/// A word on its way.
#[derive(Default)]
struct Field {
    bytes: Vec<u8>,
    /// The same with bytes that are no pattern escaped.
    pattern: Vec<u8>,
    /// True where a byte makes a pattern of it.
    special: bool,
    /// True where it is a word even when empty.
    some: bool,
    /// As written.
    shown: Vec<u8>,
    why: Option<String>,
}

impl Field {
    fn literal(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.shown.extend_from_slice(text);
        for byte in text {
            if b"*?[]\\{}".contains(byte) {
                self.pattern.push(b'\\');
            }
            self.pattern.push(*byte);
        }
    }

    fn bare(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.shown.extend_from_slice(text);
        self.pattern.extend_from_slice(text);
        let closes = || text.contains(&b']') || self.bytes.contains(&b'[');
        self.special |= text.iter().any(|b| matches!(b, b'*' | b'?') || *b == b'[' && closes());
        self.some |= !text.is_empty();
    }

    fn unknown(&mut self, shown: &[u8], why: String) {
        // What is not known may be put together from itself again and again.
        if self.shown.len() < LONGEST_SHOWN {
            self.shown.extend_from_slice(shown);
        }
        self.some = true;
        self.why.get_or_insert(why);
    }
}

impl Walk<'_> {
    /// The words that a word comes to; with `whole` it stays one, as in an assignment.
    pub fn fields(
        &mut self,
        word: &Bits,
        whole: bool,
        state: &mut State,
        flow: &Flow,
    ) -> Result<Vec<Word>, Unread> {
        let mut done = Vec::new();
        let mut field = Field::default();
        for (at, bit) in word.iter().enumerate() {
            match bit {
                Bit::Quoted(text) => {
                    field.literal(text);
                    field.some = true;
                }
                Bit::Bare(text) => {
                    let home = (at == 0).then(|| self.home(text, word.len() == 1)).flatten();
                    match home {
                        Some((home, rest)) => {
                            field.literal(&home);
                            field.bare(rest);
                            field.some = true;
                        }
                        None => field.bare(text),
                    }
                }
                Bit::Variable { name, with, quoted } => {
                    // In a name any number will do: no file was there under this one.
                    let name = if name == "$" && word.len() > 1 { "!" } else { name.as_str() };
                    let values = self.values(name, with, state, flow)?;
                    self.put(values, (*quoted, whole), &mut field, &mut done, state)?;
                }
                Bit::Printed(script) => {
                    let printed = self.printed(script, state, flow)?;
                    self.put(vec![printed], (true, whole), &mut field, &mut done, state)?;
                }
                Bit::Pipe(script) => {
                    self.apart(script, state, flow)?;
                    field.literal(b"/dev/fd/63");
                    field.some = true;
                }
                Bit::Computed(inside) => {
                    self.computed(inside, state, flow)?;
                    field.unknown(b"$((...))", "what it computes is not known here".into());
                }
            }
            self.step(field.bytes.len() / 64)?;
        }
        self.finish(field, whole, &mut done, state)?;
        Ok(done)
    }

    /// A word that stays one.
    pub fn one(&mut self, word: &Bits, state: &mut State, flow: &Flow) -> Result<Word, Unread> {
        let words = self.fields(word, true, state, flow)?;
        Ok(words.into_iter().next().unwrap_or_else(|| Word::Known(OsString::new())))
    }

    /// Follows the words in an arithmetic text, and forgets the variables it may set.
    pub fn computed(&mut self, inside: &Bits, state: &mut State, flow: &Flow) -> Result<(), Unread> {
        for bit in inside {
            match bit {
                Bit::Quoted(text) | Bit::Bare(text) => {
                    let sets = text.contains(&b'=') || text.windows(2).any(|w| w == b"++" || w == b"--");
                    let words = text.split(|b| !(b.is_ascii_alphanumeric() || *b == b'_'));
                    for name in words.filter(|w| sets && w.first().is_some_and(|b| !b.is_ascii_digit())) {
                        let name = String::from_utf8_lossy(name);
                        state.forget(&name, &format!("${name} is computed"));
                    }
                }
                other => drop(self.fields(&vec![other.clone()], true, state, flow)?),
            }
        }
        Ok(())
    }

    /// `~` and `~/…`: the home folder, and the rest.
    fn home<'t>(&self, text: &'t [u8], alone: bool) -> Option<(Vec<u8>, &'t [u8])> {
        let rest = text.strip_prefix(b"~")?;
        let fits = rest.starts_with(b"/") || rest.is_empty() && alone;
        let home = self.known.home().filter(|_| fits)?;
        Some((home.into_os_string().into_vec(), rest))
    }

    /// The values of an expansion.
    fn values(
        &mut self,
        name: &str,
        with: &With,
        state: &mut State,
        flow: &Flow,
    ) -> Result<Vec<Word>, Unread> {
        let all = *with == With::All || matches!(name, "@" | "*");
        let set = self.variable(name, state);
        Ok(match with {
            With::Itself | With::All | With::Must(_) => {
                if let With::Must(inside) = with {
                    self.computed(inside, state, flow)?;
                }
                match set {
                    Value::List(words) if all => words.as_ref().clone(),
                    Value::List(words) => words.first().cloned().into_iter().collect(),
                    Value::One(word) => vec![word],
                }
            }
            With::Or(inside) => match set {
                _ if self.unset(name, state) => vec![self.one(inside, state, flow)?],
                Value::One(Word::Known(value)) if !value.is_empty() => vec![Word::Known(value)],
                Value::One(Word::Unknown { text, why }) => {
                    self.one(inside, state, flow)?;
                    vec![Word::Unknown { text, why }]
                }
                _ => vec![self.one(inside, state, flow)?],
            },
            With::Cut { end, longest, what } => {
                let what = self.one(what, state, flow)?;
                match (&set, &what) {
                    (Value::One(Word::Known(value)), Word::Known(what)) => {
                        let (value, what) = (value.as_bytes(), what.as_bytes());
                        // Every part is held against the pattern, and a match may go back to each star.
                        let again = 1 + value.len().min(what.len()) / 16;
                        self.step((value.len().saturating_mul(value.len()) / 256).saturating_mul(again))?;
                        let cut = cut(value, what, *end, *longest);
                        vec![cut.map_or_else(|| made_of(name), |v| Word::Known(OsString::from_vec(v)))]
                    }
                    _ => vec![made_of(name)],
                }
            }
            With::More(inside) => {
                self.computed(inside, state, flow)?;
                vec![made_of(name)]
            }
        })
    }

    /// Tells whether a variable has no value for sure.
    fn unset(&self, name: &str, state: &State) -> bool {
        let number = name.parse::<usize>().ok().filter(|number| *number > 0);
        if let (Some(number), Some(arguments)) = (number, &state.arguments) {
            return number > arguments.len();
        }
        let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let open = state.variables.contains_key(name) || state.blurred.is_some();
        named && !open && matches!(self.known.variable(name), Ok(None))
    }

    /// What a name stands for.
    pub fn variable(&self, name: &str, state: &State) -> Value {
        let unknown = |why: String| Value::One(Word::Unknown { text: format!("${name}").into(), why });
        if let Some(value) = state.variables.get(name) {
            return value.clone();
        }
        let not_known = || format!("${name} is not known here");
        if matches!(name, "@" | "*") {
            return state.arguments.clone().map_or_else(|| unknown(not_known()), Value::List);
        }
        if let Ok(number) = name.parse::<usize>() {
            let word = state.arguments.as_ref().filter(|_| number > 0).map(|all| all.get(number - 1));
            return match word {
                Some(Some(word)) => Value::One(word.clone()),
                Some(None) => unknown(format!("${name} is not given")),
                None => unknown(not_known()),
            };
        }
        if name == "PWD"
            && let Folder::Way(way) = &state.folder
            && let Some(folder) = self.known.folder(way)
        {
            return Value::One(Word::Known(folder.into()));
        }
        let lasting = matches!(name, "HOME" | "USER" | "LOGNAME" | "SHELL");
        if let Some(why) = state.blurred.filter(|_| !lasting) {
            return unknown(format!("${name} is not known: {why}"));
        }
        match self.known.variable(name) {
            Ok(Some(value)) => Value::One(Word::Known(value)),
            Ok(None) => unknown(format!("${name} is not set here")),
            Err(why) => unknown(why),
        }
    }

    /// Puts values into the word; those without quotes are split, and patterns again.
    fn put(
        &mut self,
        values: Vec<Word>,
        (quoted, whole): (bool, bool),
        field: &mut Field,
        done: &mut Vec<Word>,
        state: &State,
    ) -> Result<(), Unread> {
        let many = values.len();
        if quoted && many == 1 {
            field.some = true;
        }
        for (at, value) in values.into_iter().enumerate() {
            match value {
                Word::Unknown { text, why } => field.unknown(text.as_bytes(), why),
                Word::Known(text) if quoted || whole => {
                    field.literal(text.as_bytes());
                    field.some |= !whole;
                }
                Word::Known(text) => self.split(text.as_bytes(), field, done, state)?,
            }
            if at + 1 < many {
                if whole {
                    field.literal(b" ");
                } else {
                    self.finish(std::mem::take(field), false, done, state)?;
                }
            }
        }
        Ok(())
    }

    fn split(
        &mut self,
        text: &[u8],
        field: &mut Field,
        done: &mut Vec<Word>,
        state: &State,
    ) -> Result<(), Unread> {
        if state.variables.contains_key("IFS") {
            field.unknown(text, "IFS is set, so where words end is not known".into());
            return Ok(());
        }
        for (at, part) in text.split(|b| b" \t\n".contains(b)).enumerate() {
            if at > 0 {
                self.finish(std::mem::take(field), false, done, state)?;
            }
            field.bare(part);
        }
        Ok(())
    }

    /// Ends a word: what it stands for, or nothing where it is none.
    fn finish(
        &mut self,
        field: Field,
        whole: bool,
        done: &mut Vec<Word>,
        state: &State,
    ) -> Result<(), Unread> {
        let text = || OsString::from_vec(field.shown.clone());
        if !field.some && !whole {
            return Ok(());
        }
        self.step(1)?;
        if let Some(why) = field.why {
            done.push(Word::Unknown { text: OsString::from_vec(field.shown), why });
            return Ok(());
        }
        if !field.special || whole {
            done.push(Word::Known(OsString::from_vec(field.bytes)));
            return Ok(());
        }
        let matched = match &state.folder {
            Folder::Way(way) => self.known.matches(&field.pattern, way),
            Folder::Unknown(_) if field.bytes.starts_with(b"/") => {
                self.known.matches(&field.pattern, "".as_ref())
            }
            Folder::Unknown(why) => Err(why.clone()),
        };
        match matched {
            Ok(names) if names.is_empty() => done.push(Word::Known(OsString::from_vec(field.bytes))),
            Ok(names) => {
                self.step(names.len())?;
                done.extend(names.into_iter().map(Word::Known));
            }
            Err(why) => done.push(Word::Unknown { text: text(), why }),
        }
        Ok(())
    }

    /// What `$(…)` prints: known for `$(pwd)` alone.
    fn printed(
        &mut self,
        script: &Rc<super::Script>,
        state: &mut State,
        flow: &Flow,
    ) -> Result<Word, Unread> {
        let from = self.out.len();
        self.apart(script, state, flow)?;
        let (words, known): (Vec<OsString>, bool) = match &self.out[from..] {
            [one] => {
                let known = one.words.iter().all(|word| matches!(word, Word::Known(_)));
                (
                    one.words.iter().map(shown).collect(),
                    known && one.assignments == 0 && one.empties.is_empty(),
                )
            }
            _ => (Vec::new(), false),
        };
        if let ([pwd], Folder::Way(way)) = (words.as_slice(), &state.folder)
            && pwd == "pwd"
            && let Some(folder) = self.known.folder(way)
        {
            return Ok(Word::Known(folder.into()));
        }
        if words.first().is_some_and(|word| word == "mktemp") {
            // A name that was free a moment ago: nothing else has it.
            return Ok(Word::Known("/tmp/tmp.XXXXXXXXXX".into()));
        }
        if known
            && self.out[..from].iter().all(leaves_alone)
            && let Folder::Way(way) = &state.folder
            && let Some(word) = self.known.printed(&words, way)
        {
            return Ok(Word::Known(word));
        }
        let inside = crate::ui::escape::shorten(&words.join(" ".as_ref()).to_string_lossy(), 40).into_owned();
        let text = if inside.is_empty() { "$(...)".to_owned() } else { format!("$({inside})") };
        let why = format!("what {text} prints is not known before it runs");
        if known && !words.is_empty() && state.folder == Folder::Way(PathBuf::new()) {
            let told = self.printed.entry(text.clone().into()).or_insert_with(|| words.clone());
            if *told != words {
                // Two that look alike where they are cut short.
                told.clear();
            }
        }
        Ok(Word::Unknown { text: text.into(), why })
    }
}

/// Tells whether a command before leaves what the next one prints as it is: another branch may be
/// checked out by then.
fn leaves_alone(command: &super::Command) -> bool {
    let words: Vec<OsString> = command.words[command.assignments..].iter().map(shown).collect();
    let words: Vec<&std::ffi::OsStr> = words.iter().map(OsString::as_os_str).collect();
    let Some((program, words)) = words.split_first() else { return true };
    let open = command.words.iter().any(|word| matches!(word, Word::Unknown { .. }));
    let records = || {
        let first = words.first().and_then(|word| word.to_str());
        *program == "git" && matches!(first, Some("add" | "commit" | "fetch" | "tag"))
    };
    records() || is_harmless(&Asked { program, words, operands: None, open }, [])
}

/// What is made of a variable in a way that is not followed.
fn made_of(name: &str) -> Word {
    let text = format!("${{{name}...}}").into();
    Word::Unknown { text, why: format!("what is made of ${name} is not followed") }
}

/// `${NAME#…}` and `${NAME%…}`: a value without the part at its start or end that a pattern matches.
fn cut(value: &[u8], what: &[u8], end: bool, longest: bool) -> Option<Vec<u8>> {
    if what.contains(&b'{') {
        // A brace is a brace in a shell's pattern, and begins a choice in a glob.
        return None;
    }
    let pattern = Glob::try_from(std::str::from_utf8(what).ok()?.to_owned()).ok()?;
    let part = |long: &usize| if end { &value[value.len() - long..] } else { &value[..*long] };
    let mut longs = 0..=value.len();
    let fits = |long: &usize| pattern.matches(part(long));
    let long = if longest { longs.rev().find(fits) } else { longs.find(fits) };
    let long = long.unwrap_or(0);
    Some(if end { value[..value.len() - long].to_vec() } else { value[long..].to_vec() })
}

/// A word as it is shown.
pub fn shown(word: &Word) -> OsString {
    match word {
        Word::Known(text) | Word::Unknown { text, .. } => text.clone(),
    }
}
