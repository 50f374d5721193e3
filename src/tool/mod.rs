//! Facts: tool files, grammars, kinds and their tests.

use serde::{Deserialize, Serialize};

/// How much hangs on one target of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// A file, a row, a key, an image.
    Small,
    /// A pod, a process, a unit, an instance, a host, a ref.
    Member,
    /// Holds others: a namespace, a database, a bucket, a volume, a disk, a cluster.
    Container,
}
