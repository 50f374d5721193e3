//! Words of a command line as text that a record can hold, exact for any bytes.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ui::escape::{escape, unescape};

/// A word, a path or a name from outside.
///
/// Its text is the word itself. Only a word that is not UTF-8, or that reads as if it had been
/// escaped for that, is written with the escapes of [`ui::escape`](mod@crate::ui::escape), so that it
/// can always be read back.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String")]
pub struct Word(pub OsString);

impl Word {
    /// The word as text.
    pub fn text(&self) -> Cow<'_, str> {
        match self.0.to_str() {
            Some(text) if !reads_as_escaped(text) => Cow::Borrowed(text),
            _ => escape(&self.0),
        }
    }

    /// Reads [`text`](Self::text) back.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let bytes = if reads_as_escaped(text) { unescape(text) } else { None };
        Self(bytes.map_or_else(|| text.into(), OsString::from_vec))
    }
}

/// Returns true where a byte is written as `\xff`.
fn reads_as_escaped(text: &str) -> bool {
    text.as_bytes()
        .windows(4)
        .any(|w| w.starts_with(b"\\x") && w[2].is_ascii_hexdigit() && w[3].is_ascii_hexdigit())
}

impl<T: AsRef<OsStr> + ?Sized> From<&T> for Word {
    fn from(word: &T) -> Self {
        Self(word.as_ref().to_owned())
    }
}

impl AsRef<OsStr> for Word {
    fn as_ref(&self) -> &OsStr {
        &self.0
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_text(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn leaves_text_as_it_is() {
        for text in ["", "a\nb", r"web\.1", r"\d", "é\u{202e}"] {
            assert_eq!(Word::from(text).text(), text);
        }
        assert_eq!(Word(OsString::from_vec(b"a\xff\\".to_vec())).text(), r"a\xff\\");
        assert_eq!(Word::from(r"\xff").text(), r"\\xff");
    }

    proptest! {
        #[test]
        fn reads_back(parts in prop::collection::vec(prop::sample::select(
            vec![&b"\\"[..], b"x", b"f", b"0", b"\xff", b"\xc3\xa9", b"\n", b"u{41}"]), 0..12)) {
            let word = Word(OsString::from_vec(parts.concat()));
            prop_assert_eq!(Word::from_text(&word.text()), word);
        }
    }
}
