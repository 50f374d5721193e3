//! Every example beside the actions of every built-in tool file holds.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use std::rc::Rc;

use guard::ctl::tool_tests;
use guard::policy::{Places, Shelf, kinds, parse_tool};
use guard::tool::{Builtin, builtin_files};

#[test]
fn examples_beside_actions_hold() {
    let kinds = kinds().unwrap();
    let shelf = Shelf::new(&Places::default());
    let mut failures = Vec::new();
    for Builtin { name, text, .. } in builtin_files() {
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
    for Builtin { name, text, .. } in builtin_files() {
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

const TOY: &str = r#"[tool]
names = ["toy"]
text = { rest = "-v" }
[[action]]
name = "remove"
effect = "destroy"
targets = { kind = "host" }
list = "toy list {rest} {words}"
text = { words = "all" }
freeze = "names"
narrow = "{argv without operands} {targets}"
"#;

fn fault(text: &str) -> String {
    parse_tool("toy.toml", text).err().map(|fault| fault.to_string()).unwrap_or_default()
}

#[test]
fn a_freeze_by_names_has_to_name_them() {
    assert_eq!(fault(TOY), "");
    for named in ["{folded}", "{each %name:%uid}", "hosts={targets join ,}"] {
        assert_eq!(fault(&TOY.replace("{targets}", named)), "");
    }
    assert_eq!(
        fault(&TOY.replace("{targets}", "--now")),
        "action 'remove': narrow '{argv without operands} --now' names no targets: it needs {targets}, \
         {folded} or {each …}"
    );
    let none = TOY.replace("narrow = \"{argv without operands} {targets}\"", "");
    assert_eq!(fault(&none), "action 'remove': freeze = \"names\" needs a narrow that names the targets");
    assert!(fault(&none.replace("\"names\"\n", "\"lease\"\n")).contains("freeze = \"lease\" needs"));
}

#[test]
fn what_would_come_out_empty_is_a_fault() {
    assert_eq!(
        fault(&TOY.replace("{words}", "{oprands}")),
        "action 'remove': list holds '{oprands}', which is no placeholder and no name of a text table"
    );
    let listing = TOY.replace("kind =", "source = \"listing\", kind =");
    assert_eq!(fault(&listing), "");
    let unlisted = listing.replace("list = \"toy list {rest} {words}\"", "");
    assert_eq!(
        fault(&unlisted),
        "action 'remove': source = \"listing\" needs a list, or unknown where none can be made"
    );
    assert_eq!(fault(&unlisted.replace("freeze = \"names\"", "unknown = [\"!-h\"]\nfreeze = \"names\"")), "");
}

#[test]
fn what_is_hardly_meant_is_remarked_on() {
    let kinds = kinds().unwrap();
    let said = |text: &str, called: &str| {
        parse_tool("toy.toml", text).map_err(|fault| fault.render()).unwrap().remarks(called, &kinds)
    };
    assert_eq!(said(TOY, "toy"), Vec::<String>::new());
    let slips = TOY
        .replace("\"host\"", "\"hots\"")
        .replace("{words}\"", "| sort\"")
        .replace("{argv without operands}", "tory");
    let found = said(&slips, "tool").join("\n");
    for part in ["called tool.toml", "no kind 'hots'", "the word '|'", "narrow starts 'tory'"] {
        assert!(found.contains(part), "{part} in {found}");
    }
    let off = said("[tool]\nnames = [\"rm\"]\n", "rm");
    assert_eq!(off, ["no action is left of the built-in file for 'rm': guard lets all of it pass"]);
    assert_eq!(said("[tool]\nnames = [\"sudo\"]\n", "sudo").len(), 1);
    assert_eq!(said("[tool]\nnames = [\"sudo\"]\nwrapper = {}\n", "sudo").len(), 0);
    for Builtin { name, text, .. } in builtin_files() {
        assert_eq!(said(text, name), Vec::<String>::new(), "{name}.toml");
    }
}

#[test]
fn below_a_site_no_operator_replaces_a_tool_file() {
    let (site, operator) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(operator.path().join("tools")).unwrap();
    std::fs::write(operator.path().join("tools/rm.toml"), "[tool]\nnames = [\"rm\"]\n").unwrap();
    let actions = |places: &Places| Shelf::new(places).get("rm").unwrap().unwrap().action.len();
    let alone = Places { operator: Some(operator.path().to_owned()), ..Places::default() };
    assert_eq!(actions(&alone), 0);
    assert_ne!(actions(&Places { site: Some(site.path().to_owned()), ..alone }), 0);
}
