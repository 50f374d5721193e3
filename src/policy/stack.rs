//! The stack of layers, and what it says about one action in one place.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::tool::{Effect, Glob, Harmless, Size};

use crate::world::FileRules;

use super::layer::{Amount, LayerFile, Limits, LimitsTable, Stance};

/// Where a layer comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Compiled in; its path in guard's sources.
    BuiltIn(&'static str),
    /// A file.
    File(PathBuf),
}

/// What a layer may do to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Built-in or site: may change anything.
    Site,
    /// Operator or project below a site: may only tighten.
    Tighten,
}

/// One policy file in the stack.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Where it comes from.
    pub origin: Origin,
    /// What it may do.
    pub standing: Standing,
    /// What it says.
    pub file: LayerFile,
    /// Its text, to show the deciding line.
    pub text: String,
}

/// One limit with the rule and the layer that set it.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// From how many.
    pub amount: Amount,
    /// The rule's name: the path in the TOML file.
    pub rule: String,
    /// Index of the layer.
    pub layer: usize,
}

/// The limits that hold for one action in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    /// From here on the number is typed.
    pub confirm: Vec<Limit>,
    /// From here on the dry run is shown.
    pub dry_run: Vec<Limit>,
    /// From here on it runs in stages.
    pub stage: Vec<Limit>,
    /// From here on a second person is needed.
    pub approve: Vec<Limit>,
    /// From here on it is refused.
    pub deny: Vec<Limit>,
    /// Protected names with the rule and layer that name them.
    pub protect: Vec<(Glob, String, usize)>,
    /// Names that are always confirmed, with the rule and layer that name them.
    pub confirm_names: Vec<(Glob, String, usize)>,
    /// What an unknown scope gets.
    pub unknown: Stance,
    /// How many rungs the environment raises.
    pub raise: u8,
}

/// A setting with the layer that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Index of the layer.
    pub layer: usize,
}

/// The environments a place belongs to.
///
/// A lower layer may say that a context is production, but what a site allows in an environment
/// holds only for contexts that the site itself puts there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environments {
    /// By the word of the site.
    pub site: Vec<String>,
    /// By the word of any layer.
    pub all: Vec<String>,
}

/// The stack of layers, built-in first.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The layers, in order of reading.
    pub layers: Vec<Layer>,
    files: OnceCell<Arc<FileRules>>,
}

/// What a ladder is asked for.
#[derive(Debug, Clone, Copy)]
struct Key<'a> {
    action: &'a str,
    effect: Effect,
    size: Size,
    environments: &'a Environments,
}

impl Policy {
    /// Takes layers, built-in first.
    pub fn new(layers: Vec<Layer>) -> Self {
        Self { layers, files: OnceCell::new() }
    }

    /// Returns the environments that a place belongs to, by any of its names.
    pub fn environments(&self, names: &[&str]) -> Environments {
        let mut found = Environments::default();
        for layer in &self.layers {
            for (name, environment) in &layer.file.environment {
                let hit = names.iter().any(|n| environment.contexts.iter().any(|g| g.matches(n.as_bytes())));
                if hit && layer.standing == Standing::Site && !found.site.contains(name) {
                    found.site.push(name.clone());
                }
                if hit && !found.all.contains(name) {
                    found.all.push(name.clone());
                }
            }
        }
        found
    }

    /// Returns the limits for an action with an effect on targets of a size.
    pub fn ladder(&self, action: &str, effect: Effect, size: Size, environments: &Environments) -> Ladder {
        let key = Key { action, effect, size, environments };
        Ladder {
            confirm: self.limits(key, "confirm", |l| l.confirm.as_ref().map(|a| &a.0)),
            dry_run: self.limits(key, "dry_run", |l| l.dry_run.as_ref().map(|a| &a.0)),
            stage: self.limits(key, "stage", |l| l.stage.as_ref().map(|a| &a.0)),
            approve: self.limits(key, "approve", |l| l.approve.as_ref().map(|a| &a.0)),
            deny: self.limits(key, "deny", |l| l.deny.as_ref().map(|a| &a.0)),
            protect: self.named(key, "protect", |l| &l.protect),
            confirm_names: self.named(key, "confirm_names", |l| &l.confirm_names),
            unknown: self.unknown(key),
            raise: self.raise(environments),
        }
    }

    /// The amounts of one rung: of the last site layer that speaks, and of every tightening one.
    fn limits(&self, key: Key<'_>, rung: &str, pick: impl Fn(&Limits) -> Option<&Vec<Amount>>) -> Vec<Limit> {
        let mut out = Vec::new();
        let mut site: Vec<Limit> = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let spoken = spoken(layer, key);
            let mut own = spoken.iter().filter_map(|(rule, limits)| {
                pick(limits).map(|amounts| {
                    amounts.iter().map(move |amount| Limit {
                        amount: *amount,
                        rule: format!("{rule}.{rung}"),
                        layer: index,
                    })
                })
            });
            match layer.standing {
                Standing::Site => {
                    if let Some(most_special) = own.next() {
                        site = most_special.collect();
                    }
                }
                Standing::Tighten => out.extend(own.flatten()),
            }
        }
        site.append(&mut out);
        site
    }

    /// Names that some rule lists: all layers add up, and a site may take back what sites said before.
    fn named(
        &self,
        key: Key<'_>,
        word: &str,
        pick: impl Fn(&Limits) -> &Vec<Glob>,
    ) -> Vec<(Glob, String, usize)> {
        let mut out: Vec<(Glob, String, usize)> = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let spoken = spoken(layer, key);
            if layer.standing == Standing::Site {
                let taken =
                    |glob: &Glob| spoken.iter().any(|(_, l)| l.unprotect.iter().any(|t| t == glob.text()));
                out.retain(|(glob, _, by)| self.layers[*by].standing == Standing::Tighten || !taken(glob));
            }
            for (rule, limits) in &spoken {
                out.extend(pick(limits).iter().map(|g| (g.clone(), format!("{rule}.{word}"), index)));
            }
        }
        out
    }

    /// Confirm, unless a site says otherwise; lower layers can only make it stricter.
    fn unknown(&self, key: Key<'_>) -> Stance {
        let mut stance = Stance::Confirm;
        for layer in &self.layers {
            let own = spoken(layer, key).into_iter().find_map(|(_, limits)| limits.unknown);
            stance = match (layer.standing, own) {
                (_, None) => stance,
                (Standing::Site, Some(own)) => own,
                (Standing::Tighten, Some(own)) => stance.max(own),
            };
        }
        stance
    }

    fn raise(&self, environments: &Environments) -> u8 {
        let of = |name: &String| {
            let mut raise = 0;
            for layer in &self.layers {
                let own = layer.file.environment.get(name).and_then(|e| e.raise);
                raise = match (layer.standing, own) {
                    (_, None) => raise,
                    (Standing::Site, Some(own)) => own,
                    (Standing::Tighten, Some(own)) => raise.max(own),
                };
            }
            raise
        };
        environments.all.iter().map(of).max().unwrap_or(0)
    }

    /// What is done about a command that no tool file names.
    pub fn unnamed(&self) -> Setting<Stance> {
        let mut setting = Setting { value: Stance::Allow, layer: 0 };
        for (layer, file) in self.layers.iter().enumerate() {
            if let Some(value) = file.file.unnamed
                && (file.standing == Standing::Site || value > setting.value)
            {
                setting = Setting { value, layer };
            }
        }
        setting
    }

    /// Programs that the site knows to change nothing.
    pub fn harmless(&self) -> impl Iterator<Item = &Harmless> {
        let site = self.layers.iter().filter(|layer| layer.standing == Standing::Site);
        site.flat_map(|layer| &layer.file.harmless)
    }

    /// How many members of a role must stay, of `total`; the last site layer's word, or stricter by a lower layer's.
    pub fn keep(&self, role: &str, tool: &str, total: u64) -> Option<Setting<u64>> {
        let mut strictest: Option<Setting<u64>> = None;
        for (layer, file) in self.layers.iter().enumerate() {
            let Some(named) = file.file.role.get(role) else { continue };
            if named.tool.as_ref().is_some_and(|t| t != tool) {
                continue;
            }
            let own = named.keep.as_ref().and_then(|k| k.0.iter().map(|a| a.floor_of(total)).max());
            if let Some(value) = own
                && (file.standing == Standing::Site || strictest.as_ref().is_none_or(|s| value > s.value))
            {
                strictest = Some(Setting { value, layer });
            }
        }
        strictest
    }

    /// Tells whether any layer names a floor for a role of a tool.
    pub fn has_floors(&self, tool: &str) -> bool {
        let mut roles = self.layers.iter().flat_map(|layer| layer.file.role.values());
        roles.any(|role| role.keep.is_some() && role.tool.as_ref().is_none_or(|t| t == tool))
    }

    /// What the names and contents of files mean, all layers together. Layers that may only
    /// tighten add what is protected and what is precious, not what is disposable.
    pub fn files(&self) -> &Arc<FileRules> {
        self.files.get_or_init(|| {
            let mut rules = FileRules::default();
            for layer in &self.layers {
                if let Some(own) = &layer.file.files {
                    add(&mut rules, own, layer.standing);
                }
            }
            Arc::new(rules)
        })
    }

    /// How long a plan file holds: the last site layer's word, or shorter by a lower layer's.
    /// Where nobody says, not at all.
    pub fn plan_expires(&self) -> Duration {
        let mut longest = Duration::ZERO;
        for layer in &self.layers {
            longest = match (layer.standing, layer.file.plan.expires) {
                (_, None) => longest,
                (Standing::Site, Some(own)) => own.0,
                (Standing::Tighten, Some(own)) => longest.min(own.0),
            };
        }
        longest
    }

    /// The last value that a site layer gives, by a picker.
    pub fn site<T>(&self, pick: impl Fn(&LayerFile) -> Option<T>) -> Option<T> {
        self.layers.iter().rev().filter(|l| l.standing == Standing::Site).find_map(|l| pick(&l.file))
    }
}

/// Adds the rules of a layer. What makes files count less is a site's to say.
fn add(rules: &mut FileRules, own: &FileRules, standing: Standing) {
    if standing == Standing::Site {
        for rule in &mut rules.protect {
            rule.paths.retain(|path| !own.unprotect.contains(path));
        }
    }
    rules.precious.extend(own.precious.iter().cloned());
    rules.protect.extend(own.protect.iter().cloned());
    rules.data.extend(own.data.iter().cloned());
    rules.deny.mounts |= own.deny.mounts;
    rules.deny.git |= own.deny.git;
    rules.deny.cwd |= own.deny.cwd;
    if standing == Standing::Site {
        rules.gitignored = own.gitignored.or(rules.gitignored);
        rules.cachedir_tag = own.cachedir_tag.or(rules.cachedir_tag);
        rules.disposable.names.extend(own.disposable.names.iter().cloned());
        rules.disposable.paths.extend(own.disposable.paths.iter().cloned());
        rules.disposable.beside.extend(own.disposable.beside.iter().cloned());
        rules.disposable.holding.extend(own.disposable.holding.iter().cloned());
    } else {
        // To let more count is to tighten.
        rules.gitignored = rules.gitignored.filter(|_| own.gitignored != Some(false));
        rules.cachedir_tag = rules.cachedir_tag.filter(|_| own.cachedir_tag != Some(false));
    }
}

/// What one file says about a key, the most special first, each with the rule's path.
fn spoken<'f>(layer: &'f Layer, key: Key<'_>) -> Vec<(String, &'f Limits)> {
    let file = &layer.file;
    let mut out = Vec::new();
    let environments = match layer.standing {
        Standing::Site => &key.environments.site,
        Standing::Tighten => &key.environments.all,
    };
    for name in environments {
        if let Some(environment) = file.environment.get(name) {
            in_table(&environment.limits, &format!("environment.{name}.limits"), key, &mut out);
        }
    }
    in_table(&file.limits, "limits", key, &mut out);
    out
}

fn in_table<'f>(table: &'f LimitsTable, path: &str, key: Key<'_>, out: &mut Vec<(String, &'f Limits)>) {
    if let Some(limits) = table.actions.get(key.action) {
        out.push((format!("{path}.\"{}\"", key.action), limits));
    }
    if let Some(by_size) = table.effects.get(&key.effect) {
        let rule = format!("{path}.{}.{}", key.effect.word(), key.size.word());
        out.push((rule, by_size.of(key.size)));
    }
}
