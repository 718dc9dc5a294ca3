//! Invalidation: what one process forgets, no other serves, nor stores from a call that began before.

#![cfg(feature = "disk")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use omnicache_runtime::store::{Departure, Generation, Scope, Stored, Trace};
use store_common::*;

#[test]
fn removing_tells_whether_there_was_something() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let key = key(&function("f"), 1);
    assert!(!store.remove(&key).unwrap());
    put(&store, &key, b"x");
    assert!(store.remove(&key).unwrap());
    assert!(!store.remove(&key).unwrap());
    assert_eq!(store.trace(&key, NOW).unwrap(), Trace::Departed(Departure::Invalidated));
}

#[test]
fn clearing_touches_one_instantiation_or_all_and_no_other_function() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let instance = |name: &str, code| {
        let mut identity = (*versioned("f", code, 1)).clone();
        identity.path = format!("krate::f<{name}>");
        std::sync::Arc::new(identity)
    };
    let (a, old, b, other) = (instance("a", 2), instance("a", 1), instance("b", 1), function("g"));
    let fill = || {
        for function in [&a, &old, &b, &other] {
            put(&store, &key(function, 1), &payload(20_000, 1));
        }
    };
    fill();
    assert_eq!(store.clear("test", Scope::path_of(&a)).unwrap(), 2);
    assert!(bytes(&store, &key(&a, 1)).is_none() && bytes(&store, &key(&old, 1)).is_none());
    assert!(bytes(&store, &key(&b, 1)).is_some() && bytes(&store, &key(&other, 1)).is_some());
    fill();
    assert_eq!(store.clear("test", Scope::Site("krate::f")).unwrap(), 3);
    assert!(bytes(&store, &key(&b, 1)).is_none() && bytes(&store, &key(&other, 1)).is_some());
    assert_eq!(store.clear("other namespace", Scope::Site("krate::g")).unwrap(), 0);
    assert_eq!(payload_files(dir.path()).len(), 1);
}

#[test]
fn a_call_that_began_before_an_invalidation_does_not_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    let (one, two) = (key(&f, 1), key(&f, 2));
    let since = Some(store.generation(&f));
    store.remove(&one).unwrap();
    assert_eq!(Put { since, ..Put::new(&one, b"x") }.into(&store).unwrap(), Stored::Stale);
    assert!(bytes(&store, &one).is_none());
    // The other key was not forgotten.
    assert!(matches!(Put { since, ..Put::new(&two, b"x") }.into(&store).unwrap(), Stored::Kept { .. }));
    // A clear forgets both.
    store.clear("test", Scope::path_of(&f)).unwrap();
    assert_eq!(Put { since, ..Put::new(&two, b"x") }.into(&store).unwrap(), Stored::Stale);
    put(&store, &one, b"y");
}

#[test]
fn memory_is_good_until_its_key_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    let (one, two) = (key(&f, 1), key(&f, 2));
    let word = store.word(&f);
    let taken = word.load();
    assert!(taken.is_settled());
    assert!(!store.forgotten_since(&one, taken).unwrap());
    store.remove(&one).unwrap();
    assert_ne!(word.load(), taken);
    assert!(store.forgotten_since(&one, taken).unwrap());
    assert!(!store.forgotten_since(&two, taken).unwrap());
    assert!(!store.forgotten_since(&one, word.load()).unwrap());
    store.clear("test", Scope::Site("krate::f")).unwrap();
    assert!(store.forgotten_since(&two, taken).unwrap());
}

#[test]
fn a_refresh_makes_memory_elsewhere_forget_but_not_the_copy_it_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    let key = key(&f, 1);
    put(&store, &key, b"old");
    let taken = store.generation(&f);
    put(&store, &key, b"the same again");
    assert_eq!(store.generation(&f), taken);
    let stored = Put { refresh: true, ..Put::new(&key, b"new") }.into(&store).unwrap();
    let Stored::Kept { generation, .. } = stored else { panic!("{stored:?}") };
    assert!(store.forgotten_since(&key, taken).unwrap());
    assert_eq!(store.generation(&f), generation);
    assert_eq!(bytes(&store, &key).unwrap(), b"new");
}

#[test]
fn a_log_that_no_longer_reaches_back_says_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    let taken = store.generation(&f);
    for number in 0..11_000 {
        store.remove(&key(&f, number)).unwrap();
    }
    let never = key(&f, 1_000_000);
    assert!(store.forgotten_since(&never, taken).unwrap());
    let recent = Generation(store.generation(&f).0 - 20);
    assert!(!store.forgotten_since(&never, recent).unwrap());
    let rows: i64 =
        index(dir.path()).query_row("SELECT count(*) FROM forgotten", [], |row| row.get(0)).unwrap();
    assert!(rows <= 10_300, "{rows}");
}

#[test]
fn a_word_left_odd_by_a_killed_process_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    let key = key(&f, 1);
    store.remove(&key).unwrap();
    let make_odd = || {
        // Whoever was killed had made the word odd and committed nothing.
        let path = root(dir.path()).join("generations");
        let mut words = std::fs::read(&path).unwrap();
        let present = store.generation(&f).0.to_le_bytes();
        // The first eight words are the file's own.
        let at = (words.chunks(8).skip(8).position(|word| word == present).unwrap() + 8) * 8;
        words[at] += 1;
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        std::io::Write::write_all(&mut &file, &words).unwrap();
    };
    let taken = store.generation(&f);
    make_odd();
    assert!(!store.generation(&f).is_settled());
    assert!(!store.forgotten_since(&key, taken).unwrap());
    assert!(store.generation(&f).is_settled());
    make_odd();
    put(&store, &key, b"x");
    assert!(store.generation(&f).is_settled());
    assert!(store.generation(&f) > taken);
}

#[test]
fn a_second_process_sees_puts_and_invalidations() {
    let f = function("f");
    if let Some((dir, word)) = asked() {
        let store = open(&dir);
        match word.as_str() {
            "look" => assert_eq!(bytes(&store, &key(&f, 1)).unwrap(), b"from the parent"),
            "forget" => assert!(store.remove(&key(&f, 1)).unwrap()),
            "put" => put(&store, &key(&f, 2), &payload(50_000, 2)),
            _ => {
                store.clear("test", Scope::path_of(&f)).unwrap();
            }
        }
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let ask = |word| run(child("a_second_process_sees_puts_and_invalidations", dir.path(), word));
    let store = open(dir.path());
    put(&store, &key(&f, 1), b"from the parent");
    let taken = store.generation(&f);
    ask("look");
    assert_eq!(store.generation(&f), taken);
    ask("forget");
    assert!(store.generation(&f) > taken);
    assert!(store.forgotten_since(&key(&f, 1), taken).unwrap());
    assert!(bytes(&store, &key(&f, 1)).is_none());
    ask("put");
    assert_eq!(bytes(&store, &key(&f, 2)).unwrap(), payload(50_000, 2));
    ask("clear");
    assert!(bytes(&store, &key(&f, 2)).is_none());
}
