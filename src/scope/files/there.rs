//! Files on another host: judged by the text of their names first, counted there by find.
//!
//! Patterns are matched by the shell over there, `~` is a home folder there, and what is relative
//! starts in that home folder, where a login begins.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::read::Match;
use crate::scope::listed::unknown;
use crate::scope::target::{Certainty, Scope};
use crate::scope::words::empty;
use crate::tool::Kinds;
use crate::world::{PreparedRules, ProtectedPath, World};

use super::{HEARD, ITSELF, counted};

/// Folders whose contents are nobody's for long.
const SCRATCH: [&str; 2] = ["/tmp", "/var/tmp"];

/// Counts files on another host. Where nothing is listed there, a name counts as one, and so does a
/// pattern that leaves most of its folder alone; a whole folder is unknown.
pub(super) fn scope(
    found: &Match,
    roots: &[PathBuf],
    recurse: bool,
    kinds: &Kinds,
    world: &dyn World,
) -> Scope {
    let patterns = roots.iter().any(|root| is_pattern(root));
    if !recurse && !patterns {
        return Scope { count: roots.len() as u64, certainty: Certainty::AtMost, ..empty("file", kinds) };
    }
    let by_text = |root: &PathBuf| {
        let scratch =
            SCRATCH.iter().any(|folder| root.parent().is_some_and(|parent| parent.starts_with(folder)));
        scratch && !climbs(root) || !recurse && (!is_pattern(root) || !is_whole(root))
    };
    if !world.lists() && roots.iter().all(by_text) {
        return Scope { count: roots.len() as u64, certainty: Certainty::AtLeast, ..empty("file", kinds) };
    }
    let Some(words) = roots.iter().map(|root| from_login(root, found)).collect::<Option<Vec<_>>>() else {
        return unknown("file", kinds, "whose home folder is meant is known over there alone".into());
    };
    counted(found, find(&words, recurse), kinds, world)
}

/// What protects paths on another host, as far as text can tell.
pub(super) fn protection(
    found: &Match,
    roots: &[PathBuf],
    rules: &PreparedRules,
    world: &dyn World,
) -> Vec<ProtectedPath> {
    let home = world.session().home.clone().unwrap_or_else(|| "/root".into());
    let cleared = |root: &&PathBuf| {
        is_pattern(root)
            && !climbs(root)
            && root.parent().is_some_and(|p| SCRATCH.iter().any(|s| p == Path::new(s)))
    };
    let texts = roots.iter().filter(|root| !cleared(root)).map(|root| {
        let bytes = root.as_os_str().as_bytes();
        match bytes.strip_prefix(b"~") {
            Some(rest) if rest.is_empty() || rest.starts_with(b"/") => {
                home.join(Path::new(std::ffi::OsStr::from_bytes(rest.strip_prefix(b"/").unwrap_or(rest))))
            }
            Some(user) => Path::new("/home").join(Path::new(std::ffi::OsStr::from_bytes(user))),
            None if found.invocation.on_host() => home.join(root),
            None => root.clone(),
        }
    });
    texts.flat_map(|text| rules.protected_by_text(&text)).collect()
}

/// The words of a find that prints a byte for each file that is hit.
fn find(roots: &[PathBuf], recurse: bool) -> Vec<OsString> {
    let mut starts: Vec<OsString> = Vec::new();
    let mut tests: Vec<OsString> = Vec::new();
    let mut deepest = 0;
    for root in roots {
        let (start, parts) = start(root);
        deepest = deepest.max(parts);
        if !starts.contains(&start) {
            starts.push(start);
        }
        let below = recurse.then(|| PathBuf::from(root).join("*").into_os_string());
        let path = if is_pattern(root) { root.clone().into_os_string() } else { escaped(root) };
        for path in std::iter::once(path).chain(below) {
            tests.extend((!tests.is_empty()).then(|| "-o".into()));
            tests.extend(["-path".into(), path]);
        }
    }
    let mut words: Vec<OsString> = vec!["find".into()];
    let patterns = roots.iter().any(|root| is_pattern(root));
    words.extend(starts);
    words.push(ITSELF.into());
    if !recurse {
        words.extend(["-maxdepth".into(), deepest.to_string().into()]);
    }
    words.extend(HEARD.map(OsString::from));
    if patterns {
        words.push("(".into());
        words.extend(tests);
        words.push(")".into());
    }
    words.extend(["-printf".into(), "x".into()]);
    words
}

/// The folder that all matches of a pattern lie in, and how many names of the pattern lie below.
fn start(root: &Path) -> (OsString, usize) {
    let mut folder = PathBuf::new();
    let mut names = root.components();
    for name in names.by_ref() {
        if is_pattern(Path::new(name.as_os_str())) {
            return (folder.into_os_string(), 1 + names.count());
        }
        folder.push(name);
    }
    (root.as_os_str().to_owned(), 0)
}

/// A path as find would start from it after a login: never an option, never `~`.
fn from_login(root: &Path, found: &Match) -> Option<PathBuf> {
    let bytes = root.as_os_str().as_bytes();
    if root.is_absolute() || bytes.starts_with(b"./") {
        return Some(root.to_owned());
    }
    let path = match bytes.strip_prefix(b"~") {
        Some(b"") if found.invocation.on_host() => return Some(".".into()),
        Some([b'/', rest @ ..]) if found.invocation.on_host() => rest,
        Some(_) => return None,
        // As before: a plain name is what it is, and find knows it from an option.
        None if !is_pattern(root) && !bytes.starts_with(b"-") => return Some(root.to_owned()),
        None => bytes,
    };
    Some(PathBuf::from(OsString::from_vec([b"./", path].concat())))
}

/// A plain path as a pattern that matches it alone.
fn escaped(path: &Path) -> OsString {
    let mut out = Vec::new();
    for byte in path.as_os_str().as_bytes() {
        if b"*?[]\\".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    OsString::from_vec(out)
}

fn is_pattern(path: &Path) -> bool {
    path.as_os_str().as_bytes().iter().any(|byte| b"*?[".contains(byte))
}

/// Tells whether a pattern means all or most of a folder, or folders that nobody named.
fn is_whole(path: &Path) -> bool {
    let last = path.file_name().map(OsStrExt::as_bytes).unwrap_or_default();
    let mut inside = false;
    let told: Vec<u8> = last
        .iter()
        .copied()
        .filter(|byte| {
            inside = *byte == b'[' || inside && *byte != b']';
            !inside
        })
        .collect();
    let said = told.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let suffix = told.windows(2).any(|pair| pair[0] == b'.' && pair[1].is_ascii_alphanumeric());
    said < 2 && !suffix || path.parent().is_some_and(is_pattern)
}

/// Tells whether a path leads out of the folder it begins in.
fn climbs(path: &Path) -> bool {
    path.components().any(|part| part == std::path::Component::ParentDir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(roots: &[&str], recurse: bool) -> String {
        let roots: Vec<PathBuf> = roots.iter().map(PathBuf::from).collect();
        find(&roots, recurse).join(" ".as_ref()).into_string().unwrap()
    }

    #[test]
    fn a_find_counts_what_the_shell_there_would_hand_over() {
        let heard = "-path /./. -printf f -prune -o";
        assert_eq!(words(&["/srv/a"], true), format!("find /srv/a /./. {heard} -printf x"));
        assert_eq!(
            words(&["/var/log/app/*.gz"], false),
            format!("find /var/log/app /./. -maxdepth 1 {heard} ( -path /var/log/app/*.gz ) -printf x")
        );
        assert_eq!(
            words(&["/srv/*/x"], true),
            format!("find /srv /./. {heard} ( -path /srv/*/x -o -path /srv/*/x/* ) -printf x")
        );
        assert_eq!(
            words(&["/a/b", "/c/d*"], false),
            format!("find /a/b /c /./. -maxdepth 1 {heard} ( -path /a/b -o -path /c/d* ) -printf x")
        );
    }

    #[test]
    fn a_suffix_says_something_and_a_star_does_not() {
        for whole in ["/a/*", "/a/*.*", "/a/.*", "/a/?*", "/*/x.gz", "/a/[a-z]*", "/a/[!.]*"] {
            assert!(is_whole(Path::new(whole)), "{whole}");
        }
        for part in ["/a/*.gz", "/a/core.*", "/a/app-*.log", "/a/*.o"] {
            assert!(!is_whole(Path::new(part)), "{part}");
        }
    }
}
