//! A file of the store, mapped read-only.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Deref;

/// A whole file, mapped read-only and shared.
///
/// The store never truncates or changes a file in place, it only unlinks, so the bytes stay as they are for as
/// long as the mapping lives.
pub struct Mapping(memmap2::Mmap);

impl Mapping {
    /// Maps the whole of `file`.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        // SAFETY: the store writes files under temporary names, renames them once whole and never changes or
        // truncates them afterwards; the directory is private to its owner (0700). The bytes therefore do not
        // change while they are mapped, which is what a shared slice needs.
        let map = unsafe { memmap2::Mmap::map(file)? };
        Ok(Self(map))
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Mapping {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapping({} bytes)", self.0.len())
    }
}
