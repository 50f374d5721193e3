//! What guard counts for fleet runners is where they then run; what runs under a freeze is what was shown.
//!
//! The real ansible with local connections, and the real clush with its worker that runs here: each
//! host leaves a file with its name. `tests/run` puts both into a folder of their own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const INVENTORY: &str = "\
[web]\nweb[01:10]\n[db]\ndb[1:4]\n[canary]\nweb01\n[prod:children]\nweb\ndb\n[empty]\n\
[all:vars]\nansible_connection=local\nansible_python_interpreter=auto_silent\n";
const GROUPS: &str = "[Main]\ndefault: local\n[local]\nmap: [ $GROUP = web ] && echo n[1-4]\nall: echo n[1-6]\nlist: echo web\n";
const PLAY: &str = "\
- hosts: web\n  gather_facts: false\n  tasks: [{raw: 'touch {{ hit }}/{{ inventory_hostname }}'}]\n\
- hosts: db\n  gather_facts: false\n  tasks: [{raw: 'touch {{ hit }}/{{ inventory_hostname }}'}]\n";

/// A folder with an inventory, a playbook, groups of nodes, and a folder where hosts leave their names.
struct Fleet {
    home: tempfile::TempDir,
    path: OsString,
}

impl Fleet {
    /// `None` where the program is not there.
    fn new(program: &str) -> Option<Self> {
        let python = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../python/bin");
        let paths = std::env::var_os("PATH").unwrap();
        let paths = std::iter::once(python).chain(std::env::split_paths(&paths));
        let fleet = Self { home: tempfile::tempdir().unwrap(), path: std::env::join_paths(paths).unwrap() };
        if !std::env::split_paths(&fleet.path).any(|folder| folder.join(program).is_file()) {
            println!("skipped: {program} is not here");
            return None;
        }
        for (name, text) in [("hosts", INVENTORY), ("play.yml", PLAY), ("groups.conf", GROUPS)] {
            std::fs::write(fleet.home().join(name), text).unwrap();
        }
        std::fs::create_dir(fleet.home().join("hit")).unwrap();
        Some(fleet)
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("env");
        command.env_clear().env("PATH", &self.path).env("HOME", self.home()).env("LC_ALL", "C.UTF-8");
        command.env("ANSIBLE_INVENTORY", self.home().join("hosts")).current_dir(self.home()).arg(program);
        command
    }

    fn guard(&self, options: &[&str], line: &str) -> Output {
        let words = shlex::split(line).unwrap();
        let mut guard = self.command(env!("CARGO_BIN_EXE_guard"));
        guard.arg("--no-input").args(options).args(words).output().unwrap()
    }

    fn plan(&self, line: &str) -> Value {
        let out = self.guard(&["--plan", "--json"], line);
        serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|_| panic!("{line}: {}", String::from_utf8_lossy(&out.stderr)))
    }

    /// The hosts that were hit since the last time.
    fn hit(&self) -> BTreeSet<String> {
        let files = std::fs::read_dir(self.home().join("hit")).unwrap().map(|file| file.unwrap());
        let taken = files.map(|file| {
            std::fs::remove_file(file.path()).unwrap();
            file.file_name().into_string().unwrap()
        });
        taken.collect()
    }

    /// Counts, refuses, runs bare and then guarded: each time the same hosts.
    fn agrees(&self, line: &str, count: u64) {
        let plan = self.plan(line);
        assert_eq!(plan["scope"]["count"], count, "{line}: {plan:#}");
        assert_eq!(plan["scope"]["certainty"], "exact", "{line}");
        assert_eq!(plan["scope"]["kind"], "host", "{line}");
        if plan["verdict"]["rung"] != "allow" {
            assert_eq!(self.guard(&["--expect", "77"], line).status.code(), Some(123), "{line}");
        }
        assert_eq!(self.hit(), BTreeSet::new(), "{line}: nothing before the gate");
        let words = shlex::split(line).unwrap();
        let bare = self.command(&words[0]).args(&words[1..]).output().unwrap();
        let by_itself = self.hit();
        assert_eq!(by_itself.len() as u64, count, "{line}: {}", String::from_utf8_lossy(&bare.stderr));
        let out = self.guard(&["--expect", &count.to_string()], line);
        assert_eq!(self.hit(), by_itself, "{line}: {}", String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.code(), bare.status.code(), "{line}");
    }
}

#[test]
fn ansible_hits_the_hosts_that_are_counted() {
    let Some(fleet) = Fleet::new("ansible") else { return };
    for (pattern, count) in [
        ("web", 10),
        ("'prod:!canary'", 13),
        ("'db[0:2]'", 3),
        ("all --limit 'web0*:db'", 13),
        ("web,db1 -l canary,db1", 2),
    ] {
        fleet.agrees(&format!("ansible {pattern} -m raw -a 'touch hit/{{{{ inventory_hostname }}}}'"), count);
    }
}

#[test]
fn a_playbook_hits_the_hosts_of_all_its_plays() {
    let Some(fleet) = Fleet::new("ansible-playbook") else { return };
    let extra = format!("-e hit={}/hit", fleet.home().display());
    fleet.agrees(&format!("ansible-playbook play.yml {extra}"), 14);
    fleet.agrees(&format!("ansible-playbook play.yml --limit 'db,canary' {extra}"), 5);
}

#[test]
fn an_empty_pattern_is_asked_about_and_looking_is_not() {
    let Some(fleet) = Fleet::new("ansible") else { return };
    for line in ["ansible '' -a reboot", "ansible , -m reboot", "ansible web -l '' -a 'touch x'"] {
        let rules = fleet.plan(line)["verdict"]["reasons"].to_string();
        assert!(rules.contains("\"blank\""), "{line}: {rules}");
        let code = fleet.guard(&["--expect", "14"], line).status.code();
        assert!(matches!(code, Some(122 | 123)), "{line}: {code:?}");
    }
    for line in ["ansible all -m ping", "ansible all -a 'df -h'", "ansible all -m shell -a 'ps ax | head'"] {
        assert_eq!(fleet.plan(line)["verdict"]["rung"], "allow", "{line}");
    }
    let plan = fleet.plan("ansible web -b -a 'systemctl stop nginx'");
    assert_eq!(plan["effect"], "stop", "{plan:#}");
}

#[test]
fn clush_hits_the_nodes_that_are_counted() {
    let Some(fleet) = Fleet::new("clush") else { return };
    let groups = format!("--groupsconf {}/groups.conf", fleet.home().display());
    for (nodes, count) in
        [("-w n[1-12]", 12), ("-w n[1-12] -x n[3-4]", 10), ("-w n1", 1), ("-a", 6), ("-g web -x n1", 3)]
    {
        fleet.agrees(&format!("clush -n {groups} -R exec {nodes} touch hit/%h"), count);
    }
}
