//! The numbers of names that share all but their numbers, and what sets do with each other.
//!
//! A grid has rows by the first number; each leads to the grid of the numbers behind it. Rows are
//! in order, do not overlap, and two that meet lead to different grids: a set has one grid, however
//! it was written. Ten million names in a row are seven rows, one a length of number.

use std::sync::Arc;

use super::digits::{Span, sorted};
use super::fault::Fault;

/// What follows a number: further numbers, or nothing.
pub type Rest = Option<Arc<Grid>>;

/// Numbers, and what follows each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Grid {
    rows: Vec<Row>,
}

/// Names that have one of some numbers, and the same behind it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row {
    /// The numbers.
    pub span: Span,
    /// What follows.
    pub rest: Rest,
}

/// What is made of two sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// In either.
    Union,
    /// In both.
    Intersection,
    /// In the first alone.
    Difference,
    /// In one alone.
    Either,
}

impl Op {
    /// What is in the first set alone stays.
    pub fn keeps_left(self) -> bool {
        self != Self::Intersection
    }

    /// What is in the second set alone stays.
    pub fn keeps_right(self) -> bool {
        matches!(self, Self::Union | Self::Either)
    }

    /// What is in both stays.
    pub fn keeps_both(self) -> bool {
        matches!(self, Self::Union | Self::Intersection)
    }
}

/// How many steps may still be spent on a set: hostile ones grow with every operation.
#[derive(Debug)]
pub struct Work(usize);

impl Default for Work {
    /// As much as any set that people write needs, and no more than some hundred milliseconds.
    fn default() -> Self {
        Self(1 << 22)
    }
}

impl Work {
    /// Spends some steps.
    pub fn spend(&mut self, steps: usize) -> Result<(), Fault> {
        self.0 = self.0.checked_sub(steps).ok_or(Fault::TooMixed)?;
        Ok(())
    }
}

impl Grid {
    /// The rows, in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Every combination of one number from each axis; nothing where an axis is empty.
    pub fn of_axes(axes: &[Vec<Span>]) -> Rest {
        axes.iter().rev().fold(None, |rest, axis| {
            let rows = sorted(axis).into_iter().map(|span| Row { span, rest: rest.clone() }).collect();
            Some(Arc::new(Self { rows }))
        })
    }

    /// The numbers of single names, `depth` in a row for each; puts them in order.
    pub fn of_names(numbers: &mut [u64], depth: usize) -> Self {
        if depth == 1 {
            numbers.sort_unstable();
            let mut grid = Self::default();
            numbers.iter().for_each(|number| grid.push(Span::one(*number), None));
            return grid;
        }
        let mut names: Vec<&[u64]> = numbers.chunks_exact(depth).collect();
        names.sort_unstable();
        names.dedup();
        Self::of_sorted(&names, 0)
    }

    fn of_sorted(names: &[&[u64]], at: usize) -> Self {
        let mut grid = Self::default();
        for same in names.chunk_by(|a, b| a[at] == b[at]) {
            let last = at + 1 == same[0].len();
            let rest = (!last).then(|| Arc::new(Self::of_sorted(same, at + 1)));
            grid.push(Span::one(same[0][at]), rest);
        }
        grid
    }

    /// Appends what is not before the last row; one that goes on from it, or is its last, becomes part of it.
    fn push(&mut self, span: Span, rest: Rest) {
        if let Some(last) = self.rows.last_mut()
            && last.span.to + 1 >= span.from
            && last.rest == rest
        {
            last.span.to = last.span.to.max(span.to);
        } else {
            self.rows.push(Row { span, rest });
        }
    }

    /// How many names it stands for.
    pub fn count(&self) -> Result<u64, Fault> {
        self.rows.iter().try_fold(0_u64, |sum, row| {
            let each = row.rest.as_ref().map_or(Ok(1), |rest| rest.count())?;
            row.span.len().checked_mul(each).and_then(|names| sum.checked_add(names)).ok_or(Fault::TooMany)
        })
    }

    /// Returns what `op` makes of two grids of the same depth.
    pub fn combine(&self, other: &Self, op: Op, work: &mut Work) -> Result<Self, Fault> {
        let (mut left, mut right) = (Cursor::new(&self.rows), Cursor::new(&other.rows));
        let mut grid = Self::default();
        let mut both = Memo::default();
        loop {
            work.spend(1)?;
            let (span, rest) = match (left.next, right.next) {
                (None, None) => return Ok(grid),
                (Some(a), Some(b)) if a.from == b.from => {
                    let span = Span { from: a.from, to: a.to.min(b.to) };
                    let rest = both.combine(left.rest(), right.rest(), op, work)?;
                    left.take(span);
                    right.take(span);
                    (span, rest)
                }
                (Some(a), b) if b.is_none_or(|b| a.from < b.from) => {
                    let span = Span { from: a.from, to: b.map_or(a.to, |b| a.to.min(b.from - 1)) };
                    let rest = op.keeps_left().then(|| left.rest().clone());
                    left.take(span);
                    (span, rest)
                }
                (a, Some(b)) => {
                    let span = Span { from: b.from, to: a.map_or(b.to, |a| b.to.min(a.from - 1)) };
                    let rest = op.keeps_right().then(|| right.rest().clone());
                    right.take(span);
                    (span, rest)
                }
                (Some(_), None) => return Ok(grid),
            };
            if let Some(rest) = rest {
                grid.push(span, rest);
            }
        }
    }
}

/// Returns what `op` makes of what follows in two sets that both have it; `None` where nothing is left.
pub fn combine(left: &Rest, right: &Rest, op: Op, work: &mut Work) -> Result<Option<Rest>, Fault> {
    let (Some(a), Some(b)) = (left, right) else {
        return Ok(op.keeps_both().then_some(None));
    };
    if Arc::ptr_eq(a, b) {
        return Ok(op.keeps_both().then(|| left.clone()));
    }
    let grid = a.combine(b, op, work)?;
    Ok((!grid.rows.is_empty()).then(|| Some(Arc::new(grid))))
}

/// The last two that were combined: rows of one product lead to the same grid again and again.
#[derive(Default)]
struct Memo {
    of: Option<(Rest, Rest)>,
    result: Option<Rest>,
}

impl Memo {
    fn combine(&mut self, left: &Rest, right: &Rest, op: Op, work: &mut Work) -> Result<Option<Rest>, Fault> {
        let same = |a: &Rest, b: &Rest| a.as_ref().map(Arc::as_ptr) == b.as_ref().map(Arc::as_ptr);
        if !self.of.as_ref().is_some_and(|(a, b)| same(a, left) && same(b, right)) {
            self.result = combine(left, right, op, work)?;
            self.of = Some((left.clone(), right.clone()));
        }
        Ok(self.result.clone())
    }
}

/// What of some rows was not looked at yet.
struct Cursor<'r> {
    rows: &'r [Row],
    at: usize,
    next: Option<Span>,
}

impl<'r> Cursor<'r> {
    fn new(rows: &'r [Row]) -> Self {
        Self { rows, at: 0, next: rows.first().map(|row| row.span) }
    }

    fn rest(&self) -> &'r Rest {
        &self.rows[self.at].rest
    }

    fn take(&mut self, span: Span) {
        self.next = match self.next {
            Some(next) if next.to > span.to => Some(Span { from: span.to + 1, to: next.to }),
            _ => {
                self.at += 1;
                self.rows.get(self.at).map(|row| row.span)
            }
        };
    }
}
