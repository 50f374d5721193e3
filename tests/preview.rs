//! A dry run that disagrees with the listing stops, whatever is typed.
//!
//! The real kubectl against an API server that writes down every request, and the real git, in front
//! of which something changes the world between the listing and the dry run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

#[path = "support/kube.rs"]
mod kube;
mod scene;
mod terminal;

use std::fs;
use std::path::Path;

use kube::Kube;
use scene::{GUARD, Scene, TOY_FILE, words};
use serde_json::json;
use terminal::Terminal;

/// The question at the end of a prompt.
const NUMBER: &str = "to go on: ";

/// The dry run is shown for everything, and the number is all that is asked for.
const SHOWN: &str = "\
[limits.destroy.small]\ndry_run = 1\n\
[limits.destroy.member]\ndry_run = 1\nstage = 500\napprove = 500\n\
[limits.stop.member]\ndry_run = 1\nstage = 500\napprove = 500\n\
[limits.change.member]\ndry_run = 1\nstage = 500\n";

/// A cluster with the policy above.
fn cluster() -> Option<Kube> {
    if Scene::ruled_elsewhere() {
        println!("skipped: this machine has a site of its own in /etc/guard");
        return None;
    }
    let kube = kube::start()?;
    let policies = kube.home().join(".config/guard/policies");
    fs::create_dir_all(&policies).unwrap();
    fs::write(policies.join("shown.toml"), SHOWN).unwrap();
    Some(kube)
}

/// guard on a terminal, in front of the real kubectl.
fn guard(kube: &Kube, argv: &str) -> Terminal {
    let mut command = kube.command(GUARD);
    command.args(words(argv)).current_dir(kube.home());
    for name in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "CI"] {
        command.env_remove(name);
    }
    Terminal::start(command, [true; 3])
}

#[test]
fn a_pod_that_only_the_dry_run_names_stops() {
    let Some(kube) = cluster() else { return };
    let late = json!({"namespace": "shop", "name": "web-late", "labels": {"app": "web"}});
    let late = kube.control(&json!({"op": "pod", "pod": late}));
    kube.control(&json!({"op": "delete", "resource": "pods", "namespace": "shop", "name": "web-late"}));
    kube.appear(&json!({"resource": "pods", "call": 1, "create": [late]}));
    let mut terminal = guard(&kube, "kubectl delete pods -l app=web --wait=false");
    let said = terminal.expect("which was not listed");
    assert!(said.contains("the dry run also names web-late,"), "{said}");
    assert_eq!(terminal.end().code(), Some(123));
    assert!(kube.calls().iter().all(|call| !call.is_write()), "{:?}", kube.deleted());
}

#[test]
fn dry_runs_of_kubectl_that_agree_say_so() {
    let Some(kube) = cluster() else { return };
    for (command, number, verb) in [
        ("kubectl delete po,deploy -A -l app=web --wait=false -o name", 18, "DELETE"),
        ("kubectl delete pod web-0 gone --ignore-not-found --wait=false", 1, "DELETE"),
        ("kubectl label deploy,sts --all x=y", 5, "PATCH"),
        ("kubectl set image deploy --all main=img:2 -o yaml", 4, "PATCH"),
        ("kubectl taint nodes -l pool=db reserved=db:NoSchedule", 2, "PATCH"),
        ("kubectl cordon -l pool=web", 4, "PATCH"),
        ("kubectl uncordon -l pool=db", 2, "PATCH"),
        (
            "kubectl drain -l zone=b --ignore-daemonsets --delete-emptydir-data --force --timeout=2s",
            2,
            "PATCH",
        ),
    ] {
        let world = serde_json::from_str(include_str!("standins/kube/shop.json")).unwrap();
        let world: serde_json::Value = world;
        kube.control(&json!({"op": "reset"}));
        kube.control(&json!({"op": "load", "fixture": world}));
        let from = kube.requests().len();
        let mut terminal = guard(&kube, command);
        if command.contains("drain") {
            terminal.expect("Enter for more");
            terminal.send("q\n");
        }
        let said = terminal.expect(NUMBER);
        assert!(said.contains("the dry run names nothing that was not listed"), "{command}: {said}");
        assert!(kube.requests().iter().skip(from).all(|call| !call.is_write()), "{command}");
        let typed = if said.contains("its name") { "web-0".into() } else { number.to_string() };
        assert!(number == 1 || said.contains(&format!("the number, {number},")), "{command}: {said}");
        terminal.send(&format!("{typed}\n"));
        terminal.end();
        let hit = kube.requests().into_iter().skip(from).filter(|c| c.is_write() && c.method == verb).count();
        let none = command.contains("uncordon");
        assert_eq!(hit, if none { 0 } else { number }, "{command}");
    }
}

#[test]
fn what_can_t_be_compared_says_that_it_is_only_shown() {
    let Some(kube) = cluster() else { return };
    let mut terminal = guard(&kube, "kubectl scale deploy --all --replicas=3");
    let said = terminal.expect(NUMBER);
    assert!(said.contains("the dry run is only shown: it is not compared"), "{said}");
    terminal.send("no\n");
    assert_eq!(terminal.end().code(), Some(121));
}

/// Repositories with a remote, and a `git` that does `before` ahead of the second dry run.
fn repository(before: &str) -> Scene {
    let scene = Scene::new().policy(SHOWN);
    let real = format!(
        "#!/bin/sh\ncase \" $* \" in *\" clean -n \"*|*\" --dry-run \"*) echo >>\"$SCENE/dry\"; \
         if [ \"$(wc -l <\"$SCENE/dry\")\" = \"$AHEAD\" ]; then {before}\nfi;; esac\nexec /usr/bin/git \"$@\"\n"
    );
    scene.program("git", &real);
    let made = scene
        .command("sh")
        .args(["-ec", WORLD])
        .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@example.com")])
        .envs([("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@example.com")])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    scene
}

const WORLD: &str = r#"
git init -q --bare ../remote.git; git init -q .; git remote add origin ../remote.git
git commit -q --allow-empty -m one; git checkout -q -b main
git branch a; git branch b; git push -q origin main a b
mkdir new empty 'odd"folder'; for f in top new/in 'odd"folder/f' 'a b'; do echo x >"$f"; done
"#;

fn in_repository(scene: &Scene, argv: &str, ahead: u32) -> Terminal {
    let mut command = scene.command(GUARD);
    command.args(words(argv)).env("AHEAD", ahead.to_string());
    Terminal::start(command, [true; 3])
}

fn no_git() -> bool {
    let none = !Path::new("/usr/bin/git").exists() || Scene::ruled_elsewhere();
    if none {
        println!("skipped: no /usr/bin/git, or a site of its own in /etc/guard");
    }
    none
}

#[test]
fn a_file_that_only_the_dry_run_of_git_clean_names_stops() {
    if no_git() {
        return;
    }
    let scene = repository("echo x >late; mkdir -p sub; echo x >sub/late");
    let mut terminal = in_repository(&scene, "git clean -fd", 0);
    let said = terminal.expect(NUMBER);
    assert!(said.contains("Would remove new/"), "{said}");
    assert!(said.contains("the dry run names nothing that was not listed"), "{said}");
    terminal.send("no\n");
    assert_eq!(terminal.end().code(), Some(121));
    let _ = fs::remove_dir_all(scene.at("run/guard"));
    let _ = fs::remove_file(scene.at("dry"));

    let mut terminal = in_repository(&scene, "git clean -fd", 1);
    terminal.expect("the dry run also names late, which was not listed");
    assert_eq!(terminal.end().code(), Some(123));
    for left in ["top", "new/in", "odd\"folder/f", "late"] {
        assert!(scene.at("work").join(left).exists(), "{left}");
    }
}

#[test]
fn a_ref_that_only_the_dry_run_of_git_push_names_stops() {
    if no_git() {
        return;
    }
    // Somebody pushes a branch that a mirror would delete.
    let scene = repository("/usr/bin/git -C ../remote.git branch theirs main");
    let mut terminal = in_repository(&scene, "git push --prune origin refs/heads/x*:refs/heads/*", 2);
    let said = terminal.expect("which was not listed");
    assert!(said.contains("the dry run also names refs/heads/theirs,"), "{said}");
    assert_eq!(terminal.end().code(), Some(123));
    assert!(
        scene.at("remote.git/refs/heads/a").exists() && scene.at("remote.git/refs/heads/theirs").exists()
    );
}

#[test]
fn a_dry_run_that_fails_or_says_something_else_stops() {
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    let preview = "preview = \"toy list preview\"\npreview_read = { fields = [\"typed\"] }\n";
    for (dry, said) in [
        ("echo server/1", "names nothing that was not listed"),
        ("echo server/1; echo server/1", "the dry run also names 1, which was not listed"),
        ("echo host/1", "the dry run also names 1, which was not listed"),
        ("seq -f server/%g 9", "the dry run also names 6 and 3 more, which was not listed"),
        ("echo three servers", "the dry run can't be read"),
        ("printf server/1", "the dry run can't be read"),
        ("echo server/1; exit 1", "the dry run can't be had"),
        ("sleep 100", "the dry run can't be had"),
    ] {
        let list = format!("if [ \"$*\" = preview ]; then {dry}; else seq 5; fi");
        let scene = Scene::new().listing(&list).policy("[limits.\"toy remove\"]\ndry_run = 1\n");
        scene.write("config/guard/tools/toy.toml", format!("{TOY_FILE}{preview}"));
        let mut command = scene.command(GUARD);
        command.args(words("toy remove x"));
        let mut terminal = Terminal::start(command, [true; 3]);
        let agrees = said.contains("nothing");
        if agrees {
            assert!(terminal.expect(NUMBER).contains(said));
            terminal.send("5\n");
        } else {
            terminal.expect(said);
        }
        assert_eq!(terminal.end().code(), Some(if agrees { 0 } else { 123 }), "{dry}");
        assert_eq!(scene.removed().len(), if agrees { 5 } else { 0 }, "{dry}");
    }
}
