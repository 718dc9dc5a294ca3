//! How often digests were asked for lately: a count-min sketch of four-bit counters.
//!
//! After Cormode and Muthukrishnan ("An improved data stream summary", 2005), used as `TinyLFU` does (Einziger and
//! others, "`TinyLFU`: a highly efficient cache admission policy", 2017): counters are raised only where they are
//! lowest, and all are halved from time to time, so that what was asked for long ago is forgotten.

use crate::key::Digest;

/// Counters of one word.
const COUNTERS: u32 = 16;
/// What a counter counts to.
const MOST: u8 = 15;
/// Each count of this many per entry halves all.
const SAMPLE: usize = 15;
const ROWS: u32 = 4;

/// Estimates of frequencies, never too low but for forgetting; eight to sixteen bytes for each entry.
#[derive(Default)]
pub(super) struct Sketch {
    /// A power of two of them, or none before the first [`Sketch::fit`].
    words: Vec<u64>,
    entries: usize,
    counted: usize,
}

impl Sketch {
    /// Whether nothing was ever counted, for want of room.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Makes room for the history of so many entries. What was counted is kept.
    pub(super) fn fit(&mut self, entries: usize) {
        self.entries = self.entries.max(entries);
        let wanted = self.entries.next_power_of_two().max(8);
        if self.words.is_empty() {
            self.words = vec![0; wanted];
        }
        while self.words.len() < wanted {
            // A place in the larger sketch is one of the smaller with a bit before it.
            self.words.extend_from_within(..);
        }
    }

    /// Where a row counts a digest: the word, and the counter's place in it.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "masked to what there is")]
    fn place(&self, digest: Digest, row: u32) -> (usize, u32) {
        let bits = if row < 2 { digest.low() } else { digest.high() } >> (32 * (row % 2));
        // The lowest bits of each half choose other things: the shard, the place in its map.
        let counter = (bits >> 4) as u32 % (COUNTERS / ROWS) + row * (COUNTERS / ROWS);
        let word = (bits >> 6) as u32 as usize & (self.words.len() - 1);
        (word, counter * u64::BITS / COUNTERS)
    }

    /// Reads a counter.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a counter has four bits")]
    fn read(&self, (word, shift): (usize, u32)) -> u8 {
        (self.words[word] >> shift) as u8 & MOST
    }

    /// How often a digest was counted lately, up to 15.
    pub(super) fn estimate(&self, digest: Digest) -> u8 {
        if self.words.is_empty() {
            return 0;
        }
        (0..ROWS).map(|row| self.read(self.place(digest, row))).min().unwrap_or(0)
    }

    /// Counts a digest so many times.
    pub(super) fn count(&mut self, digest: Digest, times: u8) {
        if self.words.is_empty() || times == 0 {
            return;
        }
        let sum = self.estimate(digest).saturating_add(times).min(MOST);
        for row in 0..ROWS {
            let (word, shift) = self.place(digest, row);
            if self.read((word, shift)) < sum {
                self.words[word] = self.words[word] & !(u64::from(MOST) << shift) | u64::from(sum) << shift;
            }
        }
        self.counted += usize::from(times);
        if self.counted >= SAMPLE * self.entries {
            self.counted = 0;
            self.words.iter_mut().for_each(|word| *word = *word >> 1 & 0x7777_7777_7777_7777);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(of: u64) -> Digest {
        Digest::from_words(of.wrapping_mul(0x9E37_79B9_7F4A_7C15), of.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    #[test]
    fn estimates_are_never_too_low_and_seldom_too_high() {
        let mut sketch = Sketch::default();
        sketch.fit(1000);
        (0..1000).for_each(|key| sketch.count(digest(key), (key % 4) as u8));
        let too_high = (0..1000).filter(|&key| {
            let estimate = sketch.estimate(digest(key));
            assert!(u64::from(estimate) >= key % 4, "{key}");
            u64::from(estimate) > key % 4
        });
        assert!(too_high.count() < 50);
    }

    #[test]
    fn counts_survive_growth_and_are_halved_in_time() {
        let mut sketch = Sketch::default();
        sketch.fit(8);
        sketch.count(digest(1), 10);
        sketch.fit(500);
        assert_eq!(sketch.estimate(digest(1)), 10);
        (0..SAMPLE as u64 * 500).for_each(|key| sketch.count(digest(key + 1000), 1));
        assert!(sketch.estimate(digest(1)) < 10);
    }
}
