//! Memory hits and misses through the macro beside the peers, interleaved in one process; medians over rounds.
//!
//! `cargo bench --features full --bench hits`, with the word of a contest behind `--` for that contest alone

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, missing_docs, reason = "a benchmark")]

#[path = "support/mod.rs"]
mod support;

use std::cell::RefCell;
use std::convert::Infallible;
use std::hint::black_box;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use support::{Contest, Zipf, at_most};

fn value(n: u64) -> u64 {
    n.wrapping_mul(31)
}

type Kilobyte = Arc<[u8; 1024]>;

fn kilobyte(n: u64) -> Kilobyte {
    Arc::new([n as u8; 1024])
}

#[omnicache::cache]
fn ours(n: u64) -> u64 {
    value(n)
}

#[omnicache::cache(max_entries = 100_000)]
fn ours_bounded(n: u64) -> u64 {
    value(n)
}

#[omnicache::cache]
fn ours_unbounded(n: u64) -> u64 {
    value(n)
}

#[omnicache::cache(max_entries = 100_000)]
fn ours_general(n: u64) -> (u64, u64) {
    (value(n), n)
}

#[omnicache::cache(ttl = "1h")]
fn ours_timed(n: u64) -> u64 {
    value(n)
}

#[omnicache::cache]
fn ours_pair(n: u64) -> (u64, u64) {
    (value(n), n)
}

#[omnicache::cache(local)]
fn ours_local(n: u64) -> u64 {
    value(n)
}

#[omnicache::cache(local)]
fn ours_local_shared(n: u64) -> Rc<[u8; 1024]> {
    Rc::new([n as u8; 1024])
}

#[omnicache::cache]
fn ours_str(text: &str) -> u64 {
    text.len() as u64
}

#[omnicache::cache(ephemeral)]
fn ours_shared(n: u64) -> Kilobyte {
    kilobyte(n)
}

#[omnicache::cache]
async fn ours_awaited(n: u64) -> u64 {
    value(n)
}

#[omnicache::cache(policy = lfu)]
fn ours_lfu(n: u64) -> u64 {
    value(n)
}

async fn nothing(n: u64) -> u64 {
    value(n)
}

#[cached::macros::cached]
fn cached_u64(n: u64) -> u64 {
    value(n)
}

#[cached::macros::cached(max_size = 100_000)]
fn cached_bounded(n: u64) -> u64 {
    value(n)
}

#[cached::macros::cached(max_size = 100_000)]
fn cached_shared(n: u64) -> Kilobyte {
    kilobyte(n)
}

#[cached::macros::cached(key = "String", convert = r#"{ text.to_owned() }"#)]
fn cached_str(text: &str) -> u64 {
    text.len() as u64
}

#[comemo::memoize]
fn comemo_u64(n: u64) -> u64 {
    value(n)
}

#[memoize::memoize(SharedCache)]
fn memoize_u64(n: u64) -> u64 {
    value(n)
}

static HOT: LazyLock<Vec<u64>> = LazyLock::new(|| Zipf::new(1000, 0.99).take(1 << 16));
static FLOOR: LazyLock<HashMap<u64, u64, RandomState>> =
    LazyLock::new(|| (0..1000).map(|n| (n, value(n))).collect());
thread_local! {
    static OF_THREAD: RefCell<HashMap<u64, u64, RandomState>> = RefCell::default();
    static SHARED_OF_THREAD: RefCell<HashMap<u64, Rc<[u8; 1024]>, RandomState>> = RefCell::default();
}
static MOKA: LazyLock<moka::sync::Cache<u64, u64>> = LazyLock::new(|| {
    let moka = moka::sync::Cache::new(100_000);
    (0..1000).for_each(|n| moka.insert(n, value(n)));
    moka
});
static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> = LazyLock::new(|| {
    let quick = quick_cache::sync::Cache::new(100_000);
    (0..1000).for_each(|n| quick.insert(n, value(n)));
    quick
});
static PAPAYA: LazyLock<papaya::HashMap<u64, u64>> = LazyLock::new(|| {
    let papaya = papaya::HashMap::new();
    for n in 0..1000 {
        papaya.pin().insert(n, value(n));
    }
    papaya
});

const OURS: &str = "omnicache";
const NO_LOCK: &str = "floor: hashbrown, foldhash, no lock";
const LOCAL: &str = "omnicache(local)";
const BY_HAND: &str = "the same map of each thread, by hand";

/// What one writes by hand where `local` would be: a plain map of this thread.
fn by_hand(n: u64) -> u64 {
    OF_THREAD.with(|map| {
        let kept = map.borrow().get(&n).copied();
        kept.unwrap_or_else(|| *map.borrow_mut().entry(n).or_insert(value(n)))
    })
}

fn by_hand_shared(n: u64) -> Rc<[u8; 1024]> {
    SHARED_OF_THREAD.with(|map| {
        let kept = map.borrow().get(&n).cloned();
        kept.unwrap_or_else(|| Rc::clone(map.borrow_mut().entry(n).or_insert(Rc::new([n as u8; 1024]))))
    })
}

/// Entrants that look numbers up; the floor comes last.
const NUMBERS: &[(&str, fn(u64) -> u64)] = &[
    (OURS, ours),
    ("omnicache(max_entries)", ours_bounded),
    ("omnicache(ttl)", ours_timed),
    ("omnicache, pairs of numbers", |n| ours_pair(n).0),
    (LOCAL, ours_local),
    (BY_HAND, by_hand),
    ("#[cached]", cached_u64),
    ("#[cached(max_size)]", cached_bounded),
    ("#[comemo::memoize]", comemo_u64),
    ("#[memoize(SharedCache)]", memoize_u64),
    ("moka get", |n| MOKA.get(&n).unwrap_or(0)),
    ("quick_cache get", |n| QUICK.get(&n).unwrap_or(0)),
    ("papaya get", |n| PAPAYA.pin().get(&n).copied().unwrap_or(0)),
    (NO_LOCK, |n| FLOOR.get(&n).copied().unwrap_or(0)),
];

/// Does the work on two threads at once; nanoseconds of one operation of `count` that each of them does.
fn pair(count: usize, work: impl Fn(usize) -> u64 + Sync) -> f64 {
    let (start, (ready, work)) = (AtomicU64::new(u64::MAX), (Barrier::new(2), &work));
    let epoch = Instant::now();
    let ends = std::thread::scope(|scope| {
        let threads = [0, 1].map(|thread| {
            let (ready, start) = (&ready, &start);
            scope.spawn(move || {
                black_box(work(thread)); // the thread's first calls are none like the others
                ready.wait();
                start.fetch_min(epoch.elapsed().as_nanos() as u64, Ordering::Relaxed);
                black_box(work(thread));
                epoch.elapsed().as_nanos() as u64
            })
        });
        threads.map(|thread| thread.join().expect("a thread that counts"))
    });
    ends.into_iter().map(|end| (end - start.load(Ordering::Relaxed)) as f64).sum::<f64>() / 2.0 / count as f64
}

fn numbers() {
    let keys = &*HOT;
    let mut alone = Contest::new("u64 -> u64, 1,000 hot keys, Zipf 0.99, 1 thread");
    for (name, get) in NUMBERS {
        alone = alone.entrant(name, || keys.iter().map(|&n| get(black_box(n))).fold(0, u64::wrapping_add));
    }
    let alone = alone.run(keys.len());
    at_most("omnicache, of the floor", 1.0 / alone.of(NO_LOCK), 2.0);
    at_most("omnicache, of #[cached]", 1.0 / alone.of("#[cached]"), 1.0 / 3.0);
    at_most("omnicache, of papaya", 1.0 / alone.of("papaya get"), 1.0);
    at_most("omnicache(local), of a map by hand", alone.nanos(LOCAL) / alone.nanos(BY_HAND), 1.0);

    let mut spread = Contest::new("the same, 2 threads");
    for (name, get) in NUMBERS {
        spread = spread.measured(name, || {
            pair(keys.len(), |_| keys.iter().map(|&n| get(black_box(n))).fold(0, u64::wrapping_add))
        });
    }
    let spread = spread.run(keys.len());
    at_most("omnicache, of the floor", 1.0 / spread.of(NO_LOCK), 2.0);
    let gain = |name| 2.0 * alone.nanos(name) / spread.nanos(name);
    for name in [OURS, "omnicache(max_entries)"] {
        at_most(
            &format!("the floor's gain of a second thread, of {name}'s"),
            gain(NO_LOCK) / gain(name),
            1.25,
        );
    }

    let mut hot = Contest::new("the same, 2 threads on one hot key");
    for (name, get) in NUMBERS {
        let work = move |_| (0..keys.len()).map(|_| get(black_box(7))).fold(0, u64::wrapping_add);
        hot = hot.measured(name, move || pair(keys.len(), work));
    }
    at_most("omnicache, of the floor", 1.0 / hot.run(keys.len()).of(NO_LOCK), 2.0);
}

fn texts() {
    let texts: Vec<String> = (0..100_000).map(|n| format!("key number {n:>13}")).collect();
    let order: Vec<&str> =
        Zipf::uniform(texts.len()).take(1 << 18).iter().map(|&n| &*texts[n as usize]).collect();
    let moka = moka::sync::Cache::new(1_000_000);
    let quick = quick_cache::sync::Cache::new(1_000_000);
    let papaya = papaya::HashMap::new();
    let mut floor: HashMap<String, u64, RandomState> = HashMap::default();
    for text in &texts {
        let length = text.len() as u64;
        moka.insert(text.clone(), length);
        quick.insert(text.clone(), length);
        papaya.pin().insert(text.clone(), length);
        floor.insert(text.clone(), length);
    }
    let results = Contest::new("&str of 24 bytes -> u64, 100,000 keys, uniform, 1 thread")
        .entrant(OURS, || order.iter().map(|text| ours_str(black_box(text))).sum())
        .entrant("#[cached]", || order.iter().map(|text| cached_str(black_box(text))).sum())
        .entrant("moka get", || order.iter().filter_map(|text| moka.get(black_box(*text))).sum())
        .entrant("quick_cache get", || order.iter().filter_map(|text| quick.get(black_box(*text))).sum())
        .entrant("papaya get", || {
            order.iter().filter_map(|text| papaya.pin().get(black_box(*text)).copied()).sum()
        })
        .entrant(NO_LOCK, || order.iter().filter_map(|text| floor.get(black_box(*text))).sum())
        .run(order.len());
    at_most("omnicache, of the floor", 1.0 / results.of(NO_LOCK), 1.0);
}

fn shared() {
    let keys = &*HOT;
    let moka = moka::sync::Cache::new(100_000);
    let quick = quick_cache::sync::Cache::new(100_000);
    for n in 0..1000 {
        moka.insert(n, kilobyte(n));
        quick.insert(n, kilobyte(n));
    }
    let first = |found: Kilobyte| u64::from(found[0]);
    let entrants: [(&str, &(dyn Fn(u64) -> u64 + Sync)); 6] = [
        (OURS, &|n| first(ours_shared(n))),
        ("omnicache(local), an Rc", &|n| u64::from(ours_local_shared(n)[0])),
        ("a map of each thread by hand, an Rc", &|n| u64::from(by_hand_shared(n)[0])),
        ("#[cached(max_size)]", &|n| first(cached_shared(n))),
        ("moka get", &|n| moka.get(&n).map_or(0, first)),
        ("quick_cache get", &|n| quick.get(&n).map_or(0, first)),
    ];
    let mut alone = Contest::new("u64 -> Arc<[u8; 1024]>, 1,000 hot keys, Zipf 0.99, 1 thread");
    let mut spread = Contest::new("the same, 2 threads");
    for (name, get) in entrants {
        let work = move |_| keys.iter().map(|&n| get(black_box(n))).sum::<u64>();
        alone = alone.entrant(name, move || work(0));
        spread = spread.measured(name, move || pair(keys.len(), work));
    }
    at_most("omnicache, of quick_cache", 1.0 / alone.run(keys.len()).of("quick_cache get"), 1.0);
    at_most("omnicache, of quick_cache", 1.0 / spread.run(keys.len()).of("quick_cache get"), 1.0);
}

/// Drives a future that is ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a hit waits for nothing"),
    }
}

fn awaited() {
    let keys = &*HOT;
    for &n in keys {
        now(ours_awaited(n));
    }
    let future = moka::future::Cache::new(100_000);
    (0..1000).for_each(|n| now(future.insert(n, value(n))));
    let results = Contest::new("u64 -> u64, awaited, 1,000 hot keys, Zipf 0.99")
        .entrant("omnicache, async", || {
            keys.iter().map(|&n| now(ours_awaited(black_box(n)))).fold(0, u64::wrapping_add)
        })
        .entrant("omnicache(policy = lfu), no async", || {
            keys.iter().map(|&n| ours_lfu(black_box(n))).fold(0, u64::wrapping_add)
        })
        .entrant("moka's future cache, get", || {
            keys.iter().filter_map(|n| now(future.get(black_box(n)))).fold(0, u64::wrapping_add)
        })
        .entrant("one poll", || keys.iter().map(|&n| now(nothing(black_box(n)))).fold(0, u64::wrapping_add))
        .run(keys.len());
    let engine = results.of("omnicache(policy = lfu), no async") + results.of("one poll");
    at_most("omnicache, async, of the same engine plus a poll", 1.0 / engine, 1.2);
    let results = Contest::new("the same, peek and invalidate")
        .entrant("omnicache, async peek", || {
            keys[..1 << 12].iter().map(|&n| now(ours_awaited::peek(black_box(n))).unwrap_or(0)).sum()
        })
        .entrant("omnicache, async hit", || {
            keys[..1 << 12].iter().map(|&n| now(ours_awaited(black_box(n)))).sum()
        })
        .run(1 << 12);
    at_most("a peek, of a hit", 1.0 / results.of("omnicache, async hit"), 1.0);
}

fn misses() {
    const COUNT: u64 = 1 << 17;
    let quick = quick_cache::sync::Cache::new(100_000);
    let moka = moka::sync::Cache::new(100_000);
    let fresh = AtomicU64::new(1 << 20);
    let keys = || {
        let first = fresh.fetch_add(COUNT, Ordering::Relaxed);
        first..first + COUNT
    };
    let results = Contest::new("u64 -> u64, miss and insert, 100,000 entries at most")
        .entrant("omnicache(max_entries)", || {
            keys().map(|n| ours_bounded(black_box(n))).fold(0, u64::wrapping_add)
        })
        .entrant("omnicache", || keys().map(|n| ours_unbounded(black_box(n))).fold(0, u64::wrapping_add))
        .entrant("omnicache(max_entries), pairs of numbers", || {
            keys().map(|n| ours_general(black_box(n)).0).fold(0, u64::wrapping_add)
        })
        .entrant("#[cached(max_size)]", || {
            keys().map(|n| cached_bounded(black_box(n))).fold(0, u64::wrapping_add)
        })
        .entrant("quick_cache get, insert", || {
            keys()
                .map(|n| {
                    quick.get(black_box(&n)).unwrap_or_else(|| {
                        quick.insert(n, value(n));
                        n
                    })
                })
                .fold(0, u64::wrapping_add)
        })
        .entrant("quick_cache get_or_insert_with", || {
            keys()
                .map(|n| {
                    // Of several callers one makes the value, as with us.
                    let made = quick.get_or_insert_with(black_box(&n), || Ok::<_, Infallible>(value(n)));
                    made.unwrap_or_default()
                })
                .fold(0, u64::wrapping_add)
        })
        .entrant("moka get, insert", || {
            keys()
                .map(|n| {
                    moka.get(black_box(&n)).unwrap_or_else(|| {
                        moka.insert(n, value(n));
                        n
                    })
                })
                .fold(0, u64::wrapping_add)
        })
        .run(COUNT as usize);
    at_most("omnicache, of quick_cache", 1.0 / results.of("quick_cache get, insert"), 1.0);
    let single_flight = results.of("quick_cache get_or_insert_with");
    at_most("omnicache, of quick_cache's single-flight", 1.0 / single_flight, 1.0);
}

/// Bytes of memory this process has, as the system counts them.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|line| line.split(' ').nth(1)?.parse::<u64>().ok())
        .unwrap_or(0);
    pages * 4096
}

#[omnicache::cache]
fn ours_many(n: u64) -> u64 {
    value(n)
}

fn memory() {
    const COUNT: u64 = 1_000_000;
    let before = resident();
    for n in 0..COUNT {
        ours_many(n);
    }
    assert_eq!(ours_many::stats().entries, COUNT);
    let bytes = (resident() - before) as f64 / COUNT as f64;
    println!("\nu64 -> u64, 1,000,000 entries: {bytes:.1} bytes each");
    at_most("bytes of an entry", bytes, 64.0);
}

fn main() {
    let contests: [(&str, fn()); 6] = [
        ("memory", memory),
        ("numbers", numbers),
        ("texts", texts),
        ("shared", shared),
        ("awaited", awaited),
        ("misses", misses),
    ];
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    for (name, contest) in contests {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            contest();
        }
    }
}
