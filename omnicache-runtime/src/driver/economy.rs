//! Whether the store pays: what computing a result takes beside what a look into the store takes, by what was measured.
//!
//! It is asked only where nobody has said that results are to be on disk, and believes in the store until enough was
//! measured: a process that makes a few calls finds on disk whatever is large.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::clock::Nanos;

/// The last measurements of something, of which the median counts.
#[derive(Default)]
struct Samples {
    times: [AtomicU64; SAMPLES],
    count: AtomicU64,
}

/// So many measurements are kept, and so many are needed.
const SAMPLES: usize = 32;
/// So many looks in a row that found nothing say that the next will find nothing.
const IN_VAIN: u32 = 64;
/// So many measurements more are worth weighing anew: a median takes as long as a look at an empty store.
const MORE: u64 = 8;
/// One in so many is tried all the same: things change.
const PROBE: u32 = 64;

impl Samples {
    fn note(&self, time: Nanos) {
        let count = self.count.fetch_add(1, Relaxed);
        let place = usize::try_from(count % SAMPLES as u64).unwrap_or(0);
        self.times[place].store(time, Relaxed);
    }

    /// The median, once enough was measured.
    fn median(&self) -> Option<Nanos> {
        if self.count.load(Relaxed) < SAMPLES as u64 {
            return None;
        }
        let mut times: [Nanos; SAMPLES] = std::array::from_fn(|at| self.times[at].load(Relaxed));
        times.sort_unstable();
        Some(times[SAMPLES / 2])
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
    fn weigh(&self, bodies: &Samples, stores: &Samples) {
        let measured = bodies.count.load(Relaxed) + stores.count.load(Relaxed);
        if measured < self.weighed.load(Relaxed) + MORE {
            return;
        }
        self.weighed.store(measured, Relaxed);
        let (Some(body), Some(store)) = (bodies.median(), stores.median()) else { return };
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
#[derive(Default)]
pub(super) struct Economy {
    /// Bodies, whatever they gave.
    bodies: Samples,
    /// Bodies whose results belong into the store.
    stored: Samples,
    /// Loads from the store.
    loads: Samples,
    /// Looks into the store that found nothing.
    vain: Samples,
    in_vain: AtomicU32,
    storing: Decision,
    looking: Decision,
}

impl Economy {
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
        let start = Instant::now();
        let outcome = look();
        self.looked(start.elapsed(), matches!(outcome, Ok(Ok(_))));
        outcome
    }

    fn looked(&self, time: Duration, found: bool) {
        let time = crate::clock::nanos(time);
        if found {
            self.in_vain.store(0, Relaxed);
            self.looking.spares.store(false, Relaxed);
            self.loads.note(time);
        } else {
            self.in_vain.fetch_add(1, Relaxed);
            self.vain.note(time);
        }
    }

    /// Whether to put a result into the store: not if it takes less to compute it again than to load it.
    pub(super) fn is_worth_storing(&self) -> bool {
        self.storing.weigh(&self.stored, &self.loads);
        !self.storing.spares_this()
    }

    /// Whether to look into the store: not if nothing was found there for long, and it takes less to compute a result
    /// than to look.
    pub(super) fn is_worth_a_look(&self) -> bool {
        if self.in_vain.load(Relaxed) < IN_VAIN {
            return true;
        }
        self.looking.weigh(&self.bodies, &self.vain);
        !self.looking.spares_this()
    }

    /// What was measured and decided, for people.
    pub(super) fn explain(&self) -> Vec<(&'static str, String)> {
        let mut said = Vec::new();
        let span = Duration::from_nanos;
        if let (Some(body), Some(load)) = (self.stored.median(), self.loads.median()) {
            let so =
                if self.storing.spares.load(Relaxed) { "; large results stay out of the store" } else { "" };
            said.push((
                "cost",
                format!("a large result takes {:?} to compute, {:?} to load{so}", span(body), span(load)),
            ));
        }
        if self.looking.spares.load(Relaxed)
            && let (Some(body), Some(vain)) = (self.bodies.median(), self.vain.median())
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

    fn looked(economy: &Economy, micros: u64, found: bool, times: u32) {
        (0..times).for_each(|_| economy.looked(Duration::from_micros(micros), found));
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
        let economy = Economy::default();
        computed(&economy, 1, 1000);
        looked(&economy, 500, true, 31);
        assert_eq!((stores(&economy), looks(&economy)), (640, 640));
        assert!(economy.explain().is_empty());
    }

    #[test]
    fn what_is_computed_faster_than_loaded_is_not_stored_but_for_a_probe() {
        let economy = Economy::default();
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
    fn looks_in_vain_are_spared_where_a_body_takes_less_and_one_that_finds_brings_them_back() {
        let economy = Economy::default();
        computed(&economy, 1, 100);
        looked(&economy, 4, false, 63);
        assert_eq!(looks(&economy), 640, "not enough");
        looked(&economy, 4, false, 1);
        assert_eq!(looks(&economy), 10);
        looked(&economy, 4, true, 1);
        assert_eq!(looks(&economy), 640);
        let slow = Economy::default();
        computed(&slow, 50, 100);
        looked(&slow, 4, false, 1000);
        assert_eq!(looks(&slow), 640, "a look is cheap beside the body");
    }
}
