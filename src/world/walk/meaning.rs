//! What a folder means for what is in it: whether it counts, and which ignore rules of git hold.

use std::collections::HashMap;
use std::fs::symlink_metadata;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::world::file_rules::{
    DISPOSABLE_FILE, DISPOSABLE_FOLDER, DataRule, Marks, PRECIOUS, PreparedRules,
};
use crate::world::handle;

use super::crew::lock;

/// A larger ignore file is not read: nothing is ignored then.
const IGNORE_FILE: usize = 1 << 20;

/// The first line of a cache folder's tag (bford.info/cachedir).
const SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// Whether what is in a folder counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Standing {
    /// It counts, unless a name or git says otherwise.
    #[default]
    Counted,
    /// It can be made again, but for precious names, data and repositories.
    Likely,
    /// It can be made again, all of it.
    Sure,
}

impl Standing {
    pub(super) fn is_disposable(self) -> bool {
        matches!(self, Self::Likely | Self::Sure)
    }
}

/// What a folder hands down.
#[derive(Debug, Clone, Default)]
pub(super) struct Meaning {
    pub(super) standing: Standing,
    pub(super) git: Option<Arc<Ignores>>,
    /// Inside a `.git`, where names mean nothing.
    pub(super) in_git: bool,
}

impl Meaning {
    /// What is in a folder of data counts, though git ignores it or it was built beside a project.
    pub(super) fn hold_data(&mut self, rule: &DataRule) {
        if rule.whole || self.standing == Standing::Likely {
            (self.standing, self.git) = (Standing::Counted, None);
        }
    }
}

/// The ignore rules of one folder, and those above it in the repository.
#[derive(Debug)]
pub(super) struct Ignores {
    above: Option<Arc<Ignores>>,
    rules: Gitignore,
}

impl Ignores {
    /// Reads rules that hold from `folder` (canonical) down.
    pub(super) fn add(above: Option<Arc<Self>>, folder: &Path, text: &[u8]) -> Option<Arc<Self>> {
        let mut builder = GitignoreBuilder::new(folder);
        for line in String::from_utf8_lossy(text).lines() {
            // A line that is no pattern ignores nothing, as for git.
            let _ = builder.add_line(None, line);
        }
        match builder.build() {
            Ok(rules) => Some(Arc::new(Self { above, rules })),
            Err(_) => above,
        }
    }

    /// Whether git ignores `path` (canonical), with everything above it not ignored.
    ///
    /// A pattern that ignores everything says nothing about what can be made again: that is how
    /// people keep single files of a home folder in git.
    pub(super) fn ignores(&self, path: &Path, folder: bool) -> bool {
        let mut at = Some(self);
        while let Some(level) = at {
            match level.rules.matched(path, folder) {
                Match::Ignore(glob) => return !glob.original().chars().all(|c| matches!(c, '*' | '/' | ' ')),
                Match::Whitelist(_) => return false,
                Match::None => at = level.above.as_deref(),
            }
        }
        false
    }
}

/// Returns the rules of a repository's top folder: its `info/exclude` below its `.gitignore`.
///
/// `None` for what git would not take for a repository, and for protected folders: a home folder
/// in git ignores most of what it holds.
pub(super) fn repository(rules: &PreparedRules, top: &Path) -> Option<Arc<Ignores>> {
    let git = top.join(".git");
    let real = git.join("HEAD").symlink_metadata().is_ok() || git.is_file();
    if !real || !rules.gitignored || rules.protection(top, true).is_some_and(|found| found.deny) {
        return None;
    }
    let read = |name: &str| read_path(&top.join(name)).unwrap_or_default();
    let exclude = Ignores::add(None, top, &read(".git/info/exclude"));
    Ignores::add(exclude, top, &read(".gitignore"))
}

fn read_path(path: &Path) -> Option<Vec<u8>> {
    let folder = handle::open_path(path.parent()?).ok()?;
    let name = std::ffi::CString::new(path.file_name()?.as_bytes()).ok()?;
    handle::read_small(&folder, &name, IGNORE_FILE)
}

/// Reads a folder's own `.gitignore`.
pub(super) fn read_gitignore(folder: impl std::os::fd::AsFd) -> Option<Vec<u8>> {
    handle::read_small(folder, c".gitignore", IGNORE_FILE)
}

/// Whether a folder holds a signed `CACHEDIR.TAG`.
pub(super) fn is_tagged(folder: impl std::os::fd::AsFd) -> bool {
    handle::read_small(folder, c"CACHEDIR.TAG", 1 << 16).is_some_and(|text| text.starts_with(SIGNATURE))
}

/// Returns how an entry stands in a folder with this meaning.
///
/// `ignored` tells whether git ignores the entry; it is asked last.
pub(super) fn standing(
    rules: &PreparedRules,
    meaning: &Meaning,
    marks: Marks,
    siblings: Marks,
    folder: bool,
    ignored: impl FnOnce(&Ignores) -> bool,
) -> Standing {
    if meaning.standing == Standing::Sure || meaning.in_git {
        return meaning.standing;
    }
    let named = if folder { DISPOSABLE_FOLDER } else { DISPOSABLE_FILE };
    if !folder && marks & PRECIOUS != 0 {
        Standing::Counted
    } else if marks & named != 0 {
        Standing::Sure
    } else if meaning.standing == Standing::Likely || (folder && rules.beside(marks, siblings)) {
        Standing::Likely
    } else if meaning.git.as_deref().is_some_and(ignored) {
        if folder && marks & PRECIOUS != 0 { Standing::Counted } else { Standing::Likely }
    } else {
        Standing::Counted
    }
}

/// The data folder that something lies in: its path, what it is, whether it is refused.
pub(super) type DataAround = Option<(PathBuf, String, bool)>;

/// Folders that are remembered at the most.
const MOST_FOLDERS: usize = 4096;

/// What a folder and all above it mean for what is in it.
#[derive(Debug, Clone, Default)]
pub(in crate::world) struct KnownFolder {
    meaning: Meaning,
    data: DataAround,
    /// Whether a repository was found and not asked.
    git_unasked: bool,
}

type KnownFolders = HashMap<PathBuf, KnownFolder>;

/// The folders around roots that were looked at under some rules: without git, and with it.
#[derive(Debug, Default)]
pub(in crate::world) struct FolderMemory([Mutex<KnownFolders>; 2]);

impl FolderMemory {
    fn of(&self, ask_git: bool) -> MutexGuard<'_, KnownFolders> {
        lock(&self.0[usize::from(ask_git)])
    }
}

/// What the folders around the roots mean, each looked at once.
#[derive(Debug)]
pub(super) struct Around<'a> {
    rules: &'a PreparedRules,
    ask_git: bool,
    /// Whether a repository was found and not asked.
    pub(super) git_unasked: bool,
}

impl<'a> Around<'a> {
    pub(super) fn new(rules: &'a PreparedRules, ask_git: bool) -> Self {
        Self { rules, ask_git, git_unasked: false }
    }

    /// Returns what `folder` (canonical) and all folders above it mean for what is in it.
    pub(super) fn of(&mut self, folder: &Path) -> (Meaning, DataAround) {
        let mut memory = self.rules.folders.of(self.ask_git);
        let unknown: Vec<&Path> = folder.ancestors().take_while(|path| !memory.contains_key(*path)).collect();
        let known = folder.ancestors().nth(unknown.len()).and_then(|path| memory.get(path));
        let mut known = known.cloned().unwrap_or_default();
        for path in unknown.into_iter().rev() {
            // The top folders are not looked at: below /home that would wake an automounter.
            if path.components().count() > 2 {
                self.step(path, &mut known);
            }
            if memory.len() >= MOST_FOLDERS {
                memory.clear();
            }
            memory.insert(path.to_owned(), known.clone());
        }
        self.git_unasked |= known.git_unasked;
        (known.meaning, known.data)
    }

    fn step(&self, path: &Path, known: &mut KnownFolder) {
        let KnownFolder { meaning, data, git_unasked } = known;
        let rules = self.rules;
        let name = path.file_name().map(OsStrExt::as_bytes).unwrap_or_default();
        let marks = rules.marks(name);
        let siblings = || names_in(rules, path.parent().unwrap_or(path));
        let siblings = if rules.wants_siblings(marks) { siblings() } else { 0 };
        meaning.standing = standing(rules, meaning, marks, siblings, true, |git| git.ignores(path, true));
        let holding = rules.wants_inside(marks) && rules.holding(marks, names_in(rules, path));
        let tagged = || handle::open_path(path).is_ok_and(is_tagged);
        let tag = rules.cachedir_tag && symlink_metadata(path.join("CACHEDIR.TAG")).is_ok() && tagged();
        if rules.disposable_path(path) || holding || tag {
            meaning.standing = Standing::Sure;
        }
        meaning.in_git |= name == b".git";
        if meaning.standing == Standing::Sure || meaning.in_git {
            return;
        }
        if symlink_metadata(path.join(".git")).is_ok() {
            if meaning.standing == Standing::Likely {
                meaning.standing = Standing::Counted;
            }
            *git_unasked |= !self.ask_git;
            meaning.git = if self.ask_git { repository(rules, path) } else { None };
        } else if meaning.git.is_some()
            && let Some(text) = read_path(&path.join(".gitignore"))
        {
            meaning.git = Ignores::add(meaning.git.take(), path, &text);
        }
        if let Some(rule) = rules.data(Marks::MAX, |inner| symlink_metadata(path.join(inner)).is_ok()) {
            if rule.whole {
                *data = Some((path.to_owned(), rule.why.clone(), rule.deny));
            }
            meaning.hold_data(rule);
        }
    }
}

/// The marks of all names in a folder.
pub(super) fn names_in(rules: &PreparedRules, folder: &Path) -> Marks {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.fold(0, |marks, entry| marks | rules.marks(entry.file_name().as_bytes()))
}
