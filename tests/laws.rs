//! Two laws of judging, on random policies and scopes: a layer that may only tighten never lowers
//! a rung, and neither does a wider scope.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use guard::judge::{Case, Rung, judge};
use guard::policy::{Policy, Standing, kinds, parse_layer};
use guard::scope::{Certainty, Fleet, Place, Scope, Target, empty};
use guard::tool::{Effect, Freeze, Kinds, Size};
use proptest::collection::vec;
use proptest::prelude::*;

/// Kinds that exist, so that every size comes up.
const KINDS: [&str; 3] = ["file", "host", "repository"];

/// Amounts: small numbers and shares, one or several.
fn amounts() -> impl Strategy<Value = String> {
    let one =
        prop_oneof![(1u64..40).prop_map(|n| n.to_string()), (1u64..=100).prop_map(|p| format!("\"{p}%\""))];
    vec(one, 1..3).prop_map(|all| format!("[{}]", all.join(", ")))
}

/// The body of a table of limits.
fn limits() -> impl Strategy<Value = String> {
    let rung = prop::sample::select(vec!["confirm", "dry_run", "stage", "approve", "deny"]);
    let protect = prop::option::of(prop::sample::select(vec!["a*", "host/b", "c", "*"]));
    let unknown = prop::option::of(prop::sample::select(vec!["allow", "confirm", "deny"]));
    let names = prop::option::of((
        prop::sample::select(vec!["confirm_names", "unprotect"]),
        prop::sample::select(vec!["a*", "host/b", "c", "*"]),
    ));
    (prop::collection::btree_map(rung, amounts(), 0..4), protect, unknown, names).prop_map(
        |(rungs, protect, unknown, names)| {
            let mut lines: Vec<String> =
                rungs.iter().map(|(rung, amounts)| format!("{rung} = {amounts}")).collect();
            lines.extend(protect.map(|glob| format!("protect = [\"{glob}\"]")));
            lines.extend(names.map(|(key, glob)| format!("{key} = [\"{glob}\"]")));
            lines.extend(unknown.map(|stance| format!("unknown = \"{stance}\"")));
            lines.join("\n")
        },
    )
}

/// A policy file: limits by effect, by action and by environment, environments, roles.
fn layer() -> impl Strategy<Value = String> {
    let table = prop::sample::select(vec![
        "limits.destroy.small",
        "limits.destroy.member",
        "limits.destroy.container",
        "limits.stop.member",
        "limits.\"fleet remove\"",
        "environment.prod.limits.destroy.member",
        "environment.prod.limits.\"fleet remove\"",
    ]);
    let tables = prop::collection::btree_map(table, limits(), 0..5);
    let prod = prop::option::of((0u8..3, prop::sample::select(vec!["here", "there", "*"])));
    let keep = prop::option::of(amounts());
    (tables, prod, keep).prop_map(|(tables, prod, keep)| {
        let mut text = String::new();
        if let Some((raise, contexts)) = prod {
            text += &format!("[environment.prod]\nraise = {raise}\ncontexts = [\"{contexts}\"]\n");
        }
        for (name, body) in tables {
            text += &format!("[{name}]\n{body}\n");
        }
        if let Some(keep) = keep {
            text += &format!("[role.web]\nkeep = {keep}\n");
        }
        text
    })
}

/// What a command would hit: names, and the fleet they belong to.
#[derive(Debug, Clone)]
struct Hit {
    kind: &'static str,
    names: Vec<String>,
    certainty: Certainty,
    fleet: Option<u64>,
    effect: Effect,
    blank: bool,
}

fn hit() -> impl Strategy<Value = Hit> {
    let certainty = prop::sample::select(vec![
        Certainty::Exact,
        Certainty::AtLeast,
        Certainty::AtMost,
        Certainty::Unknown,
    ]);
    let effect = prop::sample::select(Effect::ALL.to_vec());
    let kind = prop::sample::select(KINDS.to_vec());
    (kind, vec("[a-d]{1,2}", 0..60), certainty, prop::option::of(1u64..120), effect, any::<bool>()).prop_map(
        |(kind, names, certainty, fleet, effect, blank)| Hit { kind, names, certainty, fleet, effect, blank },
    )
}

fn policy(site: &[String], below: &[String]) -> Policy {
    let layer = |text: &String, standing| parse_layer("a.toml", text, standing).unwrap();
    let site = site.iter().map(|text| layer(text, Standing::Site));
    Policy::new(site.chain(below.iter().map(|text| layer(text, Standing::Tighten))).collect())
}

/// The rung of a hit, with floors as the count of the fleet would fill them in.
fn rung(policy: &Policy, hit: &Hit, kinds: &Kinds) -> Rung {
    let environments = policy.environments(&["here"]);
    let size = kinds.size(hit.kind);
    let ladder = policy.ladder("fleet remove", hit.effect, size, &environments);
    let count = hit.names.len() as u64;
    let target =
        |name: &String| Target { kind: hit.kind.into(), name: name.into(), weight: 1, ..Target::default() };
    let fleets = hit.fleet.map(|total| Fleet {
        role: "web".into(),
        total: total.max(count),
        hit: count,
        healthy: total.max(count),
        ill: 0,
        keep: policy.keep("web", "fleet", total.max(count)).map(|keep| keep.value),
    });
    let scope = Scope {
        certainty: hit.certainty,
        count,
        targets: hit.names.iter().map(target).collect(),
        fleets: fleets.into_iter().collect(),
        unknown: (hit.certainty == Certainty::Unknown).then(|| "x".into()),
        ..empty(hit.kind, kinds)
    };
    let place = Place { name: "here".into(), parts: Vec::new() };
    let blanks: Vec<String> = hit.blank.then(|| "a blank".to_owned()).into_iter().collect();
    let case = Case {
        effect: hit.effect,
        freeze: Freeze::Names,
        scope: &scope,
        place: &place,
        ladder: &ladder,
        blanks: &blanks,
        kinds,
    };
    judge(&case).rung
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(700))]

    #[test]
    fn a_lower_layer_never_loosens(
        site in vec(layer(), 0..3), below in vec(layer(), 0..2), one in layer(), at in 0usize..3, hit in hit()
    ) {
        let kinds = kinds().unwrap();
        let before = rung(&policy(&site, &below), &hit, &kinds);
        let mut more = below;
        more.insert(at.min(more.len()), one);
        let after = rung(&policy(&site, &more), &hit, &kinds);
        prop_assert!(after >= before, "{:?} became {:?}", before, after);
    }

    #[test]
    fn a_wider_scope_never_gets_a_lower_rung(
        site in vec(layer(), 0..3), below in vec(layer(), 0..2), hit in hit(), more in vec("[a-d]{1,2}", 0..30)
    ) {
        let kinds = kinds().unwrap();
        let policy = policy(&site, &below);
        let narrow = rung(&policy, &hit, &kinds);
        // The fleet is what it is: a wider command hits more of the same.
        let fleet = hit.fleet.map(|total| total.max((hit.names.len() + more.len()) as u64));
        let narrow = if fleet == hit.fleet { narrow } else { rung(&policy, &Hit { fleet, ..hit.clone() }, &kinds) };
        let names = hit.names.iter().cloned().chain(more).collect();
        let wide = rung(&policy, &Hit { names, fleet, ..hit }, &kinds);
        prop_assert!(wide >= narrow, "{:?} became {:?}", narrow, wide);
    }

    #[test]
    fn what_can_t_be_counted_is_never_small(site in vec(layer(), 0..2), hit in hit()) {
        let kinds = kinds().unwrap();
        let policy = policy(&site, &[]);
        let ladder =
            policy.ladder("fleet remove", hit.effect, kinds.size(hit.kind), &policy.environments(&["here"]));
        let unknown = rung(&policy, &Hit { certainty: Certainty::Unknown, ..hit.clone() }, &kinds);
        prop_assert!(unknown > Rung::Allow || ladder.unknown == guard::policy::Stance::Allow);
        prop_assert!(unknown >= rung(&policy, &hit, &kinds));
    }
}

#[test]
fn what_goes_along_counts_from_two_targets_on_and_from_one_where_rungs_rise() {
    let kinds = kinds().unwrap();
    let site = "[limits.stop.member]\nconfirm = 3\ndry_run = 10\nstage = 20\n";
    let prod = "[environment.prod]\nraise = 1\ncontexts = [\"here\"]\n";
    let rung = |texts: &[String], nodes: usize, along: u64| {
        let policy = policy(texts, &[]);
        let ladder =
            policy.ladder("kubectl drain", Effect::Stop, Size::Member, &policy.environments(&["here"]));
        let name = |n: usize| Target { name: format!("n{n}").into(), weight: 1, ..Target::default() };
        let targets: Vec<Target> = (0..nodes).map(name).collect();
        let scope = Scope { count: nodes as u64, targets, dependents: Some(along), ..empty("host", &kinds) };
        let (effect, freeze, place) = (Effect::Stop, Freeze::Names, Place::default());
        let (scope, place, ladder, kinds) = (&scope, &place, &ladder, &kinds);
        judge(&Case { effect, freeze, scope, place, ladder, blanks: &[], kinds }).rung
    };
    let (plain, raised) = (vec![site.to_owned()], vec![site.to_owned(), prod.to_owned()]);
    for (nodes, along, outside, inside) in [
        (1, 2, Rung::Allow, Rung::Allow),
        (1, 5, Rung::Allow, Rung::DryRun),
        (1, 90, Rung::Allow, Rung::Stage),
        (2, 2, Rung::Allow, Rung::Allow),
        (2, 3, Rung::Confirm, Rung::DryRun),
        (2, 21, Rung::DryRun, Rung::Stage),
        (2, 900, Rung::DryRun, Rung::Stage),
    ] {
        assert_eq!(rung(&plain, nodes, along), outside, "{nodes} {along}");
        assert_eq!(rung(&raised, nodes, along), inside, "{nodes} {along}");
    }
}

/// Rules on files as some layers leave them: what git ignores counts less, and protected paths.
fn files(layers: &[(&str, Standing)]) -> (Option<bool>, Vec<String>) {
    let layers = layers.iter().map(|(text, standing)| parse_layer("a.toml", text, *standing).unwrap());
    let policy = Policy::new(layers.collect());
    let rules = policy.files();
    (rules.gitignored, rules.protect.iter().flat_map(|rule| rule.paths.clone()).collect())
}

#[test]
fn a_site_alone_takes_back_what_counts_on_files() {
    let first = "[files]\ngitignored = true\n[[files.protect]]\nwhy = \"x\"\npaths = [\"/a\", \"/b/*\"]\n";
    let back = "[files]\ngitignored = false\nunprotect = [\"/b/*\"]\n";
    let loose = "[files]\ngitignored = true\n";
    let (site, below) = (Standing::Site, Standing::Tighten);
    assert_eq!(files(&[(first, site), (back, site)]), (Some(false), vec!["/a".into()]));
    // A lower layer lets more count, and never less.
    let both = vec!["/a".to_owned(), "/b/*".to_owned()];
    assert_eq!(files(&[(first, site), (back, below)]), (None, both.clone()));
    assert_eq!(files(&[(first, site), (back, below), (loose, below)]), (None, both));
}

#[test]
fn a_site_alone_takes_back_names() {
    let first = "[limits.\"git push\"]\nprotect = [\"live\"]\nconfirm_names = [\"main\", \"dev*\"]\n";
    let back = "[limits.\"git push\"]\nunprotect = [\"live\", \"dev*\"]\n";
    let own = "[limits.\"git push\"]\nconfirm_names = [\"dev*\"]\n";
    let (site, below) = (Standing::Site, Standing::Tighten);
    let left = |layers: &[(&str, Standing)]| {
        let layers = layers.iter().map(|(text, standing)| parse_layer("a.toml", text, *standing).unwrap());
        let policy = Policy::new(layers.collect());
        let ladder = policy.ladder("git push", Effect::Destroy, Size::Member, &policy.environments(&[]));
        let names =
            ladder.protect.iter().chain(&ladder.confirm_names).map(|(glob, ..)| glob.text().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(left(&[(first, site), (back, site)]), ["main"]);
    assert_eq!(left(&[(first, site), (back, below)]), ["live", "main", "dev*"]);
    assert_eq!(left(&[(own, below), (back, site)]), ["dev*"]);
}

#[test]
fn the_kinds_of_these_laws_cover_every_size() {
    let kinds = kinds().unwrap();
    assert_eq!(KINDS.map(|kind| kinds.size(kind)), [Size::Small, Size::Member, Size::Container]);
}
