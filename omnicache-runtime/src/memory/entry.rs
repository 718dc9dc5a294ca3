//! A value in memory with what decides whether it may still be served.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

use super::Loss;
use super::nodes::Place;
use crate::clock::{Nanos, expired};

/// What an entry counts its uses to.
pub(super) const MOST_USES: u8 = 15;

/// A kept value. What a hit looks at comes first, and together: of a value that is an `Arc`, say, in one line of memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Entry<K> {
    /// Its index in its shard, of whose lock it is.
    place: AtomicU32,
    /// Uses since the queue last looked, at most [`MOST_USES`].
    pub(super) uses: AtomicU8,
    /// What it would take to have the value again.
    pub(super) loss: Loss,
    /// Whether it may be seen, where it is put in before that is known.
    confirmed: AtomicBool,
    /// How long it lives from when it was computed; [`FOR_EVER`] if nothing ends it.
    ttl: Nanos,
    /// What computing the value took: what a hit saves.
    pub(crate) cost: Nanos,
    /// The generation of the function's entries on disk as of which this one is good.
    generation: AtomicU64,
    pub(crate) value: K,
    /// Payload size in bytes.
    pub(crate) weight: u64,
    /// When the value was computed; an entry read from disk keeps the time of its record.
    pub(crate) stored_at: Nanos,
    used_at: AtomicU64,
}

/// A time to live that is none: a clock that counts nanoseconds in 64 bits does not see its end.
const FOR_EVER: Nanos = Nanos::MAX;

/// Counts a use, up to [`MOST_USES`]: what is used often is not written to.
#[inline(always)]
pub(super) fn count_use(uses: &AtomicU8) {
    let counted = uses.load(Ordering::Relaxed);
    if counted < MOST_USES {
        uses.store(counted + 1, Ordering::Relaxed);
    }
}

impl<K> Entry<K> {
    pub(crate) fn new(value: K, weight: u64, stored_at: Nanos, ttl: Option<Nanos>, generation: u64) -> Self {
        Self {
            value,
            weight,
            stored_at,
            ttl: ttl.unwrap_or(FOR_EVER),
            cost: 0,
            generation: AtomicU64::new(generation),
            used_at: AtomicU64::new(stored_at),
            uses: AtomicU8::new(0),
            loss: Loss::default(),
            confirmed: AtomicBool::new(false),
            place: AtomicU32::new(0),
        }
    }

    /// The entry of a value that took so long to compute, and would take so long to have again.
    pub(crate) fn costing(self, cost: Nanos, again: Nanos) -> Self {
        Self { cost, loss: Loss::of(again), ..self }
    }

    /// How long the value lives from when it was computed.
    #[inline(always)]
    pub(crate) fn ttl(&self) -> Option<Nanos> {
        (self.ttl != FOR_EVER).then_some(self.ttl)
    }

    /// Whether the entry is past its time to live, or has been idle for as long as `idle` allows.
    pub(crate) fn expired(&self, now: Nanos, idle: Option<Nanos>) -> bool {
        expired(self.stored_at, self.ttl(), now) || expired(self.used_at.load(Ordering::Relaxed), idle, now)
    }

    /// The generation as of which the entry is good.
    #[inline(always)]
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Notes that the entry was found good as of a later generation.
    pub(crate) fn renew(&self, generation: u64) {
        self.generation.store(generation, Ordering::Release);
    }

    /// Counts a use.
    #[inline(always)]
    pub(super) fn count_use(&self) {
        count_use(&self.uses);
    }

    /// Whether it may be seen.
    #[cfg(feature = "moka")]
    pub(super) fn is_confirmed(&self) -> bool {
        self.confirmed.load(Ordering::Acquire)
    }

    /// Lets it be seen.
    #[cfg(feature = "moka")]
    pub(super) fn confirm(&self) {
        self.confirmed.store(true, Ordering::Release);
    }

    /// Where it is in its shard.
    pub(super) fn place(&self) -> u32 {
        self.place.load(Ordering::Relaxed)
    }

    /// Notes where it is in its shard.
    pub(super) fn settle(&self, place: Place) {
        self.place.store(place.index(), Ordering::Relaxed);
    }

    /// Notes when it was used.
    pub(crate) fn touch(&self, now: Nanos) {
        self.used_at.store(now, Ordering::Relaxed);
    }
}
