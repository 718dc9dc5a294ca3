//! Whether the store pays: what computing a result takes beside what a look into the store takes, by what was measured.
//!
//! It is asked only where nobody has said that results are to be on disk, and believes in the store until enough was
//! measured: a process that makes a few calls finds on disk whatever is large.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::shelf::Saved;
use crate::clock::{Clock, Nanos, Stopwatch};

/// The last measurements of something, of which the median counts.
#[derive(Default)]
struct Samples {
    times: [AtomicU64; SAMPLES],
    count: AtomicU64,
}

/// So many measurements are kept, and so many are needed of what a decision is about.
const SAMPLES: usize = 32;
/// So many are needed of what it is weighed with: each entry that is loaded often was computed and written once.
const FEW: usize = 8;
/// So many looks in a row that found nothing say that the next will find nothing.
const IN_VAIN: u32 = 64;
/// So many measurements more are worth weighing anew: a median takes as long as a look at an empty store.
const MORE: u64 = 8;
/// One in so many is tried all the same: things change.
const PROBE: u32 = 64;

impl Samples {
    fn note(&self, time: Nanos) {
        // Of two threads that come at once one may lose its measurement: that is cheaper than for both to wait.
        let count = self.count.load(Relaxed);
        self.count.store(count + 1, Relaxed);
        let place = usize::try_from(count % SAMPLES as u64).unwrap_or(0);
        self.times[place].store(time, Relaxed);
    }

    fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// The median, once enough was measured.
    fn median(&self, enough: usize) -> Option<Nanos> {
        let held = usize::try_from(self.count()).map_or(SAMPLES, |count| count.min(SAMPLES));
        if held < enough {
            return None;
        }
        let mut times: [Nanos; SAMPLES] = std::array::from_fn(|at| self.times[at].load(Relaxed));
        times[..held].sort_unstable();
        Some(times[held / 2])
    }
}

/// A decision that stays until there is good reason to change it, and is doubted now and then.
#[derive(Default)]
struct Decision {
    spares: AtomicBool,
    spared: AtomicU32,
    /// How much had been measured when it was last weighed.
    weighed: AtomicU64,
}

impl Decision {
    /// Decides by what a body and what the store takes: against the store if that takes a quarter longer, for it if it
    /// takes less.
    fn weigh(&self, measured: u64, costs: impl FnOnce() -> Option<(Nanos, Nanos)>) {
        if measured < self.weighed.load(Relaxed) + MORE {
            return;
        }
        self.weighed.store(measured, Relaxed);
        let Some((body, store)) = costs() else { return };
        if store > body.saturating_add(body / 4) {
            self.spares.store(true, Relaxed);
        } else if store < body {
            self.spares.store(false, Relaxed);
        }
    }

    /// Whether to do without the store this time.
    fn spares_this(&self) -> bool {
        self.spares.load(Relaxed) && self.spared.fetch_add(1, Relaxed) % PROBE != PROBE - 1
    }
}

/// What one function's bodies and its store take.
pub(super) struct Economy {
    clock: Arc<dyn Clock>,
    /// Bodies, whatever they gave.
    bodies: Samples,
    /// Bodies whose results belong into the store.
    stored: Samples,
    /// Loads from the store.
    loads: Samples,
    /// Writes into the store.
    writes: Samples,
    /// Looks into the store that found nothing.
    vain: Samples,
    in_vain: AtomicU32,
    storing: Decision,
    looking: Decision,
}

impl Economy {
    /// By the clock that measures bodies, too.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            bodies: Samples::default(),
            stored: Samples::default(),
            loads: Samples::default(),
            writes: Samples::default(),
            vain: Samples::default(),
            in_vain: AtomicU32::new(0),
            storing: Decision::default(),
            looking: Decision::default(),
        }
    }

    /// Notes what a body took, and whether its result belongs into the store.
    pub(super) fn computed(&self, cost: Nanos, belongs: bool) {
        self.bodies.note(cost);
        if belongs {
            self.stored.note(cost);
        }
    }

    /// Looks into the store, and notes what that took and whether it found something.
    pub(super) fn measure<T, W, E>(
        &self,
        look: impl FnOnce() -> Result<Result<T, W>, E>,
    ) -> Result<Result<T, W>, E> {
        let (outcome, time) = Stopwatch::time(&*self.clock, look);
        self.looked(time, matches!(outcome, Ok(Ok(_))));
        outcome
    }

    fn looked(&self, time: Nanos, found: bool) {
        if found {
            self.in_vain.store(0, Relaxed);
            self.looking.spares.store(false, Relaxed);
            self.loads.note(time);
        } else {
            self.in_vain.fetch_add(1, Relaxed);
            self.vain.note(time);
        }
    }

    /// Writes into the store, and notes what that took if it is there now.
    pub(super) fn measure_write<E>(&self, write: impl FnOnce() -> Result<Saved, E>) -> Result<Saved, E> {
        let (outcome, took) = Stopwatch::time(&*self.clock, write);
        if matches!(outcome, Ok(Saved::Kept { .. })) {
            self.written(took);
        }
        outcome
    }

    fn written(&self, took: Nanos) {
        self.writes.note(took);
    }

    /// What the store takes for a result that is asked for again: its load, and a share of what its write took. The
    /// share is by how often what was written has been loaded, and all of it before that.
    fn again(&self) -> Option<Nanos> {
        let load = self.loads.median(SAMPLES)?;
        let (writes, loads) = (self.writes.count(), self.loads.count());
        let written = self.writes.median(FEW).unwrap_or(0);
        let share = u128::from(written) * u128::from(writes) / u128::from(loads.max(writes).max(1));
        Some(load.saturating_add(Nanos::try_from(share).unwrap_or(Nanos::MAX)))
    }

    /// Whether to put a result into the store: not if it takes less to compute it again than to load it, and to write
    /// it before that.
    pub(super) fn is_worth_storing(&self) -> bool {
        let measured = self.stored.count() + self.loads.count() + self.writes.count();
        self.storing.weigh(measured, || Some((self.stored.median(FEW)?, self.again()?)));
        !self.storing.spares_this()
    }

    /// Whether to look into the store: not if nothing was found there for long, and it takes less to compute a result
    /// than to look.
    pub(super) fn is_worth_a_look(&self) -> bool {
        if self.in_vain.load(Relaxed) < IN_VAIN {
            return true;
        }
        let measured = self.bodies.count() + self.vain.count();
        self.looking.weigh(measured, || Some((self.bodies.median(SAMPLES)?, self.vain.median(SAMPLES)?)));
        !self.looking.spares_this()
    }

    /// What was measured and decided, for people.
    pub(super) fn explain(&self) -> Vec<(&'static str, String)> {
        let mut said = Vec::new();
        let span = Duration::from_nanos;
        if let (Some(body), Some(load)) = (self.stored.median(FEW), self.loads.median(SAMPLES)) {
            let so =
                if self.storing.spares.load(Relaxed) { "; large results stay out of the store" } else { "" };
            let written = self.writes.median(FEW);
            let write = written.map_or_else(String::new, |write| format!(", {:?} to write", span(write)));
            let (body, load) = (span(body), span(load));
            said.push((
                "cost",
                format!("a large result takes {body:?} to compute, {load:?} to load{write}{so}"),
            ));
        }
        if self.looking.spares.load(Relaxed)
            && let (Some(body), Some(vain)) = (self.bodies.median(SAMPLES), self.vain.median(SAMPLES))
        {
            let (body, vain) = (span(body), span(vain));
            said.push((
                "misses",
                format!("compute for {body:?}, and do not look into the store for {vain:?}"),
            ));
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn looked(economy: &Economy, micros: u64, found: bool, times: u32) {
        (0..times).for_each(|_| economy.looked(micros * 1000, found));
    }

    fn computed(economy: &Economy, micros: u64, times: u32) {
        (0..times).for_each(|_| economy.computed(micros * 1000, true));
    }

    fn stores(economy: &Economy) -> usize {
        (0..640).filter(|_| economy.is_worth_storing()).count()
    }

    fn looks(economy: &Economy) -> usize {
        (0..640).filter(|_| economy.is_worth_a_look()).count()
    }

    #[test]
    fn the_store_is_believed_in_until_enough_was_measured() {
        let economy = Economy::new(Arc::new(SystemClock));
        computed(&economy, 1, 1000);
        looked(&economy, 500, true, 31);
        assert_eq!((stores(&economy), looks(&economy)), (640, 640));
        assert!(economy.explain().is_empty());
    }

    #[test]
    fn what_is_computed_faster_than_loaded_is_not_stored_but_for_a_probe() {
        let economy = Economy::new(Arc::new(SystemClock));
        computed(&economy, 100, 32);
        looked(&economy, 500, true, 32);
        assert_eq!(stores(&economy), 10);
        assert!(economy.explain()[0].1.contains("stay out of the store"), "{:?}", economy.explain());
        // A little slower than the body, it stays decided; faster, it is worth it again.
        looked(&economy, 110, true, 32);
        assert_eq!(stores(&economy), 10);
        looked(&economy, 90, true, 32);
        assert_eq!(stores(&economy), 640);
        looked(&economy, 110, true, 32);
        assert_eq!(stores(&economy), 640, "a little slower does not change it either");
    }

    #[test]
    fn a_write_counts_by_how_often_what_it_wrote_was_loaded() {
        let economy = Economy::new(Arc::new(SystemClock));
        computed(&economy, 3000, 8);
        (0..8).for_each(|_| economy.written(40_000_000));
        looked(&economy, 2000, true, 31);
        assert_eq!(stores(&economy), 640, "nothing is decided on 31 loads");
        looked(&economy, 2000, true, 9);
        assert_eq!(stores(&economy), 10, "2 ms a load, and a fifth of 40");
        looked(&economy, 2000, true, 8 * 50);
        assert_eq!(stores(&economy), 640, "2 ms a load, and a fiftieth of 40");
        assert!(economy.explain()[0].1.contains("40ms to write"), "{:?}", economy.explain());
    }

    #[test]
    fn a_write_counts_once_at_most() {
        let economy = Economy::new(Arc::new(SystemClock));
        computed(&economy, 10_000, 1000);
        (0..1000).for_each(|_| economy.written(4_000_000));
        looked(&economy, 2000, true, 32);
        assert_eq!(stores(&economy), 640, "most were written to be loaded by another process");
    }

    #[test]
    fn looks_in_vain_are_spared_where_a_body_takes_less_and_one_that_finds_brings_them_back() {
        let economy = Economy::new(Arc::new(SystemClock));
        computed(&economy, 1, 100);
        looked(&economy, 4, false, 63);
        assert_eq!(looks(&economy), 640, "not enough");
        looked(&economy, 4, false, 1);
        assert_eq!(looks(&economy), 10);
        looked(&economy, 4, true, 1);
        assert_eq!(looks(&economy), 640);
        let slow = Economy::new(Arc::new(SystemClock));
        computed(&slow, 50, 100);
        looked(&slow, 4, false, 1000);
        assert_eq!(looks(&slow), 640, "a look is cheap beside the body");
    }
}
