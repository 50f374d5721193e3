//! Who may import whom: a module reaches only what stands before it on the way of a command.
//!
//! A line a module. What is named with `::` is a leaf of a later module that anyone before may use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// In the order of the way.
const MAY: &[(&str, &str)] = &[
    ("exit", ""),
    ("tool", ""),
    ("hosts", ""),
    ("read", "tool ui::escape ui::fold"),
    ("world", "ui::escape"),
    ("policy", "tool read world ui::escape"),
    ("scope", "tool hosts read world policy ui::escape"),
    ("judge", "tool read policy scope ui::escape"),
    ("record", "tool scope judge ui::escape"),
    ("ui", "tool read scope judge record::mask"),
    ("gate", "exit tool world policy scope judge record ui"),
    ("act", "exit tool read world policy scope judge record ui gate"),
    ("cli", "judge ui::escape"),
    ("guard", "exit tool read world policy scope judge record ui gate act cli"),
    ("ctl", "exit tool hosts read world policy scope judge record ui cli guard"),
    ("shell", "exit read ui cli guard"),
];

/// The Rust files below a folder, test modules left out.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().unwrap() != "tests.rs" {
            found.push(path);
        }
    }
}

/// The code of a file, without comments and without its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What follows each `crate::`, two steps deep: `ui::escape`, `tool::Kinds`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':') {
            paths(&code[at + "crate::".len()..], "", 2, &mut found);
        }
    }
    found
}

/// Reads a path or a group of paths; returns what is left behind it.
fn paths<'c>(code: &'c str, front: &str, depth: usize, found: &mut BTreeSet<String>) -> &'c str {
    let code = code.trim_start();
    if let Some(mut rest) = code.strip_prefix('{') {
        loop {
            rest = paths(rest, front, depth, found).trim_start();
            match rest.strip_prefix(',') {
                Some(more) if !more.trim_start().starts_with('}') => rest = more,
                _ => break,
            }
        }
        return rest.find('}').map_or("", |end| &rest[end + 1..]);
    }
    let end = code.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(code.len());
    let path = if front.is_empty() { code[..end].to_owned() } else { format!("{front}::{}", &code[..end]) };
    match code[end..].strip_prefix("::") {
        Some(rest) if depth > 1 => paths(rest, &path, depth - 1, found),
        Some(rest) => {
            found.insert(path);
            paths(rest, "", 0, &mut BTreeSet::new())
        }
        None => {
            found.insert(path);
            &code[end..]
        }
    }
}

#[test]
fn a_module_reaches_only_what_stands_before_it() {
    let may: BTreeMap<&str, Vec<&str>> = MAY.iter().map(|(m, all)| (*m, all.split(' ').collect())).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&root, &mut all);
    let mut wrong = Vec::new();
    for path in all {
        let short = path.strip_prefix(&root).unwrap();
        let module = short.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        if matches!(module, "lib" | "bin") {
            continue;
        }
        let Some(allowed) = may.get(module) else { panic!("'{module}' has no line in the table") };
        for import in imports(&code(&path)) {
            let first = import.split("::").next().unwrap();
            let leaf = allowed.iter().any(|a| import == *a || import.starts_with(&format!("{a}::")));
            if first != module && !leaf && !allowed.contains(&first) {
                wrong.push(format!("src/{}: crate::{import}", short.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "these reach what stands behind them:\n{}", wrong.join("\n"));
}

#[test]
fn the_table_is_in_order() {
    let place = |name: &str| MAY.iter().position(|(m, _)| *m == name);
    for (at, (module, all)) in MAY.iter().enumerate() {
        for one in all.split(' ').filter(|one| !one.is_empty() && !one.contains("::")) {
            assert!(place(one).is_some_and(|before| before < at), "{module} stands before {one}");
        }
    }
    let reaches = |module: &str, other: &str| {
        MAY.iter().any(|(m, all)| *m == module && all.split(' ').any(|one| one == other))
    };
    assert!(!reaches("read", "world") && !reaches("judge", "world"), "reading and judging are pure");
}

#[test]
fn imports_are_found_however_they_are_written() {
    let code = "use crate::{a, b::{C, d::E}, f};\nlet x = crate::g::h::i(); use crate::ui::escape::{escape, quote}; mycrate::no";
    let found: Vec<String> = imports(code).into_iter().collect();
    assert_eq!(found, ["a", "b::C", "b::d", "f", "g::h", "ui::escape"]);
}
