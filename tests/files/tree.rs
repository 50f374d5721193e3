//! A scratch folder, and what tests ask of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use guard::world::{FileRules, FileSet, PreparedRules, RemoveEvent, RemoveOptions, RemoveOutcome};
use guard::world::{Surroundings, Walk, WalkRequest, remove, walk};

/// A `[files]` table, as it stands in a policy.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    files: FileRules,
}

/// The rules that guard comes with.
pub fn default_rules() -> FileRules {
    toml::from_str::<Page>(include_str!("../../policies/files.toml")).unwrap().files
}

/// A scratch folder that is the current folder and lies in the home folder `/home/tester`.
pub struct Tree {
    folder: tempfile::TempDir,
    pub around: Surroundings,
}

impl Tree {
    pub fn new() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap())
    }

    /// In memory where that can be had: disks take their time over ten thousand levels.
    pub fn in_memory() -> Self {
        Self::in_folder(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    fn in_folder(folder: tempfile::TempDir) -> Self {
        let cwd = folder.path().canonicalize().unwrap();
        let home = Some(PathBuf::from("/home/tester"));
        let around = Surroundings { home, homes: vec!["/root".into()], cwd, mounts: Vec::new() };
        Self { folder, around }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.path().join(path)
    }

    /// Makes files (or folders, with a slash at the end) with all folders above them.
    pub fn make(&self, paths: &[&str]) -> &Self {
        for path in paths {
            let at = self.at(path);
            if path.ends_with('/') {
                std::fs::create_dir_all(at).unwrap();
            } else {
                std::fs::create_dir_all(at.parent().unwrap()).unwrap();
                std::fs::write(at, path).unwrap();
            }
        }
        self
    }

    pub fn rules(&self) -> PreparedRules {
        default_rules().prepare(self.around.clone()).unwrap()
    }

    /// Walks roots relative to the scratch folder, with the request adjusted by `with`.
    pub fn walk_with(&self, roots: &[&str], with: impl FnOnce(&mut WalkRequest<'_>)) -> Walk {
        let roots: Vec<PathBuf> = roots.iter().map(PathBuf::from).collect();
        let rules = self.rules();
        let mut request = WalkRequest::new(&roots, &self.around.cwd, &rules);
        with(&mut request);
        walk(&request, &mut |_| ())
    }

    pub fn walk(&self, roots: &[&str]) -> Walk {
        self.walk_with(roots, |_| ())
    }

    pub fn keep(&self, roots: &[&str]) -> FileSet {
        self.walk_with(roots, |request| request.keep = true).set.unwrap()
    }

    /// All paths below the scratch folder, sorted, as `find` prints them.
    pub fn find(&self) -> Vec<String> {
        let mut find = Command::new("find");
        let found =
            find.args([".", "-mindepth", "1", "-printf", "%P\\n"]).current_dir(self.path()).output().unwrap();
        let mut lines: Vec<String> =
            String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

/// Removes all of a set; returns what became of it and what was told.
pub fn remove_all(set: &FileSet) -> (RemoveOutcome, Vec<RemoveEvent>) {
    let stop = std::sync::atomic::AtomicBool::new(false);
    let options = RemoveOptions { verbose: false, empty_folders: false, stop: &stop };
    let mut told = Vec::new();
    let outcome = remove(set, 0..set.len(), &options, &mut |event| {
        told.extend(Some(event).filter(|e| !matches!(e, RemoveEvent::Kept(_))))
    });
    (outcome, told)
}
