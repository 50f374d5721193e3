//! The only door out: processes, files, clock and terminal.

mod walk;

pub use walk::FileSet;
