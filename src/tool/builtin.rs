//! The files that guard ships, compiled in.
//!
//! The build script writes a sorted table of program names, so a command that nothing names costs
//! one binary search, and only the file that the first word calls for is decoded: from MessagePack,
//! which the build script made of the TOML.

use serde::de::DeserializeOwned;

use super::{Kinds, ToolFile};

/// A tool file that guard ships.
#[derive(Debug)]
pub struct Builtin {
    /// Its name, without the ending.
    pub name: &'static str,
    /// What it says, as it was written.
    pub text: &'static str,
    packed: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/builtin_tools.rs"));

impl Builtin {
    /// Decodes it; the rules between its keys are not looked at yet ([`ToolFile::complete`]).
    ///
    /// # Errors
    /// What is wrong with it, in words; tests read every file.
    pub fn file(&self) -> Result<ToolFile, String> {
        unpack(self.packed)
    }
}

/// Returns the built-in tool file for a program name.
pub fn builtin(program: &str) -> Option<&'static Builtin> {
    let at = NAMES.binary_search_by(|(name, _)| (*name).cmp(program)).ok()?;
    FILES.get(NAMES[at].1)
}

/// Returns every built-in tool file.
pub fn builtin_files() -> &'static [Builtin] {
    FILES
}

/// Decodes the built-in table of kinds.
///
/// # Errors
/// What is wrong with it, in words; tests read it.
pub fn builtin_kinds() -> Result<Kinds, String> {
    unpack(include_bytes!(concat!(env!("OUT_DIR"), "/kinds.msgpack")))
}

/// Decodes what the build script packed.
///
/// # Errors
/// What does not fit the type, in words.
pub fn unpack<T: DeserializeOwned>(packed: &[u8]) -> Result<T, String> {
    rmp_serde::from_slice(packed).map_err(|fault| fault.to_string())
}
