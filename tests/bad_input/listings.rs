//! Listings that lie, fail, hang or never stop: unknown, and unknown is refused.

use crate::scene::{Scene, words};

fn unknown(script: &str) {
    let scene = Scene::new().listing(script);
    for options in ["", "--no-input ", "--expect 3 ", "--max 1000000 "] {
        let ran = scene.guard(words(&format!("{options}toy remove x"))).is(122);
        assert!(ran.stderr.len() < 4000, "{script}: {} bytes", ran.stderr.len());
    }
    let plan = scene.guard(words("--plan --json toy remove x")).harmless();
    let json: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
    assert_eq!((plan.code, &json["scope"]["certainty"]), (Some(122), &"unknown".into()), "{script}");
    assert!(scene.removed().is_empty(), "{script}");
}

#[test]
fn one_that_fails_half_way() {
    unknown("printf 'a\\nb\\nc\\n'; exit 1");
    unknown("printf 'a\\nb\\nc\\n'; kill -9 $$");
}

#[test]
fn one_without_a_last_line_end() {
    unknown("printf 'a\\nb\\nc'");
}

#[test]
fn one_that_never_ends() {
    unknown("echo a; sleep 1000");
    unknown("trap '' TERM; echo a; while :; do sleep 1000; done");
    unknown("echo a; sleep 1000 & exit 0");
}

#[test]
fn gigabytes() {
    unknown("yes | tr -d '\\n'");
    unknown("yes");
}

#[test]
fn garbage() {
    unknown("printf '\\000\\377\\n'; head -c 3000 /dev/urandom | tr '\\n' x");
    unknown("printf '\\033[31mno such cluster\\n\\342\\200\\256' >&2; exit 3");
}

#[test]
fn nothing_is_zero_and_runs() {
    let scene = Scene::new().listing(":");
    let ran = scene.guard(words("toy remove x"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(scene.removed(), ["x"]);
}

#[test]
fn a_tool_that_is_not_there_is_not_found() {
    let scene = Scene::new();
    std::fs::remove_file(scene.at("bin/toy")).unwrap();
    let ran = scene.guard(words("toy remove x")).harmless();
    assert!(matches!(ran.code, Some(122 | 127)), "{ran:?}");
}
