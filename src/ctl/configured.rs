//! What every subcommand starts from: the layers, the tool files and the kinds, as guard reads them.

use std::path::{Path, PathBuf};

use crate::guard::Setup;
use crate::policy::{ConfigFault, Places, Policy, Shelf, kinds, load};
use crate::record;
use crate::tool::{Kinds, builtin_files};
use crate::world::{Real, World, toml_files};

use super::Failure;

/// Configuration and this host.
pub struct Configured {
    /// This host.
    pub world: Real,
    /// Where configuration stands.
    pub places: Places,
    /// Decisions.
    pub policy: Policy,
    /// Facts.
    pub shelf: Shelf,
    /// Kinds of targets.
    pub kinds: Kinds,
}

impl Configured {
    /// Reads what guard would read here.
    ///
    /// # Errors
    /// Where a layer can't be used.
    pub fn read(world: Real) -> Result<Self, Failure> {
        let places = places(&world, &world.session().cwd);
        let policy = load(&places)?;
        Ok(Self { policy, shelf: Shelf::new(&places), kinds: kinds()?, places, world })
    }

    /// The same, as `decide` takes it.
    pub fn setup(&self) -> Setup<'_> {
        Setup { world: &self.world, policy: &self.policy, shelf: &self.shelf, kinds: &self.kinds }
    }

    /// Where the audit log is kept.
    ///
    /// # Errors
    /// Where neither the site nor the environment says so.
    pub fn audit_path(&self) -> Result<PathBuf, Failure> {
        let site = self.policy.site(|file| file.audit.path.clone());
        let state = self.world.variable("XDG_STATE_HOME");
        let home = self.world.session().home.as_deref().map(Path::as_os_str);
        Ok(record::path(site.as_deref().map(Path::new), state.as_deref(), home)?)
    }

    /// The operator's folder for records.
    ///
    /// # Errors
    /// Where the environment names none.
    pub fn state_folder(&self) -> Result<PathBuf, Failure> {
        let state = self.world.variable("XDG_STATE_HOME");
        let home = self.world.session().home.as_deref().map(Path::as_os_str);
        Ok(record::state_folder(state.as_deref(), home)?)
    }
}

/// Where configuration stands for a command that starts in `cwd`.
pub fn places(world: &dyn World, cwd: &Path) -> Places {
    let config = world.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    Places::find(config, world.session().home.clone(), cwd)
}

/// The names of all tools that a file speaks for: the site's files and the built-in ones, sorted.
///
/// # Errors
/// Where the site's folder can't be read.
pub fn tools(places: &Places) -> Result<Vec<String>, Failure> {
    let own = match places.ruling() {
        Some(folder) => toml_files(&folder.join("tools")).map_err(ConfigFault::from)?,
        None => Vec::new(),
    };
    let own = own.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    let mut names: Vec<String> = own.chain(builtin_files().iter().map(|file| file.name.to_owned())).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// The names of all actions that a tool file has.
///
/// # Errors
/// Where one can't be used.
pub fn actions(shelf: &Shelf, places: &Places) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for name in tools(places)? {
        if let Some(file) = shelf.get(&name)? {
            all.extend(file.action.iter().map(|action| format!("{} {}", file.tool.names[0], action.name)));
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}
