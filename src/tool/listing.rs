//! How a listing's output is read into rows: shapes and fields.
//!
//! Reading is strict: a row that does not have the fields it should makes the whole listing
//! unreadable, and an unreadable listing is an unknown scope, never a small one.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::template::Template;

/// The shape of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// One row a line, fields between tabs.
    Tabs,
    /// One row a line, fields between blanks.
    Columns,
    /// One target a line.
    #[default]
    Lines,
    /// Several targets a line, between blanks.
    Words,
    /// Targets ended by NUL bytes.
    Nul,
    /// `Name=value` lines, rows between empty lines.
    Blocks,
    /// A JSON document; `items` says where the rows are, fields are dotted paths.
    Json,
}

/// What a column of a listing means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// The target's name.
    Key,
    /// Its kind.
    Kind,
    /// Kind and name as one word, `TYPE/NAME`.
    Typed,
    /// The interface its kind belongs to (`apps/v1`).
    Api,
    /// Namespace, zone or database.
    Namespace,
    /// Unique id.
    Uid,
    /// Since when it runs.
    Since,
    /// Its role; of several such columns the first that says something.
    Group,
    /// Its state, for `only`.
    State,
    /// How much of it there is (replicas).
    Weight,
    /// How it is, for `healthy`; there may be several such columns.
    Health,
    /// How much of it is healthy now (ready replicas), where that is a number.
    Ready,
    /// A column that is not needed.
    Skip,
}

impl Field {
    /// The field that a group of `keep` is named after.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "key" => Self::Key,
            "kind" => Self::Kind,
            "namespace" => Self::Namespace,
            "uid" => Self::Uid,
            "since" => Self::Since,
            "group" => Self::Group,
            "state" => Self::State,
            "weight" => Self::Weight,
            "health" => Self::Health,
            "ready" => Self::Ready,
            _ => return None,
        })
    }
}

/// How a listing is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The shape of the output.
    #[serde(default, rename = "as")]
    pub shape: Shape,
    /// What the columns mean; `key` alone where not given.
    #[serde(default)]
    pub fields: Fields,
    /// Lines to pass over at the start.
    #[serde(default)]
    pub skip: usize,
    /// Keeps only lines (or names ended by NUL) that match. The first group, where there is one, is
    /// the row; groups named after fields (`(?<key>…)`, `(?<uid>…)`) are those fields, and a group
    /// named `kind_tag` that takes part makes the target a tag.
    #[serde(default)]
    pub keep: Option<String>,
    /// True where the tool may print one target several times.
    #[serde(default)]
    pub unique: bool,
    /// Json: the dotted path of the array of rows.
    #[serde(default)]
    pub items: Option<String>,
    /// Keeps only rows whose state matches one of these globs.
    #[serde(default)]
    pub only: Vec<super::Glob>,
    /// A member is healthy where each `health` that it has matches one of these globs.
    #[serde(default)]
    pub healthy: Vec<super::Glob>,
    /// Exit codes other than 0 that are no failure.
    #[serde(default)]
    pub codes: Vec<i32>,
}

impl Read {
    /// Tells whether a column, or a group of `keep`, says this.
    pub fn has(&self, field: Field) -> bool {
        let named = |keep: &String| {
            let mut names = keep.split("(?<").skip(1).filter_map(|rest| rest.split_once('>'));
            names.any(|(name, _)| Field::named(name) == Some(field))
        };
        self.keep.as_ref().is_some_and(named)
            || match &self.fields {
                Fields::Order(all) => all.contains(&field),
                Fields::Name(all) => all.iter().any(|(own, _)| *own == field),
            }
    }
}

/// Lists what goes along with the targets: one template, or one for each kind that takes others
/// along. With `{target}` in it, it is run for each target.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum Dependents {
    /// The same for every kind.
    All(Template),
    /// By the kind of the target, singular; other kinds take nothing along.
    Kind(BTreeMap<String, Template>),
}

impl Dependents {
    /// The template for targets of a kind.
    pub fn of(&self, kind: &str) -> Option<&Template> {
        match self {
            Self::All(template) => Some(template),
            Self::Kind(map) => map.get(kind),
        }
    }
}

impl<'de> Deserialize<'de> for Dependents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Dependents;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a template, or a table of templates by kind")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Dependents, E> {
                Template::try_from(text.to_owned()).map(Dependents::All).map_err(E::custom)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Dependents, A::Error> {
                BTreeMap::deserialize(de::value::MapAccessDeserializer::new(map)).map(Dependents::Kind)
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// The columns: by place, or by the name the tool gives them.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum Fields {
    /// Columns in order.
    Order(Vec<Field>),
    /// Field, and the tool's own name for it.
    Name(Vec<(Field, String)>),
}

impl Default for Fields {
    fn default() -> Self {
        Self::Order(vec![Field::Key])
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of fields, or a table of field = \"the tool's name for it\"")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Fields, A::Error> {
                let mut list = Vec::new();
                while let Some(field) = seq.next_element::<Field>()? {
                    list.push(field);
                }
                if list.contains(&Field::Key) || list.contains(&Field::Typed) {
                    Ok(Fields::Order(list))
                } else {
                    Err(de::Error::custom("no field is 'key'"))
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut list = Vec::new();
                while let Some((field, name)) = map.next_entry::<Field, String>()? {
                    list.push((field, name));
                }
                if list.iter().any(|(f, _)| *f == Field::Key) {
                    Ok(Fields::Name(list))
                } else {
                    Err(de::Error::custom("no field is 'key'"))
                }
            }
        }
        deserializer.deserialize_any(V)
    }
}
