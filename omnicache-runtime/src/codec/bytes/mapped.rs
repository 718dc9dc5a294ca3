//! Bytes that may lie in a mapped file.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use crate::codec::Payload;

/// A shared byte string. On a hit it is the mapped file itself: nothing is copied, and the mapping lives as long as
/// any clone does.
#[derive(Clone)]
pub struct MappedBytes(Arc<Payload>);

/// Without a copy: a mapping is kept alive.
impl From<Payload> for MappedBytes {
    fn from(payload: Payload) -> Self {
        Self(Arc::new(payload))
    }
}

impl From<Vec<u8>> for MappedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Payload::Owned(bytes).into()
    }
}

impl Deref for MappedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for MappedBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for MappedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MappedBytes({} bytes)", self.len())
    }
}

impl PartialEq for MappedBytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for MappedBytes {}

impl Hash for MappedBytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}
