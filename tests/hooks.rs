//! Shell hooks: read twice, silent, in nobody's way, and the slip is stopped in every shell.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

mod scene;
#[path = "support/shimmed.rs"]
mod shimmed;
mod terminal;

use std::fs;
use std::process::Command;

use scene::{Ran, Scene, ran};
use shimmed::{CTL, ctl, install, text};
use terminal::Terminal;

const POLICY: &str = r#"
[limits.destroy.small]
confirm = 3
[environment.production]
contexts = ["prod-*"]
raise = 1
"#;

/// The shells that are here, with the line that reads the hooks.
fn shells() -> Vec<(&'static str, &'static str)> {
    let all = [
        ("bash", "eval \"$(\"$CTL\" init bash --dir \"$SHIMS\")\""),
        ("zsh", "eval \"$(\"$CTL\" init zsh --dir \"$SHIMS\")\""),
        ("fish", "$CTL init fish --dir $SHIMS | source"),
    ];
    let (here, gone): (Vec<_>, Vec<_>) = all.into_iter().partition(|(shell, _)| {
        Command::new(shell).args(["-c", "true"]).output().is_ok_and(|o| o.status.success())
    });
    gone.iter().for_each(|(shell, _)| println!("skipped: {shell} is not installed"));
    here
}

fn hooked() -> Scene {
    let scene = Scene::new().policy(POLICY);
    fs::remove_file(scene.at("bin/find")).unwrap();
    let dir = scene.at("it's shims");
    install(&scene, &dir, &["rm", "kill", "kubectl"]);
    scene.env("CTL", CTL).env("SHIMS", dir)
}

fn run(scene: &Scene, shell: &str, script: &str) -> Ran {
    let mut command = scene.command(shell);
    match shell {
        "bash" => command.args(["--norc", "--noprofile", "-c", script]),
        "zsh" => command.args(["-f", "-c", script]),
        _ => command.args(["--no-config", "-c", script]),
    };
    ran(command)
}

#[test]
fn hooks_are_silent_and_can_be_read_twice() {
    let scene = hooked();
    for (shell, read) in shells() {
        let strict = if shell == "fish" { "" } else { "set -eu\n" };
        let ran = run(&scene, shell, &format!("{strict}{read}\n{read}\necho \"$PATH\""));
        assert_eq!((ran.code, ran.said()), (Some(0), String::new()), "{shell}");
        let path = text(&ran.stdout);
        let shims = scene.at("it's shims");
        assert_eq!(path.matches(shims.to_str().unwrap()).count(), 1, "{shell}: {path}");
        assert!(
            path.starts_with(shims.to_str().unwrap()) && path.ends_with(":/usr/bin:/bin\n"),
            "{shell}: {path}"
        );
    }
}

#[test]
fn without_a_path_and_with_odd_ones_the_rest_stays() {
    let scene = hooked();
    let shims = scene.at("it's shims").display().to_string();
    for (shell, read) in shells().into_iter().filter(|(shell, _)| *shell != "fish") {
        for (before, after) in [
            ("unset PATH", "/bin:/usr/bin"),
            ("PATH=:/a::/b", ":/a::/b"),
            ("PATH=/a:$SHIMS:/b:$SHIMS", "/a:/b"),
        ] {
            let ran = run(&scene, shell, &format!("set -u\n{before}\n{read}\necho \"$PATH\""));
            assert_eq!(text(&ran.stdout), format!("{shims}:{after}\n"), "{shell} {before}: {ran:?}");
        }
    }
}

#[test]
fn the_builtin_kill_goes_through_the_shim_but_for_jobs() {
    let scene = hooked();
    for (shell, read) in shells() {
        fs::remove_file(scene.at("stubs")).ok();
        // The kill of the scene is a stub: a number that is let through hits nothing.
        let ran = run(&scene, shell, &format!("{read}\nkill -s USR1 999999999"));
        let stubs = fs::read_to_string(scene.at("stubs")).unwrap_or_default();
        assert_eq!(stubs.trim(), scene.at("bin/kill").to_str().unwrap(), "{shell}: {ran:?}");
        if shell != "fish" {
            let strict = if shell == "bash" { "set -eum" } else { "set -eu" };
            let ran = run(
                &scene,
                shell,
                &format!("{strict}\n{read}\nsleep 1000 &\nkill %1\nwait %1 || echo $?; kill -l >/dev/null"),
            );
            assert_eq!(text(&ran.stdout).lines().last(), Some("143"), "{shell}: {ran:?}");
            let stubs = fs::read_to_string(scene.at("stubs")).unwrap();
            assert_eq!(stubs.lines().count(), 1, "{shell}");
        }
    }
}

fn config(scene: &Scene, context: &str) {
    scene.write("home/.kube/config", format!("apiVersion: v1\ncurrent-context: {context}\n"));
}

fn prompt(scene: &Scene) -> String {
    let ran = ctl(scene, &["prompt"]);
    assert_eq!((ran.code, ran.said()), (Some(0), String::new()));
    text(&ran.stdout)
}

#[test]
fn the_prompt_is_marked_in_production_only() {
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    let scene = Scene::new().policy(POLICY);
    assert_eq!(prompt(&scene), "");
    config(&scene, "staging");
    assert_eq!(prompt(&scene), "");
    config(&scene, "prod-east");
    assert_eq!(prompt(&scene), "[production: prod-east]\n");
    config(&scene, "'prod-$(reboot)`x`'");
    assert_eq!(prompt(&scene), "[production: prod-??reboot??x?]\n");
    let other = scene.write("other", "{\"current-context\": \"east\"}");
    let scene = scene.env("KUBECONFIG", other).env("AWS_PROFILE", "prod-admin");
    assert_eq!(prompt(&scene), "[production: prod-admin]\n");
    scene.write("config/guard/guard.toml", "no policy");
    assert_eq!(prompt(&scene), "[guard: see guardctl doctor]\n");
}

/// A shell at its prompt, the hooks read.
fn session(scene: &Scene, shell: &str, read: &str) -> Terminal {
    let mut command = scene.command(shell);
    match shell {
        "bash" => command.args(["--norc", "--noprofile", "-i"]),
        "zsh" => command.args(["-f", "-i"]),
        _ => command.args(["--no-config", "-i", "-C", "function fish_prompt; echo \"<$status>\"; end"]),
    };
    // No shell may wait for answers of a terminal that none is.
    command.env("TERM", "dumb").env_remove("CI");
    let mut terminal = Terminal::start(command, [true; 3]);
    match shell {
        "bash" => terminal.insist("PROMPT_COMMAND='seen=$?;'; PS1='<$seen>'\n", "<0>"),
        "zsh" => terminal.insist("unsetopt zle; PS1='<%?>'\n", "<0>"),
        _ => terminal.expect("<0>").clear(),
    }
    terminal.insist(&format!("{read}; {read}; echo rea''dy\n"), "ready");
    terminal.expect("<0>");
    terminal
}

#[test]
fn ordinary_work_is_as_before_and_a_slip_is_stopped() {
    if Scene::ruled_elsewhere() {
        return println!("skipped: this machine has a site of its own in /etc/guard");
    }
    for (shell, read) in shells() {
        let scene = hooked();
        for name in ["a1", "b1", "b2", "b3"] {
            scene.write(&format!("work/{name}"), "x");
        }
        let mut terminal = session(&scene, shell, read);
        terminal.send("rm -v a1\n");
        terminal.expect("removed 'a1'");
        terminal.expect("<0>");
        terminal.send("false\n");
        terminal.expect("<1>");
        if shell != "fish" {
            terminal.send("(exit 3)\n");
            terminal.expect("<3>");
        }
        terminal.send("rm b1 b2 b3\n");
        terminal.expect("type the number, 3");
        terminal.send("1\n");
        terminal.expect("<121>");
        assert!(scene.at("work/b3").exists());
        // An alias behind guard is followed.
        terminal.send("alias clean='rm b1 b2'\n");
        terminal.expect("<0>");
        terminal.send("guard clean b3\n");
        terminal.expect("type the number, 3");
        terminal.send("x\n");
        terminal.expect("<121>");
        assert!(scene.at("work/b3").exists());
        // The marker comes and goes with the context.
        config(&scene, "prod-east");
        terminal.send("echo mar''ked\n");
        terminal.expect("marked");
        terminal.expect("[production: prod-east] <0>");
        config(&scene, "staging");
        terminal.send("echo unmar''ked\n");
        terminal.expect("unmarked");
        let between = terminal.expect("<0>");
        assert!(!between.contains("production"), "{shell}: {between:?}");
        terminal.send("exit\n");
        terminal.end();
    }
}
