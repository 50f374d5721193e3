//! SQL text → the statements in it that may hit something.
//!
//! A statement becomes the words of a command, which the tool file `SQL` reads as any other: its
//! verb, what it names, and a query that counts the rows. What only reads or adds is left out; what
//! can't be read is said so, never taken for small.

use std::fmt::Write as _;

use sqlparser::ast::{
    Cte, Delete, FromTable, Query, SetExpr, Statement as Ast, TableWithJoins, Update, UpdateTableFromKind,
};
use sqlparser::dialect::{Dialect as Grammar, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

mod rows;

use crate::tool::Dialect;

use rows::rows;

/// A statement that may hit something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// As words for the tool file `SQL`: `delete users --where … --count …`.
    Words(Vec<String>),
    /// Nobody can say what it hits, and why.
    Unknown(String),
}

/// The longest text that is read: statements of a dump beyond it are not counted.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Returns the statements of a text that may hit something.
///
/// # Errors
/// Where the text can't be split into statements.
pub fn statements(text: &str, dialect: Dialect) -> Result<Vec<Statement>, String> {
    if text.len() > MOST_BYTES {
        return Err("the text is longer than 4 MiB".into());
    }
    if dialect == Dialect::Mysql && text.contains("/*!") {
        return Err("it holds /*! … */, which the server runs".into());
    }
    let (text, mut found) = own_commands(text, dialect);
    let grammar = grammar(dialect);
    let tokens = Tokenizer::new(grammar.as_ref(), &text)
        .with_unescape(false)
        .tokenize()
        .map_err(|fault| format!("the SQL can't be read: {fault}"))?;
    for tokens in tokens.split(|token| *token == Token::SemiColon) {
        let tokens: Vec<Token> =
            tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).cloned().collect();
        if !tokens.is_empty() {
            found.extend(Reader { tokens: &tokens, dialect }.statement());
        }
    }
    Ok(found)
}

fn grammar(dialect: Dialect) -> Box<dyn Grammar> {
    match dialect {
        Dialect::Postgres => Box::new(PostgreSqlDialect {}),
        Dialect::Mysql => Box::new(MySqlDialect {}),
        Dialect::Sqlite => Box::new(SQLiteDialect {}),
    }
}

/// Takes the client's own commands (`\d`, `.tables`) out of a text.
fn own_commands(text: &str, dialect: Dialect) -> (String, Vec<Statement>) {
    let mark = if dialect == Dialect::Sqlite { '.' } else { '\\' };
    let mut rest = String::with_capacity(text.len());
    let mut found = Vec::new();
    // Text within a string is no command; where quotes mislead, it is left to the reader of SQL, which fails.
    let mut within = false;
    for line in text.lines() {
        let odd = |text: &str| text.matches('\'').count() % 2 == 1;
        let starts = line.trim_start().starts_with(mark) && !within;
        // psql reads a command in the middle of a line as well.
        let (sql, command) = match line.split_once(mark) {
            Some((_, command)) if starts => ("", Some(command)),
            Some((sql, command)) if dialect == Dialect::Postgres && odd(sql) == within => {
                (sql, Some(command))
            }
            _ => (line, None),
        };
        within ^= odd(sql);
        found.extend(command.and_then(|command| own_command(command, dialect)));
        rest.push_str(sql);
        rest.push('\n');
    }
    (rest, found)
}

/// A command of the client: most only show or set something.
fn own_command(command: &str, dialect: Dialect) -> Option<Statement> {
    let word = command.split(|c: char| c.is_whitespace() || c == ';').next().unwrap_or_default();
    let unknown = |why: &str| Some(Statement::Unknown(why.to_owned()));
    let pipes = command.contains('|') || command.to_ascii_lowercase().contains("program");
    match (dialect, word) {
        (_, "i" | "ir" | "include" | "include_relative" | "source" | "read" | "restore" | "." | "import") => {
            unknown("it reads further commands from elsewhere")
        }
        (_, "shell" | "system") => unknown("it runs a shell command"),
        (_, _) if word.starts_with('!') => unknown("it runs a shell command"),
        (Dialect::Postgres, "gexec") => unknown("\\gexec runs what a query returns"),
        (Dialect::Postgres, "copy" | "o" | "out" | "g" | "gx" | "w" | "write") if pipes => {
            unknown("it runs a program")
        }
        _ => None,
    }
}

/// Statements that only read, add, or set what the session or the plan needs.
const HARMLESS: &[&str] = &[
    "ABORT",
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "CACHE",
    "CHECK",
    "CHECKPOINT",
    "CHECKSUM",
    "CLOSE",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "CREATE",
    "DEALLOCATE",
    "DECLARE",
    "DELIMITER",
    "DESC",
    "DESCRIBE",
    "DETACH",
    "DISCARD",
    "END",
    "FETCH",
    "FLUSH",
    "GRANT",
    "HANDLER",
    "HELP",
    "IMPORT",
    "INSERT",
    "INSTALL",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MOVE",
    "NOTIFY",
    "OPTIMIZE",
    "PRAGMA",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "REPAIR",
    "REPLACE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SECURITY",
    "SET",
    "SHOW",
    "START",
    "STATUS",
    "TABLE",
    "UNLISTEN",
    "UNLOCK",
    "USE",
    "VACUUM",
    "VALUES",
    "XA",
];

/// Functions whose call does more than compute.
const DOING: &[&str] = &[
    "pg_terminate_backend",
    "pg_cancel_backend",
    "pg_drop_replication_slot",
    "pg_promote",
    "pg_rotate_logfile",
    "lo_unlink",
    "dblink_exec",
    "pg_file_unlink",
    "pg_switch_wal",
    "load_extension",
    "query_to_xml",
    "xp_cmdshell",
    "sys_exec",
];

struct Reader<'t> {
    tokens: &'t [Token],
    dialect: Dialect,
}

impl Reader<'_> {
    fn statement(&self) -> Vec<Statement> {
        let words = |words: Vec<String>| vec![Statement::Words(words)];
        let unknown = |why: &str| vec![Statement::Unknown(why.to_owned())];
        let first = self.word(0);
        match first.as_str() {
            "SELECT" | "(" => self.query(),
            "WITH" => self.parsed(),
            "EXPLAIN" => {
                let runs = (1..4).any(|at| self.word(at) == "ANALYZE");
                if runs && self.writes() { unknown("EXPLAIN ANALYZE runs the statement") } else { Vec::new() }
            }
            "DELETE" | "UPDATE" => self.parsed(),
            "MERGE" => unknown("what MERGE would change can't be counted"),
            "TRUNCATE" => words(self.truncate()),
            "DROP" => self.drop(),
            "ALTER" if self.word(1) == "TABLE" => self.alter_table(),
            "GRANT" if self.to_everyone() => words(vec!["grant".into(), self.granted()]),
            "COPY" if self.has("PROGRAM") => unknown("COPY … PROGRAM runs a program"),
            "COPY" => Vec::new(),
            "KILL" => words(vec!["kill".into(), self.rest(1)]),
            "SHUTDOWN" => words(vec!["shutdown".into(), "server".into()]),
            "PURGE" | "RESET" if self.dialect == Dialect::Mysql => words(vec!["purge".into(), "logs".into()]),
            "REASSIGN" => Vec::new(),
            "DO" => unknown("what a DO block does can't be read"),
            "CALL" | "EXEC" | "EXECUTE" => {
                unknown("what a procedure or prepared statement does can't be read")
            }
            "PREPARE" if self.writes() => unknown("a prepared statement runs later, with other values"),
            "PREPARE" => Vec::new(),
            verb if HARMLESS.contains(&verb) => self.query(),
            verb => unknown(&format!("no statement is known to start with '{}'", shortened(verb))),
        }
    }

    /// A word of the statement in capitals; empty for quoted names, strings and past the end.
    fn word(&self, at: usize) -> String {
        match self.tokens.get(at) {
            Some(Token::Word(word)) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
            Some(Token::LParen) => "(".into(),
            _ => String::new(),
        }
    }

    fn has(&self, word: &str) -> bool {
        (0..self.tokens.len()).any(|at| self.word(at) == word)
    }

    /// Whether a word of it is that of a statement that writes.
    fn writes(&self) -> bool {
        ["DELETE", "UPDATE", "TRUNCATE", "DROP", "MERGE"].into_iter().any(|word| self.has(word))
    }

    /// A query only reads, but for the functions it calls.
    fn query(&self) -> Vec<Statement> {
        let calls = |at: usize| {
            let name = self.word(at).to_ascii_lowercase();
            (self.tokens.get(at + 1) == Some(&Token::LParen) && DOING.contains(&name.as_str()))
                .then_some((at, name))
        };
        let Some((at, name)) = (0..self.tokens.len()).find_map(calls) else { return Vec::new() };
        match (self.tokens.get(at + 2), self.tokens.get(at + 3)) {
            (Some(Token::Number(pid, _)), Some(Token::RParen))
                if name.ends_with("_backend") && !self.has("FROM") =>
            {
                vec![Statement::Words(vec!["kill".into(), pid.clone()])]
            }
            _ => vec![Statement::Unknown(format!("what {name}() is called for can't be counted"))],
        }
    }

    /// What only the parser can tell apart.
    fn parsed(&self) -> Vec<Statement> {
        let grammar = grammar(self.dialect);
        let parsed = Parser::new(grammar.as_ref()).with_tokens(self.tokens.to_vec()).parse_statement();
        let mut found = Vec::new();
        match parsed {
            Ok(Ast::Delete(delete)) => found.extend(self.delete(&delete)),
            Ok(Ast::Update(update)) => found.extend(self.update(&update)),
            Ok(Ast::Query(query)) => self.within(&query, &mut found),
            // WITH … INSERT adds; what its parts delete is in none of the shapes above.
            Ok(_) if self.writes() => found.push(Statement::Unknown("a part of it writes".into())),
            Ok(_) => {}
            Err(_) if !self.writes() => {}
            Err(fault) => found.push(Statement::Unknown(format!("the SQL can't be read: {fault}"))),
        }
        if found.is_empty() { self.query() } else { found }
    }

    /// The parts of a query that write: `WITH gone AS (DELETE …) SELECT …`.
    fn within(&self, query: &Query, found: &mut Vec<Statement>) {
        let parts: &[Cte] = query.with.as_ref().map_or(&[], |with| &with.cte_tables);
        parts.iter().for_each(|part| self.within(&part.query, found));
        match query.body.as_ref() {
            SetExpr::Delete(Ast::Delete(delete)) => found.extend(self.delete(delete)),
            SetExpr::Update(Ast::Update(update)) => found.extend(self.update(update)),
            SetExpr::Query(query) => self.within(query, found),
            _ => {}
        }
    }

    fn delete(&self, delete: &Delete) -> Option<Statement> {
        let from = match &delete.from {
            FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from) => from,
        };
        let named = delete.tables.first().map(ToString::to_string);
        let table = named.or_else(|| from.first().map(|table| table.relation.to_string()))?;
        let more = delete.using.as_deref().unwrap_or_default();
        let tables = from.iter().chain(more);
        Some(rows("delete", &table, tables, delete.selection.as_ref(), delete.limit.as_ref()))
    }

    fn update(&self, update: &Update) -> Option<Statement> {
        let more: &[TableWithJoins] = match &update.from {
            Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) => from,
            None => &[],
        };
        let table = update.table.relation.to_string();
        let tables = std::iter::once(&update.table).chain(more);
        Some(rows("update", &table, tables, update.selection.as_ref(), update.limit.as_ref()))
    }

    fn truncate(&self) -> Vec<String> {
        let at = 1 + usize::from(self.word(1) == "TABLE");
        let mut words = vec!["truncate".into()];
        words.extend(self.names(at, &["RESTART", "CONTINUE", "CASCADE", "RESTRICT"]));
        words.extend(self.has("CASCADE").then(|| "--cascade".into()));
        words
    }

    /// `DROP TYPE [IF EXISTS] name, … [CASCADE]`.
    fn drop(&self) -> Vec<Statement> {
        let mut at = 1;
        while matches!(
            self.word(at).as_str(),
            "MATERIALIZED" | "FOREIGN" | "TEMPORARY" | "EVENT" | "TEXT" | "SEARCH" | "ACCESS" | "UNIQUE"
        ) {
            at += 1;
        }
        let what = match self.word(at).as_str() {
            kind @ ("DATABASE" | "SCHEMA" | "TABLE" | "TABLESPACE")
                if !(kind == "SCHEMA" && self.dialect == Dialect::Mysql) =>
            {
                kind.to_ascii_lowercase()
            }
            "SCHEMA" => "database".into(),
            "OWNED" => return vec![Statement::Unknown("what a role owns can't be counted".into())],
            "USER" | "ROLE" => "role".into(),
            _ => "object".into(),
        };
        at += 1;
        if self.word(at) == "CONCURRENTLY" {
            at += 1;
        }
        let names = self.names(at, &["CASCADE", "RESTRICT", "ON", "FORCE"]);
        let temporary = self.word(1) == "TEMPORARY";
        if temporary {
            return Vec::new();
        }
        let mut words = vec!["drop".into(), what];
        words.extend(names);
        words.extend(self.has("CASCADE").then(|| "--cascade".into()));
        vec![Statement::Words(words)]
    }

    /// Of `ALTER TABLE`, only what drops columns or partitions loses data.
    fn alter_table(&self) -> Vec<Statement> {
        const KEPT: &[&str] = &[
            "CONSTRAINT",
            "INDEX",
            "KEY",
            "DEFAULT",
            "NOT",
            "IDENTITY",
            "EXPRESSION",
            "PRIMARY",
            "FOREIGN",
            "CHECK",
            "COLUMNAR",
        ];
        let mut columns = Vec::new();
        for at in 2..self.tokens.len() {
            if self.word(at) != "DROP" || KEPT.contains(&self.word(at + 1).as_str()) {
                continue;
            }
            let mut name = at + 1;
            while matches!(self.word(name).as_str(), "COLUMN" | "PARTITION" | "IF" | "EXISTS") {
                name += 1;
            }
            columns.extend(
                self.tokens
                    .get(name)
                    .map(|token| format!("{}.{token}", self.names(2, &["DROP", "ADD", "ALTER"]).join(","))),
            );
        }
        if columns.is_empty() {
            return Vec::new();
        }
        let mut words = vec!["drop".into(), "column".into()];
        words.append(&mut columns);
        vec![Statement::Words(words)]
    }

    /// Names from a place on, separated by commas, up to one of these words.
    fn names(&self, from: usize, until: &[&str]) -> Vec<String> {
        let mut names = Vec::new();
        let mut name = String::new();
        for at in from..self.tokens.len() {
            let word = self.word(at);
            if matches!(word.as_str(), "IF" | "EXISTS" | "ONLY") && name.is_empty() {
                continue;
            }
            if until.contains(&word.as_str()) {
                break;
            }
            match &self.tokens[at] {
                Token::Comma => names.push(std::mem::take(&mut name)),
                // The arguments of a function are a part of its name.
                token => _ = write!(name, "{token}"),
            }
        }
        names.push(name);
        names.retain(|name| !name.is_empty());
        names
    }

    /// Whether a GRANT is to all who can log in, or from anywhere.
    fn to_everyone(&self) -> bool {
        let public = (1..self.tokens.len()).any(|at| self.word(at) == "TO" && self.word(at + 1) == "PUBLIC");
        let anywhere = self.dialect == Dialect::Mysql
            && self.word(1) == "ALL"
            && self
                .tokens
                .iter()
                .any(|token| matches!(token, Token::SingleQuotedString(host) if host == "%"));
        public || anywhere
    }

    /// What a GRANT is on.
    fn granted(&self) -> String {
        let on = (1..self.tokens.len()).find(|at| self.word(*at) == "ON");
        on.map_or_else(|| "everything".into(), |at| self.names(at + 1, &["TO"]).join(","))
    }

    fn rest(&self, from: usize) -> String {
        self.tokens.iter().skip(from).map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }
}

fn shortened(word: &str) -> String {
    word.chars().take(20).collect()
}

#[cfg(test)]
mod tests;
