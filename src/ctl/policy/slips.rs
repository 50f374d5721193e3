//! Slips in a policy file that it can be read with: globs left open, stages that do not grow, tests
//! that expect no rung there is, numbers and names without any effect.

use crate::judge::{Rung, Stages};
use crate::policy::{Gravity, LayerFile, Limits, LimitsTable};
use crate::tool::{Effect, Glob, Size};
use crate::ui::escape;

use super::check::Remark;

/// More rungs than this above any other there are not.
const MOST_RAISED: u8 = 5;

/// Everything that is to be said about one file. `actions` are the names of all that are known.
pub fn of(file: &LayerFile, actions: &[String]) -> Vec<Remark> {
    let mut out = Vec::new();
    globs_of_limits("limits", &file.limits, &mut out);
    for (name, environment) in &file.environment {
        let rule = format!("environment.{name}");
        globs(&format!("{rule}.contexts"), &environment.contexts, &mut out);
        globs_of_limits(&format!("{rule}.limits"), &environment.limits, &mut out);
        if let Some(raise) = environment.raise.filter(|raise| *raise > MOST_RAISED) {
            let text = format!("raise = {raise} does no more than {MOST_RAISED}: there are no further rungs");
            out.push(warning(format!("{rule}.raise"), text));
        }
    }
    for (name, role) in &file.role {
        let Some(tool) = &role.tool else { continue };
        let known = |action: &String| action.split(' ').next() == Some(tool);
        if !actions.iter().any(known) {
            let text = format!("no tool file that has actions begins its names with '{}'", escape(tool));
            out.push(warning(format!("role.{name}.tool"), text));
        }
    }
    if let Some(Err(fault)) = file.stages.as_ref().map(|stages| stages.join(",").parse::<Stages>()) {
        out.push(error("stages".into(), escape(&fault.to_string()).into_owned()));
    }
    for test in &file.test {
        let verdict = &test.expect.verdict;
        if !Rung::ALL.iter().any(|rung| rung.word() == verdict) {
            let words: Vec<&str> = Rung::ALL.iter().map(|rung| rung.word()).collect();
            let text = format!("'{}' is no verdict: write one of {}", escape(verdict), words.join(", "));
            out.push(error(format!("test '{}'", escape(&test.run)), text));
        }
    }
    out
}

fn globs_of_limits(path: &str, table: &LimitsTable, out: &mut Vec<Remark>) {
    let mut both = |rule: String, limits: &Limits| {
        globs(&format!("{rule}.protect"), &limits.protect, out);
        globs(&format!("{rule}.confirm_names"), &limits.confirm_names, out);
    };
    for (name, limits) in &table.actions {
        both(format!("{path}.\"{name}\""), limits);
    }
    for effect in Effect::ALL {
        for size in [Size::Small, Size::Member, Size::Container] {
            if let Some(by_size) = table.effects.get(&effect) {
                both(format!("{path}.{}.{}", effect.word(), size.word()), by_size.of(size));
            }
        }
    }
}

fn globs(rule: &str, globs: &[Glob], out: &mut Vec<Remark>) {
    for glob in globs.iter().filter(|glob| glob.has_open_class()) {
        let text = format!("'{}' has a '[' that is never closed by ']'", escape(glob.text()));
        out.push(error(rule.to_owned(), text));
    }
}

fn error(rule: String, text: String) -> Remark {
    Remark { gravity: Gravity::Error, rule, text }
}

fn warning(rule: String, text: String) -> Remark {
    Remark { gravity: Gravity::Warning, rule, text }
}
