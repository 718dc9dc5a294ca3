//! Byte strings of the `bytes` crate as keys.

use super::{CacheKey, KeyWriter};

impl CacheKey for bytes::Bytes {
    fn write_key(&self, key: &mut KeyWriter) {
        self[..].write_key(key);
    }
}
