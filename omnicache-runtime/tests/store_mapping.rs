//! Payload files: when they are mapped, when read, and when what they hold is believed.

#![cfg(feature = "disk")]

mod store_common;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use omnicache_runtime::codec::Payload;
use omnicache_runtime::store::{DiskStore, Lookup, Mapping, MmapPolicy, Place, StoreKey};
use store_common::{NOW, Put, bytes, found, function, index, key, open, payload, payload_files, put_array};

/// More than is worth a look whether it is mapped already.
const LARGE: usize = 200_000;

fn mapping(store: &DiskStore, key: &StoreKey) -> Arc<Mapping> {
    match found(store, key).expect("a hit").payload {
        Payload::Mapped(mapping) => mapping,
        other => panic!("{other:?} is not mapped"),
    }
}

fn put_foreign(store: &DiskStore, key: &StoreKey, bytes: &[u8]) {
    Put { place: Place::ForeignFile("npy"), ..Put::new(key, bytes) }.into(store).expect("no fault");
}

fn only_file(dir: &Path) -> std::path::PathBuf {
    let mut files = payload_files(dir);
    assert_eq!(files.len(), 1, "one file");
    files.remove(0)
}

#[test]
fn a_file_that_is_still_mapped_is_not_mapped_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, key) = (open(dir.path()), key(&function("f"), 1));
    put_array(&store, &key, &payload(LARGE, 1));
    let first = mapping(&store, &key);
    assert_eq!(first.as_ptr(), mapping(&store, &key).as_ptr());
    // A new result lies in a new file, whatever is still mapped of the old one.
    put_array(&store, &key, &payload(LARGE, 2));
    assert_eq!(mapping(&store, &key).to_vec(), payload(LARGE, 2));
    assert_eq!(first.to_vec(), payload(LARGE, 1));
}

#[test]
fn a_mapping_does_not_hide_that_its_file_was_replaced_or_is_gone() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, key) = (open(dir.path()), key(&function("f"), 1));
    put_array(&store, &key, &payload(LARGE, 1));
    let first = mapping(&store, &key);
    let path = only_file(dir.path());
    let copy = path.with_extension("copy");
    fs::copy(&path, &copy).expect("a copy");
    fs::rename(&copy, &path).expect("it takes the place");
    let second = mapping(&store, &key);
    assert_ne!(first.as_ptr(), second.as_ptr());
    fs::remove_file(&path).expect("it is there");
    assert_eq!(bytes(&store, &key), None, "what is gone is a miss");
    assert_eq!(second.to_vec(), payload(LARGE, 1));
}

#[test]
fn a_view_outlives_its_eviction() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, f) = (open(dir.path()), function("f"));
    put_array(&store, &key(&f, 0), &payload(LARGE, 0));
    let view = mapping(&store, &key(&f, 0));
    store.set_limit(3 * LARGE as u64);
    for other in 1..8 {
        put_array(&store, &key(&f, other), &payload(LARGE, 1));
    }
    assert_eq!(bytes(&store, &key(&f, 0)), None, "it is evicted");
    assert_eq!(view.to_vec(), payload(LARGE, 0));
}

#[test]
fn a_file_that_others_may_cut_short_is_read_into_memory() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, key) = (open(dir.path()), key(&function("f"), 1));
    for length in [1, LARGE, 9 << 20] {
        put_array(&store, &key, &payload(length, 3));
        let Lookup::Found(record) = store.get_as(&key, NOW, MmapPolicy::Never).expect("no fault") else {
            panic!("a hit");
        };
        let path = only_file(dir.path());
        fs::OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(0)).expect("it is cut");
        assert!(matches!(record.payload, Payload::Owned(_)));
        assert_eq!(record.payload.to_vec(), payload(length, 3));
        assert!(matches!(store.get_as(&key, NOW, MmapPolicy::Never), Ok(Lookup::Damaged(_))));
    }
}

#[test]
fn only_a_file_that_our_codec_wrote_in_this_boot_is_believed() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, f) = (open(dir.path()), function("f"));
    put_array(&store, &key(&f, 1), &payload(LARGE, 1));
    assert!(mapping(&store, &key(&f, 1)).is_trusted());
    put_foreign(&store, &key(&f, 2), &payload(LARGE, 2));
    for _ in 0..2 {
        assert!(!mapping(&store, &key(&f, 2)).is_trusted(), "somebody else may have written it");
    }
    // Another boot: the bytes are verified once, which is not to say that our codec wrote them.
    index(dir.path()).execute("UPDATE entry SET boot = 7", []).expect("no fault");
    for _ in 0..3 {
        assert!(!mapping(&store, &key(&f, 1)).is_trusted());
    }
    let stamps: Vec<i64> = index(dir.path())
        .prepare("SELECT boot FROM entry ORDER BY id")
        .and_then(|mut all| all.query_map([], |row| row.get(0))?.collect())
        .expect("no fault");
    assert!(stamps[0] != 7 && stamps[1] == 7, "verified once, and noted: {stamps:?}");
}

#[test]
fn what_was_imported_or_restored_is_not_believed() {
    let (from, to, kept) = (tempfile::tempdir(), tempfile::tempdir(), tempfile::tempdir());
    let (from, to, kept) = (from.expect("one"), to.expect("two"), kept.expect("three"));
    let (store, key) = (open(from.path()), key(&function("f"), 1));
    put_array(&store, &key, &payload(LARGE, 1));
    assert!(mapping(&store, &key).is_trusted());

    let mut stream = Vec::new();
    store.export(None, NOW, &mut stream).expect("it is exported");
    let other = open(to.path());
    other.import(&mut &stream[..], NOW).expect("it is imported");
    assert!(!mapping(&other, &key).is_trusted());

    let restored = kept.path().join("restored");
    DiskStore::restore(from.path(), &restored).expect("it is restored");
    let restored = open(&restored);
    for _ in 0..2 {
        assert!(!mapping(&restored, &key).is_trusted());
    }
}
