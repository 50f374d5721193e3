//! Numbers, plans and places given beforehand that do not hold.

use std::fs;

use crate::scene::{Scene, words};

#[test]
fn numbers_that_do_not_match_run_nothing() {
    let scene = Scene::new().listing("seq 5");
    scene.guard(words("--expect 4 toy remove x")).is(123);
    scene.guard(words("--expect 6 toy remove x")).is(123);
    scene.guard(words("--max 4 toy remove x")).is(123);
    scene.guard(words("--expect 5 --max 4 toy remove x")).is(123);
    scene.guard(words("--expect -5 toy remove x")).is(125);
    scene.guard(words("--expect 99999999999999999999999 toy remove x")).is(125);
    scene.guard(words("--expect 0 toy remove x")).is(123);
    assert!(scene.removed().is_empty());
    assert_eq!(scene.guard(words("--max 5 toy remove x")).code, Some(0));
    assert_eq!(scene.removed(), ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_plan_that_is_not_this_one() {
    let scene = Scene::new().listing("cat \"$SCENE/names\"");
    scene.write("names", "a\nb\nc\n");
    let plan = scene.at("plan");
    let plan = plan.to_str().unwrap();
    let run = |scene: &Scene| scene.guard(["--plan-in", plan, "toy", "remove", "x"]);
    run(&scene).is(125);
    scene.guard(["--plan", "--plan-out", plan, "toy", "remove", "x"]);
    let good = fs::read_to_string(plan).unwrap();

    for forged in [
        "",
        "{}",
        "[",
        "null",
        "\u{1b}[31m",
        &"[".repeat(200_000),
        &good.replacen("\"plan\": 1", "\"plan\": 9", 1),
    ] {
        fs::write(plan, forged).unwrap();
        run(&scene).is(125);
    }
    // A plan is known by its digest, which is made anew from what is there.
    fs::write(plan, good.replace("\"b\"", "\"z\"")).unwrap();
    fs::write(scene.at("names"), "a\nb\nd\n").unwrap();
    run(&scene).is(123);
    fs::write(plan, &good).unwrap();
    run(&scene).is(123);
    fs::write(scene.at("names"), "a\nb\nc\n").unwrap();
    scene.guard(["--plan-in", plan, "toy", "remove", "y"]).is(123);
    scene.guard(["--plan-in", plan, "rm", "-rf", "x"]).is(123);
    assert!(scene.removed().is_empty());
    assert_eq!(run(&scene).code, Some(0));
    assert_eq!(scene.removed(), ["a", "b", "c"]);
}

#[test]
fn an_outcome_that_can_t_be_written_is_known_before_the_command_runs() {
    let scene = Scene::new().listing("seq 5");
    for place in ["/nowhere/outcome", "/", ""] {
        scene.guard(["--outcome", place, "--expect", "5", "toy", "remove", "x"]).is(125);
    }
    assert!(scene.removed().is_empty());
    // What fails afterwards costs the command nothing of how it ended.
    let ran = scene.guard(["--outcome", "/dev/full", "sh", "-c", "exit 7"]);
    assert_eq!(ran.code, Some(7), "{ran:?}");
    assert!(ran.said().contains("the outcome can't be written"), "{ran:?}");
}

#[test]
fn the_outcome_never_is_that_of_an_earlier_run() {
    let scene = Scene::new().listing("seq 5");
    let place = scene.write("outcome", "{\"ran\":true,\"code\":0}\n");
    let outcome = || -> serde_json::Value { serde_json::from_slice(&fs::read(&place).unwrap()).unwrap() };
    let place = place.to_str().unwrap();
    scene.guard(["--outcome", place, "toy", "remove", "x"]).is(122);
    assert_eq!(outcome()["ran"], false);
    assert_eq!(outcome()["code"], 122);
    scene.guard(["--outcome", place, "no-such-program"]).is(127);
    assert_eq!((&outcome()["ran"], &outcome()["code"]), (&false.into(), &127.into()));
    scene.guard(["--outcome", place, "sh", "-c", "exit 7"]);
    assert_eq!((&outcome()["ran"], &outcome()["code"]), (&true.into(), &7.into()));
    let ran = scene.guard(["--outcome", place, "sh", "-c", "kill -9 $$"]);
    assert_eq!(ran.code, None);
    assert_eq!((&outcome()["ran"], &outcome()["signal"]), (&true.into(), &9.into()));
    scene.write("work/.guard.toml", "broken");
    scene.guard(["--outcome", place, "toy", "remove", "x"]).is(125);
    assert_eq!((&outcome()["ran"], &outcome()["code"]), (&false.into(), &125.into()));
}

#[test]
fn broken_glass_says_why_and_is_loud() {
    for reason in ["", "  ", "--"] {
        let scene = Scene::new().listing("seq 5");
        scene.guard([&format!("--break-glass={reason}"), "toy", "remove", "x"]).is(125);
        assert!(scene.removed().is_empty());
    }
    let scene = Scene::new().listing("seq 5");
    let ran = scene.guard(["--break-glass", "fire in rack 7", "toy", "remove", "x"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.said().matches("BREAK GLASS").count(), 1, "{ran:?}");
    assert!(ran.said().contains("fire in rack 7"), "{ran:?}");
}

#[test]
fn what_to_type_next_keeps_the_options() {
    let scene = Scene::new().listing("seq 5").policy("[limits.\"toy remove\"]\nstage = 1\n");
    if Scene::ruled_elsewhere() {
        return;
    }
    let said = scene.guard(["--stages", "2,100%", "--parallel", "3", "toy", "remove", "x"]).is(122).said();
    assert!(said.contains("guard --expect 5 --stages=2,100% --parallel=3 toy remove x"), "{said}");
    let said = scene.guard(["--pause", "1s", "toy", "remove", "x"]).is(122).said();
    assert!(said.contains("guard --expect 5 --stages --pause=1s toy remove x"), "{said}");
}

#[test]
fn a_protected_path_that_is_not_there_counts_as_one() {
    let scene = Scene::new();
    let path = scene.at("home/.ssh/id_rsa");
    let path = path.to_str().unwrap();
    let said = scene.guard(["--no-input", "rm", "-f", path]).is(122).said();
    assert!(said.contains("destroy 1 file ") && said.contains("--expect 1 "), "{said}");
    // What is refused by its name alone is not counted, and no size is told.
    let said = scene.guard(["rm", "-rf", "/usr/lib64x"]).is(120).said();
    assert!(said.contains("at least 1 file ") && !said.contains(" in all"), "{said}");
    let ran = scene.guard(["--plan", "rm", "-rf", "/usr"]);
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(said.contains("at least 1 file ") && !said.contains(" in all"), "{said}");
}
