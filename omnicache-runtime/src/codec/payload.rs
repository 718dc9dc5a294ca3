//! The bytes of a stored result: owned, or mapped from a file.

use std::fmt;
use std::ops::Deref;

#[cfg(feature = "disk")]
use std::sync::Arc;

#[cfg(feature = "disk")]
use crate::store::Mapping;

/// The bytes of a stored result, whose checksum has been verified or may be trusted.
#[non_exhaustive]
pub enum Payload {
    /// Bytes in memory.
    Owned(Vec<u8>),
    /// A file of ours, mapped; the mapping lives as long as anything made from it.
    #[cfg(feature = "disk")]
    Mapped(Arc<Mapping>),
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            #[cfg(feature = "disk")]
            Self::Mapped(mapping) => mapping,
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if matches!(self, Self::Owned(_)) { "owned" } else { "mapped" };
        write!(f, "Payload({place}, {} bytes)", self.len())
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes)
    }
}
