//! `guardctl judge`: command lines in, one plan as JSON a line out. Nothing is run but listings.
//!
//! Each line gets its answer, in order: one that can't be read is answered, too.

mod explain;
mod line;

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;

use crate::guard::{Depth, Here, Setup, decide, folder_of, together, typed, unknown, unread};
use crate::judge::{Decision, Part};
use crate::policy::{Places, Policy, Shelf, kinds, load};
use crate::read::shell;
use crate::tool::Kinds;
use crate::ui::Ui;
use crate::ui::plan::Plan;
use crate::world::{Offline, Real, Seen, World};

use super::Failure;
use super::configured::places;
use line::{Line, Said};

/// A line longer than this is no command line.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Bytes of lines that are taken in at once, and judged by one look at the folders they name.
const TOGETHER: usize = 64 * 1024;

/// Arguments of `guardctl judge`.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct JudgeArgs {
    /// List nothing: operands and files count from here, everything else is unknown
    #[arg(long)]
    pub offline: bool,
    /// Add where each rule stands: file, line and text
    #[arg(long)]
    pub explain: bool,
}

/// Judges every line of stdin.
///
/// # Errors
/// Where stdin can't be read or stdout not written.
pub fn run(args: &JudgeArgs, ui: &mut Ui) -> Result<u8, Failure> {
    let judge = Judge::new(*args)?;
    let mut input = BufReader::with_capacity(TOGETHER, io::stdin().lock());
    let mut out = BufWriter::with_capacity(TOGETHER, ui.out());
    let mut bytes = Vec::new();
    loop {
        if !input.buffer().contains(&b'\n') {
            // From here on time may pass: what is known goes out, and what comes is looked at anew.
            out.flush()?;
            judge.seen.forget();
        }
        bytes.clear();
        if (&mut input).take(LONGEST + 1).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(out.flush().map(|()| 0)?);
        }
        let whole = bytes.last() == Some(&b'\n');
        if !whole && bytes.len() as u64 > LONGEST {
            skip_line(&mut input)?;
            bytes = b"\0".to_vec();
        }
        Ui::line(&mut out, &judge.line(bytes.trim_ascii_end()))?;
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let chunk = input.fill_buf()?;
        let (used, ended) = match chunk.iter().position(|b| *b == b'\n') {
            Some(at) => (at + 1, true),
            None => (chunk.len(), chunk.is_empty()),
        };
        input.consume(used);
        if ended {
            return Ok(());
        }
    }
}

/// A stack of layers, or why it can't be used.
type Stack = Result<Rc<Policy>, String>;

/// What is read once for all lines.
pub struct Judge {
    args: JudgeArgs,
    shelf: Shelf,
    kinds: Kinds,
    base: Real,
    seen: Rc<Seen>,
    places: RefCell<HashMap<PathBuf, Places>>,
    policies: RefCell<HashMap<Option<PathBuf>, Stack>>,
}

impl Judge {
    /// Reads the tool files' places and the kinds; layers follow when a line needs them.
    ///
    /// # Errors
    /// Where the built-in files can't be used.
    pub fn new(args: JudgeArgs) -> Result<Self, Failure> {
        let base = Real::new(true);
        let shelf = Shelf::new(&places(&base, &base.session().cwd));
        let (seen, places, policies) = Default::default();
        Ok(Self { args, shelf, kinds: kinds()?, base, seen, places, policies })
    }

    /// Judges one line and returns the answer, one line of JSON.
    pub fn line(&self, text: &[u8]) -> String {
        let line = Line::read(text);
        let cwd = line.cwd.clone().unwrap_or_else(|| self.base.session().cwd.clone());
        let mut policies = Vec::new();
        let decision = self.decision(&line, cwd.clone(), &mut policies).unwrap_or_else(|why| {
            policies.clear();
            Decision::of_one(unread(&line.words(), &self.world(&line, &cwd), &self.kinds, why))
        });
        let plan = Plan::of_line(&decision);
        let text = if self.args.explain {
            explain::to_json(&plan, &decision.parts, &policies)
        } else {
            crate::record::to_line(&plan).map(|line| String::from_utf8_lossy(&line).into_owned())
        };
        text.unwrap_or_else(|_| "null".to_owned())
    }

    /// The layers that hold in a folder; each stack is read once.
    fn policy(&self, cwd: &Path) -> Stack {
        let mut known = self.places.borrow_mut();
        let places = known.entry(cwd.to_owned()).or_insert_with(|| places(&self.base, cwd));
        let mut policies = self.policies.borrow_mut();
        let read = policies
            .entry(places.project.clone())
            .or_insert_with(|| load(places).map(Rc::new).map_err(|fault| fault.render()));
        read.clone()
    }

    /// Decides about every command of a line, each in the folder that it would run in, by the
    /// layers that hold there: one a part.
    fn decision(
        &self,
        line: &Line,
        cwd: PathBuf,
        policies: &mut Vec<Rc<Policy>>,
    ) -> Result<Decision, String> {
        let world = self.world(line, &cwd);
        let offline = Offline(&world);
        let (world, depth): (&dyn World, _) =
            if self.args.offline { (&offline, Depth::Offline) } else { (&world, Depth::Full) };
        let policy = self.policy(&cwd)?;
        let setup = Setup { world, policy: &policy, shelf: &self.shelf, kinds: &self.kinds };
        let text = match line.said.as_ref().map_err(String::clone)? {
            Said::Shell(text) => text,
            Said::Words(argv) => {
                let decision = decide(argv, &setup, depth).map_err(|fault| fault.to_string())?;
                policies.extend(decision.parts.iter().map(|_| Rc::clone(&policy)));
                return Ok(decision);
            }
        };
        let unknown = |why: String| unknown(&line.words(), world, &self.kinds, why);
        let commands = match shell::commands(text, &Here::typed(world), None) {
            Ok(commands) => commands,
            Err(why) => return Ok(Decision::of_one(unknown(why.to_string()))),
        };
        let mut judged = Vec::new();
        for command in &commands.list {
            let policy = self.policy(&folder_of(&command.folder, world).0)?;
            let parts = typed(command, &Setup { policy: &policy, ..setup }, depth);
            let parts = parts.map_err(|fault| fault.to_string())?;
            policies.extend(parts.iter().map(|_| Rc::clone(&policy)));
            judged.push(parts);
        }
        together(&mut judged, &setup);
        let parts: Vec<Part> = judged.into_iter().flatten().collect();
        match Decision::of(parts) {
            // Functions, assignments, `> new-file`: nothing in it runs.
            None if commands.some => {
                let nothing = decide(&["true".into()], &setup, depth).map_err(|fault| fault.to_string())?;
                policies.push(policy);
                Ok(Decision::of_one(Part { argv: line.words(), ..nothing.into_worst() }))
            }
            decision => decision.ok_or_else(nothing),
        }
    }

    fn world(&self, line: &Line, cwd: &Path) -> Real {
        let moved = (*cwd != self.base.session().cwd).then(|| cwd.to_owned());
        self.base.again(&self.seen).told(moved, line.env.clone(), Some(line.terminal))
    }
}

fn nothing() -> String {
    "no command is given".into()
}
