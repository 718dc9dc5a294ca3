//! Readers that keep a snapshot from one lookup to the next: they see each change, and hold up nobody.

#![cfg(feature = "disk")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use omnicache_runtime::store::Lookup;
use store_common::*;

#[test]
fn a_reader_sees_what_was_stored_or_removed_however_often_it_has_read_before() {
    let dir = tempfile::tempdir().unwrap();
    let (store, f) = (open(dir.path()), function("f"));
    put(&store, &key(&f, 0), b"0");
    // Another store with connections of its own, as another process has it.
    let other = open_read_only(dir.path());
    let key = key(&f, 1);
    for round in 0..400_u64 {
        for _ in 0..round % 80 {
            let before = round.checked_sub(1).filter(|before| before % 3 != 2);
            assert_eq!(bytes(&other, &key), before.map(|before| before.to_le_bytes().to_vec()));
        }
        if round % 3 == 2 {
            assert!(store.remove(&key).unwrap());
            assert!(bytes(&other, &key).is_none(), "round {round}");
        } else {
            put(&store, &key, &round.to_le_bytes());
            assert_eq!(bytes(&other, &key).unwrap(), round.to_le_bytes());
        }
    }
}

#[test]
fn the_first_entry_of_a_function_is_seen_however_often_it_was_looked_for_in_vain() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, &key(&function("another"), 0), b"0");
    let other = open_read_only(dir.path());
    for round in 0..60 {
        let f = function(&format!("f{round}"));
        let key = key(&f, 1);
        for _ in 0..round {
            assert!(bytes(&other, &key).is_none() && bytes(&store, &key).is_none());
        }
        put(&store, &key, b"1");
        assert_eq!(bytes(&other, &key).unwrap(), b"1", "round {round}");
        assert_eq!(bytes(&store, &key).unwrap(), b"1", "round {round}");
    }
}

#[test]
fn readers_that_never_rest_do_not_keep_the_log_from_being_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (store, f) = (open(dir.path()), function("f"));
    put(&store, &key(&f, 0), b"0");
    let (other, stop) = (open_read_only(dir.path()), AtomicBool::new(false));
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                assert!(bytes(&other, &key(&f, 0)).is_some());
                reads += 1;
            }
            reads
        });
        for number in 1..6000 {
            put(&store, &key(&f, number), &payload(12_000, 0));
        }
        stop.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 1000);
    });
    // 72 MB have gone through it.
    assert!(store.log_size() <= 40 << 20, "{}", store.log_size());
}

#[test]
fn a_reader_that_rests_gives_its_snapshot_back() {
    let dir = tempfile::tempdir().unwrap();
    let (store, f) = (open(dir.path()), function("f"));
    put(&store, &key(&f, 0), b"0");
    for _ in 0..100 {
        assert!(matches!(store.get(&key(&f, 0), NOW).unwrap(), Lookup::Found(_)));
    }
    // A checkpoint that has to wait for all readers gets its turn, whoever has read just now.
    let start = Instant::now();
    while index(dir.path())
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
        .unwrap()
    {
        assert!(start.elapsed() < Duration::from_secs(20), "a snapshot is kept for ever");
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(store.log_size(), 0);
}

#[test]
fn a_writer_that_was_killed_while_committing_leaves_readers_that_see_all() {
    let dir = tempfile::tempdir().unwrap();
    let (store, f) = (open(dir.path()), function("f"));
    let key = key(&f, 1);
    put(&store, &key, b"first");
    // It had made the word odd, and committed.
    let path = root(dir.path()).join("generations");
    let mut words = std::fs::read(&path).unwrap();
    assert!(words[32] > 0 && words[32].is_multiple_of(2), "the word of commits is the fifth");
    words[32] += 1;
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    std::io::Write::write_all(&mut &file, &words).unwrap();
    (0..100).for_each(|_| assert_eq!(bytes(&store, &key).unwrap(), b"first"));
    // What it wrote is seen, whoever has read before: here by other means than a store.
    index(dir.path()).execute("DELETE FROM entry", []).unwrap();
    assert!(bytes(&store, &key).is_none());
    put(&store, &key, b"second");
    (0..100).for_each(|_| assert_eq!(bytes(&store, &key).unwrap(), b"second"));
    put(&store, &key, b"third");
    assert_eq!(bytes(&store, &key).unwrap(), b"third");
}

#[test]
fn a_reader_that_is_stopped_keeps_nobody_from_writing() {
    let f = function("f");
    if let Some((dir, _)) = asked() {
        let store = open(&dir);
        for read in 0_u64.. {
            assert!(bytes(&store, &key(&f, 0)).is_some());
            if read == 100 {
                std::fs::write(dir.join("ready"), b"").unwrap();
            }
            thread::sleep(Duration::from_micros(300));
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, &key(&f, 0), b"0");
    let test = "a_reader_that_is_stopped_keeps_nobody_from_writing";
    let mut reader = child(test, dir.path(), "read").spawn().unwrap();
    while !dir.path().join("ready").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    let signal = |name: &str| {
        let id = reader.id().to_string();
        assert!(std::process::Command::new("kill").args([name, id.as_str()]).status().unwrap().success());
    };
    signal("-STOP");
    // Enough for the log to be begun anew several times, which the reader does not allow.
    (1..4000).for_each(|number| put(&store, &key(&f, number), &payload(12_000, 0)));
    signal("-KILL");
    reader.wait().unwrap();
    assert!(store.verify(false).unwrap().is_clean());
}
