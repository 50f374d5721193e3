//! What a repository's own files say: the branch that is checked out, its configuration, its working
//! tree. No process is started, but where an [`alias()`] can't be told from files alone.
//!
//! Only the plain case is read: the working folder, or one `-C`. Where variables, options or
//! wrappers lead git elsewhere there is no answer, and the caller asks git.

mod alias;
mod config;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::read::{Invocation, Match};
use crate::tool::OptionName;
use crate::world::World;

use config::{Entry, entries};

pub use alias::{alias, top, words};

/// Options that lead to another repository or configuration.
const ELSEWHERE: [&str; 5] = ["--git-dir", "--namespace", "--bare", "-c", "--config-env"];

/// Variables that do the same.
const VARIABLES: [&str; 8] = [
    "GIT_DIR",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
];

/// A repository as its files describe it.
#[derive(Debug, Default)]
pub struct Repository {
    /// The full name of the branch that is checked out.
    pub head: Option<String>,
    /// The configuration of system, user and repository, in this order.
    pub config: Vec<Entry>,
    /// True where the configuration has parts in other files that were not read.
    pub includes: bool,
}

impl Repository {
    /// Reads the repository that a command works on; `None` where files alone do not tell which.
    pub fn of(found: &Match, world: &dyn World) -> Option<Self> {
        let start = start(&found.invocation, &ELSEWHERE, world)?;
        let (own, common) = start.ancestors().find_map(|folder| git_folders(folder, world))?;
        let (config, includes) = configuration(Some(common.join("config")), world);
        Some(Self { head: head(&own, world), config, includes })
    }

    /// The last value of a key.
    pub fn value(&self, section: &str, name: &str, key: &str) -> Option<&str> {
        let same = |e: &&Entry| e.section == section && e.name == name && e.key == key;
        self.config.iter().rev().find(same).map(|e| e.value.as_str())
    }
}

/// The configuration of system and user, and that of a repository behind it; true where it has parts
/// in other files that were not read.
fn configuration(own: Option<PathBuf>, world: &dyn World) -> (Vec<Entry>, bool) {
    let mut config = Vec::new();
    let mut includes = false;
    for path in configs(world).chain(own) {
        let Some(text) = world.file(&path) else { continue };
        match std::str::from_utf8(&text).ok().and_then(entries) {
            Some(read) => config.extend(read),
            None => includes = true,
        }
    }
    let partial = |e: &Entry| {
        matches!(e.section.as_str(), "include" | "includeif")
            || e.key == "worktreeconfig" && e.value != "false"
    };
    includes |= config.iter().any(partial);
    (config, includes)
}

/// Where a command looks for its repository; `None` where files alone do not tell, or one of
/// `elsewhere` is given.
fn start(invocation: &Invocation, elsewhere: &[&str], world: &dyn World) -> Option<PathBuf> {
    let plain = invocation.wrappers.iter().all(|w| !w.carries && !w.elsewhere && w.assignments.is_empty())
        && elsewhere.iter().all(|name| given(invocation, name).is_empty())
        && VARIABLES.iter().all(|name| world.variable(name).is_none());
    let cwd = world.session().cwd.clone();
    match given(invocation, "-C").as_slice() {
        _ if !plain => None,
        [] => Some(cwd),
        [folder] => Some(cwd.join(folder)),
        _ => None,
    }
}

/// Options that make other files of a working tree, or of its paths.
const OTHER_TREE: [&str; 3] = ["--work-tree", "--icase-pathspecs", "--attr-source"];

/// Variables that do the same, or lead to another index or other objects.
const OTHER_FILES: [&str; 5] = [
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_REPLACE_REF_BASE",
];

/// A repository with its working tree.
#[derive(Debug)]
pub struct WorkTree {
    /// The folder that a command works in, symlinks followed.
    pub start: PathBuf,
    /// The top of the working tree.
    pub top: PathBuf,
    /// The folder of its own index and HEAD.
    pub own: PathBuf,
    /// The folder of what worktrees share: objects, branches, stashes.
    pub common: PathBuf,
    /// Bytes of an object id.
    pub id: usize,
}

impl WorkTree {
    /// Finds the working tree that a command works on: `Some(None)` where there is no repository,
    /// `None` where files alone do not tell.
    pub fn of(invocation: &Invocation, world: &dyn World) -> Option<Option<Self>> {
        let plain = OTHER_TREE.iter().all(|name| given(invocation, name).is_empty())
            && OTHER_FILES.iter().all(|name| world.variable(name).is_none());
        let start = world.real_path(&start(invocation, &ELSEWHERE, world).filter(|_| plain)?)?;
        let found = start.ancestors().find_map(|top| Some((top, git_folders(top, world)?)));
        let Some((top, (own, common))) = found else { return Some(None) };
        let config = world.file(&common.join("config"))?;
        let config = std::str::from_utf8(&config).ok().and_then(entries)?;
        let value = |section: &str, key: &str| {
            let same = |e: &&Entry| e.section == section && e.key == key;
            config.iter().rev().find(same).map(|e| e.value.to_ascii_lowercase())
        };
        let elsewhere = config.iter().rev().find(|e| e.section == "core" && e.key == "worktree");
        let here = elsewhere.is_none_or(|e| world.real_path(&own.join(&e.value)).as_deref() == Some(top));
        let known = here
            && value("core", "bare").is_none_or(|bare| bare == "false" || own != common)
            && value("extensions", "refstorage").is_none_or(|files| files == "files")
            && value("extensions", "worktreeconfig").is_none_or(|on| on == "false");
        let id = if value("extensions", "objectformat").as_deref() == Some("sha256") { 32 } else { 20 };
        let top = top.to_owned();
        known.then_some(Some(Self { start, top, own, common, id }))
    }

    /// The commit that is checked out, as its id is written.
    pub fn commit(&self, world: &dyn World) -> Option<String> {
        let head = line(&world.file(&self.own.join("HEAD"))?)?;
        let Some(name) = head.strip_prefix("ref:").map(str::trim) else { return Some(head) };
        if let Some(id) = world.file(&self.common.join(name)) {
            return line(&id);
        }
        let packed = world.file(&self.common.join("packed-refs"))?;
        let lines = std::str::from_utf8(&packed).ok()?.lines();
        let mut ids = lines.filter_map(|line| line.split_once(' ').filter(|(_, of)| *of == name));
        ids.next().map(|(id, _)| id.to_owned())
    }
}

/// The values of a global option.
fn given<'i>(invocation: &'i Invocation, name: &str) -> Vec<&'i OsStr> {
    let name = OptionName::unlisted(name);
    let own = invocation.options().filter(|given| given.global && given.name.same(&name));
    own.map(|given| given.values.first().map_or(OsStr::new(""), |v| v.as_os_str())).collect()
}

/// Where the configuration of system and user stands.
fn configs(world: &dyn World) -> impl Iterator<Item = PathBuf> {
    let home = world.session().home.clone();
    let xdg = world.variable("XDG_CONFIG_HOME").filter(|v| !v.is_empty()).map(PathBuf::from);
    let xdg = xdg.or_else(|| home.as_ref().map(|home| home.join(".config")));
    let system = Some(PathBuf::from("/etc/gitconfig"));
    [system, xdg.map(|folder| folder.join("git/config")), home.map(|home| home.join(".gitconfig"))]
        .into_iter()
        .flatten()
}

/// The `.git` of a folder, and the one that holds what worktrees share.
fn git_folders(folder: &Path, world: &dyn World) -> Option<(PathBuf, PathBuf)> {
    let own = folder.join(".git");
    if world.file(&own.join("HEAD")).is_some() {
        return Some((own.clone(), own));
    }
    let own = folder.join(line(&world.file(&own)?)?.strip_prefix("gitdir:")?.trim());
    let common = world.file(&own.join("commondir")).and_then(|text| Some(own.join(line(&text)?)));
    Some((own.clone(), common.unwrap_or(own)))
}

fn head(own: &Path, world: &dyn World) -> Option<String> {
    let text = world.file(&own.join("HEAD"))?;
    Some(line(&text)?.strip_prefix("ref:")?.trim().to_owned())
}

fn line(text: &[u8]) -> Option<String> {
    Some(std::str::from_utf8(text).ok()?.trim_end_matches(['\n', '\r']).to_owned())
}

/// A name from a listing or a file as bytes, for comparison.
pub fn text(word: &OsStr) -> Option<&str> {
    std::str::from_utf8(word.as_bytes()).ok()
}
