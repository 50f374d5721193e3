//! Command line → decision: read, match, resolve, judge. Starts nothing but listings.

use std::borrow::Cow;
use std::ffi::OsString;

use tracing::debug;

use crate::judge::{Case, Decision, Part, Rung, Starts, judge};
use crate::policy::{Amount, Environments, Ladder, Policy, Stance};
use crate::read::{Invocation, Library, Match, ReadFault, Understood, read, read_inside};
use crate::scope::{self, Certainty, Place, Scope, Words};
use crate::tool::{Effect, Freeze, Kinds, Source, ToolFile};
use crate::ui::escape::{escape, quote};
use crate::world::World;

use super::inner::Carried;
use super::{Fault, freezes, inner, sentences};

/// What guard knows when a command arrives.
pub struct Setup<'a> {
    /// The world.
    pub world: &'a dyn World,
    /// Decisions.
    pub policy: &'a Policy,
    /// Facts.
    pub shelf: &'a dyn Library,
    /// Kinds of targets.
    pub kinds: &'a Kinds,
}

/// How far to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Until the answer can't change.
    Enough,
    /// Until the answer can't change; then, for what is gated, all that a freeze holds on to.
    Act,
    /// Everything, for a plan.
    Full,
    /// As far as words and files go; tools are not asked.
    Offline,
}

/// Decides about a command line; starts nothing but listings.
pub fn decide(argv: &[OsString], setup: &Setup<'_>, depth: Depth) -> Result<Decision, Fault> {
    debug!(command = %quote(argv), ?depth, "decide");
    let mut parts = Vec::new();
    for understood in read(argv, setup.shelf)? {
        part(&understood, argv, setup, depth, &mut parts);
    }
    parts.iter_mut().for_each(|part| part.line = argv.to_vec());
    freezes::settle(&mut parts, depth);
    parts.iter().for_each(told);
    Decision::of(parts).ok_or_else(|| ReadFault::Empty.into())
}

/// Tells what came of one command.
fn told(part: &Part) {
    debug!(
        action = part.found.as_ref().map(|found| tracing::field::display(escape(&found.name()).into_owned())),
        context = %escape(&part.place.name),
        count = part.scope.as_ref().map(|scope| scope.count),
        certainty = part.scope.as_ref().map(|scope| tracing::field::debug(scope.certainty)),
        freeze = part.freeze.word(),
        rung = part.verdict.rung.word(),
        "verdict"
    );
    for reason in &part.verdict.reasons {
        debug!(rule = %escape(&reason.rule), rung = reason.rung.word(), "{}", reason.text);
    }
}

/// Judges one command, typed as `argv`, and the commands it carries.
fn part(understood: &Understood, argv: &[OsString], setup: &Setup<'_>, depth: Depth, parts: &mut Vec<Part>) {
    let typed = |part: Part| Part { argv: argv.to_vec(), ..part };
    debug!(
        tool = understood.tool.as_ref().map(|file| tracing::field::display(escape(&file.tool.names[0]).into_owned())),
        wrappers = understood.invocation.wrappers.len(),
        command = %quote(&understood.invocation.argv()),
        "read"
    );
    let Some(found) = Match::find(understood) else {
        return parts.push(typed(harmless(understood, setup)));
    };
    let carried = inner::carried(&found, setup);
    for command in &carried {
        if let Err(why) = inside(command, &found, setup, depth, parts) {
            parts.push(typed(not_understood(&found, setup, why)));
        }
    }
    if !carried.is_empty() && found.effect().is_none() {
        return;
    }
    // What only carries a command and carries none is a session.
    parts.push(typed(if found.effect().is_none() {
        Part { starts: Starts::Unread, ..harmless(understood, setup) }
    } else {
        judged(found, setup, depth)
    }));
}

/// A command that no tool file calls risky.
fn harmless(understood: &Understood, setup: &Setup<'_>) -> Part {
    let unnamed = understood.tool.is_none().then(|| setup.policy.unnamed());
    let verdict = match unnamed {
        Some(stance) if stance.value != Stance::Allow => sentences::unnamed(understood, &stance, setup.world),
        _ => sentences::allowed(),
    };
    Part {
        argv: Vec::new(),
        line: Vec::new(),
        found: None,
        wrappers: understood.invocation.wrappers.clone(),
        effect: None,
        freeze: Freeze::None,
        place: Place::default(),
        environments: Environments::default(),
        scope: None,
        verdict,
        starts: understood.tool.as_deref().map_or(Starts::Unknown, starts),
    }
}

/// What a tool starts by itself. What only runs another command, and was given none, opens a session.
fn starts(file: &ToolFile) -> Starts {
    let carries = file.tool.wrapper.is_some() || file.action.iter().any(|action| action.inner.is_some());
    if file.tool.hooks || carries { Starts::Unknown } else { Starts::Known }
}

/// Judges a carried command. What is found is put in place of `{}` only where that matters.
fn inside(
    command: &Carried,
    found: &Match,
    setup: &Setup<'_>,
    depth: Depth,
    parts: &mut Vec<Part>,
) -> Result<(), String> {
    let read = |argv: &[OsString]| {
        read_inside(argv, command.wrappers.clone(), setup.shelf).map_err(|fault| fault.to_string())
    };
    let mut words = Cow::Borrowed(&command.argv);
    let mut understood = read(&words)?;
    let risky = understood.iter().any(|one| Match::find(one).is_some());
    match &command.opaque {
        Some(why) if risky || command.argv.len() == 1 => return Err(why.clone()),
        _ => {}
    }
    if risky && let Some(argv) = inner::filled(&command.argv, found, setup)? {
        understood = read(&argv)?;
        words = Cow::Owned(argv);
    }
    for one in &understood {
        let around = Invocation { wrappers: command.wrappers.clone(), ..one.invocation.clone() };
        part(one, &around.wrap(words.to_vec()), setup, depth, parts);
    }
    Ok(())
}

/// A carried command that can't be read: unknown, never small.
fn not_understood(found: &Match, setup: &Setup<'_>, why: String) -> Part {
    let scope = scope::unknown("target", setup.kinds, why);
    Part { starts: Starts::Unread, ..with_scope(found.clone(), setup, scope, &[]) }
}

/// Judges an action: by its words where they settle it, else by what the world says.
fn judged(found: Match, setup: &Setup<'_>, depth: Depth) -> Part {
    let blanks: Vec<String> = found.blanks().iter().map(sentences::blank).collect();
    if let Some(condition) = found.unknown() {
        let why = format!("{condition} takes the targets out of sight");
        let scope = scope::unknown(&found.kind(), setup.kinds, why);
        return with_scope(found, setup, scope, &blanks);
    }
    let words = scope::words(&found, setup.kinds, setup.world);
    if !blanks.is_empty() && depth != Depth::Full {
        // Judged before any listing: the listing would read the empty word as everything, too.
        let scope = scope::unknown(&words.kind, setup.kinds, "an empty selector may mean everything".into());
        return with_scope(found, setup, scope, &blanks);
    }
    if depth != Depth::Full && scope::by_words(&found) {
        let quick = with_scope(found.clone(), setup, words.scope(setup.kinds), &blanks);
        if quick.verdict.rung == Rung::Deny || quick.verdict.allows() && settled(&quick, setup) {
            return quick;
        }
    }
    if depth == Depth::Offline && words.bounded && scope::by_words(&found) {
        return with_scope(found, setup, words.scope(setup.kinds), &blanks);
    }
    let full = depth == Depth::Full;
    let enough = enough(&found, setup, &words);
    let asked =
        scope::Question { found: &found, words: &words, kinds: setup.kinds, full, keep: full, enough };
    let scope = scope::resolve(&asked, setup.policy, setup.world);
    if scope.certainty == Certainty::Unknown && words.bounded && scope::by_words(&found) {
        // What its words alone forbid stays forbidden where they can't be looked up.
        let quick = with_scope(found.clone(), setup, words.scope(setup.kinds), &blanks);
        if quick.verdict.rung == Rung::Deny {
            return quick;
        }
    }
    if depth != Depth::Act || found.action().targets.source != Source::Files {
        return with_scope(found, setup, scope, &blanks);
    }
    let quick = with_scope(found.clone(), setup, scope, &blanks);
    if matches!(quick.verdict.rung, Rung::Allow | Rung::Deny) {
        return quick;
    }
    let scope = scope::resolve(&scope::Question { keep: true, ..asked }, setup.policy, setup.world);
    with_scope(found, setup, scope, &blanks)
}

/// The highest number of the ladder: one more can't change the answer.
fn enough(found: &Match, setup: &Setup<'_>, words: &Words) -> Option<u64> {
    let ladder = ladder(found, setup, &scope::empty(&words.kind, setup.kinds), &Environments::default());
    let all = [&ladder.confirm, &ladder.dry_run, &ladder.stage, &ladder.approve, &ladder.deny];
    let numbers = all.into_iter().flatten().map(|limit| match limit.amount {
        Amount::Number(n) => Some(n),
        Amount::Percent(_) => None,
    });
    numbers.collect::<Option<Vec<u64>>>()?.into_iter().max()
}

/// Tells whether an allowed scope by words alone can't become more by looking.
fn settled(part: &Part, setup: &Setup<'_>) -> bool {
    let Some((found, scope)) = part.found.as_ref().zip(part.scope.as_ref()) else { return false };
    if scope.certainty != Certainty::AtMost {
        return false;
    }
    let ladder = ladder(found, setup, scope, &part.environments);
    if (scope.count >= 2 || ladder.raise > 0) && scope::takes_along(found, scope) {
        return false;
    }
    let share = scope.count >= 2 && scope::has_percent(&ladder);
    found.action().fleet.is_none() || !share && !setup.policy.has_floors(&found.file.tool.names[0])
}

fn ladder(found: &Match, setup: &Setup<'_>, scope: &Scope, environments: &Environments) -> Ladder {
    let effect = scope.effect.or(found.effect()).unwrap_or(Effect::Destroy);
    setup.policy.ladder(&found.name(), effect, scope.size, environments)
}

/// Judges a scope. The context is read only where a rule or a message needs it.
fn with_scope(found: Match, setup: &Setup<'_>, mut scope: Scope, blanks: &[String]) -> Part {
    let effect = scope.effect.or(found.effect()).unwrap_or(Effect::Destroy);
    let place = scope::place(&found, setup.world);
    let mut names: Vec<&str> = place.parts.iter().map(|(_, value)| value.as_str()).collect();
    names.push(&place.name);
    let environments = setup.policy.environments(&names);
    let ladder = ladder(&found, setup, &scope, &environments);
    if scope.certainty != Certainty::AtMost && scope::asks_fleet(&ladder, &scope, setup.policy, &found) {
        scope::fleets(&found, &mut scope, setup.policy, setup.world);
    }
    scope::mark_session(&found, effect, &mut scope, setup.world);
    let freeze = found.action().freeze;
    let case =
        Case { effect, freeze, scope: &scope, place: &place, ladder: &ladder, blanks, kinds: setup.kinds };
    let verdict = judge(&case);
    Part {
        argv: Vec::new(),
        line: Vec::new(),
        wrappers: found.invocation.wrappers.clone(),
        effect: Some(effect),
        freeze,
        place,
        environments,
        scope: Some(scope),
        verdict,
        starts: if found.tool().hooks { Starts::Unknown } else { Starts::Known },
        found: Some(found),
    }
}
