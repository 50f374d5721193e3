//! Why a text is no set of hosts, or which hosts it means is not known.

/// What keeps a set from being read. Whoever counts targets takes each as unknown, never as none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The tool itself would not take it, or guard is not sure how it would.
    #[error("'{set}' is not a set that can be read: {why}")]
    Form {
        /// The text, or the part of it that is wrong.
        set: String,
        /// What is wrong with it.
        why: String,
    },
    /// It names something that only the tool, an inventory or another host knows.
    #[error("'{name}' is not known: {why}")]
    Unresolved {
        /// The group, file or pattern.
        name: String,
        /// Why it is not.
        why: String,
    },
    /// Taking it apart would take more memory or time than a count is worth.
    #[error("the set is too mixed to be counted")]
    TooMixed,
    /// More hosts than a number holds.
    #[error("the set has more hosts than can be counted")]
    TooMany,
}

impl Fault {
    pub(super) fn form(set: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Form { set: set.into(), why: why.into() }
    }

    pub(super) fn unresolved(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Unresolved { name: name.into(), why: why.into() }
    }
}
