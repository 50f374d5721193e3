//! Walks file trees in parallel and remembers what it saw by device and inode.

/// The files a walk has seen, held by device and inode below their folders.
#[derive(Debug)]
pub struct FileSet;
