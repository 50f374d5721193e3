//! The text of a git configuration file → its lines.

/// One line of a git configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The section, lower case.
    pub section: String,
    /// What stands in quotes behind it, as written.
    pub name: String,
    /// The key, lower case.
    pub key: String,
    /// The value; `true` where there is none.
    pub value: String,
}

/// The lines of a configuration file; `None` for what git would not read either.
pub(super) fn entries(text: &str) -> Option<Vec<Entry>> {
    let text = text.replace("\\\r\n", "").replace("\\\n", "");
    let (mut section, mut name) = (String::new(), String::new());
    let mut out = Vec::new();
    for line in text.lines() {
        let mut rest = line.trim();
        if let Some(heading) = rest.strip_prefix('[') {
            let (inside, after) = heading_end(heading)?;
            let (head, quoted) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
            section = head.to_ascii_lowercase();
            name = value(quoted.trim())?;
            rest = after.trim();
        }
        if rest.is_empty() || rest.starts_with(['#', ';']) {
            continue;
        }
        let (key, text) = rest.split_once('=').unwrap_or((rest, "true"));
        let (section, name) = (section.clone(), name.clone());
        out.push(Entry { section, name, key: key.trim().to_ascii_lowercase(), value: value(text.trim())? });
    }
    Some(out)
}

/// Splits `name "quoted ]"] rest` behind the bracket that ends it.
fn heading_end(text: &str) -> Option<(&str, &str)> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

/// A value with its quotes, escapes and comment taken off.
fn value(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut quoted = false;
    let mut kept = 0;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '#' | ';' if !quoted => break,
            '\\' => out.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'b' => '\u{8}',
                c @ ('"' | '\\') => c,
                _ => return None,
            }),
            c => out.push(c),
        }
        if quoted || !c.is_whitespace() {
            kept = out.len();
        }
    }
    out.truncate(kept);
    (!quoted).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::entries;

    fn one(text: &str) -> Vec<String> {
        let all = entries(text).unwrap_or_default();
        all.iter().map(|e| format!("{}|{}|{}|{}", e.section, e.name, e.key, e.value)).collect()
    }

    #[test]
    fn a_configuration_is_read_as_git_reads_it() {
        assert_eq!(
            one("[alias]\n\tpf = push -f # mine\n lg = \"log ; x\""),
            ["alias||pf|push -f", "alias||lg|log ; x"]
        );
        assert_eq!(
            one("[Remote \"a]\\\"b\"] Push = +x\nmirror"),
            ["remote|a]\"b|push|+x", "remote|a]\"b|mirror|true"]
        );
        assert_eq!(one("[a]\nb = c \\\n  d\n; e\n[x.y]z=1"), ["a||b|c   d", "x.y||z|1"]);
    }

    #[test]
    fn what_git_refuses_is_not_read() {
        for text in ["[alias\na=b", "[a]\nb = \"c", "[a]\nb = \\q"] {
            assert_eq!(entries(text), None, "{text}");
        }
    }
}
