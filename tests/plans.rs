//! Plan files: what one grants, how long it holds, and what makes it worthless.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod scene;
mod terminal;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use guard::policy::{Policy, Standing, parse_layer};
use scene::{GUARD, Ran, Scene, words};
use serde_json::{Value, json};
use terminal::Terminal;

const QUESTION: &str = "to go on: ";

fn ruled_elsewhere() -> bool {
    if Scene::ruled_elsewhere() {
        println!("skipped: this machine has a site of its own in /etc/guard");
    }
    Scene::ruled_elsewhere()
}

/// Writes a plan that nobody is asked about.
fn planned(scene: &Scene) -> Value {
    scene.guard(["--plan", "--plan-out", scene.at("plan").to_str().unwrap(), "toy", "remove", "x"]);
    read(scene)
}

fn read(scene: &Scene) -> Value {
    serde_json::from_slice(&fs::read(scene.at("plan")).unwrap()).unwrap()
}

/// Runs the plan in the file without a terminal.
fn run(scene: &Scene) -> Ran {
    scene.guard(["--plan-in", scene.at("plan").to_str().unwrap(), "toy", "remove", "x"])
}

/// Writes a plan that a person says yes to, and takes back what was done with it.
fn confirmed(scene: &Scene, answers: &[(&str, &str)]) {
    let mut command = scene.command(GUARD);
    command.args(["--plan-out", scene.at("plan").to_str().unwrap(), "toy", "remove", "x"]);
    let mut terminal = Terminal::start(command, [true; 3]);
    for (question, answer) in answers {
        terminal.expect(question);
        terminal.send(&format!("{answer}\n"));
    }
    assert_eq!(terminal.end().code(), Some(0));
    fs::remove_file(scene.at("removed")).unwrap();
}

#[test]
fn what_a_person_said_yes_to_is_not_asked_again() {
    if ruled_elsewhere() {
        return;
    }
    let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
    let reason = [(QUESTION, host.as_str()), ("why: ", "disk swap in rack 7")];
    for (rung, answers) in [
        ("confirm", &[(QUESTION, "5")][..]),
        ("dry-run", &[(QUESTION, "5")]),
        ("stage", &[(QUESTION, "5")]),
        ("approve", &reason),
    ] {
        let key = rung.replace('-', "_");
        let scene = Scene::new().listing("seq 5").policy(&format!("[limits.\"toy remove\"]\n{key} = 1\n"));
        // What was only written down by --plan satisfies what --expect would.
        assert_eq!(planned(&scene)["issued"]["granted"], Value::Null);
        let enough = matches!(rung, "confirm" | "dry-run");
        assert_eq!(run(&scene).code, Some(if enough { 0 } else { 122 }), "{rung}");
        let _ = fs::remove_file(scene.at("removed"));

        confirmed(&scene, answers);
        assert_eq!(read(&scene)["issued"]["granted"], rung);
        assert_eq!(run(&scene).code, Some(0), "{rung}");
        assert_eq!(scene.removed(), ["1", "2", "3", "4", "5"], "{rung}");
        assert!(scene.log().contains("granted when the plan of --plan-in was written"), "{rung}");
        // It is no leave for another time: one more target, and it holds no more.
        let scene = scene.listing("seq 6");
        let ran = run(&scene).is(123);
        assert!(ran.said().contains("the world no longer matches the plan"), "{ran:?}");
        assert_eq!(scene.removed().len(), 5);
    }
}

#[test]
fn nothing_grants_what_is_denied() {
    if ruled_elsewhere() {
        return;
    }
    let scene = Scene::new().listing("seq 5").policy("[limits.\"toy remove\"]\ndeny = 1\n");
    let mut plan = planned(&scene);
    for granted in ["deny", "approve"] {
        plan["issued"]["granted"] = json!(granted);
        scene.write("plan", plan.to_string());
        run(&scene).is(120);
    }
    assert!(scene.removed().is_empty());
}

#[test]
fn a_plan_holds_for_as_long_as_the_policy_says() {
    if ruled_elsewhere() {
        return;
    }
    let scene = Scene::new().listing("seq 5");
    let good = planned(&scene);
    let far = "2999-01-01T00:00:00Z";
    for (written, expires) in [
        (Some("2026-01-01T00:00:00Z"), far),
        (Some(far), far),
        (None, "2026-01-01T00:00:00Z"),
        (None, "soon"),
        (Some(""), far),
    ] {
        let mut plan = good.clone();
        plan["issued"]["written"] = written.map_or(plan["issued"]["written"].clone(), Value::from);
        plan["issued"]["expires"] = expires.into();
        scene.write("plan", plan.to_string());
        let ran = run(&scene).is(123);
        assert!(ran.said().contains("the plan has expired"), "{ran:?}");
    }
    let short = Scene::new().listing("seq 5").policy("[plan]\nexpires = \"0s\"\n");
    planned(&short);
    run(&short).is(123);
    assert!(scene.removed().is_empty() && short.removed().is_empty());
    scene.write("plan", good.to_string());
    assert_eq!(run(&scene).code, Some(0));
}

#[test]
fn a_lower_layer_only_shortens_it() {
    let expires = |layers: &[(&str, Standing)]| {
        let layer = |(span, standing): &(&str, Standing)| {
            parse_layer("x", &format!("[plan]\nexpires = \"{span}\"\n"), *standing).unwrap()
        };
        Policy::new(layers.iter().map(layer).collect()).plan_expires()
    };
    use Standing::{Site, Tighten};
    let minutes = |n: u64| Duration::from_secs(60 * n);
    assert_eq!(expires(&[]), Duration::ZERO);
    assert_eq!(expires(&[("1h", Site), ("2h", Site)]), minutes(120));
    assert_eq!(expires(&[("1h", Site), ("2h", Tighten)]), minutes(60));
    assert_eq!(expires(&[("1h", Site), ("5m", Tighten), ("10m", Tighten)]), minutes(5));
}

#[test]
fn another_policy_another_command_or_another_writer_makes_it_worthless() {
    if ruled_elsewhere() {
        return;
    }
    let scene = Scene::new().listing("seq 5");
    let good = planned(&scene);
    let plan = scene.at("plan");
    let path = plan.to_str().unwrap();
    let ran = scene.guard(["--plan-in", path, "toy", "remove", "y"]).is(123);
    assert!(ran.said().contains("the plan is for another command: toy remove x"), "{ran:?}");

    fs::set_permissions(&plan, fs::Permissions::from_mode(0o666)).unwrap();
    let ran = run(&scene).is(125);
    assert!(ran.said().contains("may be written by others"), "{ran:?}");
    fs::set_permissions(&plan, fs::Permissions::from_mode(0o600)).unwrap();

    let mut bare = good.clone();
    bare.as_object_mut().unwrap().remove("issued");
    scene.write("plan", bare.to_string());
    let ran = run(&scene).is(125);
    assert!(ran.said().contains("does not say how long it holds"), "{ran:?}");
    let mut forged = good.clone();
    forged["issued"]["granted"] = "everything".into();
    scene.write("plan", forged.to_string());
    run(&scene).is(125);
    forged["issued"]["granted"] = Value::Null;
    forged["argv"] = json!(["\u{1b}[31mtoy"]);
    scene.write("plan", forged.to_string());
    run(&scene).is(123);

    scene.write("plan", good.to_string());
    let scene = scene.policy("[limits.\"systemctl stop\"]\nconfirm = 7\n");
    let ran = run(&scene).is(123);
    assert!(ran.said().contains("the policy has changed"), "{ran:?}");
    assert!(scene.removed().is_empty());
}

#[test]
fn a_plan_says_what_was_typed_without_secrets() {
    let scene = Scene::new();
    let argv = |command: &str| -> Vec<String> {
        let mut all = words("--plan --json");
        all.extend(words(command));
        let plan: Value = serde_json::from_slice(&scene.guard(all).stdout).unwrap();
        serde_json::from_value(plan["argv"].clone()).unwrap()
    };
    for command in [
        "rm -rf a b",
        "sudo -u root rm --recurs -f -- a",
        "env A=b nice rm -rfv a",
        "find . -name x -exec rm -rf {} ;",
        "ssh host rm -rf a",
        "true -xyz",
    ] {
        assert_eq!(argv(command), words(command), "{command}");
    }
    let masked = argv("kubectl --token=hunter2 --token hunter2 delete pods -lapp=web");
    assert_eq!(masked, words("kubectl --token=*** --token *** delete pods -lapp=web"));
    let masked = argv("env PGPASSWORD=hunter2 rm -rf a");
    assert_eq!(masked, words("env PGPASSWORD=*** rm -rf a"));
}

#[test]
fn a_plan_that_nobody_said_yes_to_is_worth_its_own_number() {
    if ruled_elsewhere() {
        return;
    }
    let scene = Scene::new().listing("seq 5");
    let good = planned(&scene);
    assert_eq!((&good["scope"]["count"], &good["issued"]["granted"]), (&json!(5), &Value::Null));
    let mut forged = good.clone();
    forged["scope"]["count"] = json!(3);
    scene.write("plan", forged.to_string());
    let ran = run(&scene).is(123);
    assert!(ran.said().contains("the plan was changed after it was written"), "{ran:?}");
    assert!(scene.removed().is_empty());

    // What could not be counted has no number to be held to: no plan stands in for a person.
    let scene = Scene::new().listing("exit 1").policy("[limits.\"toy remove\"]\nunknown = \"confirm\"\n");
    let plan = planned(&scene);
    assert_eq!((&plan["scope"]["count"], &plan["scope"]["certainty"]), (&Value::Null, &json!("unknown")));
    run(&scene).is(122);
    assert!(scene.removed().is_empty());
}

#[test]
fn a_plan_has_text_as_it_is_and_only_other_bytes_escaped() {
    if ruled_elsewhere() {
        return;
    }
    let scene = Scene::new().listing("printf '%s\\n' 'a\\b' 'grün'; printf '\\377\\n'");
    let ran = scene.guard(["--plan", "--json", "toy", "remove", "c\\d", "a\tb", "\u{202e}"]);
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(!text.contains('\u{202e}'), "{text}");
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["argv"], json!(["toy", "remove", "c\\d", "a\tb", "\u{202e}"]));
    assert_eq!(plan["scope"]["sample"], json!(["a\\b", "grün", "\\xff"]), "{text}");
}

#[test]
fn what_is_said_beforehand_is_answered() {
    if ruled_elsewhere() {
        return;
    }
    let scene = Scene::new().listing("seq 5");
    let told = |options: &str| {
        let ran = scene.guard(words(&format!("--plan {options} toy remove x")));
        String::from_utf8_lossy(&ran.stdout).lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(told("--expect 5"), "--expect 5 holds: it would run without a question");
    assert_eq!(told("--max 4"), "--max 4 does not hold: it would stop with exit code 123");

    let scene = Scene::new().listing("seq 5").policy("[limits.\"toy remove\"]\nstage = 2\n");
    let ran = scene.guard(words("--expect 5 toy remove x")).is(122);
    assert!(ran.said().contains("so many have to run in stages, and --stages is not given"), "{ran:?}");
    assert!(scene.removed().is_empty());
    assert_eq!(scene.guard(words("--expect 5 --stages toy remove x")).code, Some(0));
}

#[test]
fn nothing_is_no_rollout() {
    let scene = Scene::new();
    let ran = scene.guard(words("--stages rm -f gone"));
    assert_eq!((ran.code, ran.said()), (Some(0), String::new()));
    assert!(!scene.log().contains("rollout"), "{}", scene.log());
    let ran = scene.guard(words("--stages rm gone"));
    assert!(ran.code == Some(1) && ran.said().starts_with("rm: cannot remove 'gone'"), "{ran:?}");
}
