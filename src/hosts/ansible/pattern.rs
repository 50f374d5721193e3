//! Ansible's patterns: `web,db`, `prod:&web:!web1`, `web[0:2]`, `~re`, globs.
//!
//! Whatever the order in which they are written, plain patterns come first, then `&`, then `!`. A text
//! without a plain pattern (an empty one too) starts from all hosts.

use std::collections::HashSet;

use super::address;
use super::groups::Inventory;
use crate::hosts::fault::Fault;
use crate::hosts::globs::{Glob, python_regex};
use crate::hosts::grid::Work;

/// Returns the hosts that a pattern chooses, in Ansible's order.
pub fn read(text: &str, inventory: &Inventory, work: &mut Work) -> Result<Vec<String>, Fault> {
    let mut patterns = split(text);
    let place = |pattern: &&str| match pattern.as_bytes().first() {
        Some(b'&') => 1,
        Some(b'!') => 2,
        _ => 0,
    };
    patterns.sort_by_key(place);
    if patterns.first().is_none_or(|first| place(first) != 0) {
        patterns.insert(0, "all");
    }
    let mut chosen: Vec<String> = Vec::new();
    for pattern in patterns {
        work.spend(1 + chosen.len())?;
        if inventory.host(pattern).is_some() {
            chosen.push(pattern.to_owned());
            continue;
        }
        let (sign, bare) = match pattern.as_bytes().first() {
            Some(sign @ (b'&' | b'!')) => (*sign, &pattern[1..]),
            _ => (0, pattern),
        };
        let hosts = one(bare, inventory, work)?;
        if sign == 0 {
            chosen.extend(hosts);
            continue;
        }
        let hosts: HashSet<&String> = hosts.iter().collect();
        chosen.retain(|host| hosts.contains(host) == (sign == b'&'));
    }
    let mut seen = HashSet::new();
    chosen.retain(|host| seen.insert(host.clone()));
    Ok(chosen)
}

/// Cuts at commas; where there are none and it is not one host, at colons.
fn split(text: &str) -> Vec<&str> {
    let patterns: Vec<&str> = if text.contains(',') {
        text.split(',').collect()
    } else if address::host(text).is_some() {
        vec![text]
    } else {
        colons(text)
    };
    patterns.into_iter().map(str::trim).filter(|pattern| !pattern.is_empty()).collect()
}

/// Cuts at colons, whitespace and brackets without their other half; what whole brackets hold stays.
fn colons(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(c) = text[at..].chars().next() {
        let whole = text[at..].strip_prefix('[').and_then(|inside| inside.find(']')).map(|length| length + 2);
        match whole {
            Some(length) => at += length,
            None if c.is_whitespace() || matches!(c, ':' | '[' | ']') => {
                parts.push(&text[from..at]);
                at += c.len_utf8();
                from = at;
            }
            None => at += c.len_utf8(),
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Part of a list, from 0.
#[derive(Clone, Copy)]
enum Subscript {
    /// One; from the end where below zero.
    One(i64),
    /// From one up to and with another.
    Range(i64, i64),
}

/// The hosts of one pattern; those of several groups may be in it several times.
fn one(pattern: &str, inventory: &Inventory, work: &mut Work) -> Result<Vec<String>, Fault> {
    let (expression, subscript) = subscript(pattern)?;
    if expression.is_empty() {
        return Err(Fault::form("", "a pattern is missing"));
    }
    let (hosts, ordered) = matching(expression, inventory, work)?;
    let Some(subscript) = subscript.filter(|_| !hosts.is_empty()) else { return Ok(hosts) };
    let length = i64::try_from(hosts.len()).unwrap_or(i64::MAX);
    let (from, to) = match subscript {
        Subscript::One(at) => (at, at),
        // Ansible takes an end of 0 for no range.
        Subscript::Range(from, 0) => (from, from),
        Subscript::Range(from, -1) => (from, length - 1),
        Subscript::Range(from, to) => (from, to.min(length - 1)),
    };
    let one = matches!(subscript, Subscript::One(_) | Subscript::Range(_, 0));
    let from = if from < 0 { from + length } else { from };
    let to = if one { from } else { to };
    if one && !(0..length).contains(&from) {
        return Err(Fault::form(pattern, "no host has that place"));
    }
    if !ordered && (from, to) != (0, length - 1) {
        return Err(Fault::form(pattern, "Ansible does not always order these hosts in the same way"));
    }
    let place = |at: i64| usize::try_from(at.clamp(0, length)).unwrap_or(0);
    Ok(hosts.get(place(from)..place(to + 1)).unwrap_or_default().to_vec())
}

/// Cuts off `[3]`, `[-1]`, `[0:2]`, `[0-2]` or `[2:]`.
fn subscript(pattern: &str) -> Result<(&str, Option<Subscript>), Fault> {
    let plain = Ok((pattern, None));
    if pattern.starts_with('~') {
        return plain;
    }
    let Some(open) = pattern.strip_suffix(']').and_then(|front| front.rfind('[')) else { return plain };
    let (expression, inside) = (&pattern[..open], &pattern[open + 1..pattern.len() - 1]);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str| text.parse::<i64>().map_err(|_| Fault::form(pattern, "a place is too far"));
    if expression.is_empty() {
        return plain;
    }
    if digits(inside.strip_prefix('-').unwrap_or(inside)) {
        return Ok((expression, Some(Subscript::One(number(inside)?))));
    }
    match inside.split_once([':', '-']) {
        Some((from, "")) if digits(from) => Ok((expression, Some(Subscript::Range(number(from)?, -1)))),
        Some((from, to)) if digits(from) && digits(to) => {
            Ok((expression, Some(Subscript::Range(number(from)?, number(to)?))))
        }
        _ => plain,
    }
}

/// The hosts of the groups that match, and the hosts that match; whether the order is sure.
fn matching(expression: &str, inventory: &Inventory, work: &mut Work) -> Result<(Vec<String>, bool), Fault> {
    let is_match: Box<dyn Fn(&str) -> bool> = match expression.strip_prefix('~') {
        Some(regex) => {
            let regex = python_regex(regex)?;
            Box::new(move |name| regex.is_match(name))
        }
        None => {
            let glob = Glob::new(expression);
            Box::new(move |name| glob.matches(name))
        }
    };
    let (mut hosts, mut ordered, mut any) = (Vec::new(), true, false);
    for group in inventory.groups().filter(|group| is_match(group)) {
        any = true;
        if let Some(members) = inventory.members(group) {
            work.spend(members.hosts.len())?;
            ordered &= members.ordered;
            hosts.extend(members.hosts.into_iter().map(|at| inventory.hosts()[at].clone()));
        }
    }
    if !any || expression.starts_with('~') || expression.contains(['.', '?', '*', '[']) {
        work.spend(inventory.hosts().len())?;
        hosts.extend(inventory.hosts().iter().filter(|name| is_match(name)).cloned());
        ordered &= !inventory.unordered;
    }
    if hosts.is_empty() && matches!(expression, "127.0.0.1" | "localhost" | "::1") {
        hosts.push(expression.to_owned());
    }
    Ok((hosts, ordered))
}
