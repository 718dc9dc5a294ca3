//! A thorough cleaning removes what nobody will ask for, keeps the rest, and shrinks the file, others looking on.

#![cfg(feature = "disk")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use std::fs;
use std::time::{Duration, SystemTime};

use omnicache_runtime::store::{Departure, Lookup};
use store_common::*;

#[test]
fn expired_entries_and_old_versions_go_and_the_newest_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let versions = [versioned("f", 1, 1), versioned("f", 2, 1), versioned("f", 2, 2), versioned("g", 1, 1)];
    for version in &versions {
        put(&store, &key(version, 1), &payload(20_000, 1));
    }
    Put { ttl: Some(5), ..Put::new(&key(&versions[3], 2), b"x") }.into(&store).unwrap();
    let left = || versions.iter().map(|f| found(&store, &key(f, 1)).is_some()).collect::<Vec<_>>();
    let report = store.collect(NOW + 4, 3).unwrap();
    assert_eq!((report.expired, report.superseded), (0, 0));
    let report = store.collect(NOW + 5, 2).unwrap();
    assert_eq!((report.expired, report.superseded), (1, 1));
    assert_eq!(left(), [false, true, true, true]);
    let gone = store.get(&key(&versions[0], 1), NOW).unwrap();
    assert!(matches!(gone, Lookup::Absent(Some(Departure::Evicted))), "{gone:?}");
    assert_eq!(store.collect(NOW, 0).unwrap().superseded, 1);
    assert_eq!(left(), [false, false, true, true]);
    assert!(store.verify(false).unwrap().is_clean());
}

#[test]
fn old_files_without_an_entry_go_and_young_ones_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let folder = root(dir.path()).join("arrays/cd");
    fs::create_dir_all(&folder).unwrap();
    let names = [1, 2].map(|number| folder.join(format!("{}-000000000000000{number}.npy", "cd".repeat(16))));
    names.iter().for_each(|name| fs::write(name, "x").unwrap());
    let long_ago = SystemTime::now() - Duration::from_hours(2);
    fs::File::options().write(true).open(&names[0]).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(store.collect(NOW, 1).unwrap().orphans, 1);
    assert!(!names[0].exists() && names[1].exists());
}

#[test]
fn the_file_shrinks_while_others_have_it_open_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    for number in 0..2000 {
        let ttl = (number % 10 != 0).then_some(5);
        Put { ttl, ..Put::new(&key(&f, number), &payload(3000, 1)) }.into(&store).unwrap();
    }
    let other = index(dir.path());
    other.execute_batch("BEGIN; SELECT count(*) FROM entry").unwrap();
    other.execute_batch("COMMIT").unwrap();
    let report = store.collect(NOW + 5, 1).unwrap();
    assert_eq!(report.expired, 1800);
    assert!(report.vacuumed && report.index_after < report.index_before / 2, "{report:?}");
    assert_eq!(other.query_row("SELECT count(*) FROM entry", [], |row| row.get::<_, i64>(0)).unwrap(), 200);
    for number in 0..2000 {
        assert_eq!(found(&store, &key(&f, number)).is_some(), number % 10 == 0);
    }
    put(&store, &key(&f, 5), b"again");
    assert_eq!(store.entries(0, 1000).unwrap().last().unwrap().id, 2001);
    assert!(store.verify(false).unwrap().is_clean());
    assert!(!store.collect(NOW, 1).unwrap().vacuumed, "nothing to gain a second time");
}

#[test]
fn a_read_only_store_is_not_cleaned() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    assert!(open_read_only(dir.path()).collect(NOW, 1).unwrap_err().to_string().contains("read-only"));
}
