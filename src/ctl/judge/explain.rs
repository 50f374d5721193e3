//! `--explain`: where each rule of a plan stands.

use std::rc::Rc;

use serde::Serialize;

use crate::judge::{Part, Reason};
use crate::policy::{Origin, Policy, line_of, rule_span};
use crate::ui::escape;
use crate::ui::plan::Plan;

/// Where a rule stands.
#[derive(Debug, Serialize)]
struct Place {
    rule: String,
    /// The rung it calls for.
    rung: &'static str,
    /// The file; null for a rule that is built into guard.
    file: Option<String>,
    /// The line in it, from 1.
    line: Option<usize>,
    /// What it says there.
    text: Option<String>,
}

/// The plan with `explain` added: one entry a reason, of every command of the line; `policies` are
/// the layers that each part was judged by.
pub fn to_json(plan: &Plan, parts: &[Part], policies: &[Rc<Policy>]) -> std::io::Result<String> {
    let mut places: Vec<Place> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let policy = policies.get(at).map(Rc::as_ref);
        places.extend(part.verdict.reasons.iter().map(|reason| place(reason, policy)));
    }
    let mut value = serde_json::to_value(plan)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("explain".into(), serde_json::to_value(places)?);
    }
    let line = crate::record::to_line(&value)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn place(reason: &Reason, policy: Option<&Policy>) -> Place {
    let mut place =
        Place { rule: reason.rule.clone(), rung: reason.rung.word(), file: None, line: None, text: None };
    let Some(layer) = reason.layer.and_then(|at| policy?.layers.get(at)) else { return place };
    place.file = Some(match &layer.origin {
        Origin::BuiltIn(path) => format!("built in: {path}"),
        Origin::File(path) => escape(path).into_owned(),
    });
    if let Some(span) = rule_span(&layer.text, &reason.rule) {
        place.line = Some(line_of(&layer.text, span.start));
        place.text = layer.text.get(span).map(str::to_owned);
    }
    place
}
