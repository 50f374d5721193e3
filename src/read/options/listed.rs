//! Which option of the tool file a word spells, in the tables that hold for its subcommand.

use std::ffi::{OsStr, OsString};

use crate::tool::{OptionName, Options, Style, Tool};

/// How an option takes its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// None.
    Switch,
    /// One, after `=` alone.
    Equals,
    /// One: the rest of its word, or the next word.
    Value,
    /// Every word up to the next option.
    Many,
}

/// Tells whether a tool with other options after its subcommand has no table for this one.
pub fn unheard_of(tool: &Tool, operands: &[OsString]) -> bool {
    if !tool.globals_first || operands.is_empty() {
        return false;
    }
    let known = |key: &String| key.split(' ').zip(operands).all(|(known, word)| OsStr::new(known) == word);
    !tool.commands.keys().any(known)
}

/// The option tables that hold at this place, the subcommand's first.
fn tables<'t>(tool: &'t Tool, operands: &[OsString]) -> impl Iterator<Item = &'t Options> {
    let mut path = String::new();
    let mut own = Vec::new();
    for operand in operands.iter().take(3) {
        let Some(word) = operand.to_str() else { break };
        if !path.is_empty() {
            path.push(' ');
        }
        path.push_str(word);
        own.extend(tool.commands.get(&path));
    }
    let globals = !tool.globals_first || operands.is_empty();
    own.into_iter().rev().chain(globals.then_some(&tool.options))
}

/// Finds an option by a test on its spelling.
pub fn find(tool: &Tool, operands: &[OsString], hit: impl Fn(&str) -> bool) -> Option<(OptionName, Arity)> {
    for table in tables(tool, operands) {
        let lists = [
            (&table.switch, Arity::Switch),
            (&table.value, Arity::Value),
            (&table.equals, Arity::Equals),
            (&table.many, Arity::Many),
        ];
        for (list, arity) in lists {
            if let Some(name) = list.iter().find(|name| name.spellings().any(&hit)) {
                return Some((name.clone(), arity));
            }
        }
    }
    None
}

/// Finds a long option by its name, or (gnu) by the start of its name where that is unambiguous.
pub fn find_long(tool: &Tool, operands: &[OsString], spelled: &str) -> Option<(OptionName, Arity, String)> {
    if let Some((name, arity)) = find(tool, operands, |s| s == spelled) {
        return Some((name, arity, spelled.to_owned()));
    }
    if tool.style == Style::Go {
        // Go takes one dash or two.
        let other = spelled
            .strip_prefix('-')
            .filter(|s| s.starts_with('-'))
            .map_or(format!("-{spelled}"), str::to_owned);
        return find(tool, operands, |s| s == other).map(|(name, arity)| (name, arity, other));
    }
    if tool.style == Style::Pflag && spelled[2..].contains('_') {
        // kubectl takes `--all_namespaces` for `--all-namespaces`, with a warning.
        let other = spelled.replace('_', "-");
        return find(tool, operands, |s| s == other).map(|(name, arity)| (name, arity, other));
    }
    if tool.style != Style::Gnu || spelled.len() < 3 {
        return None;
    }
    if let Some(rest) = spelled.strip_prefix("--no-")
        && let Some((name, Arity::Switch | Arity::Equals)) =
            find(tool, operands, |s| s == format!("--{rest}"))
    {
        return Some((name, Arity::Switch, spelled.to_owned()));
    }
    let mut hits: Vec<(OptionName, Arity, String)> = Vec::new();
    for table in tables(tool, operands) {
        for (list, arity) in [
            (&table.switch, Arity::Switch),
            (&table.value, Arity::Value),
            (&table.equals, Arity::Equals),
            (&table.many, Arity::Many),
        ] {
            for name in list {
                if let Some(full) = name.spellings().find(|s| s.starts_with("--") && s.starts_with(spelled)) {
                    hits.push((name.clone(), arity, full.to_owned()));
                }
            }
        }
    }
    hits.dedup_by(|a, b| a.0.same(&b.0));
    if hits.len() == 1 { hits.pop() } else { None }
}
