//! The tool files that guard ships, compiled in.
//!
//! The build script writes a sorted table of program names, so a command that nothing names costs
//! one binary search, and only the file that the first word calls for is decoded.

include!(concat!(env!("OUT_DIR"), "/builtin_tools.rs"));

/// Returns the name and text of the built-in tool file for a program name.
pub fn builtin(program: &str) -> Option<(&'static str, &'static str)> {
    let at = NAMES.binary_search_by(|(name, _)| (*name).cmp(program)).ok()?;
    FILES.get(NAMES[at].1).copied()
}

/// Returns the name and text of every built-in tool file.
pub fn builtin_files() -> &'static [(&'static str, &'static str)] {
    FILES
}

/// Returns the text of the built-in table of kinds.
pub fn builtin_kinds() -> &'static str {
    include_str!("../../policies/kinds.toml")
}
