//! The bytes of many elements, and their hash in memory.
//!
//! Each block of 1 KiB is hashed by NH, the universal family of UMAC (Black, Halevi, Krawczyk, Krovetz, Rogaway,
//! CRYPTO '99, with the Toeplitz construction of its section 4): a word is added to a secret one, the halves of the sum
//! are multiplied, and the products are added up; four times over, each time with the secret words moved by one group.
//! Of any two blocks, whoever made them without knowing the secret, one sum is equal with a probability of at most
//! 2^-32, and all four with 2^-128. (UMAC adds the halves of a word to halves of the key, each by itself. Here the sum
//! is one of 64 bits, and the proof is the same: if the low halves differ, they are two different factors and at most
//! one high half solves the equation; if only the high halves do, at most one low half does.) The four sums are two
//! steps of [`Lanes`], as short keys are.
//!
//! Blocks follow one another in chunks of a fixed length, and the hashes of chunks again in lanes, so that threads may
//! share the chunks: how many there were makes no difference.

use std::hint::black_box;
use std::ops::Range;

use super::digest::{Lanes, Secret};
use super::wide::wide;
use crate::threads;

/// So many words are added and multiplied side by side.
const LANES: usize = 8;
const GROUP: usize = LANES * size_of::<u64>();
const GROUPS: usize = 16;
const BLOCK: usize = GROUP * GROUPS;
/// So often is each block summed up.
const PASSES: usize = 4;
/// What a thread takes at a time. A multiple of a block, and of what BLAKE3 hashes at a time.
pub(super) const CHUNK: usize = 256 << 10;
/// A thread of its own is worth it from so many bytes on.
const SHARE: usize = 2 << 20;
/// More threads than this wait for the memory, not for each other.
const THREADS: usize = 4;

/// The secret words that blocks are summed up with.
pub(super) type Factors = [[u64; LANES]; GROUPS + PASSES - 1];

/// The canonical bytes of many elements, of which threads may have any part at any time.
pub(crate) trait Bulk: Sync {
    /// How many bytes there are.
    fn length(&self) -> usize;

    /// Passes on the bytes of a range, in pieces of so many bytes if they do not lie in memory as they are.
    fn range(&self, range: Range<usize>, piece: usize, push: &mut dyn FnMut(&[u8]));
}

impl Bulk for &[u8] {
    fn length(&self) -> usize {
        self.len()
    }

    fn range(&self, range: Range<usize>, _: usize, push: &mut dyn FnMut(&[u8])) {
        push(&self[range]);
    }
}

/// The hash of many bytes.
pub(super) fn hash(bulk: &dyn Bulk, secret: &'static Secret) -> [u64; 2] {
    hash_by(threads::worth(bulk.length(), SHARE, THREADS), bulk, secret)
}

fn hash_by(threads: usize, bulk: &dyn Bulk, secret: &'static Secret) -> [u64; 2] {
    let length = bulk.length();
    let count = length.div_ceil(CHUNK);
    let chunk = |index: usize| {
        let mut chunk = Chunk::new(secret);
        let start = index * CHUNK;
        // Block by block, what looks at the bytes and what hashes them wait for the memory together.
        bulk.range(start..length.min(start + CHUNK), BLOCK, &mut |piece| chunk.take(piece));
        chunk.finish()
    };
    let mut whole = Lanes::new(secret);
    match threads {
        1 => (0..count).for_each(|index| whole.take(chunk(index))),
        threads => threads::map(count, threads, chunk).into_iter().for_each(|hash| whole.take(hash)),
    }
    whole.words()
}

/// The hash of bytes that lie side by side and are no more than a chunk.
pub(super) fn hash_few(bytes: &[u8], secret: &'static Secret) -> [u64; 2] {
    let (mut chunk, mut whole) = (Lanes::new(secret), Lanes::new(secret));
    absorb(&mut chunk, bytes, secret.sums());
    whole.take(chunk.words());
    whole.words()
}

wide! {
    /// Takes blocks; the last may be of any length.
    fn absorb(lanes: &mut Lanes, bytes: &[u8], factors: &Factors) {
        for block in bytes.chunks(BLOCK) {
            let mut sums = [[0_u64; LANES]; PASSES];
            let (groups, rest) = block.as_chunks::<GROUP>();
            for (group, factors) in groups.iter().zip(factors.windows(PASSES)) {
                // Not to be seen through: the lanes of a group are to be one vector, and not equal lanes of groups.
                add(&mut sums, black_box(group), factors);
            }
            if !rest.is_empty() {
                let mut group = [0; GROUP];
                group[..rest.len()].copy_from_slice(rest);
                add(&mut sums, &group, &factors[groups.len()..]);
            }
            let [a, b, c, d] = sums.map(|lanes| lanes.iter().fold(0, |sum: u64, lane| sum.wrapping_add(*lane)));
            lanes.take([a, b]);
            lanes.take([c, d]);
        }
    }
}

/// Adds a group to the sums.
// Only within its caller is it compiled for that one's vectors.
#[inline(always)]
fn add(sums: &mut [[u64; LANES]; PASSES], group: &[u8; GROUP], factors: &[[u64; LANES]]) {
    let words: &[[u8; 8]] = group.as_chunks().0;
    for (sums, factors) in sums.iter_mut().zip(factors) {
        for ((sum, word), factor) in sums.iter_mut().zip(words).zip(factors) {
            let mixed = u64::from_ne_bytes(*word).wrapping_add(*factor);
            *sum = sum.wrapping_add((mixed & u64::from(u32::MAX)) * (mixed >> 32));
        }
    }
}

/// A chunk that comes in pieces.
struct Chunk {
    lanes: Lanes,
    factors: &'static Factors,
    /// The beginning of a block.
    start: [u8; BLOCK],
    filled: usize,
}

impl Chunk {
    fn new(secret: &'static Secret) -> Self {
        Self { lanes: Lanes::new(secret), factors: secret.sums(), start: [0; BLOCK], filled: 0 }
    }

    fn take(&mut self, mut piece: &[u8]) {
        if self.filled > 0 {
            let (head, rest) = piece.split_at(piece.len().min(BLOCK - self.filled));
            self.start[self.filled..self.filled + head.len()].copy_from_slice(head);
            self.filled += head.len();
            if self.filled < BLOCK {
                return;
            }
            absorb(&mut self.lanes, &self.start, self.factors);
            piece = rest;
        }
        let (blocks, rest) = piece.split_at(piece.len() / BLOCK * BLOCK);
        absorb(&mut self.lanes, blocks, self.factors);
        self.start[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
    }

    fn finish(mut self) -> [u64; 2] {
        absorb(&mut self.lanes, &self.start[..self.filled], self.factors);
        self.lanes.words()
    }
}

/// Bytes that come in pieces, hashed as if they came in one.
pub(super) struct Pieces {
    secret: &'static Secret,
    whole: Lanes,
    chunk: Chunk,
    pub(super) length: usize,
}

impl Pieces {
    pub(super) fn new(secret: &'static Secret) -> Self {
        Self { secret, whole: Lanes::new(secret), chunk: Chunk::new(secret), length: 0 }
    }

    pub(super) fn take(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let (head, rest) = piece.split_at(piece.len().min(CHUNK - self.length % CHUNK));
            self.chunk.take(head);
            self.length += head.len();
            if self.length.is_multiple_of(CHUNK) {
                self.end_chunk();
            }
            piece = rest;
        }
    }

    /// All of them, if they are no more than so many.
    pub(super) fn few(&self, most: usize) -> Option<&[u8]> {
        self.chunk.start.get(..self.length).filter(|few| few.len() <= most)
    }

    fn end_chunk(&mut self) {
        let chunk = std::mem::replace(&mut self.chunk, Chunk::new(self.secret));
        self.whole.take(chunk.finish());
    }

    pub(super) fn finish(mut self) -> [u64; 2] {
        if !self.length.is_multiple_of(CHUNK) {
            self.end_chunk();
        }
        self.whole.words()
    }
}

#[cfg(test)]
mod tests;
