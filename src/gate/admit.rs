//! The gates: confirm, dry run, stage, approve, deny.

use std::ffi::OsString;

use crate::judge::{Decision, Part, Rung, Stages, Typed, numbered};
use crate::scope::{Certainty, Scope};
use crate::tool::{Freeze, Kinds, grouped};
use crate::ui::escape::escape;
use crate::ui::plan::Plan;
use crate::ui::words;

use super::person::{Answer, Person};
use super::planned::Planned;
use super::refusal::Refusal;

/// How a gate was satisfied, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Nothing was asked.
    Allowed,
    /// `--expect` or `--max`.
    Expected,
    /// `--plan-in`.
    Planned {
        /// True where a person said yes to the plan itself.
        granted: bool,
    },
    /// A rollout goes on that was granted when it began.
    Resumed,
    /// A person typed what was asked for; with the reason where one was asked for.
    Typed(Option<String>),
    /// `--break-glass`, with its reason.
    BrokeGlass(String),
}

/// Leave to run one decided command. There is no other way to a process.
#[derive(Debug)]
#[must_use]
pub struct Approval {
    how: How,
    rung: Rung,
    stages: Option<Stages>,
}

impl Approval {
    /// How it came about.
    pub fn how(&self) -> &How {
        &self.how
    }

    /// The rung that was satisfied.
    pub fn rung(&self) -> Rung {
        self.rung
    }

    /// The stages it has to run in.
    pub fn stages(&self) -> Option<&Stages> {
        self.stages.as_ref()
    }
}

/// What was said beforehand, on guard's command line.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// `--expect`.
    pub expect: Option<u64>,
    /// `--max`.
    pub max: Option<u64>,
    /// `--stages`.
    pub stages: Option<Stages>,
    /// The stages that policy names, where `--stages` says none.
    pub site_stages: Option<Stages>,
    /// `--break-glass`.
    pub break_glass: Option<String>,
    /// The plan of `--plan-in`.
    pub plan: Option<Planned>,
    /// Those of guard's options that go along into the next thing to type.
    pub own: Vec<OsString>,
    /// The command as typed, for the next thing to type.
    pub command: Vec<OsString>,
}

/// A dry run, as it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// The text, page by page.
    pub text: String,
    /// What it is worth, a sentence beside the question.
    pub note: Option<&'static str>,
}

/// Satisfies the decision's rung, or says why it can't be.
///
/// `preview` makes the text of a dry run; it is called only where one is shown.
pub fn admit(
    decision: &Decision,
    asked: &Asked,
    kinds: &Kinds,
    person: Option<&mut dyn Person>,
    preview: &dyn Fn() -> Result<Preview, String>,
) -> Result<Approval, Refusal> {
    let part = decision.worst();
    let gate = Gate { decision, part, asked, kinds };
    gate.as_said()?;
    if asked.stages.is_some() && !gate.can_stage() && !gate.hits_nothing() {
        return Err(gate.no_stages());
    }
    let rung = part.verdict.rung;
    let stages = gate.stages();
    let approve = |how| Ok(Approval { how, rung, stages });
    if rung == Rung::Allow {
        return approve(How::Allowed);
    }
    if let Some(reason) = &asked.break_glass
        && gate.can_break_glass()
    {
        return approve(How::BrokeGlass(reason.clone()));
    }
    if rung == Rung::Deny {
        return Err(gate.denied());
    }
    if asked.plan.as_ref().is_some_and(|plan| plan.grants(rung)) {
        return approve(How::Planned { granted: true });
    }
    if gate.expected() {
        let planned = How::Planned { granted: false };
        return approve(if asked.plan.is_some() { planned } else { How::Expected });
    }
    let Some(person) = person else { return Err(gate.nobody()) };
    gate.ask(person, preview).and_then(|reason| approve(How::Typed(reason)))
}

/// Leave to go on with a rollout that was granted on `granted`; `None` where more is asked for by now.
pub fn readmit(decision: &Decision, granted: Rung) -> Option<Approval> {
    let rung = decision.rung();
    let same = rung <= granted && rung != Rung::Deny;
    same.then_some(Approval { how: How::Resumed, rung: granted, stages: None })
}

struct Gate<'a> {
    decision: &'a Decision,
    part: &'a Part,
    asked: &'a Asked,
    kinds: &'a Kinds,
}

impl Gate<'_> {
    /// Holds the scope against what was said beforehand.
    fn as_said(&self) -> Result<(), Refusal> {
        let Asked { expect, max, plan, .. } = self.asked;
        if let Some(plan) = plan {
            let now = Plan::of(self.decision, self.asked.stages.as_ref());
            plan.holds(&now)
                .map_err(|why| Refusal::unexpected(self.say(&why, &["make a new one with --plan-out"])))?;
        }
        if expect.is_none() && max.is_none() {
            return Ok(());
        }
        let scope = self.part.scope.as_ref();
        if scope.is_some_and(|scope| scope.certainty != Certainty::Exact) {
            let what = "the scope could not be counted exactly, so neither --expect nor --max can hold";
            return Err(Refusal::nobody(self.say(what, &[])));
        }
        // What nothing calls risky hits no target: a script that expects some means another command.
        let count = scope.map_or(0, |scope| scope.count);
        let wrong = match (expect, max) {
            (Some(n), _) if *n != count => Some(format!("--expect said {}", grouped(*n))),
            (_, Some(n)) if count > *n => Some(format!("--max said {}", grouped(*n))),
            _ => None,
        };
        match wrong {
            Some(said) => Err(Refusal::unexpected(self.say(&said, &[]))),
            None => Ok(()),
        }
    }

    /// True where `--expect`, `--max` or `--plan-in` satisfy the rung.
    fn expected(&self) -> bool {
        let Asked { expect, max, plan, .. } = self.asked;
        let exact = self.part.scope.as_ref().is_none_or(|scope| scope.certainty == Certainty::Exact);
        // A plan that nobody said yes to is worth what --expect with its number is: nothing where
        // the number is not exact.
        let said = (expect.is_some() || max.is_some() || plan.is_some()) && exact;
        let enough = match self.part.verdict.rung {
            Rung::Confirm | Rung::DryRun => true,
            Rung::Stage => self.asked.stages.is_some(),
            _ => false,
        };
        // What commands before it hit is not what --expect speaks of; --max may cover it.
        let summed = self.part.verdict.sum.is_none_or(|sum| max.is_some_and(|max| sum <= max));
        said && enough && summed && !self.part.verdict.person
    }

    /// Stages need targets that can be named one by one.
    fn can_stage(&self) -> bool {
        let single = self.decision.parts.len() == 1;
        let exact = self.part.scope.as_ref().is_some_and(|s| s.certainty == Certainty::Exact);
        single && exact && matches!(self.part.freeze, Freeze::Names | Freeze::Handles)
    }

    /// Broken glass still starts with a canary.
    fn must_stage(&self) -> bool {
        let rung = self.part.verdict.rung;
        let glass = rung == Rung::Deny && self.asked.break_glass.is_some();
        (matches!(rung, Rung::Stage | Rung::Approve) || glass) && self.can_stage()
    }

    /// The stages it has to run in, where it has to.
    fn stages(&self) -> Option<Stages> {
        let default = || self.asked.site_stages.clone().unwrap_or_default();
        let stages = self.asked.stages.clone().or_else(|| self.must_stage().then(default));
        stages.filter(|_| !self.hits_nothing())
    }

    /// Nothing to run in stages: the command runs as typed and says so itself.
    fn hits_nothing(&self) -> bool {
        let none = |scope: &Scope| scope.count == 0 && scope.targets.is_empty();
        let exact = |scope: &&Scope| scope.certainty == Certainty::Exact;
        self.part.verdict.allows() && self.part.scope.as_ref().filter(exact).is_some_and(none)
    }

    fn no_stages(&self) -> Refusal {
        let why = "it can't run in stages, because its targets can't be named one by one";
        Refusal {
            code: crate::exit::FAILURE,
            how: "no stages",
            message: self.say(why, &["leave out --stages"]),
            signal: None,
        }
    }

    /// Floors, and what the command itself runs under, hold even then.
    fn can_break_glass(&self) -> bool {
        let holds = |rule: &str| rule.starts_with("role.") || matches!(rule, "itself" | "system");
        !self.part.verdict.reasons.iter().any(|r| r.rung == Rung::Deny && holds(&r.rule))
    }

    /// The message: what it is, why, and what to type.
    fn say(&self, outcome: &str, next: &[&str]) -> String {
        let mut lines = vec![format!("guard: {}: {outcome}", words::headline(self.part, self.kinds))];
        lines.extend(words::details(self.part, self.kinds));
        lines.extend(words::reasons(self.part));
        lines.extend(next.iter().map(|line| format!("  {line}")));
        lines.join("\n")
    }

    fn denied(&self) -> Refusal {
        let narrower = self.narrower();
        let glass = (self.can_break_glass() && narrower.is_none()).then(|| {
            let again = words::with_own(&self.asked.own, &self.asked.command);
            format!("if it must be: guard --break-glass 'why' {again}")
        });
        let next: Vec<&str> = narrower.iter().chain(&glass).map(String::as_str).collect();
        Refusal::denied(self.say("denied", &next))
    }

    /// The narrower command that would pass a floor: as many targets as the floor lets go.
    fn narrower(&self) -> Option<String> {
        let (found, scope) = (self.part.found.as_ref()?, self.part.scope.as_ref()?);
        let [fleet] = scope.fleets.as_slice() else { return None };
        let keep = fleet.keep?;
        let spare = usize::try_from(fleet.healthy.saturating_sub(keep)).ok()?;
        if spare == 0 {
            let role =
                if fleet.role.is_empty() { String::new() } else { format!("{} ", escape(&fleet.role)) };
            let kind = escape(&scope.kind);
            let (healthy, keep) = (grouped(fleet.healthy), grouped(keep));
            return Some(format!("no {role}{kind} can be spared: {healthy} are healthy, {keep} must stay"));
        }
        let calls = crate::scope::calls(found, scope.targets.get(..spare)?).ok()?;
        let [call] = calls.as_slice() else { return None };
        let again = words::with_own(&self.asked.own, &call.argv);
        Some(format!("this would pass the floor: guard {again}"))
    }

    fn nobody(&self) -> Refusal {
        let way = words::way_on(self.part, &self.asked.own, &self.asked.command);
        let next = match (&way, self.part.verdict.rung) {
            (_, Rung::Approve) => "it needs a person at a terminal".to_owned(),
            (Some(way), _) => format!("if that is what you mean: {way}"),
            (None, _) => "only a person at a terminal can say yes to that".to_owned(),
        };
        let said = self.asked.expect.is_some() || self.asked.max.is_some() || self.asked.plan.is_some();
        let unstaged = self.part.verdict.rung == Rung::Stage && self.asked.stages.is_none() && way.is_some();
        let outcome = if said && unstaged {
            "the number is as said, but so many have to run in stages, and --stages is not given"
        } else {
            "nobody is there to ask"
        };
        Refusal::nobody(self.say(outcome, &[&next]))
    }

    /// Asks at the terminal; returns the reason where one was asked for.
    fn ask(
        &self,
        person: &mut dyn Person,
        preview: &dyn Fn() -> Result<Preview, String>,
    ) -> Result<Option<String>, Refusal> {
        let mut note = None;
        if self.part.verdict.rung >= Rung::DryRun {
            // Pages of two dry runs must not run into one another.
            if let Some(instead) = person.turn() {
                self.take(instead, person, "")?;
            }
            let shown = preview().map_err(|why| Refusal::unexpected(self.say(&why, &[])))?;
            if let Some(ended) = person.page(&shown.text) {
                self.take(ended, person, "")?;
            }
            note = shown.note;
        }
        let mut lines = vec![words::headline(self.part, self.kinds)];
        lines.extend(words::details(self.part, self.kinds));
        lines.extend(words::reasons(self.part));
        if let Some(stages) = self.stages() {
            let batches = stages.batches(self.part.scope.as_ref().map_or(0, |s| s.count));
            let batches: Vec<String> = batches.iter().map(|b| grouped(*b)).collect();
            lines.push(format!("  it runs in stages of {}", batches.join(", ")));
        }
        if self.part.found.is_some() {
            lines.push(format!("  {}", words::freeze(self.part.freeze)));
        }
        lines.extend(note.map(|note| format!("  {note}")));
        let typed = self.typed();
        let answer = person.ask(&lines.join("\n"), &format!("{}: ", words::to_type(&typed)));
        self.take(answer, person, &expected_text(&typed))?;
        if self.part.verdict.rung < Rung::Approve {
            return Ok(None);
        }
        match person.ask("nobody is set up to approve this, so a reason is recorded instead", "why: ") {
            Answer::Line(reason) if reason.trim().len() >= 3 => Ok(Some(reason.trim().to_owned())),
            Answer::Line(_) => {
                person.declined();
                Err(Refusal::declined("guard: no reason was given; nothing was run".into()))
            }
            other => self.take(other, person, "").map(|()| None),
        }
    }

    /// Where nothing holds what runs, and for an approval, the place is typed, not the number.
    fn typed(&self) -> Typed {
        let loose = self.part.verdict.rung >= Rung::Stage && !self.can_stage();
        if loose || self.part.verdict.rung == Rung::Approve {
            return Typed::Context(self.part.place.name.clone());
        }
        self.part.verdict.typed.clone()
    }

    fn take(&self, answer: Answer, person: &mut dyn Person, expected: &str) -> Result<(), Refusal> {
        let no = |why: &str| Refusal::declined(format!("guard: {why}; nothing was run"));
        match answer {
            Answer::Line(line) if is_expected(line.trim(), expected) => Ok(()),
            Answer::Line(line) => {
                person.declined();
                let number = self.part.scope.as_ref().map(|s| numbered(s, self.kinds)).unwrap_or_default();
                Err(no(&format!(
                    "'{}' is not what was asked for ({number} would be hit)",
                    escape(line.trim())
                )))
            }
            Answer::TimedOut => {
                person.declined();
                Err(no("nobody answered"))
            }
            Answer::Gone => {
                person.declined();
                Err(no("the terminal went away"))
            }
            Answer::Remembered => Err(no("the answer to a command of the same script was no")),
            Answer::Interrupted(signal) => {
                person.declined();
                Err(Refusal::interrupted(signal))
            }
        }
    }
}

/// A number may be typed as it is shown, with commas.
fn is_expected(line: &str, expected: &str) -> bool {
    let number = expected.bytes().all(|b| b.is_ascii_digit());
    !expected.is_empty() && (line == expected || number && line.replace(',', "") == expected)
}

fn expected_text(typed: &Typed) -> String {
    match typed {
        Typed::Number(n) => n.to_string(),
        Typed::Name(name) => name.clone(),
        Typed::Context(name) => escape(name).into_owned(),
    }
}
