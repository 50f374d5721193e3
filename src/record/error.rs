//! What can go wrong with a record. To the caller every one means: not on disk, so nothing gated runs.

use std::io;
use std::path::Path;

use crate::ui::escape;

/// A record could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No folder to keep records in.
    #[error("there is no folder to keep records in: neither XDG_STATE_HOME nor HOME is set")]
    NoHome,
    /// A file or folder that somebody else could have prepared or could change.
    #[error("{path} {why}: not a safe place for records")]
    Unsafe {
        /// The file or folder, escaped.
        path: String,
        /// What is wrong with it, in words that follow its name.
        why: &'static str,
    },
    /// The system refused.
    #[error("{path} cannot be {what}: {source}")]
    Io {
        /// The file or folder, escaped.
        path: String,
        /// What was tried: "opened", "written", "read".
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A line that cannot be read as a record.
    #[error("line {line} of {path} is not a record: {why}")]
    Damaged {
        /// The file, escaped.
        path: String,
        /// Its line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// Another process drives this rollout.
    #[error("{path} is in use: another guard is running this rollout")]
    Driven {
        /// The journal, escaped.
        path: String,
    },
    /// A target was to be started that is done, or to be ended that was not started.
    #[error("target {0} of this rollout is done, was not started, or is not part of the plan")]
    OutOfPlace(usize),
}

impl Error {
    /// Says what could not be done to `path`.
    pub(crate) fn io(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = escape(path).into_owned();
        move |source| Self::Io { path, what, source }
    }
}
