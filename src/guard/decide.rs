//! Command line → decision: read, match, resolve, judge. Starts nothing but listings.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use tracing::debug;

use crate::judge::{Case, Decision, Part, Rung, Starts, Verdict, judge};
use crate::policy::{Amount, Environments, Ladder, Policy, Stance};
use crate::read::{Invocation, Library, Match, Piece, ReadFault, Understood, read};
use crate::scope::{self, Certainty, Place, Scope, Words};
use crate::tool::{Effect, Freeze, Kinds, Source, ToolFile};
use crate::ui::escape::{escape, quote};
use crate::world::{Moved, Offline, World};

use super::alias::aliased;
use super::around::Around;
use super::fed::fed;
use super::folder::led;
use super::hosts::{Hosts, changes_nothing};
use super::inner::{Carried, What};
use super::jobs::jobs;
use super::text::text;
use super::under::Under;
use super::{Fault, freezes, inner, prints, sentences, sql, unjudged};

/// What guard knows when a command arrives.
#[derive(Clone, Copy)]
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
        let under = Under { around: &Around::default(), setup: *setup, depth };
        part(&understood, argv, under, &mut parts);
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
pub fn part(understood: &Understood, argv: &[OsString], under: Under<'_>, parts: &mut Vec<Part>) {
    let Under { around, ref setup, depth } = under;
    if let Some((understood, around, folder)) = led(understood, around, setup.world) {
        let moved = Moved::new(setup.world, folder, Vec::new());
        let setup = Setup { world: &moved, ..*setup };
        return part(&understood, argv, Under { around: &around, setup, depth }, parts);
    }
    let invocation = &understood.invocation;
    let typed = |part: Part| Part { argv: argv.to_vec(), ..part };
    debug!(
        tool = understood.tool.as_ref().map(|file| tracing::field::display(escape(&file.tool.names[0]).into_owned())),
        wrappers = invocation.wrappers.len(),
        command = %quote(&invocation.argv()),
        "read"
    );
    if let Some(why) = around.program(&invocation.program) {
        return parts.push(unjudged::unknown(argv, setup.world, setup.kinds, why.to_owned()));
    }
    match aliased(understood, argv, under, parts) {
        Ok(false) => {}
        Ok(true) => return,
        Err(why) => return parts.push(unjudged::unknown(argv, setup.world, setup.kinds, why)),
    }
    let Some(mut found) = Match::find_with(understood, &|word| around.is_unknown(word)) else {
        return parts.push(typed(match more(understood, around) {
            Some((found, why)) => not_understood(&found, setup, why),
            None => quiet(understood, under),
        }));
    };
    let before = parts.len();
    // Of many places none is asked by itself what the command would hit there.
    let each = found.action().inner.as_ref().is_some_and(|inner| inner.each);
    let offline = Offline(setup.world);
    let there = if each {
        Under { around, setup: Setup { world: &offline, ..*setup }, depth: Depth::Offline }
    } else {
        under
    };
    let statements = sql::statements(&found, around, setup);
    for command in inner::carried(&found, &around.input, setup).iter().chain(&statements) {
        if let Err(why) = inside(command, &found, there, parts) {
            parts.push(typed(not_understood(&found, setup, why)));
        }
    }
    if each && parts.len() > before {
        let carried = &parts[before..];
        if carried.iter().all(|part| part.effect.is_none() && part.verdict.allows()) {
            return;
        }
        let effect = carried.iter().filter_map(|part| part.effect).chain(found.effect()).max();
        found = found.carrying(effect);
        if carried.iter().all(|part| part.verdict.allows()) {
            // What is hit is the places; what each of them bears is said by the effect.
            parts.truncate(before);
        }
    } else if parts.len() > before && found.effect().is_none() {
        return;
    }
    let judged = match around.why(&found) {
        // What only carries a command and carries none is a session.
        _ if found.effect().is_none() => Part { starts: Starts::Unread, ..quiet(understood, under) },
        Some(why) => {
            let open = not_understood(&found, setup, why);
            match at_least(understood, under) {
                Some(known) if known.verdict.rung > open.verdict.rung => known,
                _ => open,
            }
        }
        None => judged(found, setup, depth),
    };
    let judged = match &around.hosts {
        Some(hosts) if judged.effect.is_some() => hosts.times(judged, setup, depth),
        _ => judged,
    };
    parts.push(typed(judged));
}

/// What the words that are known hit by themselves: a word that is not known takes nothing away.
fn at_least(understood: &Understood, under: Under<'_>) -> Option<Part> {
    let Under { around, ref setup, depth } = under;
    let mut known = understood.clone();
    known.invocation.pieces.retain(|piece| !matches!(piece, Piece::Operand(word) if around.is_unknown(word)));
    let found = Match::find(&known).filter(|found| found.effect().is_some() && !found.named().is_empty())?;
    let any_left =
        around.lost.is_none() && known.invocation.pieces.len() < understood.invocation.pieces.len();
    any_left.then(|| judged(found, setup, depth))
}

/// The action that a command is with other words in the place of those that nobody knows.
fn more(understood: &Understood, around: &Around) -> Option<(Match, String)> {
    let with = understood.with_any(&|word| around.is_unknown(word))?;
    let found = Match::find(&with).filter(|found| found.effect().is_some())?;
    let why = around.any(&found)?;
    Some((found, why))
}

/// A command that no tool file calls risky. On other hosts it may change what nobody knows.
fn quiet(understood: &Understood, under: Under<'_>) -> Part {
    let Under { around, ref setup, depth } = under;
    let part = harmless(understood, setup);
    match &around.hosts {
        Some(hosts) if part.verdict.allows() && !changes_nothing(understood, around, setup) => {
            hosts.changed(setup, depth)
        }
        _ => part,
    }
}

/// A command that no tool file calls risky.
pub(super) fn harmless(understood: &Understood, setup: &Setup<'_>) -> Part {
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
        folder: setup.world.session().cwd.clone(),
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
fn inside(command: &Carried, found: &Match, under: Under<'_>, parts: &mut Vec<Part>) -> Result<(), String> {
    let again = found.action().inner.as_ref().is_some_and(|inner| inner.repeats);
    let again = again.then(|| format!("{} runs it again and again", found.file.tool.names[0]));
    let mut around = under.around.and(Vec::new(), again, None);
    if found.action().inner.as_ref().is_some_and(|inner| inner.elsewhere) {
        around.hosts = Hosts::of(found, &around).or(around.hosts);
        around.way.clear();
    }
    let wrappers = &command.wrappers;
    let argv = match &command.what {
        What::Open(why) => return Err(why.clone()),
        What::Text(of, arguments) => {
            return text(of, arguments.clone(), wrappers, under.around(&around), parts);
        }
        What::Jobs => return jobs(found, wrappers, under.around(&around), parts),
        What::Fed(argv) => return fed(argv, found, wrappers, under.around(&around), parts),
        What::Words(argv) => argv,
    };
    let read = |argv: &[OsString]| under.read(argv, wrappers).map_err(|fault| fault.to_string());
    let mut words = Cow::Borrowed(argv);
    let mut understood = read(argv)?;
    let risky = |one: &Understood| Match::find(one).is_some_and(|found| found.effect().is_some());
    if understood.iter().any(risky) {
        if let Some(argv) = prints::bounding(argv, found).filter(|_| !under.setup.world.lists()) {
            let wrappers = &found.invocation.wrappers;
            let all = under.read(&argv, wrappers).map_err(|fault| fault.to_string())?;
            all.iter().for_each(|one| part(one, &argv, under.around(&around), parts));
            return Ok(());
        }
        if let Some(argv) = inner::filled(argv, found, &under.setup)? {
            understood = read(&argv)?;
            words = Cow::Owned(argv);
        }
    } else {
        // In what carries a command in turn, nobody can say which of them stands where.
        let marks = argv.iter().filter(|word| word.as_bytes().windows(2).any(|pair| pair == b"{}"));
        let why = || "{} stands for each of what is found".to_owned();
        around = around.and(marks.map(|word| (word.clone(), why())).collect(), None, None);
    }
    for one in &understood {
        let typed = Invocation { wrappers: wrappers.clone(), ..one.invocation.clone() }.wrap(words.to_vec());
        part(one, &typed, under.around(&around), parts);
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
    let blanks = found.blanks();
    let says = blanks.first().and_then(|blank| blank.says.clone());
    let blanks: Vec<String> = blanks.iter().map(sentences::blank).collect();
    if let Some(condition) = found.unknown() {
        let why = format!("{condition} takes the targets out of sight");
        let scope = scope::unknown(&found.kind(), setup.kinds, why);
        return with_scope(found, setup, scope, &blanks);
    }
    let words = scope::words(&found, setup.kinds, setup.world);
    if !blanks.is_empty() && depth != Depth::Full {
        // Judged before any listing: the listing would read the empty word as everything, too.
        let why = says.unwrap_or_else(|| "an empty selector may mean everything".into());
        let scope = scope::unknown(&words.kind, setup.kinds, why);
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

pub(super) fn ladder(found: &Match, setup: &Setup<'_>, scope: &Scope, environments: &Environments) -> Ladder {
    let effect = scope.effect.or(found.effect()).unwrap_or(Effect::Destroy);
    setup.policy.ladder(&found.name(), effect, scope.size, environments)
}

/// Judges a scope. The context is read only where a rule or a message needs it.
pub(super) fn with_scope(found: Match, setup: &Setup<'_>, mut scope: Scope, blanks: &[String]) -> Part {
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
        folder: setup.world.session().cwd.clone(),
        place,
        environments,
        scope: Some(scope),
        verdict,
        starts: if found.tool().hooks { Starts::Unknown } else { Starts::Known },
        found: Some(found),
    }
}

/// The verdict on a part if it hit this much.
pub fn verdict(part: &Part, scope: &Scope, setup: &Setup<'_>) -> Verdict {
    let Some(found) = &part.found else { return part.verdict.clone() };
    let ladder = ladder(found, setup, scope, &part.environments);
    let effect = part.effect.unwrap_or(Effect::Destroy);
    let (freeze, place) = (part.freeze, &part.place);
    judge(&Case { effect, freeze, scope, place, ladder: &ladder, blanks: &[], kinds: setup.kinds })
}
