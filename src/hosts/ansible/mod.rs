//! Ansible's patterns, and the inventories that they choose from.

mod address;
mod groups;
mod ini;
mod listed;
mod pattern;

pub use groups::Inventory;
pub use pattern::read;
