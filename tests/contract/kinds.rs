//! Section 3: the kind of each return type as the compiler resolves it, and where it is kept.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use crate::common::{Runs, lasting};
use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use image::{DynamicImage, RgbImage};
use ndarray::{ArcArray2, Array1, Array2, ArrayD, ShapeBuilder};
use omnicache::{Backend, Codec, Explanation, Kind, MappedArray, MappedBytes, Policy, cache, hybrid};
use serde::{Deserialize, Serialize};

static DIR: LazyLock<PathBuf> = LazyLock::new(lasting);

/// Declares a function for each type, and checks what is chosen for it.
macro_rules! kinds {
    ($($test:ident: $kind:ident, $backend:ident, $codec:ident {$($name:ident: $type:ty = $value:expr;)+})+) => {
        $(
            $(
                #[cache(dir = DIR.clone())]
                fn $name(_n: u64) -> $type {
                    $value
                }
            )+

            #[test]
            fn $test() {
                $(
                    let explanation: Explanation = $name::explain();
                    let name = stringify!($name);
                    assert_eq!(explanation.kind, Kind::$kind, "{name}");
                    assert_eq!(explanation.backend, Backend::$backend, "{name}");
                    assert_eq!(explanation.codec, Codec::$codec, "{name}");
                    assert_eq!(explanation.policy, Policy::S3Fifo, "{name}");
                    assert!(explanation.reasons.len() >= 2, "{name}");
                    let _ = $name(1);
                    let _ = $name(1);
                    assert_eq!(($name::stats().misses, $name::stats().memory_hits), (1, 1), "{name}");
                    assert_eq!($name::stats().errors, 0, "{name}");
                )+
            }
        )+
    };
}

type Alias<T> = Result<T, std::fmt::Error>;
type Words = Vec<String>;

mod deep {
    pub(super) mod inside {
        pub(in super::super) use std::collections::BTreeMap as Renamed;
        pub(in super::super) type Matrix = super::super::Array2<f32>;
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Record {
    id: u64,
    text: String,
}

/// More than 16 bytes, and `Copy`.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Wide([u64; 3]);

/// At most 16 bytes, and `Copy`.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Narrow(u64, u64);

/// At most 16 bytes, `Copy`, and nothing else.
#[derive(Clone, Copy)]
struct Token(u64);

/// `Clone` and nothing else.
#[derive(Clone)]
#[allow(dead_code, reason = "opaque")]
struct Handle(String);

fn record() -> Record {
    Record { id: 1, text: "text".to_owned() }
}

fn batch() -> RecordBatch {
    let schema = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(Int64Array::from(vec![1, 2, 3]))]).expect("a batch")
}

kinds! {
    scalars: Scalar, Memory, Bincode {
        integer: u64 = 1;
        float: f32 = 1.0;
        boolean: bool = true;
        character: char = 'c';
        unit: () = ();
        huge: i128 = -1;
        fallible_integer: Alias<u64> = Ok(1);
        optional_integer: Option<u32> = None;
        shared_integer: Arc<u64> = Arc::new(1);
        boxed_integer: Box<u64> = Box::new(1);
        narrow: Narrow = Narrow(1, 2);
        pair: (u32, u32) = (1, 2);
        duration: std::time::Duration = std::time::Duration::ZERO;
        short_array: [u8; 4] = [1; 4];
    }
    collections: Collection, Hybrid, Bincode {
        string: String = "text".to_owned();
        numbers: Vec<u32> = vec![1, 2];
        words: Words = vec!["a".to_owned()];
        map: HashMap<String, u32> = HashMap::from([("a".to_owned(), 1)]);
        renamed_map: deep::inside::Renamed<u8, u8> = BTreeMap::new();
        set: HashSet<u8> = HashSet::new();
        tuple: (String, Vec<u8>) = ("a".to_owned(), vec![1]);
        fallible_words: Alias<Words> = Ok(vec![]);
        nested: Alias<Option<Arc<Vec<u64>>>> = Ok(Some(Arc::new(vec![1])));
        cow: Cow<'static, str> = "text".into();
        records: Vec<Record> = vec![record()];
        boxed_str: Box<str> = "text".into();
    }
    bytes: Bytes, Hybrid, Raw {
        vector_of_bytes: Vec<u8> = vec![1, 2];
        boxed_bytes: Box<[u8]> = Box::new([1, 2]);
        buffer: Bytes = Bytes::from_static(&[1, 2]);
        mapped_bytes: MappedBytes = MappedBytes::from(vec![1, 2]);
        fallible_bytes: Alias<Vec<u8>> = Ok(vec![1]);
    }
    arrays: Array, Hybrid, Npy {
        matrix: Array2<f64> = Array2::zeros((2, 2));
        renamed_matrix: deep::inside::Matrix = Array2::zeros((2, 2));
        dynamic: ArrayD<i32> = ArrayD::zeros(vec![2, 2]);
        shared_matrix: ArcArray2<f64> = Array2::zeros((2, 2)).into_shared();
        mapped_array: MappedArray<f64, ndarray::Ix1> = MappedArray::from(Array1::zeros(3));
        optional_matrix: Option<Array2<u8>> = Some(Array2::zeros((2, 2)));
        arc_matrix: Arc<Array2<f64>> = Arc::new(Array2::zeros((2, 2)));
    }
    frames: Frame, Hybrid, ArrowIpc {
        one_batch: RecordBatch = batch();
        batches: Vec<RecordBatch> = vec![batch(), batch()];
        fallible_batch: Alias<RecordBatch> = Ok(batch());
    }
    images: Image, Hybrid, Pixels {
        rgb: RgbImage = RgbImage::new(2, 2);
        dynamic_image: DynamicImage = DynamicImage::new_luma8(2, 2);
    }
    json: Json, Hybrid, Json {
        value: serde_json::Value = serde_json::json!({"a": [1, 2.5, null]});
        fallible_value: Alias<serde_json::Value> = Ok(serde_json::Value::Null);
    }
    structs: Struct, Hybrid, Bincode {
        plain_struct: Record = record();
        wide: Wide = Wide([1; 3]);
        fallible_struct: Alias<Record> = Ok(record());
        shared_struct: Arc<Record> = Arc::new(record());
        path: PathBuf = PathBuf::from("a");
    }
    opaque: Opaque, Memory, None {
        handle: Handle = Handle("text".to_owned());
        shared_handle: Arc<Handle> = Arc::new(Handle("text".to_owned()));
        dynamic_object: Arc<dyn Fn(u64) -> u64 + Send + Sync> = Arc::new(|n| n);
        closures: Vec<fn(u64) -> u64> = vec![|n| n];
    }
}

#[cache]
fn static_text(n: u64) -> &'static str {
    STATIC.note();
    if n == 0 { "zero" } else { "more" }
}

static STATIC: Runs = Runs::new();

#[cache]
fn token(n: u64) -> Token {
    Token(n)
}

static STATIC_TEXTS: Runs = Runs::new();

#[cache(dir = lasting())]
fn static_texts(n: usize) -> Vec<&'static str> {
    STATIC_TEXTS.note();
    vec!["text"; n]
}

#[cache(config = hybrid().threshold(8), dir = lasting())]
fn static_texts_by_size(n: usize) -> Vec<&'static str> {
    STATIC_TEXTS.note();
    vec!["text"; n]
}

#[test]
fn what_can_be_written_and_never_read_back_stays_in_memory() {
    // A small one, and one beyond the threshold of 1 MiB.
    for n in [1, 300_000] {
        assert_eq!(static_texts(n), static_texts(n));
    }
    assert_eq!(STATIC_TEXTS.count(), 2);
    assert_eq!((static_texts::stats().memory_hits, static_texts::stats().errors), (2, 0));

    // Where the disk was asked for by name, that is no secret.
    for n in [1, 1000] {
        assert_eq!(static_texts_by_size(n), static_texts_by_size(n));
    }
    assert_eq!(STATIC_TEXTS.count(), 4);
    assert_eq!((static_texts_by_size::stats().memory_hits, static_texts_by_size::stats().errors), (2, 1));
}

#[test]
fn copies_without_serde_stay_in_memory() {
    assert_eq!((static_text(0), static_text(0), static_text(1)), ("zero", "zero", "more"));
    assert_eq!(STATIC.count(), 2);
    assert_eq!(static_text::explain().backend, Backend::Memory);
    assert_eq!((token(7).0, token(7).0, token::stats().memory_hits), (7, 7, 1));
    assert_eq!(token::explain().kind, Kind::Scalar);
    assert_eq!(token::explain().codec, Codec::None);
}

#[cache(dir = DIR.clone())]
fn generic<T: Clone + Default + Send + Sync + Serialize + for<'a> Deserialize<'a> + 'static>(
    _n: u64,
) -> Vec<T> {
    vec![T::default(); 3]
}

#[cache(dir = DIR.clone())]
fn unbounded<T: omnicache::CacheKey + Clone + Send + Sync + 'static>(value: T) -> T {
    value
}

#[test]
fn a_generic_function_has_the_kind_that_its_bounds_allow() {
    assert_eq!(generic::<u32>(1), [0; 3]);
    assert_eq!(generic::explain().kind, Kind::Collection);
    assert_eq!((unbounded(1_u8), unbounded("a".to_owned())), (1, "a".to_owned()));
    assert_eq!(unbounded::explain().kind, Kind::Opaque, "nothing is known of `T` but that it can be cloned");
    assert_eq!(unbounded::explain().backend, Backend::Memory);
}

#[cache(dir = DIR.clone())]
async fn later(_n: u64) -> Alias<Vec<u8>> {
    Ok(vec![1])
}

#[test]
fn an_async_function_has_the_kind_of_its_output() {
    assert_eq!(crate::common::block_on(later(1)), Ok(vec![1]));
    assert_eq!(later::explain().kind, Kind::Bytes);
    assert_eq!(later::explain().policy, Policy::Lfu, "awaited results are costly");
}

#[test]
fn words_are_those_of_the_documentation() {
    let words: Vec<_> = Kind::ALL.iter().map(ToString::to_string).collect();
    let expected = ["scalar", "collection", "bytes", "array", "frame", "image", "json", "struct", "opaque"];
    assert_eq!(words, expected);
    let backends: Vec<_> = Backend::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(backends, ["memory", "disk", "array", "hybrid"]);
    assert_eq!(Codec::Npy.to_string(), "npy");
    assert_eq!(Policy::S3Fifo.to_string(), "s3_fifo");
}

#[cache(backend = disk, dir = DIR.clone())]
fn flattened(_n: u64) -> Flattened {
    Flattened { id: 1, more: HashMap::from([("a".to_owned(), 2)]) }
}

/// A type that bincode can write and cannot read back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flattened {
    id: u64,
    #[serde(flatten)]
    more: HashMap<String, u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Text(String),
}

#[cache(backend = disk, dir = DIR.clone())]
fn untagged(n: u64) -> Vec<Untagged> {
    vec![Untagged::Number(n), Untagged::Text("a".to_owned())]
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Skipping {
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<u64>,
    b: u64,
}

#[cache(backend = disk, dir = DIR.clone())]
fn skipping(n: u64) -> Skipping {
    Skipping { a: (n > 0).then_some(n), b: 7 }
}

#[test]
fn what_bincode_cannot_read_back_comes_back_from_disk_all_the_same() {
    for _ in 0..2 {
        assert_eq!(flattened(1), Flattened { id: 1, more: HashMap::from([("a".to_owned(), 2)]) });
        assert_eq!(untagged(1), [Untagged::Number(1), Untagged::Text("a".to_owned())]);
        assert_eq!(skipping(0), Skipping { a: None, b: 7 });
        assert_eq!(skipping(1), Skipping { a: Some(1), b: 7 });
    }
    assert_eq!(
        (flattened::stats().disk_hits, untagged::stats().disk_hits, skipping::stats().disk_hits),
        (1, 1, 2)
    );
    assert_eq!((flattened::stats().errors, untagged::stats().errors, skipping::stats().errors), (0, 0, 0));
}

#[cache(backend = array, dir = DIR.clone())]
fn ordered(rows: usize, fortran: bool) -> Array2<f64> {
    let mut array = if fortran { Array2::zeros((rows, 3).f()) } else { Array2::zeros((rows, 3)) };
    array.iter_mut().zip(0_u32..).for_each(|(place, value)| *place = value.into());
    array
}

#[test]
fn the_layout_of_a_result_is_kept() {
    for fortran in [false, true] {
        let computed = ordered(5, fortran);
        let stored = ordered(5, fortran);
        assert_eq!(computed, stored);
        assert_eq!(computed.strides(), stored.strides(), "C or Fortran, as it was");
        assert_eq!(stored.is_standard_layout(), !fortran);
    }
    assert_eq!(ordered::stats().disk_hits, 2);
}

#[cache(backend = array, dir = ARRAYS.clone())]
fn mapped(n: u64) -> MappedArray<u64, ndarray::Ix1> {
    MappedArray::from(Array1::from_elem(1000, n))
}

static ARRAYS: LazyLock<PathBuf> = LazyLock::new(lasting);

#[test]
fn an_array_result_is_an_npy_file() {
    assert_eq!(mapped(7).view(), Array1::from_elem(1000, 7));
    assert_eq!(mapped(7).view(), Array1::from_elem(1000, 7));
    assert_eq!(mapped::stats().disk_hits, 1);
    let files: Vec<_> = crate::common::files(&ARRAYS)
        .into_iter()
        .filter(|file| file.extension().is_some_and(|e| e == "npy"))
        .collect();
    assert_eq!(files.len(), 1);
    assert!(std::fs::read(&files[0]).expect("a file").starts_with(b"\x93NUMPY"));
}
