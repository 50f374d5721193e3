//! The health check of a rollout, as a tool file or a site's policy names it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::listing::Read;
use super::spec::Span;
use super::template::Template;

/// A command that says whether all is well, run between the batches of a rollout.
///
/// It must start, end with exit code 0 in its time, and print something.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// The command. One that names the targets of the batch (`{targets}`, `{folded}`, `{each …}`) runs
    /// after a batch alone, once for what one call takes; any other also before the first.
    pub check: Template,
    /// How what it prints is read, where it lists: each row must be healthy then.
    #[serde(default)]
    pub read: Option<Read>,
    /// How long each batch is left alone before it is checked.
    #[serde(default)]
    pub soak: Option<Span>,
    /// How long to wait before a check that failed is tried again.
    #[serde(default)]
    pub every: Option<Span>,
    /// How often it is tried again.
    #[serde(default)]
    pub retries: u32,
    /// How long it may take.
    #[serde(default)]
    pub timeout: Option<Span>,
}
