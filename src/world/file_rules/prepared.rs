//! The `[files]` table made ready for one walk.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::names::{
    DISPOSABLE_FILE, DISPOSABLE_FOLDER, FIRST_RULE, GIT, GITIGNORE, Marks, NameTable, PRECIOUS, TAG,
};
use super::protect::{ProtectPattern, parts};
use super::{DataRule, FileRules, FileRulesError, Firmness};
use crate::world::Surroundings;
use crate::world::walk::FolderMemory;

/// File rules with every pattern compiled and every `~` filled in.
#[derive(Debug)]
pub struct PreparedRules {
    pub(super) around: Surroundings,
    pub(super) protect: Vec<ProtectPattern>,
    pub(super) firmness: Firmness,
    /// Names in the longest path that the rules name.
    pub(super) deepest: usize,
    names: NameTable,
    /// Marks of a folder's name, and of a name beside it.
    beside: Vec<(Marks, Marks)>,
    /// Marks of a folder's name, and of a name inside it.
    holding: Vec<(Marks, Marks)>,
    data: Vec<(Marks, DataRule)>,
    disposable: HashSet<PathBuf>,
    pub(in crate::world) gitignored: bool,
    pub(in crate::world) cachedir_tag: bool,
    /// What folders were found to mean, for as long as these rules are held.
    pub(in crate::world) folders: FolderMemory,
}

impl FileRules {
    /// Compiles the table for these surroundings.
    ///
    /// # Errors
    /// A table that names too many rules, paths that are not absolute, or data by nothing.
    pub fn prepare(&self, around: Surroundings) -> Result<PreparedRules, FileRulesError> {
        let mut names = NameTable::default();
        let mut bits = Bits(FIRST_RULE);
        names.add(".git", GIT);
        names.add(".gitignore", GITIGNORE);
        names.add("CACHEDIR.TAG", TAG);
        self.precious.iter().for_each(|name| names.add(name, PRECIOUS));
        for name in &self.disposable.names {
            match name.strip_suffix('/') {
                Some(folder) => names.add(folder, DISPOSABLE_FOLDER),
                None => names.add(name, DISPOSABLE_FILE),
            }
        }
        let mut pairs = |left: &[String], right: &[String]| -> Result<(Marks, Marks), FileRulesError> {
            let pair = (bits.next()?, bits.next()?);
            left.iter().for_each(|name| names.add(name.trim_end_matches('/'), pair.0));
            right.iter().for_each(|name| names.add(name, pair.1));
            Ok(pair)
        };
        let disposable = &self.disposable;
        let beside = disposable
            .beside
            .iter()
            .map(|rule| pairs(&rule.names, &rule.beside))
            .collect::<Result<_, _>>()?;
        let holding = disposable
            .holding
            .iter()
            .map(|rule| pairs(&rule.names, &rule.holds))
            .collect::<Result<_, _>>()?;
        let data = data_rules(&self.data, &mut names, &mut bits)?;
        let protect = protect_patterns(self, &around)?;
        let mut paths = HashSet::new();
        for path in &self.disposable.paths {
            paths.extend(expand(path, &around)?);
        }
        Ok(PreparedRules {
            deepest: protect
                .iter()
                .map(|pattern| pattern.parts.len())
                .chain(paths.iter().map(|path| parts(path).count()))
                .max()
                .unwrap_or(0),
            protect,
            around,
            firmness: self.deny.clone(),
            names,
            beside,
            holding,
            data,
            disposable: paths,
            gitignored: self.gitignored.unwrap_or_default(),
            cachedir_tag: self.cachedir_tag.unwrap_or_default(),
            folders: FolderMemory::default(),
        })
    }
}

impl PreparedRules {
    /// What stands around the files.
    pub fn surroundings(&self) -> &Surroundings {
        &self.around
    }

    pub(in crate::world) fn git_is_refused(&self) -> bool {
        self.firmness.git
    }

    pub(in crate::world) fn marks(&self, name: &[u8]) -> Marks {
        self.names.marks(name)
    }

    /// Whether a folder with these marks is disposable beside names with those.
    pub(in crate::world) fn beside(&self, folder: Marks, siblings: Marks) -> bool {
        self.beside.iter().any(|(target, evidence)| folder & target != 0 && siblings & evidence != 0)
    }

    /// Whether any rule could make a folder with these marks disposable by what lies beside it.
    pub(in crate::world) fn wants_siblings(&self, folder: Marks) -> bool {
        self.beside.iter().any(|(target, _)| folder & target != 0)
    }

    /// Whether a folder with these marks is disposable for holding names with those.
    pub(in crate::world) fn holding(&self, folder: Marks, inside: Marks) -> bool {
        self.holding.iter().any(|(target, evidence)| folder & target != 0 && inside & evidence != 0)
    }

    /// Whether any rule could make a folder with these marks disposable by what it holds.
    pub(in crate::world) fn wants_inside(&self, folder: Marks) -> bool {
        self.holding.iter().any(|(target, _)| folder & target != 0)
    }

    /// Whether the path as a whole is disposable by its text.
    pub(in crate::world) fn disposable_path(&self, path: &Path) -> bool {
        self.disposable.contains(path)
    }

    /// Returns the data rule that a folder meets; `has` tells whether a path below it exists.
    ///
    /// `inside` are the marks of the names in the folder; `Marks::MAX` when they were not read.
    pub(in crate::world) fn data(
        &self,
        inside: Marks,
        mut has: impl FnMut(&str) -> bool,
    ) -> Option<&DataRule> {
        self.data
            .iter()
            .find(|(marks, rule)| inside & marks == *marks && rule.all.iter().all(|path| has(path)))
            .map(|(_, rule)| rule)
    }
}

/// Hands out bits for rules.
struct Bits(u32);

impl Bits {
    fn next(&mut self) -> Result<Marks, FileRulesError> {
        let bit = 1u128.checked_shl(self.0).ok_or(FileRulesError::TooMany(Marks::BITS - FIRST_RULE))?;
        self.0 += 1;
        Ok(bit)
    }
}

/// Gives each first name of a marker a bit; rules that share a first name share the bit.
fn data_rules(
    rules: &[DataRule],
    names: &mut NameTable,
    bits: &mut Bits,
) -> Result<Vec<(Marks, DataRule)>, FileRulesError> {
    let mut known: Vec<(&str, Marks)> = Vec::new();
    let mut out = Vec::new();
    for rule in rules {
        let mut all = 0;
        for path in &rule.all {
            let first = path.split('/').next().filter(|first| !first.is_empty());
            let first = first.ok_or_else(|| FileRulesError::NoMarker(rule.why.clone()))?;
            all |= match known.iter().find(|(name, _)| *name == first) {
                Some((_, bit)) => *bit,
                None => {
                    let bit = bits.next()?;
                    names.add(first, bit);
                    known.push((first, bit));
                    bit
                }
            };
        }
        if all == 0 {
            return Err(FileRulesError::NoMarker(rule.why.clone()));
        }
        out.push((all, rule.clone()));
    }
    Ok(out)
}

fn protect_patterns(rules: &FileRules, around: &Surroundings) -> Result<Vec<ProtectPattern>, FileRulesError> {
    let mut patterns = Vec::new();
    for rule in &rules.protect {
        for text in &rule.paths {
            for path in expand(text, around)? {
                patterns.push(ProtectPattern {
                    parts: parts(&path).map(Box::from).collect(),
                    wild: !rule.files && text.contains(['*', '?']),
                    why: rule.why.as_str().into(),
                    deny: rule.deny,
                    core: rule.core,
                });
            }
        }
    }
    Ok(patterns)
}

/// Fills in `~` with each home folder.
fn expand(text: &str, around: &Surroundings) -> Result<Vec<PathBuf>, FileRulesError> {
    let homes = || around.all_homes();
    match text.strip_prefix('~') {
        Some("") => Ok(homes().map(Path::to_owned).collect()),
        Some(rest) if rest.starts_with('/') => Ok(homes().map(|home| home.join(&rest[1..])).collect()),
        None if text.starts_with('/') => Ok(vec![PathBuf::from(text)]),
        _ => Err(FileRulesError::NotAbsolute(text.to_owned())),
    }
}
