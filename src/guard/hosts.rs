//! The hosts that a command carries another to: what is risky there happens on each of them, and what
//! nobody knows is a change of each.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::rc::Rc;

use crate::judge::{Part, Starts};
use crate::read::{Match, Understood};
use crate::scope::{self, Certainty, Frozen, Scope, empty};
use crate::tool::{Asked, Effect, Freeze, Source, is_harmless};

use super::around::Around;
use super::decide::{Depth, Setup, verdict, with_scope};

/// The places where carried commands run, as the command around them names them.
#[derive(Debug)]
pub struct Hosts {
    found: Match,
    /// Why nobody can say which they are.
    open: Option<String>,
    scope: OnceCell<Scope>,
}

impl Hosts {
    /// The hosts of a command that carries others elsewhere; `None` where it names none (a container,
    /// another root folder): then it is one place.
    pub fn of(found: &Match, around: &Around) -> Option<Rc<Self>> {
        if found.action().targets.kind.is_empty() {
            return None;
        }
        let named = found.named();
        let unknown = named.iter().find(|word| around.is_unknown(word));
        // One that is not known is still one, where it is the only one and nothing puts others in its place.
        let fed =
            found.invocation.wrappers.iter().any(|wrapper| wrapper.adds || wrapper.more && !wrapper.shell);
        let several = around.open.is_some() || fed || found.action().targets.source != Source::Operands;
        let why = |_: &&OsStr| around.any(found).unwrap_or_else(|| "its hosts are not known".into());
        let open = unknown.filter(|_| several).map(why);
        Some(Rc::new(Self { found: found.clone(), open, scope: OnceCell::new() }))
    }

    /// How many they are, and which.
    fn scope(&self, setup: &Setup<'_>, depth: Depth) -> &Scope {
        self.scope.get_or_init(|| {
            if self.found.action().inner.as_ref().is_some_and(|inner| inner.each) {
                // The carrier itself counts them; what is inside is judged for one of them.
                return Scope { count: 1, ..empty(&self.found.kind(), setup.kinds) };
            }
            let words = scope::words(&self.found, setup.kinds, setup.world);
            if let Some(why) = &self.open {
                return scope::unknown(&words.kind, setup.kinds, why.clone());
            }
            if scope::by_words(&self.found) && words.bounded {
                return Scope { certainty: Certainty::Exact, ..words.scope(setup.kinds) };
            }
            let full = depth == Depth::Full;
            let (found, kinds) = (&self.found, setup.kinds);
            let asked = scope::Question { found, words: &words, kinds, full, keep: false, enough: None };
            scope::resolve(&asked, setup.policy, setup.world)
        })
    }

    /// A command that nothing names: on each host it changes what nobody knows.
    pub fn changed(&self, setup: &Setup<'_>, depth: Depth) -> Part {
        let hosts = copy(self.scope(setup, depth), setup);
        let scope = Scope { effect: Some(Effect::Change), ..hosts };
        let part = with_scope(self.found.clone(), setup, scope, &[]);
        Part { freeze: Freeze::None, starts: Starts::Unknown, ..part }
    }

    /// A risky action, which each of the hosts runs.
    pub fn times(&self, part: Part, setup: &Setup<'_>, depth: Depth) -> Part {
        let hosts = self.scope(setup, depth);
        if hosts.certainty == Certainty::Exact && hosts.count == 1 {
            return part;
        }
        let Some(each) = &part.scope else { return part };
        let mut all = copy(each, setup);
        all.protected.clone_from(&each.protected);
        if hosts.certainty == Certainty::Unknown {
            all.certainty = Certainty::Unknown;
            all.unknown.clone_from(&hosts.unknown);
        } else if each.certainty != Certainty::Unknown {
            all.count = each.count.saturating_mul(hosts.count);
            let least = [each.certainty, hosts.certainty].contains(&Certainty::AtLeast);
            all.certainty = if least { Certainty::AtLeast } else { each.certainty };
        }
        all.notes.push(format!("on each of {}", setup.kinds.count(hosts.count, &hosts.kind)));
        let verdict = verdict(&part, &all, setup);
        Part { scope: Some(all), verdict, freeze: Freeze::None, ..part }
    }
}

/// A scope without what only a freeze holds on to.
fn copy(of: &Scope, setup: &Setup<'_>) -> Scope {
    Scope {
        size: of.size,
        effect: of.effect,
        certainty: of.certainty,
        count: of.count,
        targets: of.targets.clone(),
        sample: of.sample.clone(),
        notes: of.notes.clone(),
        unknown: of.unknown.clone(),
        frozen: Frozen::Nothing,
        ..empty(&of.kind, setup.kinds)
    }
}

/// Tells whether a command that no tool file calls risky is known to change nothing.
pub fn changes_nothing(understood: &Understood, around: &Around, setup: &Setup<'_>) -> bool {
    let invocation = &understood.invocation;
    let argv = invocation.argv();
    let words: Vec<&OsStr> = argv[1..].iter().map(AsRef::as_ref).collect();
    let operands: Vec<&OsStr> = invocation.words().collect();
    let asked = Asked {
        program: &invocation.program,
        words: &words,
        operands: understood.tool.is_some().then_some(&operands),
        open: words.iter().any(|word| around.is_unknown(word)),
    };
    !around.writes && is_harmless(&asked, setup.policy.harmless())
}
