//! Narrows a command to frozen targets: the operator's argv with names in place of selectors.
//!
//! Pure. Every other option stays as typed; one call takes as many targets as fit, and targets of
//! one namespace only where the tool file says so.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::read::{Fill, Key, Match};
use crate::tool::{Source, Template};

use super::target::Target;

/// Targets in one call at the most; far below what a kernel takes, and a batch a person can read.
pub const MOST_TARGETS: usize = 1000;

/// Bytes of target names in one call at the most.
pub const MOST_BYTES: usize = 100_000;

/// One narrowed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The words to run, wrappers in front.
    pub argv: Vec<OsString>,
    /// Indices of the targets it acts on.
    pub targets: Vec<usize>,
}

/// Why a command can't be narrowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NarrowFault {
    /// The tool file does not say how.
    #[error("its tool file does not say how to narrow it to names")]
    NoTemplate,
    /// A name that the tool would take for an option.
    #[error("the target '{0}' begins with '-', so it can't be named on a command line")]
    Dash(String),
}

/// Makes the calls that act on exactly these targets, in their order.
pub fn calls(found: &Match, targets: &[Target]) -> Result<Vec<Call>, NarrowFault> {
    let template = found.action().narrow.as_ref().ok_or(NarrowFault::NoTemplate)?;
    let mut calls = filled(found, template, targets)?;
    for call in &mut calls {
        call.argv = found.invocation.wrap(std::mem::take(&mut call.argv));
    }
    Ok(calls)
}

/// Fills a template that names targets, once for what one call of the action takes; without wrappers.
pub fn filled(found: &Match, template: &Template, targets: &[Target]) -> Result<Vec<Call>, NarrowFault> {
    let ends_options = template
        .words()
        .iter()
        .any(|parts| matches!(parts.as_slice(), [crate::tool::Part::Literal(word)] if word == "--"));
    let typed = typed_type(found);
    let mut calls = Vec::new();
    for batch in batches(found, targets) {
        let names: Vec<OsString> =
            batch.iter().map(|at| word(found, typed.as_deref(), &targets[*at])).collect();
        if let Some(name) = names.iter().find(|n| n.as_bytes().starts_with(b"-"))
            && !ends_options
        {
            return Err(NarrowFault::Dash(name.to_string_lossy().into_owned()));
        }
        let first = batch.first().map(|at| &targets[*at]);
        let keys: Vec<Key<'_>> = batch.iter().map(|at| key(&targets[*at])).collect();
        let fill = Fill {
            targets: &names,
            keys: &keys,
            target: names.first().map(OsString::as_os_str),
            group: first.and_then(|target| target.group.as_deref()),
            namespace: first.and_then(|target| target.namespace.as_deref()),
            count: names.len() as u64,
            ..Fill::default()
        };
        calls.push(Call { argv: found.fill(template, &fill), targets: batch });
    }
    Ok(calls)
}

/// Makes the call that the tool itself ends at a number of targets.
pub fn capped_call(found: &Match, count: u64) -> Option<Vec<OsString>> {
    let template = found.action().narrow.as_ref()?;
    Some(found.invocation.wrap(found.fill(template, &Fill { count, ..Fill::default() })))
}

/// Targets in one call of an action at the most.
pub fn per_call(found: &Match) -> usize {
    found.action().max_args.map_or(MOST_TARGETS, |most| (most as usize).clamp(1, MOST_TARGETS))
}

/// Splits targets into what one call takes.
fn batches(found: &Match, targets: &[Target]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..targets.len()).collect();
    if found.action().by_namespace {
        order.sort_by_key(|at| &targets[*at].namespace);
    }
    let mut all: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for at in order {
        let size = targets[at].name.len() + 1;
        let fits = all.last().and_then(|batch| batch.first().map(|first| (batch.len(), *first))).is_some_and(
            |(len, first)| {
                let together =
                    !found.action().by_namespace || targets[first].namespace == targets[at].namespace;
                together && len < per_call(found) && bytes + size <= MOST_BYTES
            },
        );
        if fits {
            if let Some(batch) = all.last_mut() {
                batch.push(at);
            }
            bytes += size;
        } else {
            all.push(vec![at]);
            bytes = size;
        }
    }
    all
}

fn key(target: &Target) -> Key<'_> {
    Key {
        name: &target.name,
        uid: target.uid.as_deref().unwrap_or(""),
        namespace: target.namespace.as_deref().unwrap_or(""),
    }
}

/// How the tool takes one target: its name, or `TYPE/NAME`.
fn word(found: &Match, typed: Option<&str>, target: &Target) -> OsString {
    if found.action().targets.source != Source::Resources {
        return target.name.clone();
    }
    // A category (`all`) or short name as typed is no type of this very target; then the listing's
    // own word is exact.
    let typed = typed.filter(|t| target.api.is_none() || t.starts_with(&target.kind));
    let mut word = OsString::from(typed.map_or_else(|| target.type_word(), str::to_owned));
    word.push("/");
    word.push(&target.name);
    word
}

/// The one resource type as typed, which can say more than the kind does (`certificates.k8s.io`).
fn typed_type(found: &Match) -> Option<String> {
    let named = found.named();
    let first = named.first()?;
    let plain = !named.iter().any(|w| w.as_bytes().contains(&b'/'));
    let text = OsStr::to_str(first)?;
    (plain && !text.contains(',')).then(|| text.to_owned())
}
