//! `bytes::Bytes`, which takes a mapping over without a copy.

use super::{ByteString, MappedBytes};
use crate::codec::Payload;

impl ByteString for bytes::Bytes {
    fn from_payload(payload: Payload) -> Self {
        match payload {
            Payload::Owned(bytes) => bytes.into(),
            #[cfg(feature = "disk")]
            Payload::Mapped(_) => MappedBytes::from(payload).into(),
        }
    }
}

/// Without a copy: the bytes keep the mapping alive.
impl From<MappedBytes> for bytes::Bytes {
    fn from(mapped: MappedBytes) -> Self {
        Self::from_owner(mapped)
    }
}
