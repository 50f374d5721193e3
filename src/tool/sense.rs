//! What of a tool file makes no sense though it reads well: faults that stop guard, and remarks.
//!
//! A template that would quietly come out with fewer words than were meant, or a freeze that names
//! nothing, is a fault wherever the file is loaded. What is only hardly meant is a remark of
//! `guardctl tools check`.

use super::action::{Action, Source};
use super::builtin::builtin;
use super::complete::ToolFault;
use super::file::{Tool, ToolFile};
use super::kinds::Kinds;
use super::listing::Dependents;
use super::spec::Freeze;
use super::template::{Part, Placeholder, Template};

impl Action {
    /// Every template of the action, by its key.
    fn templates(&self) -> impl Iterator<Item = (&'static str, &Template)> {
        let one = [
            ("list", &self.list),
            ("fleet", &self.fleet),
            ("narrow", &self.narrow),
            ("preview", &self.preview),
        ];
        let dependents: Vec<&Template> = match &self.dependents {
            Some(Dependents::All(template)) => vec![template],
            Some(Dependents::Kind(by_kind)) => by_kind.values().collect(),
            None => Vec::new(),
        };
        let dependents = dependents.into_iter().map(|template| ("dependents", template));
        let health = self.health.iter().map(|health| ("health", &health.check));
        one.into_iter()
            .filter_map(|(key, template)| Some((key, template.as_ref()?)))
            .chain(dependents)
            .chain(health)
    }

    /// Checks that templates can be filled and that the freeze has something to name.
    pub(super) fn makes_sense(&self, tool: &Tool) -> Result<(), ToolFault> {
        for (key, template) in self.templates() {
            for place in places(template) {
                if let Placeholder::Text(name) = place
                    && !self.text.contains_key(name)
                    && !tool.text.contains_key(name)
                {
                    return Err(ToolFault::Placeholder(self.name.clone(), key, name.clone()));
                }
            }
        }
        if self.targets.source == Source::Listing && self.list.is_none() && self.unknown.is_empty() {
            return Err(ToolFault::NoList(self.name.clone()));
        }
        if !matches!(self.freeze, Freeze::Names | Freeze::Lease) {
            return Ok(());
        }
        match &self.narrow {
            None => Err(ToolFault::NoNarrow(self.name.clone(), self.freeze.word())),
            Some(narrow) if !narrow.names_targets() => {
                Err(ToolFault::NamesNothing(self.name.clone(), narrow.text().to_owned()))
            }
            Some(_) => Ok(()),
        }
    }
}

fn places(template: &Template) -> impl Iterator<Item = &Placeholder> {
    template.words().iter().flatten().filter_map(|part| match part {
        Part::Place(place) => Some(place),
        Part::Literal(_) => None,
    })
}

fn names_targets(place: &Placeholder) -> bool {
    matches!(place, Placeholder::Targets { .. } | Placeholder::Folded | Placeholder::Each(_))
}

impl Template {
    /// Tells whether it names targets: every one that it is filled with.
    pub fn names_targets(&self) -> bool {
        places(self).any(names_targets)
    }
}

impl ToolFile {
    /// What is hardly meant, a sentence each. `called` is the file's own name without `.toml`.
    #[must_use]
    pub fn remarks(&self, called: &str, kinds: &Kinds) -> Vec<String> {
        let mut out = Vec::new();
        if !self.tool.names.iter().any(|name| name == called) {
            out.push(format!(
                "the file is called {called}.toml, and its names are {}: guard looks only for NAME.toml",
                self.tool.names.join(", ")
            ));
        }
        out.extend(self.switches_off());
        for action in &self.action {
            out.extend(self.remarks_on(action, kinds));
        }
        out
    }

    /// Says that this file takes away what guard knows of a tool: none of its actions is left.
    #[must_use]
    pub fn switches_off(&self) -> Option<String> {
        let judged = |name: &&String| {
            let file = builtin(name).and_then(|built_in| built_in.file().ok());
            file.is_some_and(|file| !file.action.is_empty() || file.tool.wrapper.is_some())
        };
        let off = self.tool.wrapper.is_none() && self.action.is_empty();
        let name = self.tool.names.iter().find(judged).filter(|_| off)?;
        Some(format!("no action is left of the built-in file for '{name}': guard lets all of it pass"))
    }

    fn remarks_on(&self, action: &Action, kinds: &Kinds) -> Vec<String> {
        let name = &action.name;
        let mut out = Vec::new();
        let kind = &action.targets.kind;
        if !kind.is_empty() && !kind.contains('{') && !kinds.kind.contains_key(&kinds.singular(kind)) {
            out.push(format!(
                "action '{name}': policies/kinds.toml has no kind '{kind}', so it counts as a member"
            ));
        }
        for (key, template) in action.templates() {
            let shell = |word: &&Vec<Part>| {
                matches!(word.as_slice(), [Part::Literal(text)]
                    if matches!(text.as_str(), "|" | "||" | "&&" | ";" | ">" | "<"))
            };
            if let Some([Part::Literal(word)]) = template.words().iter().find(shell).map(Vec::as_slice) {
                out.push(format!(
                    "action '{name}': {key} has the word '{word}', and no shell reads it: write sh -c '…'"
                ));
            }
        }
        let program = action.narrow.as_ref().and_then(|narrow| narrow.words().first());
        if let Some([Part::Literal(program)]) = program.map(Vec::as_slice)
            && !self.tool.names.contains(program)
            && builtin(program).is_none()
        {
            out.push(format!("action '{name}': narrow starts '{program}', which is neither this tool nor one that guard knows"));
        }
        out
    }
}
