//! What runs on other hosts, judged by `guardctl judge --offline`: known harmless programs, those that
//! nobody knows, and paths that are only text here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The answers to some lines, with a policy of the site where one is given.
fn judged(lines: &[&str], policy: &str) -> Vec<Value> {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join(".config/guard");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("guard.toml"), policy).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_guardctl"));
    command.args(["judge", "--offline"]).current_dir(home.path()).env_clear().env("HOME", home.path());
    let mut judge = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    judge.stdin.take().unwrap().write_all(format!("{}\n", lines.join("\n")).as_bytes()).unwrap();
    let output = judge.wait_with_output().unwrap();
    let answers: Vec<Value> =
        output.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

fn rung(answer: &Value) -> &str {
    answer["verdict"]["rung"].as_str().unwrap()
}

/// Fails with each line that does not get its rung.
fn all_get(rung_of_all: &str, lines: &[&str]) {
    let answers = judged(lines, "");
    let wrong: Vec<String> = lines
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| rung(answer) != rung_of_all)
        .map(|(line, answer)| format!("{line}\n    {}", answer["verdict"]))
        .collect();
    assert!(wrong.is_empty(), "not '{rung_of_all}':\n{}", wrong.join("\n"));
}

#[test]
fn known_harmless_programs_may_run_on_any_number_of_hosts() {
    all_get(
        "allow",
        &[
            "for h in web{1..50}; do ssh $h uptime; done",
            "for h in web{1..50}; do ssh $h 'sudo systemctl status nginx | head -3'; done",
            "for h in web{1..50}; do ssh $h 'cd /srv/shop && git status; df -h 2>/dev/null'; done",
            "for h in $(cat hosts.txt); do ssh $h 'journalctl -u shop -n 5'; done",
            "while read -r h; do ssh -n \"$h\" /usr/bin/free -m >> all.txt; done < hosts.txt",
            "cat hosts.txt | xargs -I{} ssh {} cat /etc/os-release",
        ],
    );
}

#[test]
fn what_nobody_knows_changes_each_of_the_hosts() {
    let lines = [
        "for h in web{1..20}; do ssh $h ./migrate.sh; done",
        "for h in web{1..20}; do ssh $h sudo systemctl start nginx; done",
        "for h in web{1..20}; do ssh $h 'echo x >> /etc/motd'; done",
        "for h in web{1..20}; do ssh $h 'uptime; ./migrate.sh; ./tidy.sh'; done",
    ];
    for (line, answer) in lines.iter().zip(judged(&lines, "")) {
        assert_eq!((rung(&answer), &answer["effect"]), ("confirm", &"change".into()), "{line}: {answer:#}");
        assert_eq!(
            (&answer["scope"]["count"], &answer["scope"]["kind"]),
            (&20.into(), &"host".into()),
            "{line}"
        );
    }
    all_get(
        "confirm",
        &[
            "for h in $(cat hosts.txt); do ssh $h ./migrate.sh; done",
            "while read h; do ssh -n $h git pull; done < hosts.txt",
            "cat hosts.txt | xargs -I{} ssh {} ./migrate.sh",
        ],
    );
}

#[test]
fn on_one_host_it_stays_silent() {
    all_get(
        "allow",
        &[
            "ssh web1 ./migrate.sh",
            "ssh $HOST ./migrate.sh",
            "ssh web1 'a; b; c; d; e; f; g; h; i; j; k; l; m'",
            "ssh web1 a; ssh web1 b; ssh web1 c; ssh web1 d; ssh web1 e; ssh web1 f; ssh web1 g; ssh web1 h; ssh web1 i; ssh web1 j",
            "for h in web1 web2 web3; do ssh $h ./migrate.sh; done",
            "kubectl exec web-0 -- ./migrate.sh",
        ],
    );
}

#[test]
fn a_site_says_what_else_is_harmless() {
    let lines = ["for h in web{1..20}; do ssh $h fleetctl status; done"];
    assert_eq!(rung(&judged(&lines, "")[0]), "confirm");
    let site = "[[harmless]]\nnames = [\"fleetctl\"]\ncommands = [\"status\"]\n";
    assert_eq!(rung(&judged(&lines, site)[0]), "allow");
}

#[test]
fn a_part_of_a_folder_over_there_is_everyday() {
    all_get(
        "allow",
        &[
            "ssh web1 'rm -f /var/log/app/*.gz'",
            "ssh web1 'rm -f /var/log/*.gz'",
            "ssh web1 'sudo rm -f /srv/app/core.*'",
            "ssh web1 'rm -rf /tmp/*'",
            "ssh web1 'rm -rf /tmp/shop-build'",
            "ssh web1 'cd /srv/app && rm -f releases/old.tgz *.tmp'",
            "ssh web1 'rm -f *.log'",
            "kubectl exec web-0 -- sh -c 'rm -f /var/cache/app/*.tmp'",
        ],
    );
}

#[test]
fn whole_folders_over_there_are_not() {
    let rules = |answer: &Value| {
        let all = answer["verdict"]["reasons"].as_array().unwrap().iter();
        all.map(|reason| reason["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let lines = [
        "ssh web1 'rm -rf /var/*'",
        "ssh web1 'rm -rf /srv/*'",
        "ssh web1 'rm -rf /data/*'",
        "ssh web1 'rm -rf /e*'",
        "ssh web1 'rm -rf /tmp/../*'",
        "ssh web1 'rm -rf ~'",
        "ssh web1 'rm -rf *'",
        "ssh web1 'rm -rf .ssh'",
        "ssh web1 'cd /etc && rm -rf *'",
        "ssh web1 'cd /; rm -rf etc'",
        "ssh web1 'cd /etc; echo > passwd'",
        "ssh web1 'cd /etc && sudo bash -c \"rm -rf ssh\"'",
        "ssh web1 'for f in /srv/*; do rm -rf \"$f\"; done'",
    ];
    for (line, answer) in lines.iter().zip(judged(&lines, "")) {
        assert_ne!(rung(&answer), "allow", "{line}");
        assert!(rules(&answer).iter().any(|rule| rule == "files.protect"), "{line}: {answer:#}");
    }
    let unknown = [
        "ssh web1 'rm -f /var/log/app/*'",
        "ssh web1 'cd /srv/app && rm -rf *'",
        "ssh web1 'cd $X && rm -rf app'",
        "ssh web1 'cd /srv && rm -rf $X'",
        "ssh web1 'cd /srv/app && git clean -fdx'",
    ];
    for (line, answer) in unknown.iter().zip(judged(&unknown, "")) {
        assert_eq!((rung(&answer), rules(&answer)), ("confirm", vec!["unknown".to_owned()]), "{line}");
    }
}
