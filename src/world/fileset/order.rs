//! The order of removal, and what is read off a set: digest, sample, paths.

use std::ffi::OsStr;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Entry, FileSet, Kind, NONE};

/// One position in the order of removal.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) enum Step<'a> {
    /// A name in a group: a file, or a folder that nobody looked into.
    Plain(u32, &'a Entry),
    /// A group itself, after everything in it.
    Emptied(u32),
}

impl FileSet {
    /// Orders the groups so that each comes after all that lie in it; later bases first, because
    /// a base that lies inside another one is listed after it.
    pub(super) fn put_in_order(&mut self) {
        let mut order = Vec::new();
        let mut position = 0;
        let mut bases: Vec<u32> = (0..self.groups.len() as u32)
            .filter(|&group| self.group(group).parent == NONE && self.group(group).base != NONE)
            .collect();
        bases.sort_by(|a, b| self.base(self.group(*b)).path.cmp(&self.base(self.group(*a)).path));
        for base in bases {
            let mut stack = vec![(base, 0)];
            while let Some((group, next)) = stack.pop() {
                let entries = self.entries(group);
                let inner = entries[next..].iter().position(|entry| entry.group != NONE);
                if let Some(inner) = inner {
                    let at = next + inner;
                    stack.push((group, at + 1));
                    stack.push((entries[at].group, 0));
                } else {
                    order.push((group, position));
                    position += self.steps_of(group) as u32;
                }
            }
        }
        self.order = order;
        self.len = position;
    }

    fn plain(&self, group: u32) -> impl Iterator<Item = &Entry> {
        // Files go before folders that nobody looked into: find names both, children first.
        let entries = self.entries(group).iter().filter(|entry| entry.group == NONE);
        let (files, folders) = (entries.clone(), entries);
        files.filter(|e| e.kind != Kind::Folder).chain(folders.filter(|e| e.kind == Kind::Folder))
    }

    fn steps_of(&self, group: u32) -> usize {
        self.plain(group).count() + usize::from(self.group(group).parent != NONE)
    }

    /// Calls `visit` for each position of `range`, in order, until it returns false.
    pub(in crate::world) fn steps<'a>(&'a self, range: Range<u64>, visit: &mut dyn FnMut(Step<'a>) -> bool) {
        let first =
            self.order.partition_point(|&(_, start)| u64::from(start) <= range.start).saturating_sub(1);
        for &(group, start) in &self.order[first.min(self.order.len())..] {
            if u64::from(start) >= range.end {
                return;
            }
            let own = (self.group(group).parent != NONE).then_some(Step::Emptied(group));
            let steps = self.plain(group).map(|entry| Step::Plain(group, entry)).chain(own);
            for (position, step) in (u64::from(start)..).zip(steps) {
                if range.contains(&position) && !visit(step) {
                    return;
                }
            }
        }
    }

    /// Calls `visit` with the path of each position of `range`, children before their folders.
    pub fn paths(&self, range: Range<u64>, visit: &mut dyn FnMut(&Path)) {
        let mut prefix: Option<(u32, Vec<u8>)> = None;
        self.steps(range, &mut |step| {
            match step {
                Step::Plain(group, entry) => {
                    let known = prefix.take().filter(|(of, _)| *of == group);
                    let (_, mut path) = known.unwrap_or_else(|| (group, self.shown_prefix(group)));
                    let end = path.len();
                    path.extend_from_slice(self.name(group, entry));
                    visit(Path::new(OsStr::from_bytes(&path)));
                    path.truncate(end);
                    prefix = Some((group, path));
                }
                Step::Emptied(group) => visit(&self.shown_group(group)),
            }
            true
        });
    }

    /// Calls `visit` with what tells each position from any other file, in order of removal: a
    /// digest over device, inode, the folder it lies in, and its name.
    pub fn identities(&self, visit: &mut dyn FnMut([u8; 16])) {
        self.steps(0..self.len(), &mut |step| {
            let (dev, ino, folder, name) = match step {
                Step::Plain(group, entry) => {
                    let folder = self.group(group);
                    (folder.dev, entry.ino, folder.ino, self.name(group, entry))
                }
                Step::Emptied(group) => {
                    let own = self.group(group);
                    (own.dev, own.ino, self.group(own.parent).ino, self.group_name(group))
                }
            };
            let mut hash = Sha256::new();
            for number in [dev, ino, folder] {
                hash.update(number.to_le_bytes());
            }
            hash.update(name);
            let digest: [u8; 32] = hash.finalize().into();
            let mut identity = [0; 16];
            identity.copy_from_slice(&digest[..16]);
            visit(identity);
            true
        });
    }

    /// Seconds and nanoseconds since 1970: what was created later is not in the set.
    pub fn taken(&self) -> (i64, u32) {
        self.taken
    }

    /// Takes out of the set, at removal, what was created since an earlier look.
    pub fn as_of(&mut self, taken: (i64, u32)) {
        self.taken = self.taken.min(taken);
    }

    /// Returns up to `n` paths, spread evenly over the set.
    pub fn sample(&self, n: usize) -> Vec<PathBuf> {
        let mut sample = Vec::new();
        let n = (n as u64).min(self.len());
        for index in 0..n {
            let at = index * self.len() / n;
            self.paths(at..at + 1, &mut |path| sample.push(path.to_owned()));
        }
        sample
    }

    /// Returns a SHA-256 over every path with its device, inode and type; it does not depend on
    /// the order in which folders were read.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut bases: Vec<u32> = self.order.iter().map(|&(group, _)| group).collect();
        bases.retain(|&group| self.group(group).parent == NONE);
        bases.sort_by(|a, b| self.base(self.group(*a)).shown.cmp(&self.base(self.group(*b)).shown));
        for base in bases {
            hash.update(self.base(self.group(base)).path.as_os_str().as_encoded_bytes());
            hash.update([0]);
            let mut stack = vec![base];
            while let Some(group) = stack.pop() {
                let at = self.group(group);
                hash.update(self.group_name(group));
                hash.update([0]);
                hash.update(at.dev.to_le_bytes());
                hash.update(at.ino.to_le_bytes());
                let mut entries: Vec<&Entry> = self.entries(group).iter().collect();
                entries.sort_unstable_by_key(|entry| self.name(group, entry));
                hash.update((entries.len() as u64).to_le_bytes());
                for entry in &entries {
                    hash.update(self.name(group, entry));
                    hash.update([0, entry.kind as u8]);
                    hash.update(entry.ino.to_le_bytes());
                }
                stack.extend(entries.iter().rev().map(|entry| entry.group).filter(|&inner| inner != NONE));
            }
        }
        hash.finalize().into()
    }
}
