//! Words → options and operands, by the grammar of a tool file.
//!
//! An option that the tool file does not list is read every way it could be meant (as a switch, as
//! taking the rest of its word, as taking the next word), and each reading comes back: what is
//! judged is the widest of them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::tool::{OptionName, Options, Style, Tool};

use super::invocation::{Form, Given, Piece};
use super::signal::is_signal;

/// More readings than this and the command line counts as not understood.
pub const MOST_READINGS: usize = 32;

/// One way to read the words after the program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// Options, operands and `--`, in the order typed.
    pub pieces: Vec<Piece>,
    /// Options that the tool file does not list, as spelled.
    pub unlisted: Vec<String>,
    /// Where each operand stands among the words.
    pub places: Vec<usize>,
    /// Where the words begin that were left alone: those of the command that a wrapper runs.
    pub left: usize,
}

/// Too many unlisted options to follow every reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyReadings;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arity {
    Switch,
    Equals,
    Value,
    Many,
}

/// A reading that is not finished.
#[derive(Debug, Clone, Default)]
struct State {
    at: usize,
    reading: Reading,
    operands: Vec<OsString>,
    only_operands: bool,
    signal_seen: bool,
    expression: bool,
    global: bool,
}

/// Reads the words after the program every way they could be meant.
pub fn readings(tool: &Tool, words: &[OsString]) -> Result<Vec<Reading>, TooManyReadings> {
    let stop = tool.stop.or(tool.wrapper.as_ref().map(|w| w.skip + 1));
    let assigns = tool.wrapper.as_ref().is_some_and(|w| w.assignments);
    let mut done = Vec::new();
    let mut open = vec![State { global: tool.globals_first, ..State::default() }];
    while let Some(mut state) = open.pop() {
        let mut forks = Vec::new();
        while state.at < words.len() && forks.is_empty() {
            if stop.is_some_and(|n| state.operands.len() >= n) {
                if tool.wrapper.is_some() && tool.stop.is_none() {
                    // It is read for itself; copies for each wrapper around it would add up.
                    break;
                }
                // The command that follows is taken word by word, options and all.
                state.operand(words[state.at].clone());
                continue;
            }
            if unheard_of(tool, &state.operands) {
                // A subcommand that the tool file does not know: what its options mean matters to nobody.
                state.operand(words[state.at].clone());
                continue;
            }
            if assigns && sets_variable(&words[state.at], state.only_operands) {
                state.reading.pieces.push(Piece::Assignment(words[state.at].clone()));
                state.at += 1;
                continue;
            }
            step(tool, words, &mut state, &mut forks);
        }
        if forks.is_empty() {
            done.push(Reading { left: state.at, ..state.reading });
        } else {
            open.extend(forks);
        }
        if open.len() + done.len() > MOST_READINGS {
            return Err(TooManyReadings);
        }
    }
    Ok(done)
}

impl Reading {
    /// Takes the words that were left alone as operands: no command is run that would read them.
    #[must_use]
    pub fn with_rest(mut self, words: &[OsString]) -> Self {
        self.pieces.extend(words[self.left..].iter().cloned().map(Piece::Operand));
        self.places.extend(self.left..words.len());
        Self { left: words.len(), ..self }
    }
}

impl State {
    fn operand(&mut self, word: OsString) {
        self.reading.places.push(self.at);
        self.operands.push(word.clone());
        self.global = false;
        self.reading.pieces.push(Piece::Operand(word));
        self.at += 1;
    }

    fn option(&mut self, name: OptionName, spelled: String, values: Vec<OsString>, form: Form) {
        self.reading.pieces.push(Piece::Option(Given { name, spelled, values, form, global: self.global }));
    }

    fn unlisted(mut self, spelled: String, values: Vec<OsString>, form: Form, words: usize) -> Self {
        self.reading.unlisted.push(spelled.clone());
        self.option(OptionName::unlisted(&spelled), spelled, values, form);
        self.at += words;
        self
    }
}

/// Tells whether a word is `NAME=value`.
pub fn is_assignment(word: &OsStr) -> bool {
    let bytes = word.as_bytes();
    let name = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    name > 0 && !bytes[0].is_ascii_digit() && bytes.get(name) == Some(&b'=')
}

/// Tells whether env or sudo take a word for `NAME=value`: unlike the shell, they take any name.
fn sets_variable(word: &OsStr, only_operands: bool) -> bool {
    let bytes = word.as_bytes();
    let option = !only_operands && bytes.starts_with(b"-");
    !option && bytes.iter().position(|b| *b == b'=').is_some_and(|at| at > 0)
}

/// Reads one word (and what belongs to it) into `state`, or fills `forks` with every way to go on.
fn step(tool: &Tool, words: &[OsString], state: &mut State, forks: &mut Vec<State>) {
    let word = &words[state.at];
    let bytes = word.as_bytes();
    if state.only_operands {
        return state.operand(word.clone());
    }
    match tool.style {
        Style::Find => return find_word(tool, words, state),
        Style::Dd => return dd_word(word, state),
        Style::Gnu | Style::Pflag | Style::Go => {}
    }
    if bytes == b"--" {
        state.only_operands = true;
        state.reading.pieces.push(Piece::Separator);
        state.at += 1;
    } else if bytes == b"-" && find(tool, &state.operands, |s| s == "-").is_some() {
        // To env, a mere `-` is an option; to most tools it is the name of standard input.
        state.option(OptionName::unlisted("-"), "-".into(), Vec::new(), Form::Bare);
        state.at += 1;
    } else if bytes.len() < 2 || bytes[0] != b'-' {
        state.operand(word.clone());
    } else if tool.signal && !state.signal_seen && is_signal(&bytes[1..]) {
        state.signal_seen = true;
        let spelled = word.to_string_lossy().into_owned();
        let listed = find(tool, &state.operands, |s| s == "--signal").map(|(name, _)| name);
        let name = listed.unwrap_or_else(|| OptionName::unlisted("-SIGNAL"));
        let value = OsString::from(&spelled[1..]);
        state.option(name, spelled, vec![value], Form::Bare);
        state.at += 1;
    } else if tool.signal && bytes[1..].iter().all(u8::is_ascii_digit) {
        // After the signal, `-1` and `-1234` are processes: everyone, and a group.
        state.operand(word.clone());
    } else if tool.style == Style::Go || bytes.starts_with(b"--") {
        long(tool, words, state, forks);
    } else {
        short(tool, words, state, forks);
    }
}

/// Tells whether a tool with other options after its subcommand has no table for this one.
fn unheard_of(tool: &Tool, operands: &[OsString]) -> bool {
    if !tool.globals_first || operands.is_empty() {
        return false;
    }
    let known = |key: &String| key.split(' ').zip(operands).all(|(known, word)| OsStr::new(known) == word);
    !tool.commands.keys().any(known)
}

/// The option tables that hold at this place, the subcommand's first.
fn tables<'t>(tool: &'t Tool, operands: &[OsString]) -> impl Iterator<Item = &'t Options> {
    let mut path = String::new();
    let mut own = Vec::new();
    for operand in operands.iter().take(3) {
        let Some(word) = operand.to_str() else { break };
        if !path.is_empty() {
            path.push(' ');
        }
        path.push_str(word);
        own.extend(tool.commands.get(&path));
    }
    let globals = !tool.globals_first || operands.is_empty();
    own.into_iter().rev().chain(globals.then_some(&tool.options))
}

/// Finds an option by a test on its spelling.
fn find(tool: &Tool, operands: &[OsString], hit: impl Fn(&str) -> bool) -> Option<(OptionName, Arity)> {
    for table in tables(tool, operands) {
        let lists = [
            (&table.switch, Arity::Switch),
            (&table.value, Arity::Value),
            (&table.equals, Arity::Equals),
            (&table.many, Arity::Many),
        ];
        for (list, arity) in lists {
            if let Some(name) = list.iter().find(|name| name.spellings().any(&hit)) {
                return Some((name.clone(), arity));
            }
        }
    }
    None
}

/// Finds a long option by its name, or (gnu) by the start of its name where that is unambiguous.
fn find_long(tool: &Tool, operands: &[OsString], spelled: &str) -> Option<(OptionName, Arity, String)> {
    if let Some((name, arity)) = find(tool, operands, |s| s == spelled) {
        return Some((name, arity, spelled.to_owned()));
    }
    if tool.style == Style::Go {
        // Go takes one dash or two.
        let other = spelled
            .strip_prefix('-')
            .filter(|s| s.starts_with('-'))
            .map_or(format!("-{spelled}"), str::to_owned);
        return find(tool, operands, |s| s == other).map(|(name, arity)| (name, arity, other));
    }
    if tool.style == Style::Pflag && spelled[2..].contains('_') {
        // kubectl takes `--all_namespaces` for `--all-namespaces`, with a warning.
        let other = spelled.replace('_', "-");
        return find(tool, operands, |s| s == other).map(|(name, arity)| (name, arity, other));
    }
    if tool.style != Style::Gnu || spelled.len() < 3 {
        return None;
    }
    if let Some(rest) = spelled.strip_prefix("--no-")
        && let Some((name, Arity::Switch | Arity::Equals)) =
            find(tool, operands, |s| s == format!("--{rest}"))
    {
        return Some((name, Arity::Switch, spelled.to_owned()));
    }
    let mut hits: Vec<(OptionName, Arity, String)> = Vec::new();
    for table in tables(tool, operands) {
        for (list, arity) in [
            (&table.switch, Arity::Switch),
            (&table.value, Arity::Value),
            (&table.equals, Arity::Equals),
            (&table.many, Arity::Many),
        ] {
            for name in list {
                if let Some(full) = name.spellings().find(|s| s.starts_with("--") && s.starts_with(spelled)) {
                    hits.push((name.clone(), arity, full.to_owned()));
                }
            }
        }
    }
    hits.dedup_by(|a, b| a.0.same(&b.0));
    if hits.len() == 1 { hits.pop() } else { None }
}

/// Reads `--name`, `--name=value`, `--name value` (and Go's `-name`).
fn long(tool: &Tool, words: &[OsString], state: &mut State, forks: &mut Vec<State>) {
    let bytes = words[state.at].as_bytes();
    let equals = bytes.iter().position(|b| *b == b'=');
    let (name, value) = match equals {
        Some(at) => (&bytes[..at], Some(OsStr::from_bytes(&bytes[at + 1..]).to_owned())),
        None => (bytes, None),
    };
    let spelled = String::from_utf8_lossy(name).into_owned();
    let next = words.get(state.at + 1).cloned();
    match (find_long(tool, &state.operands, &spelled), value) {
        (Some((name, arity, full)), Some(value)) => {
            state.option(name, full, vec![value], equals_form(arity));
            state.at += 1;
        }
        (Some((name, Arity::Switch | Arity::Equals, full)), None) => {
            state.option(name, full, Vec::new(), Form::Bare);
            state.at += 1;
        }
        (Some((name, Arity::Value, full)), None) => {
            state.at += 1 + usize::from(next.is_some());
            state.option(name, full, next.into_iter().collect(), Form::Separate);
        }
        (Some((name, Arity::Many, full)), None) => {
            let values = upto_next_option(&words[state.at + 1..]);
            state.at += 1 + values.len();
            state.option(name, full, values, Form::Separate);
        }
        (None, Some(value)) => {
            *state = std::mem::take(state).unlisted(spelled, vec![value], Form::Equals, 1);
        }
        (None, None) if tool.many_after.is_some_and(|n| state.operands.len() >= n) => {
            let values = upto_next_option(&words[state.at + 1..]);
            let form = if values.is_empty() { Form::Bare } else { Form::Separate };
            let took = values.len() + 1;
            *state = std::mem::take(state).unlisted(spelled, values, form, took);
        }
        (None, None) => fork_unlisted(state, spelled, next, forks),
    }
}

/// The words that an option for many values takes.
fn upto_next_option(words: &[OsString]) -> Vec<OsString> {
    words.iter().take_while(|w| !w.as_bytes().starts_with(b"-")).cloned().collect()
}

/// An unlisted option before another word: a switch, or taking that word.
fn fork_unlisted(state: &mut State, spelled: String, next: Option<OsString>, forks: &mut Vec<State>) {
    match next {
        Some(next) if !next.as_bytes().starts_with(b"-") => {
            forks.push(state.clone().unlisted(spelled.clone(), Vec::new(), Form::Bare, 1));
            forks.push(state.clone().unlisted(spelled, vec![next], Form::Separate, 2));
        }
        _ => *state = std::mem::take(state).unlisted(spelled, Vec::new(), Form::Bare, 1),
    }
}

/// Reads a word of bundled short options.
fn short(tool: &Tool, words: &[OsString], state: &mut State, forks: &mut Vec<State>) {
    // Some tools have long options with one dash among short ones (`-delete`); a whole-word match wins.
    let word = words[state.at].as_bytes();
    if let Some((name, arity)) =
        std::str::from_utf8(word).ok().and_then(|w| find(tool, &state.operands, |s| s == w))
    {
        return short_found(words, state, name, arity, word, word.len());
    }
    if let Some(at) = bundle(tool, words, state, 1) {
        short_unlisted(tool, words, state, forks, at);
    }
}

/// Reads the letters of a bundle from `at` on, up to one that is not listed, and returns its place;
/// `None` when the word is read through.
fn bundle(tool: &Tool, words: &[OsString], state: &mut State, mut at: usize) -> Option<usize> {
    let word = words[state.at].as_bytes();
    while at < word.len() {
        let spelled = letter(word, at);
        // `-n=` alone is the namespace `=`: pflag looks for more behind it.
        if tool.style == Style::Pflag && word.get(at + 1) == Some(&b'=') && word.len() > at + 2 {
            short_equals(tool, words, state, spelled, at + 2);
            return None;
        }
        match find(tool, &state.operands, |s| s == spelled) {
            Some((name, Arity::Switch)) => {
                state.option(name, spelled, Vec::new(), Form::Bare);
                at += 1;
            }
            Some((name, arity)) => {
                short_found(words, state, name, arity, spelled.as_bytes(), at + 1);
                return None;
            }
            None => return Some(at),
        }
    }
    state.at += 1;
    None
}

/// The option that a letter of a bundle stands for.
fn letter(word: &[u8], at: usize) -> String {
    format!("-{}", char::from(word[at]))
}

fn equals_form(arity: Arity) -> Form {
    if arity == Arity::Switch { Form::OnOff } else { Form::Equals }
}

/// Style pflag: `-n=x`, also at the end of a bundle, and `-A=false`.
fn short_equals(tool: &Tool, words: &[OsString], state: &mut State, spelled: String, rest: usize) {
    let value = OsStr::from_bytes(&words[state.at].as_bytes()[rest..]).to_owned();
    match find(tool, &state.operands, |s| s == spelled) {
        Some((name, arity)) => {
            state.option(name, spelled, vec![value], equals_form(arity));
            state.at += 1;
        }
        None => *state = std::mem::take(state).unlisted(spelled, vec![value], Form::Equals, 1),
    }
}

/// A short option that may take a value: the rest of its word from `rest` on, else the next word.
fn short_found(
    words: &[OsString],
    state: &mut State,
    name: OptionName,
    arity: Arity,
    spelled: &[u8],
    rest: usize,
) {
    let word = words[state.at].as_bytes();
    let spelled = String::from_utf8_lossy(spelled).into_owned();
    let attached = word.get(rest..).filter(|r| !r.is_empty());
    match (arity, attached) {
        (Arity::Switch, _) => {
            state.option(name, spelled, Vec::new(), Form::Bare);
            state.at += 1;
        }
        (_, Some(value)) => {
            let value = OsStr::from_bytes(value).to_owned();
            state.option(name, spelled, vec![value], Form::Attached);
            state.at += 1;
        }
        (Arity::Equals, None) => {
            state.option(name, spelled, Vec::new(), Form::Bare);
            state.at += 1;
        }
        (Arity::Value, None) => {
            let next = words.get(state.at + 1).cloned();
            state.at += 1 + usize::from(next.is_some());
            state.option(name, spelled, next.into_iter().collect(), Form::Separate);
        }
        (Arity::Many, None) => {
            let values = upto_next_option(&words[state.at + 1..]);
            state.at += 1 + values.len();
            state.option(name, spelled, values, Form::Separate);
        }
    }
}

/// An unlisted letter in a bundle: a switch (and the rest are options, unlisted ones among them
/// switches), or taking the rest of the word, or, at its end, taking the next word.
fn short_unlisted(tool: &Tool, words: &[OsString], state: &mut State, forks: &mut Vec<State>, at: usize) {
    let word = words[state.at].as_bytes();
    let after = &word[at + 1..];
    if after.is_empty() {
        return fork_unlisted(state, letter(word, at), words.get(state.at + 1).cloned(), forks);
    }
    let value = OsStr::from_bytes(after).to_owned();
    forks.push(state.clone().unlisted(letter(word, at), vec![value], Form::Attached, 1));
    let mut switches = state.clone();
    let mut place = Some(at);
    while let Some(at) = place {
        switches = switches.unlisted(letter(word, at), Vec::new(), Form::Bare, 0);
        place = bundle(tool, words, &mut switches, at + 1);
    }
    forks.push(switches);
}

/// Style find: options and paths first, then predicates with their values.
fn find_word(tool: &Tool, words: &[OsString], state: &mut State) {
    let word = &words[state.at];
    let bytes = word.as_bytes();
    let starts = bytes.len() > 1 && bytes[0] == b'-' || matches!(bytes, b"(" | b"!" | b")" | b",");
    // `-H -L -P -D help -O3` and `--` stand before the paths, whatever else begins with a dash after.
    let leading = !state.expression
        && (matches!(bytes, b"-H" | b"-L" | b"-P" | b"-D" | b"--") || bytes.starts_with(b"-O"));
    state.expression |= starts && !leading;
    if leading && bytes.starts_with(b"-O") {
        state.option(OptionName::unlisted("-O"), word.to_string_lossy().into_owned(), Vec::new(), Form::Bare);
        state.at += 1;
        return;
    }
    let Some((name, arity)) = word.to_str().and_then(|w| find(tool, &[], |s| s == w)) else {
        if !starts && !state.expression {
            return state.operand(word.clone());
        }
        // A predicate that the tool file does not list: as a switch; a word after it that is no
        // predicate is its value.
        let spelled = word.to_string_lossy().into_owned();
        if starts {
            if bytes[0] == b'-' {
                state.reading.unlisted.push(spelled.clone());
            }
            state.option(OptionName::unlisted(&spelled), spelled, Vec::new(), Form::Bare);
        } else if let Some(Piece::Option(last)) = state.reading.pieces.last_mut() {
            last.values.push(word.clone());
            last.form = Form::Separate;
        }
        state.at += 1;
        return;
    };
    let spelled = word.to_string_lossy().into_owned();
    let rest = &words[state.at + 1..];
    let values: Vec<OsString> = match arity {
        Arity::Switch | Arity::Equals => Vec::new(),
        Arity::Value => rest.iter().take(1).cloned().collect(),
        Arity::Many => {
            let end = (0..rest.len()).find(|at| ends_exec(rest, *at)).map_or(rest.len(), |at| at + 1);
            rest[..end].to_vec()
        }
    };
    state.at += 1 + values.len();
    let form = if values.is_empty() { Form::Bare } else { Form::Separate };
    state.option(name, spelled, values, form);
}

/// Tells whether the word at `at` ends the command of `find -exec`: `;`, or `+` right after `{}`.
fn ends_exec(words: &[OsString], at: usize) -> bool {
    match words[at].as_bytes() {
        b";" => true,
        b"+" => at > 0 && words[at - 1].as_bytes() == b"{}",
        _ => false,
    }
}

/// Style dd: `key=value` is an option, anything else an operand.
fn dd_word(word: &OsStr, state: &mut State) {
    let bytes = word.as_bytes();
    match bytes.iter().position(|b| *b == b'=') {
        Some(at) if at > 0 && !bytes.starts_with(b"-") => {
            let key = String::from_utf8_lossy(&bytes[..at]).into_owned();
            let value = OsString::from_vec(bytes[at + 1..].to_vec());
            state.option(OptionName::unlisted(&key), key, vec![value], Form::Equals);
            state.at += 1;
        }
        _ => state.operand(word.to_owned()),
    }
}
