//! The names in one folder, as the kernel lists them.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, RawDir, fstatfs, statat};
use rustix::io::Errno;

use super::crew::Crew;
use super::folder::Folder;
use super::meaning::Standing;
use super::worker::Worker;
use crate::world::file_rules::Marks;
use crate::world::fileset::Kind;
use crate::world::handle;

/// How many entries of one folder are read between two looks at the clock.
const STRIDE: usize = 4096;

/// The entries of the folder at hand; kept to reuse its memory.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    names: Vec<u8>,
    pub(super) entries: Vec<Seen>,
    /// Entries whose names mean something.
    pub(super) marked: Vec<(usize, Marks)>,
    /// The marks of all names.
    pub(super) inside: Marks,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) ino: u64,
    pub(super) size: u64,
    name: usize,
    len: u8,
    pub(super) kind: Kind,
}

impl Scratch {
    pub(super) fn clear(&mut self) {
        self.names.clear();
        self.entries.clear();
        self.marked.clear();
        self.inside = 0;
    }

    fn push(&mut self, name: &[u8], seen: Seen, marks: Marks) {
        if marks != 0 {
            self.marked.push((self.entries.len(), marks));
            self.inside |= marks;
        }
        self.names.extend_from_slice(name);
        self.entries.push(seen);
    }

    pub(super) fn name(&self, seen: &Seen) -> &[u8] {
        &self.names[seen.name..][..usize::from(seen.len)]
    }
}

impl Worker<'_> {
    /// Lists the folder into `scratch`; ends early when what was listed already suffices.
    pub(super) fn list(
        &mut self,
        fd: &OwnedFd,
        dev: u64,
        folder: &Folder,
        scratch: &mut Scratch,
    ) -> Result<(), Errno> {
        let request = self.crew.request;
        let look = request.bytes || (request.keep && !self.names_inodes(fd, dev));
        let names_matter = folder.meaning.standing != Standing::Sure;
        let mut raw = RawDir::new(fd, &mut self.buffer);
        while let Some(entry) = raw.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let (mut kind, mut ino, mut size) = (entry.file_type(), entry.ino(), 0);
            if look || kind == FileType::Unknown {
                match statat(fd, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => {
                        kind = FileType::from_raw_mode(stat.st_mode);
                        (ino, size) = (stat.st_ino, stat.st_size as u64);
                    }
                    Err(gone) if handle::is_gone(gone) => continue,
                    Err(errno) => return Err(errno),
                }
            }
            let kind = match kind {
                FileType::Directory => Kind::Folder,
                FileType::Symlink => Kind::Symlink,
                _ => Kind::Other,
            };
            let marks = if names_matter { request.rules.marks(name) } else { 0 };
            let seen = Seen { ino, size, name: scratch.names.len(), len: name.len() as u8, kind };
            scratch.push(name, seen, marks);
            if scratch.entries.len().is_multiple_of(STRIDE) {
                self.crew.check_time();
                if self.crew.is_stopped() || suffices(self.crew, folder, fd, scratch) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Whether the file system lists the same inode numbers that `lstat` tells.
    ///
    /// Stacked and user-space file systems make up one or the other.
    fn names_inodes(&mut self, fd: &OwnedFd, dev: u64) -> bool {
        const EXT: i64 = 0xef53;
        const XFS: i64 = 0x5846_5342;
        const BTRFS: i64 = 0x9123_683e;
        const TMPFS: i64 = 0x0102_1994;
        const F2FS: i64 = 0xf2f5_2010;
        match self.device {
            Some((known, names)) if known == dev => names,
            _ => {
                let kind = fstatfs(fd).map_or(0, |stat| stat.f_type);
                let names = [EXT, XFS, BTRFS, TMPFS, F2FS].contains(&kind);
                self.device = Some((dev, names));
                names
            }
        }
    }
}

/// Whether the files listed so far are more than enough, whatever else the folder holds.
fn suffices(crew: &Crew<'_>, folder: &Folder, fd: &OwnedFd, scratch: &Scratch) -> bool {
    let Some(enough) = crew.request.enough else { return false };
    let meaning = &folder.meaning;
    let rules = crew.request.rules;
    let files = scratch.entries.iter().filter(|seen| seen.kind != Kind::Folder).count();
    let plain = files.saturating_sub(scratch.marked.len()) as u64;
    if plain + crew.counted() <= enough || meaning.standing.is_disposable() || meaning.git.is_some() {
        return false;
    }
    let has = |name: &str| statat(fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok();
    let tagged = rules.cachedir_tag && has("CACHEDIR.TAG");
    let git = has(".git");
    if git && !crew.ask_git {
        crew.git_unasked();
    }
    !(tagged || rules.wants_inside(folder.marks) || (git && crew.ask_git))
}
