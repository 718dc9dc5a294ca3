//! What a record on disk knows of its key: the canonical bytes if short, else their BLAKE3.

use std::sync::Arc;

use crate::store::{Identity, StoreKey};

/// The canonical bytes of one call's arguments.
pub(crate) struct Canonical {
    bytes: Vec<u8>,
    digest: blake3::Hash,
    stable: bool,
}

impl Canonical {
    /// BLAKE3 of the bytes.
    pub(super) fn digest(&self) -> [u8; 32] {
        *self.digest.as_bytes()
    }

    /// Whether another process would write the same bytes.
    pub(crate) fn is_stable(&self) -> bool {
        self.stable
    }

    /// The key of these arguments to the function `identity`.
    pub(crate) fn key(self, identity: &Arc<Identity>) -> StoreKey {
        let mut function = arguments_of(&identity.namespace, &identity.path, self.digest.as_bytes());
        let arguments = function.finalize();
        function.update(&identity.code.to_le_bytes()).update(&identity.shape.to_le_bytes());
        StoreKey {
            identity: Arc::clone(identity),
            hash: *function.finalize().as_bytes(),
            arguments: std::array::from_fn(|i| arguments.as_bytes()[i]),
            bytes: self.bytes,
        }
    }
}

/// What the hash of arguments to a function is made of: whose it is, which it is, and the digest of the bytes.
fn arguments_of(namespace: &str, path: &str, digest: &[u8; 32]) -> blake3::Hasher {
    let mut function = blake3::Hasher::new();
    for text in [namespace, path] {
        function.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    function.update(digest);
    function
}

/// Whether what a record has as its key is the digest of longer bytes, and not a key that happens to be as long.
pub(crate) fn is_digest(namespace: &str, path: &str, arguments: &[u8], key: &[u8]) -> bool {
    let digest: Option<&[u8; 32]> = key.try_into().ok();
    digest.is_some_and(|digest| {
        arguments_of(namespace, path, digest).finalize().as_bytes().starts_with(arguments)
    })
}

/// So many bytes are hashed at a time.
const PIECE: usize = 64 << 10;

/// Collects canonical bytes; hashes them on the way once they are many.
#[derive(Default)]
pub(super) struct Collector {
    /// All bytes while they are few, then those that were not hashed yet.
    bytes: Vec<u8>,
    long: Option<Box<blake3::Hasher>>,
}

impl Collector {
    pub(super) fn write(&mut self, bytes: &[u8]) {
        if self.long.is_some() {
            self.gather(bytes);
        } else if self.bytes.len() + bytes.len() <= StoreKey::INLINE {
            self.bytes.extend_from_slice(bytes);
        } else {
            self.long = Some(Box::default());
            self.gather(bytes);
        }
    }

    /// Hashes in whole pieces, counted from the first byte: only then does BLAKE3 hash many blocks at a time.
    fn gather(&mut self, bytes: &[u8]) {
        let Some(hasher) = &mut self.long else { return };
        let (head, rest) = bytes.split_at(bytes.len().min(PIECE - self.bytes.len()));
        self.bytes.extend_from_slice(head);
        if self.bytes.len() == PIECE {
            hasher.update(&self.bytes);
            let (pieces, rest) = rest.split_at(rest.len() / PIECE * PIECE);
            hasher.update(pieces);
            self.bytes.clear();
            self.bytes.extend_from_slice(rest);
        }
    }

    pub(super) fn finish(self, stable: bool) -> Canonical {
        match self.long {
            None => Canonical { digest: blake3::hash(&self.bytes), bytes: self.bytes, stable },
            Some(mut hasher) => {
                let digest = hasher.update(&self.bytes).finalize();
                Canonical { digest, bytes: digest.as_bytes().to_vec(), stable }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyWriter;

    #[test]
    fn pieces_of_any_length_give_the_hash_of_the_whole() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|at| at.to_le_bytes()[0]).collect();
        for length in [1000, 1024, 1025, PIECE, PIECE + 1, 2 * PIECE, 300_000] {
            for piece in [7, 1000, 16_384, PIECE, PIECE + 1, 300_000] {
                let mut collector = Collector::default();
                bytes[..length].chunks(piece).for_each(|piece| collector.write(piece));
                let whole = *blake3::hash(&bytes[..length]).as_bytes();
                assert_eq!(collector.finish(true).digest(), whole, "{length} by {piece}");
            }
        }
    }

    #[test]
    fn a_digest_is_told_from_a_key_that_is_as_long() {
        let identity = Arc::new(Identity {
            namespace: "n".into(),
            site: "s".into(),
            path: "p".into(),
            code: 1,
            shape: 2,
        });
        for (length, digest) in [(32, false), (1024, false), (1025, true), (5000, true)] {
            let key = KeyWriter::canonical(|key| key.raw(&vec![7; length])).key(&identity);
            assert_eq!(is_digest("n", "p", &key.arguments, &key.bytes), digest, "{length}");
        }
    }
}
