//! Follows a script as the shell would, and tells the commands it may run.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use std::rc::Rc;

use super::script::{Assigned, Assignment, Bits, Block, Form, Item, Joint, Redirection, Script};
use super::state::{Ended, Meaning, State, Value};
use super::{Command, Commands, Folder, Input, Known, Unread, Word, braces, reader};

/// More steps than this are not followed: a text can ask for more than there is time for.
const MOST_STEPS: usize = 400_000;

/// Loops over more words than this are not followed one by one.
const MOST_ROUNDS: usize = 1000;

/// Functions, `eval` and `trap` inside one another.
const DEEPEST: usize = 16;

const AGAIN: &str = "it runs again and again, nobody can say how often";
const EACH: &str = "it runs once for each of an unknown number of items";

/// Reads a text and follows it; `arguments` are `$1` and those after it, where they are known.
///
/// # Errors
/// [`Unread`] where the text is no shell text that can be followed.
pub fn commands(text: &[u8], known: &dyn Known, arguments: Option<Vec<Word>>) -> Result<Commands, Unread> {
    let script = reader::script(text)?;
    let mut walk = Walk { known, out: Vec::new(), steps: 0, inside: Vec::new(), printed: HashMap::new() };
    walk.script(&script, &mut State::new(arguments), &Flow::default())?;
    Ok(Commands { alone: is_alone(&script), some: !script.0.is_empty(), list: walk.out })
}

/// Tells whether a script is one plain command and nothing else.
fn is_alone(script: &Script) -> bool {
    let [Item { first, rest, background: false }] = script.0.as_slice() else { return false };
    let [Block { form: Form::Plain { assignments, .. }, redirections }] = first.as_slice() else {
        return false;
    };
    rest.is_empty() && assignments.is_empty() && redirections.is_empty()
}

/// Tells whether a command only leaves out, or turns round, some of the lines that ls prints. Fewer
/// names are never more than all of them.
fn filters(feeder: &[OsString], commands: &[Command]) -> bool {
    let [Command { words, assignments: 0, empties, repeats: None, .. }] = commands else { return false };
    let known = words.iter().map(|word| match word {
        Word::Known(text) => text.to_str(),
        Word::Unknown { .. } => None,
    });
    let Some(words) = known.collect::<Option<Vec<_>>>() else { return false };
    let lists = feeder.first().is_some_and(|program| crate::read::program_name(program) == "ls");
    let Some((program, words)) = words.split_first().filter(|_| lists && empties.is_empty()) else {
        return false;
    };
    let of = |letters: &str, word: &str| {
        word.len() > 1 && word.starts_with('-') && word[1..].chars().all(|c| letters.contains(c))
    };
    let options = words.iter().take_while(|word| word.starts_with('-')).count();
    match *program {
        "grep" | "egrep" | "fgrep" => {
            options + 1 == words.len() && words[..options].iter().all(|word| of("viEFPwxe", word))
        }
        "head" | "tail" => words.iter().all(|word| {
            of("n0123456789", word) || word.bytes().all(|b| b.is_ascii_digit() || b"+-".contains(&b))
        }),
        "sort" => words.iter().all(|word| of("rnuVfghbs", word)),
        "uniq" => words.iter().all(|word| of("udi", word)),
        _ => false,
    }
}

/// The words of a command that feeds the next one, where it is one, and all of them are known.
fn feeding(commands: &[Command]) -> Option<Rc<[OsString]>> {
    let [
        Command {
            words,
            assignments: 0,
            empties,
            folder: Folder::Way(way),
            input: Input::Same,
            repeats: None,
            ..
        },
    ] = commands
    else {
        return None;
    };
    let plain = !words.is_empty() && empties.is_empty() && way.as_os_str().is_empty();
    let known = |word: &Word| match word {
        Word::Known(text) => Some(text.clone()),
        Word::Unknown { .. } => None,
    };
    plain.then(|| words.iter().map(known).collect::<Option<Rc<[OsString]>>>()).flatten()
}

/// What a command is given by what stands around it.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    /// What it reads.
    pub input: Input,
    /// Why nobody can say how often it runs.
    pub repeats: Option<&'static str>,
    /// True where what is around it prints into a file.
    pub writes: bool,
    /// The words of the command that feeds it.
    pub feeder: Option<Rc<[OsString]>>,
}

/// The way through a script.
pub struct Walk<'k> {
    pub(super) known: &'k dyn Known,
    pub(super) out: Vec<Command>,
    pub(super) inside: Vec<String>,
    /// What stands for the output of a command, and the words of that command.
    pub(super) printed: HashMap<OsString, Vec<OsString>>,
    steps: usize,
}

/// What redirections do to a command.
#[derive(Default)]
pub struct Redirected {
    pub(super) empties: Vec<Word>,
    pub(super) input: Option<Input>,
    pub(super) writes: bool,
}

impl Redirected {
    /// What is printed into a file that keeps it: all but the empty devices.
    fn prints(&mut self, file: &Word) {
        let kept = !matches!(file, Word::Known(name) if matches!(name.as_bytes(), b"/dev/null" | b"/dev/stderr" | b"/dev/stdout" | b"/dev/tty"));
        self.writes |= kept;
    }
}

impl Walk<'_> {
    /// Counts what is done; too much is not followed.
    pub fn step(&mut self, cost: usize) -> Result<(), Unread> {
        self.steps = self.steps.saturating_add(cost);
        if self.steps > MOST_STEPS {
            return Err(Unread("asks for more steps than can be followed"));
        }
        Ok(())
    }

    fn copy(&mut self, state: &State) -> Result<State, Unread> {
        self.step(state.weight())?;
        Ok(state.clone())
    }

    /// Follows a list.
    pub fn script(&mut self, script: &Script, state: &mut State, flow: &Flow) -> Result<(), Unread> {
        for item in &script.0 {
            if state.ended != Ended::No {
                return Ok(());
            }
            if item.background {
                let mut apart = self.copy(state)?;
                self.item(item, &mut apart, flow)?;
            } else {
                self.item(item, state, flow)?;
            }
        }
        Ok(())
    }

    /// Follows a list in a shell of its own.
    pub fn apart(&mut self, script: &Script, state: &State, flow: &Flow) -> Result<(), Unread> {
        let mut apart = self.copy(state)?;
        self.script(script, &mut apart, flow)
    }

    fn item(&mut self, item: &Item, state: &mut State, flow: &Flow) -> Result<(), Unread> {
        if item.rest.is_empty() {
            return self.pipeline(&item.first, state, flow);
        }
        let mut before = self.copy(state)?;
        self.pipeline(&item.first, state, flow)?;
        for (joint, pipeline) in &item.rest {
            let reached = self.copy(state)?;
            if *joint == Joint::Or {
                // It runs where the one before failed: how much of that was done is open.
                let failed = State { ended: Ended::No, ..self.copy(state)? };
                *state = before.either(failed);
                before = self.copy(state)?;
                self.pipeline(pipeline, state, flow)?;
                *state = reached.either(self.copy(state)?);
            } else if state.ended == Ended::No {
                self.pipeline(pipeline, state, flow)?;
                if state.ended != Ended::No {
                    *state = reached;
                    continue;
                }
                // Where the one before failed, what it set stays; its `cd` is taken to have worked.
                let folder = state.folder.clone();
                *state = State { folder, ..reached.either(self.copy(state)?) };
            }
        }
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &[Block], state: &mut State, flow: &Flow) -> Result<(), Unread> {
        if let [block] = pipeline {
            return self.block(block, state, flow);
        }
        let mut feeder = None;
        for (at, block) in pipeline.iter().enumerate() {
            let mut apart = self.copy(state)?;
            let piped = Flow { input: Input::Pipe, feeder: feeder.take(), ..flow.clone() };
            let from = self.out.len();
            self.block(block, &mut apart, if at == 0 { flow } else { &piped })?;
            // Only the first of them prints what nothing before it has changed.
            let through = piped.feeder.filter(|argv| filters(argv, &self.out[from..]));
            feeder = if at == 0 { feeding(&self.out[from..]) } else { through };
        }
        Ok(())
    }

    fn redirected(
        &mut self,
        redirections: &[Redirection],
        state: &mut State,
        flow: &Flow,
    ) -> Result<Redirected, Unread> {
        let mut all = Redirected::default();
        for redirection in redirections {
            match redirection {
                Redirection::Empties(word) => {
                    let file = self.one(word, state, flow)?;
                    all.prints(&file);
                    all.empties.push(file);
                }
                Redirection::Writes(word) => {
                    let file = self.one(word, state, flow)?;
                    all.prints(&file);
                }
                Redirection::Reads(word) => {
                    self.one(word, state, flow)?;
                    all.input = Some(Input::File);
                }
                Redirection::Text(text) => {
                    let empty = Bits::new();
                    let word = self.one(text.get().unwrap_or(&empty), state, flow)?;
                    all.input = Some(Input::Text(word.into()));
                }
            }
        }
        Ok(all)
    }

    /// Follows one command.
    pub fn block(&mut self, block: &Block, state: &mut State, flow: &Flow) -> Result<(), Unread> {
        self.step(1)?;
        if let Form::Plain { assignments, words } = &block.form {
            return self.plain(assignments, words, &block.redirections, state, flow);
        }
        let redirected = self.redirected(&block.redirections, state, flow)?;
        let within = Flow {
            input: redirected.input.unwrap_or_else(|| flow.input.clone()),
            writes: flow.writes || redirected.writes,
            ..flow.clone()
        };
        if !redirected.empties.is_empty() {
            self.tell(Vec::new(), 0, redirected.empties, state, &within)?;
        }
        match &block.form {
            Form::Plain { .. } => Ok(()),
            Form::Group(script) => self.script(script, state, &within),
            Form::Subshell(script) => self.apart(script, state, &within),
            Form::If(branches, other) => self.branches(branches, other.as_ref(), state, &within),
            Form::Loop(condition, body) => self.rounds(Some(condition), body, AGAIN, state, &within),
            Form::For(name, words, body) => self.each(name, words.as_deref(), body, state, &within),
            Form::Case(subject, branches) => self.case(subject, branches, state, &within),
            Form::Function(name, body) => {
                state.meanings.insert(name.clone(), Meaning::Function(body.clone()));
                Ok(())
            }
            Form::Test(words) => words.iter().try_for_each(|word| self.computed(word, state, flow)),
        }
    }

    fn branches(
        &mut self,
        branches: &[(Script, Script)],
        other: Option<&Script>,
        state: &mut State,
        flow: &Flow,
    ) -> Result<(), Unread> {
        let mut ends: Option<State> = None;
        for (condition, then) in branches {
            self.script(condition, state, flow)?;
            let mut end = self.copy(state)?;
            self.script(then, &mut end, flow)?;
            ends = Some(if let Some(ends) = ends { ends.either(end) } else { end });
        }
        if let Some(other) = other {
            self.script(other, state, flow)?;
        }
        if let Some(ends) = ends {
            *state = ends.either(self.copy(state)?);
        }
        Ok(())
    }

    fn case(
        &mut self,
        subject: &Bits,
        branches: &[(Vec<Bits>, Script)],
        state: &mut State,
        flow: &Flow,
    ) -> Result<(), Unread> {
        self.one(subject, state, flow)?;
        let mut ends: Option<State> = None;
        let mut whole = false;
        for (patterns, script) in branches {
            patterns.iter().try_for_each(|pattern| self.computed(pattern, state, flow))?;
            whole |= patterns.iter().any(|pattern| reader::literal(pattern).as_deref() == Some("*"));
            let mut end = self.copy(state)?;
            self.script(script, &mut end, flow)?;
            ends = Some(if let Some(ends) = ends { ends.either(end) } else { end });
        }
        if let Some(ends) = ends {
            *state = if whole { ends } else { ends.either(self.copy(state)?) };
        }
        Ok(())
    }

    /// A body that runs nobody knows how often: what a round changes is not known in any round.
    fn rounds(
        &mut self,
        condition: Option<&Script>,
        body: &Script,
        why: &'static str,
        state: &mut State,
        flow: &Flow,
    ) -> Result<(), Unread> {
        let within = Flow { repeats: Some(flow.repeats.unwrap_or(why)), ..flow.clone() };
        loop {
            let from = self.out.len();
            let mut round = self.copy(state)?;
            if let Some(condition) = condition {
                self.script(condition, &mut round, &within)?;
            }
            self.script(body, &mut round, &within)?;
            if round.ended < Ended::Function {
                round.ended = Ended::No;
            }
            let joined = self.copy(state)?.either(round);
            if joined == *state {
                return Ok(());
            }
            *state = joined;
            self.out.truncate(from);
        }
    }

    fn each(
        &mut self,
        name: &str,
        words: Option<&[Bits]>,
        body: &Script,
        state: &mut State,
        flow: &Flow,
    ) -> Result<(), Unread> {
        let mut items = Vec::new();
        match words {
            Some(words) => {
                for word in words {
                    items.extend(self.expanded(word, state, flow)?);
                }
            }
            None => match self.variable("@", state) {
                Value::List(words) => items.extend(words.iter().cloned()),
                Value::One(word) => items.push(word),
            },
        }
        let known = items.iter().all(|item| matches!(item, Word::Known(_)));
        if !known || items.len() > MOST_ROUNDS {
            state.forget(name, &format!("${name} is another item each time"));
            return self.rounds(None, body, EACH, state, flow);
        }
        for item in items {
            state.variables.insert(name.to_owned(), Value::One(item));
            self.script(body, state, flow)?;
            if state.ended == Ended::Round {
                // Whether it was the round or the loop that ended: the next round may run.
                state.ended = Ended::No;
            }
        }
        Ok(())
    }

    /// The words that a word and its braces come to.
    pub fn expanded(&mut self, word: &Bits, state: &mut State, flow: &Flow) -> Result<Vec<Word>, Unread> {
        let mut all = Vec::new();
        for word in braces::expanded(word)? {
            all.extend(self.fields(&word, false, state, flow)?);
        }
        Ok(all)
    }

    fn plain(
        &mut self,
        assignments: &[Assignment],
        words: &[Bits],
        redirections: &[Redirection],
        state: &mut State,
        flow: &Flow,
    ) -> Result<(), Unread> {
        if assignments.is_empty() && self.runs_code(words, state, flow)? {
            return Ok(());
        }
        let mut fields: Vec<Word> = Vec::new();
        for word in words {
            let declared = super::builtins::declares(&fields) && super::builtins::is_assignment(word);
            if declared {
                fields.push(self.one(word, state, flow)?);
            } else {
                fields.extend(self.expanded(word, state, flow)?);
            }
        }
        let redirected = self.redirected(redirections, state, flow)?;
        let mut values = Vec::new();
        for assignment in assignments {
            values.push((assignment.name.clone(), self.assigned(assignment, state, flow)?));
            if words.is_empty() {
                state.variables.extend(values.last().cloned());
            }
        }
        if !words.is_empty() || !redirected.empties.is_empty() {
            self.call(fields, values, redirected, state, flow)?;
        }
        Ok(())
    }

    fn assigned(&mut self, given: &Assignment, state: &mut State, flow: &Flow) -> Result<Value, Unread> {
        match &given.value {
            Assigned::Word(word) => self.one(word, state, flow).map(Value::One),
            Assigned::List(list) => {
                let mut words = Vec::new();
                for word in list {
                    words.extend(self.expanded(word, state, flow)?);
                }
                Ok(Value::List(words.into()))
            }
            Assigned::More(list) => {
                list.iter().try_for_each(|word| self.computed(word, state, flow))?;
                let text = format!("${}", given.name);
                let why = format!("{text} is put together from parts");
                Ok(Value::One(Word::Unknown { text: text.into(), why }))
            }
        }
    }

    /// Tells a command.
    pub fn tell(
        &mut self,
        words: Vec<Word>,
        assignments: usize,
        empties: Vec<Word>,
        state: &State,
        flow: &Flow,
    ) -> Result<(), Unread> {
        self.step(1 + state.exported.len())?;
        let value = |name: &String| match self.variable(name, state) {
            Value::One(word) => Some((name.clone(), word)),
            Value::List(_) => None,
        };
        let exported = state.exported.iter().filter_map(value).collect();
        let (folder, input) = (state.folder.clone(), flow.input.clone());
        let (repeats, writes) = (flow.repeats, flow.writes);
        let printed = if self.printed.is_empty() { Vec::new() } else { self.by_others(&words) };
        let feeder = flow.feeder.as_ref().map(|words| words.to_vec());
        self.out.push(Command {
            words,
            assignments,
            exported,
            empties,
            printed,
            feeder,
            unread: false,
            writes,
            input,
            folder,
            repeats,
        });
        Ok(())
    }

    fn by_others(&self, words: &[Word]) -> Vec<(OsString, Vec<OsString>)> {
        let from = |word: &Word| match word {
            Word::Unknown { text, .. } => self.printed.get_key_value(text),
            Word::Known(_) => None,
        };
        words.iter().filter_map(from).map(|(text, argv)| (text.clone(), argv.clone())).collect()
    }

    /// Goes into a function or a text inside the text.
    pub fn within(
        &mut self,
        name: &str,
        follow: impl FnOnce(&mut Self) -> Result<(), Unread>,
    ) -> Result<(), Unread> {
        if self.inside.len() >= DEEPEST || self.inside.iter().filter(|one| *one == name).count() > 1 {
            return Err(Unread("calls itself, or nests deeper than can be followed"));
        }
        self.inside.push(name.to_owned());
        let done = follow(self);
        self.inside.pop();
        done
    }
}
