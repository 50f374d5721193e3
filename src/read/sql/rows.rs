//! Statements that hit rows of a table: which rows, and the query that counts them.

use sqlparser::ast::{BinaryOperator, Expr, TableWithJoins, Value};

use super::Statement;

/// A statement that hits rows of a table.
pub(super) fn rows<'t>(
    verb: &str,
    table: &str,
    tables: impl Iterator<Item = &'t TableWithJoins>,
    selection: Option<&Expr>,
    limit: Option<&Expr>,
) -> Statement {
    let mut words = vec![verb.to_owned()];
    let keys = selection.map(keys).unwrap_or_default();
    if keys.is_empty() {
        words.push(table.to_owned());
    } else {
        words.push("--by-key".into());
        words.extend(keys.iter().map(|key| format!("{table}:{key}")));
    }
    let chosen = selection.filter(|selection| !always(selection));
    // An empty selector, as it is for other tools: every row.
    words.push("--where".into());
    words.push(chosen.map(ToString::to_string).unwrap_or_default());
    let tables: Vec<String> = tables.map(ToString::to_string).collect();
    let filter = chosen.map(|chosen| format!(" WHERE {chosen}")).unwrap_or_default();
    let from = format!("FROM {}{filter}", tables.join(", "));
    let label: String =
        table.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '$')).collect();
    words.push("--count".into());
    words.push(match limit {
        Some(limit) => format!("SELECT '{label}', count(*) FROM (SELECT 1 {from} LIMIT {limit}) AS hit"),
        None => format!("SELECT '{label}', count(*) {from}"),
    });
    Statement::Words(words)
}

/// The values of a key column that a condition asks for: each is one row at the most.
fn keys(condition: &Expr) -> Vec<String> {
    let is_key = |column: &Expr| {
        let name = match column {
            Expr::Identifier(name) => &name.value,
            Expr::CompoundIdentifier(path) => match path.last() {
                Some(name) => &name.value,
                None => return false,
            },
            _ => return false,
        };
        ["id", "uuid", "guid", "rowid", "pk", "_id"].iter().any(|key| name.eq_ignore_ascii_case(key))
    };
    let is_value = |value: &Expr| matches!(value, Expr::Value(_));
    match condition {
        Expr::Nested(inner) => keys(inner),
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if is_key(left) && is_value(right) => {
            vec![right.to_string()]
        }
        Expr::InList { expr, list, negated: false } if is_key(expr) && list.iter().all(is_value) => {
            list.iter().map(ToString::to_string).collect()
        }
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            let left = keys(left);
            if left.is_empty() { keys(right) } else { left }
        }
        _ => Vec::new(),
    }
}

/// Whether a condition holds for every row, by its text.
fn always(condition: &Expr) -> bool {
    match condition {
        Expr::Nested(inner) => always(inner),
        Expr::Value(value) => match &value.value {
            Value::Boolean(holds) => *holds,
            Value::Number(number, _) => number.parse::<f64>().is_ok_and(|number| number != 0.0),
            _ => false,
        },
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => left == right,
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => always(left) || always(right),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => always(left) && always(right),
        Expr::IsNotNull(column) => keys_column(column),
        _ => false,
    }
}

fn keys_column(column: &Expr) -> bool {
    matches!(column, Expr::Identifier(name) if name.value.eq_ignore_ascii_case("id"))
}
