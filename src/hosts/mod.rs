//! Sets of hosts, as each tool writes them: one reader a dialect.
//!
//! The same text means different hosts in different tools (`n1^n2` is a set of two for ClusterShell
//! and a file for pdsh), so the dialect always comes from the tool. Sets are symbolic: a billion
//! hosts in a row cost as much as one, until somebody lists them. Pure: what a group stands for and
//! what files hold is asked of [`Known`].

mod ansible;
mod build;
mod clustershell;
mod digits;
mod fault;
mod globs;
mod grid;
mod hostlist;
mod known;
mod pdsh;
mod salt;
mod set;
mod slurm;
mod term;

pub use ansible::Inventory;
pub use fault::Fault;
pub use grid::{Op, Work};
pub use known::{Known, Nothing};
pub use set::HostSet;

use build::Builder;
use term::Term;

/// Whose grammar a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// clush, nodeset.
    ClusterShell,
    /// pdsh, dsh.
    Pdsh,
    /// slurm's commands, flux.
    Slurm,
    /// Patterns of ansible and ansible-playbook.
    Ansible,
    /// Targets of salt.
    Salt,
}

impl Dialect {
    /// Their names, in the order of the variants.
    pub const NAMES: [&str; 5] = ["clustershell", "pdsh", "slurm", "ansible", "salt"];

    /// The dialect of a name.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let all = [Self::ClusterShell, Self::Pdsh, Self::Slurm, Self::Ansible, Self::Salt];
        Self::NAMES.iter().position(|one| *one == name).map(|at| all[at])
    }
}

/// The hosts that a text means.
#[derive(Debug, Clone, PartialEq)]
pub struct Hosts {
    set: HostSet,
    /// In the tool's own order and with repeats, where that is not the set's.
    listed: Option<Vec<Term>>,
}

/// Reads what some words mean together: the arguments of one command.
///
/// # Errors
/// Where the tool would not take it, or nobody knows what it means.
pub fn read<T: AsRef<str>>(dialect: Dialect, words: &[T], known: &dyn Known) -> Result<Hosts, Fault> {
    let work = &mut Work::default();
    let joined = |by: &str| words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(by);
    let (set, listed) = match dialect {
        Dialect::ClusterShell => {
            let mut all = Builder::default();
            for word in words.iter().map(AsRef::as_ref) {
                if clustershell::is_name(word) {
                    all.name(word)?;
                } else {
                    all.set(clustershell::read(word, known, work)?);
                }
            }
            (all.finish(work)?, None)
        }
        Dialect::Pdsh => {
            let (terms, set) = pdsh::read(&joined(","), known, work)?;
            (set, terms)
        }
        Dialect::Slurm => {
            let (terms, set) = slurm::read(&joined(","), work)?;
            (set, Some(terms))
        }
        Dialect::Ansible => {
            let inventory = known.inventory().map_err(|why| Fault::unresolved(joined(","), why))?;
            let names = ansible::read(&joined(","), inventory, work)?;
            let set = HostSet::of_names(names.iter().map(String::as_str))?;
            (set, Some(names.iter().map(|name| Term::name(name)).collect()))
        }
        Dialect::Salt => (salt::read(&joined(" "), known, work)?, None),
    };
    Ok(Hosts { set, listed })
}

impl Hosts {
    /// The hosts, each once.
    pub fn set(&self) -> &HostSet {
        &self.set
    }

    /// How many hosts the tool would go to; one that a list names twice counts twice.
    ///
    /// # Errors
    /// Where they are more than a number holds.
    pub fn count(&self) -> Result<u64, Fault> {
        let Some(terms) = &self.listed else { return self.set.count() };
        terms.iter().try_fold(0_u64, |sum, term| sum.checked_add(term.count()?).ok_or(Fault::TooMany))
    }

    /// Passes each name to `each`, in the tool's order, as long as that returns true.
    pub fn visit(&self, mut each: impl FnMut(&str) -> bool) {
        match &self.listed {
            None => self.set.visit(each),
            Some(terms) => {
                let _ = terms.iter().all(|term| term.visit(&mut each));
            }
        }
    }
}
