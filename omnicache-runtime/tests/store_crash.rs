//! Processes that are killed or replace the index: the others go on, and nobody reads a wrong value.

#![cfg(all(feature = "disk", unix))]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use omnicache_runtime::Codec;
use omnicache_runtime::store::{NewRecord, Place, RecordInfo, Scope, Stored};
use store_common::*;

/// What key `number` holds, whoever wrote it.
fn value(number: u64) -> Vec<u8> {
    payload(usize::try_from(number * 3_571 % 60_000).unwrap(), u8::try_from(number).unwrap())
}

#[test]
fn a_killed_process_leaves_a_store_without_wrong_values() {
    let f = function("f");
    if let Some((dir, word)) = asked() {
        let store = open(&dir);
        store.set_limit(600_000);
        let mut step: u64 = word.parse().unwrap();
        loop {
            step += 1;
            let key = key(&f, step * 17 % 50);
            let value = value(step * 17 % 50);
            let place = if step.is_multiple_of(2) { Place::Record } else { Place::ArrayFile("npy") };
            let refresh = step.is_multiple_of(3);
            Put { place, refresh, at: NOW + step, ..Put::new(&key, &value) }.into(&store).unwrap();
            if step.is_multiple_of(7) {
                store.remove(&key).unwrap();
            }
            writeln!(std::io::stdout(), "step {step}").unwrap();
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for round in 0..12 {
        let mut child = child(
            "a_killed_process_leaves_a_store_without_wrong_values",
            dir.path(),
            &(round * 1000).to_string(),
        )
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.map_while(Result::ok).filter(|line| line.starts_with("step")).nth(20 + round * 3).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        for number in 0..50 {
            if let Some(found) = bytes(&store, &key(&f, number)) {
                assert!(found == value(number), "{number}");
            }
        }
        assert!(matches!(Put::new(&key(&f, 99), b"x").into(&store).unwrap(), Stored::Kept { .. }));
        assert!(store.generation(&f).is_settled());
        let (entries, held) = store.stats(&f).unwrap();
        let counted = index(dir.path())
            .query_row("SELECT entries, bytes FROM totals", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(counted, (i64::try_from(entries).unwrap(), i64::try_from(held).unwrap()));
    }
    // What the killed ones left without a row is garbage once it is old.
    store.clear("test", Scope::path_of(&f)).unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(2);
    for file in payload_files(dir.path()) {
        fs::File::options().write(true).open(file).unwrap().set_modified(long_ago).unwrap();
    }
    store.collect_garbage().unwrap();
    assert!(payload_files(dir.path()).is_empty(), "{:?}", payload_files(dir.path()));
}

#[test]
fn what_a_killed_process_left_is_gone_once_the_store_is_opened_alone() {
    let name = "what_a_killed_process_left_is_gone_once_the_store_is_opened_alone";
    let f = function("f");
    if let Some((dir, word)) = asked() {
        let store = open(&dir);
        if word == "look" {
            return;
        }
        let place = if word == "array" { Place::ArrayFile("npy") } else { Place::Record };
        let key = key(&f, 1);
        let mut write = |out: &mut dyn Write| {
            out.write_all(&payload(200_000, 1)).unwrap();
            std::process::abort();
        };
        let info = RecordInfo {
            codec: Codec::Raw,
            shell: Vec::new(),
            cost: 1,
            stored_at: NOW,
            ttl: None,
            packed: false,
        };
        let since = store.generation(&f);
        store
            .put(NewRecord { key: &key, info, place, size: 0, since, refresh: false, write: &mut write })
            .unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put_array(&store, &key(&f, 2), &payload(100, 2));
    for word in ["array", "record"] {
        assert!(!child(name, dir.path(), word).output().unwrap().status.success());
    }
    assert_eq!(payload_files(dir.path()).len(), 3);
    // This process still has the store: what lies about might be on its way to a row.
    run(child(name, dir.path(), "look"));
    assert_eq!(payload_files(dir.path()).len(), 3);
    drop(store);
    let store = open(dir.path());
    assert_eq!(payload_files(dir.path()).len(), 1);
    assert_eq!(bytes(&store, &key(&f, 2)).unwrap(), payload(100, 2));
}

#[test]
fn an_index_that_another_process_replaced_is_reopened() {
    let f = function("f");
    if let Some((dir, _)) = asked() {
        let path = root(&dir).join("index.sqlite");
        fs::remove_file(root(&dir).join("index.sqlite-wal")).unwrap();
        fs::write(root(&dir).join("garbage"), [7; 9000]).unwrap();
        fs::rename(root(&dir).join("garbage"), path).unwrap();
        put(&open(&dir), &key(&f, 2), b"from the child");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, &key(&f, 1), b"from the parent");
    store.remove(&key(&f, 7)).unwrap();
    let taken = store.generation(&f);
    run(child("an_index_that_another_process_replaced_is_reopened", dir.path(), ""));
    assert_eq!(bytes(&store, &key(&f, 2)).unwrap(), b"from the child");
    assert!(bytes(&store, &key(&f, 1)).is_none());
    put(&store, &key(&f, 1), b"again");
    assert_eq!(bytes(&open(dir.path()), &key(&f, 1)).unwrap(), b"again");
    // The new log cannot tell what the old one knew of an older generation.
    let older = omnicache_runtime::store::Generation(taken.0 - 2);
    assert!(store.forgotten_since(&key(&f, 7), older).unwrap());
    assert!(!store.forgotten_since(&key(&f, 7), taken).unwrap());
}
