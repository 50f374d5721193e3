//! Tool files and policy files: read, or refused with a text that is safe to show.

use std::ffi::OsString;
use std::rc::Rc;

use guard::judge::{Case, Rung, judge};
use guard::policy::{ConfigFault, Layer, Policy, Standing, kinds, parse_layer, parse_tool, rule_span};
use guard::read::Library;
use guard::scope::{Certainty, Fleet, Place, Scope, Target, empty};
use guard::tool::{Effect, Freeze, Kinds, ToolFile};

use super::commands::judged;
use super::shown::harmless_lines;

/// A library of one tool file, which speaks for every program.
struct One(Rc<ToolFile>);

impl Library for One {
    fn tool(&self, _program: &str) -> Result<Option<Rc<ToolFile>>, String> {
        Ok(Some(Rc::clone(&self.0)))
    }
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn shown(fault: &ConfigFault) {
    harmless_lines(&fault.render());
}

/// A tool file is read; what it says is used on its own examples and a few lines more.
pub fn tool_file(bytes: &[u8]) {
    let Some(text) = text_of(bytes) else { return };
    let file = match parse_tool("tool.toml", text) {
        Ok(file) => Rc::new(file),
        Err(fault) => return shown(&fault),
    };
    let kinds = kinds().expect("the built-in kinds");
    let examples = file.action.iter().flat_map(|action| &action.test).map(|test| test.run.as_str());
    let fixed =
        ["x", "x delete a b c", "x -a --bee=c -d e -- -f", "x -abc --no-bee k=v ''", "x x x x x x x x"];
    for line in examples.take(16).chain(fixed) {
        let words = shlex::split(line).unwrap_or_default();
        let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        judged(&words, &One(Rc::clone(&file)), &kinds);
    }
}

/// A policy file is read, asked for everything it may say, and as a lower layer loosens nothing.
pub fn policy_file(bytes: &[u8]) {
    let Some(text) = text_of(bytes) else { return };
    let layer = |standing| parse_layer("policy.toml", text, standing);
    let site = match layer(Standing::Site) {
        Ok(site) => site,
        Err(fault) => return shown(&fault),
    };
    let below = layer(Standing::Tighten).expect("the same text");
    for rule in ["limits.destroy.small.confirm", "limits.\"kubectl delete\".protect", "blank"] {
        if let Some(span) = rule_span(text, rule) {
            assert!(text.get(span).is_some(), "{rule} stands between letters");
        }
    }
    let base = parse_layer("base.toml", BASE, Standing::Site).expect("the base");
    let kinds = kinds().expect("the built-in kinds");
    asked(&Policy::new(vec![base.clone(), site]));
    let without = Policy::new(vec![base.clone()]);
    let with = Policy::new(vec![base, below]);
    asked(&with);
    for count in [0, 1, 2, 12, 60] {
        for effect in Effect::ALL {
            let (before, after) = (rung(&without, effect, count, &kinds), rung(&with, effect, count, &kinds));
            assert!(after >= before, "{effect:?} of {count}: {before:?} became {after:?}");
        }
    }
    assert!(with.unnamed().value >= without.unnamed().value);
    assert!(with.plan_expires() <= without.plan_expires());
}

/// A site's own limits, of every sort.
const BASE: &str = r#"
unnamed = "allow"
[plan]
expires = "1h"
[limits.destroy.member]
confirm = 3
dry_run = 10
stage = [25, "10%"]
approve = "50%"
[limits."kubectl delete"]
protect = ["pod/keep"]
[environment.prod]
contexts = ["prod"]
raise = 1
[role.web]
keep = "80%"
"#;

fn asked(policy: &Policy) {
    let _ = (policy.unnamed(), policy.plan_expires(), policy.has_floors("kubectl"));
    for total in [0, 1, 40, u64::MAX] {
        let _ = policy.keep("web", "kubectl", total);
    }
    let _ = policy.files();
    let _: Option<&Layer> = policy.layers.last();
}

fn rung(policy: &Policy, effect: Effect, count: usize, kinds: &Kinds) -> Rung {
    let environments = policy.environments(&["prod", "east"]);
    let ladder = policy.ladder("kubectl delete", effect, kinds.size("pod"), &environments);
    let target =
        |n| Target { kind: "pod".into(), name: format!("p{n}").into(), weight: 1, ..Target::default() };
    let hit = count as u64;
    let keep = policy.keep("web", "kubectl", 100).map(|keep| keep.value);
    let scope = Scope {
        certainty: Certainty::Exact,
        count: hit,
        targets: (0..count).map(target).collect(),
        fleets: vec![Fleet { role: "web".into(), total: 100, hit, healthy: 100, ill: 0, keep }],
        ..empty("pod", kinds)
    };
    let place = Place { name: "prod".into(), parts: Vec::new() };
    let (freeze, blanks) = (Freeze::Names, &[]);
    judge(&Case { effect, freeze, scope: &scope, place: &place, ladder: &ladder, blanks, kinds }).rung
}
