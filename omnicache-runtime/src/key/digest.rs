//! The digest an entry is found by in memory: 128 bits, keyed by a secret of this process.
//!
//! Two lanes take the words in pairs; each lane multiplies a word mixed with its state, which is secret from the start,
//! by the other word mixed with a secret, and folds the halves of the 128-bit product together (the step of wyhash and
//! its kin, here with multiplicands that are secret on both sides). Long byte strings go through XXH3-128 with 192 random bytes of secret first. Whoever does not know the
//! secret cannot build two keys that collide; by chance two of `n` keys do with about `n² / 2^127`.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::OnceLock;

use twox_hash::xxhash3_128::{Hasher, RawHasher, SecretBuffer};

/// Byte strings up to this length are taken word by word.
const SHORT: usize = 64;
/// Up to this length XXH3 has other rules, by which a [`RawHasher`] mixes in its seed and not the secret.
const MIDDLING: usize = 240;
const SECRET_BYTES: usize = 192;
/// Stands beside the kind of a byte string that was hashed by itself; no short one has this length.
const LONG: u64 = 0xFF << 8;
/// The kind of the bytes of many elements, where tags are the kinds of other things.
const BULK: u8 = 0xFD;

/// What keys the digests of this process.
pub(crate) struct Secret {
    /// Where the two lanes begin.
    starts: [u64; 2],
    /// What the second multiplicand of either lane is mixed with.
    factors: [u64; 2],
    bytes: [u8; SECRET_BYTES],
}

static SECRET: OnceLock<Secret> = OnceLock::new();

impl Secret {
    /// The secret, drawn at its first use.
    #[inline]
    pub(crate) fn get() -> &'static Self {
        match SECRET.get() {
            Some(secret) => secret,
            None => Self::draw(),
        }
    }

    #[cold]
    fn draw() -> &'static Self {
        SECRET.get_or_init(|| {
            let random = RandomState::new();
            let mut bytes = [0; SECRET_BYTES];
            for (index, word) in bytes.chunks_exact_mut(8).enumerate() {
                word.copy_from_slice(&random.hash_one(index).to_le_bytes());
            }
            let word = |index| random.hash_one(("word", index));
            Self { starts: [word(0), word(1)], factors: [word(2), word(3)], bytes }
        })
    }
}

/// A keyed 128-bit digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest(u128);

impl Digest {
    /// The digest of nothing in particular, for calls that concern no entry.
    pub(crate) const NONE: Self = Self(1);

    /// The digest of these two halves.
    #[inline]
    pub(crate) fn from_words(low: u64, high: u64) -> Self {
        Self(u128::from(low) | u128::from(high) << 64)
    }

    /// The low 64 bits.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
    pub(crate) fn low(self) -> u64 {
        self.0 as u64
    }

    /// The high 64 bits.
    #[inline]
    pub(crate) fn high(self) -> u64 {
        (self.0 >> 64) as u64
    }
}

/// The digest of a key in the making.
pub(super) struct Lanes {
    low: u64,
    high: u64,
    secret: &'static Secret,
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "the halves of the product")]
    let halves = (product as u64, (product >> 64) as u64);
    halves.0 ^ halves.1
}

/// Up to eight bytes as a word: of all byte strings of one length, no two give the same.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    // Loads of fixed widths, which may overlap: a copy of any length would be a call.
    if let Some(eight) = bytes.first_chunk() {
        u64::from_le_bytes(*eight)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
    } else if let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) {
        u64::from(first) | u64::from(bytes[bytes.len() / 2]) << 8 | u64::from(last) << 16
    } else {
        0
    }
}

impl Lanes {
    #[inline]
    pub(super) fn new(secret: &'static Secret) -> Self {
        let [low, high] = secret.starts;
        Self { low, high, secret }
    }

    /// Takes two words.
    #[inline]
    pub(super) fn step(&mut self, a: u64, b: u64) {
        let [of_low, of_high] = self.secret.factors;
        self.low = fold(self.low ^ a, b ^ of_low);
        self.high = fold(self.high ^ b, a ^ of_high);
    }

    /// Takes bytes along with their length and what they are.
    #[inline]
    pub(super) fn bytes(&mut self, kind: u8, bytes: &[u8]) {
        if bytes.len() > SHORT {
            return self.long(kind, bytes);
        }
        // Kind and length first, so that no bytes can be mistaken for what follows them.
        let (first, rest) = bytes.split_at(bytes.len().min(8));
        self.step(word(first), u64::from(kind) | (bytes.len() as u64) << 8);
        for pair in rest.chunks(16) {
            let (a, b) = pair.split_at(pair.len().min(8));
            self.step(word(a), word(b));
        }
    }

    #[cold]
    fn long(&mut self, kind: u8, bytes: &[u8]) {
        let hash = Hasher::oneshot_with_secret(&self.secret.bytes, bytes).unwrap_or(0);
        self.hash(kind, hash, bytes.len() as u64);
    }

    /// Takes the hash of a long byte string.
    #[expect(clippy::cast_possible_truncation, reason = "split in two halves")]
    fn hash(&mut self, kind: u8, hash: u128, length: u64) {
        self.step(length, u64::from(kind) | LONG);
        self.step(hash as u64, (hash >> 64) as u64);
    }

    /// Takes the pieces that `write` pushes as one byte string, whose length the key has told already.
    pub(super) fn pieces(&mut self, write: impl FnOnce(&mut dyn FnMut(&[u8]))) {
        let mut pieces = Pieces { secret: &self.secret.bytes, start: [0; MIDDLING], length: 0, rest: None };
        write(&mut |piece| pieces.take(piece));
        self.hash(BULK, pieces.finish(), pieces.length as u64);
    }

    /// Takes one piece as [`Lanes::pieces`] does.
    pub(super) fn piece(&mut self, bytes: &[u8]) {
        self.long(BULK, bytes);
    }

    #[inline]
    pub(super) fn finish(&self) -> Digest {
        Digest::from_words(self.low, self.high)
    }
}

/// A byte string that comes in pieces, hashed as if it came in one.
struct Pieces<'a> {
    secret: &'a [u8; SECRET_BYTES],
    start: [u8; MIDDLING],
    length: usize,
    rest: Option<RawHasher<[u8; SECRET_BYTES]>>,
}

impl Pieces<'_> {
    fn take(&mut self, piece: &[u8]) {
        let end = self.length + piece.len();
        if let Some(hasher) = &mut self.rest {
            hasher.write(piece);
        } else if end <= MIDDLING {
            self.start[self.length..end].copy_from_slice(piece);
        } else {
            let secret = SecretBuffer::new(0, *self.secret);
            let mut hasher =
                RawHasher::new(secret.unwrap_or_else(|_| unreachable!("192 bytes are a valid secret")));
            hasher.write(&self.start[..self.length]);
            hasher.write(piece);
            self.rest = Some(hasher);
        }
        self.length = end;
    }

    fn finish(&self) -> u128 {
        match &self.rest {
            Some(hasher) => hasher.finish_128(),
            None => Hasher::oneshot_with_secret(self.secret, &self.start[..self.length]).unwrap_or(0),
        }
    }
}

/// Hashes a [`Digest`] to itself: it is a hash already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DigestHasher(u64);

impl std::hash::Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.chunks(8).for_each(|chunk| self.0 ^= word(chunk));
    }

    fn write_u128(&mut self, digest: u128) {
        self.0 = Digest(digest).low();
    }
}

/// Builds [`DigestHasher`]s.
pub(crate) type DigestState = std::hash::BuildHasherDefault<DigestHasher>;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn pieces_give_the_digest_of_the_whole() {
        for length in [0_usize, 1, 9, 128, 240, 241, 1024, 10_000] {
            let bytes: Vec<u8> = (0..length).map(|index| index.to_le_bytes()[0]).collect();
            let (mut whole, mut pieces) = (Lanes::new(Secret::get()), Lanes::new(Secret::get()));
            whole.piece(&bytes);
            pieces.pieces(|push| bytes.chunks(37).for_each(push));
            assert_eq!(whole.finish(), pieces.finish(), "{length} bytes");
        }
    }

    #[test]
    fn no_two_of_many_short_keys_share_either_half() {
        let (mut lows, mut highs) = (HashSet::new(), HashSet::new());
        for a in 0..400_u64 {
            for b in 0..400 {
                let mut lanes = Lanes::new(Secret::get());
                lanes.step(a, b);
                assert!(lows.insert(lanes.low) && highs.insert(lanes.high), "{a} {b}");
            }
        }
    }
}
