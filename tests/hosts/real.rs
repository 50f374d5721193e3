//! Random texts, asked of the tools themselves: ClusterShell, Ansible and pdsh. `tests/run` installs them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use guard::hosts::{Dialect, Inventory, Nothing, read};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{Answers, names};

/// Where a program is on `PATH`; says so where it is not.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: {name} is not installed");
    }
    found
}

/// The Python that a program of Python runs with, and so has its modules.
fn python_of(program: &Path) -> String {
    let text = std::fs::read_to_string(program).unwrap();
    text.lines().next().unwrap().strip_prefix("#!").unwrap().trim().to_owned()
}

/// Runs a Python script on lines; returns what it printed, a line each.
fn ask(python: &str, script: &str, lines: &[String]) -> Vec<String> {
    let mut words = python.split_whitespace();
    let mut child = Command::new(words.next().unwrap())
        .args(words)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = lines.join("\n") + "\n";
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "the script of the test failed");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn random<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::default();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// A name with brackets, nearly always right.
fn written() -> impl Strategy<Value = String> {
    let range = prop_oneof![
        5 => (0_u32..30, 0_u32..30).prop_map(|(from, length)| format!("{from}-{}", from + length)),
        3 => (0_u32..120).prop_map(|n| n.to_string()),
        2 => (0_u32..9, 0_u32..90).prop_map(|(from, length)| format!("{from:02}-{:02}", from + length)),
        1 => (0_u32..30, 1_u32..5).prop_map(|(from, step)| format!("{from}-40/{step}")),
        1 => "[0-9x]{0,2}-?[0-9]{0,3}".prop_map(|text| text),
    ];
    let brackets = prop::collection::vec(range, 1..4).prop_map(|ranges| format!("[{}]", ranges.join(",")));
    let part = prop_oneof![3 => "[ab]", 2 => "[ab]-?[0-9]{1,2}", 1 => "-r", 1 => "\\.x"];
    (part.clone(), prop::collection::vec(prop_oneof![2 => brackets, 2 => part.prop_map(|part| part)], 0..3))
        .prop_map(|(first, rest)| first + &rest.concat())
}

#[test]
fn nodeset_finds_the_same_hosts() {
    let Some(nodeset) = program("nodeset") else { return };
    let script = r#"
import sys
from ClusterShell.NodeSet import NodeSet, RESOLVER_NOGROUP
for line in sys.stdin:
    try:
        found = NodeSet(line.rstrip("\n"), resolver=RESOLVER_NOGROUP)
        print(len(found), str(found) or "-", " ".join(sorted(found)), sep="\t")
    except Exception as fault:
        print("err", type(fault).__name__, sep="\t")
"#;
    let operator = prop_oneof![4 => Just(","), 2 => Just("!"), 2 => Just("&"), 1 => Just("^")];
    let text = (written(), prop::collection::vec((operator, written()), 0..4))
        .prop_map(|(first, rest)| rest.into_iter().fold(first, |text, (op, more)| text + op + &more));
    let texts = random(&text, 1500);
    let (mut agreed, mut refused) = (0, 0);
    for (text, answer) in texts.iter().zip(ask(&python_of(&nodeset), script, &texts)) {
        let found = read(Dialect::ClusterShell, &[text], &Nothing);
        let fields: Vec<&str> = answer.split('\t').collect();
        if fields[0] == "err" {
            assert!(found.is_err(), "{text}: nodeset refuses it");
            refused += 1;
            continue;
        }
        // Ranges below zero are not followed everywhere: `docs/gaps.md`.
        let below_zero = text.contains("[-") || text.contains(",-");
        let found = match found {
            Err(_) if below_zero => continue,
            found => found.unwrap_or_else(|fault| panic!("{text}: {fault}")),
        };
        let mut listed = names(&found);
        listed.sort();
        assert_eq!(listed.join(" "), fields[2], "{text}");
        assert_eq!(found.count().unwrap().to_string(), fields[0], "{text}");
        let one_number = |name: &String| {
            name.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).count() < 2
        };
        if listed.iter().all(one_number) && !listed.is_empty() && !below_zero {
            assert_eq!(found.set().fold(), fields[1], "{text}");
        }
        agreed += 1;
    }
    println!("{agreed} sets agreed, {refused} were refused by both");
    assert!(agreed > 500 && refused > 20);
}

#[test]
fn pdsh_finds_the_same_hosts() {
    let Some(pdsh) = program("pdsh") else { return };
    let element = (prop::bool::weighted(0.2), written())
        .prop_map(|(out, text)| if out { format!("-{text}") } else { text });
    let texts = random(&prop::collection::vec(element, 1..4).prop_map(|all| all.join(",")), 120);
    let mut agreed = 0;
    for text in texts.iter().filter(|text| !text.contains('/')) {
        let output =
            Command::new(&pdsh).args(["-R", "exec", "-Q", "-w", text]).env_remove("WCOLL").output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let Some((_, list)) = said.split_once("-- Target nodes --\n") else { continue };
        // It prints as much as fits into its buffer.
        if list.len() > 1000 {
            continue;
        }
        let mut wanted: Vec<&str> = list.trim().split(',').filter(|name| !name.is_empty()).collect();
        // What pdsh takes for a name with brackets in it, guard does not follow.
        let Ok(found) = read(Dialect::Pdsh, &[text], &Nothing) else { continue };
        let mut listed = names(&found);
        listed.sort();
        wanted.sort();
        if found.count().unwrap() == found.set().count().unwrap() {
            wanted.dedup();
        }
        assert!(listed == wanted, "{text}: {} hosts and {}", listed.len(), wanted.len());
        agreed += 1;
    }
    println!("{agreed} lists agreed");
    assert!(agreed > 40);
}

/// A random inventory, and patterns for it.
fn inventory() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        3 => "[ab][0-9]{1,2}",
        1 => (0_u32..5, 5_u32..12).prop_map(|(from, to)| format!("w[{from:02}:{to:02}]")),
        1 => Just("c[a:d]-[1:3].x".to_owned()),
    ];
    let group = (0_usize..5, prop::collection::vec(host.clone(), 0..5))
        .prop_map(|(name, hosts)| format!("[g{name}]\n{}\n", hosts.join("\n")));
    // A parent comes after its children in the alphabet: no group holds itself.
    let children = (5_usize..8, prop::collection::vec(0_usize..5, 1..3)).prop_map(|(parent, children)| {
        let children: Vec<String> =
            children.iter().map(|child| format!("[g{child}]\n[g{parent}:children]\ng{child}\n")).collect();
        children.concat()
    });
    (
        prop::collection::vec(host, 0..3),
        prop::collection::vec(group, 1..6),
        prop::collection::vec(children, 0..3),
    )
        .prop_map(|(alone, groups, children)| {
            format!("{}\n{}{}", alone.join("\n"), groups.concat(), children.concat())
        })
}

fn pattern() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        4 => "g[0-7]",
        2 => "g[0-7]\\[-?[0-3]\\]",
        2 => "g[0-7]\\[[0-3][:-][0-4]?\\]",
        2 => "[abw][0-9]{1,2}",
        2 => "[abcgw]\\*",
        1 => "[ab]\\?[0-9]",
        1 => "~[abg][0-4]",
        1 => "[abw]\\[0-4\\]\\*",
        1 => Just("all".to_owned()),
        1 => Just("localhost".to_owned()),
        1 => "[!&a-c.:,\\[\\]* 0-9]{0,4}",
    ];
    let signed = (prop_oneof![4 => Just(""), 1 => Just("!"), 1 => Just("&")], one)
        .prop_map(|(sign, one)| sign.to_owned() + &one);
    (prop::collection::vec(signed, 1..4), prop_oneof![Just(","), Just(":")])
        .prop_map(|(all, by)| all.join(by))
}

#[test]
fn ansible_finds_the_same_hosts() {
    let Some(ansible) = program("ansible") else { return };
    let script = r#"
import sys, logging
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.utils.display import Display
Display.warning = lambda *a, **k: None
Display.display = lambda *a, **k: None
manager = None
for line in sys.stdin:
    line = line.rstrip("\n")
    if line.startswith("inventory "):
        manager = InventoryManager(loader=DataLoader(), sources=[line[10:]])
        print("all", " ".join(host.name for host in manager.get_hosts("all")), sep="\t")
        continue
    try:
        print("ok", " ".join(host.name for host in manager.get_hosts(line[8:])), sep="\t")
    except Exception as fault:
        print("err", type(fault).__name__, sep="\t")
"#;
    let folder = tempfile::tempdir().unwrap();
    let (mut lines, mut inventories) = (Vec::new(), Vec::new());
    for (at, text) in random(&inventory(), 25).into_iter().enumerate() {
        let path = folder.path().join(format!("inventory-{at}.ini"));
        std::fs::write(&path, &text).unwrap();
        lines.push(format!("inventory {}", path.display()));
        lines.extend(random(&pattern(), 40).iter().map(|pattern| format!("pattern {pattern}")));
        inventories.push(text);
    }
    let (mut agreed, mut refused, mut unsure) = (0, 0, 0);
    let mut known = Answers::default();
    let mut texts = inventories.iter();
    let mut text = "";
    for (line, answer) in lines.iter().zip(ask(&python_of(&ansible), script, &lines)) {
        let (state, wanted) = answer.split_once('\t').unwrap();
        let mut wanted: Vec<&str> = wanted.split(' ').filter(|name| !name.is_empty()).collect();
        wanted.sort();
        let pattern = line.strip_prefix("pattern ");
        if pattern.is_none() {
            text = texts.next().unwrap();
            known.inventory = Some(Inventory::ini(text).unwrap_or_else(|why| panic!("{why}\n{text}")));
        }
        let found = read(Dialect::Ansible, &[pattern.unwrap_or("all")], &known);
        if state == "err" {
            assert!(found.is_err(), "{line}: ansible refuses it\n{text}");
            refused += 1;
            continue;
        }
        match found {
            Ok(found) => {
                let mut listed = names(&found);
                listed.sort();
                assert_eq!(listed, wanted, "{line}\n{text}");
                agreed += 1;
            }
            Err(fault) if fault.to_string().contains("always order") => unsure += 1,
            Err(fault) => panic!("{line}: {fault}\n{text}"),
        }
    }
    println!("{agreed} patterns agreed, {refused} were refused by both, {unsure} have no sure order");
    assert!(agreed > 500);
}
