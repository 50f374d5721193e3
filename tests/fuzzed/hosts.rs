//! Sets of hosts: a set or a fault in every dialect, and what is folded is read as the same hosts.

use guard::hosts::{Dialect, Fault, HostSet, Inventory, Known, read};

use super::work::work;

/// More than reading any text of a few KB may allocate.
const MOST_WORK: u64 = 1 << 30;

/// Names that are listed at the most.
const LISTED: u64 = 20_000;

/// A site that knows two groups, four hosts, and whatever inventory the text has.
struct Site(Result<Inventory, String>);

impl Known for Site {
    fn group(&self, _source: Option<&str>, name: &str) -> Result<String, String> {
        match name {
            "web" => Ok("web[1-3],@db".into()),
            "db" => Ok("db01,@web".into()),
            _ => Err("no such group".into()),
        }
    }

    fn all(&self, _source: Option<&str>) -> Result<String, String> {
        Ok("web1 web2 web3 db01".into())
    }

    fn file(&self, _path: &str) -> Result<String, String> {
        Ok("web[1-3]\n#include more\n".into())
    }

    fn inventory(&self) -> Result<&Inventory, String> {
        self.0.as_ref().map_err(Clone::clone)
    }
}

/// The name of a dialect on the first line (any other text is all of them), a set, and behind an empty line an inventory.
pub fn hosts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (first, rest) = text.split_once('\n').unwrap_or(("", text));
    let (set, inventory) = rest.split_once("\n\n").unwrap_or((rest, "[web]\nweb[1:3]\n[db]\ndb01\n"));
    let site = Site(Inventory::ini(inventory));
    let named = Dialect::named(first);
    for dialect in Dialect::NAMES.into_iter().filter_map(Dialect::named) {
        if named.is_none_or(|named| named == dialect) {
            let cost = work(|| one(dialect, set, &site));
            assert!(cost < MOST_WORK, "{} bytes cost {cost}", set.len());
        }
    }
}

fn one(dialect: Dialect, text: &str, site: &Site) {
    let found = match read(dialect, &[text], site) {
        Ok(found) => found,
        Err(fault) => return assert!(!fault.to_string().is_empty()),
    };
    let Ok(count) = found.set().count() else { return };
    if count > LISTED || found.count().is_ok_and(|count| count > LISTED) {
        return;
    }
    let mut names = Vec::new();
    found.set().visit(|name| {
        names.push(name.to_owned());
        true
    });
    assert_eq!(names.len() as u64, count, "as many names as were counted");
    let again = HostSet::of_names(names.iter().map(String::as_str)).expect("names of a set");
    assert_eq!(&again, found.set(), "the set of its names");
    let mut listed = 0;
    found.visit(|name| {
        listed += 1;
        !name.contains('\0')
    });
    assert_eq!(Ok(listed), found.count(), "as many are listed as were counted");
    refold(&names, found.set());
}

/// What a set is folded to means the same, unless a name holds what sets are written with.
fn refold(names: &[String], set: &HostSet) {
    let telling = |c: char| c.is_whitespace() || ",!&^@*?[]".contains(c);
    if names.iter().any(|name| name.is_empty() || name.contains(telling)) {
        return;
    }
    match read(Dialect::ClusterShell, &[set.fold()], &guard::hosts::Nothing) {
        Ok(again) => assert_eq!(again.set(), set, "{} folded", set.fold()),
        // Only what took too long to put together takes too long to put together again.
        Err(fault) => assert_eq!(fault, Fault::TooMixed, "{} folded", set.fold()),
    }
}
