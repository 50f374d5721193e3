//! One record as one line of JSON that is safe to `cat`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::ui::escape::visible;

/// Returns `record` as JSON without a line end. What would not show (bidi, C1, format characters)
/// is written as `\uXXXX`, so a parser gives back the exact text and a terminal is safe.
///
/// # Errors
/// Where the value cannot be JSON.
pub fn to_line(record: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(512);
    record.serialize(&mut Serializer::with_formatter(&mut line, Visible))?;
    Ok(line)
}

struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut from = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| !visible(*c)) {
            out.write_all(&fragment.as_bytes()[from..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            from = at + c.len_utf8();
        }
        out.write_all(&fragment.as_bytes()[from..])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shows_everything() {
        let line = to_line(&["a\u{202e}b\u{9b}\u{7f}\n\u{e0041}é\\"]).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, r#"["a\u202eb\u009b\u007f\n\udb40\udc41é\\"]"#);
    }

    proptest! {
        #[test]
        fn any_text_is_visible_and_reads_back(text in any::<String>()) {
            let line = String::from_utf8(to_line(&text).unwrap()).unwrap();
            prop_assert!(line.chars().all(visible), "{line}");
            prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
        }
    }
}
