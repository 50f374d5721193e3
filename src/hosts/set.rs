//! A set of hosts: each name once, however many names that is.

use std::collections::BTreeMap;

use super::build::Builder;
use super::digits::{self, Span};
use super::fault::Fault;
use super::grid::{Grid, Op, Rest, Row, Work, combine};
use super::term::NUMBER;

/// Hosts, by what their names share. Equal sets are equal values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostSet {
    /// Template and numbers; a template without a number is one host.
    by_template: BTreeMap<String, Rest>,
}

impl HostSet {
    /// The set of some names, taken as they are.
    ///
    /// # Errors
    /// Where a name holds a NUL.
    pub fn of_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, Fault> {
        let mut builder = Builder::default();
        names.into_iter().try_for_each(|name| builder.name(name))?;
        builder.finish(&mut Work::default())
    }

    pub(super) fn insert(&mut self, template: String, rest: Rest) {
        self.by_template.insert(template, rest);
    }

    pub(super) fn into_parts(self) -> BTreeMap<String, Rest> {
        self.by_template
    }

    /// True where no host is in it.
    pub fn is_empty(&self) -> bool {
        self.by_template.is_empty()
    }

    /// How many hosts are in it. Takes as long for a billion in a row as for one.
    ///
    /// # Errors
    /// Where they are more than a number holds.
    pub fn count(&self) -> Result<u64, Fault> {
        self.by_template.values().try_fold(0_u64, |sum, rest| {
            let names = rest.as_ref().map_or(Ok(1), |grid| grid.count())?;
            sum.checked_add(names).ok_or(Fault::TooMany)
        })
    }

    /// Returns what `op` makes of two sets.
    ///
    /// # Errors
    /// Where that is more than `work` allows.
    pub fn combine(mut self, other: Self, op: Op, work: &mut Work) -> Result<Self, Fault> {
        work.spend(other.by_template.len())?;
        if op == Op::Intersection {
            self.by_template.retain(|template, _| other.by_template.contains_key(template));
        }
        for (template, right) in other.by_template {
            let Some(left) = self.by_template.get(&template) else {
                if op.keeps_right() {
                    self.by_template.insert(template, right);
                }
                continue;
            };
            match combine(left, &right, op, work)? {
                Some(rest) => self.by_template.insert(template, rest),
                None => self.by_template.remove(&template),
            };
        }
        Ok(self)
    }

    /// Passes each name to `each`, in the order of template and numbers, as long as that returns true.
    pub fn visit(&self, mut each: impl FnMut(&str) -> bool) {
        let mut name = String::new();
        for (template, rest) in &self.by_template {
            name.clear();
            let (front, behind) = template.split_once(NUMBER).unwrap_or((template, ""));
            name.push_str(front);
            let goes_on = match rest {
                Some(grid) => visit(grid, behind, &mut name, &mut each),
                None => each(&name),
            };
            if !goes_on {
                return;
            }
        }
    }

    /// The hosts in as few words as can be, by template and number: `db1,web[001-120]`.
    pub fn fold(&self) -> String {
        let mut out = String::new();
        for (template, rest) in &self.by_template {
            let (front, behind) = template.split_once(NUMBER).unwrap_or((template, ""));
            fold(front, rest, behind, &mut String::new(), &mut out);
        }
        out
    }
}

fn visit(grid: &Grid, template: &str, name: &mut String, each: &mut impl FnMut(&str) -> bool) -> bool {
    let length = name.len();
    let (front, behind) = template.split_once(NUMBER).unwrap_or((template, ""));
    for Row { span, rest } in grid.rows() {
        for number in span.from..=span.to {
            digits::write(number, name);
            name.push_str(front);
            let goes_on = match rest {
                Some(grid) => visit(grid, behind, name, each),
                None => each(name),
            };
            name.truncate(length);
            if !goes_on {
                return false;
            }
        }
    }
    true
}

/// Appends what `front` and all that follows it stand for; `done` is what stands before `front`.
fn fold(front: &str, rest: &Rest, template: &str, done: &mut String, out: &mut String) {
    let length = done.len();
    done.push_str(front);
    let Some(grid) = rest else {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(done);
        done.truncate(length);
        return;
    };
    let (front, behind) = template.split_once(NUMBER).unwrap_or((template, ""));
    let at = done.len();
    for (rest, spans) in by_rest(grid) {
        if let [Span { from, to }] = spans[..]
            && from == to
        {
            digits::write(from, done);
        } else {
            done.push('[');
            digits::show(spans, done);
            done.push(']');
        }
        fold(front, rest, behind, done, out);
        done.truncate(at);
    }
    done.truncate(length);
}

/// Returns the numbers that lead to the same, in the order of the first of each.
fn by_rest(grid: &Grid) -> Vec<(&Rest, Vec<Span>)> {
    let mut groups: Vec<(&Rest, Vec<Span>)> = Vec::new();
    let mut places: std::collections::HashMap<&Rest, usize> = std::collections::HashMap::new();
    for Row { span, rest } in grid.rows() {
        let at = *places.entry(rest).or_insert_with(|| {
            groups.push((rest, Vec::new()));
            groups.len() - 1
        });
        groups[at].1.push(*span);
    }
    groups
}
