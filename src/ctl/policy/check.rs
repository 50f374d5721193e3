//! `guardctl policy check`: what TOML alone can't tell. Unknown actions are faults; ladders out of
//! order, and lower layers that would loosen, are warnings.

use std::path::{Path, PathBuf};

use crate::ctl::Failure;
use crate::ctl::configured::{actions, places};
use crate::exit;
use crate::policy::{
    Amount, Amounts, ConfigFault, Environments, Gravity, Layer, Limits, LimitsTable, Origin, Policy, Shelf,
    Standing, draw, load, parse_layer, rule_span,
};
use crate::tool::{Effect, Size};
use crate::ui::{Ui, escape};
use crate::world::{FileFault, Real, World, read_trusted};

use super::show::origin;

/// A remark on a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// How grave it is.
    pub gravity: Gravity,
    /// The rule it is about.
    pub rule: String,
    /// The sentence.
    pub text: String,
}

/// Checks files, or the layers that hold here.
pub fn run(files: &[PathBuf], ui: &mut Ui) -> Result<u8, Failure> {
    let world = Real::new(false);
    let places = places(&world, &world.session().cwd);
    let known = actions(&Shelf::new(&places), &places)?;
    let mut wrong = false;
    let policies: Vec<(String, Result<Policy, ConfigFault>)> = match files {
        [] => vec![("what holds here".into(), load(&places))],
        files => files.iter().map(|file| (escape(file).into_owned(), alone(file))).collect(),
    };
    for (name, policy) in policies {
        match policy {
            Err(fault) => {
                wrong = true;
                ui.complain(&fault.render());
            }
            Ok(policy) => {
                let mut faults = 0;
                for (layer, remark) in remarks(&policy, &known) {
                    faults += u32::from(remark.gravity == Gravity::Error);
                    ui.complain(&drawn(layer, &remark));
                }
                wrong |= faults > 0;
                if faults == 0 {
                    ui.print(&format!("{name}: good"))?;
                }
            }
        }
    }
    Ok(if wrong { exit::FOUND } else { 0 })
}

/// The built-in policy with one file on top; a project's file may only tighten.
pub fn alone(file: &Path) -> Result<Policy, ConfigFault> {
    let mut policy = load(&crate::policy::Places::default())?;
    let missing =
        || FileFault::Unreadable { path: file.to_owned(), fault: std::io::ErrorKind::NotFound.into() };
    // A file that is only looked at may be anybody's; one that would be refused says so by `doctor`.
    let text = match read_trusted(file) {
        Err(FileFault::Untrusted { .. }) => std::fs::read_to_string(file)
            .map(Some)
            .map_err(|fault| FileFault::Unreadable { path: file.to_owned(), fault })?,
        other => other?,
    };
    let text = text.ok_or_else(missing)?;
    let project = file.file_name().is_some_and(|name| name == ".guard.toml");
    let standing = if project { Standing::Tighten } else { Standing::Site };
    policy.layers.push(parse_layer(&file.display().to_string(), &text, standing)?);
    Ok(policy)
}

fn drawn(layer: &Layer, remark: &Remark) -> String {
    match rule_span(&layer.text, &remark.rule) {
        Some(span) => draw(remark.gravity, &origin(layer), &layer.text, span, &remark.text, ""),
        None => format!("{}: {}: {}", origin(layer), remark.rule, remark.text),
    }
}

/// Everything that is to be said about the layers that are no part of guard.
pub fn remarks<'p>(policy: &'p Policy, actions: &[String]) -> Vec<(&'p Layer, Remark)> {
    let mut out = Vec::new();
    for (at, layer) in
        policy.layers.iter().enumerate().filter(|(_, l)| !matches!(l.origin, Origin::BuiltIn(_)))
    {
        let mut own = Vec::new();
        for (path, environment, table) in tables(layer) {
            for (name, limits) in &table.actions {
                let rule = format!("{path}.\"{name}\"");
                if !actions.contains(name) {
                    let text =
                        format!("no tool file has an action '{}'{}", escape(name), like(name, actions));
                    own.push(Remark { gravity: Gravity::Error, rule: rule.clone(), text });
                }
                order(&rule, limits, &mut own);
                if layer.standing == Standing::Tighten {
                    takes_back(&rule, limits, &mut own);
                }
            }
            for (effect, by_size) in &table.effects {
                for size in [Size::Small, Size::Member, Size::Container] {
                    let rule = format!("{path}.{}.{}", effect.word(), size.word());
                    let limits = by_size.of(size);
                    order(&rule, limits, &mut own);
                    if layer.standing == Standing::Tighten {
                        takes_back(&rule, limits, &mut own);
                        let above = Policy::new(policy.layers[..at].to_vec());
                        loosens(&rule, limits, &above, (*effect, size), environment, &mut own);
                    }
                }
            }
        }
        own.extend(super::slips::of(&layer.file, actions));
        out.extend(own.into_iter().map(|remark| (layer, remark)));
    }
    out
}

/// The tables of limits of a layer, with their paths and environments.
fn tables(layer: &Layer) -> Vec<(String, Option<&String>, &LimitsTable)> {
    let own = layer.file.environment.iter();
    let own = own.map(|(name, one)| (format!("environment.{name}.limits"), Some(name), &one.limits));
    std::iter::once(("limits".to_owned(), None, &layer.file.limits)).chain(own).collect()
}

/// A known action that is spelled much the same.
fn like(name: &str, actions: &[String]) -> String {
    let common = |known: &String| known.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    // Of those that begin alike, the one that is as long: 'kubectl deelte' is 'kubectl delete', not '… delete raw'.
    let nearness = |known: &&String| (common(known), std::cmp::Reverse(known.len().abs_diff(name.len())));
    let near = actions.iter().max_by_key(nearness).filter(|known| common(known) >= 4);
    near.map_or(String::new(), |known| format!("; is '{known}' meant?"))
}

fn ladder(limits: &Limits) -> [(&'static str, Option<&Amounts>); 5] {
    [
        ("confirm", limits.confirm.as_ref()),
        ("dry_run", limits.dry_run.as_ref()),
        ("stage", limits.stage.as_ref()),
        ("approve", limits.approve.as_ref()),
        ("deny", limits.deny.as_ref()),
    ]
}

fn number(amounts: &Amounts) -> Option<u64> {
    let number = |amount: &Amount| match amount {
        Amount::Number(n) => Some(*n),
        Amount::Percent(_) => None,
    };
    amounts.0.iter().filter_map(number).min()
}

/// A rung that begins below a milder one makes the milder one senseless.
fn order(rule: &str, limits: &Limits, out: &mut Vec<Remark>) {
    let steps = ladder(limits);
    let numbers: Vec<(&str, u64)> =
        steps.iter().filter_map(|(rung, amounts)| Some((*rung, number((*amounts)?)?))).collect();
    for pair in numbers.windows(2) {
        let [(mild, low), (grave, high)] = pair else { continue };
        if high < low {
            let text =
                format!("{grave} begins at {high}, before {mild} at {low}, which then never decides alone");
            out.push(Remark { gravity: Gravity::Warning, rule: format!("{rule}.{grave}"), text });
        }
    }
}

/// A layer that may only tighten, with names that it would no longer protect.
fn takes_back(rule: &str, limits: &Limits, out: &mut Vec<Remark>) {
    if !limits.unprotect.is_empty() {
        let text = "unprotect has no effect: this file may only tighten".to_owned();
        out.push(Remark { gravity: Gravity::Warning, rule: format!("{rule}.unprotect"), text });
    }
}

/// A layer that may only tighten, with a number above the one that holds already.
fn loosens(
    rule: &str,
    limits: &Limits,
    above: &Policy,
    (effect, size): (Effect, Size),
    environment: Option<&String>,
    out: &mut Vec<Remark>,
) {
    let names: Vec<String> = environment.into_iter().cloned().collect();
    let held = above.ladder("", effect, size, &Environments { site: names.clone(), all: names });
    let held = [&held.confirm, &held.dry_run, &held.stage, &held.approve, &held.deny];
    for ((rung, amounts), held) in ladder(limits).into_iter().zip(held) {
        let amounts_held = Amounts(held.iter().map(|limit| limit.amount).collect());
        let (Some(own), Some(held)) = (amounts.and_then(number), number(&amounts_held)) else { continue };
        if own > held {
            let text = format!(
                "{rung} from {own} has no effect: it holds from {held} on, and this file may only tighten"
            );
            out.push(Remark { gravity: Gravity::Warning, rule: format!("{rule}.{rung}"), text });
        }
    }
}
