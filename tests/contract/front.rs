//! `persist`: every result is on disk, and memory stands in front of it.

use std::path::PathBuf;
use std::sync::LazyLock;

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
fn what_is_large_lies_in_memory_too_while_there_is_room() {
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
fn what_is_large_and_quickly_loaded_takes_nobodys_place_in_memory() {
    let added = |arguments: &[u64]| added(crowded::stats, crowded, arguments);
    assert_eq!(added(&[1, 2, 3])[2], 3);
    // Until something large was loaded, memory takes what it always took: one is evicted by the first load at most.
    let rounds = [1, 2, 3].repeat(20);
    let [memory, disk, misses, evictions] = added(&rounds);
    assert_eq!((memory + disk, misses), (60, 0));
    assert!(evictions <= 1, "{evictions} were evicted by {disk} that came from disk");
    assert!(crowded::explain().to_string().contains("while there is room"), "{}", crowded::explain());
    // Where there is room, it goes into memory: from its body, and from disk.
    crowded::clear();
    assert_eq!(added(&[1, 2, 1, 2]), [2, 0, 2, 0]);
    let out = (1..=3).inspect(|n| drop(crowded(*n))).collect::<Vec<_>>();
    let out = out.into_iter().find(|n| crowded::explain_call(*n) == CallExplanation::DiskHit);
    let (out, held) = out.map(|out| (out, [1, 2, 3].into_iter().find(|n| *n != out))).expect("one of three");
    assert!(crowded::invalidate(held.expect("another")));
    assert_eq!(added(&[out, out]), [1, 1, 0, 0], "there is room for it now");
}
