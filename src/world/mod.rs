//! The only door out: processes, files, clock and terminal.

pub mod calls;
mod canned;
pub mod child;
pub mod exec;
mod file_rules;
mod fileset;
mod handle;
pub mod inherited;
mod intake;
pub mod listing;
mod mounts;
mod moved;
mod offline;
pub mod processes;
mod real;
mod remove;
mod running;
mod seen;
pub mod shims;
pub mod signals;
mod spawn;
mod trusted;
pub mod tty;
mod view;
mod walk;

pub use canned::Canned;
pub use file_rules::{
    BesideRule, DataRule, Disposable, ExpandedGlob, FileRules, FileRulesError, Firmness, HoldingRule,
    PreparedRules, ProtectRule, ProtectedPath, Relation, lexical,
};
pub use fileset::{FileSet, FileSetError};
pub use intake::{Intake, Unfed};
pub use mounts::Surroundings;
pub use moved::Moved;
pub use offline::Offline;
pub use real::{Real, arguments};
pub use remove::{RemoveEvent, RemoveOptions, RemoveOutcome, remove};
pub use seen::Seen;
pub use trusted::{FileFault, operator, reachable, read_trusted, recorded_home, toml_files};
pub use view::{Listing, Look, LookKind, Session, World};
pub use walk::{RootKind, Stopped, Walk, WalkRequest, walk};
