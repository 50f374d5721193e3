//! The only door out: processes, files, clock and terminal.

pub mod child;
pub mod exec;
pub mod inherited;
pub mod listing;
pub mod processes;
mod real;
pub mod signals;
mod trusted;
mod view;
mod walk;

pub use real::{Real, arguments};
pub use trusted::{FileFault, read_trusted, toml_files};
pub use view::{Listing, Session, World};
pub use walk::FileSet;
