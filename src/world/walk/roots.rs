//! Looks at the roots themselves: what they are, where they lie, what protects them.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::symlink_metadata;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustix::fs::{AtFlags, FileType, Stat, fstat, statat};
use rustix::io::Errno;

use super::RootKind;
use super::folder::{Base, Folder};
use super::meaning::{Around, DataAround, Meaning, names_in, standing};
use super::worker::Worker;
use crate::world::file_rules::{GIT, lexical};
use crate::world::fileset::{Kind, NONE};
use crate::world::handle;

/// An entry of a base, to be written down when all roots are known.
type RootEntry = (Vec<u8>, u64, Kind, u32);

/// Where some roots lie.
struct Place {
    base: Arc<Base>,
    /// Number of the group in the file set.
    id: u32,
    meaning: Meaning,
    data: DataAround,
    siblings: Option<u128>,
    entries: Vec<RootEntry>,
}

/// The roots seen so far.
pub(super) struct Roots<'w, 'a> {
    pub(super) worker: &'w mut Worker<'a>,
    around: Around<'a>,
    places: Vec<Place>,
    by_path: HashMap<(Vec<u8>, bool), usize>,
    /// The place looked at last, still open: operands mostly lie together.
    open: Option<(usize, OwnedFd)>,
    /// Canonical paths of folders and files seen, because `rm -r a a/b` counts `a/b` once.
    seen: HashSet<PathBuf>,
    kinds: Vec<RootKind>,
    pub(super) mounts: Vec<PathBuf>,
}

impl<'w, 'a> Roots<'w, 'a> {
    pub(super) fn new(worker: &'w mut Worker<'a>) -> Self {
        let around = Around::new(worker.crew.request.rules, worker.crew.ask_git);
        let (places, by_path, kinds, mounts) = Default::default();
        Self { worker, around, places, by_path, open: None, seen: HashSet::new(), kinds, mounts }
    }

    /// Looks at each root; folders are left to the worker as tasks.
    pub(super) fn survey(mut self) -> (Vec<RootKind>, Vec<PathBuf>, Vec<Arc<Base>>) {
        let request = self.worker.crew.request;
        for root in request.roots {
            if self.worker.crew.is_stopped() {
                break;
            }
            let kind = match self.look(root) {
                Ok(kind) => kind,
                Err(gone) if handle::is_gone(gone) => {
                    for found in request.rules.protected_by_text(&request.cwd.join(root)) {
                        self.worker.note(|notes| notes.protect(found));
                    }
                    RootKind::Missing
                }
                Err(errno) => {
                    self.worker.note(|notes| notes.unreadable(root, handle::reason(errno)));
                    RootKind::Unreadable
                }
            };
            self.kinds.push(kind);
            self.worker.flush();
        }
        for place in &self.places {
            self.worker.keep_base(&place.base, place.id, &place.entries);
        }
        let unasked = self.around.git_unasked;
        self.worker.note(|notes| notes.git_unasked |= unasked);
        self.mounts.sort();
        self.mounts.dedup();
        (self.kinds, self.mounts, self.places.into_iter().map(|place| place.base).collect())
    }

    fn look(&mut self, root: &Path) -> Result<RootKind, Errno> {
        let request = self.worker.crew.request;
        let text = root.as_os_str().as_bytes();
        if text.is_empty() {
            return Err(Errno::NOENT);
        }
        let end = text.iter().rposition(|&b| b != b'/').map_or(0, |at| at + 1);
        let cut = text[..end].iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
        let name = &text[cut..end];
        if matches!(name, b"" | b"." | b"..") {
            return self.base_itself(root);
        }
        let place = self.place(&text[..cut], false)?;
        let Some((_, folder)) = &self.open else { return Err(Errno::BADF) };
        let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink if request.follow_roots || end < text.len() => {
                let target = statat(folder, name, AtFlags::empty());
                match target.map(|target| FileType::from_raw_mode(target.st_mode)) {
                    Ok(FileType::Directory) => self.base_itself(root),
                    Ok(_) if end < text.len() => Err(Errno::NOTDIR),
                    _ => Ok(self.named(place, name, root, &stat, RootKind::Symlink)),
                }
            }
            FileType::Directory => Ok(self.named(place, name, root, &stat, RootKind::Folder)),
            _ if end < text.len() => Err(Errno::NOTDIR),
            FileType::Symlink => Ok(self.named(place, name, root, &stat, RootKind::Symlink)),
            _ => Ok(self.named(place, name, root, &stat, RootKind::File)),
        }
    }

    /// Returns the place whose path was typed as `shown`, and leaves it open.
    ///
    /// A root that is a place `itself` is kept apart from other roots in the same folder.
    fn place(&mut self, shown: &[u8], itself: bool) -> Result<usize, Errno> {
        let key = (shown.to_vec(), itself);
        let known = self.by_path.get(&key).copied();
        if known.is_some() && self.open.as_ref().map(|(at, _)| *at) == known {
            return known.ok_or(Errno::NOENT);
        }
        let request = self.worker.crew.request;
        let path = request.cwd.join(OsStr::from_bytes(shown));
        let fd = handle::open_path(&path)?;
        let at = match known {
            Some(at) => at,
            None => {
                let stat = fstat(&fd)?;
                let canonical = path.canonicalize().unwrap_or_else(|_| lexical(&path, request.cwd));
                let (meaning, data) = self.around.of(&canonical);
                let index = self.places.len() as u32;
                let (shown, dev, ino) = (shown.to_vec(), stat.st_dev, stat.st_ino);
                let base = Arc::new(Base { index, shown, path, canonical, dev, ino });
                let id = self.worker.crew.next_id();
                self.places.push(Place { base, id, meaning, data, siblings: None, entries: Vec::new() });
                self.by_path.insert(key, index as usize);
                index as usize
            }
        };
        self.open = Some((at, fd));
        Ok(at)
    }

    /// A root that has no name of its own to be removed by: `/`, `.`, `..`, a followed symlink.
    fn base_itself(&mut self, root: &Path) -> Result<RootKind, Errno> {
        let mut shown = root.as_os_str().as_bytes().to_vec();
        if !shown.ends_with(b"/") {
            shown.push(b'/');
        }
        let at = self.place(&shown, true)?;
        let place = &self.places[at];
        let (base, id, meaning, data) =
            (place.base.clone(), place.id, place.meaning.clone(), place.data.clone());
        let canonical = base.canonical.clone();
        if self.repeats(&canonical) {
            return Ok(RootKind::Folder);
        }
        self.protect(root, &canonical, RootKind::Folder, data);
        let disposable = meaning.standing.is_disposable();
        self.worker.sample(disposable, || root.to_owned());
        if !self.worker.crew.request.recurse {
            self.worker.count_folder(meaning.standing);
        } else {
            let marks = canonical.file_name().map_or(0, |name| self.around_marks(name.as_bytes()));
            let depth = canonical.components().count() - 1;
            let (name, parent) = Default::default();
            let folder = Folder {
                parent,
                base,
                name,
                marks,
                id,
                above: NONE,
                depth,
                meaning,
                root_dev: None,
                anchor: OnceLock::new(),
            };
            self.worker.push(folder, None);
        }
        Ok(RootKind::Folder)
    }

    fn around_marks(&self, name: &[u8]) -> u128 {
        self.worker.crew.request.rules.marks(name)
    }

    fn named(&mut self, at: usize, name: &[u8], root: &Path, stat: &Stat, kind: RootKind) -> RootKind {
        let request = self.worker.crew.request;
        let canonical = self.places[at].base.canonical.join(OsStr::from_bytes(name));
        if self.repeats(&canonical) {
            return kind;
        }
        let is_folder = kind == RootKind::Folder;
        let marks = request.rules.marks(name);
        let place = &mut self.places[at];
        let siblings = match (is_folder && request.rules.wants_siblings(marks), place.siblings) {
            (false, _) => 0,
            (true, Some(known)) => known,
            (true, None) => *place.siblings.insert(names_in(request.rules, &place.base.canonical)),
        };
        let mut meaning = place.meaning.clone();
        meaning.standing = standing(request.rules, &meaning, marks, siblings, is_folder, |git| {
            git.ignores(&canonical, is_folder)
        });
        if is_folder && request.rules.disposable_path(&canonical) {
            meaning.standing = super::meaning::Standing::Sure;
        }
        let (base, above, data) = (place.base.clone(), place.id, place.data.clone());
        let in_git = meaning.in_git;
        if marks & GIT != 0 && is_folder && !in_git {
            self.protect_git(&canonical);
        } else if in_git && of_repository(&base.canonical, name, is_folder) {
            // Without these the rest is worth nothing.
            self.protect_git(&base.canonical);
        }
        self.protect(root, &canonical, kind, data);
        let disposable = meaning.standing.is_disposable();
        self.worker.sample(disposable, || root.to_owned());
        let mut group = NONE;
        if !is_folder {
            self.worker.count_file(disposable, stat.st_size as u64);
        } else if !request.recurse || !self.worker.descends(meaning.standing) {
            self.worker.count_folder(meaning.standing);
        } else {
            let id = self.worker.crew.next_id();
            let depth = canonical.components().count() - 1;
            meaning.in_git |= marks & GIT != 0;
            let name = name.into();
            let folder = Folder {
                parent: None,
                base,
                name,
                marks,
                id,
                above,
                depth,
                meaning,
                root_dev: None,
                anchor: OnceLock::new(),
            };
            self.worker.push(folder, None);
            group = id;
        }
        if request.keep {
            let kind = match kind {
                RootKind::Folder => Kind::Folder,
                RootKind::Symlink => Kind::Symlink,
                _ => Kind::Other,
            };
            self.places[at].entries.push((name.to_vec(), stat.st_ino, kind, group));
        }
        kind
    }

    /// Whether the root was seen before, or lies in one that was.
    fn repeats(&mut self, canonical: &Path) -> bool {
        if self.worker.crew.request.roots.len() == 1 {
            return false;
        }
        let recurse = self.worker.crew.request.recurse;
        if recurse && canonical.ancestors().skip(1).any(|above| self.seen.contains(above)) {
            return true;
        }
        !self.seen.insert(canonical.to_owned())
    }
}

/// Whether an entry of a `.git` is one that the repository hangs on.
fn of_repository(git: &Path, name: &[u8], is_folder: bool) -> bool {
    let one = match is_folder {
        true => matches!(name, b"objects" | b"refs"),
        false => matches!(name, b"HEAD" | b"config" | b"index" | b"packed-refs"),
    };
    // Reflogs and remotes have a HEAD and refs, too.
    one && symlink_metadata(git.join("objects")).is_ok()
}
