//! A tool file made whole: what its actions take from one another, and the faults that TOML alone
//! can't tell.

use super::action::{Action, Targets};
use super::file::ToolFile;
use super::spec::Freeze;

/// Why a tool file that reads well still makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolFault {
    /// `same` names no action of the file.
    #[error("action '{0}' is the same as '{1}', which is no action before it")]
    Same(String, String),
    /// An action neither hits nor carries anything.
    #[error("action '{0}' has neither an effect nor an inner command")]
    NoEffect(String),
    /// A regular expression can't be read.
    #[error("action '{0}': keep is no regular expression: {1}")]
    Keep(String, String),
    /// The file names no program.
    #[error("the tool has no names")]
    NoNames,
    /// A template holds a name that no `text` table has.
    #[error("action '{0}': {1} holds '{{{2}}}', which is no placeholder and no name of a text table")]
    Placeholder(String, &'static str, String),
    /// Only a listing knows the targets, and there is none.
    #[error("action '{0}': source = \"listing\" needs a list, or unknown where none can be made")]
    NoList(String),
    /// A freeze by names without the command that names them.
    #[error("action '{0}': freeze = \"{1}\" needs a narrow that names the targets")]
    NoNarrow(String, &'static str),
    /// A narrowed command would not name what was shown.
    #[error("action '{0}': narrow '{1}' names no targets: it needs {{targets}}, {{folded}} or {{each …}}")]
    NamesNothing(String, String),
}

impl ToolFile {
    /// Fills in what actions take from one another, and checks what TOML alone can't say.
    pub fn complete(mut self) -> Result<Self, ToolFault> {
        if self.tool.names.is_empty() {
            return Err(ToolFault::NoNames);
        }
        for at in 0..self.action.len() {
            let (before, rest) = self.action.split_at_mut(at);
            let Some(action) = rest.first_mut() else { break };
            if let Some(same) = action.same.clone() {
                let model = before.iter().find(|a| a.name == same);
                let model = model.ok_or_else(|| ToolFault::Same(action.name.clone(), same))?;
                action.take_from(model);
            }
            if action.effect.is_none() && action.inner.is_none() {
                return Err(ToolFault::NoEffect(action.name.clone()));
            }
            let reads = std::iter::once(&action.read).chain(&action.preview_read);
            for keep in reads.filter_map(|read| read.keep.as_ref()) {
                regex::bytes::Regex::new(keep)
                    .map_err(|fault| ToolFault::Keep(action.name.clone(), fault.to_string()))?;
            }
            action.makes_sense(&self.tool)?;
        }
        Ok(self)
    }
}

impl Action {
    /// Takes what this action does not say itself from another.
    fn take_from(&mut self, model: &Self) {
        if self.targets == Targets::default() {
            self.targets = model.targets.clone();
        }
        if self.list.is_none() {
            self.list = model.list.clone();
            self.read = model.read.clone();
        }
        if self.narrow.is_none() {
            self.narrow.clone_from(&model.narrow);
        }
        if self.preview.is_none() {
            self.preview.clone_from(&model.preview);
            self.preview_read.clone_from(&model.preview_read);
        }
        if self.fleet.is_none() {
            self.fleet.clone_from(&model.fleet);
            self.fleet_read.clone_from(&model.fleet_read);
        }
        if self.dependents.is_none() {
            self.dependents.clone_from(&model.dependents);
        }
        if self.dependents == model.dependents {
            self.dependents_read = model.dependents_read.clone();
        }
        if self.freeze == Freeze::None {
            self.freeze = model.freeze;
            self.by_namespace |= model.by_namespace;
            self.max_args = self.max_args.or(model.max_args);
        }
        self.session = self.session.take().or_else(|| model.session.clone());
        self.health = self.health.take().or_else(|| model.health.clone());
        self.effect = self.effect.take().or_else(|| model.effect.clone());
        self.inner = self.inner.take().or_else(|| model.inner.clone());
        for (name, text) in &model.text {
            self.text.entry(name.clone()).or_insert_with(|| text.clone());
        }
    }
}
