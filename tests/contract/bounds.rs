//! Section 4, points 6 to 8: what is too large, who makes room, and how much there is at most.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use crate::common::{Runs, block_on, lasting};
use omnicache::{CallExplanation, Config, ManualClock, Policy, cache, hybrid};

static TOO_LARGE: Runs = Runs::new();

#[cache(ephemeral, max_bytes = 1000)]
fn in_memory(len: usize) -> Vec<u8> {
    TOO_LARGE.note();
    vec![1; len]
}

#[test]
fn a_result_larger_than_its_tier_is_returned_not_kept_and_counted() {
    assert_eq!(in_memory(1001).len(), 1001);
    assert_eq!(in_memory(1001).len(), 1001);
    assert_eq!(TOO_LARGE.count(), 2);
    let stats = in_memory::stats();
    assert_eq!((stats.too_large, stats.stores, stats.entries, stats.evictions), (2, 0, 0, 0));
    assert_eq!(in_memory(1000).len(), 1000);
    assert_eq!(in_memory(1000).len(), 1000);
    assert_eq!(TOO_LARGE.count(), 3, "exactly the bound fits");
    assert_eq!(in_memory::stats().bytes, 1000);
}

#[test]
fn what_is_too_large_drives_nothing_out() {
    assert_eq!(beside_giants(10).len(), 10);
    assert_eq!(beside_giants(5000).len(), 5000);
    assert!(beside_giants::contains(10));
}

#[cache(ephemeral, max_bytes = 1000)]
fn beside_giants(len: usize) -> Vec<u8> {
    vec![1; len]
}

static TOO_LARGE_ON_DISK: Runs = Runs::new();

#[cache(backend = disk, dir = lasting(), config = Config::new().max_disk_bytes(100_000))]
fn on_disk(len: usize) -> Vec<u8> {
    TOO_LARGE_ON_DISK.note();
    vec![1; len]
}

#[test]
fn a_result_larger_than_the_disk_bound_is_returned_not_kept_and_counted() {
    assert_eq!(on_disk(200_000).len(), 200_000);
    assert_eq!(on_disk(200_000).len(), 200_000);
    assert_eq!(TOO_LARGE_ON_DISK.count(), 2);
    let stats = on_disk::stats();
    assert_eq!((stats.too_large, stats.stores, stats.entries, stats.errors), (2, 0, 0, 0));
}

#[cache(ephemeral, policy = fifo, max_entries = 3)]
fn fifo(n: u64) -> String {
    n.to_string()
}

fn kept(contains: impl Fn(u64) -> bool) -> Vec<u64> {
    (0..20).filter(|&n| contains(n)).collect()
}

#[test]
fn fifo_is_exact_and_reading_never_moves_an_entry() {
    for n in 1..=3 {
        fifo(n);
    }
    for _ in 0..10 {
        fifo(1);
        fifo::peek(1);
    }
    fifo(4);
    assert_eq!(kept(fifo::contains), [2, 3, 4]);
    fifo(5);
    assert_eq!(kept(fifo::contains), [3, 4, 5]);
    assert_eq!(fifo::stats().evictions, 2);
    assert_eq!(fifo::explain_call(1), CallExplanation::Evicted);
}

#[cache(ephemeral, policy = fifo, max_entries = 3)]
fn fifo_overwritten(n: u64) -> String {
    n.to_string()
}

#[test]
fn overwriting_keeps_the_place_in_a_fifo() {
    for n in 1..=3 {
        fifo_overwritten(n);
    }
    fifo_overwritten::refresh(1);
    fifo_overwritten(4);
    assert_eq!(kept(fifo_overwritten::contains), [2, 3, 4], "1 was first in, refreshed or not");
    fifo_overwritten::invalidate(2);
    fifo_overwritten(2);
    fifo_overwritten(5);
    assert_eq!(kept(fifo_overwritten::contains), [2, 4, 5], "2 was invalidated, and came in anew");
}

#[cache(ephemeral, policy = lru, max_entries = 3)]
fn lru(n: u64) -> String {
    n.to_string()
}

#[test]
fn lru_is_exact() {
    for n in 1..=3 {
        lru(n);
    }
    lru(1);
    lru(4);
    assert_eq!(kept(lru::contains), [1, 3, 4]);
    lru(3);
    lru(5);
    assert_eq!(kept(lru::contains), [3, 4, 5]);
    lru::refresh(4);
    lru(6);
    assert_eq!(kept(lru::contains), [4, 5, 6], "a refresh is a use");
}

#[cache(ephemeral, policy = lru, max_entries = 3)]
fn lru_peeked(n: u64) -> String {
    n.to_string()
}

#[test]
fn looking_is_no_use() {
    for n in 1..=3 {
        lru_peeked(n);
    }
    assert_eq!(lru_peeked::peek(1).as_deref(), Some("1"));
    assert!(lru_peeked::contains(1));
    assert_eq!(lru_peeked::explain_call(1), CallExplanation::MemoryHit);
    lru_peeked(4);
    assert_eq!(kept(lru_peeked::contains), [2, 3, 4]);
}

/// A model of LRU in a line each, against which a long random run is compared.
#[test]
fn lru_agrees_with_a_model_over_a_long_run() {
    let (mut model, mut state): (Vec<u64>, u64) = (Vec::new(), 42);
    for _ in 0..2000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let n = (state >> 33) % 20;
        modelled(n);
        model.retain(|&other| other != n);
        model.push(n);
        if model.len() > 7 {
            model.remove(0);
        }
        let mut expected = model.clone();
        expected.sort_unstable();
        assert_eq!(kept(modelled::contains), expected);
    }
}

#[cache(ephemeral, policy = lru, max_entries = 7)]
fn modelled(n: u64) -> String {
    n.to_string()
}

macro_rules! bounded {
    ($($policy:ident: $entries:ident, $bytes:ident;)+) => {$(
        #[cache(ephemeral, policy = $policy, max_entries = 10)]
        fn $entries(n: u64) -> String {
            n.to_string()
        }

        #[cache(ephemeral, policy = $policy, max_bytes = 10_000)]
        fn $bytes(n: usize) -> Vec<u8> {
            vec![1; 500 + n]
        }
    )+

    #[test]
    fn no_policy_keeps_more_than_the_bound() {$(
        for n in 0..200 {
            assert_eq!($entries(n), n.to_string());
            let held = $entries::stats().entries;
            assert!(held <= 10, "{}: {held} entries after {n}", stringify!($policy));
        }
        for n in 0..200 {
            assert_eq!($bytes(n).len(), 500 + n);
            let held = $bytes::stats().bytes;
            assert!(held <= 10_000, "{}: {held} bytes after {n}", stringify!($policy));
        }
        assert!($entries::stats().evictions >= 150, "{}", stringify!($policy));
        assert!($entries::stats().entries >= 5, "{}: a bound of ten is used", stringify!($policy));
    )+}
    };
}

bounded! {
    lru: lru_entries, lru_bytes;
    lfu: lfu_entries, lfu_bytes;
    fifo: fifo_entries, fifo_bytes;
    random: random_entries, random_bytes;
    s3_fifo: s3_fifo_entries, s3_fifo_bytes;
}

#[cache(max_entries = 10)]
async fn awaited(n: u64) -> u64 {
    n
}

#[cache(local, max_entries = 10)]
fn local(n: u64) -> u64 {
    n
}

#[cache(max_entries = 10)]
fn scalar(n: u64) -> u64 {
    n
}

#[test]
fn async_local_and_scalar_functions_are_bounded_too() {
    for n in 0..200 {
        assert_eq!((block_on(awaited(n)), local(n), scalar(n)), (n, n, n));
    }
    assert!(awaited::stats().entries <= 10);
    assert!(local::stats().entries <= 10);
    assert!(scalar::stats().entries <= 10);
}

#[cache(ephemeral)]
fn by_default(n: u64) -> Vec<u8> {
    vec![n.to_le_bytes()[0]; 1 << 20]
}

#[test]
fn memory_is_bounded_by_default() {
    for n in 0..80 {
        by_default(n);
    }
    let stats = by_default::stats();
    assert!(stats.bytes <= 64 << 20, "{} bytes", stats.bytes);
    assert!(stats.bytes > 32 << 20, "and the room is used: {} bytes", stats.bytes);
    assert!(stats.evictions > 0);
}

#[cache(ephemeral, max_entries = 80)]
fn by_entries_alone(n: u64) -> Vec<u8> {
    vec![n.to_le_bytes()[0]; 1 << 20]
}

#[test]
fn max_entries_alone_lifts_the_default_byte_bound() {
    for n in 0..80 {
        by_entries_alone(n);
    }
    assert!(by_entries_alone::stats().bytes >= 72 << 20, "{:?}", by_entries_alone::stats());
}

#[cache(policy = lru, ephemeral, max_entries = 1000, max_bytes = "10KiB")]
fn by_both(n: u64) -> Vec<u8> {
    vec![n.to_le_bytes()[0]; 1024]
}

#[test]
fn of_two_bounds_the_narrower_holds() {
    for n in 0..100 {
        by_both(n);
    }
    assert_eq!((by_both::stats().entries, by_both::stats().bytes), (10, 10 << 10));
}

static LIMITED: LazyLock<PathBuf> = LazyLock::new(lasting);

#[cache(backend = disk, dir = LIMITED.clone(), config = Config::new().max_disk_bytes(1_000_000))]
fn limited(n: u64) -> Vec<u8> {
    vec![n.to_le_bytes()[0]; 100_000]
}

#[test]
fn the_directory_is_bounded() {
    for n in 0..40 {
        limited(n);
        let held = limited::stats().bytes;
        assert!(held <= 1_000_000, "{held} bytes after {n}");
    }
    let payloads = crate::common::files(&LIMITED)
        .into_iter()
        .filter(|file| !file.to_string_lossy().contains("index.sqlite"));
    let bytes: u64 = payloads.map(|file| file.metadata().expect("a file").len()).sum();
    assert!(bytes <= 1_000_000, "{bytes} bytes of files");
    assert!(limited::stats().evictions >= 30);
    assert!(limited::contains(39) && !limited::contains(0));
    assert_eq!(limited::explain_call(0), CallExplanation::Evicted);
}

static FIRST: LazyLock<PathBuf> = LazyLock::new(lasting);
static CLOCK: LazyLock<ManualClock> = LazyLock::new(ManualClock::new);

fn shared_limit() -> Config {
    Config::new().clock(CLOCK.clone()).max_disk_bytes(1_000_000).dir(FIRST.clone())
}

#[cache(backend = disk, config = shared_limit().ttl(Duration::from_secs(10)))]
fn mortal(n: u64) -> Vec<u8> {
    vec![n.to_le_bytes()[0]; 100_000]
}

#[cache(backend = disk, config = shared_limit())]
fn immortal(n: u64) -> Vec<u8> {
    vec![n.to_le_bytes()[0]; 100_000]
}

#[test]
fn expired_entries_leave_the_disk_first() {
    for n in 0..4 {
        immortal(n);
    }
    for n in 0..4 {
        mortal(n);
    }
    CLOCK.advance(Duration::from_secs(10));
    for n in 4..8 {
        immortal(n);
    }
    assert!((0..8).all(immortal::contains), "the older ones are alive, the younger ones had expired");
}

#[cache(config = hybrid().threshold(100).max_bytes(1000).policy(Policy::Lru), dir = lasting())]
fn sided(len: usize) -> Vec<u8> {
    vec![1; len]
}

#[test]
fn the_memory_bound_is_no_bound_of_the_large_side() {
    assert_eq!(sided(50_000).len(), 50_000);
    assert!(sided::contains(50_000));
    assert_eq!(sided::stats().too_large, 0);
}
