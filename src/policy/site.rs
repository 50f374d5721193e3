//! Finds and reads the layers: built-in, site, operator, project; and tool files by name.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::read::Library;
use crate::tool::{Effect, Kinds, ToolFile, builtin, builtin_kinds, unpack};
use crate::world::{reachable, read_trusted, recorded_home, toml_files};

use super::fault::ConfigFault;
use super::layer::LayerFile;
use super::stack::{Layer, Origin, Policy, Standing};

/// The layers that guard ships: name, what it says, and the same packed.
const BUILTIN: &[(&str, &str, &[u8])] = &[
    (
        "policies/default.toml",
        include_str!("../../policies/default.toml"),
        include_bytes!(concat!(env!("OUT_DIR"), "/default.msgpack")),
    ),
    (
        "policies/files.toml",
        include_str!("../../policies/files.toml"),
        include_bytes!(concat!(env!("OUT_DIR"), "/files.msgpack")),
    ),
];

/// Where configuration is looked for.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The site's folder, where it exists: `/etc/guard`.
    pub site: Option<PathBuf>,
    /// The operator's folder: `~/.config/guard`.
    pub operator: Option<PathBuf>,
    /// The project's file: the nearest `.guard.toml` up the tree.
    pub project: Option<PathBuf>,
}

impl Places {
    /// Looks for the site's folder and the operator's, and up from `cwd` for a project's file.
    pub fn find(config_home: Option<PathBuf>, home: Option<PathBuf>, cwd: &Path) -> Self {
        // A link that leads nowhere is a fault that reading tells, not a layer that is not there.
        let is_folder = |path: &PathBuf| path.is_dir() || path.is_symlink();
        let is_file = |path: &PathBuf| path.is_file() || path.is_symlink();
        Self {
            site: Some(PathBuf::from("/etc/guard")).filter(is_folder),
            operator: operator_folder(config_home, home).filter(is_folder),
            project: cwd.ancestors().map(|up| up.join(".guard.toml")).find(is_file),
        }
    }

    /// The folder that speaks for the site: `/etc/guard`, else the operator's own.
    pub fn ruling(&self) -> Option<&Path> {
        self.site.as_deref().or(self.operator.as_deref())
    }
}

/// Where the operator's folder would be. A command without `HOME` is judged by the same policy: then
/// the home that the system has on record counts.
fn operator_folder(config_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let config = config_home.filter(|path| path.is_absolute()).or_else(|| {
        let home = home.filter(|home| home.is_absolute()).or_else(recorded_home);
        home.map(|home| home.join(".config"))
    });
    config.map(|config| config.join("guard"))
}

/// Reads the whole stack of layers.
pub fn load(places: &Places) -> Result<Policy, ConfigFault> {
    let mut layers = Vec::new();
    for (name, text, packed) in BUILTIN {
        let file = unpack(packed).map_err(|what| ConfigFault::whole(name, what))?;
        let origin = Origin::BuiltIn(name);
        layers.push(Layer { origin, standing: Standing::Site, file, text: (*text).to_owned() });
    }
    let mut standing = Standing::Site;
    for folder in [&places.site, &places.operator].into_iter().flatten() {
        reachable(folder)?;
        let mut files = toml_files(&folder.join("policies"))?;
        files.push(folder.join("guard.toml"));
        for file in files {
            push(&mut layers, file, standing)?;
        }
        standing = Standing::Tighten;
    }
    if let Some(file) = &places.project {
        push(&mut layers, file.clone(), Standing::Tighten)?;
    }
    Ok(Policy::new(layers))
}

fn push(layers: &mut Vec<Layer>, path: PathBuf, standing: Standing) -> Result<(), ConfigFault> {
    if let Some(text) = read_trusted(&path)? {
        let shown = path.display().to_string();
        let layer = layer(Origin::File(path.clone()), standing, &shown, text)?;
        let said = [
            ("audit.path", layer.file.audit.path.is_some()),
            ("ledger.path", layer.file.ledger.path.is_some()),
            ("loops.except", !layer.file.loops.except.is_empty()),
            ("prompt.timeout", layer.file.prompt.timeout.is_some()),
            ("stages", layer.file.stages.is_some()),
            ("health", !layer.file.health.is_empty()),
            ("harmless", !layer.file.harmless.is_empty()),
        ];
        if let Some((key, _)) = said.into_iter().find(|(_, said)| *said && standing == Standing::Tighten) {
            return Err(ConfigFault::NotHere { path, key });
        }
        layers.push(layer);
    }
    Ok(())
}

fn layer(origin: Origin, standing: Standing, shown: &str, text: String) -> Result<Layer, ConfigFault> {
    let file: LayerFile = toml::from_str(&text).map_err(|fault| ConfigFault::toml(shown, &text, &fault))?;
    let known = |key: &str| key.contains(' ') || Effect::ALL.iter().any(|effect| effect.word() == key);
    if let Some(key) = file.health.keys().find(|key| !known(key)) {
        let what =
            format!("health.{key}: '{key}' is neither an effect nor an action like \"kubectl delete\"");
        return Err(ConfigFault::whole(shown, what));
    }
    if let Some(what) = super::budget::senseless(&file) {
        return Err(ConfigFault::whole(shown, what));
    }
    Ok(Layer { origin, standing, file, text })
}

/// Reads a policy text given from elsewhere, for tests and `guardctl policy check`.
pub fn parse_layer(shown: &str, text: &str, standing: Standing) -> Result<Layer, ConfigFault> {
    layer(Origin::File(shown.into()), standing, shown, text.to_owned())
}

/// Reads a tool file's text.
pub fn parse_tool(shown: &str, text: &str) -> Result<ToolFile, ConfigFault> {
    let file: ToolFile = toml::from_str(text).map_err(|fault| ConfigFault::toml(shown, text, &fault))?;
    file.complete().map_err(|fault| ConfigFault::whole(shown, fault.to_string()))
}

/// The built-in kinds.
pub fn kinds() -> Result<Kinds, ConfigFault> {
    builtin_kinds().map_err(|what| ConfigFault::whole("policies/kinds.toml", what))
}

/// Tool files by program name: the site's, then the built-in ones. Each is read once.
#[derive(Debug, Default)]
pub struct Shelf {
    folder: Option<PathBuf>,
    read: RefCell<HashMap<String, Option<Rc<ToolFile>>>>,
}

impl Shelf {
    /// Looks for a site's files in `folder`.
    pub fn new(places: &Places) -> Self {
        Self { folder: places.ruling().map(|folder| folder.join("tools")), read: RefCell::default() }
    }

    /// Returns the tool file for a program's name; a fault where the file that should speak can't.
    pub fn get(&self, program: &str) -> Result<Option<Rc<ToolFile>>, ConfigFault> {
        if let Some(known) = self.read.borrow().get(program) {
            return Ok(known.clone());
        }
        let file = self.find(program)?.map(Rc::new);
        self.read.borrow_mut().insert(program.to_owned(), file.clone());
        Ok(file)
    }

    fn find(&self, program: &str) -> Result<Option<ToolFile>, ConfigFault> {
        let plain = !program.is_empty() && !program.starts_with('.') && !program.contains('/');
        if let Some(folder) = self.folder.as_ref().filter(|_| plain) {
            let path = folder.join(format!("{program}.toml"));
            if let Some(text) = read_trusted(&path)? {
                return parse_tool(&path.display().to_string(), &text).map(Some);
            }
        }
        let Some(built_in) = builtin(program) else { return Ok(None) };
        let file = built_in.file().and_then(|file| file.complete().map_err(|fault| fault.to_string()));
        let shown = || format!("policies/tools/{}.toml", built_in.name);
        file.map(Some).map_err(|what| ConfigFault::whole(&shown(), what))
    }
}

impl Library for Shelf {
    fn tool(&self, program: &str) -> Result<Option<Rc<ToolFile>>, String> {
        self.get(program).map_err(|fault| fault.render())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_home_the_recorded_one_counts() {
        let user = nix::unistd::User::from_uid(nix::unistd::getuid()).unwrap().unwrap();
        let recorded = Some(user.dir.join(".config/guard"));
        assert_eq!(operator_folder(None, None), recorded);
        assert_eq!(operator_folder(Some("relative".into()), Some("relative".into())), recorded);
        assert_eq!(operator_folder(None, Some("/h".into())), Some("/h/.config/guard".into()));
        assert_eq!(operator_folder(Some("/c".into()), None), Some("/c/guard".into()));
    }
}
