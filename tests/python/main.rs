//! Array files and frames are open to others: the real numpy, pyarrow, pandas and polars read what we store, and we
//! read what they write. The first run makes a Python environment below the target directory.

#![cfg(all(feature = "ndarray", feature = "arrow"))]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "made-up values of every type"
)]

mod environment;

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use arrow_array::builder::{Int32Builder, ListBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Decimal128Array, DictionaryArray, Float64Array, Int32Array,
    RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema};
use ndarray::{Array, Array0, Array1, Array2, Array3, ArrayD, Dimension, IxDyn, ShapeBuilder, s};
use num_complex::Complex;
use omnicache::codec::{Array as Npy, Element, Frame, Leaf};
use omnicache::{Codec, MappedArray, cache, for_bytes, for_dataframes, for_ndarray};

/// Where the results of this test lie.
fn dir() -> PathBuf {
    static DIR: OnceLock<tempfile::TempDir> = OnceLock::new();
    DIR.get_or_init(|| tempfile::tempdir().expect("a directory")).path().to_owned()
}

fn peer(word: &str, arguments: impl IntoIterator<Item = String>) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/peer.py");
    let mut command = Command::new(environment::python());
    environment::run(command.arg(program).arg(word).args(arguments)).expect("Python finds what it should");
}

/// What Python has written, in a folder of its own.
fn written() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a directory");
    peer("write", [folder.path().display().to_string()]);
    folder
}

macro_rules! numbers {
    ($($name:ident: $type:ty, $code:literal, $at:ident => $value:expr;)+) => {
        $(#[cache(config = for_ndarray(), dir = dir())]
        fn $name(fortran: bool) -> Array2<$type> {
            Array2::from_shape_fn((2, 3).set_f(fortran), |(row, column)| {
                let $at = row * 3 + column;
                $value
            })
        })+

        /// The name and file of each.
        fn numbers() -> Vec<(&'static str, PathBuf)> {
            vec![$({
                $name(false);
                $name(true);
                [
                    (concat!($code, "_c"), $name::path(false).expect("a file")),
                    (concat!($code, "_f"), $name::path(true).expect("a file")),
                ]
            }),+].into_flattened()
        }

        fn read_numbers(folder: &Path) {
            $(for fortran in [false, true] {
                let name = if fortran { concat!($code, "_f") } else { concat!($code, "_c") };
                let wanted = $name::uncached(fortran);
                let found = decoded(folder, name, &wanted);
                assert_eq!(found.strides(), wanted.strides(), "{name} keeps its order");
            })+
        }
    };
}

numbers! {
    of_i8: i8, "i1", at => at as i8;
    of_i16: i16, "i2", at => at as i16;
    of_i32: i32, "i4", at => at as i32;
    of_i64: i64, "i8", at => at as i64;
    of_u8: u8, "u1", at => at as u8;
    of_u16: u16, "u2", at => at as u16;
    of_u32: u32, "u4", at => at as u32;
    of_u64: u64, "u8", at => at as u64;
    of_f32: f32, "f4", at => at as f32 * 0.5;
    of_f64: f64, "f8", at => at as f64 * 0.5;
    of_c32: Complex<f32>, "c8", at => Complex::new(at as f32 * 0.5, at as f32);
    of_c64: Complex<f64>, "c16", at => Complex::new(at as f64 * 0.5, at as f64);
    of_bool: bool, "b1", at => at % 2 == 1;
}

fn decoded<A: Element + PartialEq + Debug, D: Dimension + 'static>(
    folder: &Path,
    name: &str,
    wanted: &Array<A, D>,
) -> Array<A, D> {
    let bytes = fs::read(folder.join(format!("{name}.npy"))).expect("Python has written it");
    let found: Array<A, D> = Npy::decode(Codec::Npy, bytes.into()).expect("it is an array of the type");
    assert_eq!(found, *wanted, "{name}");
    found
}

#[cache(config = for_ndarray(), dir = dir())]
fn scalar() -> Array0<u16> {
    Array0::from_elem((), 7)
}

#[cache(config = for_ndarray(), dir = dir())]
fn line() -> MappedArray<f64, ndarray::Ix1> {
    Array1::from_iter((0..5).map(f64::from)).into()
}

#[cache(config = for_ndarray(), dir = dir())]
fn cube() -> ArrayD<i32> {
    Array::from_iter(0..24).into_shape_with_order(IxDyn(&[2, 3, 4])).expect("24 elements")
}

#[cache(config = for_ndarray(), dir = dir())]
fn empty() -> Array3<f32> {
    Array3::zeros((2, 0, 3))
}

#[cache(config = for_ndarray(), dir = dir())]
fn strided() -> Array2<i32> {
    let all = Array::from_iter(0..24).into_shape_with_order((4, 6)).expect("24 elements");
    all.slice_move(s![.., ..;2])
}

#[test]
fn numpy_maps_what_we_store() {
    let mut files = numbers();
    drop((scalar(), line(), cube(), empty(), strided()));
    files.extend([
        ("scalar", scalar::path().expect("a file")),
        ("line", line::path().expect("a file")),
        ("cube", cube::path().expect("a file")),
        ("empty", empty::path().expect("a file")),
        ("strided", strided::path().expect("a file")),
    ]);
    assert_eq!(files.len(), 31);
    peer("read", files.into_iter().map(|(name, path)| format!("{name}={}", path.display())));
}

#[test]
fn we_read_what_numpy_writes() {
    let folder = written();
    read_numbers(folder.path());
    decoded(folder.path(), "scalar", &scalar::uncached());
    decoded(folder.path(), "line", &line::uncached().to_owned());
    decoded(folder.path(), "cube", &cube::uncached());
    decoded(folder.path(), "empty", &empty::uncached());
    decoded(folder.path(), "strided", &strided::uncached());
}

fn batch() -> RecordBatch {
    let mut lists = ListBuilder::new(Int32Builder::new());
    lists.append_value([Some(1), None]);
    lists.append_null();
    lists.append_value([]);
    let day = 1_795_262_400_000_000;
    let price = Decimal128Array::from(vec![Some(125), None, Some(-350)]);
    let pair = StructArray::new(
        vec![Field::new("x", DataType::Int32, true)].into(),
        vec![Arc::new(Int32Array::from(vec![Some(1), None, None]))],
        Some(vec![true, true, false].into()),
    );
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("number", Arc::new(Float64Array::from(vec![Some(1.5), None, Some(-0.5)]))),
        ("count", Arc::new(Int32Array::from(vec![Some(1), Some(2), None]))),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("text", Arc::new(StringArray::from(vec![Some("one"), Some(""), None]))),
        ("bytes", Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None, Some(b"")]))),
        ("list", Arc::new(lists.finish())),
        ("kind", Arc::new(["a", "b", "a"].into_iter().collect::<DictionaryArray<Int32Type>>())),
        ("pair", Arc::new(pair)),
        (
            "when",
            Arc::new(TimestampMicrosecondArray::from(vec![Some(day), None, Some(day)]).with_timezone("UTC")),
        ),
        ("price", Arc::new(price.with_precision_and_scale(10, 2).expect("they fit"))),
    ];
    let fields = columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, columns.into_iter().map(|(_, column)| column).collect())
        .expect("ten columns")
}

#[cache(config = for_dataframes(), dir = dir())]
fn frame(number: u8) -> RecordBatch {
    let _ = number;
    batch()
}

#[test]
fn pyarrow_maps_what_we_store_and_pandas_and_polars_read_it() {
    frame(1);
    peer("read", [format!("frame={}", frame::path(1).expect("a file").display())]);
    assert_eq!(frame::path(2), None, "it was never called");
}

#[test]
fn we_read_what_pyarrow_writes() {
    let folder = written();
    let read = |name: &str| -> Vec<RecordBatch> {
        let bytes = fs::read(folder.path().join(name)).expect("Python has written it");
        Frame::decode(Codec::ArrowIpc, bytes.into()).expect("it is a frame")
    };
    assert_eq!(read("one.arrow"), [batch()]);
    assert_eq!(read("two.arrow"), [batch(), batch().slice(1, 2)]);
    assert!(read("none.arrow").is_empty());
}

#[cache(config = for_bytes(), dir = dir())]
fn bytes(length: usize) -> Vec<u8> {
    vec![7; length]
}

#[cache(dir = dir())]
fn small(length: usize) -> Vec<u8> {
    vec![7; length]
}

#[test]
fn a_path_is_told_of_what_lies_in_a_file_and_of_nothing_else() {
    let (large, inline) = (100_000, 10);
    drop((bytes(large), bytes(inline), small(inline)));
    let path = bytes::path(large).expect("a file");
    assert_eq!(fs::read(&path).expect("it is there"), vec![7; large]);
    assert_eq!(bytes::path(inline), None, "it lies in the index");
    assert_eq!(small::path(inline), None, "it lies in memory");
    assert!(bytes::invalidate(large));
    assert_eq!(bytes::path(large), None, "it was invalidated");
}
