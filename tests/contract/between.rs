//! Section 4, point 3: what another caller computes between a call's look and its flight is found, not computed again.

use std::cell::Cell;
use std::sync::Barrier;
use std::thread;

use omnicache::{CacheKey, KeyWriter, cache};

use crate::common::Runs;

thread_local! {
    /// After so many more times that this thread writes its key, another thread goes first.
    static PATIENCE: Cell<Option<u32>> = const { Cell::new(None) };
}

/// A key whose writing may take as long as another thread's whole call.
#[derive(Clone, Copy)]
struct Slow(u64);

impl CacheKey for Slow {
    fn write_key(&self, key: &mut KeyWriter) {
        match PATIENCE.get() {
            Some(0) => {
                PATIENCE.set(None);
                let key = *self;
                thread::spawn(move || between(key)).join().expect("a call that ends well");
            }
            patience => PATIENCE.set(patience.map(|patience| patience - 1)),
        }
        self.0.write_key(key);
    }
}

static BETWEEN: Runs = Runs::new();

/// With a store, the key is written once more after memory was found to have nothing.
#[cache]
fn between(key: Slow) -> String {
    BETWEEN.note();
    key.0.to_string()
}

#[test]
fn what_another_thread_computes_before_a_flight_begins_is_not_computed_again() {
    for patience in 0..2 {
        let runs = BETWEEN.count();
        PATIENCE.set(Some(patience));
        assert_eq!(between(Slow(patience.into())), patience.to_string());
        assert_eq!(PATIENCE.get(), None, "the other thread went first");
        assert_eq!(BETWEEN.count(), runs + 1, "after {patience} times of writing the key");
    }
}

const KEYS: usize = 5000;
static SCALARS: [Runs; KEYS] = [const { Runs::new() }; KEYS];
static TEXTS: [Runs; KEYS] = [const { Runs::new() }; KEYS];

#[cache]
fn scalar(n: usize) -> usize {
    SCALARS[n].note();
    n
}

#[cache(ephemeral)]
fn text(n: usize) -> String {
    TEXTS[n].note();
    n.to_string()
}

#[test]
fn threads_that_go_through_the_same_keys_compute_each_of_them_once() {
    let barrier = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                barrier.wait();
                (0..KEYS).for_each(|n| assert_eq!((scalar(n), text(n)), (n, n.to_string())));
            });
        }
    });
    assert!(SCALARS.iter().chain(&TEXTS).all(|runs| runs.count() == 1));
    let hits = |stats: omnicache::Stats| (stats.memory_hits, stats.misses);
    assert_eq!([hits(scalar::stats()), hits(text::stats())], [(3 * KEYS as u64, KEYS as u64); 2]);
}
