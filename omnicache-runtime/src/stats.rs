//! What a function's cache has done.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::clock::{Nanos, nanos};
use crate::key::Digest;
use crate::stripes::{self, SHARED};

/// What a cache has done since its process began.
///
/// Hits and misses add up to calls; `refresh`, `uncached` and `peek` are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls served from memory, those included that waited for another caller's body.
    pub memory_hits: u64,
    /// Calls served from disk.
    pub disk_hits: u64,
    /// Calls served over a network.
    pub network_hits: u64,
    /// Those hits that waited for another caller's body.
    pub coalesced: u64,
    /// Calls that ran the body.
    pub misses: u64,
    /// Results kept.
    pub stores: u64,
    /// Entries given up to make room.
    pub evictions: u64,
    /// Entries given up because their time was over.
    pub expirations: u64,
    /// Results larger than the bound of their tier: returned, not kept.
    pub too_large: u64,
    /// Faults of the cache. None of them failed a call.
    pub errors: u64,
    /// Entries held now.
    pub entries: u64,
    /// Bytes of payload held now.
    pub bytes: u64,
    /// Time the hits have saved: what computing their results took, each its own where that is kept beside it; of plain
    /// values, in `local` caches and of calls that waited for another's body, what a result takes on average.
    pub saved: Duration,
}

impl Stats {
    /// Calls served from any tier.
    pub fn hits(&self) -> u64 {
        self.memory_hits + self.disk_hits + self.network_hits
    }

    /// Hits as a share of calls, from 0 to 1; 0 before the first call.
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    pub fn hit_ratio(&self) -> f64 {
        match self.hits() + self.misses {
            0 => 0.0,
            calls => self.hits() as f64 / calls as f64,
        }
    }

    /// The sum of two functions' figures.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            memory_hits: self.memory_hits + other.memory_hits,
            disk_hits: self.disk_hits + other.disk_hits,
            network_hits: self.network_hits + other.network_hits,
            coalesced: self.coalesced + other.coalesced,
            misses: self.misses + other.misses,
            stores: self.stores + other.stores,
            evictions: self.evictions + other.evictions,
            expirations: self.expirations + other.expirations,
            too_large: self.too_large + other.too_large,
            errors: self.errors + other.errors,
            entries: self.entries + other.entries,
            bytes: self.bytes + other.bytes,
            saved: self.saved + other.saved,
        }
    }
}

/// One function's counters.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    stripes: Striped,
    disk_hits: Count,
    pub(crate) coalesced: Count,
    pub(crate) expirations: Count,
    pub(crate) too_large: Count,
    pub(crate) errors: Count,
}

/// A counter that is seldom written.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Counters {
    /// Counts a hit in memory.
    #[inline]
    pub(crate) fn memory_hit(&self) {
        self.stripes.add([(Often::MemoryHits, 1)]);
    }

    /// Counts a hit in memory that saved so much.
    #[inline]
    pub(crate) fn memory_hit_of(&self, cost: Nanos) {
        self.stripes.add([(Often::MemoryHits, 1), (Often::Known, 1), (Often::Saved, cost)]);
    }

    /// Counts a hit on disk that saved so much.
    pub(crate) fn disk_hit_of(&self, cost: Nanos) {
        self.disk_hits.add(1);
        self.stripes.add([(Often::Known, 1), (Often::Saved, cost)]);
        self.computed(cost);
    }

    /// Counts hits in memory that were noted elsewhere.
    pub(crate) fn memory_hits(&self, hits: u64) {
        self.stripes.add([(Often::MemoryHits, hits)]);
    }

    /// Counts a hit in memory if this thread has a stripe of its own; tells whether it has.
    #[inline(always)]
    pub(crate) fn memory_hit_of_owner(&self) -> bool {
        self.stripes.add_to_own([(Often::MemoryHits, 1)])
    }

    /// Counts a call that runs the body.
    #[inline]
    pub(crate) fn miss(&self) {
        self.stripes.add([(Often::Misses, 1)]);
    }

    /// Counts a result that is kept.
    #[inline]
    pub(crate) fn store(&self) {
        self.stripes.add([(Often::Stores, 1)]);
    }

    /// Counts entries given up to make room.
    pub(crate) fn evicted(&self, entries: u64) {
        self.stripes.add([(Often::Evictions, entries)]);
    }

    /// Notes what computing a result took.
    #[inline]
    pub(crate) fn computed(&self, cost: Nanos) {
        self.stripes.add([(Often::Cost, cost), (Often::Costed, 1)]);
    }

    /// What a body will take, as far as it is known without looking at the clock: where bodies are quick, only those of
    /// one key in so many are measured.
    #[inline]
    pub(crate) fn expected_cost(&self, digest: Digest) -> Option<Nanos> {
        if digest.low().is_multiple_of(MEASURED) { None } else { self.quick_body() }
    }

    /// What computing a result takes on average, where enough is known of it to tell that measuring each would take
    /// longer than the bodies themselves.
    fn quick_body(&self) -> Option<Nanos> {
        // As this thread has seen it: to ask for all would take as long as the body.
        let [cost, computed] = self.stripes.own([Often::Cost, Often::Costed]);
        (computed >= ENOUGH && cost < QUICK.saturating_mul(computed)).then(|| cost / computed)
    }

    /// What computing a result takes on average, if any was computed or read.
    pub(crate) fn mean_cost(&self) -> Option<Duration> {
        let [cost, computed] = self.stripes.sums([Often::Cost, Often::Costed]);
        cost.checked_div(computed).map(Duration::from_nanos)
    }

    /// What hits have saved, for people, once anything was computed or loaded.
    pub(crate) fn savings(&self) -> Option<(&'static str, String)> {
        let (mean, saved) = (self.mean_cost()?, self.snapshot().saved);
        Some(("saved", format!("{saved:?} by hits; a result takes {mean:?} to compute on average")))
    }

    /// What to say of a function that is faster than a lookup, once enough is known of it.
    pub(crate) fn warning(&self, lookup: impl Fn()) -> Option<String> {
        let ([computed], mean) = (self.stripes.sums([Often::Costed]), self.mean_cost()?);
        if computed < ENOUGH {
            return None;
        }
        // What is measured of a body includes the look at the clock.
        let body = mean.saturating_sub(mean_time(|| _ = Instant::now().elapsed()));
        dearer_than_body(mean_time(lookup), body)
    }

    /// The figures, without what is held.
    pub(crate) fn snapshot(&self) -> Stats {
        self.snapshot_with(0)
    }

    /// The same with hits in memory that are noted elsewhere.
    pub(crate) fn snapshot_with(&self, more_hits: u64) -> Stats {
        let [memory_hits, misses, stores, evictions] =
            self.stripes.sums([Often::MemoryHits, Often::Misses, Often::Stores, Often::Evictions]);
        let mut stats = Stats {
            memory_hits: memory_hits + more_hits,
            disk_hits: self.disk_hits.get(),
            coalesced: self.coalesced.get(),
            misses,
            stores,
            evictions,
            expirations: self.expirations.get(),
            too_large: self.too_large.get(),
            errors: self.errors.get(),
            ..Stats::default()
        };
        let [known, saved] = self.stripes.sums([Often::Known, Often::Saved]);
        let others = stats.hits().saturating_sub(known);
        let mean = self.mean_cost().map_or(0, nanos);
        stats.saved = Duration::from_nanos(saved.saturating_add(mean.saturating_mul(others)));
        stats
    }
}

/// So many results tell what computing one takes.
const ENOUGH: u64 = 1000;

/// Of quick bodies those of one key in so many are measured.
const MEASURED: u64 = 16;

/// A body that takes less, in nanoseconds, is measured now and then only.
const QUICK: Nanos = 200;

/// What something takes on average.
fn mean_time(of: impl Fn()) -> Duration {
    const TIMES: u32 = 256;
    let start = Instant::now();
    (0..TIMES).for_each(|_| of());
    start.elapsed() / TIMES
}

fn dearer_than_body(lookup: Duration, body: Duration) -> Option<String> {
    (body < lookup).then(|| {
        format!("caching costs more than computing: the body takes {body:?}, a lookup at least {lookup:?}")
    })
}

/// What is counted often enough to be counted by each thread for itself.
#[derive(Clone, Copy, Debug)]
enum Often {
    MemoryHits,
    Misses,
    Stores,
    Evictions,
    /// Nanoseconds that bodies took.
    Cost,
    /// Bodies that were measured, or taken to be like those that were.
    Costed,
    /// Hits of which it is known what they saved.
    Known,
    /// Nanoseconds that these saved.
    Saved,
}

/// Counters whose stripes belong to one thread each, so that counting needs no atomic read-modify-write and no
/// line moves between cores.
#[derive(Debug)]
struct Striped([Stripe; SHARED + 1]);

/// One thread's counters: a cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe([AtomicU64; 8]);

impl Default for Striped {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Stripe::default()))
    }
}

impl Striped {
    #[inline(always)]
    fn add_to_own<const N: usize>(&self, counts: [(Often, u64); N]) -> bool {
        let own = self.0[..SHARED].get(stripes::own());
        if let Some(Stripe(own)) = own {
            for (what, more) in counts {
                let count = &own[what as usize];
                count.store(count.load(Relaxed).wrapping_add(more), Relaxed);
            }
        }
        own.is_some()
    }

    #[inline]
    fn add<const N: usize>(&self, counts: [(Often, u64); N]) {
        if self.add_to_own(counts) {
            return;
        }
        // It counts for the first time, or has no stripe of its own. That is asked for without the counts: they would have
        // to be in memory by then.
        if stripes::take() != SHARED {
            self.add_to_own(counts);
            return;
        }
        for (what, more) in counts {
            self.0[SHARED].0[what as usize].fetch_add(more, Relaxed);
        }
    }

    /// What this thread has counted, or all those that have no stripe of their own.
    fn own<const N: usize>(&self, wanted: [Often; N]) -> [u64; N] {
        let Stripe(own) = self.0.get(stripes::own()).unwrap_or(&self.0[SHARED]);
        wanted.map(|what| own[what as usize].load(Relaxed))
    }

    fn sums<const N: usize>(&self, wanted: [Often; N]) -> [u64; N] {
        wanted.map(|what| self.0.iter().map(|stripe| stripe.0[what as usize].load(Relaxed)).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_faster_than_its_lookup_is_warned_of() {
        let [fast, slow] = [8, 30].map(Duration::from_nanos);
        let warning = dearer_than_body(slow, fast).expect("a warning");
        assert_eq!(warning, "caching costs more than computing: the body takes 8ns, a lookup at least 30ns");
        assert_eq!(dearer_than_body(fast, slow), None);
        assert_eq!(dearer_than_body(fast, fast), None);
    }

    #[test]
    fn a_few_results_are_not_enough_for_a_warning() {
        let counters = Counters::default();
        (1..ENOUGH).for_each(|_| counters.computed(0));
        let lookup = || std::thread::sleep(Duration::from_micros(1));
        assert_eq!(counters.warning(lookup), None);
        counters.computed(0);
        assert!(counters.warning(lookup).is_some());
    }

    #[test]
    fn bodies_are_quick_once_enough_of_them_were() {
        let counters = Counters::default();
        (1..ENOUGH).for_each(|_| counters.computed(50));
        assert_eq!(counters.quick_body(), None);
        counters.computed(50);
        assert_eq!(counters.quick_body(), Some(50));
        counters.computed(QUICK * ENOUGH);
        assert_eq!(counters.quick_body(), None);
    }

    #[test]
    fn no_hit_is_lost_however_many_threads_count() {
        let counters = Counters::default();
        std::thread::scope(|scope| {
            for _ in 0..48 {
                scope.spawn(|| (0..1000).for_each(|_| counters.memory_hit()));
            }
        });
        assert_eq!(counters.snapshot().memory_hits, 48_000);
    }
}
