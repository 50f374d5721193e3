//! The folder of a command on another host: only text, put in front of the files that it names.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::read::{Match, Piece, Understood};
use crate::tool::{From, Source};

use super::around::Around;

/// A word for a file, seen from where a login over there begins.
pub fn joined(way: &Path, word: &OsString) -> OsString {
    let own = word.as_bytes();
    let stays = way.as_os_str().is_empty() || own.is_empty();
    if stays || own.starts_with(b"/") || own.starts_with(b"~") {
        return word.clone();
    }
    way.join(word).into_os_string()
}

/// The same command on files named from where a login begins; `None` where its words do not say which
/// files it hits, or where guard does not know which of them are files.
pub fn in_folder(around: &Around, understood: &Understood) -> Option<Understood> {
    if around.way.as_os_str().is_empty() {
        return None;
    }
    let found = Match::find(understood)?;
    let action = found.action();
    let targets = &action.targets;
    if targets.source != Source::Files || !matches!(targets.from, From::Operands(_)) {
        return None;
    }
    let named: Vec<OsString> = found.named().into_iter().map(ToOwned::to_owned).collect();
    // A find without a folder starts in the one it is in.
    if named.is_empty()
        || named.iter().any(|word| around.is_unknown(word))
        || action.inner.is_some()
        || understood.invocation.options().any(|o| o.name.has("-files0-from"))
    {
        return None;
    }
    let mut there = understood.clone();
    for piece in &mut there.invocation.pieces {
        if let Piece::Operand(word) = piece
            && named.contains(word)
        {
            *word = joined(&around.way, word);
        }
    }
    Some(there)
}

/// Where `cd` leads to over there, from where an outer text already was.
pub fn way(outer: &Path, inner: &Path) -> PathBuf {
    if inner.as_os_str().as_bytes().starts_with(b"~") { inner.to_owned() } else { outer.join(inner) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absolute_or_at_home_stays() {
        let word = |text: &str| joined(Path::new("/srv/app"), &OsString::from(text));
        assert_eq!(word("releases/old"), "/srv/app/releases/old");
        assert_eq!(word("*"), "/srv/app/*");
        assert_eq!(word("/etc"), "/etc");
        assert_eq!(word("~/x"), "~/x");
        assert_eq!(way(Path::new("/srv"), Path::new("app")), Path::new("/srv/app"));
        assert_eq!(way(Path::new("/srv"), Path::new("~/app")), Path::new("~/app"));
    }
}
