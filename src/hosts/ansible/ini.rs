//! Inventories in Ansible's INI format: `[group]`, `[group:children]`, `[group:vars]`, a host a line.

use std::collections::HashMap;

use super::address;
use super::groups::{Inventory, MOST_HOSTS};

#[derive(Clone, Copy, PartialEq)]
enum Section {
    Hosts,
    Children,
    Vars,
}

/// Reads the lines into an inventory that has `all` and `ungrouped`.
pub fn read(text: &str, inventory: &mut Inventory) -> Result<(), String> {
    let (mut group, mut section) = (inventory.group("ungrouped"), Section::Hosts);
    // Children, and groups with variables, may be named before they are there.
    let mut waiting: Vec<(usize, usize, String)> = Vec::new();
    let mut bare: HashMap<String, usize> = HashMap::new();
    for (at, line) in text.lines().enumerate() {
        let (line, number) = (line.trim(), at + 1);
        let wrong = |why: String| format!("line {number}: {why}");
        if line.is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        if let Some((name, kind)) = header(line) {
            section = match kind {
                "" | "hosts" => Section::Hosts,
                "children" => Section::Children,
                "vars" => Section::Vars,
                kind => return Err(wrong(format!("a section '{kind}' is not known"))),
            };
            if section == Section::Vars && !inventory.has_group(name) {
                bare.insert(name.to_owned(), number);
            } else if section != Section::Vars {
                bare.remove(name);
            }
            group = inventory.group(name);
            continue;
        }
        if line.starts_with('[') && line.ends_with(']') {
            return Err(wrong(format!("'{line}' is no section")));
        }
        match section {
            Section::Vars if line.contains('=') => {}
            Section::Vars => return Err(wrong(format!("'{line}' is no key=value"))),
            Section::Children => {
                let child = line.split('#').next().unwrap_or_default().trim();
                if child.is_empty() || child.contains([':', ']']) || child.contains(char::is_whitespace) {
                    return Err(wrong(format!("'{line}' is no group")));
                }
                waiting.push((number, group, child.to_owned()));
            }
            Section::Hosts => hosts(line, group, inventory).map_err(wrong)?,
        }
    }
    if let Some((name, line)) = bare.iter().min_by_key(|(_, line)| **line) {
        return Err(format!("line {line}: variables of '{name}', which is no group"));
    }
    for (line, parent, child) in waiting {
        if !inventory.has_group(&child) {
            return Err(format!("line {line}: '{child}' is no group"));
        }
        let child = inventory.group(&child);
        inventory.add_child(parent, child);
    }
    Ok(())
}

/// Reads `[name]` and `[name:kind]`, with a comment behind it or without.
fn header(line: &str) -> Option<(&str, &str)> {
    let (inside, behind) = line.strip_prefix('[')?.split_once(']')?;
    let behind = behind.trim_start();
    if !(behind.is_empty() || behind.starts_with('#')) || inside.contains(char::is_whitespace) {
        return None;
    }
    let (name, kind) = inside.split_once(':').unwrap_or((inside, ""));
    let is_word = |kind: &str| !kind.is_empty() && kind.chars().all(|c| c.is_alphanumeric() || c == '_');
    (!name.is_empty() && (is_word(kind) || !inside.contains(':'))).then_some((name, kind))
}

fn hosts(line: &str, group: usize, inventory: &mut Inventory) -> Result<(), String> {
    let words = words(line)?;
    let Some((name, variables)) = words.split_first() else { return Err("a host is missing".into()) };
    if let Some(word) = variables.iter().find(|word| !word.contains('=')) {
        return Err(format!("'{word}' is no key=value"));
    }
    let host = address::host(name).unwrap_or(name);
    if host == name && name.ends_with(':') || host == "---" {
        return Err(format!("'{name}' is no host"));
    }
    let mut names = Vec::new();
    address::expand(host, MOST_HOSTS, &mut names)?;
    names.iter().try_for_each(|name| inventory.add_host(group, name))
}

/// Cuts a line as a shell would, up to a comment.
fn words(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '#' => break,
            c if c.is_whitespace() => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(chars.next().ok_or("a backslash ends the line")?),
            quote @ ('\'' | '"') => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or("a quote is never closed")? {
                        c if c == quote => break,
                        '\\' if quote == '"' => match chars.next().ok_or("a quote is never closed")? {
                            c @ ('"' | '\\') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}
