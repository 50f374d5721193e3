//! What the shell that reads a text knows: the one here, and one that guard can't look into.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::read::Wrapper;
use crate::read::shell::{Folder, Known};
use crate::world::{World, lexical};

use super::{pattern, prints};

/// A shell on this host, with its variables.
pub struct Here<'w> {
    world: &'w dyn World,
    /// Variables that wrappers set.
    assigned: Vec<(OsString, OsString)>,
    /// True for the one that the operator types into.
    typed: bool,
    /// True where it runs as somebody else, whose variables are not these.
    other: bool,
}

impl<'w> Here<'w> {
    /// The shell that the operator types into.
    pub fn typed(world: &'w dyn World) -> Self {
        Self { world, assigned: Vec::new(), typed: true, other: false }
    }

    fn under(world: &'w dyn World, wrappers: &[Wrapper]) -> Self {
        let split = |word: &OsString| {
            let bytes = word.as_bytes();
            let at = bytes.iter().position(|b| *b == b'=')?;
            Some((OsStr::from_bytes(&bytes[..at]).to_owned(), OsStr::from_bytes(&bytes[at + 1..]).to_owned()))
        };
        let assigned = wrappers.iter().flat_map(|w| &w.assignments).filter_map(split).collect();
        let only_assigns = |w: &Wrapper| w.words.len() == w.assignments.len() + 1;
        let other = wrappers.iter().any(|w| w.carries && !only_assigns(w));
        Self { world, assigned, typed: false, other }
    }
}

impl Known for Here<'_> {
    fn variable(&self, name: &str) -> Result<Option<OsString>, String> {
        if let Some((_, value)) = self.assigned.iter().rev().find(|(assigned, _)| assigned == name) {
            return Ok(Some(value.clone()));
        }
        if self.other {
            return Err(format!("${name} is not known for who it runs as"));
        }
        // The shell that starts gets guard's own id. One that it starts in turn is one as well.
        if name == "!" || name == "$" && !self.typed {
            return Ok(Some(self.world.own_pid().to_string().into()));
        }
        Ok(self.world.variable(name))
    }

    fn home(&self) -> Option<PathBuf> {
        self.world.session().home.clone().filter(|_| !self.other)
    }

    fn folder(&self, way: &Path) -> Option<PathBuf> {
        Some(folder(self.world, way))
    }

    fn printed(&self, argv: &[OsString], way: &Path) -> Option<OsString> {
        if self.other { None } else { prints::word(argv, &folder(self.world, way), self.world) }
    }

    fn matches(&self, pattern: &[u8], way: &Path) -> Result<Vec<OsString>, String> {
        let names = pattern::matches(pattern, way, self.world)?;
        // Somebody else may see what this person does not.
        if names.is_empty() && self.other {
            Err("its pattern matches nothing here".into())
        } else {
            Ok(names)
        }
    }
}

/// A shell on another host, or in a container.
struct There;

impl Known for There {
    fn variable(&self, name: &str) -> Result<Option<OsString>, String> {
        Err(format!("its shell fills in ${name}, which is not known here"))
    }

    fn home(&self) -> Option<PathBuf> {
        None
    }

    fn folder(&self, way: &Path) -> Option<PathBuf> {
        way.is_absolute().then(|| lexical(way, way))
    }

    /// Its shell looks for the names: the pattern stays, and what it means is judged as one.
    fn matches(&self, _pattern: &[u8], _way: &Path) -> Result<Vec<OsString>, String> {
        Ok(Vec::new())
    }
}

/// The shell that these wrappers lead to.
pub fn reached<'w>(world: &'w dyn World, wrappers: &[Wrapper]) -> Box<dyn Known + 'w> {
    if wrappers.iter().any(|w| w.elsewhere) {
        Box::new(There)
    } else {
        Box::new(Here::under(world, wrappers))
    }
}

/// The folder after a way of `cd`.
pub fn folder(world: &dyn World, way: &Path) -> PathBuf {
    let cwd = &world.session().cwd;
    if way.as_os_str().is_empty() { cwd.clone() } else { lexical(way, cwd) }
}

/// The folder that a command of a text runs in; where that is not known, the start and why.
pub fn folder_of(at: &Folder, world: &dyn World) -> (PathBuf, Option<String>) {
    match at {
        Folder::Way(way) => (folder(world, way), None),
        Folder::Unknown(why) => (world.session().cwd.clone(), Some(why.clone())),
    }
}
