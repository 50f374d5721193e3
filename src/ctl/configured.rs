//! What every subcommand starts from: the layers, the tool files and the kinds, as guard reads them.

use std::path::{Path, PathBuf};

use crate::guard::Setup;
use crate::policy::{Places, Policy, Shelf, kinds, load};
use crate::record;
use crate::tool::Kinds;
use crate::world::{Real, World};

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
