//! File name patterns in shell text, matched as the shell would in the folder it is in by then.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::tool::Glob;
use crate::world::World;

/// More names than this from one pattern are not followed.
const MOST: usize = 100_000;

/// Returns the names that a pattern stands for, sorted; `text` has quoted bytes escaped, `way` is
/// where `cd` led.
pub fn matches(text: &[u8], way: &Path, world: &dyn World) -> Result<Vec<OsString>, &'static str> {
    let text = std::str::from_utf8(text).map_err(|_| "its pattern is no text")?;
    let mut found = vec![if text.starts_with('/') { PathBuf::from("/") } else { PathBuf::new() }];
    for part in text.split('/').filter(|part| !part.is_empty()) {
        found = below(&found, part, way, world)?;
        if found.len() > MOST {
            return Err("its pattern matches too many names");
        }
    }
    let slash: &[u8] = if text.ends_with('/') { b"/" } else { b"" };
    let mut words: Vec<OsString> =
        found.iter().map(|path| OsString::from_vec([path.as_os_str().as_bytes(), slash].concat())).collect();
    words.sort();
    Ok(words)
}

/// The entries of some folders that one part of a pattern matches.
fn below(
    folders: &[PathBuf],
    part: &str,
    way: &Path,
    world: &dyn World,
) -> Result<Vec<PathBuf>, &'static str> {
    if part == "." || part == ".." {
        return Ok(folders.iter().map(|folder| folder.join(part)).collect());
    }
    let glob = Glob::try_from(part.to_owned()).map_err(|_| "its pattern has braces")?;
    let hidden = part.starts_with('.');
    let mut found = Vec::new();
    for folder in folders {
        let here = way.join(folder);
        let here = if here.as_os_str().is_empty() { Path::new(".") } else { here.as_path() };
        let names = world.names(here).into_iter().filter(|name| {
            let bytes = name.as_bytes();
            (hidden || !bytes.starts_with(b".")) && glob.matches(bytes)
        });
        found.extend(names.map(|name| folder.join(name)));
    }
    Ok(found)
}
