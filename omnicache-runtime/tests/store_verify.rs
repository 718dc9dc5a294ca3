//! Verifying finds each kind of damage, and repairing leaves all that was sound.

#![cfg(all(feature = "disk", unix))]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use std::cell::RefCell;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use omnicache_runtime::Codec;
use omnicache_runtime::store::{
    Departure, DiskStore, Lookup, NewRecord, Place, ProblemKind, RecordInfo, Scope, StoreKey, StoreOptions,
    Stored, Trace, Verification, Verify,
};
use store_common::*;

/// A store of an inline entry, a blob and an array file, and an entry that must stay.
struct Example {
    dir: tempfile::TempDir,
    store: Arc<DiskStore>,
    inline: StoreKey,
    blob: StoreKey,
    array: StoreKey,
}

fn example() -> Example {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    let (inline, blob, array) = (key(&f, 1), key(&f, 2), key(&f, 3));
    put(&store, &inline, b"inline");
    put(&store, &blob, &payload(50_000, 1));
    put_array(&store, &array, &payload(30_000, 2));
    for other in 100..110 {
        put(&store, &key(&f, other), &payload(100, 3));
    }
    Example { dir, store, inline, blob, array }
}

fn kinds(verification: &Verification) -> Vec<ProblemKind> {
    verification.problems.iter().map(|problem| problem.kind).collect()
}

impl Example {
    fn sql(&self, sql: &str) {
        index(self.dir.path()).execute_batch(sql).unwrap();
    }

    fn row(key: &StoreKey) -> i64 {
        i64::from_be_bytes(key.arguments)
    }

    /// Finds the damage once without mending it, mends it, and finds nothing more; all others are intact.
    fn expect(&self, kind: ProblemKind, lost: Option<&StoreKey>, what: &str) {
        let found = self.store.verify(false).unwrap();
        assert_eq!(kinds(&found), [kind], "{what}: {found:?}");
        assert!(!found.is_mended(), "{what}");
        let mended = self.store.verify(true).unwrap();
        assert_eq!(kinds(&mended), [kind], "{what}: {mended:?}");
        assert!(mended.is_mended(), "{what}: {mended:?}");
        let after = self.store.verify(false).unwrap();
        assert!(after.is_clean(), "{what}: {after:?}");
        for key in [&self.inline, &self.blob, &self.array] {
            let expected = lost.is_none_or(|lost| lost.hash != key.hash);
            assert_eq!(found_it(&self.store, key), expected, "{what}");
        }
        for other in 100..110 {
            assert_eq!(bytes(&self.store, &key(&function("f"), other)).unwrap(), payload(100, 3), "{what}");
        }
        if let Some(lost) = lost {
            let trace = self.store.trace(lost, NOW).unwrap();
            assert!(
                matches!(trace, Trace::Departed(Departure::Corrupt) | Trace::NeverSeen),
                "{what}: {trace:?}"
            );
        }
    }
}

fn found_it(store: &DiskStore, key: &StoreKey) -> bool {
    matches!(store.get(key, NOW).unwrap(), Lookup::Found(_))
}

#[test]
fn a_fresh_store_and_one_in_use_are_clean() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert!(store.verify(false).unwrap().is_clean());
    let f = function("f");
    for step in 0..300_u64 {
        let key = key(&f, step % 40);
        let size = usize::try_from(step * 997 % 40_000).unwrap();
        if step % 3 == 0 {
            put_array(&store, &key, &payload(size, 1));
        } else {
            put(&store, &key, &payload(size, 2));
        }
        if step % 7 == 0 {
            store.remove(&key).unwrap();
        }
    }
    store.set_limit(200_000);
    put(&store, &key(&f, 99), b"x");
    let mut heard = Vec::new();
    let mut progress = |done, total| heard.push((done, total));
    let found = store.verify_with(Verify { repair: false, progress: Some(&mut progress) }).unwrap();
    assert!(found.is_clean(), "{found:?}");
    assert_eq!(found.entries, store.stats(&f).unwrap().0);
    assert_eq!(heard.first(), Some(&(0, found.entries)));
    assert_eq!(heard.last(), Some(&(found.entries, found.entries)));
    assert!(store.verify(true).unwrap().is_clean());
}

#[test]
fn bytes_are_those_of_the_payloads() {
    let found = example().store.verify(false).unwrap();
    assert_eq!((found.entries, found.bytes), (13, 6 + 50_000 + 30_000 + 1000));
}

#[test]
fn each_kind_of_damage_to_a_file_is_found_and_mended() {
    let damages: [(&str, fn(&Path)); 5] = [
        ("gone", |path| fs::remove_file(path).unwrap()),
        ("cut", |path| fs::write(path, &fs::read(path).unwrap()[1..]).unwrap()),
        ("emptied", |path| fs::write(path, "").unwrap()),
        ("grown", |path| fs::write(path, [&fs::read(path).unwrap()[..], b"x"].concat()).unwrap()),
        ("flipped", |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[1000] ^= 1;
            fs::write(path, bytes).unwrap();
        }),
    ];
    for (what, damage) in damages {
        for pick in [|e: &Example| e.blob.clone(), |e: &Example| e.array.clone()] {
            let example = example();
            let lost = pick(&example);
            damage(&example.store.file(&lost).unwrap().unwrap());
            example.expect(ProblemKind::Payload, Some(&lost), what);
        }
    }
}

#[test]
fn each_kind_of_damage_to_a_row_is_found_and_mended() {
    for (kind, damage) in [
        (ProblemKind::Entry, "head = substr(head, 1, 50)"),
        (ProblemKind::Entry, "head = 'text'"),
        (ProblemKind::Entry, "head = CAST(substr(head, 1, 30) || x'ff' || substr(head, 32) AS BLOB)"),
        (ProblemKind::Entry, "head = x''"),
        (ProblemKind::Entry, "function = function + 100"),
        (ProblemKind::Entry, "function = 'text'"),
        (ProblemKind::Entry, "slot = slot + 1"),
        (ProblemKind::Entry, "file = x'ff'"),
        (ProblemKind::Entry, "file = 'arrays/../../x'"),
        (ProblemKind::Payload, "payload = NULL"),
        (ProblemKind::Payload, "payload = 7"),
        (ProblemKind::Payload, "payload = x'00'"),
        (ProblemKind::Payload, "payload = CAST(x'00' || substr(payload, 2) AS BLOB)"),
    ] {
        let example = example();
        example.sql(&format!("UPDATE entry SET {damage} WHERE slot = {}", Example::row(&example.inline)));
        example.expect(kind, Some(&example.inline), damage);
    }
}

#[test]
fn a_definition_that_damage_has_changed_is_found_and_the_index_begun_anew() {
    for (from, to) in [("entries", "entrjes"), ("total", "totam"), ("slot", "slou")] {
        let example = example();
        example.sql(&format!(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}') WHERE name IN ('totals', 'entry_key');"
        ));
        assert!(kinds(&example.store.verify(false).unwrap()).contains(&ProblemKind::Index), "{from}");
        let mended = example.store.verify(true).unwrap();
        assert!(mended.is_mended(), "{from}: {mended:?}");
        assert!(example.store.verify(false).unwrap().is_clean(), "{from}");
        put(&example.store, &example.inline, b"again");
        assert_eq!(bytes(&example.store, &example.inline).unwrap(), b"again");
    }
}

#[test]
fn wrong_counts_are_set_right_and_lose_no_entry() {
    for damage in [
        "UPDATE store SET bytes = bytes + 1",
        "UPDATE store SET bytes = 'text'",
        "UPDATE store SET entries = 0",
        "UPDATE store SET last_id = 3",
        "UPDATE store SET latest = x'00'",
        "UPDATE store SET version = 1.5",
        "UPDATE store SET settled = 'text'",
        "UPDATE store SET settled = 1000000",
        "UPDATE entry SET total = 'text' WHERE id = (SELECT max(id) FROM entry)",
    ] {
        let example = example();
        if damage.starts_with("UPDATE store") {
            // Else the youngest entry has the last word.
            example.sql(
                "UPDATE store SET (bytes, entries, last_id) = (SELECT bytes, entries, last_id FROM totals)",
            );
        }
        example.sql(damage);
        example.expect(ProblemKind::Count, None, damage);
    }
    for damage in [
        "bytes = 'text'",
        "bytes = 9223372036854775807",
        "bytes = -5",
        "expires = 7",
        "stored = 7",
        "stored = 1.5",
        "stored = x'00'",
        "accessed = 1.5",
        "accessed = 'text'",
    ] {
        let example = example();
        example.sql(&format!("UPDATE entry SET {damage} WHERE slot = {}", Example::row(&example.inline)));
        let mended = example.store.verify(true).unwrap();
        assert!(!mended.is_clean() && mended.is_mended(), "{damage}: {mended:?}");
        assert!(example.store.verify(false).unwrap().is_clean(), "{damage}");
        assert!(found_it(&example.store, &example.inline), "{damage}");
    }
}

#[test]
fn a_file_without_a_row_is_found_however_young_and_foreign_files_are_not_touched() {
    let example = example();
    let root = root(example.dir.path());
    let orphans = [
        format!("arrays/cd/{}-0000000000000001.npy", "cd".repeat(16)),
        format!("blobs/content-v2/xxh3/cd/cd/{}", "cd".repeat(14)),
        "arrays/tmp/0123456789abcdef.part".into(),
        "blobs/tmp/.tmpAb12Cd".into(),
    ];
    let foreign = [
        "mine.txt",
        "arrays/cd/mine.npy",
        "arrays/tmp/mine",
        "blobs/content-v2/xxh3/cd/cd/mine",
        "blobs/tmp/mine",
    ];
    fs::create_dir_all(root.join("arrays/cd")).unwrap();
    fs::create_dir_all(root.join("blobs/content-v2/xxh3/cd/cd")).unwrap();
    for name in foreign {
        fs::write(root.join(name), "x").unwrap();
    }
    assert!(example.store.verify(true).unwrap().is_clean());
    for name in &orphans {
        fs::write(root.join(name), "x").unwrap();
        example.expect(ProblemKind::Orphan, None, name);
        assert!(!root.join(name).exists(), "{name}");
    }
    for name in foreign {
        assert!(root.join(name).exists(), "{name}");
    }
}

#[test]
fn what_is_being_written_is_no_orphan() {
    for (place, folder) in [(Place::Record, "blobs/tmp"), (Place::ArrayFile("npy"), "arrays/tmp")] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let key = key(&function("f"), 1);
        let half = payload(100_000, 1);
        let checking = RefCell::new(None);
        let mut write = |out: &mut dyn Write| {
            out.write_all(&half).unwrap();
            let count = fs::read_dir(root(dir.path()).join(folder)).unwrap().count();
            assert_eq!(count, 1, "half of it is on disk");
            let other = Arc::clone(&store);
            *checking.borrow_mut() = Some(std::thread::spawn(move || other.verify(true).unwrap()));
            // Long enough for a check that does not wait to find the file.
            std::thread::sleep(Duration::from_millis(300));
            out.write_all(&half).unwrap();
            Ok(())
        };
        let info = RecordInfo {
            codec: Codec::Raw,
            shell: vec![],
            cost: 0,
            stored_at: NOW,
            ttl: None,
            packed: false,
        };
        let since = store.generation(&key.identity);
        let record = NewRecord { key: &key, info, place, size: 0, since, refresh: false, write: &mut write };
        let stored = store.put(record).unwrap();
        assert!(matches!(stored, Stored::Kept { .. }), "{stored:?}");
        let found = checking.take().unwrap().join().unwrap();
        assert!(found.is_clean(), "{found:?}");
        assert_eq!(bytes(&store, &key).unwrap(), [&half[..], &half].concat());
    }
}

#[test]
fn a_record_of_a_newer_release_is_no_problem_and_stays() {
    let example = example();
    example.sql(&format!(
        "UPDATE entry SET head = CAST(x'0200' || substr(head, 3) AS BLOB) WHERE slot = {}",
        Example::row(&example.blob)
    ));
    assert!(example.store.verify(true).unwrap().is_clean());
    assert_eq!(payload_files(example.dir.path()).len(), 2);
    assert!(
        matches!(example.store.get(&example.blob, NOW).unwrap(), Lookup::Damaged(why) if why.contains("newer"))
    );
}

#[test]
fn a_torn_database_is_reported_and_repair_begins_a_fresh_one() {
    let dir = tempfile::tempdir().unwrap();
    let f = function("f");
    let store = open(dir.path());
    for number in 0..2000 {
        put(&store, &key(&f, number), &payload(200, 1));
    }
    index(dir.path()).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let file = fs::OpenOptions::new().write(true).open(root(dir.path()).join("index.sqlite")).unwrap();
    for page in [40, 50, 60, 70] {
        std::os::unix::fs::FileExt::write_all_at(&file, &[0xa5; 4096], page * 4096).unwrap();
    }
    drop(store);
    let store = open(dir.path());
    let found = store.verify(false).unwrap();
    assert!(kinds(&found).contains(&ProblemKind::Index), "{found:?}");
    store.verify(true).unwrap();
    let after = store.verify(true).unwrap();
    assert!(after.is_clean() || after.is_mended(), "{after:?}");
    assert!(store.verify(false).unwrap().is_clean());
    put(&store, &key(&f, 1), b"y");
    assert_eq!(bytes(&store, &key(&f, 1)).unwrap(), b"y");
}

#[test]
fn a_read_only_store_is_verified_and_not_repaired() {
    let example = example();
    let reader = open_read_only(example.dir.path());
    assert!(reader.verify(false).unwrap().is_clean());
    let orphan = root(example.dir.path()).join("arrays/tmp/0123456789abcdef.part");
    fs::write(&orphan, "x").unwrap();
    assert_eq!(kinds(&reader.verify(false).unwrap()), [ProblemKind::Orphan]);
    assert!(orphan.exists());
    assert!(reader.verify(true).unwrap_err().to_string().contains("read-only"));
    let nothing = tempfile::tempdir().unwrap();
    assert!(open_read_only(nothing.path()).verify(false).unwrap().is_clean());
    example.store.clear("test", Scope::Site("krate::f")).unwrap();
}

#[test]
fn whatever_byte_of_the_index_is_damaged_repair_leaves_a_clean_store_and_no_wrong_value() {
    let place = tempfile::tempdir().unwrap();
    let f = function("f");
    let pristine = place.path().join("pristine");
    {
        let store = open(&pristine);
        for number in 0..30 {
            put(&store, &key(&f, number), &payload(300, u8::try_from(number).unwrap()));
        }
        put_array(&store, &key(&f, 30), &payload(300, 30));
        store.remove(&key(&f, 31)).unwrap();
        store.set_quota("test", Some(1 << 30)).unwrap();
    }
    // A snapshot's index is one file without a log.
    let source = open(&pristine);
    let length = {
        source.snapshot(&place.path().join("copy")).unwrap();
        fs::metadata(root(&place.path().join("copy")).join("index.sqlite")).unwrap().len()
    };
    let mut refused = 0;
    for step in 0..120_u64 {
        let dir = place.path().join(step.to_string());
        source.snapshot(&dir).unwrap();
        let path = root(&dir).join("index.sqlite");
        let mut bytes_of = fs::read(&path).unwrap();
        let at = usize::try_from(step.wrapping_mul(0x9e37_79b9_7f4a_7c15) % length).unwrap();
        bytes_of[at] ^= 1 << (step % 8);
        fs::write(&path, bytes_of).unwrap();
        let options = StoreOptions::new(&dir);
        let Ok(store) = DiskStore::open(&options) else {
            refused += 1;
            continue;
        };
        let context = format!("byte {at}, bit {}", step % 8);
        store.verify(false).unwrap_or_else(|fault| panic!("{context}: {fault}"));
        store.verify(true).unwrap_or_else(|fault| panic!("{context}: {fault}"));
        let after = store.verify(false).unwrap_or_else(|fault| panic!("{context}: {fault}"));
        assert!(after.is_clean(), "{context}: {after:?}");
        for number in 0..31 {
            if let Some(found) = bytes(&store, &key(&f, number)) {
                assert_eq!(found, payload(300, u8::try_from(number).unwrap()), "{context}");
            }
        }
        fs::remove_dir_all(&dir).unwrap();
    }
    assert!(refused < 10, "{refused} were not opened");
}

#[test]
fn a_put_waits_for_a_stopped_check_for_seconds_and_not_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    put_array(&store, &key(&f, 1), b"makes the file");
    let stopped = fs::File::open(root(dir.path()).join("writing")).unwrap();
    stopped.lock().unwrap();
    put(&store, &key(&f, 2), b"an inline payload waits for nobody");
    put_array(&store, &key(&f, 3), b"array");
    assert_eq!(bytes(&store, &key(&f, 3)).unwrap(), b"array");
}
