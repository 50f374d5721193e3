//! Under what a command is judged, wherever it stands: typed, carried by another, or in a text.

use std::ffi::OsString;

use crate::read::{ReadFault, Understood, Wrapper, read_inside};

use super::around::Around;
use super::decide::{Depth, Setup};

/// Under what a command is judged.
#[derive(Clone, Copy)]
pub struct Under<'a> {
    /// What stands around it and is not in its words.
    pub around: &'a Around,
    /// What guard knows.
    pub setup: Setup<'a>,
    /// How far to count.
    pub depth: Depth,
}

impl<'a> Under<'a> {
    /// The same with other things around the command.
    #[must_use]
    pub fn around<'b>(self, around: &'b Around) -> Under<'b>
    where
        'a: 'b,
    {
        Under { around, ..self }
    }

    /// Every way to read a command that runs under these wrappers.
    ///
    /// # Errors
    /// As [`read_inside`].
    pub fn read(&self, argv: &[OsString], wrappers: &[Wrapper]) -> Result<Vec<Understood>, ReadFault> {
        read_inside(argv, wrappers.to_vec(), self.setup.shelf)
    }
}
