//! A snapshot holds what the store held at one moment, and restores to a store like any other.

#![cfg(all(feature = "disk", unix))]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use omnicache_runtime::store::{DiskStore, Scope};
use store_common::*;

#[test]
fn a_snapshot_has_all_entries_and_is_independent_of_its_source() {
    let (dir, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(dir.path());
    let f = function("f");
    put(&store, &key(&f, 1), b"inline");
    put(&store, &key(&f, 2), &payload(50_000, 1));
    put_array(&store, &key(&f, 3), &payload(30_000, 2));
    let taken = store.snapshot(to.path()).unwrap();
    assert_eq!((taken.entries, taken.dropped), (3, 0));
    assert_eq!(taken.bytes, store.totals().unwrap().1);
    // What happens to either is nothing to the other.
    store.clear("test", Scope::Site("krate::f")).unwrap();
    put(&store, &key(&f, 4), b"later");
    let copy = open(to.path());
    assert_eq!(bytes(&copy, &key(&f, 1)).unwrap(), b"inline");
    assert_eq!(bytes(&copy, &key(&f, 2)).unwrap(), payload(50_000, 1));
    assert_eq!(bytes(&copy, &key(&f, 3)).unwrap(), payload(30_000, 2));
    assert!(bytes(&copy, &key(&f, 4)).is_none());
    assert!(copy.verify(false).unwrap().is_clean());
    put(&copy, &key(&f, 5), b"in the copy");
    assert_eq!(copy.entry(4).unwrap().unwrap().hash, key(&f, 5).hash, "numbers go on where they were");
    assert!(bytes(&store, &key(&f, 5)).is_none());
}

#[test]
fn a_snapshot_is_private() {
    let (dir, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(dir.path());
    put(&store, &key(&function("f"), 1), &payload(50_000, 1));
    store.snapshot(to.path()).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&root(to.path())), 0o700);
    assert_eq!(mode(&root(to.path()).join("index.sqlite")), 0o600);
    payload_files(to.path()).iter().for_each(|file| assert_eq!(mode(file), 0o600));
}

#[test]
fn a_snapshot_taken_while_others_write_is_of_one_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    // Each round puts its number into entry 0 first and into entries 1 to 4 after; big enough for files.
    let content = |round: u64, entry: u64| {
        let mut bytes = payload(20_000, u8::try_from(entry).unwrap());
        bytes[..8].copy_from_slice(&round.to_le_bytes());
        bytes
    };
    let round_of = |bytes: &[u8]| u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let write = |round| {
        for entry in 0..5 {
            let store_it = if entry % 2 == 0 { put } else { put_array };
            store_it(&store, &key(&f, entry), &content(round, entry));
        }
    };
    write(1);
    let (stop, rounds) = (AtomicBool::new(false), AtomicU64::new(1));
    std::thread::scope(|scope| {
        let (stop, rounds, write) = (&stop, &rounds, &write);
        scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                write(rounds.fetch_add(1, Ordering::SeqCst) + 1);
            }
        });
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..10 {
                let to = tempfile::tempdir().unwrap();
                let before = rounds.load(Ordering::SeqCst) - 1;
                let taken = store.snapshot(to.path()).unwrap();
                assert_eq!((taken.entries, taken.dropped), (5, 0));
                let copy = open(to.path());
                let seen: Vec<u64> =
                    (0..5).map(|entry| round_of(&bytes(&copy, &key(&f, entry)).unwrap())).collect();
                assert!(seen.is_sorted_by(|a, b| a >= b) && seen[0] - seen[4] <= 1, "{seen:?}");
                assert!(seen[4] >= before, "{seen:?} after {before}");
                let verified = copy.verify(false).unwrap();
                assert!(verified.is_clean(), "{verified:?}");
            }
        }));
        stop.store(true, Ordering::Relaxed);
        outcome.unwrap();
    });
}

#[test]
fn restoring_makes_a_store_elsewhere_and_leaves_the_snapshot() {
    let place = tempfile::tempdir().unwrap();
    let f = function("f");
    let (source, saved, restored) =
        (place.path().join("source"), place.path().join("saved"), place.path().join("restored"));
    {
        let store = open(&source);
        put(&store, &key(&f, 1), b"inline");
        put(&store, &key(&f, 2), &payload(50_000, 1));
        store.snapshot(&saved).unwrap();
    }
    fs::remove_dir_all(&source).unwrap();
    for _ in 0..2 {
        let snapshot = DiskStore::restore(&saved, &restored).unwrap();
        assert_eq!((snapshot.entries, snapshot.dropped), (2, 0));
        let store = open(&restored);
        assert_eq!(bytes(&store, &key(&f, 2)).unwrap(), payload(50_000, 1));
        assert!(store.verify(false).unwrap().is_clean());
        drop(store);
        fs::remove_dir_all(&restored).unwrap();
    }
}

#[test]
fn a_missing_source_and_an_occupied_target_are_refused_and_say_so() {
    let place = tempfile::tempdir().unwrap();
    let (source, missing) = (place.path().join("source"), place.path().join("missing"));
    let store = open(&source);
    let fault = DiskStore::restore(&missing, &place.path().join("new")).unwrap_err().to_string();
    assert!(fault.contains("there is no store in") && fault.contains("missing"), "{fault}");
    assert!(!missing.exists() && !place.path().join("new").exists());
    let fault = store.snapshot(&source).unwrap_err().to_string();
    assert!(fault.contains("is there already"), "{fault}");
    let to = place.path().join("to");
    store.snapshot(&to).unwrap();
    assert!(store.snapshot(&to).is_err());
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1, "nothing half made is left");
}

#[test]
fn damaged_entries_are_left_out_and_counted() {
    let (dir, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(dir.path());
    let f = function("f");
    put(&store, &key(&f, 1), b"inline");
    put_array(&store, &key(&f, 2), &payload(30_000, 2));
    fs::remove_file(store.file(&key(&f, 2)).unwrap().unwrap()).unwrap();
    let taken = store.snapshot(to.path()).unwrap();
    assert_eq!((taken.entries, taken.dropped), (1, 1));
    assert!(open(to.path()).verify(false).unwrap().is_clean());
}

#[test]
fn a_store_restored_forgets_and_keeps_like_any_other() {
    let (dir, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(dir.path());
    let f = function("f");
    for _ in 0..3 {
        put(&store, &key(&f, 1), b"x");
        store.remove(&key(&f, 1)).unwrap();
    }
    put(&store, &key(&f, 1), b"x");
    store.snapshot(to.path()).unwrap();
    let copy = open(to.path());
    let since = copy.generation(&f);
    assert!(!copy.forgotten_since(&key(&f, 1), since).unwrap());
    copy.remove(&key(&f, 2)).unwrap();
    assert!(!copy.forgotten_since(&key(&f, 1), since).unwrap(), "another key was forgotten");
    copy.remove(&key(&f, 1)).unwrap();
    assert!(copy.forgotten_since(&key(&f, 1), since).unwrap());
}
