//! What workers find beside numbers: rare, so one lock for all will do.

use std::path::{Path, PathBuf};

use crate::world::file_rules::{DataRule, ProtectedPath};

/// Of each sort of finding, this many are told by name.
const NAMED: usize = 32;

/// Findings that are told by name.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) repositories: u64,
    pub(super) repository_sample: Vec<PathBuf>,
    pub(super) protected: Vec<ProtectedPath>,
    pub(super) data: Vec<(PathBuf, String, bool)>,
    pub(super) unreadable: u64,
    pub(super) first_unreadable: Option<(PathBuf, String)>,
    pub(super) sample: Vec<PathBuf>,
    pub(super) git_unasked: bool,
}

impl Notes {
    pub(super) fn repository(&mut self, path: PathBuf) {
        self.repositories += 1;
        if self.repository_sample.len() < NAMED {
            self.repository_sample.push(path);
        }
    }

    pub(super) fn protect(&mut self, found: ProtectedPath) {
        let room = self.protected.len() < NAMED || (found.deny && self.protected.len() < 2 * NAMED);
        if room && self.protected.iter().all(|other| other.path != found.path) {
            self.protected.push(found);
        }
    }

    pub(super) fn data(&mut self, path: PathBuf, rule: &DataRule) {
        if self.data.len() < NAMED {
            self.data.push((path, rule.why.clone(), rule.deny));
        }
    }

    pub(super) fn unreadable(&mut self, path: &Path, reason: String) {
        self.unreadable += 1;
        self.first_unreadable.get_or_insert_with(|| (path.to_owned(), reason));
    }
}
