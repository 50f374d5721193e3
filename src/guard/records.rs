//! The decision goes into the audit log before it is acted on; its outcome afterwards.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;

use crate::act::Outcome;
use crate::cli::Options;
use crate::gate::{Approval, How, Refusal};
use crate::judge::{Decision, Part};
use crate::record::{self, Argv, Log, Record, Who, Word};
use crate::ui::plan::Plan;
use crate::ui::rollout::Event;

use super::{Fault, Setup};

/// The log of one command: open where the command is gated, absent where it is harmless.
pub struct Open {
    log: RefCell<Option<Log>>,
    id: String,
    started: Instant,
    rollout: RefCell<Heard>,
}

/// What was heard of a rollout.
#[derive(Default)]
struct Heard {
    id: String,
    /// Why a batch could not be recorded; the journal has it.
    fault: Option<record::Error>,
}

/// Opens the log for a gated command, so that an unwritable one is known before anybody is asked.
pub fn open(decision: &Decision, options: &Options, setup: &Setup<'_>) -> Result<Open, Fault> {
    let quiet =
        decision.worst().verdict.allows() && options.break_glass.is_none() && options.stages.is_none();
    let log = if quiet { None } else { Some(Log::open(&path(setup)?)?) };
    let log = RefCell::new(log);
    Ok(Open {
        log,
        id: record::new_id(Timestamp::now()),
        started: Instant::now(),
        rollout: RefCell::default(),
    })
}

fn path(setup: &Setup<'_>) -> Result<PathBuf, Fault> {
    let site = setup.policy.site(|file| file.audit.path.clone());
    let home = setup.world.session().home.clone();
    let state = setup.world.variable("XDG_STATE_HOME");
    Ok(record::path(site.as_deref().map(Path::new), state.as_deref(), home.as_deref().map(Path::as_os_str))?)
}

impl Open {
    /// Writes the decision, granted or not.
    pub fn decided(
        self,
        decision: &Decision,
        admitted: &Result<Approval, Refusal>,
        setup: &Setup<'_>,
    ) -> Result<Self, Fault> {
        if let Some(log) = self.log.borrow_mut().as_mut() {
            let record = decided(&self.id, decision, admitted, setup);
            log.append(&Record::Decision(Box::new(record)))?;
        }
        Ok(self)
    }

    /// Writes how far a rollout has come, at the end of each batch.
    pub fn heard(&self, event: &Event) {
        let mut heard = self.rollout.borrow_mut();
        match event {
            Event::Planned { id, .. } => heard.id.clone_from(id),
            Event::BatchEnded { batch, tally, .. } => {
                let mut log = self.log.borrow_mut();
                let Some(log) = log.as_mut() else { return };
                let record = record::Batch {
                    id: self.id.clone(),
                    time: record::stamp(Timestamp::now()),
                    rollout: heard.id.clone(),
                    batch: *batch as u64,
                    done: tally.done,
                    failed: tally.failed,
                    in_doubt: tally.in_doubt,
                    left: tally.left,
                };
                if let Err(fault) = log.append(&Record::Batch(record)) {
                    heard.fault = Some(fault);
                }
            }
            _ => {}
        }
    }

    /// Writes the outcome.
    pub fn ended(self, outcome: &Outcome) -> Result<(), record::Error> {
        if let Some(log) = self.log.borrow_mut().as_mut() {
            let record = record::Outcome {
                id: self.id,
                time: record::stamp(Timestamp::now()),
                ran: outcome.ran,
                code: outcome.code(),
                signal: outcome.signal(),
                done: outcome.tally.map(|t| t.done),
                failed: outcome.tally.map(|t| t.failed),
                in_doubt: outcome.tally.map(|t| t.in_doubt),
                left: outcome.tally.map(|t| t.left),
                seconds: self.started.elapsed().as_secs_f64(),
            };
            log.append(&Record::Outcome(record))?;
        }
        self.rollout.into_inner().fault.map_or(Ok(()), Err)
    }
}

fn decided(
    id: &str,
    decision: &Decision,
    admitted: &Result<Approval, Refusal>,
    setup: &Setup<'_>,
) -> record::Decision {
    let part = decision.worst();
    let session = setup.world.session();
    let scope = part.scope.as_ref();
    let secret = part.found.as_ref().map_or(&[][..], |f| &f.file.tool.secret);
    let plan = Plan::of(decision, None);
    record::Decision {
        id: id.to_owned(),
        time: record::stamp(Timestamp::now()),
        who: who(part, setup),
        host: Word(session.host.clone().into()),
        cwd: Word(session.cwd.clone().into_os_string()),
        argv: Argv::masked(&part.line, secret),
        tool: plan.tool.clone().unwrap_or_default(),
        action: plan.action.clone(),
        effect: part.effect,
        environment: part.environments.all.first().cloned(),
        context: part.place.name.clone(),
        kind: scope.map(|s| s.kind.clone()).unwrap_or_default(),
        certainty: scope.map_or(crate::scope::Certainty::Unknown, |s| s.certainty),
        count: scope.map_or(0, |s| s.count),
        fleet: scope.and_then(|s| s.fleets.iter().map(|f| f.total).min()),
        rung: part.verdict.rung,
        reasons: part
            .verdict
            .reasons
            .iter()
            .map(|r| record::Reason { rule: r.rule.clone(), text: r.text.clone() })
            .collect(),
        freeze: part.freeze.word().to_owned(),
        granted: admitted.is_ok(),
        answered: Some(answered(admitted)),
        plan: Some(plan.id),
        guard: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn answered(admitted: &Result<Approval, Refusal>) -> String {
    match admitted {
        Err(refusal) => refusal.how.to_owned(),
        Ok(approval) => match approval.how() {
            How::Allowed => "allowed".into(),
            How::Expected => "as --expect or --max said".into(),
            How::Planned { granted: false } => "as --plan-in said".into(),
            How::Planned { granted: true } => "granted when the plan of --plan-in was written".into(),
            How::Resumed => "granted when the rollout began".into(),
            How::Typed(None) => "typed".into(),
            How::Typed(Some(reason)) => format!("typed, with the reason: {reason}"),
            How::BrokeGlass(reason) => format!("BREAK GLASS: {reason}"),
        },
    }
}

fn who(part: &Part, setup: &Setup<'_>) -> Who {
    let login = setup.world.session().user.clone();
    let acts_as = part.wrappers.iter().any(|w| w.tool == "sudo" || w.tool == "doas");
    Who {
        login: Some(login),
        uid: nix::unistd::getuid().as_raw(),
        user: acts_as.then(|| "another user, by sudo or doas".to_owned()),
        tty: None,
        remote: setup.world.variable("SSH_CONNECTION").and_then(|v| Who::remote(&v)),
    }
}
