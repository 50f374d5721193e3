//! What protects a root: its path, its `.git`, the data it lies in, the mount points below it.

use std::path::Path;

use super::RootKind;
use super::meaning::DataAround;
use super::roots::Roots;
use crate::world::file_rules::{ProtectedPath, Relation, lexical};

impl Roots<'_, '_> {
    /// Notes what protects a root, by its text and on disk.
    pub(super) fn protect(&mut self, root: &Path, canonical: &Path, kind: RootKind, data: DataAround) {
        let request = self.worker.crew.request;
        let rules = request.rules;
        let folder = kind == RootKind::Folder;
        let text = lexical(root, request.cwd);
        for path in [canonical, &text] {
            let found = if folder && request.recurse {
                rules.protected_root(path, true)
            } else if folder || rules.may_protect(path.components().count() - 1) {
                rules.protection(path, folder).into_iter().collect()
            } else {
                Vec::new()
            };
            for found in found {
                self.worker.note(|notes| notes.protect(found));
            }
            if path == text && canonical == text {
                break;
            }
        }
        if folder && request.recurse && !request.one_file_system {
            let mounts = &rules.surroundings().mounts;
            let below = mounts.iter().filter(|mount| *mount != canonical && mount.starts_with(canonical));
            self.mounts.extend(below.cloned());
        }
        if let Some((path, why, deny)) = data.filter(|(path, ..)| folder && path != canonical) {
            self.worker.note(|notes| {
                notes.protect(ProtectedPath { path, why, deny, core: false, relation: Relation::Around })
            });
        }
    }

    /// Notes a `.git`, where it is one of a repository.
    pub(super) fn protect_git(&mut self, canonical: &Path) {
        if canonical.join("HEAD").symlink_metadata().is_ok() {
            let (path, why) = (canonical.to_owned(), "the history of a repository".to_owned());
            let deny = self.worker.crew.request.rules.git_is_refused();
            self.worker.note(|notes| {
                notes.protect(ProtectedPath { path, why, deny, core: false, relation: Relation::Root })
            });
        }
    }
}
