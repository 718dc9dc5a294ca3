//! The helpers pin the strategy's answer for their kind; the builders say what the options say.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use crate::common::lasting;
use ndarray::Array1;
use omnicache::{
    Access, Backend, CallExplanation, Codec, Config, Kind, Policy, Sharing, cache, for_async, for_bytes,
    for_collections, for_dataframes, for_images, for_json, for_models, for_ndarray, for_scalars, for_structs,
    hybrid,
};

static DIR: LazyLock<PathBuf> = LazyLock::new(lasting);

use CallExplanation::{DiskHit, MemoryHit};

/// Declares a function per helper: where a small result and one of 3 MiB are kept.
macro_rules! helpers {
    ($($name:ident -> $type:ty { $config:expr } $backend:ident, $small:ident, $large:ident, $make:expr;)+) => {$(
        #[test]
        fn $name() {
            #[cache(config = $config.dir(DIR.clone()))]
            fn function(len: usize) -> $type {
                let make: fn(usize) -> $type = $make;
                make(len)
            }
            let explanation = function::explain();
            assert_eq!(explanation.backend, Backend::$backend, "{explanation}");
            for (len, expected) in [(10, $small), (3 << 20, $large)] {
                let first = function(len);
                assert_eq!(function::explain_call(len), expected, "{len} bytes");
                assert!(function(len) == first);
            }
            assert_eq!((function::stats().hits(), function::stats().errors), (2, 0));
        }
    )+};
}

fn bytes(len: usize) -> Vec<u8> {
    vec![1; len]
}

fn batch(len: usize) -> arrow_array::RecordBatch {
    let column: arrow_array::ArrayRef = std::sync::Arc::new(arrow_array::UInt8Array::from(bytes(len)));
    arrow_array::RecordBatch::try_from_iter([("n", column)]).expect("a batch")
}

helpers! {
    scalars -> u64 { for_scalars() } Memory, MemoryHit, MemoryHit, |len| len as u64;
    collections -> String { for_collections() } Memory, MemoryHit, MemoryHit, |len| "x".repeat(len);
    arrays -> Array1<u8> { for_ndarray() } Array, DiskHit, DiskHit, |len| Array1::ones(len);
    frames -> arrow_array::RecordBatch { for_dataframes() } Array, DiskHit, DiskHit, batch;
    byte_strings -> Vec<u8> { for_bytes() } Disk, DiskHit, DiskHit, bytes;
    images -> image::GrayImage { for_images() } Disk, DiskHit, DiskHit, |len| image::GrayImage::new(1024, u32::try_from(len / 1024 + 1).expect("small"));
    json -> serde_json::Value { for_json() } Disk, DiskHit, DiskHit, |len| "x".repeat(len).into();
    models -> Vec<f32> { for_models() } Disk, DiskHit, DiskHit, |len| vec![1.0; len];
    structs -> (String, u8) { for_structs() } Hybrid, MemoryHit, DiskHit, |len| ("x".repeat(len), 1);
    by_size -> Vec<u8> { hybrid() } Hybrid, MemoryHit, DiskHit, bytes;
    nothing -> Vec<u8> { Config::new() } Hybrid, MemoryHit, DiskHit, bytes;
    awaited -> Vec<u8> { for_async() } Hybrid, MemoryHit, DiskHit, bytes;
    many_processes -> Vec<u8> { Config::new().sharing(Sharing::Processes) } Disk, MemoryHit, MemoryHit, bytes;
    persisted_arrays -> Array1<u8> { Config::new().persist() } Array, MemoryHit, MemoryHit, |len| Array1::ones(len);
    arrays_as_records -> Array1<u8> { Config::new().backend(Backend::Disk) } Disk, DiskHit, DiskHit, |len| Array1::ones(len);
    numbers_by_size -> Vec<u8> { Config::new().threshold(10) } Hybrid, MemoryHit, DiskHit, bytes;
}

#[cache(config = for_ndarray(), backend = memory)]
fn overruled(n: usize) -> Array1<f64> {
    Array1::ones(n)
}

#[test]
fn backend_overrules_the_helper() {
    assert_eq!(overruled::explain().backend, Backend::Memory);
    assert_eq!(overruled(3).len(), 3);
    assert_eq!(overruled::explain_call(3), MemoryHit);
}

macro_rules! policies {
    ($($name:ident { $config:expr } $policy:ident;)+) => {
        $(
            #[cache(config = $config)]
            fn $name(n: u64) -> u64 {
                n
            }
        )+

        #[test]
        fn access_patterns_map_to_policies() {$(
            assert_eq!(($name(1), $name(1)), (1, 1));
            assert_eq!($name::explain().policy, Policy::$policy, "{}", stringify!($name));
        )+}
    };
}

policies! {
    read_heavy { Config::new().access(Access::ReadHeavy) } Lru;
    temporal { Config::new().access(Access::TemporalLocality) } Lru;
    frequency { Config::new().access(Access::Frequency) } Lfu;
    random { Config::new().access(Access::Random) } Random;
    unknown { Config::new().access(Access::Unknown) } S3Fifo;
    default { Config::new() } S3Fifo;
    named { Config::new().access(Access::Random).policy(Policy::Fifo) } Fifo;
    by_await { for_async() } Lfu;
}

#[cache(config = Config::new()
    .backend(Backend::Hybrid)
    .small(Backend::Memory)
    .large(Backend::Disk)
    .threshold(1 << 10)
    .ttl(Duration::from_secs(90))
    .idle(Duration::from_secs(30))
    .max_entries(10)
    .max_bytes(1 << 20)
    .policy(Policy::Lru)
    .dir(DIR.clone())
    .namespace("space")
    .version(7)
    .max_disk_bytes(1 << 24)
    .patience(Duration::from_secs(1))
    .clock(omnicache::SystemClock))]
fn everything(len: usize) -> Vec<u8> {
    vec![1; len]
}

#[test]
fn every_builder_is_heard() {
    assert_eq!((everything(10).len(), everything(5000).len()), (10, 5000));
    let explanation = everything::explain();
    assert_eq!((explanation.kind, explanation.codec), (Kind::Bytes, Codec::Raw));
    assert_eq!((explanation.backend, explanation.policy), (Backend::Hybrid, Policy::Lru));
    assert_eq!(explanation.dir.as_ref(), Some(&*DIR));
    let text = explanation.to_string();
    for part in ["1 KiB", "1m30s", "30s", "10 entries", "1 MiB"] {
        assert!(text.contains(part), "`{part}` is missing in {text}");
    }
    let debug = format!("{:?}", Config::new().namespace("space").max_entries(3));
    assert!(debug.contains("space") && debug.contains('3'), "{debug}");
}
