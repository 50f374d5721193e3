//! Reads one folder: lists it, finds out what it means, counts, and leaves its folders as tasks.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustix::fs::{AtFlags, FileType, fstat, statat};
use rustix::io::Errno;

use super::Stopped;
use super::crew::Task;
use super::folder::{Folder, Handle};
use super::meaning::{Ignores, Meaning, Standing, is_tagged, read_gitignore, repository, standing};
use super::scratch::Scratch;
use super::worker::Worker;
use crate::world::file_rules::{GIT, GITIGNORE, Marks, Relation, TAG};
use crate::world::fileset::{Kind, NONE};
use crate::world::handle;

impl Worker<'_> {
    /// Reads a folder and counts what is in it; its folders become tasks.
    pub(super) fn read(&mut self, task: Task) {
        let Task { folder, parent } = task;
        let opened = folder.open(parent.as_deref());
        drop(parent);
        let opened = opened.and_then(|fd| fstat(&fd).map(|stat| (fd, stat)));
        let (fd, stat) = match opened {
            Ok(opened) => opened,
            // Gone, or something else took its place: what is there now was not asked for.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
                return self.count_folder(folder.meaning.standing);
            }
            Err(errno) => {
                self.count_folder(folder.meaning.standing);
                return self.unreadable(&folder, errno);
            }
        };
        let root_dev = folder.root_dev.unwrap_or(stat.st_dev);
        if self.crew.request.one_file_system && stat.st_dev != root_dev {
            return self.count_folder(folder.meaning.standing);
        }
        folder.drop_anchor(&fd, &self.crew.anchors, self.crew.most_open);
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        if let Err(errno) = self.list(&fd, stat.st_dev, &folder, &mut scratch) {
            self.unreadable(&folder, errno);
        }
        let meaning = self.look_inside(&folder, &fd, scratch.inside);
        self.count_folder(meaning.standing);
        if self.crew.request.keep && self.keep(&folder, stat.st_dev, stat.st_ino).is_none() {
            self.crew.stop(Stopped::Cap);
        }
        self.count(&folder, fd, root_dev, &meaning, &scratch);
        self.scratch = scratch;
    }

    fn unreadable(&self, folder: &Folder, errno: Errno) {
        self.note(|notes| notes.unreadable(&folder.shown(), handle::reason(errno)));
    }

    fn keep(&mut self, folder: &Folder, dev: u64, ino: u64) -> Option<()> {
        let at = self.shard.folder(folder.id, folder.above, folder.base.index, &folder.name)?;
        self.shard.identify(at, dev, ino);
        Some(())
    }

    /// Returns what the folder means for its entries, now that their names are known.
    fn look_inside(&mut self, folder: &Folder, fd: &OwnedFd, inside: Marks) -> Meaning {
        let mut meaning = folder.meaning.clone();
        let rules = self.crew.request.rules;
        if inside == 0 || meaning.standing == Standing::Sure || meaning.in_git {
            return meaning;
        }
        let tagged = inside & TAG != 0 && rules.cachedir_tag && is_tagged(fd);
        if tagged || rules.holding(folder.marks, inside) {
            meaning.standing = Standing::Sure;
        } else {
            if inside & GIT != 0 && is_repository(fd) {
                self.note(|notes| notes.repository(folder.shown()));
                self.enter_repository(folder, &mut meaning);
            } else if inside & GITIGNORE != 0
                && meaning.git.is_some()
                && let Some(text) = read_gitignore(fd)
            {
                meaning.git = Ignores::add(meaning.git.take(), &folder.canonical(), &text);
            }
            let has = |path: &str| statat(fd, path, AtFlags::SYMLINK_NOFOLLOW).is_ok();
            if let Some(rule) = rules.data(inside, has) {
                self.note(|notes| notes.data(folder.shown(), rule));
                meaning.hold_data(rule);
            }
        }
        meaning
    }

    /// What is in a repository counts though it was built or ignored by the one around: it may
    /// hold work that is nowhere else.
    fn enter_repository(&self, folder: &Folder, meaning: &mut Meaning) {
        meaning.standing = Standing::Counted;
        if self.crew.ask_git {
            meaning.git = repository(self.crew.request.rules, &folder.canonical());
        } else {
            self.note(|notes| notes.git_unasked = true);
        }
    }

    /// Counts the entries and leaves the folders among them as tasks.
    fn count(&mut self, folder: &Arc<Folder>, fd: OwnedFd, dev: u64, meaning: &Meaning, scratch: &Scratch) {
        let request = self.crew.request;
        let rules = request.rules;
        let mut path = Paths { folder, canonical: None };
        let paths_matter = rules.may_protect(folder.depth + 1);
        let (mut fd, mut parent) = (Some(fd), None);
        let mut marked = scratch.marked.iter().peekable();
        for (index, seen) in scratch.entries.iter().enumerate() {
            let marks = marked.next_if(|(at, _)| *at == index).map_or(0, |(_, marks)| *marks);
            let (name, is_folder) = (scratch.name(seen), seen.kind == Kind::Folder);
            let mut stands = standing(rules, meaning, marks, scratch.inside, is_folder, |git| {
                git.ignores(&path.of(name), is_folder)
            });
            if paths_matter && is_folder {
                let path = path.of(name);
                if rules.disposable_path(&path) {
                    stands = Standing::Sure;
                }
                if let Some(mut found) = rules.protection(&path, true) {
                    found.relation = Relation::Inside;
                    self.note(|notes| notes.protect(found));
                }
            }
            let disposable = stands.is_disposable();
            self.sample(disposable, || folder.shown().join(OsStr::from_bytes(name)));
            let mut group = NONE;
            if is_folder {
                if !self.descends(stands) {
                    self.count_folder(stands);
                } else {
                    group = if request.keep { self.crew.next_id() } else { 0 };
                    if let Some(fd) = fd.take().filter(|_| self.crew.may_keep_open()) {
                        parent = Some(Arc::new(Handle::new(fd, &self.crew.open)));
                    }
                    let git = meaning.git.clone().filter(|_| stands != Standing::Sure);
                    let in_git = meaning.in_git || marks & GIT != 0;
                    let child = Folder {
                        parent: Some(folder.clone()),
                        base: folder.base.clone(),
                        name: name.into(),
                        marks,
                        id: group,
                        above: folder.id,
                        depth: folder.depth + 1,
                        meaning: Meaning { standing: stands, git, in_git },
                        root_dev: Some(dev),
                        anchor: OnceLock::new(),
                    };
                    self.push(child, parent.clone());
                }
            } else {
                self.count_file(disposable, seen.size);
            }
            if request.keep && self.shard.entry(name, seen.ino, seen.kind, group).is_none() {
                self.crew.stop(Stopped::Cap);
            }
        }
    }
}

/// Builds paths of entries, when they are needed.
struct Paths<'f> {
    folder: &'f Folder,
    canonical: Option<PathBuf>,
}

impl Paths<'_> {
    fn of(&mut self, name: &[u8]) -> PathBuf {
        self.canonical.get_or_insert_with(|| self.folder.canonical()).join(OsStr::from_bytes(name))
    }
}

/// Whether a `.git` is one that git takes for a repository, or points to one.
fn is_repository(folder: impl AsFd) -> bool {
    let look = |name: &str| statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW);
    let pointer = look(".git").is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) != FileType::Directory);
    pointer || look(".git/HEAD").is_ok()
}
