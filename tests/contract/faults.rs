//! Section 4, point 1: the body runs at most once per call, and no fault of the cache fails a call.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::LazyLock;

use crate::common::{Runs, lasting};
use omnicache::cache;

/// A place where nobody, not even root, can make a directory.
fn unwritable() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/omnicache/below");
    }
    let dir = lasting();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o500)).expect("own directory");
    dir.join("below")
}

static UNWRITABLE_RUNS: Runs = Runs::new();

#[cache(backend = disk, dir = unwritable())]
fn into_unwritable(n: u64) -> u64 {
    UNWRITABLE_RUNS.note();
    n + 1
}

#[test]
fn an_unwritable_directory_fails_no_call() {
    assert_eq!(into_unwritable(1), 2);
    assert_eq!(UNWRITABLE_RUNS.count(), 1, "once per call");
    assert_eq!(into_unwritable(1), 2);
    assert_eq!(UNWRITABLE_RUNS.count(), 2, "nothing could be kept");
    assert!(into_unwritable::stats().errors > 0);
    assert_eq!(into_unwritable::stats().misses, 2);
}

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let file = lasting().join("file");
    fs::write(&file, "not a directory").expect("own directory");
    file
});
static FILE_RUNS: Runs = Runs::new();
static PERSIST_RUNS: Runs = Runs::new();

#[cache(backend = disk, dir = FILE.clone())]
fn into_file(n: u64) -> u64 {
    FILE_RUNS.note();
    n + 1
}

#[cache(persist, dir = FILE.clone())]
fn persisted_into_file(n: u64) -> u64 {
    PERSIST_RUNS.note();
    n + 1
}

#[test]
fn a_directory_that_is_a_file_fails_no_call() {
    assert_eq!(into_file(1), 2);
    assert_eq!(into_file(1), 2);
    assert_eq!(FILE_RUNS.count(), 2);
    assert!(into_file::stats().errors > 0);
    assert_eq!(into_file::peek(1), None);
    assert!(!into_file::contains(1));
    assert!(!into_file::invalidate(1));
    assert_eq!(into_file::refresh(1), 2);
    into_file::clear();
    let _ = (into_file::explain().to_string(), into_file::explain_call(1).to_string());
    assert_eq!(fs::read_to_string(&*FILE).expect("still a file"), "not a directory");
}

#[test]
fn memory_in_front_goes_on_when_the_disk_fails() {
    assert_eq!(persisted_into_file(1), 2);
    assert_eq!(persisted_into_file(1), 2);
    assert_eq!(PERSIST_RUNS.count(), 1);
    assert_eq!(persisted_into_file::stats().memory_hits, 1);
    assert!(persisted_into_file::stats().errors > 0);
    assert!(persisted_into_file::invalidate(1));
    assert_eq!(persisted_into_file(1), 2);
    assert_eq!(PERSIST_RUNS.count(), 2);
}

static GARBAGE: LazyLock<PathBuf> = LazyLock::new(|| {
    let dir = lasting();
    fs::create_dir_all(dir.join("omnicache.v1")).expect("own directory");
    for folder in [dir.clone(), dir.join("omnicache.v1")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("own directory");
    }
    fs::write(dir.join("omnicache.v1/index.sqlite"), [0xA5; 40_000]).expect("own directory");
    dir
});
static GARBAGE_RUNS: Runs = Runs::new();

#[cache(backend = disk, dir = GARBAGE.clone())]
fn beside_garbage(n: u64) -> u64 {
    GARBAGE_RUNS.note();
    n + 1
}

#[test]
fn a_garbage_index_fails_no_call() {
    for call in 1..=3 {
        assert_eq!(beside_garbage(1), 2);
        assert!(GARBAGE_RUNS.count() <= call, "at most once per call");
    }
}

static DAMAGED: LazyLock<PathBuf> = LazyLock::new(lasting);
static DAMAGED_RUNS: Runs = Runs::new();

#[cache(backend = disk, dir = DAMAGED.clone())]
fn damaged(len: usize) -> Vec<u8> {
    DAMAGED_RUNS.note();
    vec![7; len]
}

#[test]
fn a_damaged_payload_is_a_miss_that_is_counted() {
    assert_eq!(damaged(100_000).len(), 100_000);
    let payloads: Vec<_> = crate::common::files(&DAMAGED)
        .into_iter()
        .filter(|file| !file.to_string_lossy().contains("index.sqlite"))
        .collect();
    assert!(!payloads.is_empty(), "a large payload has a file");
    for file in payloads {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("own file");
        // A shorter one in its place: mapped files are never changed, they are replaced.
        let other = file.with_extension("other");
        fs::write(&other, [7; 10]).expect("own directory");
        fs::rename(&other, &file).expect("own directory");
    }
    let errors = damaged::stats().errors;
    assert_eq!(damaged(100_000), vec![7; 100_000]);
    assert_eq!(DAMAGED_RUNS.count(), 2, "the damaged record is a miss");
    assert!(damaged::stats().errors > errors);
    assert_eq!(damaged(100_000), vec![7; 100_000]);
    assert_eq!(DAMAGED_RUNS.count(), 2, "and was replaced by a good one");
}

static REMOVED: LazyLock<PathBuf> = LazyLock::new(lasting);
static REMOVED_RUNS: Runs = Runs::new();

#[cache(backend = disk, dir = REMOVED.clone())]
fn removed(len: usize) -> Vec<u8> {
    REMOVED_RUNS.note();
    vec![7; len]
}

#[test]
fn a_directory_that_vanishes_fails_no_call() {
    assert_eq!(removed(100_000).len(), 100_000);
    fs::remove_dir_all(&*REMOVED).expect("own directory");
    assert_eq!(removed(100_000).len(), 100_000);
    assert_eq!(removed(10).len(), 10);
    assert!(REMOVED_RUNS.count() <= 3);
}

#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
struct Unwritable(u64);

impl serde::Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no"))
    }
}

static SERIALISER_RUNS: Runs = Runs::new();

#[cache(backend = disk, dir = lasting())]
fn not_written(n: u64) -> Unwritable {
    SERIALISER_RUNS.note();
    Unwritable(n)
}

#[test]
fn a_value_that_refuses_to_be_written_is_returned() {
    assert_eq!(not_written(1), Unwritable(1));
    assert_eq!(SERIALISER_RUNS.count(), 1);
    assert_eq!(not_written(1), Unwritable(1));
    assert!(SERIALISER_RUNS.count() <= 2);
}

static ASYNC_RUNS: Runs = Runs::new();

#[cache(backend = disk, dir = FILE.clone())]
async fn awaited_into_file(n: u64) -> u64 {
    ASYNC_RUNS.note();
    n + 1
}

#[tokio::test]
async fn a_fault_fails_no_async_call() {
    assert_eq!(awaited_into_file(1).await, 2);
    assert_eq!(awaited_into_file(1).await, 2);
    assert_eq!(ASYNC_RUNS.count(), 2);
    assert!(awaited_into_file::stats().errors > 0);
    assert_eq!(awaited_into_file::peek(1).await, None);
    assert!(!awaited_into_file::invalidate(1).await);
    awaited_into_file::clear().await;
}
