//! The documentation is true: its TOML is read by the library, its commands are run.
//!
//! A TOML block says in its first line what it is (`# tool file: …`, `# in [tool]`,
//! `# in [[action]]`, `# policy`, `# guard.toml`, `# .guard.toml`). A console block is run in a scratch
//! folder with the toy fleet of `examples/`, or begins with `# not run: REASON`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;

use guard::ctl::tool_tests;
use guard::policy::{LayerFile, Places, Shelf, Standing, kinds, parse_layer, parse_tool};
use guard::read::Library;
use guard::tool::ToolFile;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page, by its name.
fn pages() -> Vec<(String, String)> {
    let files = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    pages.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    pages.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// The fenced blocks of a language, each with the page and line it begins at.
fn blocks(language: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (page, text) in pages() {
        let mut open: Option<(String, String)> = None;
        for (at, line) in text.lines().enumerate() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(info)) => open = Some((info.to_owned(), format!("{page}:{}\n", at + 1))),
                (Some((info, block)), Some(_)) => {
                    if info == language {
                        let (place, body) = block.split_once('\n').unwrap();
                        found.push((place.to_owned(), body.to_owned()));
                    }
                    open = None;
                }
                (Some((_, block)), None) => *block += &format!("{line}\n"),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{page}: a block is not closed");
    }
    found
}

/// Puts a fragment of a tool file into a whole one.
fn whole(first: &str, body: &str) -> String {
    let has = |key: &str| body.lines().any(|l| l.split('=').next().is_some_and(|k| k.trim() == key));
    let names = if has("names") { "" } else { "names = ['x']\n" };
    if first == "# in [tool]" {
        return format!("[tool]\n{names}{body}");
    }
    let name = if has("name") { "" } else { "name = 'do'\n" };
    let effect = if has("effect") || has("inner") { "" } else { "effect = 'stop'\n" };
    format!("[tool]\nnames = ['x']\n[[action]]\n{name}{effect}{body}")
}

#[test]
fn every_toml_block_is_what_it_says() {
    let blocks = blocks("toml");
    assert!(!blocks.is_empty());
    for (place, body) in blocks {
        let first = body.lines().next().unwrap_or_default();
        let fault = match first.split(':').next().unwrap() {
            "# tool file" => parse_tool(&place, &body).map(|_| ()),
            "# in [tool]" | "# in [[action]]" => parse_tool(&place, &whole(first, &body)).map(|_| ()),
            "# policy" | "# guard.toml" => parse_layer(&place, &body, Standing::Site).map(|_| ()),
            "# .guard.toml" => parse_layer(&place, &body, Standing::Tighten).map(|_| ()),
            _ => panic!("{place}: the first line does not say what the block is"),
        };
        if let Err(fault) = fault {
            panic!("{place}: {}", fault.render());
        }
    }
}

#[test]
fn the_examples_in_tool_files_hold() {
    let kinds = kinds().unwrap();
    for (place, body) in blocks("toml").into_iter().filter(|(_, body)| body.starts_with("# tool file")) {
        let folder = tempfile::tempdir().unwrap();
        let tools = folder.path().join("tools");
        fs::create_dir(&tools).unwrap();
        let name = parse_tool(&place, &body).unwrap().tool.names[0].clone();
        fs::write(tools.join(format!("{name}.toml")), &body).unwrap();
        let shelf = Shelf::new(&Places { operator: Some(folder.path().to_owned()), ..Places::default() });
        let file: Rc<ToolFile> = shelf.tool(&name).unwrap().unwrap();
        let (ran, failures) = tool_tests::run(&file, &shelf, &kinds);
        assert!(ran > 0 && failures.is_empty(), "{place}: {ran} ran: {}", failures.join("\n"));
    }
}

/// Every key that a file may hold, by the schema made from the types.
fn keys(schema: &serde_json::Value, found: &mut Vec<String>) {
    match schema {
        serde_json::Value::Object(map) => {
            if let Some(serde_json::Value::Object(properties)) = map.get("properties") {
                found.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| keys(value, found));
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

#[test]
fn every_key_has_its_place_in_the_reference() {
    let policy = schemars::schema_for!(LayerFile);
    let tool = schemars::schema_for!(ToolFile);
    for (page, schema) in [("policy.md", policy), ("tools.md", tool)] {
        let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
        let mut all = Vec::new();
        keys(schema.as_value(), &mut all);
        all.sort();
        all.dedup();
        assert!(all.len() > 20, "{all:?}");
        all.retain(|key| !text.contains(&format!("`{key}`")) && !text.contains(&format!("[{key}]")));
        assert!(all.is_empty(), "docs/{page} says nothing of {all:?}");
    }
}

/// The toy fleet, and a site that knows it.
fn scratch() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for path in ["fleet", "here", "config/guard/tools"] {
        fs::create_dir_all(at(path)).unwrap();
    }
    for (role, count) in [("index", 60), ("placement", 20), ("billing", 40)] {
        (1..=count).for_each(|n| fs::write(at(&format!("fleet/{role}-{n}")), "").unwrap());
    }
    let examples = root().join("examples");
    fs::copy(examples.join("fleetctl.toml"), at("config/guard/tools/fleetctl.toml")).unwrap();
    fs::copy(examples.join("guard.toml"), at("config/guard/guard.toml")).unwrap();
    folder
}

/// Runs one command line; what it printed, and its exit code where that is not 0.
fn typed(command: &str, scratch: &Path) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_guard")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let ran = Command::new("bash")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(scratch.join("here"))
        .env("PATH", format!("{}:{}:{path}", programs.display(), root().join("examples").display()))
        .env("XDG_CONFIG_HOME", scratch.join("config"))
        .env("XDG_STATE_HOME", scratch.join("state"))
        .env("FLEET_DIR", scratch.join("fleet"))
        .env_remove("SSH_CONNECTION")
        .env_remove("SSH_TTY")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let mut said = String::from_utf8(ran.stdout).unwrap();
    match ran.status.code() {
        Some(0) => {}
        code => said += &format!("(exit code {})\n", code.unwrap_or(-1)),
    }
    let host = nix::unistd::gethostname().unwrap().to_string_lossy().into_owned();
    said.replace(&format!(" on {host}"), " on ops-1")
        .replace(&format!("\"host\":\"{host}\""), "\"host\":\"ops-1\"")
        .replace(&format!("{}/config/", scratch.display()), "~/.config/")
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn every_console_block_shows_what_happens() {
    if Path::new("/etc/guard").is_dir() {
        println!("skipped: /etc/guard speaks for this machine");
        return;
    }
    let mut ran = 0;
    let mut wrong = String::new();
    for (place, body) in blocks("console") {
        if let Some(reason) = body.strip_prefix("# not run:") {
            assert!(reason.lines().next().unwrap().trim().len() > 9, "{place}: the reason is missing");
            continue;
        }
        let scratch = scratch();
        let mut said = String::new();
        for command in body.lines().filter_map(|line| line.strip_prefix("$ ")) {
            said += &format!("$ {command}\n{}", typed(command, scratch.path()));
            ran += 1;
        }
        if said != body {
            wrong += &format!("{place} says\n{body}\nand this is what happens:\n{said}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(ran > 5, "only {ran} commands were run");
}
