//! An argument whose digest is kept.

use std::ops::Deref;

use super::writer::Tag;
use super::{CacheKey, KeyWriter};

/// A value whose key is computed once, for a large argument that is passed again and again.
///
/// It reads like the value itself. Its key is a 256-bit digest (128-bit without the feature `disk`) of the
/// value's canonical bytes.
///
/// ```
/// use omnicache_runtime::Prehashed;
///
/// let samples = Prehashed::new(vec![0.5_f32; 1_000_000]);
/// assert_eq!(samples.len(), 1_000_000);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Prehashed<T> {
    value: T,
    digest: [u8; 32],
}

impl<T: CacheKey> Prehashed<T> {
    /// Hashes the value, once.
    pub fn new(value: T) -> Self {
        let digest = digest(&value);
        Self { value, digest }
    }
}

impl<T> Prehashed<T> {
    /// Gives the value back.
    pub fn into_inner(self) -> T {
        self.value
    }
}

#[cfg(feature = "disk")]
fn digest(value: &impl CacheKey) -> [u8; 32] {
    KeyWriter::canonical(|key| value.write_key(key)).digest()
}

#[cfg(not(feature = "disk"))]
fn digest(value: &impl CacheKey) -> [u8; 32] {
    let digest = KeyWriter::digest(|key| value.write_key(key));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&digest.low().to_le_bytes());
    bytes[8..16].copy_from_slice(&digest.high().to_le_bytes());
    bytes
}

impl<T> Deref for Prehashed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> CacheKey for Prehashed<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tagged(Tag::Prehashed, self.digest);
    }
}
