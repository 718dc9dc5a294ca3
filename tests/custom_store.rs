//! A function's results in a store that its configuration names.
#![cfg(feature = "disk")]

#[path = "../examples/custom_store/map.rs"]
#[allow(unreachable_pub, missing_docs, reason = "the example's, as it is")]
mod map;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use map::MapStore;
use omnicache::store::{KeyedStore, MemoryStore, NewEntry, Store, StoreEntry};
use omnicache::{CallExplanation, Config, ManualClock, cache, hybrid};

/// Counts the runs of a body.
struct Runs(AtomicU64);

impl Runs {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[cfg(feature = "conformance")]
#[test]
fn the_example_keeps_the_contract() {
    let report =
        omnicache::conformance::check("map", |_: &omnicache::conformance::Setup<'_>| MapStore::default());
    assert!(report.is_clean(), "{report}");
}

static MAP: LazyLock<Arc<MapStore>> = LazyLock::new(Arc::default);
static DOUBLED: Runs = Runs::new();

#[cache(config = Config::new().persist().store(MAP.clone()), namespace = "numbers")]
fn doubled(n: u64) -> u64 {
    DOUBLED.note();
    n * 2
}

fn entries(store: &dyn Store) -> Vec<StoreEntry> {
    store.since(0, 100).expect("the store is open")
}

#[test]
fn results_go_into_the_store_with_memory_in_front() {
    assert_eq!((doubled(1), doubled(1), doubled(2)), (2, 2, 4));
    assert_eq!(DOUBLED.count(), 2);
    let stats = doubled::stats();
    assert_eq!((stats.memory_hits, stats.misses, stats.entries, stats.errors), (1, 2, 2, 0));
    assert_eq!(MAP.namespaces().unwrap(), ["numbers/custom_store::doubled"]);
    assert!(!doubled::explain().persistent && doubled::explain().dir.is_none());

    assert!(doubled::invalidate(1) && !doubled::invalidate(1));
    assert_eq!(entries(&**MAP).len(), 1);
    doubled::clear();
    assert_eq!(entries(&**MAP).len(), 0);
    assert_eq!(doubled(2), 4);
    assert_eq!(DOUBLED.count(), 3);
}

static PLAIN: LazyLock<Arc<MemoryStore>> = LazyLock::new(Arc::default);
static TEXTS: Runs = Runs::new();
static CLOCK: LazyLock<ManualClock> = LazyLock::new(ManualClock::new);

#[cache(backend = disk, config = Config::new().store(PLAIN.clone()).clock(CLOCK.clone()).ttl(Duration::from_secs(10)))]
fn texts(n: usize) -> Result<String, String> {
    TEXTS.note();
    if n == 0 { Err("none".to_owned()) } else { Ok("ab".repeat(n)) }
}

#[test]
fn without_memory_in_front_every_hit_comes_from_the_store() {
    assert_eq!(texts(0), Err("none".to_owned()));
    for _ in 0..3 {
        assert_eq!(texts(3).unwrap(), "ababab");
    }
    assert_eq!((TEXTS.count(), texts::stats().disk_hits), (2, 2));
    assert_eq!(texts::explain_call(3), CallExplanation::DiskHit);

    // One byte wrong is a miss, counted, healed.
    let damaged = entries(&**PLAIN).remove(0);
    for at in 0..damaged.payload.len() {
        let mut payload = damaged.payload.clone();
        payload[at] ^= 1;
        let StoreEntry { namespace, key, stored_at, ttl, .. } = &damaged;
        let new = NewEntry { namespace, key, payload: &payload, stored_at: *stored_at, ttl: *ttl };
        PLAIN.put(&new).unwrap();
        assert_eq!(texts(3).unwrap(), "ababab", "byte {at}");
    }
    let errors = texts::stats().errors + entries(&**PLAIN).len() as u64;
    assert!(errors > damaged.payload.len() as u64 / 2, "{errors} of {} were noticed", damaged.payload.len());

    let runs = TEXTS.count();
    CLOCK.advance(Duration::from_secs(10));
    assert_eq!(texts(3).unwrap(), "ababab");
    assert_eq!(TEXTS.count(), runs + 1, "an age equal to the time to live is expired");
}

static SHARED: LazyLock<(tempfile::TempDir, Arc<KeyedStore>)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Arc::new(KeyedStore::new(dir.path()));
    (dir, store)
});
static LENGTHS: Runs = Runs::new();

#[cache(persist, config = Config::new().store(SHARED.1.clone()))]
fn lengths(text: &str) -> usize {
    LENGTHS.note();
    text.len()
}

#[test]
fn what_another_removes_from_a_shared_store_memory_serves_no_more() {
    assert_eq!((lengths("abc"), lengths("abc"), lengths("defg")), (3, 3, 4));
    assert_eq!((LENGTHS.count(), lengths::stats().memory_hits), (2, 1));
    let another = KeyedStore::new(SHARED.0.path());
    another.open(&omnicache::store::StoreIdentity::of_functions()).unwrap();
    let mut found = another.since(0, 10).unwrap();
    // One is the mark that invalidations leave.
    assert_eq!(found.len(), 3);
    found.retain(|entry| entry.namespace == "custom_store::lengths");
    assert!(another.remove(&found[0].namespace, &found[0].key).unwrap());
    assert_eq!((lengths("abc"), lengths("defg")), (3, 4));
    assert_eq!(LENGTHS.count(), 3, "what was removed is computed anew, and nothing else");
}

#[cache(persist, dir = "unused", config = Config::new().store(MAP.clone()))]
fn contradictory(n: u64) -> u64 {
    n
}

#[test]
fn a_directory_beside_a_store_is_refused() {
    let refused = std::panic::catch_unwind(|| contradictory(1)).unwrap_err();
    let message = refused.downcast::<String>().unwrap();
    assert!(message.contains("custom_store::contradictory") && message.contains("`dir`"), "{message}");
}

static MEDDLED: Runs = Runs::new();
static QUIET: LazyLock<(tempfile::TempDir, Arc<KeyedStore>)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Arc::new(KeyedStore::new(dir.path()));
    (dir, store)
});

/// What happens in the store while the body runs: others are at work, or one invalidates a result of this function.
#[cache(persist, config = Config::new().store(QUIET.1.clone()))]
fn meddled(n: u64) -> u64 {
    MEDDLED.note();
    let put = |namespace, key, payload| {
        let new = NewEntry { namespace, key, payload, stored_at: 1, ttl: None };
        QUIET.1.put(&new).expect("the store is open")
    };
    match MEDDLED.count() {
        1 => {
            put("other", b"k", b"v");
            let _ = QUIET.1.remove("other", b"k");
        }
        // As another process leaves it, whether there was an entry or not.
        2 => {
            put("custom_store::meddled#invalidated", b"mark", &[3; 8]);
        }
        // The same, and what it left was evicted.
        4 => {
            put("custom_store::meddled#invalidated", b"mark", &[5; 8]);
            let _ = QUIET.1.remove("custom_store::meddled#invalidated", b"mark");
        }
        _ => {}
    }
    n
}

#[test]
fn a_result_that_may_have_been_invalidated_while_it_was_computed_is_not_kept_and_any_other_is() {
    assert_eq!((meddled(1), meddled(1)), (1, 1));
    assert_eq!(MEDDLED.count(), 1, "others are no reason to compute it again");
    assert_eq!((meddled(2), meddled(2), meddled(2)), (2, 2, 2));
    assert_eq!(MEDDLED.count(), 3, "the first is not kept, the second is");
    assert_eq!((meddled(3), meddled(3), meddled(3)), (3, 3, 3));
    assert_eq!(MEDDLED.count(), 5, "the first is not kept, the second is");
    assert_eq!(meddled::stats().errors, 0);
}

#[test]
fn a_refresh_that_was_overtaken_by_an_invalidation_is_not_kept() {
    use omnicache::store::StoreIdentity;
    static DIR: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a directory"));
    static STORE: LazyLock<Arc<KeyedStore>> = LazyLock::new(|| Arc::new(KeyedStore::new(DIR.path())));
    static RUNS: Runs = Runs::new();

    #[cache(persist, config = Config::new().store(STORE.clone()))]
    fn refreshed(n: u64) -> u64 {
        RUNS.note();
        if RUNS.count() == 2 {
            let (namespace, key): (_, &[u8]) = (MARKS, b"mark");
            let new = NewEntry { namespace, key, payload: &[9; 8], stored_at: 1, ttl: None };
            STORE.put(&new).expect("the store is open");
            STORE.clear(MARKS.split('#').next().unwrap()).expect("the store is open");
        }
        n
    }
    const MARKS: &str =
        "custom_store::a_refresh_that_was_overtaken_by_an_invalidation_is_not_kept::refreshed#invalidated";

    STORE.open(&StoreIdentity::of_functions()).unwrap();
    assert_eq!((refreshed(1), refreshed::refresh(1)), (1, 1));
    let namespaces = STORE.namespaces().unwrap();
    assert!(namespaces.iter().any(|namespace| namespace == MARKS), "{namespaces:?}");
    assert_eq!((refreshed(1), refreshed(1)), (1, 1));
    assert_eq!(RUNS.count(), 3, "what the refresh has computed is not served");
}

#[test]
fn what_is_kept_in_memory_alone_is_served_while_others_put_into_the_store() {
    static DIR: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a directory"));
    static STORE: LazyLock<Arc<KeyedStore>> = LazyLock::new(|| Arc::new(KeyedStore::new(DIR.path())));
    static RUNS: Runs = Runs::new();

    #[cache(config = hybrid().threshold(10).store(STORE.clone()))]
    fn sized(n: usize) -> Vec<u8> {
        RUNS.note();
        vec![1; n]
    }

    for _ in 0..3 {
        assert_eq!((sized(3).len(), sized(1000).len()), (3, 1000));
    }
    assert_eq!(RUNS.count(), 2);
    let new = NewEntry { namespace: "other", key: b"k", payload: b"v", stored_at: 1, ttl: None };
    STORE.put(&new).unwrap();
    for _ in 0..3 {
        assert_eq!((sized(3).len(), sized(1000).len()), (3, 1000));
    }
    assert_eq!(RUNS.count(), 2, "nothing of this function was changed");
    assert!(sized::invalidate(3));
    assert_eq!((sized(3).len(), RUNS.count()), (3, 3));
}
