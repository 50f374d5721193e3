//! The way of a command, on one screen.
//!
//! ```text
//! command line ─read▶ invocation ─match▶ action ─resolve▶ scope ─judge▶ verdict ─gate▶ approval ─act▶ outcome
//! ```
//!
//! [`decide()`] goes as far as the verdict and starts nothing but listings; run, plan, judge, explain
//! and test all go through it.

mod decide;
mod inner;
mod outcome;
mod plans;
mod records;
mod sentences;
mod unjudged;

use std::io;
use std::process::ExitCode;
use std::rc::Rc;

use crate::act::{self, Scene};
use crate::cli::Options;
use crate::exit;
use crate::gate::{self, Person, Refusal};
use crate::judge::Decision;
use crate::policy::{ConfigFault, Places, Shelf, Stance, kinds, load};
use crate::read::{ReadFault, program_name};
use crate::ui::{Counter, Ui};
use crate::world::exec::NotRunnable;
use crate::world::{Real, World};

pub use decide::{Depth, Setup, decide};
pub use unjudged::{unknown, unread};

/// Why guard itself failed. Nothing was run.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The command line can't be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
    /// A policy or tool file can't be used.
    #[error("{}", .0.render())]
    Config(#[from] ConfigFault),
    /// The decision can't be recorded, so what is gated does not run.
    #[error("the decision can't be recorded, so nothing was run: {0}")]
    Record(#[from] crate::record::Error),
    /// A plan file can't be used.
    #[error("the plan can't be used: {0}")]
    Plan(String),
    /// The program can't be started.
    #[error(transparent)]
    NotRunnable(#[from] NotRunnable),
    /// A stream or file failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Fault {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::NotRunnable(fault) => fault.code(),
            _ => exit::FAILURE,
        }
    }
}

/// Takes a command its whole way; returns guard's exit code where the command did not replace it.
pub fn run(options: &Options, ui: &mut Ui) -> ExitCode {
    match way(options, ui) {
        Ok(code) => code,
        Err(fault) => {
            ui.complain(&format!("guard: {fault}"));
            ExitCode::from(fault.code())
        }
    }
}

fn way(options: &Options, ui: &mut Ui) -> Result<ExitCode, Fault> {
    let counter = Rc::new(Counter::default());
    let told = Rc::clone(&counter);
    let world = Real::new(!options.no_input).telling(move |entries| told.tell(entries));
    let session = world.session();
    let places =
        Places::find(world.variable("XDG_CONFIG_HOME").map(Into::into), session.home.clone(), &session.cwd);
    let shelf = Shelf::new(&places);
    if nothing_to_decide(options, &places, &shelf)? {
        return Err(act::exec(&options.command).into());
    }

    let policy = load(&places)?;
    let setup = Setup { world: &world, policy: &policy, shelf: &shelf, kinds: &kinds()? };
    let decision = decide(&options.command, &setup, depth(options));
    counter.clear();
    let decision = decision?;
    if options.plan {
        return plans::show(&decision, options, &setup, ui);
    }

    let asked = plans::asked(options)?;
    let log = records::open(&decision, options, &setup)?;
    let mut person = gate::at_terminal(session, &policy, &world);
    let person = person.as_mut().map(|p| p as &mut dyn Person);
    let preview = || act::preview(decision.worst(), &world);
    let admitted = gate::admit(&decision, &asked, setup.kinds, person, &preview);
    let log = log.decided(&decision, &admitted, &setup)?;
    plans::write(&decision, &admitted, options)?;

    let outcome = match admitted {
        Err(refusal) => return refuse(&refusal, &decision, options, ui),
        Ok(approval) => {
            let scene = Scene { world: &world, policy: &policy, kinds: setup.kinds };
            act::carry_out(approval, decision, &options.command, options.outcome.is_some(), &scene, ui)?
        }
    };
    log.ended(&outcome)?;
    outcome::write(options, &outcome)?;
    Ok(outcome.exit())
}

/// Tells whether no tool file speaks for the program and nothing else asks for a decision.
fn nothing_to_decide(options: &Options, places: &Places, shelf: &Shelf) -> Result<bool, Fault> {
    let plain = options.is_plain();
    let Some(program) = options.command.first() else { return Err(ReadFault::Empty.into()) };
    let assignment = program.as_encoded_bytes().contains(&b'=');
    if !plain || assignment || shelf.get(program_name(program))?.is_some() {
        return Ok(false);
    }
    if places.ruling().is_none() && places.project.is_none() {
        return Ok(true);
    }
    Ok(load(places)?.unnamed().value == Stance::Allow)
}

fn depth(options: &Options) -> Depth {
    let whole = options.plan || options.expect.is_some() || options.max.is_some() || options.stages.is_some();
    if whole || options.plan_out.is_some() || options.plan_in.is_some() { Depth::Full } else { Depth::Act }
}

fn refuse(refusal: &Refusal, decision: &Decision, options: &Options, ui: &mut Ui) -> Result<ExitCode, Fault> {
    ui.complain(&refusal.message);
    outcome::write_refused(options, refusal, decision)?;
    Ok(ExitCode::from(refusal.code))
}
