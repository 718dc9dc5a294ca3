//! Damage of every kind is a miss: never an error, never a wrong value.

#![cfg(all(feature = "disk", unix))]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use omnicache_runtime::store::{DiskStore, Lookup, StoreKey};
use store_common::*;

/// What is done to a file, and its name.
type Damage<'a> = (&'a str, &'a dyn Fn(&Path));

/// Damages what is stored, and expects a miss that heals.
fn expect_miss(store: &DiskStore, key: &StoreKey, what: &str) {
    let lookup = store.get(key, NOW).unwrap_or_else(|fault| panic!("{what}: {fault}"));
    assert!(!matches!(lookup, Lookup::Found(_)), "{what}");
    assert!(!store.contains(key, NOW).unwrap(), "{what}");
}

#[test]
fn each_damaged_byte_of_a_row_is_a_miss() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let key = key(&function("f"), 1);
    let other = index(dir.path());
    for column in ["head", "payload"] {
        put(&store, &key, b"some payload");
        let length = other
            .query_row(&format!("SELECT length({column}) FROM entry"), [], |row| row.get::<_, u32>(0))
            .unwrap();
        for at in 0..length as usize {
            put(&store, &key, b"some payload");
            let mut bytes: Vec<u8> =
                other.query_row(&format!("SELECT {column} FROM entry"), [], |row| row.get(0)).unwrap();
            bytes[at] ^= 0x10;
            other.execute(&format!("UPDATE entry SET {column} = ?1"), [bytes]).unwrap();
            expect_miss(&store, &key, &format!("byte {at} of {column}"));
        }
    }
    put(&store, &key, b"some payload");
    assert!(found(&store, &key).is_some());
}

#[test]
fn damaged_columns_are_a_miss() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let key = key(&function("f"), 1);
    let other = index(dir.path());
    for damage in [
        "function = function + 1",
        "slot = slot + 1",
        "head = x''",
        "head = 'text'",
        "head = 5",
        "head = substr(head, 1, 40)",
        "head = head || x'00'",
        "head = CAST(head || x'00' AS BLOB)",
        "payload = NULL",
        "payload = 'text'",
        "payload = payload || x'00'",
        "file = 'arrays/../../x'",
        "file = x'ff'",
        "file = 7",
    ] {
        put(&store, &key, b"some payload");
        other.execute(&format!("UPDATE entry SET {damage}"), []).unwrap();
        expect_miss(&store, &key, damage);
        other.execute("DELETE FROM entry", []).unwrap();
    }
    for column in ["bytes", "accessed", "boot"] {
        put(&store, &key, b"some payload");
        other.execute(&format!("UPDATE entry SET {column} = 'text'"), []).unwrap();
        assert!(found(&store, &key).is_some(), "{column}");
        other.execute("DELETE FROM entry", []).unwrap();
    }
}

#[test]
fn damaged_files_are_a_miss() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let key = key(&function("f"), 1);
    let original = payload(40_000, 1);
    let flip = |path: &Path, at: usize| {
        let mut bytes = original.clone();
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let damages: [Damage<'_>; 6] = [
        ("gone", &|path| fs::remove_file(path).unwrap()),
        ("cut", &|path| fs::write(path, &original[..39_999]).unwrap()),
        ("emptied", &|path| fs::write(path, "").unwrap()),
        ("grown", &|path| fs::write(path, [&original[..], b"x"].concat()).unwrap()),
        ("a link", &|path| {
            fs::remove_file(path).unwrap();
            symlink("/etc/passwd", path).unwrap();
        }),
        ("a folder", &|path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (what, damage) in damages {
        for store_it in [put, put_array] {
            store_it(&store, &key, &original);
            let path = store.file(&key).unwrap().unwrap();
            damage(&path);
            expect_miss(&store, &key, what);
            let _ = fs::remove_dir(&path);
        }
    }
    // A flipped bit is found after a reboot, of which the row's boot is the sign; within one boot it is not
    // looked for.
    for store_it in [put, put_array] {
        for at in [0, 20_000, 39_999] {
            store_it(&store, &key, &original);
            index(dir.path()).execute("UPDATE entry SET boot = 1", []).unwrap();
            flip(&store.file(&key).unwrap().unwrap(), at);
            expect_miss(&store, &key, "flipped");
        }
    }
}

#[test]
fn after_a_reboot_a_sound_file_is_verified_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let key = key(&function("f"), 1);
    put_array(&store, &key, &payload(40_000, 1));
    let boot =
        || index(dir.path()).query_row("SELECT boot FROM entry", [], |r| r.get::<_, Option<i64>>(0)).unwrap();
    let present = boot();
    index(dir.path()).execute("UPDATE entry SET boot = 1", []).unwrap();
    assert!(found(&store, &key).is_some());
    if let Some(present) = present {
        // Not the stamp of a file that was written in this boot: its codec's word is not known to be good.
        assert_eq!(boot(), Some(!present));
    }
}

#[test]
fn a_row_of_a_newer_format_is_a_miss_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let key = key(&function("f"), 1);
    put(&store, &key, b"x");
    let other = index(dir.path());
    other.execute("UPDATE entry SET head = CAST(x'0200' || substr(head, 3) AS BLOB)", []).unwrap();
    assert!(matches!(store.get(&key, NOW).unwrap(), Lookup::Damaged(why) if why.contains("newer")));
    assert!(matches!(store.get(&key, NOW).unwrap(), Lookup::Damaged(_)));
}

#[test]
fn an_index_that_is_garbage_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(&function("f"), 1);
    for garbage in [vec![b'x'; 10], vec![0; 10_000], b"SQLite format 3\0 and then nonsense".to_vec()] {
        put(&open(dir.path()), &key, b"x");
        fs::write(root(dir.path()).join("index.sqlite"), &garbage).unwrap();
        for name in ["index.sqlite-wal", "index.sqlite-shm"] {
            let _ = fs::remove_file(root(dir.path()).join(name));
        }
        let store = open(dir.path());
        assert!(found(&store, &key).is_none());
        put(&store, &key, b"y");
        assert_eq!(bytes(&store, &key).unwrap(), b"y");
    }
}

#[test]
fn an_index_damaged_while_open_heals() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    for number in 0..2000 {
        put(&store, &key(&f, number), &payload(200, 1));
    }
    let other = index(dir.path());
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(other);
    let file = fs::OpenOptions::new().write(true).open(root(dir.path()).join("index.sqlite")).unwrap();
    let length = file.metadata().unwrap().len();
    for page in 1..length / 4096 {
        std::os::unix::fs::FileExt::write_all_at(&file, &[0xa5; 4096], page * 4096).unwrap();
    }
    drop(store);
    let store = open(dir.path());
    let mut faults = 0;
    for number in 0..2000 {
        match Put::new(&key(&f, number), &payload(200, 2)).into(&store) {
            Ok(_) => assert_eq!(bytes(&store, &key(&f, number)).unwrap(), payload(200, 2)),
            Err(_) => faults += 1,
        }
    }
    assert!(faults <= 2, "{faults} faults");
}

#[test]
fn foreign_and_newer_indexes_are_left_alone() {
    for sql in [
        "CREATE TABLE mine (x)",
        "PRAGMA user_version = 9; PRAGMA application_id = 0x4f6d6e43; CREATE TABLE t(x)",
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(root(dir.path())).unwrap();
        let path = root(dir.path()).join("index.sqlite");
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let before = fs::read(&path).unwrap();
        fs::set_permissions(root(dir.path()), fs::Permissions::from_mode(0o700)).unwrap();
        let options = omnicache_runtime::store::StoreOptions::new(dir.path());
        let fault = DiskStore::open(&options).unwrap_err();
        assert_eq!(fault.kind(), omnicache_runtime::FaultKind::Index, "{fault}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn counts_that_are_no_numbers_are_counted_anew_by_the_next_put() {
    let dir = tempfile::tempdir().unwrap();
    let (store, f) = (open(dir.path()), function("f"));
    for column in ["bytes", "entries", "last_id", "version", "latest", "settled"] {
        for value in ["x'00'", "1.5", "'text'"] {
            for number in 0..3 {
                put(&store, &key(&f, number), b"some payload");
            }
            assert!(store.remove(&key(&f, 0)).unwrap());
            index(dir.path()).execute(&format!("UPDATE store SET {column} = {value}"), []).unwrap();
            put(&store, &key(&f, 9), b"another");
            assert!(store.remove(&key(&f, 1)).unwrap(), "{column} = {value}");
            assert_eq!(store.totals().unwrap(), store.stats(&f).unwrap(), "{column} = {value}");
            assert!(store.verify(false).unwrap().is_clean(), "{column} = {value}");
        }
    }
    // The youngest entry has a say in them too.
    for damage in ["total = 'text'", "stored = 9e300", "stored = x'00'"] {
        put(&store, &key(&f, 20), b"the youngest");
        index(dir.path())
            .execute(&format!("UPDATE entry SET {damage} WHERE id = (SELECT max(id) FROM entry)"), [])
            .unwrap();
        put(&store, &key(&f, 21), b"another");
        assert!(store.remove(&key(&f, 20)).unwrap() && store.remove(&key(&f, 21)).unwrap(), "{damage}");
        assert_eq!(store.totals().unwrap(), store.stats(&f).unwrap(), "{damage}");
    }
}
