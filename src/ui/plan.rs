//! A decision as the published JSON plan (DESIGN.md §10).

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::judge::{Decision, Part, Rung, Stages};
use crate::record::mask::mask;
use crate::scope::{Certainty, Frozen, Scope, Target};
use crate::ui::escape::escape;

/// Names shown in a plan at the most.
const SAMPLE: usize = 20;

/// The version of the plan's shape.
pub const VERSION: u32 = 1;

/// A decision about one command, as published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Plan {
    /// Version of this shape.
    pub plan: u32,
    /// The words as typed: secrets masked. A word that is no UTF-8 is written with escapes (`\xff`).
    pub argv: Vec<String>,
    /// The tool; null where no tool file names it.
    pub tool: Option<String>,
    /// The action; null where nothing calls it risky.
    pub action: Option<String>,
    /// The effect.
    pub effect: Option<String>,
    /// The wrappers peeled off, outermost first.
    pub wrappers: Vec<String>,
    /// Where it acts: environment and parts of the place.
    pub context: BTreeMap<String, String>,
    /// What it hits.
    pub scope: Option<PlanScope>,
    /// How what runs is held to what is shown.
    pub freeze: Option<String>,
    /// Batch sizes, where it would run in stages.
    pub stages: Vec<u64>,
    /// What must happen first.
    pub verdict: PlanVerdict,
    /// What an approval is bound to: a digest of words, place, targets and verdict.
    pub id: String,
    /// `--plan-out`: how long the file holds, and what it is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<Issued>,
    /// `guardctl judge`: every command of the line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Plan>,
}

/// What a plan file is held to when it is read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Issued {
    /// When it was written, RFC 3339.
    pub written: String,
    /// Until when it holds, RFC 3339.
    pub expires: String,
    /// Digest of the policy that it was judged by.
    pub policy: String,
    /// The rung that a person satisfied; null where nobody was asked.
    pub granted: Option<Rung>,
}

/// The scope in a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlanScope {
    /// Kind, singular.
    pub kind: String,
    /// `exact`, `at-least`, `at-most` or `unknown`.
    pub certainty: String,
    /// How many; null where nothing is known.
    pub count: Option<u64>,
    /// Some names, written as `argv` is.
    pub sample: Vec<String>,
    /// Members of the smallest fleet hit; null where not known.
    pub fleet: Option<u64>,
    /// What goes along; null where not known.
    pub dependents: Option<u64>,
    /// Further sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Digest of the set of targets.
    pub digest: String,
}

/// The verdict in a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlanVerdict {
    /// The rung's word.
    pub rung: String,
    /// Why.
    pub reasons: Vec<PlanReason>,
}

/// One reason in a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlanReason {
    /// The rule.
    pub rule: String,
    /// The sentence.
    pub text: String,
}

impl Plan {
    /// The plan of a decision: its worst part, with the whole command line.
    pub fn of(decision: &Decision, stages: Option<&Stages>) -> Self {
        let part = decision.worst();
        Self::with(part, &part.line, stages)
    }

    /// The plan of one command, with its own words.
    pub fn of_part(part: &Part, stages: Option<&Stages>) -> Self {
        Self::with(part, &part.argv, stages)
    }

    fn with(part: &Part, argv: &[OsString], stages: Option<&Stages>) -> Self {
        let mut context: BTreeMap<String, String> =
            part.place.parts.iter().map(|(k, v)| (k.clone(), escape(v).into_owned())).collect();
        if let Some(environment) = part.environments.all.first() {
            context.insert("environment".into(), environment.clone());
        }
        let found = part.found.as_ref();
        let scope = part.scope.as_ref();
        let secret = found.map_or(&[][..], |f| &f.file.tool.secret);
        let mut plan = Self {
            plan: VERSION,
            argv: mask(argv, secret).words.iter().map(|word| word.text().into_owned()).collect(),
            tool: found.map(|f| f.file.tool.names[0].clone()),
            action: found.map(crate::read::Match::name),
            effect: part.effect.filter(|_| found.is_some()).map(|e| e.word().to_owned()),
            wrappers: part.wrappers.iter().map(|w| w.tool.clone()).collect(),
            context,
            scope: scope.map(plan_scope),
            freeze: found.map(|_| part.freeze.word().to_owned()),
            stages: staged(part, stages),
            verdict: PlanVerdict { rung: part.verdict.rung.word().to_owned(), reasons: reasons(part) },
            id: String::new(),
            issued: None,
            parts: Vec::new(),
        };
        plan.id = plan.digest();
        plan
    }

    /// The plan of a whole line, with each command in `parts`.
    pub fn of_line(decision: &Decision) -> Self {
        let parts: Vec<Self> = decision.parts.iter().map(|part| Self::of_part(part, None)).collect();
        match parts.get(decision.worst_at()) {
            Some(worst) => Self { parts: parts.clone(), ..worst.clone() },
            None => Self::of(decision, None),
        }
    }

    /// What an approval is bound to: the words, the place, the set of targets and the verdict.
    pub fn digest(&self) -> String {
        let scope = self.scope.as_ref().map(|s| (&s.certainty, s.count, &s.digest));
        let verdict = (&self.verdict.rung, &self.freeze, &self.effect, &self.action);
        let text = serde_json::to_string(&(&self.argv, &self.context, scope, verdict)).unwrap_or_default();
        hex(&Sha256::digest(text.as_bytes()))[..16].to_owned()
    }
}

fn reasons(part: &Part) -> Vec<PlanReason> {
    let reasons = &part.verdict.reasons;
    reasons.iter().map(|r| PlanReason { rule: r.rule.clone(), text: r.text.clone() }).collect()
}

fn staged(part: &Part, stages: Option<&Stages>) -> Vec<u64> {
    let count = part.scope.as_ref().map_or(0, |s| s.count);
    match (part.verdict.rung, stages) {
        (_, Some(stages)) => stages.batches(count),
        (Rung::Stage | Rung::Approve, None) => Stages::default().batches(count),
        _ => Vec::new(),
    }
}

fn plan_scope(scope: &Scope) -> PlanScope {
    let targets = scope.targets.iter().filter(|_| scope.sample.is_empty()).map(exact_name);
    let names = targets.chain(scope.sample.iter().map(exact));
    PlanScope {
        kind: scope.kind.clone(),
        certainty: certainty(scope.certainty).to_owned(),
        count: (scope.count > 0 || scope.certainty != Certainty::Unknown).then_some(scope.count),
        sample: names.take(SAMPLE).collect(),
        fleet: scope.fleets.iter().map(|f| f.total).min(),
        dependents: scope.dependents,
        notes: scope.notes.clone(),
        digest: digest(scope),
    }
}

/// A target's name as text: itself where it is text, and only bytes that are none escaped.
fn exact_name(target: &Target) -> String {
    let name = exact(&target.name);
    match &target.namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name,
    }
}

fn exact(name: &OsString) -> String {
    name.to_str().map_or_else(|| escape(name).into_owned(), str::to_owned)
}

/// A target as a person would name it: `namespace/name`, or its name.
pub fn shown_name(target: &Target) -> String {
    let name = escape(&target.name);
    match &target.namespace {
        Some(namespace) => format!("{}/{name}", escape(namespace)),
        None => name.into_owned(),
    }
}

fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Exact => "exact",
        Certainty::AtLeast => "at-least",
        Certainty::AtMost => "at-most",
        Certainty::Unknown => "unknown",
    }
}

/// The digest of a set of targets, whatever their order.
pub fn digest(scope: &Scope) -> String {
    if let Frozen::Files(set) = &scope.frozen {
        return hex(&set.digest());
    }
    let mut keys: Vec<String> = scope.targets.iter().map(|t| format!("{t:?}")).collect();
    keys.sort_unstable();
    let mut hash = Sha256::new();
    for key in keys {
        hash.update(key.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}
