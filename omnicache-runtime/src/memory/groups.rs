//! The words of the table: groups of slots, and how a digest is found among them.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::atomic::{AtomicU64, prefetch};
use super::slots::Cells;
use crate::key::Digest;

/// Slots of a group: a tag each in one word.
pub(super) const GROUP: usize = 8;
/// Groups of the smallest table. Their tags fill a cache line.
pub(super) const SMALLEST: usize = if cfg!(loom) { 1 } else { 8 };
/// How many groups a digest may lie in.
const REACH: usize = 16;

pub(super) const EACH: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = EACH << 7;
/// The tag of a slot that held something, in a group that was full at some time: the search goes on behind it. Zero
/// is the tag of one that the search ends at; tags of digests are larger than either.
pub(super) const VACATED: u64 = 1;

/// Marks the bytes of a word that are zero, and none below the lowest of them.
#[inline(always)]
pub(super) fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(EACH) & !word & TOPS
}

/// Where a digest is sought.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) group: usize,
    pub(super) tag: u64,
}

impl Place {
    #[inline(always)]
    pub(super) fn of(digest: Digest) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "masked to the number of groups")]
        let group = digest.high() as usize;
        Self { group, tag: (digest.low() >> 56).max(VACATED + 1) }
    }
}

/// Mixes a value into two words, each of them a bijection of a value of one word, both together of one of two.
#[inline(always)]
fn mix<const P: usize>(value: [u64; P]) -> [u64; 2] {
    const { assert!(P == 1 || P == 2, "a value has one word or two") };
    let (low, high) = (value[0], value[P - 1]);
    if P == 1 {
        [low, low.rotate_left(32)]
    } else {
        // Two rounds of a Feistel network.
        let low = low ^ high.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
        [low, high ^ low.wrapping_mul(0xD6E8_FEB8_6659_FD93).rotate_left(32)]
    }
}

/// The words of a table of one size: the groups' tags, and behind them the slots.
pub(super) struct Generation<const P: usize> {
    pub(super) cells: Cells,
    /// Groups less one; they are a power of two.
    pub(super) mask: usize,
    /// What it was grown out of.
    pub(super) older: *mut Self,
}

impl<const P: usize> Generation<P> {
    const SLOT: usize = P + 2;

    pub(super) fn new(groups: usize, older: *mut Self) -> *mut Self {
        let words = (groups * (1 + GROUP * Self::SLOT)).next_multiple_of(GROUP);
        Box::into_raw(Box::new(Self { cells: Cells::zeroed(words), mask: groups - 1, older }))
    }

    pub(super) fn slots(&self) -> usize {
        (self.mask + 1) * GROUP
    }

    #[inline(always)]
    pub(super) fn tags(&self, group: usize) -> &AtomicU64 {
        // SAFETY: masked, `group` is less than the number of groups, and there is a word of tags for each.
        unsafe { self.cells.get_unchecked(group & self.mask) }
    }

    #[inline(always)]
    pub(super) fn slot(&self, group: usize, index: usize) -> Slot<'_, P> {
        let first = self.mask + 1 + ((group & self.mask) * GROUP + index % GROUP) * Self::SLOT;
        // SAFETY: behind the tags there are `GROUP` slots for each group, of `SLOT` words each.
        Slot(unsafe { self.cells.get_unchecked(first..first + Self::SLOT) })
    }

    /// The value under a digest, and where it lies.
    #[inline]
    pub(super) fn find(&self, digest: Digest) -> Option<(usize, usize, [u64; P])> {
        let Place { group, tag } = Place::of(digest);
        for step in 0..REACH {
            let group = group.wrapping_add(step);
            let tags = self.tags(group).load(Relaxed);
            let mut marks = zero_bytes(tags ^ tag.wrapping_mul(EACH));
            while marks != 0 {
                let index = marks.trailing_zeros() as usize / GROUP;
                if let Some(value) = self.slot(group, index).look(digest) {
                    return Some((group, index, value));
                }
                marks &= marks - 1;
            }
            if zero_bytes(tags) != 0 {
                return None;
            }
        }
        None
    }

    /// The nearest slot that holds nothing, and its tag.
    fn vacancy(&self, digest: Digest) -> Option<(usize, usize, u64)> {
        let home = Place::of(digest).group;
        (home..home + REACH).find_map(|group| {
            let tags = self.tags(group).load(Relaxed);
            let marks = zero_bytes(tags & !(EACH * VACATED));
            let index = marks.trailing_zeros() as usize / GROUP;
            (marks != 0).then(|| (group, index, tags >> (8 * index) & 0xFF))
        })
    }

    /// Sets a slot's tag: the writer's business alone.
    pub(super) fn set_tag(&self, group: usize, index: usize, tag: u64) {
        let tags = self.tags(group);
        tags.store(tags.load(Relaxed) & !(0xFF << (8 * index)) | tag << (8 * index), Release);
    }

    /// All slots that hold something.
    pub(super) fn full(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..=self.mask).flat_map(move |group| {
            let tags = self.tags(group).load(Relaxed);
            (0..GROUP)
                .filter(move |index| tags >> (8 * index) & 0xFF > VACATED)
                .map(move |index| (group, index))
        })
    }

    /// Puts an entry where nothing is, on `fresh` ground too if that may be; tells whether there was room, and if so
    /// whether the ground was fresh.
    pub(super) fn put(&self, digest: Digest, value: [u64; P], fresh: bool) -> Option<bool> {
        let (group, index, tag) = self.vacancy(digest).filter(|(.., tag)| fresh || *tag == VACATED)?;
        self.slot(group, index).write(digest, value);
        self.set_tag(group, index, Place::of(digest).tag);
        Some(tag != VACATED)
    }
}

/// The words of one slot.
#[derive(Clone, Copy)]
pub(super) struct Slot<'a, const P: usize>(&'a [AtomicU64]);

impl<const P: usize> Slot<'_, P> {
    /// Gets ready to be looked at soon.
    #[inline]
    pub(super) fn expect(self) {
        self.0.first().into_iter().for_each(prefetch);
    }

    #[inline(always)]
    pub(super) fn value(self) -> [u64; P] {
        // Acquired: a value may be the address of what was written before it.
        std::array::from_fn(|index| self.0[2 + index].load(Acquire))
    }

    #[inline(always)]
    pub(super) fn look(self, digest: Digest) -> Option<[u64; P]> {
        let value = self.value();
        let mixed = mix(value);
        let low = self.0[0].load(Relaxed) ^ mixed[0] ^ digest.low();
        let high = self.0[1].load(Relaxed) ^ mixed[1] ^ digest.high();
        (low | high == 0).then_some(value)
    }

    pub(super) fn write(self, digest: Digest, value: [u64; P]) {
        let mixed = mix(value);
        self.0[0].store(digest.low() ^ mixed[0], Relaxed);
        self.0[1].store(digest.high() ^ mixed[1], Relaxed);
        for (word, value) in self.0[2..].iter().zip(value) {
            word.store(value, Release);
        }
    }

    pub(super) fn erase(self) {
        self.0.iter().for_each(|word| word.store(0, Relaxed));
    }

    /// The digest of a slot at rest: only the writer, who holds the lock, may ask.
    pub(super) fn digest(self) -> Digest {
        let mixed = mix(self.value());
        Digest::from_words(self.0[0].load(Relaxed) ^ mixed[0], self.0[1].load(Relaxed) ^ mixed[1])
    }
}
