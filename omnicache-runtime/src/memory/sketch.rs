//! How often digests were asked for lately: a count-min sketch of four-bit counters.
//!
//! After Cormode and Muthukrishnan ("An improved data stream summary", 2005), used as `TinyLFU` does (Einziger and
//! others, "`TinyLFU`: a highly efficient cache admission policy", 2017): counters are raised only where they are
//! lowest, and all are halved from time to time, so that what was asked for long ago is forgotten.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

use super::atomic::prefetch_at;
use crate::key::Digest;

/// Counters of one word.
const COUNTERS: u32 = 16;
/// What a counter counts to.
const MOST: u32 = 15;
/// Each count of this many per entry halves all.
const SAMPLE: usize = 15;
const ROWS: u32 = 4;
/// Words of a block.
const WORDS: u32 = 8;
/// Where there are few blocks, many of the more frequent share one: so there is one for two entries, up to so many of 16 KiB
/// together.
const ROOMY: usize = 256;
/// So many bits choose a counter of a row: the rows share a block.
const CHOICE: u32 = (WORDS * COUNTERS / ROWS).ilog2();

/// A line of memory: a digest is counted in one alone, so that asking for it is one look.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Block([u64; WORDS as usize]);

/// Estimates of frequencies, never too low but for forgetting; eight to sixteen bytes for each entry, and more where there are few.
#[derive(Default)]
pub(super) struct Sketch {
    /// A power of two of them, or none before the first [`Sketch::fit`].
    blocks: Vec<Block>,
    entries: usize,
    counted: usize,
    /// How often all were halved.
    halved: u16,
}

/// The block that a digest is counted in, of so many.
fn block(digest: Digest, blocks: usize) -> usize {
    // Other bits choose the shard, and the place in the table.
    (digest.low() >> 16) as usize & blocks.wrapping_sub(1)
}

/// Where a sketch's blocks are, for whoever has not the lock that it is behind: good for fetching ahead, since it may be
/// out of date.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    first: AtomicPtr<Block>,
    blocks: AtomicUsize,
}

impl Outlook {
    /// Notes where the blocks are now. Nothing is written as a rule: others look here all the time.
    #[inline]
    pub(super) fn note(&self, sketch: &Sketch) {
        let (first, blocks) = (sketch.blocks.as_ptr(), sketch.blocks.len());
        if !std::ptr::eq(self.first.load(Relaxed), first) || self.blocks.load(Relaxed) != blocks {
            self.first.store(first.cast_mut(), Relaxed);
            self.blocks.store(blocks, Relaxed);
        }
    }

    /// Gets ready to count a digest soon.
    #[inline]
    pub(super) fn expect(&self, digest: Digest) {
        let blocks = self.blocks.load(Relaxed);
        if blocks > 0 {
            prefetch_at(self.first.load(Relaxed).wrapping_add(block(digest, blocks)));
        }
    }
}

/// How often a digest was counted at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frequency {
    times: u8,
    halved: u16,
}

impl Frequency {
    /// Never.
    pub(super) const NONE: Self = Self { times: 0, halved: 0 };
}

impl Sketch {
    /// Whether nothing was ever counted, for want of room.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Makes room for the history of so many entries. What was counted is kept.
    #[inline]
    pub(super) fn fit(&mut self, entries: usize) {
        if entries > self.entries {
            self.grow(entries);
        }
    }

    #[cold]
    fn grow(&mut self, entries: usize) {
        self.entries = entries;
        let entries = entries.next_power_of_two();
        let wanted = entries.div_ceil(WORDS as usize).max(entries.min(2 * ROOMY) / 2).max(1);
        if self.blocks.is_empty() {
            self.blocks = vec![Block([0; WORDS as usize]); wanted];
        }
        while self.blocks.len() < wanted {
            // A place in the larger sketch is one of the smaller with a bit before it.
            self.blocks.extend_from_within(..);
        }
    }

    /// What a frequency has come to.
    pub(super) fn as_of_now(&self, Frequency { times, halved }: Frequency) -> u8 {
        times.checked_shr(self.halved.wrapping_sub(halved).into()).unwrap_or(0)
    }

    /// Counts a digest so many times; tells how often it was counted lately, up to 15.
    #[expect(clippy::cast_possible_truncation, reason = "masked to what there is")]
    pub(super) fn count(&mut self, digest: Digest, times: u8) -> Frequency {
        let block = block(digest, self.blocks.len());
        let Some(Block(words)) = self.blocks.get_mut(block) else {
            return Frequency { times: 0, halved: self.halved };
        };
        // The word of each row's counter, the counter's place in it, and what it says.
        let rows: [_; ROWS as usize] = std::array::from_fn(|row| {
            let choice = (digest.high() >> (u64::BITS - CHOICE * (row as u32 + 1))) as u32 % (1 << CHOICE);
            let (word, counter) = (row as u32 * WORDS / ROWS + choice / COUNTERS, choice % COUNTERS);
            let (word, shift) = (word as usize, counter * u64::BITS / COUNTERS);
            (word, shift, (words[word] >> shift) as u32 & MOST)
        });
        let least = rows.iter().fold(MOST, |least, &(.., count)| least.min(count));
        let sum = (least + u32::from(times)).min(MOST);
        for (word, shift, count) in rows {
            // No more than fits: the sum is 15 at most.
            words[word] += u64::from(sum.saturating_sub(count)) << shift;
        }
        let counted = Frequency { times: sum as u8, halved: self.halved };
        self.counted += usize::from(times);
        if self.counted >= SAMPLE * self.entries {
            self.halve();
        }
        counted
    }

    #[cold]
    fn halve(&mut self) {
        (self.counted, self.halved) = (0, self.halved.wrapping_add(1));
        let words = self.blocks.iter_mut().flat_map(|Block(words)| words);
        words.for_each(|word| *word = *word >> 1 & 0x7777_7777_7777_7777);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(of: u64) -> Digest {
        let low = (of + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Digest::from_words(low ^ low >> 29, (low ^ low >> 31).wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    fn estimate(sketch: &mut Sketch, digest: Digest) -> u8 {
        sketch.count(digest, 0).times
    }

    #[test]
    fn estimates_are_never_too_low_and_seldom_too_high() {
        let mut sketch = Sketch::default();
        sketch.fit(1000);
        (0..1000).for_each(|key| _ = sketch.count(digest(key), (key % 4) as u8));
        let too_high = (0..1000).filter(|&key| {
            let estimate = estimate(&mut sketch, digest(key));
            assert!(u64::from(estimate) >= key % 4, "{key}");
            u64::from(estimate) > key % 4
        });
        assert!(too_high.count() < 50);
    }

    #[test]
    fn counts_survive_growth_and_are_halved_in_time() {
        let mut sketch = Sketch::default();
        sketch.fit(8);
        let counted = sketch.count(digest(1), 10);
        sketch.fit(500);
        assert_eq!((estimate(&mut sketch, digest(1)), sketch.as_of_now(counted)), (10, 10));
        (0..SAMPLE as u64 * 500).for_each(|key| _ = sketch.count(digest(key + 1000), 1));
        assert!(estimate(&mut sketch, digest(1)) < 10);
        assert_eq!(sketch.as_of_now(counted), 5, "and so is what was told before");
    }
}
