//! Section 3: the measured size of each result decides where it is kept, and what of it outlives the process.

#![allow(clippy::pedantic, reason = "what functions may look like is what is tested")]

mod common;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use common::{Runs, child, files, fresh, lasting, role, run};
use ndarray::Array1;
use omnicache::{Backend, CallExplanation, cache, hybrid};

static DIR: LazyLock<PathBuf> = LazyLock::new(lasting);

#[cache(threshold = 1000, dir = DIR.clone())]
fn bytes(len: usize) -> Vec<u8> {
    vec![1; len]
}

#[cache(threshold = 1000, dir = DIR.clone())]
fn floats(len: usize) -> Array1<f64> {
    Array1::ones(len)
}

#[cache(threshold = 1000, dir = DIR.clone())]
fn frame(len: usize) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
    let column: Int64Array = vec![1; len].into();
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(column)]).expect("a batch")
}

#[cache(threshold = 1000, dir = DIR.clone())]
fn optional(len: usize) -> Result<Option<Vec<u8>>, ()> {
    Ok(Some(vec![1; len]))
}

#[cache(threshold = 1000, dir = DIR.clone())]
async fn awaited(len: usize) -> Vec<u8> {
    vec![1; len]
}

#[test]
fn a_result_of_exactly_the_threshold_is_small() {
    use CallExplanation::{DiskHit, MemoryHit};
    let _ = (bytes(1000), bytes(1001), optional(1000), optional(1001));
    assert_eq!((bytes::explain_call(1000), bytes::explain_call(1001)), (MemoryHit, DiskHit));
    assert_eq!((optional::explain_call(1000), optional::explain_call(1001)), (MemoryHit, DiskHit));
    let _ = (floats(125), floats(126), frame(125), frame(126));
    assert_eq!((floats::explain_call(125), floats::explain_call(126)), (MemoryHit, DiskHit));
    assert_eq!((frame::explain_call(125), frame::explain_call(126)), (MemoryHit, DiskHit));
    common::block_on(async {
        let _ = (awaited(1000).await, awaited(1001).await);
        assert_eq!(awaited::explain_call(1000).await, MemoryHit);
        assert_eq!(awaited::explain_call(1001).await, DiskHit);
    });
    assert_eq!(bytes(1001), vec![1; 1001]);
    assert_eq!(floats(126), Array1::<f64>::ones(126));
    assert_eq!(frame(126).num_rows(), 126);
}

#[cache(dir = lasting())]
fn by_default(len: usize) -> Vec<u8> {
    vec![1; len]
}

#[test]
fn the_default_threshold_is_a_mebibyte() {
    let _ = (by_default(1 << 20), by_default((1 << 20) + 1));
    assert_eq!(by_default::explain_call(1 << 20), CallExplanation::MemoryHit);
    assert_eq!(by_default::explain_call((1 << 20) + 1), CallExplanation::DiskHit);
    assert_eq!(by_default::explain().backend, Backend::Hybrid);
}

static LENGTH: AtomicUsize = AtomicUsize::new(0);

#[cache(threshold = 1000, dir = lasting())]
fn changing(_key: u8) -> Vec<u8> {
    vec![7; LENGTH.load(Ordering::SeqCst)]
}

#[test]
fn a_refresh_moves_a_result_from_one_side_to_the_other_and_back() {
    let refresh = |length| {
        LENGTH.store(length, Ordering::SeqCst);
        assert_eq!(changing::refresh(1).len(), length);
        assert_eq!(changing(1).len(), length, "no older value shines through");
        assert_eq!(changing::peek(1).map(|value| value.len()), Some(length));
        assert_eq!(changing::stats().entries, 1);
        changing::explain_call(1)
    };
    assert_eq!(refresh(10), CallExplanation::MemoryHit);
    assert_eq!(refresh(10_000), CallExplanation::DiskHit);
    assert_eq!(refresh(20), CallExplanation::MemoryHit);
    assert_eq!(refresh(20_000), CallExplanation::DiskHit);
    assert!(changing::invalidate(1));
    assert!(!changing::contains(1));
}

#[cache(config = hybrid().small(Backend::Disk).large(Backend::Memory).threshold(100), dir = lasting())]
fn reversed(len: usize) -> Vec<u8> {
    vec![1; len]
}

#[cache(config = hybrid().large(Backend::Array).threshold(100), dir = ARRAYS.clone())]
fn array_or_memory(len: usize) -> Array1<u8> {
    Array1::ones(len)
}

#[cache(config = hybrid().large(Backend::Disk).threshold(100), dir = RECORDS.clone())]
fn record_or_memory(len: usize) -> Array1<u8> {
    Array1::ones(len)
}

static ARRAYS: LazyLock<PathBuf> = LazyLock::new(lasting);
static RECORDS: LazyLock<PathBuf> = LazyLock::new(lasting);

#[test]
fn each_side_can_be_any_backend() {
    let _ = (reversed(10), reversed(1000));
    assert_eq!(reversed::explain_call(10), CallExplanation::DiskHit);
    assert_eq!(reversed::explain_call(1000), CallExplanation::MemoryHit);
    let npy =
        |dir: &PathBuf| files(dir).iter().filter(|file| file.extension().is_some_and(|e| e == "npy")).count();
    let _ = (array_or_memory(100_000), record_or_memory(100_000));
    assert_eq!((npy(&ARRAYS), npy(&RECORDS)), (1, 0));
    assert_eq!((array_or_memory(100_000).len(), record_or_memory(100_000).len()), (100_000, 100_000));
    assert_eq!((array_or_memory::stats().disk_hits, record_or_memory::stats().disk_hits), (1, 1));
}

static SPLIT: Runs = Runs::new();
static PERSISTED: Runs = Runs::new();
static SCALAR: Runs = Runs::new();
static EPHEMERAL: Runs = Runs::new();

#[cache(threshold = 1000)]
fn split(len: usize) -> Vec<u8> {
    SPLIT.note();
    vec![1; len]
}

#[cache(persist)]
fn persisted(len: usize) -> Vec<u8> {
    PERSISTED.note();
    vec![1; len]
}

#[cache(persist)]
fn persisted_scalar(n: u64) -> f64 {
    SCALAR.note();
    n as f64 / 3.0
}

#[cache(ephemeral)]
fn ephemeral(len: usize) -> Vec<u8> {
    EPHEMERAL.note();
    vec![1; len]
}

#[test]
fn a_restart_finds_the_large_and_not_the_small_and_all_of_what_persists() {
    const TEST: &str = "a_restart_finds_the_large_and_not_the_small_and_all_of_what_persists";
    let runs = || [SPLIT.count(), PERSISTED.count(), SCALAR.count(), EPHEMERAL.count()];
    let call = || {
        assert_eq!((split(10).len(), split(5000).len()), (10, 5000));
        assert_eq!((persisted(10).len(), persisted(5000).len()), (10, 5000));
        assert!((persisted_scalar(1) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!((ephemeral(10).len(), ephemeral(2 << 20).len()), (10, 2 << 20));
    };
    match role().as_deref() {
        None => {
            let dir = fresh();
            run(&mut child(TEST, dir.path(), "first"));
            run(&mut child(TEST, dir.path(), "second"));
        }
        Some("first") => {
            call();
            call();
            assert_eq!(runs(), [2, 2, 1, 2]);
        }
        Some(_) => {
            call();
            assert_eq!(runs(), [1, 0, 0, 2], "the small one of the split, and what is ephemeral");
            assert_eq!((split::stats().disk_hits, persisted::stats().disk_hits), (1, 2));
        }
    }
}
