//! What a store holds can be listed, found and removed, entry by entry and by namespace.

#![cfg(feature = "disk")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use std::sync::Arc;

use omnicache_runtime::Codec;
use omnicache_runtime::store::{DiskStore, Identity, StoreKey, Whereabouts};
use store_common::*;

fn of(namespace: &str, name: &str) -> Arc<Identity> {
    Arc::new(Identity { namespace: namespace.into(), ..Identity::clone(&function(name)) })
}

fn example(store: &DiskStore) -> [StoreKey; 4] {
    let keys = [key(&of("b", "f"), 1), key(&of("a", "f"), 1), key(&of("a", "g"), 2), key(&of("", "f"), 3)];
    put(store, &keys[0], b"inline");
    put(store, &keys[1], &payload(50_000, 1));
    put_array(store, &keys[2], &payload(100, 1));
    let put = Put { ttl: Some(1000), ..Put::new(&keys[3], b"expires") };
    put.into(store).unwrap();
    keys
}

#[test]
fn entries_come_in_rising_order_and_exclude_the_one_since() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    example(&store);
    let ids = |since, limit| -> Vec<u64> {
        store.entries(since, limit).unwrap().iter().map(|entry| entry.id).collect()
    };
    assert_eq!(ids(0, 100), [1, 2, 3, 4]);
    assert_eq!(ids(2, 100), [3, 4]);
    assert_eq!(ids(1, 2), [2, 3]);
    assert_eq!(ids(4, 2), [0; 0]);
    assert_eq!(ids(u64::MAX, 2), [0; 0]);
    assert_eq!(ids(0, 0), [0; 0]);
    let of_a = store.entries_of(Some("a"), 0, 100).unwrap();
    assert_eq!(of_a.iter().map(|entry| entry.id).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn an_entry_says_all_that_is_known_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let keys = example(&store);
    let entries = store.entries(0, 100).unwrap();
    let first = &entries[0];
    assert_eq!(
        (first.namespace.as_str(), first.path.as_str(), first.site.as_str()),
        ("b", "krate::f", "krate::f")
    );
    assert_eq!((first.code, first.shape), (1, 1));
    assert_eq!((first.hash, &first.key), (keys[0].hash, &keys[0].bytes));
    assert_eq!((first.codec, first.size), (Some(Codec::Raw), 6));
    assert_eq!((first.stored_at, first.accessed, first.ttl, first.cost), (NOW, NOW, None, 42));
    assert_eq!(first.place, Whereabouts::Inline);
    assert!(first.charged > 6 && first.unreadable.is_none() && !first.key_is_digest);
    assert!(matches!(&entries[1].place, Whereabouts::Blob(name) if name.starts_with("blobs/")));
    assert!(matches!(&entries[2].place, Whereabouts::ArrayFile(name) if name.starts_with("arrays/")));
    assert_eq!(entries[3].ttl, Some(1000));
    assert!(entries[3].is_expired(NOW + 1000) && !entries[3].is_expired(NOW + 999));
    assert_eq!(store.entry(1).unwrap().as_ref(), Some(first));
    assert_eq!(store.entry(9).unwrap(), None);
}

#[test]
fn an_entry_is_found_by_the_beginning_of_its_hash() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    example(&store);
    for entry in store.entries(0, 100).unwrap() {
        let hash = entry.hash_hex();
        for prefix in [&hash[..], &hash[..9], &hash[..9].to_uppercase()] {
            assert_eq!(store.find(prefix).unwrap(), std::slice::from_ref(&entry));
        }
    }
    for nothing in ["", "x", "%", "0000000000", &"0".repeat(65)] {
        assert!(store.find(nothing).unwrap().is_empty(), "{nothing}");
    }
}

#[test]
fn namespaces_come_sorted_with_what_they_hold() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert_eq!(store.namespaces().unwrap(), []);
    example(&store);
    let namespaces = store.namespaces().unwrap();
    let names: Vec<_> = namespaces.iter().map(|n| (n.namespace.as_str(), n.entries)).collect();
    assert_eq!(names, [("", 1), ("a", 2), ("b", 1)]);
    assert_eq!(store.totals().unwrap(), (4, namespaces.iter().map(|n| n.bytes).sum()));
}

#[test]
fn removing_by_number_tells_whether_there_was_one_and_memory_forgets() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let keys = example(&store);
    let before = store.generation(&keys[1].identity);
    let version = store.version().unwrap();
    assert!(!store.remove_entry(77).unwrap());
    assert_eq!(store.version().unwrap(), version);
    assert!(store.remove_entry(2).unwrap());
    assert!(!store.remove_entry(2).unwrap());
    assert_eq!(store.version().unwrap(), version + 1);
    assert!(store.forgotten_since(&keys[1], before).unwrap());
    assert!(found(&store, &keys[1]).is_none() && found(&store, &keys[2]).is_some());
    assert!(store.verify(false).unwrap().is_clean());
}

#[test]
fn removing_expired_ones_removes_these_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = of("x", "f");
    for (number, ttl) in [(1, Some(10)), (2, Some(20)), (3, None)] {
        Put { ttl, ..Put::new(&key(&f, number), &payload(20_000, 1)) }.into(&store).unwrap();
    }
    Put { ttl: Some(10), ..Put::new(&key(&of("y", "f"), 1), b"y") }.into(&store).unwrap();
    assert_eq!(store.remove_expired(NOW + 9, None).unwrap(), 0);
    assert_eq!(store.remove_expired(NOW + 10, Some("x")).unwrap(), 1);
    assert_eq!(store.remove_expired(NOW + 10, Some("nobody's")).unwrap(), 0);
    assert_eq!(store.remove_expired(NOW + 100, None).unwrap(), 2);
    assert_eq!(store.totals().unwrap().0, 1);
    assert!(store.verify(false).unwrap().is_clean());
}

#[test]
fn clearing_a_namespace_leaves_the_others_and_memory_forgets() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let keys = example(&store);
    let before: Vec<_> = keys.iter().map(|key| store.generation(&key.identity)).collect();
    let version = store.version().unwrap();
    assert_eq!(store.clear_namespace("unknown").unwrap(), 0);
    assert_eq!(store.version().unwrap(), version);
    assert_eq!(store.clear_namespace("a").unwrap(), 2);
    assert_eq!(store.version().unwrap(), version + 1);
    for (at, key) in keys.iter().enumerate() {
        let cleared = key.identity.namespace == "a";
        assert_eq!(found(&store, key).is_none(), cleared);
        assert_eq!(store.forgotten_since(key, before[at]).unwrap(), cleared);
    }
    assert!(payload_files(dir.path()).is_empty());
    assert!(store.verify(false).unwrap().is_clean());
}

#[test]
fn damaged_rows_are_listed_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    example(&store);
    for damage in
        ["head = 'text'", "function = 77", "file = x'ff'", "bytes = 'x', accessed = x'00'", "head = x'ffff'"]
    {
        index(dir.path()).execute(&format!("UPDATE entry SET {damage} WHERE id = 1"), []).unwrap();
        assert_eq!(store.entries(0, 100).unwrap().len(), 4, "{damage}");
    }
    assert!(store.entries(0, 1).unwrap()[0].unreadable.is_some());
    assert!(store.remove_entry(1).unwrap());
}
