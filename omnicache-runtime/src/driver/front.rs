//! Whether memory shall have what lies in the store anyway.
//!
//! A large value that is loaded about as fast as it is copied gains nothing by lying in memory too: a hit there is a copy,
//! into memory that the system may have to clear first, just as a load is. To put it there costs another copy, and pushes
//! out what would gain something. Whether loads are that fast depends on the codec, the disk and what the system keeps of
//! it, so each is measured.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::function::Function;
use super::shelf::Loaded;
use crate::clock::Nanos;
use crate::explain::human_size;
use crate::select::{SharedForm, Side};

/// What is known of a function's values that lie in its store and might lie in memory too.
#[derive(Debug)]
pub(super) struct Front {
    /// The size from which they are loaded as fast as they are copied, by the latest loads.
    quick_from: AtomicU64,
    /// How many loads of large values in a row took longer; those that took much longer count twice.
    slow: AtomicU32,
}

impl Default for Front {
    fn default() -> Self {
        Self { quick_from: AtomicU64::new(u64::MAX), slow: AtomicU32::new(0) }
    }
}

/// Smaller values are copied in much less time than it takes to ask the store for anything.
const LARGE: u64 = 512 << 10;
/// A load of so many bytes in a nanosecond is quick: copies into new memory make two to six.
const QUICK: u64 = 3;
/// A load that takes so many times as long is not slow by chance.
const MUCH: u64 = 4;
/// So many slow loads in a row tell that the next will be slow.
const SLOW: u32 = 4;

impl Front {
    /// Notes what a load took; tells whether the value gains something by lying in memory. The larger it is, the less it
    /// matters that the store has to be asked first.
    fn loaded(&self, size: u64, took: Nanos) -> bool {
        if size < LARGE {
            return true;
        }
        let quick_from = self.quick_from.load(Relaxed);
        let quick = size / QUICK;
        if took <= quick {
            self.quick_from.store(quick_from.min(size), Relaxed);
            self.slow.store(0, Relaxed);
            return false;
        }
        // One slow load tells nothing: the first finds everything cold, and later ones may come in between anything.
        let more = if took > quick.saturating_mul(MUCH) { 2 } else { 1 };
        let is_slow = self.slow.fetch_add(more, Relaxed).saturating_add(more) >= SLOW;
        if is_slow {
            self.quick_from.store(quick_from.max(size.saturating_add(1)), Relaxed);
        }
        is_slow
    }

    /// Whether what has this size gains nothing by lying in memory, as far as is known.
    fn keeps_out(&self, size: u64) -> bool {
        size >= self.quick_from.load(Relaxed)
    }
}

impl<F: SharedForm> Function<F> {
    /// Whether memory shall have a value that was just loaded.
    pub(super) fn fronts_loaded(&self, loaded: &Loaded<F::Kept>) -> bool {
        let gains = self.front.loaded(loaded.size, loaded.took);
        // A copy that shares its payload takes no time.
        self.plan.side(loaded.size).memory && self.tier.fits(loaded.size) && (gains || !F::copies_whole())
    }

    /// Whether memory shall have a value of `size` bytes that was just stored.
    pub(super) fn fronts(&self, side: Side, size: u64) -> bool {
        side.memory && self.tier.fits(size) && !(self.front.keeps_out(size) && F::copies_whole())
    }

    /// What was found out, for people.
    pub(super) fn explain_front(&self) -> Option<(&'static str, String)> {
        let quick_from = self.front.quick_from.load(Relaxed);
        let is_both = |side: Side| side.memory && side.store.is_some();
        let concerned = F::copies_whole() && (is_both(self.plan.small) || is_both(self.plan.large));
        (concerned && quick_from < u64::MAX).then(|| {
            let size = human_size(quick_from);
            let so = "are loaded about as fast as they are copied: memory gains nothing by having them too";
            ("in front", format!("results of {size} and more {so}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_loaded_at_three_bytes_in_a_nanosecond_stays_out_and_so_does_what_is_larger() {
        let front = Front::default();
        assert!(!front.keeps_out(u64::MAX - 1), "nothing was loaded yet");
        assert!(front.loaded(LARGE - 1, 0) && !front.keeps_out(LARGE - 1), "too small");
        assert!(!front.loaded(3_000_000, 1_000_000));
        assert!(front.keeps_out(3_000_000) && front.keeps_out(5_000_000) && !front.keeps_out(2_999_999));
        assert!(!front.loaded(1_500_000, 500_000));
        assert!(front.keeps_out(1_500_000) && !front.keeps_out(1_499_999));
    }

    #[test]
    fn what_is_loaded_slowly_several_times_in_a_row_is_let_in() {
        let front = Front::default();
        let lets_in = |took| front.loaded(3_000_000, took);
        assert_eq!([4_000_001, 4_000_001, 4_000_001].map(lets_in), [false, true, true], "much slower");
        assert!(!lets_in(1_000_000) && front.keeps_out(3_000_000));
        assert_eq!([1_000_001; 5].map(lets_in), [false, false, false, true, true], "a little slower");
        assert!(!front.keeps_out(3_000_000) && front.keeps_out(3_000_001));
        assert!(!lets_in(0), "quick again");
        assert!(!lets_in(4_000_001) && !lets_in(1_000_000) && !lets_in(4_000_001), "by chance");
        assert!(front.keeps_out(3_000_000));
    }
}
