//! Calls: functions of the text, and the shell's own commands that change what comes after them.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::rc::Rc;

use super::fields::shown;
use super::script::{Bit, Bits};
use super::state::{Ended, Meaning, State, Value};
use super::walk::{Flow, Redirected, Walk};
use super::{Folder, Input, Unread, Word, reader};
use crate::tool::prints_code;

/// Builtins whose operands are assignments.
const DECLARING: [&str; 5] = ["export", "declare", "typeset", "local", "readonly"];

/// Tells whether the first word is a builtin that takes assignments.
pub fn declares(words: &[Word]) -> bool {
    words.first().and_then(text).is_some_and(|name| DECLARING.contains(&name))
}

/// Tells whether a word begins with `NAME=`.
pub fn is_assignment(word: &Bits) -> bool {
    let Some(Bit::Bare(text)) = word.first() else { return false };
    let name = text.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    name > 0 && text.get(name) == Some(&b'=')
}

fn text(word: &Word) -> Option<&str> {
    match word {
        Word::Known(text) => text.to_str(),
        Word::Unknown { .. } => None,
    }
}

fn unknown(words: &[Word]) -> Option<(&OsString, &String)> {
    words.iter().find_map(|word| match word {
        Word::Unknown { text, why } => Some((text, why)),
        Word::Known(_) => None,
    })
}

impl Walk<'_> {
    /// A command with its words: told, or followed where it is a function or changes the shell.
    pub fn call(
        &mut self,
        mut words: Vec<Word>,
        assigned: Vec<(String, Value)>,
        redirected: Redirected,
        state: &mut State,
        flow: &Flow,
    ) -> Result<(), Unread> {
        let flow = Flow {
            input: redirected.input.unwrap_or_else(|| flow.input.clone()),
            writes: flow.writes || redirected.writes,
            ..flow.clone()
        };
        let mut function = true;
        let mut replaces = false;
        loop {
            let first = words.first().and_then(text);
            let next = words.get(1).and_then(text);
            match (first, next) {
                (Some("command"), Some("-v" | "-V" | "-pv" | "-pV")) | (Some("exec"), None) => break,
                (Some("command" | "builtin" | "exec"), Some("-p" | "--" | "-l" | "-c")) => {
                    words.remove(1);
                }
                (Some("exec"), Some("-a")) if words.len() > 2 => drop(words.drain(1..3)),
                (Some(name @ ("command" | "builtin" | "exec")), Some(_)) => {
                    replaces |= name == "exec";
                    function = false;
                    words.remove(0);
                    self.step(words.len())?;
                }
                _ => break,
            }
        }
        let name = words.first().and_then(text).unwrap_or_default().to_owned();
        match state.meanings.get(&name).filter(|_| function && !name.is_empty()).cloned() {
            Some(Meaning::Function(body)) => {
                if !redirected.empties.is_empty() {
                    self.tell(Vec::new(), 0, redirected.empties, state, &flow)?;
                }
                return self.function(&name, &body, &words[1..], state, &flow);
            }
            Some(Meaning::Unknown) => {
                let why = format!("what {name} means here is not known");
                words[0] = Word::Unknown { text: name.into(), why };
                return self.tell(words, 0, redirected.empties, state, &flow);
            }
            None => {}
        }
        if name == "eval" && words.len() > 1 {
            return self.eval(&words[1..], state, &flow);
        }
        let (assignments, told) = with_assignments(&assigned, &words);
        self.tell(told, assignments, redirected.empties, state, &flow)?;
        self.builtin(&name, words.get(1..).unwrap_or_default(), state, &flow)?;
        if replaces {
            state.ended = Ended::Shell;
        }
        Ok(())
    }

    fn function(
        &mut self,
        name: &str,
        body: &super::script::Block,
        words: &[Word],
        state: &mut State,
        flow: &Flow,
    ) -> Result<(), Unread> {
        let outer = state.arguments.replace(Rc::new(words.to_vec()));
        self.within(name, |walk| walk.block(body, state, flow))?;
        state.arguments = outer;
        if state.ended < Ended::Shell {
            state.ended = Ended::No;
        }
        Ok(())
    }

    /// `eval "$(ssh-agent -s)"`: what a program prints for a shell to run can't be read, and is not
    /// refused for that. What it starts is judged as it starts, where shims are on.
    pub fn runs_code(&mut self, words: &[Bits], state: &mut State, flow: &Flow) -> Result<bool, Unread> {
        let [name, code] = words else { return Ok(false) };
        let told = |bit: &&Bit| !matches!(bit, Bit::Quoted(text) if text.is_empty());
        let bits: Vec<&Bit> = code.iter().filter(told).collect();
        let script = match (reader::literal(name).as_deref(), bits.as_slice()) {
            (Some("eval"), [Bit::Printed(script)]) => script,
            _ => return Ok(false),
        };
        let from = self.out.len();
        self.apart(script, state, flow)?;
        let code = match &self.out[from..] {
            [one] if one.words.iter().all(|word| text(word).is_some()) => {
                let words: Vec<&std::ffi::OsStr> =
                    one.words.iter().filter_map(text).map(AsRef::as_ref).collect();
                words.split_first().is_some_and(|(program, words)| prints_code(program, words))
            }
            _ => false,
        };
        if code {
            self.out[from].unread = true;
            state.blurred = Some("what was evaluated may have set it");
        } else {
            self.out.truncate(from);
        }
        Ok(code)
    }

    fn eval(&mut self, words: &[Word], state: &mut State, flow: &Flow) -> Result<(), Unread> {
        let joined = words.iter().map(shown).collect::<Vec<_>>().join(" ".as_ref());
        if let Some((_, why)) = unknown(words) {
            let word = Word::Unknown { text: joined, why: why.clone() };
            return self.tell(vec![word], 0, Vec::new(), state, flow);
        }
        let script = reader::script(joined.as_bytes())?;
        self.within("eval", |walk| walk.script(&script, state, flow))
    }

    fn builtin(&mut self, name: &str, words: &[Word], state: &mut State, flow: &Flow) -> Result<(), Unread> {
        match name {
            "cd" | "pushd" | "popd" => state.folder = self.moved(name, words, &state.folder),
            "exit" => state.ended = Ended::Shell,
            "return" => state.ended = Ended::Function,
            "break" | "continue" => state.ended = Ended::Round,
            "source" | "." => {
                state.blurred = Some("a file that was read in may have set it");
            }
            "unset" | "read" | "mapfile" | "readarray" | "getopts" | "let" => {
                for name in words.iter().filter_map(text) {
                    let name = name.split(['=', '+', '-']).next().unwrap_or_default();
                    state.forget(name, &format!("${name} is not known before it runs"));
                    if state.meanings.contains_key(name) {
                        state.meanings.insert(name.to_owned(), Meaning::Unknown);
                    }
                }
                ["REPLY", "MAPFILE"].iter().for_each(|name| state.forget(name, "it is read while it runs"));
            }
            "printf" if words.first().and_then(text) == Some("-v") => {
                if let Some(name) = words.get(1).and_then(text) {
                    state.forget(name, &format!("${name} is printed into"));
                }
            }
            "set" => set(words, state),
            "shift" => {
                let by = words.first().and_then(text).map_or(Some(1), |by| by.parse::<usize>().ok());
                state.arguments =
                    by.and_then(|by| Some(state.arguments.as_ref()?.get(by..)?.to_vec().into()));
            }
            "alias" => {
                for (name, _) in words.iter().filter_map(text).filter_map(|word| word.split_once('=')) {
                    state.meanings.insert(name.to_owned(), Meaning::Unknown);
                }
            }
            "trap" => return self.trap(words, state, flow),
            name if DECLARING.contains(&name) => declare(name, words, state),
            _ => {}
        }
        Ok(())
    }

    /// A text that runs later, in whatever state that is then.
    fn trap(&mut self, words: &[Word], state: &State, flow: &Flow) -> Result<(), Unread> {
        match words.iter().find(|word| text(word) != Some("--")) {
            Some(Word::Known(text)) if words.len() > 1 && !matches!(text.as_bytes(), b"" | b"-") => {
                let script = reader::script(text.as_bytes())?;
                self.within("trap", |walk| walk.apart(&script, state, flow))
            }
            Some(word @ Word::Unknown { .. }) => self.tell(vec![word.clone()], 0, Vec::new(), state, flow),
            _ => Ok(()),
        }
    }

    /// The folder after `cd`, which is taken to work.
    fn moved(&self, name: &str, words: &[Word], folder: &Folder) -> Folder {
        let mut words = words.iter().filter(|word| !matches!(text(word), Some("-P" | "-L" | "-e" | "--")));
        let to = match (name, words.next()) {
            ("cd", None) => self.known.home().ok_or_else(|| "the home folder is not known".to_owned()),
            ("cd" | "pushd", Some(Word::Known(to))) if !to.as_bytes().starts_with(b"-") => {
                Ok(PathBuf::from(to))
            }
            (_, Some(Word::Unknown { why, .. })) => Err(why.clone()),
            _ => Err("it changes to a folder that it does not name".into()),
        };
        match (to, folder) {
            (Ok(to), _) if to.is_absolute() => Folder::Way(to),
            (Ok(to), Folder::Way(way)) => Folder::Way(way.join(to)),
            (Ok(_), Folder::Unknown(why)) => Folder::Unknown(why.clone()),
            (Err(why), _) => Folder::Unknown(why),
        }
    }
}

/// Assignments in front as words, and how many they are.
fn with_assignments(assigned: &[(String, Value)], words: &[Word]) -> (usize, Vec<Word>) {
    let mut all = Vec::new();
    for (name, value) in assigned {
        let front = |text: &OsString| {
            let mut word = OsString::from(format!("{name}="));
            word.push(text);
            word
        };
        match value {
            Value::One(Word::Known(text)) => all.push(Word::Known(front(text))),
            Value::One(Word::Unknown { text, why }) => {
                all.push(Word::Unknown { text: front(text), why: why.clone() });
            }
            Value::List(_) => {}
        }
    }
    let count = all.len();
    all.extend_from_slice(words);
    (count, all)
}

/// `set -- words`: the positional parameters.
fn set(words: &[Word], state: &mut State) {
    let option = |word: &Word| text(word).is_some_and(|w| w.starts_with(['-', '+']) && w != "--");
    let options = words.iter().take_while(|word| option(word)).count();
    let rest = &words[options..];
    match rest.first() {
        Some(first) if text(first) == Some("--") => state.arguments = Some(rest[1..].to_vec().into()),
        // `set -o pipefail`
        Some(_) if options > 0 => {}
        Some(_) => state.arguments = Some(rest.to_vec().into()),
        None => {}
    }
}

fn declare(builtin: &str, words: &[Word], state: &mut State) {
    let exports = builtin == "export" || words.iter().filter_map(text).any(|w| w.starts_with("-x"));
    for word in words {
        let shown = shown(word);
        let whole = shown.as_bytes();
        if whole.starts_with(b"-") {
            continue;
        }
        let equals = whole.iter().position(|byte| *byte == b'=');
        let name = String::from_utf8_lossy(&whole[..equals.unwrap_or(whole.len())]).into_owned();
        if let Some(equals) = equals {
            let value = match word {
                Word::Known(text) => {
                    Word::Known(std::ffi::OsStr::from_bytes(&text.as_bytes()[equals + 1..]).to_owned())
                }
                Word::Unknown { why, .. } => {
                    Word::Unknown { text: format!("${name}").into(), why: why.clone() }
                }
            };
            state.variables.insert(name.clone(), Value::One(value));
        }
        if exports && !name.is_empty() {
            state.exported.insert(name);
        }
    }
}

impl Input {
    /// True where nobody can say what is read.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Pipe => true,
            Self::Text(word) => matches!(word.as_ref(), Word::Unknown { .. }),
            Self::Same | Self::File => false,
        }
    }
}
