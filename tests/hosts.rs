//! Sets of hosts mean to guard what they mean to the tools: by tables of the tools' own answers, by
//! the tools themselves where they are installed, and by the laws of sets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

#[path = "hosts/command.rs"]
mod command;
#[path = "hosts/laws.rs"]
mod laws;
#[path = "hosts/oracle.rs"]
mod oracle;
#[path = "hosts/readers.rs"]
mod readers;
#[path = "hosts/real.rs"]
mod real;

use std::collections::HashMap;

use guard::hosts::{Hosts, Inventory, Known};

/// What a site knows, in memory.
#[derive(Default)]
pub struct Answers {
    pub groups: HashMap<&'static str, &'static str>,
    pub all: Option<&'static str>,
    pub files: HashMap<&'static str, &'static str>,
    pub inventory: Option<Inventory>,
}

impl Known for Answers {
    fn group(&self, source: Option<&str>, name: &str) -> Result<String, String> {
        let key = source.map_or(name.to_owned(), |source| format!("{source}:{name}"));
        self.groups.get(key.as_str()).map(|text| (*text).to_owned()).ok_or("nobody knows".into())
    }

    fn groups(&self, _source: Option<&str>) -> Result<String, String> {
        let mut names: Vec<_> = self.groups.keys().copied().collect();
        names.sort_unstable();
        Ok(names.join(","))
    }

    fn all(&self, _source: Option<&str>) -> Result<String, String> {
        self.all.map(str::to_owned).ok_or("nobody knows".into())
    }

    fn file(&self, path: &str) -> Result<String, String> {
        self.files.get(path).map(|text| (*text).to_owned()).ok_or("there is none".into())
    }

    fn inventory(&self) -> Result<&Inventory, String> {
        self.inventory.as_ref().ok_or("there is none".into())
    }
}

pub fn names(hosts: &Hosts) -> Vec<String> {
    let mut names = Vec::new();
    hosts.visit(|name| {
        names.push(name.to_owned());
        true
    });
    names
}
