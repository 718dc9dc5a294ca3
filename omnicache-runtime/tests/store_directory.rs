//! The directory: private, checked, opened by many at once, and shared with files that are none of ours.

#![cfg(all(feature = "disk", unix))]
#![allow(clippy::unwrap_used, reason = "a test")]

mod store_common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use omnicache_runtime::FaultKind;
use omnicache_runtime::store::{DiskStore, Place, Scope, StoreOptions, Stored};
use store_common::*;

fn refused(dir: &Path) -> FaultKind {
    DiskStore::open(&StoreOptions::new(dir)).unwrap_err().kind()
}

#[test]
fn directories_and_files_are_private() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("made").join("with parents");
    let store = open(&deep);
    put(&store, &key(&function("f"), 1), b"inline");
    put(&store, &key(&function("f"), 2), &payload(50_000, 1));
    put_array(&store, &key(&function("f"), 3), b"array");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&root(&deep)), 0o700);
    for entry in fs::read_dir(root(&deep)).unwrap().flatten() {
        let expected = if entry.path().is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&entry.path()), expected, "{}", entry.path().display());
    }
    for file in payload_files(&deep) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn symbolic_links_are_refused() {
    let elsewhere = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), root(dir.path())).unwrap();
    assert_eq!(refused(dir.path()), FaultKind::Untrusted);
    for name in ["arrays", "blobs", "arrays/tmp"] {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path()));
        let path = root(dir.path()).join(name);
        fs::remove_dir_all(&path).unwrap();
        symlink(elsewhere.path(), &path).unwrap();
        assert_eq!(refused(dir.path()), FaultKind::Untrusted, "{name}");
    }
    for name in ["index.sqlite", "generations", "lock"] {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path()));
        let path = root(dir.path()).join(name);
        fs::remove_file(&path).unwrap();
        symlink(elsewhere.path().join("target"), &path).unwrap();
        assert_eq!(refused(dir.path()), FaultKind::Untrusted, "{name}");
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_directory_others_can_write_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    fs::set_permissions(root(dir.path()), fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(refused(dir.path()), FaultKind::Untrusted);
}

#[test]
fn sixteen_may_open_a_fresh_directory_at_once() {
    let f = function("f");
    if let Some((dir, word)) = asked() {
        let number: u64 = word.parse().unwrap();
        let store = open(&dir);
        put(&store, &key(&f, number), &number.to_le_bytes());
        return;
    }
    for _ in 0..4 {
        let dir = tempfile::tempdir().unwrap();
        let children: Vec<_> = (0..12)
            .map(|number: u64| {
                child("sixteen_may_open_a_fresh_directory_at_once", dir.path(), &number.to_string())
                    .stderr(std::process::Stdio::piped())
                    .stdout(std::process::Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        std::thread::scope(|scope| {
            for number in 12..16 {
                let (dir, f) = (dir.path(), &f);
                scope.spawn(move || put(&open(dir), &key(f, number), &number.to_le_bytes()));
            }
        });
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let store = open(dir.path());
        for number in 0..16_u64 {
            assert_eq!(bytes(&store, &key(&f, number)).unwrap(), number.to_le_bytes());
        }
    }
}

#[test]
fn many_threads_and_processes_read_only_what_was_written() {
    let f = function("f");
    let work = |dir: &Path, seed: u64| {
        let store = open(dir);
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let (store, f) = (&store, &f);
                scope.spawn(move || {
                    for step in 0..150_u64 {
                        let number = (step * 31 + thread * 7 + seed) % 40;
                        let key = key(f, number);
                        let size = usize::try_from(number * 1700 % 65_000).unwrap();
                        let expected = payload(size, u8::try_from(number).unwrap());
                        if let Some(found) = bytes(store, &key) {
                            assert!(found == expected, "{number}");
                        } else {
                            let array = number.is_multiple_of(3);
                            let place = if array { Place::ArrayFile("npy") } else { Place::Record };
                            let stored = Put { place, ..Put::new(&key, &expected) }.into(store).unwrap();
                            // Somebody may invalidate it between the question for its generation and the put.
                            assert!(matches!(stored, Stored::Kept { .. } | Stored::Stale), "{stored:?}");
                        }
                        if step % 9 == 0 {
                            store.remove(&key).unwrap();
                        }
                    }
                });
            }
        });
    };
    if let Some((dir, word)) = asked() {
        work(&dir, word.parse().unwrap());
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..3)
        .map(|seed: u64| {
            child("many_threads_and_processes_read_only_what_was_written", dir.path(), &seed.to_string())
                .stderr(std::process::Stdio::piped())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    work(dir.path(), 99);
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let store = open(dir.path());
    store.clear("test", Scope::path_of(&f)).unwrap();
    assert!(payload_files(dir.path()).is_empty(), "{:?}", payload_files(dir.path()));
    let counted = index(dir.path())
        .query_row("SELECT bytes, entries FROM totals", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })
        .unwrap();
    assert_eq!(counted, (0, 0));
}

#[test]
fn garbage_is_collected_and_foreign_files_survive() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let f = function("f");
    put(&store, &key(&f, 1), &payload(50_000, 1));
    put_array(&store, &key(&f, 2), b"array");
    let root = root(dir.path());
    fs::create_dir_all(root.join("arrays/cd")).unwrap();
    let hex = "cd".repeat(16);
    let ours = [
        format!("arrays/cd/{hex}-0000000000000001.npy"),
        "arrays/tmp/0123456789abcdef.part".into(),
        "blobs/tmp/.tmpAb12Cd".into(),
        format!("blobs/content-v2/xxh3/cd/cd/{}", "cd".repeat(14)),
    ];
    let foreign = [
        "../mine.txt",
        "mine.txt",
        "arrays/mine.npy",
        "arrays/cd/mine.npy",
        "arrays/tmp/mine.part",
        "blobs/tmp/mine",
        "blobs/content-v2/xxh3/cd/cd/mine",
    ];
    fs::create_dir_all(root.join("blobs/content-v2/xxh3/cd/cd")).unwrap();
    let long_ago = SystemTime::now() - Duration::from_hours(2);
    let write = |name: &str, at| {
        let path = root.join(name);
        fs::write(&path, "x").unwrap();
        fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
    };
    for name in &ours {
        write(name, SystemTime::now());
    }
    for name in foreign {
        write(name, long_ago);
    }
    assert_eq!(store.collect_garbage().unwrap(), 0, "what is young may have a row any moment");
    for name in &ours {
        write(name, long_ago);
    }
    assert_eq!(store.collect_garbage().unwrap(), 4);
    store.clear("test", Scope::path_of(&f)).unwrap();
    for name in foreign {
        assert!(root.join(name).exists(), "{name}");
    }
    for name in ours {
        assert!(!root.join(&name).exists(), "{name}");
    }
}
