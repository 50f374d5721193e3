//! Every example beside the actions of every built-in tool file holds.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use std::rc::Rc;

use guard::ctl::tool_tests;
use guard::policy::{Places, Shelf, kinds, parse_tool};
use guard::tool::builtin_files;

#[test]
fn examples_beside_actions_hold() {
    let kinds = kinds().unwrap();
    let shelf = Shelf::new(&Places::default());
    let mut failures = Vec::new();
    for (name, text) in builtin_files() {
        match parse_tool(&format!("policies/tools/{name}.toml"), text) {
            Err(fault) => failures.push(fault.render()),
            Ok(file) => {
                let (_, failed) = tool_tests::run(&Rc::new(file), &shelf, &kinds);
                failures.extend(failed.into_iter().map(|f| format!("{name}.toml: {f}")));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_action_has_an_example_that_matches_and_one_that_does_not() {
    let mut missing = Vec::new();
    for (name, text) in builtin_files() {
        let file = parse_tool(name, text).unwrap();
        for action in &file.action {
            if !action.test.iter().any(|t| t.matches) {
                missing.push(format!("{name}.toml: action '{}' has no example", action.name));
            }
            let narrowed = action.when.len() + action.unless.len() > 0;
            if narrowed && action.test.iter().all(|t| t.matches) {
                missing.push(format!(
                    "{name}.toml: action '{}' has no example that must not match",
                    action.name
                ));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
