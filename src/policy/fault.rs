//! Faults in configuration, shown the way a compiler shows them: file, line, the span underlined.

use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::ui::escape::escape;
use crate::world::FileFault;

/// Why a policy or tool file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileFault),
    /// What it says, with the place.
    #[error("{}", .0.message)]
    Text(Box<TextFault>),
    /// A layer that may only tighten says what only a site may say.
    #[error("{path}: '{key}' may stand only in a site's file; this one may only tighten")]
    NotHere {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
    },
}

/// A fault at a place of a text.
#[derive(Debug)]
pub struct TextFault {
    /// The file's name as shown.
    pub path: String,
    /// Its text.
    pub text: String,
    /// The bytes in question.
    pub span: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
}

impl ConfigFault {
    /// Makes a fault of what the TOML reader said.
    pub fn toml(path: &str, text: &str, fault: &toml::de::Error) -> Self {
        Self::Text(Box::new(TextFault {
            path: path.to_owned(),
            text: text.to_owned(),
            span: fault.span(),
            message: fault.message().to_owned(),
        }))
    }

    /// Makes a fault of a whole file.
    pub fn whole(path: &str, message: String) -> Self {
        Self::Text(Box::new(TextFault { path: path.to_owned(), text: String::new(), span: None, message }))
    }

    /// Returns the fault with its place underlined, several lines without colour.
    pub fn render(&self) -> String {
        match self {
            Self::Text(fault) => fault.render(),
            other => format!("error: {}", escape(&other.to_string())),
        }
    }
}

impl TextFault {
    fn render(&self) -> String {
        let message = self.message.trim();
        match &self.span {
            None => format!("error: {}: {}", escape(&self.path), escape_lines(message)),
            Some(span) => {
                let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
                underline(&self.path, &self.text, span.clone(), first, rest)
            }
        }
    }
}

/// How grave a remark on a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gravity {
    /// It can't be used.
    Error,
    /// It can be used, and is hardly meant.
    Warning,
    /// It explains.
    Note,
}

/// Draws a text's lines around a span as an error, with a title above and a label below the span.
pub fn underline(path: &str, text: &str, span: Range<usize>, title: &str, label: &str) -> String {
    draw(Gravity::Error, path, text, span, title, label)
}

/// Draws a text's lines around a span, with a title above and a label below the span.
pub fn draw(
    gravity: Gravity,
    path: &str,
    text: &str,
    span: Range<usize>,
    title: &str,
    label: &str,
) -> String {
    let safe = printable(text);
    let end = span.end.min(safe.len());
    let start = span.start.min(end);
    let title = escape_lines(title);
    let path = escape(path).into_owned();
    let label = escape_lines(label);
    let annotation = AnnotationKind::Primary.span(start..end).label(label);
    let snippet = Snippet::source(safe).path(path).fold(true).annotation(annotation);
    let level = match gravity {
        Gravity::Error => Level::ERROR,
        Gravity::Warning => Level::WARNING,
        Gravity::Note => Level::NOTE,
    };
    let report = &[level.primary_title(title).element(snippet)];
    Renderer::plain().render(report)
}

/// The text with every byte that a terminal could take for a command replaced, lengths kept.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let keep = c == '\n' || c == '\t' || crate::ui::escape::visible(c);
            let (c, times) = if keep { (c, 1) } else { ('?', c.len_utf8()) };
            std::iter::repeat_n(c, times)
        })
        .collect()
}

fn escape_lines(text: &str) -> String {
    text.lines().map(|line| escape(line).into_owned()).collect::<Vec<_>>().join("; ")
}
