//! Reads the index of a git repository: which files are tracked, and how they were when staged.
//!
//! Versions 2 to 4. What is not understood in full (a split or sparse index, a file cut short)
//! gives no answer.

use crate::world::{Look, LookKind};

/// Bytes of the entry before its object id.
const STAT: usize = 40;

/// A gitlink: the commit of a submodule.
const SUBMODULE: u32 = 0o160_000;

/// A tracked file.
#[derive(Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Its path below the top of the working tree.
    pub path: Vec<u8>,
    mode: u32,
    size: u32,
    written: (i64, u32),
    /// True where it is one side of a merge that is not settled.
    conflict: bool,
}

/// An index.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Tracked files, in the order of their paths.
    pub files: Vec<Tracked>,
    /// The tree that a commit of this index would have, where it is known.
    pub tree: Option<Vec<u8>>,
}

impl Tracked {
    /// Tells whether the file may differ from what was staged. One that is gone holds nothing to lose.
    ///
    /// A file as new as the index itself may have been changed since without a trace.
    pub fn changed(&self, look: Option<Look>, index: Look) -> bool {
        let Some(look) = look.filter(|_| !self.is_submodule()) else { return false };
        let same_kind = match self.mode & 0o170_000 {
            0o120_000 => look.kind == LookKind::Symlink,
            _ => look.kind == LookKind::File && look.executable == (self.mode & 0o100 != 0),
        };
        self.conflict
            || !same_kind
            || look.size as u32 != self.size
            || look.written != self.written
            || self.written >= index.written
    }

    /// Tells whether it stands for a submodule.
    pub fn is_submodule(&self) -> bool {
        self.mode & 0o170_000 == SUBMODULE
    }
}

impl Index {
    /// Reads an index whose object ids have so many bytes; `None` where it is not understood.
    pub fn read(bytes: &[u8], id: usize) -> Option<Self> {
        let mut rest = bytes.get(..bytes.len().checked_sub(id)?)?.strip_prefix(b"DIRC")?;
        let version = number(&mut rest)?;
        let count = number(&mut rest)? as usize;
        if !(2..=4).contains(&version) {
            return None;
        }
        let mut index = Self { files: Vec::with_capacity(count.min(rest.len() / STAT)), tree: None };
        for _ in 0..count {
            let before = index.files.last().map_or(&[][..], |file: &Tracked| &file.path);
            let (file, after) = entry(rest, id, version, before)?;
            rest = after;
            index.files.push(file);
        }
        while !rest.is_empty() {
            let name = take(&mut rest, 4)?;
            let size = number(&mut rest)? as usize;
            let body = take(&mut rest, size)?;
            match name {
                b"TREE" => index.tree = root_tree(body, id),
                // What does not begin with a capital changes what the entries mean.
                _ if !name.first()?.is_ascii_uppercase() => return None,
                _ => {}
            }
        }
        Some(index)
    }
}

/// Reads one entry; `before` is the path of the one before it.
fn entry<'b>(bytes: &'b [u8], id: usize, version: u32, before: &[u8]) -> Option<(Tracked, &'b [u8])> {
    let mut rest = bytes;
    let mut stat = take(&mut rest, STAT)?;
    let mut fields = [0; STAT / 4];
    for field in &mut fields {
        *field = number(&mut stat)?;
    }
    let [.., mode, _, _, size] = fields;
    let written = (i64::from(fields[2]), fields[3]);
    take(&mut rest, id)?;
    let flags = half(&mut rest)?;
    if flags & 0x4000 != 0 {
        half(&mut rest)?;
    }
    let mut path = Vec::new();
    if version == 4 {
        let kept = before.len().checked_sub(offset(&mut rest)?)?;
        path.extend_from_slice(&before[..kept]);
    }
    let end = rest.iter().position(|b| *b == 0)?;
    path.extend_from_slice(&rest[..end]);
    rest = &rest[end + 1..];
    if version < 4 {
        let length = bytes.len() - rest.len();
        take(&mut rest, length.next_multiple_of(8) - length)?;
    }
    let conflict = flags & 0x3000 != 0;
    Some((Tracked { path, mode, size, written, conflict }, rest))
}

/// The id of the whole tree, where no part of it changed since it was written.
fn root_tree(body: &[u8], id: usize) -> Option<Vec<u8>> {
    let rest = body.strip_prefix(b"\0")?;
    let line = rest.iter().position(|b| *b == b'\n')?;
    let valid = rest.first()?.is_ascii_digit();
    rest.get(line + 1..line + 1 + id).filter(|_| valid).map(<[u8]>::to_vec)
}

fn take<'b>(rest: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    take(rest, 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes)
}

fn half(rest: &mut &[u8]) -> Option<u16> {
    take(rest, 2).and_then(|bytes| bytes.try_into().ok()).map(u16::from_be_bytes)
}

/// A number in groups of seven bits, as git writes offsets.
fn offset(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0usize;
    loop {
        let byte = *take(rest, 1)?.first()?;
        value = value.checked_mul(128)?.checked_add(usize::from(byte & 127))?;
        if byte & 128 == 0 {
            return Some(value);
        }
        value = value.checked_add(1)?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Index, offset};

    /// An index of version 2 with one file, as git wrote it, and no tree.
    fn one() -> Vec<u8> {
        let mut bytes = b"DIRC\0\0\0\x02\0\0\0\x01".to_vec();
        let stat = [1u32, 2, 3, 4, 5, 6, 0o100_644, 7, 8, 9];
        bytes.extend(stat.iter().flat_map(|field| field.to_be_bytes()));
        bytes.extend([7; 20]);
        bytes.extend(b"\0\x05a/b.c\0\0\0\0\0");
        bytes.extend([0; 20]);
        bytes
    }

    #[test]
    fn a_file_is_read_with_its_times_and_size() {
        let index = Index::read(&one(), 20).unwrap_or_default();
        let told: Vec<_> = index.files.iter().map(|f| (f.path.as_slice(), f.written, f.size)).collect();
        assert_eq!(told, [(&b"a/b.c"[..], (3, 4), 9)]);
        assert_eq!(index.tree, None);
    }

    #[test]
    fn what_is_cut_short_or_split_is_no_index() {
        let whole = one();
        for end in 0..whole.len() - 20 {
            assert_eq!(Index::read(&whole[..end], 20), None, "{end}");
        }
        let mut split = whole[..whole.len() - 20].to_vec();
        split.extend(b"link\0\0\0\0");
        split.extend([0; 20]);
        assert_eq!(Index::read(&split, 20), None);
    }

    #[test]
    fn offsets_are_read_as_git_writes_them() {
        assert_eq!(offset(&mut &[0x7f][..]), Some(127));
        assert_eq!(offset(&mut &[0x80, 0x00][..]), Some(128));
        assert_eq!(offset(&mut &[0x81, 0x00][..]), Some(256));
        assert_eq!(offset(&mut &[0xff; 40][..]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200), version in 2u8..5) {
            let mut index = vec![b'D', b'I', b'R', b'C', 0, 0, 0, version, 0, 0, 0, 2];
            index.extend(bytes);
            let _ = Index::read(&index, 20);
        }
    }
}
