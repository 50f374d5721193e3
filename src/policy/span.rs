//! Where a rule stands in the text of its layer.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// Finds the bytes of `key = value` for a rule such as `limits."kubectl delete".protect`.
///
/// `None` where the text has no such rule: it is built in, or another layer's.
pub fn rule_span(text: &str, rule: &str) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    find(table.get_ref(), rule)
}

fn find(table: &DeTable<'_>, rule: &str) -> Option<Range<usize>> {
    table.iter().find_map(|(key, value)| {
        let rest = after(rule, key.get_ref())?;
        let value_span = value.span();
        match (rest, value.get_ref()) {
            ("", _) => Some(key.span().start.min(value_span.start)..value_span.end),
            (rest, DeValue::Table(inner)) => find(inner, rest.strip_prefix('.')?),
            _ => None,
        }
    })
}

/// What follows a key, bare or quoted, at the front of a rule.
fn after<'r>(rule: &'r str, key: &str) -> Option<&'r str> {
    let bare = rule.strip_prefix(key);
    let quoted = || rule.strip_prefix('"')?.strip_prefix(key)?.strip_prefix('"');
    bare.or_else(quoted).filter(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The line, counted from 1, on which a byte of a text stands.
pub fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_however_they_are_written() {
        let text = "[limits.destroy]\nmember = { confirm = 3 }\n[limits.\"kubectl delete\"]\nprotect = [\n 'a',\n]\n[environment.\"eu.prod\"]\nlimits.stop.member.confirm = 1\n";
        let at = |rule| rule_span(text, rule).map(|span| &text[span]);
        assert_eq!(at("limits.destroy.member.confirm"), Some("confirm = 3"));
        assert_eq!(at("limits.\"kubectl delete\".protect"), Some("protect = [\n 'a',\n]"));
        assert_eq!(at("environment.eu.prod.limits.stop.member.confirm"), Some("confirm = 1"));
        assert_eq!(at("limits.destroy.member.deny"), None);
        assert_eq!(at("blank"), None);
        assert_eq!(rule_span("= broken", "blank"), None);
        assert_eq!(line_of(text, 20), 2);
    }
}
