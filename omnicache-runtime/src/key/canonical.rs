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
        let mut function = blake3::Hasher::new();
        for text in [&identity.namespace, &identity.path] {
            function.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        function.update(self.digest.as_bytes());
        let arguments = *function.finalize().as_bytes();
        function.update(&identity.code.to_le_bytes()).update(&identity.shape.to_le_bytes());
        StoreKey {
            identity: Arc::clone(identity),
            hash: *function.finalize().as_bytes(),
            arguments,
            bytes: self.bytes,
        }
    }
}

/// Collects canonical bytes; hashes them on the way once they are many.
#[derive(Default)]
pub(super) struct Collector {
    bytes: Vec<u8>,
    long: Option<Box<blake3::Hasher>>,
}

impl Collector {
    pub(super) fn write(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.long {
            hasher.update(bytes);
        } else if self.bytes.len() + bytes.len() <= StoreKey::INLINE {
            self.bytes.extend_from_slice(bytes);
        } else {
            let hasher = self.long.insert(Box::default());
            hasher.update(&self.bytes).update(bytes);
        }
    }

    pub(super) fn finish(self, stable: bool) -> Canonical {
        match self.long {
            None => Canonical { digest: blake3::hash(&self.bytes), bytes: self.bytes, stable },
            Some(hasher) => {
                let digest = hasher.finalize();
                Canonical { digest, bytes: digest.as_bytes().to_vec(), stable }
            }
        }
    }
}
