//! What a dialect asks of others: groups, inventories, files. Who answers stands outside of `hosts`.

use super::ansible::Inventory;

/// What the tool knows beside the words of its command line. Whatever it is not asked is unknown.
pub trait Known {
    /// The set that a group stands for, in the same dialect.
    ///
    /// # Errors
    /// Where nobody knows, with one sentence on why.
    fn group(&self, _source: Option<&str>, _name: &str) -> Result<String, String> {
        Err("no source of groups was given".into())
    }

    /// The set of all hosts.
    ///
    /// # Errors
    /// Where nobody knows.
    fn all(&self, _source: Option<&str>) -> Result<String, String> {
        Err("no list of all hosts was given".into())
    }

    /// The names of all groups, as a set.
    ///
    /// # Errors
    /// Where nobody knows.
    fn groups(&self, _source: Option<&str>) -> Result<String, String> {
        Err("no source of groups was given".into())
    }

    /// What a file of hosts holds.
    ///
    /// # Errors
    /// Where it can't be read.
    fn file(&self, _path: &str) -> Result<String, String> {
        Err("files of hosts are not read here".into())
    }

    /// The inventory of Ansible.
    ///
    /// # Errors
    /// Where there is none, or it can't be read.
    fn inventory(&self) -> Result<&Inventory, String> {
        Err("no inventory was given".into())
    }
}

/// Nobody to ask.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl Known for Nothing {}
