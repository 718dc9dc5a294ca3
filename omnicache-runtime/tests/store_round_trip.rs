//! What is put comes back byte for byte, in every place it can be put.

#![cfg(feature = "disk")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use omnicache_runtime::store::{DiskStore, INLINE, Lookup, Place, StoreOptions, Stored, Trace};
use omnicache_runtime::{Fault, FaultKind};
use std::sync::Arc;
use store_common::*;

#[test]
fn payloads_of_every_size_come_back_as_they_went_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    let mut number = 0;
    for size in [0, 1, 100, INLINE - 1, INLINE, INLINE + 1, 65_536, 1_000_000, 3_000_000] {
        for place in [Place::Record, Place::ArrayFile("npy"), Place::ArrayFile("arrow")] {
            number += 1;
            let key = key(&f, number);
            let payload = payload(size, 7);
            Put { place, ..Put::new(&key, &payload) }.into(&store).unwrap();
            let record = found(&store, &key).unwrap();
            assert_eq!(&*record.payload, &payload[..], "{size} {place:?}");
            assert_eq!(record.info.shell, [1, 2, 3]);
            assert_eq!((record.info.cost, record.info.stored_at), (42, NOW));
            let has_file = place != Place::Record || size > INLINE;
            assert_eq!(store.file(&key).unwrap().is_some(), has_file, "{size} {place:?}");
        }
    }
    assert_eq!(store.stats(&f).unwrap().0, number);
}

#[test]
fn records_outlive_the_store_that_wrote_them() {
    let dir = tempfile::tempdir().unwrap();
    let keys = [key(&function("f"), 1), key(&function("f"), 2)];
    let store = open(dir.path());
    put(&store, &keys[0], b"small");
    put_array(&store, &keys[1], &payload(100_000, 1));
    drop(store);
    let store = open(dir.path());
    assert_eq!(bytes(&store, &keys[0]).unwrap(), b"small");
    assert_eq!(bytes(&store, &keys[1]).unwrap(), payload(100_000, 1));
}

#[test]
fn one_directory_is_one_store_in_a_process() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("a")).unwrap();
    let store = open(dir.path());
    assert!(Arc::ptr_eq(&store, &open(&dir.path().join("a").join(".."))));
    assert!(!Arc::ptr_eq(&store, &open_read_only(dir.path())));
}

#[test]
fn overwriting_keeps_the_id_and_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let key = key(&function("f"), 1);
    let id = || index(dir.path()).query_row("SELECT id FROM entry", [], |row| row.get::<_, i64>(0)).unwrap();
    put(&store, &key, &payload(50_000, 1));
    let first = id();
    assert!(first > 0);
    for (size, place, files) in [
        (60_000, Place::Record, 1),
        (10, Place::Record, 0),
        (60_000, Place::ArrayFile("npy"), 1),
        (70_000, Place::ArrayFile("npy"), 1),
        (50_000, Place::Record, 1),
        (50_000, Place::Record, 1),
        (0, Place::Record, 0),
    ] {
        let payload = payload(size, 3);
        Put { place, ..Put::new(&key, &payload) }.into(&store).unwrap();
        assert_eq!(bytes(&store, &key).unwrap(), payload);
        assert_eq!(payload_files(dir.path()).len(), files, "{size} {place:?}");
        assert_eq!(id(), first);
    }
}

#[test]
fn ids_rise_and_are_never_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let f = function("f");
    let highest =
        || index(dir.path()).query_row("SELECT max(id) FROM entry", [], |r| r.get::<_, i64>(0)).unwrap();
    let store = open(dir.path());
    put(&store, &key(&f, 1), b"a");
    put(&store, &key(&f, 2), b"b");
    let second = highest();
    assert!(store.remove(&key(&f, 2)).unwrap());
    drop(store);
    let store = open(dir.path());
    put(&store, &key(&f, 3), b"c");
    assert!(highest() > second);
}

#[test]
fn blobs_of_one_content_are_one_file_until_the_last_goes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    let payload = payload(100_000, 1);
    put(&store, &key(&f, 1), &payload);
    put(&store, &key(&f, 2), &payload);
    assert_eq!(payload_files(dir.path()).len(), 1);
    assert!(store.remove(&key(&f, 1)).unwrap());
    assert_eq!(bytes(&store, &key(&f, 2)).unwrap(), payload);
    assert!(store.remove(&key(&f, 2)).unwrap());
    assert_eq!(payload_files(dir.path()).len(), 0);
}

#[test]
fn a_put_of_the_same_content_keeps_the_file_that_is_written_out_unless_it_is_damaged() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    let payload = payload(100_000, 1);
    put(&store, &key(&f, 1), &payload);
    let path = store.file(&key(&f, 1)).unwrap().unwrap();
    let before = path.metadata().unwrap().ino();
    put(&store, &key(&f, 2), &payload);
    assert_eq!(path.metadata().unwrap().ino(), before);
    std::fs::write(&path, vec![0; payload.len()]).unwrap();
    put(&store, &key(&f, 3), &payload);
    assert_eq!(bytes(&store, &key(&f, 3)).unwrap(), payload);
    assert_eq!(payload_files(dir.path()).len(), 1);
}

#[test]
fn an_age_equal_to_the_time_to_live_is_expired() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let key = key(&function("f"), 1);
    Put { ttl: Some(1000), place: Place::ArrayFile("npy"), ..Put::new(&key, b"x") }.into(&store).unwrap();
    assert!(store.contains(&key, NOW + 999).unwrap());
    assert!(matches!(store.get(&key, NOW + 999).unwrap(), Lookup::Found(_)));
    assert!(!store.contains(&key, NOW + 1000).unwrap());
    assert!(matches!(store.get(&key, NOW + 1000).unwrap(), Lookup::Expired));
    // It was removed, file and all, and that is remembered.
    assert!(payload_files(dir.path()).is_empty());
    assert!(matches!(store.get(&key, NOW).unwrap(), Lookup::Absent(Some(_))));
    assert!(matches!(store.trace(&key, NOW).unwrap(), Trace::Departed(_)));
}

#[test]
fn a_timestamp_from_the_future_is_expired() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let key = key(&function("f"), 1);
    Put { ttl: Some(u64::MAX), at: NOW + 1, ..Put::new(&key, b"x") }.into(&store).unwrap();
    assert!(matches!(store.get(&key, NOW).unwrap(), Lookup::Expired));
}

#[test]
fn an_encode_error_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let key = key(&function("f"), 1);
    for place in [Place::Record, Place::ArrayFile("npy")] {
        put(&store, &key, b"before");
        let record = Put { place, ..Put::new(&key, b"") };
        let mut write = |out: &mut dyn std::io::Write| {
            out.write_all(&payload(50_000, 1)).map_err(|e| Fault::io("writing", e))?;
            Err(Fault::new(FaultKind::Encode, "cannot"))
        };
        let fault = store
            .put(omnicache_runtime::store::NewRecord {
                key: &key,
                info: found(&store, &key).unwrap().info,
                place: record.place,
                size: 0,
                since: store.generation(&key.identity),
                refresh: false,
                write: &mut write,
            })
            .unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Encode);
        assert_eq!(bytes(&store, &key).unwrap(), b"before");
        assert!(payload_files(dir.path()).is_empty());
    }
}

#[test]
fn another_code_or_shape_is_a_miss_that_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, &key(&versioned("f", 1, 1), 5), b"x");
    let trace =
        |code, shape, argument| store.trace(&key(&versioned("f", code, shape), argument), NOW).unwrap();
    assert_eq!(trace(1, 1, 5), Trace::Present);
    assert_eq!(trace(2, 1, 5), Trace::OtherCode);
    assert_eq!(trace(1, 2, 5), Trace::OtherShape);
    assert_eq!(trace(1, 1, 6), Trace::NeverSeen);
    assert!(bytes(&store, &key(&versioned("f", 2, 1), 5)).is_none());
}

#[test]
fn a_collision_of_hashes_is_a_miss() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let key = key(&function("f"), 1);
    put(&store, &key, b"x");
    let mut other = key.clone();
    other.bytes.push(0);
    assert!(bytes(&store, &other).is_none());
    assert_eq!(bytes(&store, &key).unwrap(), b"x");
}

#[test]
fn a_read_only_store_reads_and_never_writes() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(&function("f"), 1);
    let reader = open_read_only(&dir.path().join("none"));
    assert!(matches!(reader.get(&key, NOW).unwrap(), Lookup::Absent(None)));
    assert!(!dir.path().join("none").exists());
    assert!(!reader.generation(&key.identity).is_settled());

    put(&open(dir.path()), &key, b"x");
    let reader = open_read_only(dir.path());
    assert_eq!(bytes(&reader, &key).unwrap(), b"x");
    assert_eq!(Put::new(&key, b"y").into(&reader).unwrap(), Stored::ReadOnly);
    assert!(reader.remove(&key).is_err());
    assert!(reader.generation(&key.identity).is_settled());
}

#[test]
fn a_store_needs_a_directory() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = StoreOptions::new(file.path().join("below"));
    assert_eq!(DiskStore::open(&options).unwrap_err().kind(), FaultKind::Io);
}
