//! Refs that `git push` forces or deletes, as its words name them.
//!
//! A push that says which refs it means is bounded by them; one that leaves it to the branch that
//! is checked out is, too, where files tell which that is. Everything else git is asked for.

use std::ffi::OsStr;

use crate::read::Match;
use crate::tool::{Kinds, OptionName};
use crate::world::World;

use super::git::{Repository, text};
use super::words::{Words, named};

/// A ref of the remote.
#[derive(Debug, PartialEq, Eq)]
enum Ref<'w> {
    /// By its name.
    Named(&'w str),
    /// The one of the branch that is checked out.
    Head,
}

/// The refs by words alone: a bound where all are named.
pub fn plain(found: &Match, kinds: &Kinds) -> Words {
    let names = refs(found).and_then(|refs| refs.iter().map(|r| name(r, None)).collect());
    of(found, kinds, names)
}

/// The refs by words and by the files of the repository.
pub fn looked_up(found: &Match, kinds: &Kinds, world: &dyn World) -> Words {
    let Some(refs) = refs(found) else { return of(found, kinds, None) };
    let repository = Repository::of(found, world);
    if repository.as_ref().is_some_and(redirects) {
        return of(found, kinds, None);
    }
    let default =
        |r: &Repository| matches!(r.value("push", "", "default"), None | Some("simple" | "current"));
    let whole = repository.as_ref().is_some_and(|r| !r.includes && default(r));
    let head = repository.as_ref().and_then(|r| r.head.as_deref());
    let names = if found.named().is_empty() {
        // Nothing named: the branch that is checked out, unless the configuration says otherwise.
        head.filter(|_| whole).map(|head| vec![head])
    } else {
        refs.iter().map(|r| name(r, head)).collect()
    };
    of(found, kinds, names)
}

fn name<'n>(one: &Ref<'n>, head: Option<&'n str>) -> Option<&'n str> {
    match one {
        Ref::Named(name) => Some(name),
        Ref::Head => head,
    }
}

fn of(found: &Match, kinds: &Kinds, names: Option<Vec<&str>>) -> Words {
    let kind = kinds.singular(&found.kind());
    let mut names = names.unwrap_or_default();
    names.sort_unstable();
    names.dedup();
    let targets: Vec<_> = names.iter().map(|name| named(&kind, OsStr::new(name))).collect();
    Words { bounded: !targets.is_empty(), targets, kind }
}

/// Tells whether the configuration gives the words of a push another meaning.
fn redirects(repository: &Repository) -> bool {
    let redirect = |key: &str| matches!(key, "push" | "mirror");
    repository.config.iter().any(|e| e.section == "remote" && redirect(&e.key) && e.value != "false")
}

/// The refs that go or change other than forward; `None` where the words are no bound.
fn refs(found: &Match) -> Option<Vec<Ref<'_>>> {
    let has = |name: &str| found.invocation.option(&OptionName::unlisted(name)).is_some();
    let words: Vec<&str> = found.named().into_iter().map(text).collect::<Option<_>>()?;
    if found.wide() || words.contains(&"tag") {
        return None;
    }
    if has("-d") || has("--delete") {
        return Some(words.into_iter().map(Ref::Named).collect());
    }
    let all = ["-f", "--force", "--force-with-lease"].into_iter().any(has);
    let mut out = Vec::new();
    for word in words {
        let (forced, spec) = word.strip_prefix('+').map_or((all, word), |spec| (true, spec));
        let (from, to) = spec.rsplit_once(':').unwrap_or((spec, spec));
        if spec.is_empty() || to.is_empty() || spec.starts_with('^') || spec.contains('*') {
            return None;
        }
        if !forced && !from.is_empty() {
            continue;
        }
        out.push(if matches!(to, "HEAD" | "@") { Ref::Head } else { Ref::Named(to) });
    }
    Some(out)
}
