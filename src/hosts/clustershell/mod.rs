//! ClusterShell's node sets: `web[1-9]!web3`, `dc[1-2]n[01-10]`, `@group`, `web*` (clush, nodeset).
//!
//! Operators are read from left to right, without precedence. Groups and wildcards are asked of the
//! tool's own group source; they count as unknown where there is nobody to ask.

mod ranges;
mod scan;

use scan::Scan;

use crate::hosts::build::Builder;
use crate::hosts::fault::Fault;
use crate::hosts::globs::Glob;
use crate::hosts::grid::{Op, Work};
use crate::hosts::known::Known;
use crate::hosts::set::HostSet;
use crate::hosts::term::{NUMBER, Term};

/// Groups inside groups that are followed.
const DEEPEST: usize = 16;

/// Groups that one word names at the most.
const MOST_GROUPS: u64 = 10_000;

/// True for what is one name whatever stands around it.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains([',', '!', '&', '^', '[', ']', '@', '*', '?']) && text.trim() == text
}

/// Reads a node set.
pub fn read(text: &str, known: &dyn Known, work: &mut Work) -> Result<HostSet, Fault> {
    if text.contains(NUMBER) {
        return Err(Fault::form(text.replace(NUMBER, "?"), "a name holds no NUL"));
    }
    Reader { known, source: None, depth: 0 }.read(text, work)
}

#[derive(Clone)]
struct Reader<'k> {
    known: &'k dyn Known,
    /// The group source that the text came from.
    source: Option<String>,
    depth: usize,
}

impl Reader<'_> {
    fn read(&self, text: &str, work: &mut Work) -> Result<HostSet, Fault> {
        let mut scan = Scan::new(text.trim());
        let mut set = HostSet::default();
        // Terms that are added one after another (or taken away) are gathered and handled at once.
        let mut gathered = (Op::Union, Builder::default());
        while let Some((op, terms)) = scan.next(work)? {
            if op != gathered.0 || !matches!(op, Op::Union | Op::Difference) {
                let (op, builder) = std::mem::replace(&mut gathered, (op, Builder::default()));
                set = set.combine(builder.finish(work)?, op, work)?;
            }
            for term in &terms {
                self.add(term, &mut gathered.1, work)?;
            }
        }
        set.combine(gathered.1.finish(work)?, gathered.0, work)
    }

    fn add(&self, term: &Term, builder: &mut Builder, work: &mut Work) -> Result<(), Fault> {
        if term.template.starts_with('@') {
            builder.set(self.groups(term, work)?);
        } else if term.template.contains(['*', '?']) {
            builder.set(self.wild(term, work)?);
        } else {
            builder.term(term);
        }
        Ok(())
    }

    /// The hosts of the groups that a term names.
    fn groups(&self, term: &Term, work: &mut Work) -> Result<HostSet, Fault> {
        if self.depth >= DEEPEST || term.count()? > MOST_GROUPS {
            return Err(Fault::TooMixed);
        }
        let mut names = Vec::new();
        term.visit(&mut |name| {
            names.push(name[1..].to_owned());
            true
        });
        let mut set = HostSet::default();
        for name in names {
            let (source, group) = match name.split_once(':') {
                Some((source, group)) => (Some(source.to_owned()), group),
                None => (self.source.clone(), name.as_str()),
            };
            let text = match (group, group.strip_prefix('@')) {
                ("*", _) => self.known.all(source.as_deref()),
                (_, Some(source)) => self.known.groups(Some(source).filter(|source| !source.is_empty())),
                (group, None) => self.known.group(source.as_deref(), group),
            };
            let text = text.map_err(|why| Fault::unresolved(format!("@{name}"), why))?;
            let inner = Reader { source, depth: self.depth + 1, ..self.clone() };
            set = set.combine(inner.read(&text, work)?, Op::Union, work)?;
        }
        Ok(set)
    }

    /// Those of all hosts that a term with wildcards means.
    fn wild(&self, term: &Term, work: &mut Work) -> Result<HostSet, Fault> {
        let shown = term.template.replace(NUMBER, "[…]");
        if self.depth >= DEEPEST || term.count()? > MOST_GROUPS {
            return Err(Fault::TooMixed);
        }
        let text = self.known.all(self.source.as_deref()).map_err(|why| Fault::unresolved(shown, why))?;
        let all = Reader { depth: self.depth + 1, ..self.clone() }.read(&text, work)?;
        let mut globs = Vec::new();
        term.visit(&mut |name| {
            globs.push(Glob::new(name));
            true
        });
        work.spend(usize::try_from(all.count()?.saturating_mul(globs.len() as u64)).unwrap_or(usize::MAX))?;
        let mut builder = Builder::default();
        let mut result = Ok(());
        all.visit(|name| {
            if globs.iter().any(|glob| glob.matches(name)) {
                result = builder.name(name);
            }
            result.is_ok()
        });
        result?;
        builder.finish(work)
    }
}
