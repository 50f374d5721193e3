//! An inventory: hosts, groups and which groups hold which.

use std::collections::{HashMap, HashSet};

use super::{address, ini, listed};

/// Hosts that an inventory holds at the most.
pub const MOST_HOSTS: usize = 1_000_000;

/// Hosts and groups, in the order in which they were first named.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    hosts: Vec<String>,
    host_places: HashMap<String, usize>,
    groups: Vec<Group>,
    group_places: HashMap<String, usize>,
    /// The order in which hosts were first named is not known.
    pub(super) unordered: bool,
}

#[derive(Debug, Clone, Default)]
struct Group {
    name: String,
    hosts: Vec<usize>,
    children: Vec<usize>,
}

/// Hosts of a group by their places, and whether Ansible always has them in this order.
pub struct Members {
    /// Places of hosts.
    pub hosts: Vec<usize>,
    /// False where Ansible walks through sets: then another run may order them otherwise.
    pub ordered: bool,
}

impl Inventory {
    /// Reads an inventory in Ansible's INI format.
    ///
    /// # Errors
    /// One sentence with the line, where Ansible would not take it.
    pub fn ini(text: &str) -> Result<Self, String> {
        let mut inventory = Self::default();
        inventory.group("all");
        inventory.group("ungrouped");
        ini::read(text, &mut inventory)?;
        inventory.finish()?;
        Ok(inventory)
    }

    /// Reads what `ansible-inventory --list` prints.
    ///
    /// # Errors
    /// One sentence, where it is something else.
    pub fn listed(json: &[u8]) -> Result<Self, String> {
        let mut inventory = Self::default();
        inventory.group("all");
        inventory.group("ungrouped");
        listed::read(json, &mut inventory)?;
        inventory.unordered = true;
        inventory.finish()?;
        Ok(inventory)
    }

    /// An inventory of hosts without groups, as `-i a,b` writes one.
    ///
    /// # Errors
    /// One sentence, where Ansible would not take it.
    pub fn of_names(text: &str) -> Result<Self, String> {
        let mut inventory = Self::default();
        inventory.group("all");
        let ungrouped = inventory.group("ungrouped");
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let mut names = Vec::new();
            address::expand(address::host(name).unwrap_or(name), MOST_HOSTS, &mut names)?;
            names.iter().try_for_each(|name| inventory.add_host(ungrouped, name))?;
        }
        inventory.finish()?;
        Ok(inventory)
    }

    /// The hosts, in the order in which they were named.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The place of a host.
    pub fn host(&self, name: &str) -> Option<usize> {
        self.host_places.get(name).copied()
    }

    /// The names of the groups, `all` and `ungrouped` first.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.name.as_str())
    }

    pub(super) fn has_group(&self, name: &str) -> bool {
        self.group_places.contains_key(name)
    }

    /// The place of a group, which is made where it is not there.
    pub(super) fn group(&mut self, name: &str) -> usize {
        *self.group_places.entry(name.to_owned()).or_insert_with(|| {
            self.groups.push(Group { name: name.to_owned(), ..Group::default() });
            self.groups.len() - 1
        })
    }

    pub(super) fn add_host(&mut self, group: usize, name: &str) -> Result<(), String> {
        if self.hosts.len() >= MOST_HOSTS {
            return Err(format!("an inventory of more than {MOST_HOSTS} hosts is not followed"));
        }
        let place = *self.host_places.entry(name.to_owned()).or_insert_with(|| {
            self.hosts.push(name.to_owned());
            self.hosts.len() - 1
        });
        self.groups[group].hosts.push(place);
        Ok(())
    }

    pub(super) fn add_child(&mut self, parent: usize, child: usize) {
        if !self.groups[parent].children.contains(&child) {
            self.groups[parent].children.push(child);
        }
    }

    /// Puts groups without a parent under `all`, and hosts without a group under `ungrouped`.
    fn finish(&mut self) -> Result<(), String> {
        let mut has_parent = vec![false; self.groups.len()];
        let mut has_group = vec![false; self.hosts.len()];
        for (at, group) in self.groups.iter().enumerate() {
            group.children.iter().for_each(|child| has_parent[*child] = true);
            if at > 1 {
                group.hosts.iter().for_each(|host| has_group[*host] = true);
            }
        }
        let orphans = (1..self.groups.len()).filter(|at| !has_parent[*at]);
        self.groups[0].children.extend(orphans.collect::<Vec<_>>());
        let alone = |host: &usize| !has_group[*host];
        let listed: Vec<usize> = self.groups[1].hosts.iter().copied().filter(alone).collect();
        let known: HashSet<usize> = listed.iter().copied().collect();
        let others: Vec<usize> =
            (0..self.hosts.len()).filter(|host| alone(host) && !known.contains(host)).collect();
        self.groups[1].hosts = listed.into_iter().chain(others).collect();
        self.check_loops()
    }

    /// A group that holds itself is no inventory.
    fn check_loops(&self) -> Result<(), String> {
        let mut parents = vec![0_usize; self.groups.len()];
        self.groups.iter().flat_map(|group| &group.children).for_each(|child| parents[*child] += 1);
        let mut free: Vec<usize> = (0..self.groups.len()).filter(|at| parents[*at] == 0).collect();
        let mut seen = 0;
        while let Some(at) = free.pop() {
            seen += 1;
            for child in &self.groups[at].children {
                parents[*child] -= 1;
                if parents[*child] == 0 {
                    free.push(*child);
                }
            }
        }
        if seen == self.groups.len() { Ok(()) } else { Err("a group holds itself".into()) }
    }

    /// The hosts of a group and of all groups below it, each once.
    pub fn members(&self, name: &str) -> Option<Members> {
        let at = *self.group_places.get(name)?;
        let (mut seen, mut order) = (HashSet::from([at]), vec![at]);
        let (mut level, mut ordered) = (vec![at], true);
        while !level.is_empty() {
            let mut next = Vec::new();
            let mut leading = 0;
            for group in level {
                let before = next.len();
                next.extend(self.groups[group].children.iter().copied().filter(|child| seen.insert(*child)));
                leading += usize::from(next.len() > before);
            }
            // Ansible goes through each level below the first as a set.
            ordered &= leading < 2;
            order.extend(&next);
            level = next;
        }
        let mut seen = HashSet::new();
        let hosts = order.iter().flat_map(|group| &self.groups[*group].hosts).copied();
        Some(Members { hosts: hosts.filter(|host| seen.insert(*host)).collect(), ordered })
    }
}
