//! `guardctl policy show`: the limits that hold here, and the layer that sets each.

use serde::Serialize;

use crate::ctl::Failure;
use crate::ctl::configured::Configured;
use crate::judge::Rung;
use crate::policy::{Environments, Ladder, Layer, Limit, Origin, Policy, Stance, Standing};
use crate::tool::{Effect, Size};
use crate::ui::{Ui, escape};
use crate::world::Real;

/// Everything that is shown.
#[derive(Debug, Serialize)]
struct Shown {
    layers: Vec<ShownLayer>,
    limits: Vec<ShownLimit>,
    environments: Vec<ShownEnvironment>,
    roles: Vec<ShownRole>,
    unnamed: Stance,
}

#[derive(Debug, Serialize)]
struct ShownLayer {
    origin: String,
    /// True where it may only tighten.
    tightens: bool,
}

#[derive(Debug, Serialize)]
struct ShownLimit {
    /// The environment it is for; null for everywhere.
    environment: Option<String>,
    /// The effect and size, or the action.
    of: String,
    rung: &'static str,
    /// From how many, as written.
    from: String,
    rule: String,
    layer: usize,
}

#[derive(Debug, Serialize)]
struct ShownEnvironment {
    name: String,
    contexts: Vec<String>,
    raise: u8,
    layer: usize,
}

#[derive(Debug, Serialize)]
struct ShownRole {
    name: String,
    tool: Option<String>,
    keep: Vec<String>,
    layer: usize,
}

/// Shows what holds here.
pub fn run(json: bool, ui: &mut Ui) -> Result<u8, Failure> {
    let here = Configured::read(Real::new(false))?;
    let shown = shown(&here.policy);
    if json {
        ui.print(&serde_json::to_string(&shown).map_err(std::io::Error::other)?)?;
    } else {
        ui.print(&table(&shown))?;
    }
    Ok(0)
}

/// Where a layer comes from, escaped.
pub fn origin(layer: &Layer) -> String {
    match &layer.origin {
        Origin::BuiltIn(path) => format!("built in: {path}"),
        Origin::File(path) => escape(path).into_owned(),
    }
}

fn shown(policy: &Policy) -> Shown {
    let layers = policy
        .layers
        .iter()
        .map(|layer| ShownLayer { origin: origin(layer), tightens: layer.standing == Standing::Tighten });
    let mut limits = limits(policy, None);
    let mut environments: Vec<ShownEnvironment> = Vec::new();
    let mut roles = Vec::new();
    for (at, layer) in policy.layers.iter().enumerate() {
        for (name, environment) in &layer.file.environment {
            if !environments.iter().any(|known| known.name == *name) {
                limits.extend(self::limits(policy, Some(name)));
            }
            environments.push(ShownEnvironment {
                name: name.clone(),
                contexts: environment.contexts.iter().map(|glob| glob.text().to_owned()).collect(),
                raise: environment.raise.unwrap_or(0),
                layer: at,
            });
        }
        roles.extend(layer.file.role.iter().map(|(name, role)| ShownRole {
            name: name.clone(),
            tool: role.tool.clone(),
            keep: role.keep.iter().flat_map(|keep| &keep.0).map(ToString::to_string).collect(),
            layer: at,
        }));
    }
    Shown { layers: layers.collect(), limits, environments, roles, unnamed: policy.unnamed().value }
}

/// The limits everywhere, or those of an environment that are others than everywhere.
fn limits(policy: &Policy, environment: Option<&String>) -> Vec<ShownLimit> {
    let names: Vec<String> = environment.into_iter().cloned().collect();
    let environments = Environments { site: names.clone(), all: names };
    let mut out = Vec::new();
    let mut add = |of: String, ladder: &Ladder, own: &str| {
        let marked = environment.map(|name| format!("environment.{name}."));
        for (rung, limit) in rungs(ladder) {
            let here = marked.as_ref().is_none_or(|marked| limit.rule.starts_with(marked.as_str()));
            if here && limit.rule.contains(own) {
                out.push(ShownLimit {
                    environment: environment.cloned(),
                    of: of.clone(),
                    rung: rung.word(),
                    from: limit.amount.to_string(),
                    rule: limit.rule.clone(),
                    layer: limit.layer,
                });
            }
        }
    };
    for effect in Effect::ALL.into_iter().rev() {
        for size in [Size::Small, Size::Member, Size::Container] {
            let of = format!("{} {}", effect.word(), size.word());
            add(of, &policy.ladder("", effect, size, &environments), "");
        }
    }
    for action in actions(policy) {
        // What an action's own limits do not say comes from its effect, which is shown above.
        let ladder = policy.ladder(&action, Effect::Destroy, Size::Member, &environments);
        add(action.clone(), &ladder, &format!("limits.\"{action}\"."));
    }
    out
}

/// Every action that a layer has limits for.
fn actions(policy: &Policy) -> Vec<String> {
    let tables = policy.layers.iter().flat_map(|layer| {
        let own = layer.file.environment.values().map(|environment| &environment.limits);
        own.chain([&layer.file.limits])
    });
    let mut all: Vec<String> = tables.flat_map(|table| table.actions.keys().cloned()).collect();
    all.sort();
    all.dedup();
    all
}

fn rungs(ladder: &Ladder) -> impl Iterator<Item = (Rung, &Limit)> {
    [
        (Rung::Confirm, &ladder.confirm),
        (Rung::DryRun, &ladder.dry_run),
        (Rung::Stage, &ladder.stage),
        (Rung::Approve, &ladder.approve),
        (Rung::Deny, &ladder.deny),
    ]
    .into_iter()
    .flat_map(|(rung, limits)| limits.iter().map(move |limit| (rung, limit)))
}

/// The table for a person: a line for each effect and size, action and environment.
fn table(shown: &Shown) -> String {
    let mut lines = vec!["LAYERS (a later one counts; one that tightens can't loosen)".to_owned()];
    for (at, layer) in shown.layers.iter().enumerate() {
        lines.push(format!("  [{at}] {}{}", layer.origin, if layer.tightens { " (tightens)" } else { "" }));
    }
    lines.push("LIMITS (from how many targets, [layer])".into());
    let mut rest = shown.limits.as_slice();
    while let Some(first) = rest.first() {
        let same = |limit: &&ShownLimit| (&limit.environment, &limit.of) == (&first.environment, &first.of);
        let long = rest.iter().take_while(same).count();
        let cells: Vec<String> =
            rest[..long].iter().map(|l| format!("{} {} [{}]", l.rung, l.from, l.layer)).collect();
        let place = first.environment.as_ref().map_or(String::new(), |name| format!("{}: ", escape(name)));
        lines.push(format!("  {:18} {}", format!("{place}{}", escape(&first.of)), cells.join(" · ")));
        rest = &rest[long..];
    }
    if !shown.environments.is_empty() {
        lines.push("ENVIRONMENTS".into());
    }
    for one in &shown.environments {
        let contexts: Vec<_> = one.contexts.iter().map(|text| escape(text)).collect();
        let raised = if one.raise > 0 { format!(", {} rungs up", one.raise) } else { String::new() };
        lines.push(format!("  {:18} {}{raised} [{}]", escape(&one.name), contexts.join(" "), one.layer));
    }
    if !shown.roles.is_empty() {
        lines.push("ROLES".into());
    }
    for one in &shown.roles {
        let tool = one.tool.as_ref().map_or(String::new(), |tool| format!(" ({})", escape(tool)));
        lines.push(format!("  {:18} keep {}{tool} [{}]", escape(&one.name), one.keep.join(", "), one.layer));
    }
    let unnamed = match shown.unnamed {
        Stance::Allow => "run",
        Stance::Confirm => "are confirmed",
        Stance::Deny => "are refused",
    };
    lines.push(format!("Commands that no tool file names {unnamed}."));
    lines.join("\n")
}
