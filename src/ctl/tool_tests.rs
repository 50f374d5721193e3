//! Runs the examples that stand beside the actions of a tool file.

use std::ffi::OsString;
use std::rc::Rc;

use crate::read::{Fill, Library, Match, read};
use crate::scope::{Target, Words, calls};
use crate::tool::{ActionTest, Kinds, ToolFile};
use crate::ui::escape::quote;

/// Runs every example of a tool file; returns how many ran, and a sentence for each that fails.
pub fn run(file: &Rc<ToolFile>, library: &dyn Library, kinds: &Kinds) -> (usize, Vec<String>) {
    let mut ran = 0;
    let mut failures = Vec::new();
    for (index, action) in file.action.iter().enumerate() {
        for test in &action.test {
            ran += 1;
            let mut says = |what: String| failures.push(format!("{}: '{}': {what}", action.name, test.run));
            if let Err(what) = one(file, index, test, library, kinds, &mut says) {
                says(what);
            }
        }
    }
    (ran, failures)
}

fn one(
    file: &ToolFile,
    action: usize,
    test: &ActionTest,
    library: &dyn Library,
    kinds: &Kinds,
    says: &mut dyn FnMut(String),
) -> Result<(), String> {
    let argv = words(&test.run)?;
    let readings = read(&argv, library).map_err(|fault| fault.to_string())?;
    let matches: Vec<Match> = readings.iter().filter_map(Match::find).collect();
    let hit = matches.into_iter().find(|m| m.index() == action && m.file.tool.names == file.tool.names);
    let Some(found) = hit else {
        return if test.matches { Err("does not match".into()) } else { Ok(()) };
    };
    if !test.matches {
        return Err("matches, and should not".into());
    }
    let words_scope = Words::of(&found, kinds);
    if let Some(expected) = &test.operands {
        let got: Vec<String> = found.operands().iter().map(|w| w.to_string_lossy().into_owned()).collect();
        same("operands", &got, expected, says);
    }
    if let Some(expected) = test.effect {
        same("effect", &found.effect(), &Some(expected), says);
    }
    if let Some(expected) = &test.kind {
        same("kind", &words_scope.kind, expected, says);
    }
    if test.most.is_some() || test.blank {
        let most = words_scope.bounded.then(|| words_scope.targets.iter().map(|t| t.weight).sum());
        if !test.blank {
            same("most", &most, &test.most, says);
        }
    }
    same("blank", &!found.blanks().is_empty(), &test.blank, says);
    if let Some(expected) = &test.lists {
        let template = found.action().list.as_ref().ok_or("it has no listing")?;
        let got = found.invocation.carry(found.fill(template, &Fill::default()));
        let text = |word: OsString| match word.to_str().and_then(|w| w.strip_prefix('{')?.strip_suffix('}')) {
            Some(name) => file.tool.text.get(name).map_or(word.clone(), OsString::from),
            None => word,
        };
        let expected: Vec<OsString> = words(expected)?.into_iter().map(text).collect();
        same("lists", &quote(&got), &quote(&expected), says);
    }
    if let Some(expected) = &test.narrows {
        let targets: Vec<Target> = test.targets.iter().map(|t| target(t, &words_scope.kind)).collect();
        let calls = calls(&found, &targets).map_err(|fault| fault.to_string())?;
        let got: Vec<String> = calls.iter().map(|c| quote(&c.argv)).collect();
        let expected = expected.iter().map(|e| words(e).map(|w| quote(&w))).collect::<Result<Vec<_>, _>>()?;
        same("narrows", &got, &expected, says);
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, expected: &T, says: &mut dyn FnMut(String)) {
    if got != expected {
        says(format!("{what} is {got:?}, expected {expected:?}"));
    }
}

fn words(text: &str) -> Result<Vec<OsString>, String> {
    let words = shlex::split(text).ok_or_else(|| format!("'{text}' is no shell text"))?;
    Ok(words.into_iter().map(OsString::from).collect())
}

/// `name`, `kind/name` or `kind/namespace/name`.
fn target(text: &str, kind: &str) -> Target {
    let parts: Vec<&str> = text.splitn(3, '/').collect();
    let (kind, namespace, name) = match parts.as_slice() {
        [kind, namespace, name] => (*kind, Some((*namespace).to_owned()), *name),
        [kind, name] => (*kind, None, *name),
        _ => (kind, None, text),
    };
    Target { kind: kind.to_owned(), namespace, name: name.into(), weight: 1, ..Target::default() }
}
