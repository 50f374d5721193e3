//! Facts: tool files, grammars, kinds and their tests.
//!
//! A tool is knowledge, not code: what guard knows of `kubectl` stands in
//! `policies/tools/kubectl.toml`. This folder says what such a file may hold, checks it when it is
//! loaded, and finds the one that a program's name calls for. What the words of a command mean is
//! [`read`](crate::read)'s work, counting is [`scope`](crate::scope)'s.

mod action;
mod bound;
mod builtin;
mod complete;
mod condition;
mod file;
mod glob;
mod harmless;
mod health;
mod kinds;
mod listing;
mod over;
mod sense;
mod spec;
mod sql;
mod template;

pub use action::{Action, ActionTest, From, Inner, ItemRules, ProcessBy, SessionPath, Source, Targets};
pub use bound::{Bound, BoundOf};
pub use builtin::{Builtin, builtin, builtin_files, builtin_kinds, unpack};
pub use complete::ToolFault;
pub use condition::{Alternative, CommandPath, Condition};
pub use file::{Aliases, AliasesBy, Options, PlaceFrom, PlacePart, Select, Style, Tool, ToolFile, Wrapper};
pub use glob::Glob;
pub use harmless::{Asked, Harmless, is_harmless, prints_code};
pub use health::Health;
pub use kinds::{Kind, Kinds, Size, grouped, number_of};
pub use listing::{Dependents, Field, Fields, Read, Shape};
pub use over::Over;
pub use spec::{Effect, EffectBy, EffectKey, Freeze, OperandRange, OptionName, Span, SpecFault};
pub use sql::{Dialect, SqlText};
pub use template::{Part, Placeholder, Template, Typed};
