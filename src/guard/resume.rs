//! Goes on with a rollout: its command is read and judged anew, and what is left of it runs.
//!
//! A journal is leave for what was granted then, no more: whoever resumes is the same operator or root, types
//! masked words again, acts in the same place, and finds policy no stricter than it was.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::act::{self, Scene, rollout};
use crate::cli::Options;
use crate::gate::{self, Asked, Person};
use crate::judge::{Decision, Rung, Stages};
use crate::policy::{Places, Shelf, kinds, load};
use crate::record::journal::{Journal, Plan, State};
use crate::ui::Ui;
use crate::ui::escape::{escape, quote};
use crate::ui::rollout::Event;
use crate::world::{Real, World};

use super::{Depth, Fault, Setup, decide, records};

/// What whoever resumes says.
#[derive(Debug, Clone, Default)]
pub struct Again {
    /// The journal.
    pub journal: PathBuf,
    /// The command line, where words of it were masked.
    pub command: Vec<OsString>,
    /// Act again on what is in doubt and the tool can't tell.
    pub retry_in_doubt: bool,
    /// Act again on what failed.
    pub retry_failed: bool,
    /// Events as JSON on stdout.
    pub json: bool,
    /// Ask nothing.
    pub no_input: bool,
    /// Why it must be although policy denies it by now.
    pub break_glass: Option<String>,
}

/// Goes on with a rollout and returns guard's exit code.
///
/// # Errors
/// Where it may not or can't; nothing was run then.
pub fn resume(again: &Again, ui: &mut Ui) -> Result<ExitCode, Fault> {
    let journal = Journal::resume(&again.journal)?;
    let plan = journal.progress().plan.clone();
    match journal.progress().state {
        State::Aborted => return Err(Fault::Usage("this rollout was aborted".into())),
        State::Finished if !again.retry_failed => {
            ui.complain("guard: nothing is left of this rollout");
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let command = same_hands(&plan, again)?;
    let world = Real::new(!again.no_input);
    let session = world.session();
    let places =
        Places::find(world.variable("XDG_CONFIG_HOME").map(Into::into), session.home.clone(), &session.cwd);
    let shelf = Shelf::new(&places);
    let policy = load(&places)?;
    let setup = Setup { world: &world, policy: &policy, shelf: &shelf, kinds: &kinds()? };
    let decision = decide(&command, &setup, Depth::Full)?;
    same_place(&plan, &decision)?;

    let options = Options {
        command: command.clone(),
        stages: Some(Stages::default()),
        break_glass: again.break_glass.clone(),
        ..Options::default()
    };
    let log = records::open(&decision, &options, &setup)?;
    let mut person = gate::at_terminal(session, &policy, &world);
    let person = person.as_mut().map(|p| p as &mut dyn Person);
    let granted = plan.rung.unwrap_or(Rung::Allow);
    let admitted = match gate::readmit(&decision, granted) {
        Some(approval) => Ok(approval),
        None => {
            let asked = Asked {
                break_glass: again.break_glass.clone(),
                command: command.clone(),
                ..Asked::default()
            };
            let preview = || act::preview(decision.worst(), setup.kinds, &world);
            gate::admit(&decision, &asked, setup.kinds, person, &preview)
        }
    };
    let log = log.decided(&decision, &admitted, &setup)?;
    let approval = match admitted {
        Ok(approval) => approval,
        Err(refusal) => return Ok(super::refuse(&refusal, &decision, None, ui)),
    };
    let env = super::path(&decision, &options);
    let wish = rollout::Wish { json: again.json, ..rollout::Wish::default() };
    let hear = |event: &Event| log.heard(event);
    let kinds = setup.kinds;
    let scene = Scene { world: &world, policy: &policy, kinds, called: None, env: &env, wish, hear: &hear };
    let how = rollout::Resume { retry_in_doubt: again.retry_in_doubt, retry_failed: again.retry_failed };
    let outcome = rollout::go_on(journal, decision.into_worst(), how, &approval, &scene, ui);
    if let Err(fault) = log.ended(&outcome) {
        ui.complain(&format!("guard: the outcome can't be recorded: {fault}"));
    }
    Ok(outcome.exit())
}

/// The same operator or root, the same words, the same folder.
fn same_hands(plan: &Plan, again: &Again) -> Result<Vec<OsString>, Fault> {
    let own = nix::unistd::geteuid().as_raw();
    if own != 0 && own != plan.who.uid {
        let who = plan
            .who
            .login
            .as_deref()
            .map_or_else(|| plan.who.uid.to_string(), |who| escape(who).into_owned());
        return Err(Fault::Usage(format!(
            "this rollout was begun by {who}: only that user or root can go on with it"
        )));
    }
    let command = rollout::unmasked(&plan.argv, &plan.masked, &again.command).map_err(Fault::Usage)?;
    env::set_current_dir(&plan.cwd.0).map_err(|fault| {
        Fault::Usage(format!("its folder {} can't be entered: {fault}", quote(&[&plan.cwd.0])))
    })?;
    Ok(command)
}

/// The same action in the same place: a context that was switched meanwhile is another one.
fn same_place(plan: &Plan, decision: &Decision) -> Result<(), Fault> {
    let part = decision.worst();
    let action = part.found.as_ref().map(|found| found.name()).unwrap_or_default();
    if action != plan.action || decision.parts.len() != 1 {
        let (now, then) = (escape(&action).into_owned(), escape(&plan.action).into_owned());
        return Err(Fault::Usage(format!("its command is read as '{now}' now, and was '{then}'")));
    }
    if part.place.name != plan.context {
        let (now, then) = (escape(&part.place.name), escape(&plan.context));
        return Err(Fault::Usage(format!("it would act in '{now}' now, and was begun in '{then}'")));
    }
    Ok(())
}
