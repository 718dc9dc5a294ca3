//! What was exported comes back by importing, and a stream that is damaged anywhere is told so.

#![cfg(feature = "disk")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use std::fs;
use std::sync::Arc;

use omnicache_runtime::FaultKind;
use omnicache_runtime::store::{DiskStore, Identity, StoreKey};
use store_common::*;

fn example(store: &DiskStore) -> Vec<(StoreKey, Vec<u8>)> {
    let f = function("f");
    let g = Arc::new(Identity { namespace: "ünïcode".into(), ..Identity::clone(&f) });
    let entries = vec![
        (key(&f, 1), b"inline".to_vec()),
        (key(&f, 2), payload(50_000, 1)),
        (key(&f, 3), payload(30_000, 2)),
        (key(&g, 1), Vec::new()),
    ];
    for (at, (key, payload)) in entries.iter().enumerate() {
        if at == 2 { put_array(store, key, payload) } else { put(store, key, payload) }
    }
    entries
}

fn exported(store: &DiskStore, namespace: Option<&str>) -> Vec<u8> {
    let mut stream = Vec::new();
    store.export(namespace, NOW, &mut stream).unwrap();
    stream
}

fn fresh() -> (tempfile::TempDir, Arc<DiskStore>) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    (dir, store)
}

#[test]
fn what_was_exported_comes_back_byte_for_byte() {
    let ((_a, store), (_b, other)) = (fresh(), fresh());
    let entries = example(&store);
    let mut stream = Vec::new();
    let report = store.export(None, NOW, &mut stream).unwrap();
    assert_eq!((report.entries, report.bytes, report.skipped), (4, 80_006, 0));
    let report = other.import(&mut &stream[..], NOW).unwrap();
    assert_eq!((report.added, report.bytes, report.present, report.skipped), (4, 80_006, 0, 0));
    for (key, payload) in &entries {
        let (here, there) = (found(&store, key).unwrap(), found(&other, key).unwrap());
        assert_eq!(&there.payload[..], payload);
        assert_eq!(here.info, there.info);
    }
    let files = |store: &DiskStore| store.file(&entries[2].0).unwrap().unwrap();
    assert_eq!(files(&other).extension(), files(&store).extension());
    assert!(other.verify(false).unwrap().is_clean());
}

#[test]
fn a_namespace_is_exported_alone() {
    let ((_a, store), (_b, other)) = (fresh(), fresh());
    let entries = example(&store);
    let report = other.import(&mut &exported(&store, Some("ünïcode"))[..], NOW).unwrap();
    assert_eq!(report.added, 1);
    assert!(found(&other, &entries[3].0).is_some() && found(&other, &entries[0].0).is_none());
    assert_eq!(other.import(&mut &exported(&store, Some("nobody's"))[..], NOW).unwrap().added, 0);
}

#[test]
fn what_is_there_stays_and_what_is_expired_or_damaged_is_left_out() {
    let ((_a, store), (_b, other)) = (fresh(), fresh());
    let entries = example(&store);
    let mortal = key(&function("f"), 9);
    Put { ttl: Some(100), ..Put::new(&mortal, b"mortal") }.into(&store).unwrap();
    put(&other, &entries[0].0, b"mine");
    let stream = exported(&store, None);
    let report = other.import(&mut &stream[..], NOW + 100).unwrap();
    assert_eq!((report.added, report.present, report.skipped), (3, 1, 1));
    assert_eq!(bytes(&other, &entries[0].0).unwrap(), b"mine");
    assert_eq!(other.import(&mut &stream[..], NOW + 100).unwrap().present, 4);
    fs::remove_file(store.file(&entries[1].0).unwrap().unwrap()).unwrap();
    let report = store.export(None, NOW + 100, &mut Vec::new()).unwrap();
    assert_eq!((report.entries, report.skipped), (3, 2));
}

#[test]
fn a_stream_damaged_anywhere_is_an_error_that_names_the_record() {
    let (_a, store) = fresh();
    let entries = example(&store);
    // Without the large payloads, so that each byte can be tried.
    store.remove(&entries[1].0).unwrap();
    store.remove(&entries[2].0).unwrap();
    let stream = exported(&store, None);
    let (_b, other) = fresh();
    for at in 0..stream.len() {
        let fault = other.import(&mut &stream[..at], NOW).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Decode, "cut at {at}: {fault}");
        let mut flipped = stream.clone();
        flipped[at] ^= 0x40;
        let fault = other.import(&mut &flipped[..], NOW).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Decode, "flipped at {at}: {fault}");
    }
    let (_c, fresh) = fresh();
    let fault = fresh.import(&mut &stream[..stream.len() - 30], NOW).unwrap_err().to_string();
    assert!(fault.contains("record 2") && fault.contains("the 1 before it are imported"), "{fault}");
    assert_eq!(bytes(&fresh, &entries[0].0).unwrap(), b"inline");
    assert!(fresh.verify(false).unwrap().is_clean());
}

#[test]
fn a_hostile_length_takes_no_memory() {
    let (_a, store) = fresh();
    let mut stream = exported(&store, Some("none"))[..12].to_vec();
    stream.push(1);
    stream.extend_from_slice(&u32::MAX.to_le_bytes());
    stream.extend_from_slice(&u64::MAX.to_le_bytes());
    // Were memory taken as announced, this would abort the process.
    let fault = store.import(&mut &stream[..], NOW).unwrap_err().to_string();
    assert!(fault.contains("record 1") && fault.contains("cut short"), "{fault}");
}

#[test]
fn what_is_no_export_is_refused() {
    let (dir, store) = fresh();
    for garbage in [&b""[..], b"x", b"something else entirely", b"OmnCexp\0\x02\0\0\0"] {
        let fault = store.import(&mut &garbage[..], NOW).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Decode, "{fault}");
    }
    let read_only = open_read_only(dir.path());
    let fault = read_only.import(&mut &exported(&store, None)[..], NOW).unwrap_err().to_string();
    assert!(fault.contains("read-only"), "{fault}");
}
