//! BLAKE3 of many bytes, by several threads: the very hash that one thread gives.
//!
//! BLAKE3 is a tree of chunks of 1 KiB. Each subtree of a power of two of them is hashed by itself, given where it begins,
//! and two of one size that stand side by side are merged (section 2.1 of its paper).

use blake3::Hasher;
use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, merge_subtrees_non_root as merge, merge_subtrees_root as root,
};

use super::bulk::{Bulk, CHUNK};
use crate::threads;

/// How many bytes a subtree has: a power of two.
pub(super) const SUBTREE: usize = CHUNK;
/// So many bytes fit the first-level cache, and BLAKE3 hashes all their chunks at once.
const PIECE: usize = 16 << 10;
/// A thread of its own is worth it from so many bytes on.
const SHARE: usize = 1 << 20;
/// Hashing takes longer than reading, so more threads are of use than for a copy.
const THREADS: usize = 8;

/// A BLAKE3 in the making.
#[derive(Default)]
pub(super) struct Tree {
    /// The last subtree, which may be whole, but is not known to be followed by more.
    last: Hasher,
    /// How many whole ones came before it.
    count: u64,
    /// What those were merged to: a tree for each bit of their number.
    merged: Vec<ChainingValue>,
}

/// How many bytes a hasher has taken.
fn taken(hasher: &Hasher) -> usize {
    usize::try_from(hasher.count()).unwrap_or(usize::MAX)
}

fn begin(index: u64) -> Hasher {
    let mut hasher = Hasher::new();
    hasher.set_input_offset(index * SUBTREE as u64);
    hasher
}

impl Tree {
    /// How many bytes of the last subtree were taken.
    pub(super) fn in_subtree(&self) -> usize {
        taken(&self.last)
    }

    /// Whether there is more than one subtree.
    pub(super) fn is_large(&self) -> bool {
        self.count > 0
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if taken(&self.last) == SUBTREE {
                let last = self.last.finalize_non_root();
                self.push(last);
            }
            let (head, rest) = bytes.split_at(bytes.len().min(SUBTREE - taken(&self.last)));
            self.last.update(head);
            bytes = rest;
        }
    }

    /// Takes many bytes, in several threads if there are enough of them.
    pub(super) fn bulk(&mut self, bulk: &dyn Bulk) {
        let length = bulk.length();
        let start = length.min(SUBTREE - taken(&self.last));
        bulk.range(0..start, PIECE, &mut |piece| self.update(piece));
        // All but the last of what remains, whole subtrees that are followed by more.
        let count = (length - start).saturating_sub(1) / SUBTREE;
        if count > 0 {
            let last = self.last.finalize_non_root();
            self.push(last);
            let first = self.count;
            let subtree = |index: usize| {
                let (mut hasher, start) = (begin(first + index as u64), start + index * SUBTREE);
                bulk.range(start..start + SUBTREE, PIECE, &mut |piece| {
                    hasher.update(piece);
                });
                hasher.finalize_non_root()
            };
            let threads = threads::worth(length, SHARE, THREADS);
            threads::map(count, threads, subtree).into_iter().for_each(|subtree| self.push(subtree));
        }
        bulk.range(start + count * SUBTREE..length, PIECE, &mut |piece| self.update(piece));
    }

    /// Takes a whole subtree that is followed by more.
    fn push(&mut self, subtree: ChainingValue) {
        self.merged.push(subtree);
        self.count += 1;
        while self.merged.len() > self.count.count_ones() as usize {
            let (right, left) = (self.merged.pop(), self.merged.pop());
            self.merged.extend(left.zip(right).map(|(left, right)| merge(&left, &right, Mode::Hash)));
        }
        self.last = begin(self.count);
    }

    pub(super) fn finish(mut self) -> blake3::Hash {
        let Some(first) = self.merged.first().copied() else { return self.last.finalize() };
        let mut right = self.last.finalize_non_root();
        for left in self.merged.drain(1..).rev() {
            right = merge(&left, &right, Mode::Hash);
        }
        root(&first, &right, Mode::Hash)
    }
}
