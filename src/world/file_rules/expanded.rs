//! Recognises a glob of a protected folder that the shell has already expanded.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{PreparedRules, ProtectedPath, Relation, lexical};

/// From this many operands on, a list can be an expanded glob.
const ENOUGH: usize = 3;

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
    /// that `list` returns for the folder, names with a leading dot left out, as the shell does.
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
        for (folder, inner) in folders {
            let Some(mut protection) = self.protection(folder, true) else { continue };
            let whole = folder == Path::new("/") || {
                let names = list(folder);
                let mut visible =
                    names.iter().filter(|name| !name.as_encoded_bytes().starts_with(b".")).peekable();
                visible.peek().is_some() && visible.all(|name| inner.contains(folder.join(name).as_path()))
            };
            if whole {
                protection.relation = Relation::Around;
                return Some(ExpandedGlob { folder: protection, operands: inner.len() });
            }
        }
        None
    }
}
