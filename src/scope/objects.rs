//! Reads what a commit holds, from the objects of a git repository: its tree.
//!
//! Loose objects, and whole ones in packs; one that is kept as the difference to another, or
//! lies in another repository, gives no answer.

use std::io::Read;
use std::path::Path;

use flate2::read::ZlibDecoder;

use crate::world::World;

/// Bytes of a commit that are read; its tree stands at the front.
const FRONT: u64 = 256;

/// The tree of a commit, as the bytes of its id. `objects` is the folder of that name.
pub fn tree_of(commit: &str, objects: &Path, world: &dyn World) -> Option<Vec<u8>> {
    let id = bytes_of(commit)?;
    let (folder, name) = commit.split_at_checked(2)?;
    let front = match world.file(&objects.join(folder).join(name)) {
        Some(loose) => {
            let front = inflated(&loose)?;
            let start = front.iter().position(|b| *b == 0)?;
            front.strip_prefix(b"commit ").and(front.get(start + 1..))?.to_vec()
        }
        None => packed(&id, &objects.join("pack"), world)?,
    };
    let line = front.strip_prefix(b"tree ")?.get(..id.len() * 2)?;
    bytes_of(std::str::from_utf8(line).ok()?)
}

/// The front of a commit that lies in a pack.
fn packed(id: &[u8], folder: &Path, world: &dyn World) -> Option<Vec<u8>> {
    for name in world.names(folder) {
        let path = folder.join(&name);
        if path.extension().is_none_or(|end| end != "idx") {
            continue;
        }
        if let Some(at) = world.file(&path).and_then(|index| place(&index, id)) {
            let piece = world.piece(&path.with_extension("pack"), at, 4096)?;
            // The type stands in three bits of the first byte, the size in the others and what follows.
            let kind = piece.first()? >> 4 & 7;
            let head = piece.iter().position(|b| b & 128 == 0)?;
            return (kind == 1).then(|| inflated(&piece[head + 1..])).flatten();
        }
    }
    None
}

/// Where in its pack an object begins, by the pack's index of version 2.
fn place(index: &[u8], id: &[u8]) -> Option<u64> {
    let rest = index.strip_prefix(b"\xfftOc\0\0\0\x02")?;
    let number = |at: usize| {
        let bytes = rest.get(at..at + 4)?;
        bytes.try_into().ok().map(u32::from_be_bytes)
    };
    let first = usize::from(*id.first()?);
    let from = if first == 0 { 0 } else { number((first - 1) * 4)? as usize };
    let to = number(first * 4)? as usize;
    let all = number(255 * 4)? as usize;
    let ids = rest.get(1024..)?.chunks_exact(id.len());
    let at = from + ids.skip(from).take(to.checked_sub(from)?).position(|one| one == id)?;
    let offsets = 1024 + all * (id.len() + 4);
    let offset = number(offsets + at * 4)?;
    if offset & 0x8000_0000 == 0 {
        return Some(u64::from(offset));
    }
    let far = offsets + all * 4 + (offset & 0x7fff_ffff) as usize * 8;
    Some(u64::from(number(far)?) << 32 | u64::from(number(far + 4)?))
}

fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut front = Vec::new();
    let read = ZlibDecoder::new(bytes).take(FRONT).read_to_end(&mut front);
    // What was read before the piece ended is enough where it holds the tree.
    (read.is_ok() || !front.is_empty()).then_some(front)
}

/// The bytes that hexadecimal digits stand for; none of an odd text.
pub fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0 && !digits.is_empty())?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::{bytes_of, place};

    #[test]
    fn digits_are_read_in_pairs() {
        assert_eq!(bytes_of("00ff1A"), Some(vec![0, 255, 26]));
        for odd in ["", "0", "0g", "é0"] {
            assert_eq!(bytes_of(odd), None, "{odd}");
        }
    }

    #[test]
    fn an_index_cut_short_places_nothing() {
        let mut index = b"\xfftOc\0\0\0\x02".to_vec();
        index.extend([0, 0, 0, 1].repeat(256));
        for _ in 0..30 {
            assert_eq!(place(&index, &[7; 20]), None);
            index.push(7);
        }
    }
}
