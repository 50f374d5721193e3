//! What ClusterShell 1.10.1 and ansible-core 2.19 answered to inputs of our own (`*_oracle.tsv`).

use guard::hosts::{Dialect, Inventory, Nothing, read};

use super::{Answers, names};

/// Reads a Python string literal as far as the tables need it.
fn literal(text: &str) -> String {
    let inside = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text);
    inside.replace("\\t", "\t").replace("\\n", "\n").replace("\\'", "'")
}

fn rows(table: &str) -> impl Iterator<Item = Vec<String>> {
    table.lines().map(|line| line.split('\t').map(literal).collect())
}

#[test]
fn node_sets_are_what_clustershell_says() {
    for row in rows(include_str!("nodeset_oracle.tsv")) {
        let (set, found) = (&row[0], read(Dialect::ClusterShell, &[&row[0]], &Nothing));
        if row[1] == "err" {
            assert!(found.is_err(), "{set:?} is refused");
            continue;
        }
        let found = found.unwrap_or_else(|fault| panic!("{set:?}: {fault}"));
        assert_eq!(found.count().unwrap().to_string(), row[2], "count of {set:?}");
        assert_eq!(found.set().fold(), row[3], "{set:?} folded");
        if !row[4].starts_with('<') {
            // Names with a tab are told apart by the count alone.
            assert_eq!(names(&found).join(" "), row[4], "{set:?} listed");
        }
    }
}

#[test]
fn patterns_are_what_ansible_says() {
    let inventory = Inventory::ini(include_str!("inventory.ini")).unwrap();
    let known = Answers { inventory: Some(inventory), ..Answers::default() };
    for row in rows(include_str!("ansible_pattern_oracle.tsv")) {
        let (pattern, found) = (&row[0], read(Dialect::Ansible, &[&row[0]], &known));
        if row[1] == "err" {
            assert!(found.is_err(), "{pattern:?} is refused");
            continue;
        }
        let found = found.unwrap_or_else(|fault| panic!("{pattern:?}: {fault}"));
        assert_eq!(found.count().unwrap().to_string(), row[2], "count of {pattern:?}");
        assert_eq!(names(&found).join(" "), row[3], "{pattern:?} listed");
    }
}
