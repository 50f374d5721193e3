//! guard's own options, which end at the first word that is none; and those of guard-shell.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory, Parser};

use crate::judge::Stages;
use crate::ui::escape;

/// Counts what a command would really hit, and asks before it hits too much.
///
/// guard reads COMMAND, lists its real targets, holds their number against policy, and runs it, or
/// asks for the number to be typed, a dry run, a staged rollout or a second person first. What is
/// harmless runs at once, as if guard were not there.
#[derive(Debug, Clone, Default, PartialEq, Parser)]
#[command(name = "guard", version, max_term_width = 80, after_help = AFTER)]
pub struct Options {
    /// Say what would be hit and what would be asked; run nothing but listings
    #[arg(long)]
    pub plan: bool,
    /// The plan as one JSON object; without --plan, what happens in a rollout as a line each
    #[arg(long)]
    pub json: bool,
    /// Go on without asking if exactly N targets are hit
    #[arg(long, value_name = "N", value_parser = count)]
    pub expect: Option<u64>,
    /// Go on without asking if at most N targets are hit
    #[arg(long, value_name = "N", value_parser = count)]
    pub max: Option<u64>,
    /// Run in stages: numbers and shares that grow
    #[arg(long, value_name = "1,10%,50%,100%")]
    pub stages: Option<Stages>,
    /// Run so many calls of a rollout at once
    #[arg(long, value_name = "N", value_parser = one_or_more)]
    pub parallel: Option<usize>,
    /// Rest between the stages of a rollout: a time, or 'ask' to wait until you say so
    #[arg(long, value_name = "30s|ask")]
    pub pause: Option<String>,
    /// Write the plan to FILE, to be run later with --plan-in
    #[arg(long, value_name = "FILE")]
    pub plan_out: Option<PathBuf>,
    /// Run exactly the plan in FILE, if the world still matches it; where nobody said yes to it, it is
    /// worth what --expect with its number is
    #[arg(long, value_name = "FILE")]
    pub plan_in: Option<PathBuf>,
    /// Write what became of the command to FILE as JSON: ran, code, signal, rung
    #[arg(long, value_name = "FILE")]
    pub outcome: Option<PathBuf>,
    /// Ask nothing, as if there were no terminal
    #[arg(long)]
    pub no_input: bool,
    /// Go on without a second person or a confirmation; recorded loudly, floors still hold
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub break_glass: Option<String>,
    /// Tell each step on stderr (so does the variable GUARD_LOG); changes nothing else
    #[arg(short, long)]
    pub verbose: bool,
    /// The name guard was started under, where that made it a shim
    #[arg(skip)]
    pub called: Option<OsString>,
    /// The command to guard
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "COMMAND",
        value_hint = clap::ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

/// Runs one plain command the way guard does; the login shell itself is not ready in this build.
///
/// A session is refused, and so is text with pipes, lists, variables, patterns, redirections or
/// substitutions: nothing in it would be judged. Do not put it into /etc/passwd yet.
#[derive(Debug, Parser)]
#[command(name = "guard-shell", version, max_term_width = 80)]
pub struct Shell {
    /// Run this one command, through guard
    #[arg(short = 'c', value_name = "TEXT", allow_hyphen_values = true)]
    pub text: Option<OsString>,
}

const AFTER: &str = "\
Exit codes: the command's own when it ran; 119 a rollout stopped before its end;
120 denied; 121 declined or nobody answered; 122 a terminal or an option was
needed; 123 not what --expect or --max said; 125 guard's own failure;
126/127 not runnable/not found; 128+N ended by signal N.";

impl Options {
    /// True where no option of guard's own is given.
    pub fn is_plain(&self) -> bool {
        *self
            == Self {
                command: self.command.clone(),
                called: self.called.clone(),
                verbose: self.verbose,
                ..Self::default()
            }
    }
}

impl Options {
    /// The options that still hold for the next thing to type: all but what says how many, and why.
    pub fn kept(&self) -> Vec<OsString> {
        let mut kept = Vec::new();
        let mut give = |name: &str, value: Option<&OsStr>| {
            let Some(value) = value else { return };
            let mut word = OsString::from(name);
            word.push("=");
            word.push(value);
            kept.push(word);
        };
        give("--stages", self.stages.as_ref().map(ToString::to_string).as_deref().map(OsStr::new));
        give("--parallel", self.parallel.map(|n| n.to_string()).as_deref().map(OsStr::new));
        give("--pause", self.pause.as_deref().map(OsStr::new));
        give("--plan-out", self.plan_out.as_deref().map(Path::as_os_str));
        give("--plan-in", self.plan_in.as_deref().map(Path::as_os_str));
        give("--outcome", self.outcome.as_deref().map(Path::as_os_str));
        let switches = [("--json", self.json), ("--no-input", self.no_input), ("--verbose", self.verbose)];
        kept.extend(switches.iter().filter(|(_, given)| *given).map(|(name, _)| OsString::from(name)));
        kept
    }
}

/// A number as it is shown, with commas, or as people type it.
fn count(text: &str) -> Result<u64, String> {
    let mut groups = text.split(',');
    let first = groups.next().unwrap_or_default();
    let grouped = text.contains(',');
    let whole = !grouped || (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    let digits = text.replace(',', "");
    let number = digits.bytes().all(|b| b.is_ascii_digit()) && whole;
    digits.parse().ok().filter(|_| number).ok_or_else(|| "write a number, like 1201 or 1,201".to_owned())
}

/// A reason that says something.
fn reason(text: &str) -> Result<String, String> {
    let said = text.chars().any(char::is_alphanumeric);
    if said { Ok(text.to_owned()) } else { Err("say why: the reason is recorded".to_owned()) }
}

/// Reads guard's arguments, program name first. Started under another name, guard is a shim for the
/// tool of that name, and every argument is the tool's.
///
/// A first word that is no option is the command: nothing is parsed then.
pub fn parse(args: Vec<OsString>) -> Result<Options, clap::Error> {
    if let Some(tool) = shim(args.first()) {
        let called = args.first().cloned();
        let command = std::iter::once(tool).chain(args.into_iter().skip(1)).collect();
        return Ok(Options { command, called, ..Options::default() });
    }
    let plain = args.get(1).is_some_and(|word| !word.as_encoded_bytes().starts_with(b"-"));
    if plain {
        let command = args.into_iter().skip(1).collect();
        return Ok(Options { command, ..Options::default() });
    }
    let options = Options::try_parse_from(with_default_stages(args.clone())).map_err(|fault| {
        // The command is all that has to be given.
        let missing = fault.kind() == ErrorKind::MissingRequiredArgument;
        if missing { Options::command().error(fault.kind(), "no command was given") } else { fault }
    })?;
    // A misspelled option is no command, except behind `--`.
    let at = args.len().saturating_sub(options.command.len());
    let ended = at.checked_sub(1).and_then(|before| args.get(before)).is_some_and(|word| word == "--");
    match options.command.first() {
        Some(word) if !ended && word.as_encoded_bytes().starts_with(b"-") => Err(misspelled(word, &args)),
        _ => Ok(options),
    }
}

/// What is wrong with an option that guard does not have, with the one that may be meant.
fn misspelled(word: &OsStr, args: &[OsString]) -> clap::Error {
    // Where no word of the command may begin with a dash, clap looks for an option like it.
    let strict = Options::command().mut_arg("command", |arg| {
        arg.trailing_var_arg(false).allow_hyphen_values(false).value_hint(clap::ValueHint::Unknown)
    });
    match strict.try_get_matches_from(with_default_stages(args.to_vec())) {
        Err(fault) if fault.get(ContextKind::SuggestedArg).is_some() => fault,
        _ => {
            let what = format!("there is no option '{}'", escape(word));
            Options::command().error(ErrorKind::UnknownArgument, what)
        }
    }
}

/// The tool that guard's own name stands for; a login shell's name begins with `-`.
fn shim(name: Option<&OsString>) -> Option<OsString> {
    let base = Path::new(name?).file_name()?.as_bytes();
    let base = base.strip_prefix(b"-").unwrap_or(base);
    (!base.is_empty() && base != b"guard").then(|| OsStr::from_bytes(base).to_owned())
}

/// What clap says about wrong usage, as guard says things: escaped, and in the program's name.
pub fn wrong_usage(program: &str, fault: &clap::Error) -> String {
    let text = fault.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let lines: Vec<_> = text.trim_end().lines().map(escape).collect();
    format!("{program}: {}", lines.join("\n"))
}

fn one_or_more(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "a number from 1 up is needed".into())
}

/// `--stages` takes its list from the next word only where that word is one; alone it means the default.
///
/// A word that begins like a list and is none stays its value, and so a fault: nobody means a program.
fn with_default_stages(mut args: Vec<OsString>) -> Vec<OsString> {
    let begins = |word: &str| word.starts_with(|c: char| c.is_ascii_digit() || "%,-+".contains(c));
    let is_list = |word: &str| word.parse::<Stages>().is_ok() || begins(word) && !word.starts_with("--");
    if let Some(at) = own_stages(&args)
        && !args.get(at + 1).and_then(|word| word.to_str()).is_some_and(is_list)
    {
        args[at] = "--stages=1,10%,50%,100%".into();
    }
    args
}

/// Where a bare `--stages` stands among guard's own options; behind the first plain word everything
/// is the command's.
fn own_stages(args: &[OsString]) -> Option<usize> {
    if !args.iter().any(|word| word == "--stages") {
        return None;
    }
    let command = Options::command();
    let valued = |word: &OsString| {
        let long = word.to_str().and_then(|word| word.strip_prefix("--"));
        command
            .get_arguments()
            .any(|arg| arg.get_long().is_some() && arg.get_long() == long && arg.get_action().takes_values())
    };
    let mut at = 1;
    while let Some(word) = args.get(at) {
        if word == "--stages" {
            return Some(at);
        }
        if word == "--" || !word.as_encoded_bytes().starts_with(b"-") {
            return None;
        }
        at += if valued(word) { 2 } else { 1 };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Options {
        parse(text.split(' ').map(OsString::from).collect()).unwrap()
    }

    #[test]
    fn options_end_at_the_first_plain_word() {
        let read = options("guard --plan rm -rf --plan x");
        assert!(read.plan);
        assert_eq!(read.command, ["rm", "-rf", "--plan", "x"]);
        assert_eq!(options("guard rm --json").command, ["rm", "--json"]);
        assert_eq!(options("guard --max 3 -- rm").command, ["rm"]);
        assert_eq!(options("guard -- --rm").command, ["--rm"]);
        for (wrong, tip) in [
            ("guard --paln rm -rf x", "'--plan'"),
            ("guard --max 3 -x rm", "no option '-x'"),
            ("guard --exect=3 rm", "'--expect'"),
        ] {
            let fault = parse(wrong.split(' ').map(OsString::from).collect()).unwrap_err().to_string();
            assert!(fault.contains(tip), "{wrong}: {fault}");
        }
    }

    #[test]
    fn under_another_name_every_word_is_the_tools() {
        let read = options("/shims/rm --plan --version x");
        assert_eq!((read.command.len(), read.plan), (4, false));
        assert_eq!(read.command[0], "rm");
        assert_eq!(read.called, Some("/shims/rm".into()));
        assert!(read.is_plain());
        assert_eq!(options("-bash").command, ["bash"]);
        assert_eq!(options("../guard rm").called, None);
        assert!(parse(vec!["".into()]).is_err() && parse(vec![]).is_err());
    }

    #[test]
    fn numbers_may_have_commas_and_a_reason_says_something() {
        assert_eq!(options("guard --expect 1,201 rm a").expect, Some(1201));
        assert_eq!(options("guard --max 12,000,201 rm a").max, Some(12_000_201));
        for wrong in ["1,2", ",201", "1,201,", "1201,300", "+3", "-1", "x", ""] {
            let args = ["guard", &format!("--expect={wrong}"), "rm"].map(OsString::from);
            assert!(parse(args.to_vec()).is_err(), "{wrong}");
        }
        for wrong in ["", "  ", "--"] {
            let args = ["guard", &format!("--break-glass={wrong}"), "rm"].map(OsString::from);
            assert!(parse(args.to_vec()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_next_thing_to_type_keeps_options() {
        let read = options("guard --stages 1,1000,0.5% --parallel 3 --expect 4 --no-input --outcome o rm a");
        assert_eq!(read.kept(), ["--stages=1,1000,0.5%", "--parallel=3", "--outcome=o", "--no-input"]);
    }

    #[test]
    fn stages_may_stand_alone() {
        assert_eq!(options("guard --stages rm a").stages, Some(Stages::default()));
        assert_eq!(options("guard --stages 1,5 rm a").stages, "1,5".parse().ok());
        assert_eq!(options("guard --stages=50% rm a").command, ["rm", "a"]);
        assert_eq!(options("guard --stages --plan rm a").stages, Some(Stages::default()));
        assert_eq!(options("guard --plan rm --stages a").command, ["rm", "--stages", "a"]);
        assert_eq!(options("guard --max 3 -- rm --stages").stages, None);
        for wrong in ["--stages 50%,10% rm x", "--stages 5,5 rm x", "--stages 0 rm x", "--stages 10,x rm x"] {
            assert!(parse(format!("guard {wrong}").split(' ').map(OsString::from).collect()).is_err());
        }
    }

    #[test]
    fn no_call_at_once_is_no_rollout() {
        for wrong in ["--parallel 0 rm x", "--parallel=-1 rm x", "--parallel x rm"] {
            assert!(parse(format!("guard {wrong}").split(' ').map(OsString::from).collect()).is_err());
        }
        assert_eq!(options("guard --parallel 2 rm x").parallel, Some(2));
    }
}
