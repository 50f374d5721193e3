//! Listing output → targets. Strict: what can't be read makes the listing unreadable, never short.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use regex::bytes::Regex;
use serde_json::Value;

use crate::tool::{Field, Fields, Kinds, Read, Shape};
use crate::ui::escape::escape;

use super::target::Target;

/// Why a listing can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A row has too few or too many fields.
    #[error("line {0} of the listing has {1} fields where {2} were expected")]
    Fields(usize, usize, usize),
    /// A row has no name.
    #[error("row {0} of the listing has no name")]
    NoName(usize),
    /// The output does not end with a line end, so it may be cut.
    #[error("the listing does not end with a line end, so it may be cut short")]
    Cut,
    /// It is not the JSON that was expected.
    #[error("the listing is not the JSON that was expected: {0}")]
    Json(String),
    /// A number was expected.
    #[error("row {0} of the listing has '{1}' where a number was expected")]
    Number(usize, String),
    /// The tool file's own filter is broken.
    #[error("the tool file's 'keep' is no regular expression")]
    Keep,
}

/// Reads a listing of paths, each ended by a NUL byte; the same path twice is one.
pub fn paths(output: &[u8]) -> Result<Vec<PathBuf>, Unreadable> {
    let mut paths: Vec<PathBuf> = ended(output, 0)?.into_iter().map(PathBuf::from).collect();
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    Ok(paths)
}

/// One row of a listing.
type Row = Vec<(Field, OsString)>;

/// Reads a listing. `kind` is what targets are where the listing does not say.
pub fn targets(output: &[u8], read: &Read, kind: &str, kinds: &Kinds) -> Result<Vec<Target>, Unreadable> {
    let rows = match read.shape {
        Shape::Json => json(output, read)?,
        Shape::Blocks => blocks(output, read)?,
        Shape::Nul => names(output, read)?,
        Shape::Words => words(output, read)?,
        Shape::Lines | Shape::Tabs | Shape::Columns => lines(output, read)?,
    };
    let mut out = Vec::with_capacity(rows.len());
    let mut seen = HashSet::new();
    for (at, row) in rows.into_iter().enumerate() {
        let state = row.iter().find(|(f, _)| *f == Field::State).map(|(_, v)| v.as_bytes());
        if !read.only.is_empty() && !state.is_some_and(|s| read.only.iter().any(|g| g.matches(s))) {
            continue;
        }
        let ill = row.iter().any(|(field, value)| *field == Field::Health && is_ill(value, read));
        let target = Target { ill, ..target(row, at + 1, kind, kinds)? };
        if !read.unique || seen.insert((target.kind.clone(), target.namespace.clone(), target.name.clone())) {
            out.push(target);
        }
    }
    Ok(out)
}

/// Tells whether a column says that a member is not healthy; one that says nothing does not.
fn is_ill(value: &OsStr, read: &Read) -> bool {
    let said = value.as_bytes();
    !said.is_empty() && said != b"<none>" && !read.healthy.iter().any(|glob| glob.matches(said))
}

fn target(row: Row, at: usize, kind: &str, kinds: &Kinds) -> Result<Target, Unreadable> {
    let mut target = Target { kind: kind.to_owned(), weight: 1, ..Target::default() };
    for (field, value) in row {
        let text = || value.to_string_lossy().into_owned();
        // kubectl writes `<none>` where there is no value.
        let given = || Some(text()).filter(|t| !t.is_empty() && t != "<none>");
        match field {
            Field::Key => target.name = value,
            Field::Kind => target.kind = given().map_or_else(|| kind.to_owned(), |k| kinds.singular(&k)),
            Field::Namespace => target.namespace = given(),
            Field::Uid => target.uid = given(),
            Field::Since => target.since = given(),
            Field::Group => target.group = target.group.or_else(given),
            Field::Api => target.api = given(),
            Field::Typed => {
                let at = value.as_bytes().iter().position(|b| *b == b'/').ok_or(Unreadable::NoName(at))?;
                let (word, name) = value.as_bytes().split_at(at);
                target.kind = kinds.singular(&String::from_utf8_lossy(word));
                target.name = OsStr::from_bytes(&name[1..]).to_owned();
            }
            Field::Weight | Field::Ready => {
                let number = given().unwrap_or_else(|| "0".into());
                let number =
                    number.parse().map_err(|_| Unreadable::Number(at, escape(&number).into_owned()))?;
                match field {
                    Field::Weight => target.weight = number,
                    _ => target.ready = Some(number),
                }
            }
            Field::State | Field::Health | Field::Skip => {}
        }
    }
    if target.name.is_empty() { Err(Unreadable::NoName(at)) } else { Ok(target) }
}

/// Splits at an end byte; every piece must have it, or the output was cut.
fn ended(output: &[u8], end: u8) -> Result<Vec<&OsStr>, Unreadable> {
    match output.split_last() {
        None => Ok(Vec::new()),
        Some((last, body)) if *last == end => Ok(body.split(|b| *b == end).map(OsStr::from_bytes).collect()),
        Some(_) => Err(Unreadable::Cut),
    }
}

/// What `keep` makes of one line or name.
enum Kept<'o> {
    /// It is passed over.
    No,
    /// It, or the part of it that the first group takes.
    Text(&'o [u8]),
    /// Fields by the names of groups.
    Row(Row),
}

/// The tool file's own filter.
struct Keep(Option<Regex>);

impl Keep {
    fn of(read: &Read) -> Result<Self, Unreadable> {
        read.keep.as_deref().map(Regex::new).transpose().map(Self).map_err(|_| Unreadable::Keep)
    }

    fn apply<'o>(&self, text: &'o [u8]) -> Kept<'o> {
        let Some(keep) = &self.0 else { return Kept::Text(text) };
        let Some(found) = keep.captures(text) else { return Kept::No };
        let named = keep.capture_names().flatten().filter_map(|name| {
            let value = found.name(name)?.as_bytes();
            match name.strip_prefix("kind_") {
                Some(kind) => Some((Field::Kind, kind.into())),
                None => Some((Field::named(name)?, OsString::from_vec(value.to_vec()))),
            }
        });
        let row: Row = named.collect();
        if row.is_empty() {
            return Kept::Text(found.get(1).or_else(|| found.get(0)).map_or(text, |m| m.as_bytes()));
        }
        Kept::Row(row)
    }
}

/// Names ended by NUL bytes.
fn names(output: &[u8], read: &Read) -> Result<Vec<Row>, Unreadable> {
    let keep = Keep::of(read)?;
    let mut rows = Vec::new();
    for name in ended(output, 0)? {
        match keep.apply(name.as_bytes()) {
            Kept::No => {}
            Kept::Row(row) => rows.push(row),
            Kept::Text(text) => rows.push(vec![(Field::Key, OsString::from_vec(text.to_vec()))]),
        }
    }
    Ok(rows)
}

/// Several names a line, between blanks.
fn words(output: &[u8], read: &Read) -> Result<Vec<Row>, Unreadable> {
    let keep = Keep::of(read)?;
    let mut rows = Vec::new();
    for line in ended(output, b'\n')? {
        for word in line.as_bytes().split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()) {
            match keep.apply(word) {
                Kept::No => {}
                Kept::Row(row) => rows.push(row),
                Kept::Text(text) => rows.push(vec![(Field::Key, OsString::from_vec(text.to_vec()))]),
            }
        }
    }
    Ok(rows)
}

fn lines(output: &[u8], read: &Read) -> Result<Vec<Row>, Unreadable> {
    let keep = Keep::of(read)?;
    let fields = match &read.fields {
        Fields::Order(fields) => fields.as_slice(),
        Fields::Name(_) => return Err(Unreadable::Json("fields by name need json or blocks".into())),
    };
    let mut rows = Vec::new();
    for (at, line) in ended(output, b'\n')?.into_iter().enumerate().skip(read.skip) {
        let bytes = match keep.apply(line.as_bytes()) {
            Kept::No => continue,
            Kept::Row(row) => {
                rows.push(row);
                continue;
            }
            Kept::Text(bytes) => bytes,
        };
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        rows.push(row(bytes, read.shape, fields, at + 1)?);
    }
    Ok(rows)
}

fn row(bytes: &[u8], shape: Shape, fields: &[Field], at: usize) -> Result<Row, Unreadable> {
    let values: Vec<&[u8]> = match shape {
        Shape::Tabs => bytes.split(|b| *b == b'\t').collect(),
        Shape::Columns => bytes.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).collect(),
        _ => vec![bytes.trim_ascii()],
    };
    if values.len() != fields.len() {
        return Err(Unreadable::Fields(at, values.len(), fields.len()));
    }
    Ok(fields.iter().zip(values).map(|(f, v)| (*f, OsString::from_vec(v.to_vec()))).collect())
}

/// `Name=value` lines, rows between empty lines.
fn blocks(output: &[u8], read: &Read) -> Result<Vec<Row>, Unreadable> {
    let Fields::Name(names) = &read.fields else {
        return Err(Unreadable::Json("blocks need fields by name".into()));
    };
    let mut rows = Vec::new();
    let mut row: Row = Vec::new();
    let mut seen = false;
    for line in ended(output, b'\n')?.into_iter().map(OsStrExt::as_bytes).chain([&b""[..]]) {
        if line.is_empty() {
            if seen {
                rows.push(std::mem::take(&mut row));
            }
            seen = false;
            continue;
        }
        seen = true;
        let at = line.iter().position(|b| *b == b'=').unwrap_or(line.len());
        let (name, value) = (&line[..at], line.get(at + 1..).unwrap_or_default());
        if let Some((field, _)) = names.iter().find(|(_, n)| n.as_bytes() == name) {
            row.push((*field, OsString::from_vec(value.to_vec())));
        }
    }
    Ok(rows)
}

fn json(output: &[u8], read: &Read) -> Result<Vec<Row>, Unreadable> {
    let Fields::Name(names) = &read.fields else {
        return Err(Unreadable::Json("json needs fields by name".into()));
    };
    let document: Value =
        serde_json::from_slice(output).map_err(|fault| Unreadable::Json(fault.to_string()))?;
    let items = match &read.items {
        None => Some(&document),
        Some(path) => path_in(&document, path),
    };
    let items = match items {
        Some(Value::Array(items)) => items.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => return Err(Unreadable::Json("there is no list of items".into())),
    };
    Ok(items
        .iter()
        .map(|item| {
            let values = names.iter().filter_map(|(field, path)| path_in(item, path).map(|v| (*field, v)));
            values.map(|(field, value)| (field, OsString::from(plain(value)))).collect()
        })
        .collect())
}

fn path_in<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').filter(|part| !part.is_empty()).try_fold(value, |at, part| match at {
        Value::Array(list) => list.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Read {
        toml::from_str(toml).unwrap()
    }

    fn names(output: &str, toml: &str) -> Result<Vec<String>, Unreadable> {
        let rows = targets(output.as_bytes(), &read(toml), "pod", &Kinds::default())?;
        Ok(rows.iter().map(|t| t.name.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn lines_are_names() {
        assert_eq!(names("a\n\nb\n", "as = 'lines'").unwrap(), ["a", "b"]);
        assert_eq!(names("", "as = 'lines'").unwrap(), [""; 0]);
    }

    #[test]
    fn a_listing_without_a_line_end_may_be_cut() {
        assert_eq!(names("a\nb", "as = 'lines'"), Err(Unreadable::Cut));
        assert_eq!(names("a\0b", "as = 'nul'"), Err(Unreadable::Cut));
    }

    #[test]
    fn a_row_with_other_fields_is_unreadable() {
        let toml = "as = 'columns'\nfields = ['namespace', 'key']";
        assert_eq!(names("shop web-1\npay web-1\n", toml).unwrap(), ["web-1", "web-1"]);
        assert_eq!(names("shop web-1\nError from server\n", toml), Err(Unreadable::Fields(2, 3, 2)));
    }

    #[test]
    fn equal_names_in_two_namespaces_are_two_targets() {
        let toml = "as = 'columns'\nfields = ['namespace', 'key']";
        let rows = targets(b"a web\nb web\n", &read(toml), "pod", &Kinds::default()).unwrap();
        assert_ne!(rows[0], rows[1]);
    }

    #[test]
    fn keep_takes_the_first_group() {
        assert_eq!(names("x\n*deleting a\n", "as = 'lines'\nkeep = '^\\*deleting *(.*)'").unwrap(), ["a"]);
    }

    #[test]
    fn words_are_names_wherever_the_line_ends() {
        assert_eq!(names("a b\n\n b\tc\n", "as = 'words'\nunique = true").unwrap(), ["a", "b", "c"]);
        assert_eq!(names("a b", "as = 'words'"), Err(Unreadable::Cut));
    }

    #[test]
    fn named_groups_are_fields() {
        let toml = r"as = 'lines'
keep = '^(?<state>[-+])\t[^:\t]*:(?<key>\S+)\t(?:(?<uid>[0-9a-f]+)\.\.)?'";
        let output =
            b"To x\n+\tHEAD:refs/heads/a\t12ab...34cd (forced update)\n-\t:refs/heads/b\t[deleted]\nDone\n";
        let rows = targets(output, &read(toml), "ref", &Kinds::default()).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].name.to_str(), rows[0].uid.as_deref()), (Some("refs/heads/a"), Some("12ab")));
        assert_eq!((rows[1].name.to_str(), rows[1].uid.as_deref()), (Some("refs/heads/b"), None));
        let toml = "as = 'nul'\nkeep = '^.*[^/]$'\nunique = true";
        assert_eq!(names("a\0b/\0c\0a\0", toml).unwrap(), ["a", "c"]);
    }

    #[test]
    fn blocks_and_json_go_by_name() {
        let toml = "as = 'blocks'\nonly = ['active']\n[fields]\nkey = 'Id'\nstate = 'ActiveState'";
        let text = "Id=a.service\nActiveState=active\n\nId=b.service\nActiveState=inactive\n";
        assert_eq!(names(text, toml).unwrap(), ["a.service"]);
        let toml = "as = 'json'\nitems = 'items'\n[fields]\nkey = 'metadata.name'";
        assert_eq!(names(r#"{"items":[{"metadata":{"name":"a"}}]}"#, toml).unwrap(), ["a"]);
        assert!(names(r#"{"items":[{"metadata":{}}]}"#, toml).is_err());
        assert!(names("{", toml).is_err());
    }
}
