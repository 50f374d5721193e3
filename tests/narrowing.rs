//! A narrowed command, read again, hits exactly the targets that it was narrowed to: for every action
//! of a built-in tool file that is held by names or a lease, and names of any look.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::collections::BTreeSet;
use std::ffi::OsString;

use guard::policy::{Places, Shelf, kinds, parse_tool};
use guard::read::{Match, read};
use guard::scope::{NarrowFault, Target, Words, calls};
use guard::tool::{ActionTest, Builtin, Freeze, Kinds, Source, builtin_files};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// An example of an action that is held by names, matched.
struct Example {
    run: String,
    found: Match,
    /// A target as the example names it: its kind, and whether it has a namespace.
    model: Target,
}

fn held(freeze: Freeze) -> bool {
    matches!(freeze, Freeze::Names | Freeze::Lease)
}

fn matched(argv: &[OsString], shelf: &Shelf) -> Vec<Match> {
    read(argv, shelf).unwrap().iter().filter_map(Match::find).collect()
}

fn words(text: &str) -> Vec<OsString> {
    shlex::split(text).unwrap().into_iter().map(OsString::from).collect()
}

fn model(test: &ActionTest, found: &Match, kinds: &Kinds) -> Target {
    let kind = kinds.singular(&found.kind());
    let parts: Vec<&str> = test.targets[0].splitn(3, '/').collect();
    let (kind, namespace) = match parts.as_slice() {
        [kind, namespace, _] => ((*kind).to_owned(), Some((*namespace).to_owned())),
        [kind, _] => ((*kind).to_owned(), None),
        _ => (kind, None),
    };
    Target { kind, namespace, weight: 1, ..Target::default() }
}

/// Files that still owe some of these examples (docs/gaps.md); the list is not to grow.
const OWED: [&str; 7] = ["argocd", "aws", "crictl", "docker", "gcloud", "salt", "terraform"];

#[test]
fn every_action_that_is_held_by_names_shows_how_it_is_narrowed() {
    let mut missing = Vec::new();
    for Builtin { name, text, .. } in builtin_files() {
        for action in parse_tool(name, text).unwrap().action {
            let shown = action.test.iter().any(|test| test.narrows.is_some() && !test.targets.is_empty());
            if held(action.freeze) && !shown && !OWED.contains(name) {
                missing.push(format!(
                    "{name}.toml: action '{}' ({:?})",
                    action.name,
                    action.test.first().map(|test| &test.run)
                ));
            }
        }
    }
    assert!(missing.is_empty(), "no example with targets and narrows:\n{}", missing.join("\n"));
}

fn examples(shelf: &Shelf, kinds: &Kinds) -> Vec<Example> {
    let mut all = Vec::new();
    for Builtin { name, text, .. } in builtin_files() {
        let file = parse_tool(name, text).unwrap();
        for (index, action) in file.action.iter().enumerate().filter(|(_, action)| held(action.freeze)) {
            // A set of hosts is no list of names: tests/ansible.rs runs what was narrowed by it.
            if action.narrow.as_ref().is_some_and(|narrow| narrow.text().contains("{folded}")) {
                continue;
            }
            for test in action.test.iter().filter(|test| test.narrows.is_some()) {
                let own = |found: &Match| found.index() == index && found.file.tool.names == file.tool.names;
                let found = matched(&words(&test.run), shelf).into_iter().find(own).unwrap();
                let model = model(test, &found, kinds);
                all.push(Example { run: test.run.clone(), found, model });
            }
        }
    }
    all
}

/// Names as a tool may list them; a pid where targets are processes.
fn names(source: Source) -> BoxedStrategy<Vec<String>> {
    let one = match source {
        Source::Processes => "[1-9][0-9]{1,5}",
        _ => "-{0,2}[a-zA-Z0-9_]([a-zA-Z0-9_.-]{0,9}[a-zA-Z0-9_])?",
    };
    prop::collection::btree_set(one, 1..5).prop_map(|set| set.into_iter().collect()).boxed()
}

/// What the words of a command name; nothing where more than these could be hit.
fn named(found: &Match, kinds: &Kinds) -> Option<BTreeSet<String>> {
    let words = Words::of(found, kinds);
    // A name of volumes may be a group's as well: their tool file never takes the words for a bound.
    let listed = format!("{:?}", found.action().targets.wide).contains("perand");
    let bounded = listed || words.bounded || found.action().targets.resize.is_some() && !found.wide();
    let short = |name: String| {
        let prefixes = ["refs/heads/", "refs/tags/"];
        prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(&name).to_owned()
    };
    bounded.then(|| words.targets.iter().map(|t| short(t.name.to_str().unwrap().to_owned())).collect())
}

/// Which of these names a call has in words that were not typed, alone or with commas between.
fn added(argv: &[OsString], typed: &[OsString], names: &BTreeSet<String>) -> BTreeSet<String> {
    let new = argv.iter().filter(|word| !typed.contains(word)).filter_map(|word| word.to_str());
    let values = new.filter(|word| !word.starts_with('-') || names.contains(*word));
    values.flat_map(|word| word.split(',')).map(str::to_owned).collect()
}

/// The refs that a push has leases for; without one, none is forced.
fn leases(argv: &[OsString]) -> BTreeSet<String> {
    let words = argv.iter().map(|word| word.to_str().unwrap());
    assert!(!words.clone().any(|word| matches!(word, "-f" | "--force" | "--force-with-lease")), "{argv:?}");
    let leases = words.filter_map(|word| word.strip_prefix("--force-with-lease="));
    leases.map(|lease| lease.split_once(':').unwrap().0.to_owned()).collect()
}

#[test]
fn read_again_a_narrowed_command_hits_exactly_these() {
    let (shelf, kinds) = (Shelf::new(&Places::default()), kinds().unwrap());
    let examples = examples(&shelf, &kinds);
    assert!(examples.len() > 20, "{}", examples.len());
    for Example { run, found, model } in &examples {
        let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
        let mut runner = TestRunner::new(config);
        let spaces = prop::collection::vec(0..2usize, 5);
        let ran = runner.run(&(names(found.action().targets.source), spaces), |(names, spaces)| {
            let target = |(at, name): (usize, &String)| Target {
                name: name.into(),
                namespace: model.namespace.as_ref().map(|space| format!("{space}{}", spaces[at])),
                ..model.clone()
            };
            let targets: Vec<Target> = names.iter().enumerate().map(target).collect();
            let made = match calls(found, &targets) {
                Ok(made) => made,
                Err(NarrowFault::Dash(name)) => {
                    // Not run at all, rather than run with an option that nobody meant.
                    prop_assert!(name.starts_with('-') && names.contains(&name));
                    return Ok(());
                }
                Err(fault) => return Err(TestCaseError::fail(fault.to_string())),
            };
            let mut hit = Vec::new();
            for call in &made {
                let again = matched(&call.argv, &shelf);
                prop_assert!(!again.is_empty(), "{:?} is no action", call.argv);
                let own: BTreeSet<String> = call.targets.iter().map(|at| names[*at].clone()).collect();
                let all = match found.action().freeze {
                    // What was typed stays; what it may hit stands in the leases.
                    Freeze::Lease => vec![Some(leases(&call.argv))],
                    // Only the tool itself says what words mean: they have to be these names.
                    _ if found.action().targets.source == Source::Listing || run.starts_with("salt ") => {
                        vec![Some(added(&call.argv, &words(run), &own))]
                    }
                    _ => again.iter().map(|found| named(found, &kinds)).collect(),
                };
                for named in all {
                    prop_assert_eq!(named.as_ref(), Some(&own), "{:?}", call.argv);
                }
                let spaces: BTreeSet<_> = call.targets.iter().map(|at| &targets[*at].namespace).collect();
                prop_assert!(!found.action().by_namespace || spaces.len() == 1);
                hit.extend(call.targets.iter().copied());
            }
            hit.sort_unstable();
            prop_assert_eq!(hit, (0..names.len()).collect::<Vec<_>>(), "each target is in one call");
            Ok(())
        });
        if let Err(fault) = ran {
            panic!("{run}: {fault}");
        }
    }
}
