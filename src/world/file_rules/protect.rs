//! Paths that are protected, judged by their text alone.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::PreparedRules;
use super::names::matches;

/// How a protected path lies to the operand that reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// It is the operand.
    Root,
    /// It lies inside the operand.
    Inside,
    /// The operand lies inside it.
    Around,
    /// The operands are some of its entries.
    Part,
}

/// A protected path that an operand reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectedPath {
    /// The protected path, absolute.
    pub path: PathBuf,
    /// Why, in words that follow "is" ("a home folder").
    pub why: String,
    /// Refused (true) or confirmed by its name (false).
    pub deny: bool,
    /// Whether the system itself is made of it.
    pub core: bool,
    /// How it lies to the operand.
    pub relation: Relation,
}

/// A protected path as patterns of its components.
#[derive(Debug, Clone)]
pub(super) struct ProtectPattern {
    pub(super) parts: Vec<Box<[u8]>>,
    /// With patterns, only folders are meant where the rule does not say more: `/*` protects `/opt`, not
    /// `/core.123`.
    pub(super) wild: bool,
    pub(super) why: Box<str>,
    pub(super) deny: bool,
    pub(super) core: bool,
}

impl ProtectPattern {
    fn covers(&self, parts: &[&[u8]], folder: bool) -> bool {
        parts.len() == self.parts.len()
            && (folder || !self.wild)
            && self.parts.iter().zip(parts).all(|(pattern, part)| matches(pattern, part))
    }
}

impl PreparedRules {
    /// Returns what protects `path` and what protected lies inside it, as far as text can tell.
    ///
    /// `path` may be relative (to the current folder of the surroundings) and need not exist. A
    /// last name of only `*` or `.*`, as the shell leaves it or another host would expand it,
    /// counts as its folder.
    pub fn protected_by_text(&self, path: &Path) -> Vec<ProtectedPath> {
        let path = lexical(path, &self.around.cwd);
        let everything =
            matches!(path.file_name().map(OsStrExt::as_bytes), Some(b"*" | b".*" | b"*.*" | b".[!.]*"));
        match path.parent() {
            Some(parent) if everything => self.protected_root(parent, true),
            Some(parent) if path.file_name().is_some_and(|name| name.as_bytes().contains(&b'*')) => {
                let mut found = self.protected_root(&path, true);
                found.extend(self.part_of(parent));
                found
            }
            _ => self.protected_root(&path, true),
        }
    }

    /// Several entries of a folder that the system is made of: confirmed.
    pub(super) fn part_of(&self, folder: &Path) -> Option<ProtectedPath> {
        let found = self.protection(folder, true).filter(|found| found.core)?;
        Some(ProtectedPath { deny: false, relation: Relation::Part, ..found })
    }

    /// As [`protected_by_text`](Self::protected_by_text), for a path without `.` and `..`.
    pub(in crate::world) fn protected_root(&self, path: &Path, folder: bool) -> Vec<ProtectedPath> {
        let mut found: Vec<ProtectedPath> = self.protection(path, folder).into_iter().collect();
        if folder {
            found.extend(self.inside(path));
        }
        found
    }

    /// Returns what protects this very path; what refuses it goes before what confirms it.
    pub fn protection(&self, path: &Path, folder: bool) -> Option<ProtectedPath> {
        let parts: Vec<&[u8]> = parts(path).collect();
        let mut best: Option<&ProtectPattern> = None;
        for pattern in self.protect.iter().filter(|pattern| pattern.covers(&parts, folder)) {
            if best.is_none_or(|best| pattern.deny && !best.deny) {
                best = Some(pattern);
            }
        }
        let core = best.is_some_and(|best| best.core);
        let found = |why: &str, deny| {
            let (path, why) = (path.to_owned(), why.to_owned());
            Some(ProtectedPath { path, why, deny, core, relation: Relation::Root })
        };
        match best {
            Some(best) if best.deny => found(&best.why, true),
            _ if self.around.mounts.iter().any(|mount| mount == path) => {
                found("a mount point", self.firmness.mounts)
            }
            Some(best) => found(&best.why, false),
            None => None,
        }
    }

    /// Returns the home folders, mount points and current folder below `path`.
    fn inside(&self, path: &Path) -> Vec<ProtectedPath> {
        let below = |inner: &Path| inner != path && inner.starts_with(path);
        let mut found: Vec<ProtectedPath> = Vec::new();
        let mut push = |inner: &Path, why: &str, deny| {
            if below(inner) && found.iter().all(|other| other.path != inner) {
                let (path, why) = (inner.to_owned(), why.to_owned());
                found.push(ProtectedPath { path, why, deny, core: false, relation: Relation::Inside });
            }
        };
        for home in self.around.all_homes() {
            let deny = self.protection(home, true).is_some_and(|rule| rule.deny);
            push(home, "a home folder", deny);
        }
        push(&self.around.cwd, "the current folder", self.firmness.cwd);
        for mount in &self.around.mounts {
            push(mount, "a mount point", self.firmness.mounts);
        }
        found
    }

    /// Whether a path of this many names can be protected by a pattern at all.
    pub(in crate::world) fn may_protect(&self, names: usize) -> bool {
        names <= self.deepest
    }
}

/// Makes a path absolute and takes out `.`, `..`, and repeated slashes, without looking at the disk.
pub fn lexical(path: &Path, cwd: &Path) -> PathBuf {
    let mut out = PathBuf::from("/");
    let start = if path.is_absolute() { Path::new("/") } else { cwd };
    for component in start.components().chain(path.components()) {
        match component {
            Component::Normal(name) => out.push(name),
            Component::ParentDir => {
                out.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    out
}

/// The names of an absolute path.
pub(super) fn parts(path: &Path) -> impl Iterator<Item = &[u8]> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.as_bytes()),
        _ => None,
    })
}
