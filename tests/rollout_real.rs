//! Rollouts of real things: pods of a deployment that turns unhealthy, a hundred thousand files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/kube.rs"]
mod kube;
mod scene;

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use scene::{Scene, words};
use serde_json::json;

/// Seven of the twelve must stay, and whatever is counted is let through.
const FLOOR: &str = "[limits.destroy.member]\nconfirm = 1\ndry_run = 500\nstage = 500\napprove = 500\n\
                     [role.web]\nkeep = 7\n";

/// Each pod that goes is replaced by one that gets ready, or never does: 12 − 2 − 1 − 4 would be five.
#[test]
fn a_deployment_that_turns_unhealthy_in_its_second_stage_keeps_its_floor() {
    if Scene::ruled_elsewhere() {
        return;
    }
    let mut looks = 0;
    for (phase, code, gone) in [("Running", 0, 5), ("Running", 0, 5), ("Pending", 119, 1)] {
        let Some(kube) = kube::start() else { return };
        let config = kube.home().join(".config/guard");
        fs::create_dir_all(&config).unwrap();
        fs::write(config.join("guard.toml"), FLOOR).unwrap();
        kube.set(&json!({"recreate": true, "phase": phase}));
        if looks > 0 {
            // Right before the first stage begins, two others fall ill.
            kube.appear(
                &json!({"resource": "pods", "call": looks, "delete": [["shop", "web-8"], ["shop", "web-9"]]}),
            );
        }
        let pods: Vec<String> = (0..5).map(|at| format!("web-{at}")).collect();
        let out = kube
            .command("timeout")
            .args(["60", scene::GUARD, "--no-input", "--expect", "5", "--stages", "1,100%"])
            .args(["kubectl", "delete", "pods", "--wait=false"])
            .args(&pods)
            .current_dir(kube.home())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{phase}: {said}");
        let calls = kube.calls();
        let deleted = calls.iter().filter(|call| call.method == "DELETE").count();
        assert_eq!(deleted, gone, "{phase}: {said}");
        let before = calls.iter().take_while(|call| call.method != "DELETE");
        looks = before.filter(|call| call.path.ends_with("/pods")).count();
        assert!(looks > 0, "{calls:?}");
        let ready = kube.raw("pods", Some("shop"));
        let ready = ready
            .iter()
            .filter(|pod| pod["metadata"]["labels"]["app"] == "web" && pod["status"]["phase"] == "Running");
        assert!(ready.count() >= 7, "{phase}: {said}");
        assert_eq!(said.contains("at least 7 must stay"), code == 119, "{phase}: {said}");
    }
}

#[test]
fn of_a_hundred_thousand_files_only_those_that_were_shown_go() {
    if Scene::ruled_elsewhere() {
        return;
    }
    // A folder that holds something new stays, which is a failure of its own.
    let scene = Scene::new().policy("[rollout]\nmax_failures = 101\n");
    for folder in 0..100 {
        for file in 0..1000 {
            scene.write(&format!("work/tree/{folder}/f{file}"), "");
        }
    }
    let (stop, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    let ran = std::thread::scope(|threads| {
        // It starts when the first file is gone, so all of its files are new.
        threads.spawn(|| {
            let first = |folder: usize| scene.at(format!("work/tree/{folder}"));
            let shown = |folder: usize| fs::read_dir(first(folder)).map(Iterator::count).unwrap_or(0);
            while !stop.load(Ordering::Relaxed) && (0..100).all(|folder| shown(folder) == 1000) {
                std::thread::yield_now();
            }
            while !stop.load(Ordering::Relaxed) {
                let at = made.load(Ordering::Relaxed);
                let path = scene.at(format!("work/tree/{}/new{at}", at % 100));
                if fs::write(path, "new").is_ok() {
                    made.fetch_add(1, Ordering::Relaxed);
                } else if fs::create_dir_all(scene.at(format!("work/tree/{}", at % 100))).is_err() {
                    break;
                }
            }
        });
        let ran = scene.guard(words("--stages 1,10%,50%,100% --expect 100101 rm -rf tree"));
        stop.store(true, Ordering::Relaxed);
        ran
    });
    let made = made.into_inner();
    let mut survived = 0;
    for folder in fs::read_dir(scene.at("work/tree")).into_iter().flatten() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            assert!(name.starts_with("new"), "{name} was shown: {ran:?}");
            survived += 1;
        }
    }
    assert!(made > 0, "{ran:?}");
    assert_eq!(survived, made, "{ran:?}");
}
