//! `persist`: every result is on disk, and memory stands in front of it.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use omnicache::{CallExplanation, Config, ManualClock, Stats, cache};

use crate::common::lasting;

const LARGE: usize = 2 << 20;

/// What calls with these arguments have added to the figures.
fn added(stats: fn() -> Stats, call: fn(u64) -> Vec<u8>, arguments: &[u64]) -> [u64; 4] {
    let of = |stats: Stats| [stats.memory_hits, stats.disk_hits, stats.misses, stats.evictions];
    let before = of(stats());
    for &n in arguments {
        assert_eq!(call(n), vec![n as u8; LARGE]);
    }
    let after = of(stats());
    std::array::from_fn(|at| after[at] - before[at])
}

static ROOMY: LazyLock<PathBuf> = LazyLock::new(lasting);

#[cache(persist, dir = ROOMY.clone())]
fn roomy(n: u64) -> Vec<u8> {
    vec![n as u8; LARGE]
}

#[test]
fn what_is_large_lies_in_memory_too_as_long_as_nothing_is_known_of_loads() {
    let added = |arguments: &[u64]| added(roomy::stats, roomy, arguments);
    assert_eq!(added(&[1, 2, 3]), [0, 0, 3, 0]);
    assert_eq!(added(&[1, 2, 3]), [3, 0, 0, 0]);
    assert_eq!(roomy::explain_call(1), CallExplanation::MemoryHit);
}

static CLOCK: LazyLock<ManualClock> = LazyLock::new(ManualClock::new);

/// Memory has room for two of its results, and by its clock nothing takes any time.
#[cache(persist, dir = lasting(), max_bytes = "5MiB", config = Config::new().clock(CLOCK.clone()))]
fn crowded(n: u64) -> Vec<u8> {
    vec![n as u8; LARGE]
}

#[test]
fn what_is_loaded_as_fast_as_it_is_copied_stays_out_of_memory() {
    let added = |arguments: &[u64]| added(crowded::stats, crowded, arguments);
    // Nothing was loaded yet: memory takes all, and gives one up.
    assert_eq!(added(&[1, 2, 3]), [0, 0, 3, 1]);
    let rounds = [1, 2, 3].repeat(20);
    assert_eq!(
        added(&rounds),
        [40, 20, 0, 0],
        "the one that was given up comes from disk, and pushes out nobody"
    );
    let explained = crowded::explain().to_string();
    assert!(explained.contains("results of 2 MiB and more are loaded about as fast"), "{explained}");
    // Nor does memory take what is computed, though there is room for it.
    crowded::clear();
    assert_eq!(added(&[1, 2, 1, 2]), [0, 2, 2, 0]);
}

/// The same of results that are not copied at all.
#[cache(persist, dir = lasting(), max_bytes = "5MiB", config = Config::new().clock(CLOCK.clone()))]
fn shared(n: u64) -> Arc<Vec<u8>> {
    Arc::new(vec![n as u8; LARGE])
}

#[test]
fn what_is_not_copied_lies_in_memory_however_fast_it_is_loaded() {
    let added = |arguments: &[u64]| added(shared::stats, |n| shared(n).to_vec(), arguments);
    assert_eq!(added(&[1, 2, 3])[2], 3);
    let [memory, disk, misses, _] = added(&[1, 2, 3].repeat(20));
    assert_eq!((memory + disk, misses), (60, 0));
    shared::clear();
    assert_eq!(added(&[1, 2, 1, 2]), [2, 0, 2, 0]);
}

/// The same of a type that might share what it holds, for all that is known of it.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Wrapped(Vec<u8>);

#[cache(persist, dir = lasting(), max_bytes = "5MiB", config = Config::new().clock(CLOCK.clone()))]
fn wrapped(n: u64) -> Wrapped {
    Wrapped(vec![n as u8; LARGE])
}

#[test]
fn what_may_be_copied_in_no_time_lies_in_memory_however_fast_it_is_loaded() {
    let added = |arguments: &[u64]| added(wrapped::stats, |n| wrapped(n).0, arguments);
    assert_eq!(added(&[1, 2, 3])[2], 3);
    let [memory, disk, misses, _] = added(&[1, 2, 3].repeat(3));
    assert_eq!((memory + disk, misses), (9, 0));
    wrapped::clear();
    assert_eq!(added(&[1, 2, 1, 2]), [2, 0, 2, 0]);
}

/// Results that are small enough for any load to take longer.
#[cache(persist, dir = lasting(), config = Config::new().clock(CLOCK.clone()))]
fn little(n: u64) -> Vec<u8> {
    vec![n as u8; 60_000]
}

#[test]
fn what_is_small_lies_in_memory_whatever_is_measured() {
    assert_eq!(little(1), little(1));
    assert_eq!((little::stats().memory_hits, little::stats().disk_hits), (1, 0));
}
