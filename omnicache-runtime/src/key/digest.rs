//! The digest an entry is found by in memory: 128 bits, keyed by a secret of this process.
//!
//! Two lanes take the words in pairs; each lane multiplies a word mixed with its state, which is secret from the start,
//! by the other word mixed with a secret, and folds the halves of the 128-bit product together (the step of wyhash and
//! its kin, here with multiplicands that are secret on both sides). Long byte strings are hashed first, see
//! [`bulk`](super::bulk). Whoever does not know the secret cannot build two keys that collide; by chance two of `n` keys
//! do with about `n² / 2^127`.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::OnceLock;

use super::bulk::{self, Bulk, CHUNK, Factors, Pieces};

/// Byte strings up to this length are taken word by word: the sums of longer ones take some 30 ns to begin with.
const SHORT: usize = 240;
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
    /// What long byte strings are summed up with.
    sums: Factors,
}

static SECRET: OnceLock<Secret> = OnceLock::new();

impl Secret {
    /// The secret, drawn at its first use.
    #[inline(always)]
    pub(crate) fn get() -> &'static Self {
        match SECRET.get() {
            Some(secret) => secret,
            None => Self::draw(),
        }
    }

    #[cold]
    fn draw() -> &'static Self {
        SECRET.get_or_init(Self::new)
    }

    /// Another one.
    pub(super) fn new() -> Self {
        let random = RandomState::new();
        let mut words = (0_u64..).map(|index| random.hash_one(index));
        let mut word = || words.next().unwrap_or_default();
        Self {
            starts: [word(), word()],
            factors: [word(), word()],
            sums: std::array::from_fn(|_| std::array::from_fn(|_| word())),
        }
    }

    #[inline]
    pub(super) fn sums(&self) -> &Factors {
        &self.sums
    }
}

/// A keyed 128-bit digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest(u128);

impl Digest {
    /// The digest of nothing in particular, for calls that concern no entry.
    pub(crate) const NONE: Self = Self(1);

    /// The digest of these two halves.
    #[inline(always)]
    pub(crate) fn from_words(low: u64, high: u64) -> Self {
        Self(u128::from(low) | u128::from(high) << 64)
    }

    /// The low 64 bits.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
    pub(crate) fn low(self) -> u64 {
        self.0 as u64
    }

    /// The high 64 bits.
    #[inline(always)]
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

#[inline(always)]
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
    #[inline(always)]
    pub(super) fn new(secret: &'static Secret) -> Self {
        let [low, high] = secret.starts;
        Self { low, high, secret }
    }

    /// Takes two words.
    #[inline(always)]
    pub(super) fn step(&mut self, a: u64, b: u64) {
        let [of_low, of_high] = self.secret.factors;
        self.low = fold(self.low ^ a, b ^ of_low);
        self.high = fold(self.high ^ b, a ^ of_high);
    }

    /// Takes bytes along with their length and what they are.
    #[inline(always)]
    pub(super) fn bytes(&mut self, kind: u8, bytes: &[u8]) {
        // By value: whatever is called, the lanes stay in registers.
        [self.low, self.high] = Self::and_bytes(self.words(), self.secret, kind, bytes);
    }

    #[inline]
    fn and_bytes([low, high]: [u64; 2], secret: &'static Secret, kind: u8, bytes: &[u8]) -> [u64; 2] {
        let mut lanes = Self { low, high, secret };
        if bytes.len() > SHORT {
            lanes.long(kind, bytes);
            return lanes.words();
        }
        // Kind and length first, so that no bytes can be mistaken for what follows them.
        let (first, rest) = bytes.split_at(bytes.len().min(8));
        lanes.step(word(first), u64::from(kind) | (bytes.len() as u64) << 8);
        for pair in rest.chunks(16) {
            let (a, b) = pair.split_at(pair.len().min(8));
            lanes.step(word(a), word(b));
        }
        lanes.words()
    }

    #[cold]
    fn long(&mut self, kind: u8, bytes: &[u8]) {
        if bytes.len() > CHUNK {
            return self.bulk(kind, &bytes);
        }
        self.hash(kind, bulk::hash_few(bytes, self.secret), bytes.len());
    }

    /// Takes the hash of a long byte string.
    fn hash(&mut self, kind: u8, hash: [u64; 2], length: usize) {
        self.step(length as u64, u64::from(kind) | LONG);
        self.take(hash);
    }

    /// Takes the words of lanes.
    #[inline]
    pub(super) fn take(&mut self, [low, high]: [u64; 2]) {
        self.step(low, high);
    }

    #[inline]
    pub(super) fn words(&self) -> [u64; 2] {
        [self.low, self.high]
    }

    fn bulk(&mut self, kind: u8, bulk: &dyn Bulk) {
        self.hash(kind, bulk::hash(bulk, self.secret), bulk.length());
    }

    /// Takes many bytes, whose length the key has told already.
    pub(super) fn whole(&mut self, bulk: &dyn Bulk) {
        let length = bulk.length();
        if length > SHORT {
            return self.bulk(BULK, bulk);
        }
        let (mut few, mut filled) = ([0; SHORT], 0);
        bulk.range(0..length, SHORT, &mut |piece| {
            few[filled..filled + piece.len()].copy_from_slice(piece);
            filled += piece.len();
        });
        self.bytes(BULK, &few[..length]);
    }

    /// Takes the pieces that `write` pushes as [`Lanes::whole`] takes their whole.
    pub(super) fn pieces(&mut self, write: impl FnOnce(&mut dyn FnMut(&[u8]))) {
        let mut pieces = Pieces::new(self.secret);
        write(&mut |piece| pieces.take(piece));
        let length = pieces.length;
        match pieces.few(SHORT) {
            Some(few) => self.bytes(BULK, few),
            None => self.hash(BULK, pieces.finish(), length),
        }
    }

    #[inline(always)]
    pub(super) fn finish(&self) -> Digest {
        Digest::from_words(self.low, self.high)
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
