//! A namespace keeps to its quota, and is not pushed out of it.

#![cfg(feature = "disk")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use std::sync::Arc;

use omnicache_runtime::store::{Departure, DiskStore, Identity, Lookup, StoreKey, Stored};
use store_common::*;

const KB: usize = 1000;

fn of(namespace: &str, number: u64) -> StoreKey {
    let identity = Identity { namespace: namespace.into(), ..Identity::clone(&function("f")) };
    key(&Arc::new(identity), number)
}

/// Puts so many entries of 100 kB, each a moment after the one before.
fn fill(store: &DiskStore, namespace: &str, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let stored =
            Put { at: NOW + number, ..Put::new(&of(namespace, number), &payload(100 * KB, 1)) }.into(store);
        assert!(matches!(stored.unwrap(), Stored::Kept { .. }));
    }
}

fn left(store: &DiskStore, namespace: &str) -> Vec<u64> {
    (0..100).filter(|number| store.contains(&of(namespace, *number), NOW + 200).unwrap()).collect()
}

#[test]
fn a_quota_is_unset_set_changed_lifted_and_survives() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert_eq!(store.quota("a").unwrap(), None);
    for quota in [Some(5), Some(500 << 30), Some(0), None, Some(7)] {
        store.set_quota("a", quota).unwrap();
        assert_eq!(store.quota("a").unwrap(), quota);
    }
    drop(store);
    let store = open(dir.path());
    assert_eq!((store.quota("a").unwrap(), store.quota("b").unwrap()), (Some(7), None));
    drop(store);
    let reader = open_read_only(dir.path());
    assert_eq!(reader.quota("a").unwrap(), Some(7));
    assert!(reader.set_quota("a", None).is_err());
}

#[test]
fn a_namespace_above_its_quota_evicts_its_own_oldest_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, "a", 0..3);
    fill(&store, "b", 0..3);
    // What is there counts from the beginning.
    store.set_quota("a", Some(450 * KB as u64)).unwrap();
    fill(&store, "a", 3..6);
    assert_eq!(left(&store, "a"), [2, 3, 4, 5]);
    assert_eq!(left(&store, "b"), [0, 1, 2]);
    let gone = store.get(&of("a", 0), NOW).unwrap();
    assert!(matches!(gone, Lookup::Absent(Some(Departure::Evicted))), "{gone:?}");
    store.set_quota("a", None).unwrap();
    fill(&store, "a", 6..9);
    assert_eq!(left(&store, "a"), [2, 3, 4, 5, 6, 7, 8]);
    assert!(store.verify(false).unwrap().is_clean());
}

#[test]
fn what_was_read_last_stays_and_what_is_expired_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.set_quota("a", Some(450 * KB as u64)).unwrap();
    fill(&store, "a", 0..3);
    Put { at: NOW + 3, ttl: Some(5), ..Put::new(&of("a", 3), &payload(100 * KB, 1)) }.into(&store).unwrap();
    assert!(matches!(store.get(&of("a", 0), NOW + 4).unwrap(), Lookup::Found(_)));
    fill(&store, "a", 10..11);
    assert_eq!(left(&store, "a"), [0, 1, 2, 10], "the expired one went");
    fill(&store, "a", 11..12);
    assert_eq!(left(&store, "a"), [0, 2, 10, 11], "then the one not read for longest");
}

#[test]
fn a_payload_over_the_quota_is_too_large_and_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.set_quota("a", Some(150 * KB as u64)).unwrap();
    fill(&store, "a", 0..1);
    let (totals, version) = (store.totals().unwrap(), store.version().unwrap());
    for key in [of("a", 0), of("a", 1)] {
        let stored = Put::new(&key, &payload(160 * KB, 2)).into(&store).unwrap();
        assert_eq!(stored, Stored::TooLarge);
    }
    assert_eq!((store.totals().unwrap(), store.version().unwrap()), (totals, version));
    assert_eq!(bytes(&store, &of("a", 0)).unwrap(), payload(100 * KB, 1));
    assert!(store.verify(false).unwrap().is_clean());
}

#[test]
fn entries_within_their_quota_are_not_pushed_out_by_others() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.set_limit(1000 * KB as u64);
    store.set_quota("reserve", Some(300 * KB as u64)).unwrap();
    fill(&store, "reserve", 0..2);
    fill(&store, "crowd", 2..30);
    assert_eq!(left(&store, "reserve"), [0, 1]);
    assert!(left(&store, "crowd").len() >= 6, "{:?}", left(&store, "crowd"));
    assert!(store.totals().unwrap().1 <= 1000 * KB as u64);
    // Unless nothing else is left.
    store.set_limit(250 * KB as u64);
    fill(&store, "crowd", 30..31);
    assert_eq!(left(&store, "crowd"), [30]);
    assert!(left(&store, "reserve").len() <= 1);
    assert!(store.verify(false).unwrap().is_clean());
}

#[test]
fn what_a_namespace_uses_is_counted_whatever_happens_to_its_entries() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.set_quota("a", Some(10_000 * KB as u64)).unwrap();
    let used =
        || index(dir.path()).query_row("SELECT used FROM quota", [], |row| row.get::<_, u32>(0)).unwrap();
    let of_a = || {
        let namespaces = store.namespaces().unwrap();
        namespaces.iter().find(|n| n.namespace == "a").map_or(0, |n| n.bytes)
    };
    fill(&store, "a", 0..5);
    fill(&store, "b", 0..5);
    put(&store, &of("a", 1), b"smaller");
    store.remove(&of("a", 2)).unwrap();
    Put { ttl: Some(1), ..Put::new(&of("a", 3), b"mortal") }.into(&store).unwrap();
    store.remove_expired(NOW + 1, None).unwrap();
    assert!(used() > 0 && u64::from(used()) == of_a());
    index(dir.path()).execute("UPDATE quota SET used = used + 1", []).unwrap();
    assert_eq!(store.verify(false).unwrap().problems.len(), 1);
    assert!(store.verify(true).unwrap().is_mended());
    assert!(store.verify(false).unwrap().is_clean());
    let to = tempfile::tempdir().unwrap();
    store.snapshot(to.path()).unwrap();
    assert_eq!(open(to.path()).quota("a").unwrap(), Some(10_000 * KB as u64));
    store.clear_namespace("a").unwrap();
    assert_eq!(used(), 0);
}
