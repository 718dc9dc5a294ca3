//! A file of the store, mapped read-only.

use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::ops::Deref;

/// A whole file, mapped read-only and shared.
///
/// The store never truncates or changes a file in place, it only unlinks, so the bytes stay as they are for as
/// long as the mapping lives.
pub struct Mapping {
    map: memmap2::Mmap,
    /// Its device and its number there, which no other file has while this one is mapped.
    file: (u64, u64),
    trusted: bool,
}

impl Mapping {
    /// Maps the whole of `file`, of which `metadata` is; `trusted` if its bytes are known to be what our codec wrote.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) fn of(file: &File, metadata: &Metadata, trusted: bool) -> io::Result<Self> {
        // SAFETY: the store writes files under temporary names, renames them once whole and never changes or
        // truncates them afterwards; the directory is private to its owner (0700). The bytes therefore do not
        // change while they are mapped, which is what a shared slice needs.
        let map = unsafe { memmap2::Mmap::map(file)? };
        Ok(Self { map, file: identity(metadata), trusted })
    }

    /// Whether it maps the file that `metadata` is of.
    pub(super) fn is_of(&self, metadata: &Metadata) -> bool {
        cfg!(unix) && self.file == identity(metadata)
    }

    /// Whether its bytes need not be validated: they were written by this very codec in the present boot of the
    /// machine, from a value of this very type, and nothing has happened since that could have changed them.
    pub fn is_trusted(&self) -> bool {
        self.trusted
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

impl AsRef<[u8]> for Mapping {
    fn as_ref(&self) -> &[u8] {
        &self.map
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapping({} bytes)", self.map.len())
    }
}
