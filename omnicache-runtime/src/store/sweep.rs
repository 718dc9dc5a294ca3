//! Expired entries leave without anyone asking: a put now and then takes some of them along.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::clock::Nanos;

/// A sweep comes with one in so many puts...
const EVERY: u32 = 256;
/// ...and with the first put after so long.
const AT_LEAST: Nanos = 60_000_000_000;
/// The most rows that one put removes: it should not pay for a thousand.
pub(super) const MOST: i64 = 512;

/// When expired entries are swept.
#[derive(Default)]
pub(super) struct Sweeps {
    puts: AtomicU32,
    last: AtomicU64,
}

impl Sweeps {
    /// Whether the put that happens now is to sweep.
    pub(super) fn are_due(&self, now: Nanos) -> bool {
        let by_count = self.puts.fetch_add(1, Ordering::Relaxed) % EVERY == EVERY - 1;
        let last = self.last.load(Ordering::Relaxed);
        // A clock that was set back begins anew.
        let by_time = last > now || now - last >= AT_LEAST;
        if by_count || by_time {
            self.last.store(now, Ordering::Relaxed);
        }
        by_count || by_time
    }
}
