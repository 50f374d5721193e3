//! Every block of the README holds: commands print what is shown, and files are those of the examples.
//!
//! The first line of a block says where it runs: `console files` in a folder with a build folder and
//! an archive, `console kubernetes` against the stand-in of an API server, `console fleet` with the
//! toy fleet, `console shell` anywhere. `laptop` stands for the host. All run on a terminal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use guard::policy::{Standing, parse_layer, parse_tool};

#[path = "support/kube.rs"]
mod kube;
mod terminal;

use terminal::Terminal;

struct Block {
    /// What follows the three backticks.
    head: String,
    line: usize,
    text: String,
}

fn blocks() -> Vec<Block> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (at, line) in readme.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(head) => {
                open = true;
                blocks.push(Block { head: head.to_owned(), line: at + 1, text: String::new() });
            }
            None if open => blocks.last_mut().unwrap().text += &format!("{line}\n"),
            None => {}
        }
    }
    blocks
}

fn of(head: &str) -> Vec<Block> {
    let found: Vec<Block> = blocks().into_iter().filter(|block| block.head == head).collect();
    assert!(!found.is_empty(), "the README has no block '{head}'");
    found
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// A shell on a terminal in a folder of its own, with guard and the examples in front.
struct Scene {
    folder: tempfile::TempDir,
    shell: Command,
}

const PROMPT: &str = "<prompt>";

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = Path::new(env!("CARGO_BIN_EXE_guard")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut shell = Command::new("bash");
        shell
            .args(["--norc", "--noprofile", "--noediting", "-i"])
            .env("PATH", format!("{}:{}:{path}", programs.display(), root().join("examples").display()))
            .env("PS1", PROMPT)
            .env("LC_ALL", "C.UTF-8")
            .env("XDG_CONFIG_HOME", folder.path().join(".config"))
            .env("XDG_STATE_HOME", folder.path().join(".state"))
            .env_remove("CI")
            .current_dir(folder.path());
        for ssh in ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"] {
            shell.env_remove(ssh);
        }
        Self { folder, shell }
    }

    fn file(&self, name: impl AsRef<Path>) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    /// Types a block's commands, and the answers it shows to questions; holds all that is printed
    /// against what the block shows.
    fn plays(self, block: &Block) {
        let mut terminal = Terminal::start(self.shell, [true; 3]);
        terminal.expect(PROMPT);
        let mut seen = String::new();
        for part in block.text.split("$ ").skip(1) {
            let (command, shown) = part.split_once('\n').unwrap();
            terminal.send(&format!("{command}\n"));
            terminal.expect("\r\n");
            seen += &format!("$ {command}\n");
            for (question, answer) in shown.lines().filter_map(question) {
                seen += &terminal.expect(question);
                seen += question;
                terminal.send(&format!("{answer}\n"));
            }
            seen += &terminal.expect(PROMPT);
        }
        let host = nix::unistd::gethostname().unwrap();
        let seen = seen.replace("\r\n", "\n").replace(&format!("on {}", host.to_str().unwrap()), "on laptop");
        snapbox::assert_data_eq!(seen, snapbox::Data::text(&block.text).raw());
    }
}

/// Splits a shown question from its shown answer.
fn question(line: &str) -> Option<(&str, &str)> {
    let at = line.starts_with("type ").then(|| line.rfind(": "))?? + 2;
    Some(line.split_at(at))
}

#[test]
fn every_block_is_one_that_is_tested() {
    let known = [
        "sh",
        "console files",
        "console kubernetes",
        "console fleet",
        "console shell",
        "toml tool",
        "toml policy",
    ];
    for block in blocks() {
        assert!(known.contains(&block.head.as_str()), "README.md:{}: '{}'", block.line, block.head);
    }
}

#[test]
fn files() {
    for block in of("console files") {
        let scene = Scene::new();
        (1..=2500).for_each(|n| scene.file(format!("node_modules/part-{n}.js")));
        (1..=3600).for_each(|n| scene.file(format!("archive/record-{n}")));
        scene.plays(&block);
    }
}

#[test]
fn kubernetes() {
    for block in of("console kubernetes") {
        let Some(kube) = kube::start() else { return };
        let mut scene = Scene::new();
        scene.shell.env("HOME", kube.home()).env("KUBECONFIG", kube.kubeconfig());
        scene.plays(&block);
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn fleet() {
    if Path::new("/etc/guard").is_dir() {
        println!("skipped: /etc/guard speaks for this machine");
        return;
    }
    for block in of("console fleet") {
        let mut scene = Scene::new();
        for (role, count) in [("index", 60), ("placement", 20), ("billing", 40)] {
            (1..=count).for_each(|n| scene.file(format!("fleet/{role}-{n}")));
        }
        let folder = scene.folder.path();
        scene.shell.env("FLEET_DIR", folder.join("fleet"));
        fs::create_dir_all(folder.join(".config/guard/tools")).unwrap();
        for (from, to) in [("fleetctl.toml", "tools/fleetctl.toml"), ("guard.toml", "guard.toml")] {
            fs::copy(root().join("examples").join(from), folder.join(".config/guard").join(to)).unwrap();
        }
        scene.plays(&block);
    }
}

#[test]
fn shell() {
    of("console shell").iter().for_each(|block| Scene::new().plays(block));
}

/// What the README shows is what the demo uses.
#[test]
fn files_of_configuration() {
    let [tool, policy] = ["toml tool", "toml policy"].map(|head| of(head).remove(0).text);
    assert_eq!(tool, fs::read_to_string(root().join("examples/fleetctl.toml")).unwrap());
    assert_eq!(policy, fs::read_to_string(root().join("examples/guard.toml")).unwrap());
    parse_tool("README.md", &tool).unwrap_or_else(|fault| panic!("{}", fault.render()));
    parse_layer("README.md", &policy, Standing::Site).unwrap_or_else(|fault| panic!("{}", fault.render()));
}

/// The two commands are ones that install.sh takes; tests/install.rs runs them.
#[test]
fn the_two_commands() {
    let help = Command::new(root().join("install.sh")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for line in of("sh")[0].text.lines() {
        let option = line.strip_prefix("./install.sh ").unwrap();
        assert!(help.contains(&format!("[{option}]")), "{option}");
    }
}

#[test]
fn links_lead_somewhere() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for target in readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(target.contains("://") || root().join(target).exists(), "{target}");
    }
}
