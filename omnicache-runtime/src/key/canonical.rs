//! What a record on disk knows of its key: the canonical bytes if short, else their BLAKE3.
//!
//! Short bytes are hashed when the store is asked, and not before: the key has to be written before the body runs, but
//! most results turn out to be small, and never go there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrayvec::ArrayVec;

use super::bulk::Bulk;
use super::digest::{Digest, DigestState};
use super::tree::{SUBTREE, Tree};
use crate::store::{Identity, StoreKey};

/// The canonical bytes of one call's arguments.
#[derive(Debug)]
pub(crate) struct Canonical {
    content: Content,
    stable: bool,
    is_large: bool,
}

#[derive(Debug)]
enum Content {
    /// All of them, which are few.
    Brief(Brief),
    /// All of them.
    Short(Vec<u8>),
    /// Their BLAKE3: they are too long to be kept.
    Long(blake3::Hash),
}

/// The BLAKE3 of large keys of this process, by their digests in memory. What these tell apart in memory they tell apart
/// here, and hashing 100 MB by BLAKE3 takes three times as long as the digest does.
static LARGE: Mutex<Option<HashMap<Digest, blake3::Hash, DigestState>>> = Mutex::new(None);
/// Whether there are any.
static ARE_LARGE: AtomicBool = AtomicBool::new(false);
/// The most that are remembered.
const MOST: usize = 4096;

impl Canonical {
    /// What was remembered of the key that has this digest.
    pub(super) fn remembered(digest: Digest) -> Option<Self> {
        if !ARE_LARGE.load(Ordering::Relaxed) {
            return None;
        }
        let known = LARGE.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.get(&digest).copied()?;
        Some(Self::of_long(known, true, true))
    }

    /// Whether it is worth remembering.
    pub(super) fn is_large(&self) -> bool {
        self.is_large && self.stable
    }

    /// Remembers a large key.
    pub(super) fn remember(&self, digest: Digest) {
        let Content::Long(hash) = self.content else { return };
        if digest == Digest::NONE {
            return;
        }
        let mut known = LARGE.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(digest, hash);
        ARE_LARGE.store(true, Ordering::Relaxed);
    }

    /// Of bytes that are too long to be kept.
    fn of_long(digest: blake3::Hash, stable: bool, is_large: bool) -> Self {
        Self { content: Content::Long(digest), stable, is_large }
    }

    /// BLAKE3 of the bytes.
    pub(super) fn digest(&self) -> [u8; 32] {
        match &self.content {
            Content::Brief(bytes) => blake3::hash(bytes).into(),
            Content::Short(bytes) => blake3::hash(bytes).into(),
            Content::Long(digest) => *digest.as_bytes(),
        }
    }

    /// Whether another process would write the same bytes.
    pub(crate) fn is_stable(&self) -> bool {
        self.stable
    }

    /// The key of these arguments to the function `identity`.
    pub(crate) fn key(&self, identity: &Arc<Identity>) -> StoreKey {
        let digest = self.digest();
        let mut function = arguments_of(&identity.namespace, &identity.path, &digest);
        let arguments = function.finalize();
        function.update(&identity.code.to_le_bytes()).update(&identity.shape.to_le_bytes());
        StoreKey {
            identity: Arc::clone(identity),
            hash: *function.finalize().as_bytes(),
            arguments: std::array::from_fn(|i| arguments.as_bytes()[i]),
            bytes: match &self.content {
                Content::Brief(bytes) => bytes.to_vec(),
                Content::Short(bytes) => bytes.clone(),
                Content::Long(_) => digest.to_vec(),
            },
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
/// Room for the bytes of most keys, which are written a few at a time and thrown away with the call as a rule.
type Brief = ArrayVec<u8, 48>;

/// Collects canonical bytes; hashes them on the way once they are many.
#[derive(Default)]
pub(super) struct Collector {
    /// All bytes while they are few.
    brief: Brief,
    /// What they are put into when they become more.
    more: Option<Box<More>>,
}

/// Bytes that are not few.
#[derive(Default)]
struct More {
    /// All bytes while they are no more than a record has room for, then those that were not hashed yet.
    bytes: Vec<u8>,
    long: Option<Box<Tree>>,
}

impl Collector {
    /// Takes so few bytes that their number is known beforehand.
    #[inline]
    pub(super) fn few<const N: usize>(&mut self, bytes: [u8; N]) {
        if self.more.is_some() || self.brief.try_extend_from_slice(&bytes).is_err() {
            self.more().write(&bytes);
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        if self.more.is_some() || self.brief.try_extend_from_slice(bytes).is_err() {
            self.more().write(bytes);
        }
    }

    /// Takes the bytes of many elements.
    pub(super) fn bulk(&mut self, bulk: &dyn Bulk) {
        if bulk.length() <= SUBTREE {
            return bulk.range(0..bulk.length(), PIECE, &mut |piece| self.write(piece));
        }
        self.more().bulk(bulk);
    }

    #[cold]
    fn more(&mut self) -> &mut More {
        let Self { brief, more } = self;
        more.get_or_insert_with(|| Box::new(More { bytes: brief.to_vec(), long: None }))
    }

    pub(super) fn finish(self, stable: bool) -> Canonical {
        match self.more {
            None => Canonical { content: Content::Brief(self.brief), stable, is_large: false },
            Some(more) => more.finish(stable),
        }
    }
}

impl More {
    fn write(&mut self, bytes: &[u8]) {
        if bytes.len() > SUBTREE {
            self.bulk(&bytes);
        } else if self.long.is_some() {
            self.gather(bytes);
        } else if self.bytes.len() + bytes.len() <= StoreKey::INLINE {
            self.bytes.extend_from_slice(bytes);
        } else {
            self.long = Some(Box::default());
            self.gather(bytes);
        }
    }

    fn bulk(&mut self, bulk: &dyn Bulk) {
        let tree = self.long.get_or_insert_default();
        tree.update(&self.bytes);
        self.bytes.clear();
        tree.bulk(bulk);
    }

    /// Hashes in whole pieces, counted from the first byte of all: only then does BLAKE3 hash many blocks at a time.
    fn gather(&mut self, bytes: &[u8]) {
        let Some(tree) = &mut self.long else { return };
        let room = PIECE - tree.in_subtree() % PIECE;
        let (head, rest) = bytes.split_at(bytes.len().min(room - self.bytes.len()));
        self.bytes.extend_from_slice(head);
        if self.bytes.len() == room {
            tree.update(&self.bytes);
            let (pieces, rest) = rest.split_at(rest.len() / PIECE * PIECE);
            tree.update(pieces);
            self.bytes.clear();
            self.bytes.extend_from_slice(rest);
        }
    }

    fn finish(self, stable: bool) -> Canonical {
        match self.long {
            None => Canonical { content: Content::Short(self.bytes), stable, is_large: false },
            Some(mut tree) => {
                tree.update(&self.bytes);
                let is_large = tree.is_large();
                Canonical::of_long(tree.finish(), stable, is_large)
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
    fn many_bytes_at_once_give_the_hash_of_the_whole() {
        let bytes: Vec<u8> = (0..5_000_000_u32).map(|at| at.wrapping_mul(40_503).to_le_bytes()[2]).collect();
        for prefix in [0, 1, 1000, 1025, PIECE, 70_000, SUBTREE - 1, SUBTREE, SUBTREE + 1] {
            for length in [0, 1, SUBTREE, SUBTREE + 1, 2 * SUBTREE, 3 * SUBTREE - prefix % SUBTREE, 4_500_000]
            {
                let (head, rest) = bytes[..prefix + length + 5000].split_at(prefix);
                let mut collector = Collector::default();
                head.chunks(900).for_each(|piece| collector.write(piece));
                collector.bulk(&&rest[..length]);
                rest[length..].chunks(700).for_each(|piece| collector.write(piece));
                let whole = *blake3::hash(&bytes[..prefix + length + 5000]).as_bytes();
                assert_eq!(collector.finish(true).digest(), whole, "{prefix} and {length}");
            }
        }
    }

    #[test]
    fn a_large_key_is_hashed_once_in_a_process() {
        let (large, small) = (vec![1_u8; 3 * SUBTREE], vec![2_u8; 5000]);
        let of = |digest, bytes: &[u8]| KeyWriter::canonical_of(digest, |key| key.raw(bytes)).digest();
        let (first, second) = [&large, &small].map(|bytes| KeyWriter::digest(|key| key.raw(bytes))).into();
        let expected = *blake3::hash(&large).as_bytes();
        assert_eq!(of(first, &large), expected);
        assert_eq!(of(first, &small), expected, "it was not looked at again");
        assert_ne!(of(second, &small), expected);
        assert_eq!(of(second, &large), expected, "what is small is not remembered");
        assert_ne!(of(second, &small), expected, "nor what the digest does not stand for");
        let write = |key: &mut KeyWriter| {
            key.unstable();
            key.raw(&large[1..]);
        };
        let unstable = KeyWriter::digest(write);
        assert!(!KeyWriter::canonical_of(unstable, write).is_stable());
        assert!(
            !KeyWriter::canonical_of(unstable, write).is_stable(),
            "nor what another process would not find"
        );
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
