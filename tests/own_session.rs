//! The session that guard runs in: what it comes in by, and what it runs under.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/site.rs"]
mod site;

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use site::Site;

/// The rung that a command gets over ssh (or not), by its words.
fn over_ssh(site: &Site, ssh: bool, command: &str) -> String {
    let mut judge = site.command(env!("CARGO_BIN_EXE_guardctl"));
    judge.args(["judge", "--offline"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    if ssh {
        judge.env("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22");
    }
    let mut child = judge.spawn().unwrap();
    child.stdin.take().unwrap().write_all(command.as_bytes()).unwrap();
    let plan: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    plan["verdict"]["rung"].as_str().unwrap().to_owned()
}

#[test]
fn who_comes_by_ssh_does_not_stop_what_the_session_hangs_on() {
    let site = Site::new();
    for (command, rung) in [
        ("systemctl stop ssh", "deny"),
        ("sudo systemctl stop sshd.service", "deny"),
        ("systemctl stop nginx NetworkManager", "deny"),
        ("systemctl disable --now ssh.socket", "deny"),
        ("systemctl mask --now sshd", "deny"),
        ("systemctl kill ssh", "deny"),
        ("systemctl stop dbus.socket", "deny"),
        ("systemctl stop systemd-logind", "deny"),
        ("systemctl disable ssh", "confirm"),
        ("systemctl mask sshd", "confirm"),
        ("systemctl restart networking", "confirm"),
        ("systemctl restart ssh", "allow"),
        ("systemctl reload sshd", "allow"),
        ("systemctl restart NetworkManager", "allow"),
        ("systemctl --user stop dbus", "allow"),
        ("systemctl -M box stop ssh", "allow"),
        ("systemctl stop sysinit.target", "deny"),
        ("systemctl stop user@1000", "confirm"),
        ("systemctl stop session-3.scope", "confirm"),
        // Nobody comes back to the other host by the way they cut.
        ("systemctl -H web-1 stop ssh", "confirm"),
        ("ssh web-1 systemctl stop ssh", "confirm"),
        ("ssh web-1 sudo systemctl stop basic.target", "confirm"),
        ("ssh web-1 systemctl restart ssh", "allow"),
        ("ssh web-1 systemctl try-restart ssh", "allow"),
        ("ssh web-1 systemctl stop user@1000", "allow"),
        ("kubectl exec web-0 -- systemctl stop ssh", "allow"),
        ("systemctl stop nginx", "allow"),
        ("systemctl mask nginx", "allow"),
    ] {
        assert_eq!(over_ssh(&site, true, command), rung, "{command}");
    }
    // At the console there is a way back. (Where these tests themselves run over ssh, there is none.)
    if guard::world::processes::session_path().is_empty() {
        assert_eq!(over_ssh(&site, false, "systemctl stop ssh"), "allow");
        assert_eq!(over_ssh(&site, false, "systemctl restart networking"), "allow");
        assert_eq!(over_ssh(&site, false, "systemctl stop user@1000"), "allow");
        assert_eq!(over_ssh(&site, false, "systemctl stop sysinit.target"), "confirm");
    }
}

#[test]
fn the_first_process_is_not_ended_and_takes_orders_for_a_name() {
    let site = Site::new();
    for (command, rung) in [
        ("kill 1", "deny"),
        ("kill -s INT -- 1", "deny"),
        ("kill -9 ' 01'", "deny"),
        ("kill -9 4294967297", "deny"),
        ("sudo kill 1 4242", "deny"),
        ("kill -HUP 1", "confirm"),
        ("kill -9 2", "confirm"),
        ("ssh web-1 kill 1", "deny"),
        ("ssh web-1 kill -HUP 1", "confirm"),
        // The first process of a container is what that was started for.
        ("kubectl exec web-0 -- kill 1", "allow"),
        ("kill 11 12", "allow"),
    ] {
        assert_eq!(over_ssh(&site, false, command), rung, "{command}");
    }
    let mut guard = site.command(env!("CARGO_BIN_EXE_guard"));
    let plan: Value =
        serde_json::from_slice(&guard.args(["--plan", "--json", "kill", "1"]).output().unwrap().stdout)
            .unwrap();
    assert_eq!(plan["verdict"]["reasons"][0]["rule"], "system", "{plan}");
}

#[test]
fn what_a_command_runs_under_is_not_ended() {
    let site = Site::new();
    let above = std::process::id();
    let user = nix::unistd::getuid().to_string();
    for command in [
        format!("kill -9 {above}"),
        "kill -9 -1".into(),
        "kill -s KILL -- -1".into(),
        format!("pkill -u {user}"),
    ] {
        let mut guard = site.command(env!("CARGO_BIN_EXE_guard"));
        guard.args(["--plan", "--json"]).args(shlex::split(&command).unwrap());
        let plan: Value = serde_json::from_slice(&guard.output().unwrap().stdout).unwrap();
        assert_eq!(plan["verdict"]["rung"], "deny", "{command}");
        let reasons = plan["verdict"]["reasons"].as_array().unwrap();
        assert!(reasons.iter().any(|reason| reason["rule"] == "itself"), "{command}");
    }
}
