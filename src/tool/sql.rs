//! What a tool file says of the SQL that a client is given.

use schemars::JsonSchema;
use serde::Deserialize;

use super::spec::{OperandRange, OptionName};
use super::template::Template;

/// Whose SQL it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// PostgreSQL, as psql takes it.
    Postgres,
    /// MySQL and MariaDB, as their clients take it.
    Mysql,
    /// SQLite, as its shell takes it.
    Sqlite,
}

/// Where a client takes its SQL from, and how rows are counted through it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlText {
    /// Whose SQL it is.
    pub dialect: Dialect,
    /// Options whose values are SQL.
    #[serde(default)]
    pub text: Vec<OptionName>,
    /// Options whose values are files of SQL; `-` is the standard input.
    #[serde(default)]
    pub files: Vec<OptionName>,
    /// Operands that are SQL.
    #[serde(default)]
    pub operands: Option<OperandRange>,
    /// The client, read-only and without decoration: the query that counts is added as its last word.
    /// It prints a name and a number, with a tab between.
    pub probe: Template,
}
