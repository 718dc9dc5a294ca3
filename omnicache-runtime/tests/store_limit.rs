//! The byte limit: kept on every write, by evicting what is expired and then what was used longest ago.

#![cfg(feature = "disk")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use omnicache_runtime::store::{Departure, Lookup, Place, Stored, Trace};
use store_common::*;

const MB: usize = 1_000_000;

#[test]
fn exactly_the_least_recently_used_are_evicted() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    for number in 0..10 {
        let payload = payload(MB, number);
        let key = key(&f, number.into());
        let place = if number % 2 == 0 { Place::Record } else { Place::ArrayFile("npy") };
        Put { at: NOW + u64::from(number), place, ..Put::new(&key, &payload) }.into(&store).unwrap();
    }
    // The first three are used again, so that the five oldest are 3 to 7.
    for number in 0..3 {
        store.get(&key(&f, number), NOW + 100 + number).unwrap();
    }
    store.set_limit(6_400_000);
    let last = key(&f, 10);
    let stored = Put { at: NOW + 200, ..Put::new(&last, &payload(MB, 10)) }.into(&store).unwrap();
    assert!(matches!(stored, Stored::Kept { evicted: 5, .. }), "{stored:?}");
    for number in 0..=10 {
        let trace = store.trace(&key(&f, number), NOW + 200).unwrap();
        let expected =
            if (3..=7).contains(&number) { Trace::Departed(Departure::Evicted) } else { Trace::Present };
        assert_eq!(trace, expected, "{number}");
    }
    assert_eq!(payload_files(dir.path()).len(), 6);
    assert!(store.stats(&f).unwrap().1 <= 6_400_000);
}

#[test]
fn what_is_expired_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    put(&store, &key(&f, 1), &payload(MB, 1));
    Put { at: NOW + 5, ttl: Some(10), ..Put::new(&key(&f, 2), &payload(MB, 2)) }.into(&store).unwrap();
    store.set_limit(2_100_000);
    let stored = Put { at: NOW + 15, ..Put::new(&key(&f, 3), &payload(MB, 3)) }.into(&store).unwrap();
    assert!(matches!(stored, Stored::Kept { evicted: 0, .. }), "{stored:?}");
    assert!(bytes(&store, &key(&f, 1)).is_some());
    assert_eq!(store.trace(&key(&f, 2), NOW).unwrap(), Trace::Departed(Departure::Expired));
}

#[test]
fn what_is_expired_goes_without_anyone_asking() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (f, minute) = (function("f"), 60_000_000_000);
    for number in 0..20 {
        let payload = payload(if number % 2 == 0 { 10 } else { 100_000 }, 0);
        Put { ttl: Some(1000), ..Put::new(&key(&f, number), &payload) }.into(&store).unwrap();
    }
    assert_eq!(store.stats(&f).unwrap().0, 20);
    // Neither full nor asked for: the first put after a minute sweeps.
    Put { at: NOW + minute, ..Put::new(&key(&f, 100), b"v") }.into(&store).unwrap();
    assert_eq!(store.stats(&f).unwrap().0, 1);
    assert!(payload_files(dir.path()).is_empty());
    // And so does one of many puts within that minute.
    Put { at: NOW + minute, ttl: Some(1000), ..Put::new(&key(&f, 101), b"v") }.into(&store).unwrap();
    for number in 0..256 {
        Put { at: NOW + minute + 1000, ..Put::new(&key(&f, 200 + number), b"v") }.into(&store).unwrap();
    }
    assert_eq!(store.trace(&key(&f, 101), NOW).unwrap(), Trace::Departed(Departure::Expired));
}

#[test]
fn what_is_larger_than_the_limit_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    put(&store, &key(&f, 1), b"kept");
    store.set_limit(50_000);
    for place in [Place::Record, Place::ArrayFile("npy")] {
        for size in [49_990, 50_001, 2 * MB] {
            let key = key(&f, 1);
            let stored = Put { place, ..Put::new(&key, &payload(size, 0)) }.into(&store).unwrap();
            assert_eq!(stored, Stored::TooLarge, "{size}");
        }
    }
    assert_eq!(bytes(&store, &key(&f, 1)).unwrap(), b"kept");
    assert!(payload_files(dir.path()).is_empty());
}

#[test]
fn the_limit_holds_over_many_small_entries() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.set_limit(100_000);
    let f = function("f");
    for number in 0..2000 {
        let size = usize::try_from(number % 700).unwrap();
        Put { at: NOW + number, ..Put::new(&key(&f, number), &payload(size, 0)) }.into(&store).unwrap();
        assert!(bytes(&store, &key(&f, number)).is_some(), "the one just put is never evicted");
    }
    let (entries, held) = store.stats(&f).unwrap();
    assert!(entries > 50 && held <= 100_000, "{entries} {held}");
    let counted = index(dir.path())
        .query_row("SELECT bytes, entries FROM totals", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(counted, (i64::try_from(held).unwrap(), i64::try_from(entries).unwrap()));
}

#[test]
fn access_times_outlive_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let f = function("f");
    let store = open(dir.path());
    put(&store, &key(&f, 1), b"x");
    store.get(&key(&f, 1), NOW + 77).unwrap();
    drop(store);
    let at: i64 = index(dir.path()).query_row("SELECT accessed FROM entry", [], |row| row.get(0)).unwrap();
    assert_eq!(u64::try_from(at).unwrap(), NOW + 77);
}

/// What a least recently used store should do, said without an index.
#[derive(Default)]
struct Model {
    /// By key: number, when it was read or stored last, and what it is charged.
    entries: std::collections::BTreeMap<u64, (u64, u64, u64)>,
    numbers: u64,
}

impl Model {
    fn put(&mut self, key: u64, now: u64, charged: u64, limit: u64) {
        self.numbers += u64::from(!self.entries.contains_key(&key));
        let (number, used) =
            self.entries.get(&key).map_or((self.numbers, 0), |(number, used, _)| (*number, *used));
        self.entries.insert(key, (number, now.max(used), charged));
        let held = |model: &Self| model.entries.values().map(|(.., charged)| charged).sum::<u64>();
        if held(self) <= limit {
            return;
        }
        while held(self) > limit - limit / 20 {
            let others = self.entries.iter().filter(|(other, _)| **other != key);
            let oldest = others.min_by_key(|(_, (number, at, _))| (*at, *number)).map(|(other, _)| *other);
            self.entries.remove(&oldest.expect("one entry alone is below the limit"));
        }
    }
}

#[test]
fn the_least_recently_used_go_first_whether_they_were_read_replaced_or_stored_out_of_order() {
    for seed in 1..6_u64 {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let limit = 20_000;
        store.set_limit(limit);
        let f = function("f");
        let (mut model, mut state, mut now) = (Model::default(), seed, NOW);
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..1500 {
            now += 10;
            let number = draw(60);
            match draw(4) {
                0 | 1 => {
                    // Now and then from a process whose clock is behind.
                    let at = if draw(5) == 0 { now - draw(200) } else { now };
                    let size = usize::try_from(200 + draw(600)).unwrap();
                    Put { at, ..Put::new(&key(&f, number), &payload(size, 0)) }.into(&store).unwrap();
                    let hash = key(&f, number).hash;
                    let charged =
                        store.entries(0, 1000).unwrap().into_iter().find(|e| e.hash == hash).unwrap().charged;
                    model.put(number, at, charged, limit);
                }
                _ => {
                    let found = matches!(store.get(&key(&f, number), now).unwrap(), Lookup::Found(_));
                    assert_eq!(found, model.entries.contains_key(&number), "seed {seed}, key {number}");
                    if let Some((_, at, _)) = model.entries.get_mut(&number) {
                        *at = now.max(*at);
                    }
                }
            }
        }
        let (entries, held) = store.stats(&f).unwrap();
        assert_eq!(entries, model.entries.len() as u64);
        assert_eq!(store.totals().unwrap(), (entries, held), "seed {seed}");
        assert!(store.verify(false).unwrap().is_clean());
    }
}
