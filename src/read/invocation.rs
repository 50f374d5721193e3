//! The invocation: a command line as read by its tool's grammar.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::tool::{Alternative, Condition, OperandRange, OptionName, Style};
use crate::ui::escape::quote;

/// How an option was written, so that it can be written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Without a value.
    Bare,
    /// The value is the next word, or the next words.
    Separate,
    /// The value follows in the same word.
    Attached,
    /// The value follows after `=`.
    Equals,
    /// A switch with `=true` or `=false`.
    OnOff,
}

/// An option as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Every spelling of it, from the tool file.
    pub name: OptionName,
    /// The spelling used, shortened long options written out.
    pub spelled: String,
    /// Its values: none, one, or many.
    pub values: Vec<OsString>,
    /// How it was written.
    pub form: Form,
    /// True for an option of the tool itself, before the subcommand of a tool that has other
    /// options after it (`git -C` and `git branch -C`).
    pub global: bool,
}

impl Given {
    /// Returns the words that say the same again.
    pub fn words(&self) -> Vec<OsString> {
        let spelled = OsString::from(&self.spelled);
        let joined = |between: &str| {
            let mut word = spelled.clone();
            word.push(between);
            word.push(self.values.first().map_or(OsStr::new(""), OsString::as_os_str));
            vec![word]
        };
        match self.form {
            Form::Bare => vec![spelled],
            Form::Attached => joined(""),
            Form::Equals | Form::OnOff => joined("="),
            Form::Separate => std::iter::once(spelled.clone()).chain(self.values.iter().cloned()).collect(),
        }
    }

    /// True for a switch written as `--all=false` or `--no-all`, which says that it is absent.
    fn switched_off(&self) -> bool {
        if self.spelled.starts_with("--no-") && !self.name.has(&self.spelled) {
            return true;
        }
        self.form == Form::OnOff
            && self
                .values
                .first()
                .is_some_and(|v| matches!(v.as_bytes(), b"false" | b"0" | b"f" | b"F" | b"FALSE" | b"False"))
    }
}

/// One piece of an invocation, in the order typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// An option with its values.
    Option(Given),
    /// A word that is no option; the subcommand path is made of the first ones.
    Operand(OsString),
    /// A `NAME=value` word before the command of a wrapper.
    Assignment(OsString),
    /// The word `--`.
    Separator,
}

/// A command that runs another one, peeled off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapper {
    /// Its name (`sudo`).
    pub tool: String,
    /// Its words up to the command it runs.
    pub words: Vec<OsString>,
    /// The same for a listing, which wants no terminal.
    pub listing: Vec<OsString>,
    /// True where it changes who or where, so that listings go through it as well.
    pub carries: bool,
    /// True where what it runs does not see this host's files and processes.
    pub elsewhere: bool,
    /// Elsewhere: the name of that place.
    pub place: String,
    /// True where it joins the words of what it runs and gives them to a shell.
    pub shell: bool,
    /// True where it adds words to what it runs that nobody has seen.
    pub adds: bool,
    /// True where its text holds more than the command that it is around.
    pub more: bool,
    /// `NAME=value` words that it puts into the environment.
    pub assignments: Vec<OsString>,
    /// The folder that it leads to, as typed, until that is followed.
    pub folder: Option<OsString>,
}

/// A command line as read by its tool's grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The commands around it, outermost first.
    pub wrappers: Vec<Wrapper>,
    /// The program as typed.
    pub program: OsString,
    /// Options, operands and `--`, in the order typed.
    pub pieces: Vec<Piece>,
    /// Options that the tool file does not list, as spelled.
    pub unlisted: Vec<String>,
    /// How the tool writes its options.
    pub style: Style,
}

impl Invocation {
    /// Iterates over the operands, the subcommand path included.
    pub fn words(&self) -> impl Iterator<Item = &OsStr> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Operand(word) => Some(word.as_os_str()),
            _ => None,
        })
    }

    /// Returns the operands after a subcommand path of `depth` words.
    pub fn operands(&self, depth: usize) -> Vec<&OsStr> {
        self.words().skip(depth).collect()
    }

    /// Iterates over the options as given.
    pub fn options(&self) -> impl Iterator<Item = &Given> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Option(given) => Some(given),
            _ => None,
        })
    }

    /// Returns the last occurrence of an option, unless that switches it off.
    pub fn option(&self, name: &OptionName) -> Option<&Given> {
        self.options().filter(|given| given.name.same(name)).last().filter(|given| !given.switched_off())
    }

    /// Returns the last value of an option.
    pub fn value(&self, name: &OptionName) -> Option<&OsStr> {
        self.option(name).and_then(|given| given.values.last()).map(OsString::as_os_str)
    }

    /// Returns how many operands stand before the first `--`; `None` where there is none.
    fn separator(&self) -> Option<usize> {
        let at = self.pieces.iter().position(|piece| matches!(piece, Piece::Separator))?;
        Some(self.pieces[..at].iter().filter(|piece| matches!(piece, Piece::Operand(_))).count())
    }

    /// Tells whether a condition holds, with operands counted after a path of `depth` words.
    pub fn holds(&self, condition: &Condition, depth: usize) -> bool {
        condition.any.iter().any(|a| self.one_holds(a, depth)) != condition.absent
    }

    /// Returns the last occurrence of an option of the subcommand.
    fn own(&self, name: &OptionName) -> Option<&Given> {
        self.options().filter(|given| !given.global && given.name.same(name)).last()
    }

    fn one_holds(&self, alternative: &Alternative, depth: usize) -> bool {
        match alternative {
            Alternative::Option(name, None) => self.own(name).is_some_and(|given| !given.switched_off()),
            Alternative::Option(name, Some(glob)) => {
                self.own(name).is_some_and(|given| match given.values.last() {
                    Some(value) => glob.matches(value.as_bytes()),
                    None => glob.matches(b""),
                })
            }
            Alternative::AnyValue(name, glob) => self
                .options()
                .filter(|given| !given.global && given.name.same(name))
                .any(|given| given.values.iter().any(|value| glob.matches(value.as_bytes()))),
            Alternative::Times(name, times) => {
                self.options().filter(|given| !given.global && given.name.same(name)).count() > *times
            }
            Alternative::Before(glob) => {
                let end = self.separator().unwrap_or(usize::MAX).saturating_sub(depth);
                let operands = self.operands(depth);
                operands.iter().take(end).any(|w| glob.as_ref().is_none_or(|g| g.matches(w.as_bytes())))
            }
            Alternative::After(glob) => {
                let start = self.separator().unwrap_or(usize::MAX);
                self.words().skip(start).any(|w| glob.as_ref().is_none_or(|g| g.matches(w.as_bytes())))
            }
            Alternative::Spelled(glob) => self.options().any(|given| {
                given.name.spellings().any(|s| glob.matches(s.as_bytes())) && !given.switched_off()
            }),
            Alternative::Operand(range, glob) => {
                let operands = self.operands(depth);
                let range: std::ops::Range<usize> = OperandRange::indices(*range, operands.len());
                operands[range].iter().any(|word| glob.as_ref().is_none_or(|g| g.matches(word.as_bytes())))
            }
        }
    }

    /// Returns the environment assignments of the wrappers on the same side, outermost first: what
    /// is set here does not reach another host.
    pub fn assignments(&self) -> impl Iterator<Item = &OsStr> {
        let here = self.wrappers.iter().rposition(|w| w.elsewhere).map_or(0, |at| at + 1);
        self.wrappers[here..].iter().flat_map(|w| w.assignments.iter().map(OsString::as_os_str))
    }

    /// The name of the other place where it runs, where it does.
    pub fn far_place(&self) -> Option<&str> {
        self.wrappers.iter().rfind(|w| w.elsewhere).map(|w| w.place.as_str())
    }

    /// True where listings must go through a wrapper.
    pub fn is_carried(&self) -> bool {
        self.wrappers.iter().any(|w| w.carries)
    }

    /// Puts the wrappers that change who or where around a listing.
    pub fn carry(&self, argv: Vec<OsString>) -> Vec<OsString> {
        wrapped(self.wrappers.iter().filter(|w| w.carries).map(|w| (w, w.listing.as_slice())), argv)
    }

    /// Puts all wrappers around a command.
    pub fn wrap(&self, argv: Vec<OsString>) -> Vec<OsString> {
        wrapped(self.wrappers.iter().map(|w| (w, w.words.as_slice())), argv)
    }

    /// True where it runs on another host, so that files and processes are not the ones here.
    pub fn elsewhere(&self) -> bool {
        self.wrappers.iter().any(|w| w.elsewhere)
    }

    /// True where it runs on another host and not in a container: a login there has a shell in between.
    pub fn on_host(&self) -> bool {
        self.wrappers.iter().rfind(|w| w.elsewhere).is_some_and(|w| w.shell)
    }

    /// Returns the invocation as words again, wrappers left out.
    pub fn argv(&self) -> Vec<OsString> {
        let mut argv = vec![self.program.clone()];
        for piece in &self.pieces {
            match piece {
                Piece::Option(given) => argv.extend(given.words()),
                Piece::Operand(word) | Piece::Assignment(word) => argv.push(word.clone()),
                Piece::Separator => argv.push("--".into()),
            }
        }
        argv
    }

    /// The program's name without its folder, as text; empty where it is no text.
    pub fn name(&self) -> &str {
        program_name(&self.program)
    }
}

/// Puts wrappers around words, the innermost first; one that has a shell gets them quoted.
fn wrapped<'w>(
    wrappers: impl DoubleEndedIterator<Item = (&'w Wrapper, &'w [OsString])>,
    argv: Vec<OsString>,
) -> Vec<OsString> {
    wrappers.rev().fold(argv, |inner, (wrapper, words)| {
        let inner = if wrapper.shell { vec![quote(&inner).into()] } else { inner };
        words.iter().cloned().chain(inner).collect()
    })
}

/// Returns the last part of a program's path, as text; empty where it is no text.
pub fn program_name(program: &OsStr) -> &str {
    let bytes = program.as_bytes();
    let start = bytes.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    std::str::from_utf8(&bytes[start..]).unwrap_or("")
}
