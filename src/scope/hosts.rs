//! Answers what sets of hosts ask: groups and inventories, by files or by the tool's own resolver.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::hosts::{Dialect, Inventory, Known};
use crate::world::{Listing, LookKind, World};

/// How long a resolver may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a dialect's tool knows of hosts, asked when a set needs it.
pub struct Resolver<'w> {
    dialect: Dialect,
    /// An inventory that was named; the tool's own where not.
    named: Option<OsString>,
    world: &'w dyn World,
    inventory: OnceCell<Result<Inventory, String>>,
}

impl<'w> Resolver<'w> {
    /// Asks the world. `named` is Ansible's inventory (a file, a folder, or names with a comma), a file of
    /// ClusterShell's groups (`web: web[1-9]`), or for the others a file with all hosts.
    pub fn new(dialect: Dialect, named: Option<OsString>, world: &'w dyn World) -> Self {
        Self { dialect, named, world, inventory: OnceCell::new() }
    }

    fn text(&self, path: &Path) -> Result<String, String> {
        let shown = path.display();
        let bytes = self.world.file(path).ok_or_else(|| format!("{shown} can't be read"))?;
        String::from_utf8(bytes).map_err(|_| format!("{shown} is no text"))
    }

    fn listed(&self, words: &[OsString]) -> Result<Vec<u8>, String> {
        self.world.list(&Listing {
            argv: words,
            patience: PATIENCE,
            codes: &[],
            folder: None,
            variables: &[],
        })
    }

    /// What ClusterShell's own sources say that a set is.
    fn nodeset(&self, set: String) -> Result<String, String> {
        let printed = self.listed(&["nodeset", "-f", "--", &set].map(OsString::from))?;
        String::from_utf8(printed)
            .map(|text| text.trim().to_owned())
            .map_err(|_| "nodeset printed no text".into())
    }

    /// The groups of a file of groups, in the order of their lines.
    fn groups_of(&self, path: &Path) -> Result<Vec<(String, String)>, String> {
        let text = self.text(path)?;
        let mut groups = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (name, hosts) =
                line.split_once(':').ok_or_else(|| format!("'{line}' is no 'group: hosts'"))?;
            groups.push((name.trim().to_owned(), hosts.trim().to_owned()));
        }
        Ok(groups)
    }

    fn read_inventory(&self) -> Result<Inventory, String> {
        let Some(named) = &self.named else { return self.asked() };
        if let Some(names) = named.to_str().filter(|text| text.contains(',')) {
            return Inventory::of_names(names);
        }
        let path = PathBuf::from(named);
        let look = self.world.look(&self.world.real_path(&path).unwrap_or_else(|| path.clone()));
        if look.is_none_or(|look| look.kind != LookKind::File || look.executable) {
            return self.asked();
        }
        let text = self.text(&path)?;
        if is_ini(&path, &text) { Inventory::ini(&text) } else { self.asked() }
    }

    /// The inventory as Ansible itself reads it: folders, scripts, YAML, plugins and its settings.
    fn asked(&self) -> Result<Inventory, String> {
        let mut words = vec!["ansible-inventory".into(), "--list".into()];
        if let Some(named) = &self.named {
            words.extend(["-i".into(), named.clone()]);
        }
        Inventory::listed(&self.listed(&words)?)
    }
}

/// True where Ansible, too, would get as far as its INI reader.
fn is_ini(path: &Path, text: &str) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref() {
        Some("yml" | "yaml" | "json" | "toml") => false,
        Some(_) => true,
        // Without an ending it would be tried as YAML first.
        None => {
            let lines = || {
                text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';']))
            };
            !lines().any(|line| {
                line.starts_with("---") || line.starts_with('{') || line.ends_with(':') || line.contains(": ")
            })
        }
    }
}

impl Known for Resolver<'_> {
    fn group(&self, source: Option<&str>, name: &str) -> Result<String, String> {
        match (self.dialect, &self.named) {
            (Dialect::ClusterShell, None) => {
                self.nodeset(source.map_or(format!("@{name}"), |source| format!("@{source}:{name}")))
            }
            (Dialect::ClusterShell, Some(file)) => {
                let groups = self.groups_of(Path::new(file))?;
                let sets: Vec<_> =
                    groups.into_iter().filter(|(group, _)| group == name).map(|(_, set)| set).collect();
                if sets.is_empty() {
                    Err(format!("{} has no such group", Path::new(file).display()))
                } else {
                    Ok(sets.join(","))
                }
            }
            _ => Err("no source of groups was given".into()),
        }
    }

    fn groups(&self, source: Option<&str>) -> Result<String, String> {
        match (self.dialect, &self.named) {
            (Dialect::ClusterShell, None) => self.nodeset(format!("@@{}", source.unwrap_or_default())),
            (Dialect::ClusterShell, Some(file)) => {
                let groups = self.groups_of(Path::new(file))?;
                Ok(groups.into_iter().map(|(group, _)| group).collect::<Vec<_>>().join(","))
            }
            _ => Err("no source of groups was given".into()),
        }
    }

    fn all(&self, source: Option<&str>) -> Result<String, String> {
        match (self.dialect, &self.named) {
            (Dialect::ClusterShell, None) => {
                self.nodeset(source.map_or("@*".to_owned(), |source| format!("@{source}:*")))
            }
            (Dialect::ClusterShell, Some(file)) => {
                let groups = self.groups_of(Path::new(file))?;
                let own = groups.iter().find(|(group, _)| group == "all");
                let sets = own.map_or_else(
                    || groups.iter().map(|(_, set)| set.as_str()).collect(),
                    |(_, set)| vec![set.as_str()],
                );
                Ok(sets.into_iter().filter(|set| !set.is_empty()).collect::<Vec<_>>().join(","))
            }
            (_, Some(file)) => self.text(Path::new(file)),
            _ => Err("no list of all hosts was given".into()),
        }
    }

    fn file(&self, path: &str) -> Result<String, String> {
        self.text(Path::new(path))
    }

    fn inventory(&self) -> Result<&Inventory, String> {
        self.inventory.get_or_init(|| self.read_inventory()).as_ref().map_err(Clone::clone)
    }
}
