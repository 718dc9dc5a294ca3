//! What can be asked of a cached function besides calling it.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use crate::common::{Runs, lasting};
use omnicache::{Backend, CallExplanation, Codec, Config, Kind, ManualClock, Policy, cache, hybrid};

#[cache(ephemeral)]
fn in_memory(a: u64, b: &str) -> String {
    let run = MEMORY.note();
    format!("{a}{b}{run}")
}

static MEMORY: Runs = Runs::new();

#[test]
fn each_companion_in_memory() {
    assert_eq!(in_memory::peek(1, "a"), None);
    assert!(!in_memory::contains(1, "a"));
    assert!(!in_memory::invalidate(1, "a"));
    assert_eq!(MEMORY.count(), 0, "none of them runs the body");
    assert_eq!(in_memory(1, "a"), "1a0");
    assert_eq!(in_memory::peek(1, "a").as_deref(), Some("1a0"));
    assert!(in_memory::contains(1, "a"));
    assert_eq!(in_memory::refresh(1, "a"), "1a1");
    assert_eq!(in_memory(1, "a"), "1a1", "a refresh stores");
    assert_eq!(in_memory::uncached(1, "a"), "1a2");
    assert_eq!(in_memory(1, "a"), "1a1", "uncached touches no cache");
    assert_eq!(in_memory::uncached(2, "a"), "2a3");
    assert!(!in_memory::contains(2, "a"));
    assert!(in_memory::invalidate(1, "a"));
    assert!(!in_memory::invalidate(1, "a"), "it is gone");
    assert_eq!(in_memory(1, "a"), "1a4");
    in_memory(2, "b");
    in_memory::clear();
    assert!(!in_memory::contains(1, "a") && !in_memory::contains(2, "b"));
    assert_eq!(in_memory::stats().entries, 0);
    let stats = in_memory::stats();
    assert_eq!((stats.memory_hits, stats.misses, stats.stores), (2, 3, 4));
    assert_eq!(stats.hits() + stats.misses, 5, "calls, and nothing else");
}

static DISK: Runs = Runs::new();

#[cache(backend = disk, dir = lasting())]
fn on_disk(n: u64) -> String {
    let run = DISK.note();
    format!("{n}:{run}")
}

#[test]
fn each_companion_on_disk() {
    assert_eq!(on_disk::peek(1), None);
    assert!(!on_disk::invalidate(1));
    assert_eq!(on_disk(1), "1:0");
    assert_eq!(on_disk::peek(1).as_deref(), Some("1:0"));
    assert!(on_disk::contains(1));
    assert_eq!(on_disk::explain_call(1), CallExplanation::DiskHit);
    assert_eq!(on_disk::refresh(1), "1:1");
    assert_eq!(on_disk(1), "1:1");
    assert_eq!(on_disk::uncached(1), "1:2");
    assert_eq!(on_disk(1), "1:1");
    assert!(on_disk::invalidate(1));
    assert!(!on_disk::invalidate(1));
    assert_eq!(on_disk::explain_call(1), CallExplanation::Invalidated);
    assert_eq!(on_disk(1), "1:3");
    on_disk(2);
    assert_eq!(on_disk::stats().entries, 2);
    assert!(on_disk::stats().bytes > 0);
    on_disk::clear();
    assert!(!on_disk::contains(1) && !on_disk::contains(2));
    assert_eq!(on_disk::stats().entries, 0);
    let stats = on_disk::stats();
    assert_eq!((stats.disk_hits, stats.memory_hits, stats.misses, stats.errors), (2, 0, 3, 0));
}

static TIERS: Runs = Runs::new();

#[cache(persist, dir = lasting(), max_entries = 1, policy = lru)]
fn tiers(n: u64) -> String {
    TIERS.note();
    n.to_string()
}

#[test]
fn peek_contains_and_invalidate_look_in_every_tier() {
    tiers(1);
    tiers(2);
    assert_eq!(tiers::explain_call(2), CallExplanation::MemoryHit);
    assert_eq!(tiers::explain_call(1), CallExplanation::DiskHit, "driven out of memory, still on disk");
    assert_eq!(tiers::peek(1).as_deref(), Some("1"));
    assert!(tiers::contains(1));
    assert_eq!(tiers::explain_call(2), CallExplanation::MemoryHit, "the peek moved nothing");
    assert_eq!(tiers::stats().hits(), 0, "and was no hit");
    assert!(tiers::invalidate(1), "from disk alone");
    assert!(tiers::invalidate(2), "from both");
    assert_eq!(tiers::peek(2), None);
    tiers(1);
    tiers(2);
    assert_eq!(TIERS.count(), 4);
}

static HYBRID: Runs = Runs::new();

#[cache(config = hybrid().threshold(100), dir = lasting())]
fn split(len: usize) -> Vec<u8> {
    HYBRID.note();
    vec![1; len]
}

#[test]
fn both_sides_of_a_hybrid_answer() {
    split(10);
    split(1000);
    assert_eq!(split::explain_call(10), CallExplanation::MemoryHit);
    assert_eq!(split::explain_call(1000), CallExplanation::DiskHit);
    assert_eq!((split(10).len(), split(1000).len()), (10, 1000));
    assert_eq!((split::stats().memory_hits, split::stats().disk_hits), (1, 1));
    assert!(split::stats().bytes >= 1010);
    assert_eq!(split::stats().entries, 2);
    assert!(split::invalidate(10) && split::invalidate(1000));
    assert_eq!(HYBRID.count(), 2);
}

#[cache(ephemeral)]
fn slow(n: u64) -> u64 {
    let start = std::time::Instant::now();
    while start.elapsed() < Duration::from_millis(2) {
        std::hint::spin_loop();
    }
    n
}

#[test]
fn stats_add_up_and_tell_the_time_saved() {
    for call in 0..100 {
        slow(call % 10);
    }
    let stats = slow::stats();
    assert_eq!((stats.hits(), stats.misses), (90, 10));
    assert_eq!((stats.entries, stats.stores), (10, 10));
    assert!((stats.hit_ratio() - 0.9).abs() < 1e-9);
    assert!(stats.saved >= Duration::from_millis(90 * 2), "{:?}", stats.saved);
    assert_eq!(stats.bytes, 80);
}

#[cache(backend = disk, dir = EXPLAINED.clone(), ttl = "1h")]
#[allow(dead_code, reason = "asked, not called")]
fn explained(n: u64) -> String {
    n.to_string()
}

static EXPLAINED: LazyLock<PathBuf> = LazyLock::new(lasting);

#[test]
fn explain_tells_what_was_chosen_and_why() {
    let explanation = explained::explain();
    assert_eq!(explanation.kind, Kind::Collection);
    assert_eq!(explanation.backend, Backend::Disk);
    assert_eq!(explanation.policy, Policy::S3Fifo);
    assert_eq!(explanation.codec, Codec::Bincode);
    assert!(explanation.persistent);
    assert_eq!(explanation.dir.as_ref(), Some(&*EXPLAINED));
    assert!(explanation.reasons.iter().any(|reason| reason.contains("`backend` says so")), "{explanation}");
    let text = explanation.to_string();
    for part in [
        "companion::explained",
        "collection",
        "disk",
        "bincode",
        "because",
        "1h",
        &*EXPLAINED.to_string_lossy(),
    ] {
        assert!(
            text.contains(part) || part == "1h" && text.contains("3600s"),
            "`{part}` is missing in {text}"
        );
    }
    let memory = in_memory::explain();
    assert!(!memory.persistent);
    assert_eq!((memory.backend, memory.dir.clone()), (Backend::Memory, None));
    assert!(!memory.reasons.is_empty());
}

static CLOCK: LazyLock<ManualClock> = LazyLock::new(ManualClock::new);

#[cache(ttl = "1s", policy = lru, max_entries = 2, ephemeral, config = Config::new().clock(CLOCK.clone()))]
fn reasons(n: u64) -> u64 {
    n
}

#[test]
fn explain_call_tells_why_in_memory() {
    assert_eq!(reasons::explain_call(1), CallExplanation::NeverSeen);
    reasons(1);
    assert_eq!(reasons::explain_call(1), CallExplanation::MemoryHit);
    assert!(reasons::explain_call(1).is_hit());
    CLOCK.advance(Duration::from_secs(1));
    assert_eq!(reasons::explain_call(1), CallExplanation::Expired);
    reasons(1);
    reasons(2);
    reasons(3);
    assert_eq!(reasons::explain_call(1), CallExplanation::Evicted);
    reasons::invalidate(3);
    assert_eq!(reasons::explain_call(3), CallExplanation::Invalidated);
    assert!(!reasons::invalidate(9));
    assert_eq!(reasons::explain_call(9), CallExplanation::NeverSeen, "nothing was there to invalidate");
    assert!(!reasons::explain_call(9).is_hit());
    for (explanation, text) in
        [(reasons::explain_call(9), "never seen"), (reasons::explain_call(1), "evicted")]
    {
        assert!(explanation.to_string().contains(text));
    }
}

#[cache(backend = disk, dir = lasting())]
fn cleared_on_disk(n: u64) -> String {
    n.to_string()
}

#[test]
fn an_entry_cleared_from_disk_was_invalidated() {
    cleared_on_disk(1);
    cleared_on_disk::clear();
    assert_eq!(cleared_on_disk::explain_call(1), CallExplanation::Invalidated);
}

macro_rules! cleared {
    ($($name:ident($($option:tt)*);)+) => {
        $(
            #[cache($($option)*)]
            fn $name(n: u64) -> u64 {
                n
            }
        )+

        #[test]
        fn an_entry_cleared_from_memory_was_invalidated_whatever_kept_it() {$(
            for n in 0..10 {
                $name(n);
            }
            $name::clear();
            assert_eq!($name::stats().entries, 0, "{}", stringify!($name));
            for n in 0..10 {
                assert_eq!($name::explain_call(n), CallExplanation::Invalidated, "{}", stringify!($name));
            }
            assert_eq!($name::explain_call(10), CallExplanation::NeverSeen, "{}", stringify!($name));
        )+}
    };
}

cleared! {
    cleared_table(ephemeral);
    cleared_s3_fifo(max_entries = 100);
    cleared_lru(policy = lru);
    cleared_lfu(policy = lfu);
    cleared_fifo(policy = fifo);
    cleared_local(local);
}

#[cache(ephemeral)]
async fn cleared_later(n: u64) -> u64 {
    n
}

#[test]
fn an_awaited_entry_that_was_cleared_was_invalidated() {
    crate::common::block_on(async {
        cleared_later(1).await;
        cleared_later::clear().await;
        assert_eq!(cleared_later::explain_call(1).await, CallExplanation::Invalidated);
        assert_eq!(cleared_later::explain_call(2).await, CallExplanation::NeverSeen);
    });
}

static CHANGED: LazyLock<PathBuf> = LazyLock::new(lasting);

#[test]
fn changed_code_is_a_miss_and_says_so() {
    {
        #[cache(backend = disk, dir = CHANGED.clone())]
        fn code(n: u64) -> String {
            n.to_string()
        }
        assert_eq!(code(1), "1");
        assert_eq!(code::explain_call(1), CallExplanation::DiskHit);
    }
    {
        #[cache(backend = disk, dir = CHANGED.clone())]
        fn code(n: u64) -> String {
            (n + 1).to_string()
        }
        assert_eq!(code::explain_call(1), CallExplanation::CodeChanged);
        assert_eq!(code(1), "2");
    }
}

#[test]
fn a_bumped_version_is_changed_code_and_an_edit_under_one_version_is_not() {
    {
        #[cache(backend = disk, dir = CHANGED.clone(), version = 1)]
        fn versioned(n: u64) -> String {
            n.to_string()
        }
        assert_eq!(versioned(1), "1");
    }
    {
        #[cache(backend = disk, dir = CHANGED.clone(), version = 1)]
        fn versioned(n: u64) -> String {
            unreachable!("edited, and the version is the same: {n}")
        }
        assert_eq!(versioned(1), "1");
    }
    {
        #[cache(backend = disk, dir = CHANGED.clone(), version = 2)]
        fn versioned(n: u64) -> String {
            format!("new {n}")
        }
        assert_eq!(versioned::explain_call(1), CallExplanation::CodeChanged);
        assert_eq!(versioned(1), "new 1");
    }
    {
        #[cache(dir = CHANGED.clone(), config = Config::new().backend(Backend::Disk).version(3))]
        fn versioned(n: u64) -> String {
            format!("newer {n}")
        }
        assert_eq!(versioned::explain_call(1), CallExplanation::CodeChanged);
        assert_eq!(versioned(1), "newer 1");
    }
}

#[test]
fn comments_and_lines_are_no_change_of_code() {
    {
        #[cache(backend = disk, dir = CHANGED.clone())]
        fn layout(n: u64) -> u64 {
            LAYOUT.note();
            n + 1
        }
        assert_eq!(layout(1), 2);
    }
    {
        #[rustfmt::skip]
        #[cache(backend = disk, dir = CHANGED.clone())]
        fn layout(n: u64) -> u64 {
            // The same, laid out differently.
            LAYOUT . note() ;

            n+1
        }
        assert_eq!(layout(1), 2);
    }
    assert_eq!(LAYOUT.count(), 1);
}

static LAYOUT: Runs = Runs::new();

#[test]
fn a_changed_type_is_a_miss_and_says_so() {
    {
        #[cache(backend = disk, dir = CHANGED.clone(), version = 1)]
        fn shaped(_n: u64) -> u64 {
            7
        }
        assert_eq!(shaped(1), 7);
    }
    {
        #[cache(backend = disk, dir = CHANGED.clone(), version = 1)]
        fn shaped(_n: u64) -> String {
            "seven".to_owned()
        }
        assert_eq!(shaped::explain_call(1), CallExplanation::TypeChanged);
        assert_eq!(shaped(1), "seven");
    }
}

#[test]
fn a_field_added_to_a_nested_struct_is_a_changed_type() {
    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    struct Outer<T>(Vec<T>);
    {
        #[derive(Clone, serde::Serialize, serde::Deserialize)]
        struct Inner {
            a: u64,
        }
        #[cache(backend = disk, dir = CHANGED.clone(), version = 1)]
        fn nested(_n: u64) -> Outer<Inner> {
            Outer(vec![Inner { a: 1 }])
        }
        assert_eq!(nested(1).0[0].a, 1);
    }
    {
        #[derive(Clone, serde::Serialize, serde::Deserialize)]
        struct Inner {
            a: u64,
            b: u64,
        }
        #[cache(backend = disk, dir = CHANGED.clone(), version = 1)]
        fn nested(_n: u64) -> Outer<Inner> {
            Outer(vec![Inner { a: 1, b: 2 }])
        }
        assert_eq!(nested::explain_call(1), CallExplanation::TypeChanged);
        assert_eq!(nested(1).0[0].a + nested(1).0[0].b, 3);
    }
}

static CORRUPT: LazyLock<PathBuf> = LazyLock::new(lasting);

#[cache(backend = disk, dir = CORRUPT.clone())]
fn corrupted(n: u8) -> Vec<u8> {
    vec![n; 100_000]
}

#[test]
fn a_damaged_entry_is_a_miss_and_says_so() {
    corrupted(1);
    for file in crate::common::files(&CORRUPT) {
        if !file.to_string_lossy().contains("index.sqlite") {
            fs::remove_file(&file).expect("own file");
            fs::write(&file, "short").expect("own directory");
        }
    }
    assert_eq!(corrupted::peek(1), None);
    assert!(corrupted::stats().errors > 0);
    assert_eq!(corrupted::explain_call(1), CallExplanation::Corrupt);
    assert_eq!(corrupted(1), vec![1; 100_000]);
    assert_eq!(corrupted::explain_call(1), CallExplanation::DiskHit);
}

static THREADS: Runs = Runs::new();

#[cache(ephemeral)]
fn by_threads(n: u64) -> u64 {
    THREADS.note();
    n
}

#[test]
fn when_a_call_returns_another_thread_finds_its_entry() {
    by_threads(1);
    std::thread::spawn(|| assert_eq!(by_threads(1), 1)).join().expect("no panic");
    assert_eq!(THREADS.count(), 1);
}

#[cache(companion = other_name, ephemeral)]
fn taken(n: u64) -> u64 {
    n
}

/// A type that has the function's name already.
#[allow(non_camel_case_types, dead_code, reason = "the companion has to give way")]
enum taken {}

#[cache(companion = false, ephemeral)]
fn alone(n: u64) -> u64 {
    n
}

#[test]
fn the_companion_may_have_another_name_or_none() {
    assert_eq!((taken(1), alone(1)), (1, 1));
    assert_eq!(other_name::peek(1), Some(1));
}
