//! The way of a command, on one screen.
//!
//! ```text
//! command line ─read▶ invocation ─match▶ action ─resolve▶ scope ─judge▶ verdict ─gate▶ approval ─act▶ outcome
//! ```
//!
//! [`decide()`] goes as far as the verdict and starts nothing but listings; run, plan, judge, explain
//! and test all go through it.

mod alias;
mod around;
mod away;
mod budgets;
mod decide;
mod fed;
mod folder;
mod freezes;
mod hosts;
mod inner;
mod jobs;
mod known;
mod nested;
mod outcome;
mod pattern;
mod plans;
mod prints;
mod records;
mod resume;
mod sentences;
mod sql;
mod text;
mod under;
mod unjudged;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;

use crate::act::{self, Scene};
use crate::cli::Options;
use crate::exit;
use crate::gate::{self, How, Person, Refusal};
use crate::judge::{Decision, Part, Rung, Starts};
use crate::policy::{ConfigFault, Places, Shelf, Stance, kinds, load};
use crate::read::{ReadFault, program_name};
use crate::scope::Certainty;
use crate::ui::{Counter, Ui, escape};
use crate::world::child::die_of;
use crate::world::exec::{Launch, NotRunnable};
use crate::world::{Intake, Real, World, shims};

use outcome::Written;

pub use budgets::place as ledger_place;
pub use decide::{Depth, Setup, decide};
pub use known::{Here, folder_of};
pub use resume::{Again, resume};
pub use text::{together, typed};
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
    /// The ledger can't be written, so what is reserved there does not run.
    #[error("{0}; nothing was run")]
    Ledger(#[from] crate::record::ledger::LedgerError),
    /// guard's own options stand where they can't be followed, or a place they name can't be used.
    #[error("{0}")]
    Usage(String),
    /// What the command would read is gone in part, so it can't be started.
    #[error(
        "the items are not known, because the input can't be read: {0}; nothing was run (xargs -a FILE reads a file)"
    )]
    Input(String),
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
    let mut written = None;
    match way(options, &mut written, ui) {
        Ok(code) => code,
        Err(fault) => {
            ui.complain(&format!("guard: {fault}"));
            if let Some(written) = written {
                written.failed(fault.code(), ui);
            }
            ExitCode::from(fault.code())
        }
    }
}

fn way(options: &Options, written: &mut Option<Written>, ui: &mut Ui) -> Result<ExitCode, Fault> {
    let counter = Rc::new(Counter::default());
    let told = Rc::clone(&counter);
    let world =
        Real::new(!options.no_input).feeding(Intake::default()).telling(move |entries| told.tell(entries));
    let session = world.session();
    let places =
        Places::find(world.variable("XDG_CONFIG_HOME").map(Into::into), session.home.clone(), &session.cwd);
    let shelf = Shelf::new(&places);
    let options = &*nested::peeled(options, &shelf)?;
    if nested::is_guard(&options.command) || nothing_to_decide(options, &places, &shelf)? {
        tracing::debug!("nothing names this command: it runs as typed");
        let called = options.called.as_deref();
        return Err(act::exec(&Launch { argv: &options.command, called, ..Launch::default() }).into());
    }
    wish(options)?;
    // Before anything runs: a place that can't be written must not cost the outcome.
    *written = outcome::open(options)?;

    let policy = load(&places)?;
    let setup = Setup { world: &world, policy: &policy, shelf: &shelf, kinds: &kinds()? };
    let decided = weighed(options, &setup);
    counter.clear();
    let (decision, mut room) = decided?;
    if let Some(signal) = world.interrupted() {
        drop(room);
        return Ok(refuse(&Refusal::interrupted(signal), &decision, written.take(), ui));
    }
    if let Some(why) = world.broken().filter(|_| !options.plan) {
        return Err(Fault::Input(why.to_owned()));
    }
    if options.plan {
        return plans::show(&decision, options, &setup, ui);
    }

    let asked = plans::asked(options, &policy)?;
    let log = records::open(&decision, options, &setup)?;
    let mut person = gate::at_terminal(session, &policy, &world);
    let person = person.as_mut().map(|p| p as &mut dyn Person);
    let preview = || act::preview(decision.worst(), setup.kinds, &world);
    let admitted = gate::admit(&decision, &asked, setup.kinds, person, &preview)
        .map_err(|refusal| world.interrupted().map_or(refusal, Refusal::interrupted));
    let log = log.decided(&decision, &admitted, &setup)?;
    plans::write(&decision, &admitted, options, &policy)?;

    let outcome = match admitted {
        Err(refusal) => {
            drop(room);
            return Ok(refuse(&refusal, &decision, written.take(), ui));
        }
        Ok(approval) if *approval.how() != gate::How::Allowed && world.changed().is_some() => {
            ui.complain(
                "guard: the file of items holds something else since this was shown; nothing was run",
            );
            act::Outcome::stopped(approval.rung(), exit::NOT_EXPECTED, false, None)
        }
        Ok(approval) => {
            if let How::BrokeGlass(reason) = approval.how() {
                let rung = approval.rung().word();
                ui.complain(&format!(
                    "guard: BREAK GLASS: {rung} is passed, and recorded: {}",
                    escape(reason)
                ));
            }
            room.spend(&approval)?;
            let env = path(&decision, options);
            let called = options.called.as_deref();
            let scene = Scene {
                world: &world,
                policy: &policy,
                kinds: setup.kinds,
                called,
                env: &env,
                wish: wish(options)?,
                hear: &|event| log.heard(event),
            };
            let stay = options.outcome.is_some();
            act::carry_out(approval, decision, &options.command, stay, &scene, ui)
                .inspect_err(|_| room.give_back())?
        }
    };
    if !outcome.ran {
        room.give_back();
    }
    // It ran: what can't be written any more changes nothing about how it ended.
    if let Err(fault) = log.ended(&outcome) {
        ui.complain(&format!("guard: the outcome can't be recorded: {fault}"));
    }
    if let Some(written) = written.take() {
        written.outcome(&outcome, ui);
    }
    Ok(outcome.exit())
}

/// Decides, and weighs it by what was hit before. Where that asks more than the words alone did, they
/// are looked up, so that what runs can be held to what is shown.
fn weighed(options: &Options, setup: &Setup<'_>) -> Result<(Decision, budgets::Room), Fault> {
    let open = || budgets::open(setup, options.plan);
    let decided = decide(&options.command, setup, depth(options))?;
    let by_words = decided.rung() == Rung::Allow
        && decided
            .parts
            .iter()
            .filter_map(|part| part.scope.as_ref())
            .any(|s| s.certainty != Certainty::Exact);
    let (decision, room) = budgets::weighed(decided, setup, options, &open);
    if decision.rung() == Rung::Allow || !by_words {
        return Ok((decision, room));
    }
    drop(room);
    Ok(budgets::weighed(decide(&options.command, setup, Depth::Full)?, setup, options, &open))
}

/// The `PATH` of what runs, where it is another than guard's: without shims where they would only judge
/// again what is judged, with shims in front where what will start could not be read.
fn path(decision: &Decision, options: &Options) -> Vec<(OsString, Option<OsString>)> {
    let alone = |part: &Part| part.wrappers.is_empty() && part.argv == options.command;
    let path = match decision.starts() {
        // A tool that starts nothing keeps the variables it was started with.
        Starts::Known if decision.parts.iter().all(alone) => None,
        Starts::Known => shims::path_without(),
        Starts::Unknown => None,
        Starts::Unread => shims::path_in_front(),
    };
    path.map(|path| ("PATH".into(), Some(path))).into_iter().collect()
}

/// What the options say about a rollout.
fn wish(options: &Options) -> Result<act::rollout::Wish, Fault> {
    let pause = options.pause.as_deref().unwrap_or_default().parse();
    Ok(act::rollout::Wish {
        parallel: options.parallel.unwrap_or(1).clamp(1, 1000),
        pause: pause.map_err(|why| Fault::Usage(format!("--pause: {why}, or 'ask'")))?,
        json: options.json,
    })
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
    // A file that can't be read may be the one that denies what no tool file names.
    Ok(load(places)?.unnamed().value == Stance::Allow)
}

fn depth(options: &Options) -> Depth {
    let whole = options.plan || options.expect.is_some() || options.max.is_some() || options.stages.is_some();
    if whole || options.plan_out.is_some() || options.plan_in.is_some() { Depth::Full } else { Depth::Act }
}

/// Says why nothing runs; a guard that was interrupted ends of the signal.
fn refuse(refusal: &Refusal, decision: &Decision, written: Option<Written>, ui: &mut Ui) -> ExitCode {
    ui.complain(&refusal.message);
    if let Some(written) = written {
        written.refused(refusal, decision, ui);
    }
    match refusal.signal {
        Some(signal) => die_of(signal),
        None => ExitCode::from(refusal.code),
    }
}
