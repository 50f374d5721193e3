//! Recognises a glob of a protected folder that the shell has already expanded.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{PreparedRules, ProtectedPath, Relation, lexical};

/// From this many operands on, a list can be an expanded glob.
const ENOUGH: usize = 2;

/// Everything in a folder, if it is this much, is the folder: refused where that is. Two can be meant by name.
const SURE: usize = 3;

/// From this many entries on, nine of ten are as good as all.
const LARGE: usize = 10;

/// This many entries of a folder that the system is made of are no file or two.
const MANY: usize = 5;

/// Operands that together are everything visible in a protected folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpandedGlob {
    /// The folder, and why it is protected.
    pub folder: ProtectedPath,
    /// How many of the operands lie in it.
    pub operands: usize,
}

impl PreparedRules {
    /// Returns the protected folder whose `*` the operands look like.
    ///
    /// Directly below `/` three are enough. For other protected folders they must name everything
    /// that `list` returns for the folder, names with a leading dot left out, as the shell does; or
    /// nearly everything, or many entries of a folder that the system is made of: these are confirmed.
    pub fn expanded_glob(
        &self,
        operands: &[PathBuf],
        list: &mut dyn FnMut(&Path) -> Vec<OsString>,
    ) -> Option<ExpandedGlob> {
        if operands.len() < ENOUGH {
            return None;
        }
        let paths: Vec<PathBuf> = operands.iter().map(|operand| lexical(operand, &self.around.cwd)).collect();
        let mut folders: HashMap<&Path, HashSet<&Path>> = HashMap::new();
        for path in &paths {
            if let Some(parent) = path.parent() {
                folders.entry(parent).or_default().insert(path);
            }
        }
        let mut folders: Vec<_> = folders.into_iter().filter(|(_, inner)| inner.len() >= ENOUGH).collect();
        folders.sort_by_key(|(folder, _)| *folder);
        let found = folders.into_iter().filter_map(|(folder, inner)| {
            let folder = self.meant(folder, &inner, list)?;
            Some(ExpandedGlob { folder, operands: inner.len() })
        });
        // What is refused goes before what is confirmed.
        found.max_by_key(|glob| glob.folder.deny)
    }

    /// A protected folder of which these entries are all, or so many that it is as good as meant.
    fn meant(
        &self,
        folder: &Path,
        entries: &HashSet<&Path>,
        list: &mut dyn FnMut(&Path) -> Vec<OsString>,
    ) -> Option<ProtectedPath> {
        let protection = self.protection(folder, true)?;
        let all = |deny| Some(ProtectedPath { relation: Relation::Around, deny, ..protection.clone() });
        if folder == Path::new("/") {
            return if entries.len() >= SURE { all(protection.deny) } else { None };
        }
        let names = list(folder);
        let visible = names.iter().filter(|name| !name.as_encoded_bytes().starts_with(b"."));
        let (mut number, mut covered) = (0, 0);
        for name in visible {
            number += 1;
            covered += usize::from(entries.contains(folder.join(name).as_path()));
        }
        if number > 0 && covered == number {
            all(protection.deny && number >= SURE)
        } else if number >= LARGE && covered * 10 >= number * 9 {
            all(false)
        } else if entries.len() >= MANY {
            self.part_of(folder)
        } else {
            None
        }
    }
}
