//! File name patterns in plain shell text, matched as the shell would in the folder of the line.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::read::NotPlain;
use crate::tool::Glob;
use crate::world::World;

/// More names than this from one pattern are not followed.
const MOST: usize = 100_000;

/// Returns the names that a pattern stands for, sorted; `text` has quoted bytes escaped.
pub fn matches(text: &[u8], world: &dyn World) -> Result<Vec<OsString>, NotPlain> {
    let text = std::str::from_utf8(text).map_err(|_| NotPlain("has a pattern that is no text"))?;
    let mut found = vec![if text.starts_with('/') { PathBuf::from("/") } else { PathBuf::new() }];
    for part in text.split('/').filter(|part| !part.is_empty()) {
        found = below(&found, part, world)?;
        if found.len() > MOST {
            return Err(NotPlain("has a pattern that matches too many names"));
        }
    }
    if found.is_empty() {
        return Err(NotPlain("has a pattern that matches nothing"));
    }
    let slash: &[u8] = if text.ends_with('/') { b"/" } else { b"" };
    let mut words: Vec<OsString> =
        found.iter().map(|path| OsString::from_vec([path.as_os_str().as_bytes(), slash].concat())).collect();
    words.sort();
    Ok(words)
}

/// The entries of some folders that one part of a pattern matches.
fn below(folders: &[PathBuf], part: &str, world: &dyn World) -> Result<Vec<PathBuf>, NotPlain> {
    if part == "." || part == ".." {
        return Ok(folders.iter().map(|folder| folder.join(part)).collect());
    }
    let glob = Glob::try_from(part.to_owned()).map_err(|_| NotPlain("has a pattern with braces"))?;
    let hidden = part.starts_with('.');
    let mut found = Vec::new();
    for folder in folders {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let names = world.names(here).into_iter().filter(|name| {
            let bytes = name.as_bytes();
            (hidden || !bytes.starts_with(b".")) && glob.matches(bytes)
        });
        found.extend(names.map(|name| folder.join(name)));
    }
    Ok(found)
}

/// Writes quoted bytes so that none of them is taken for a pattern.
pub fn escaped(text: &[u8]) -> Vec<u8> {
    let special = |b: &u8| b"*?[]\\{}".contains(b);
    text.iter().flat_map(|b| if special(b) { vec![b'\\', *b] } else { vec![*b] }).collect()
}
