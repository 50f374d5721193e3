//! guard: a command wrapper that counts what a command would really hit.
//!
//! The modules are the way of a command, in order. Each may import only those that stand
//! before it (`tests/layers.rs` holds this):
//!
//! ```text
//! command line ─read▶ invocation ─match▶ action ─resolve▶ scope ─judge▶ verdict ─gate▶ approval ─act▶ outcome
//! ```
//!
//! [`guard`] walks that way; the three programs in `src/bin` only carry arguments in and an
//! exit code out.

pub mod act;
pub mod cli;
pub mod ctl;
pub mod exit;
pub mod gate;
pub mod guard;
pub mod hosts;
pub mod judge;
pub mod policy;
pub mod read;
pub mod record;
pub mod scope;
pub mod shell;
pub mod tool;
pub mod ui;
pub mod world;
