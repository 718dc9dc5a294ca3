use std::sync::Arc;

use arrow_array::builder::{Int32Builder, MapBuilder, StringBuilder};
use arrow_array::types::{ArrowPrimitiveType, Float16Type, Int32Type};
use arrow_array::*;
use arrow_buffer::{IntervalDayTime, i256};
use arrow_schema::{DataType, Field, Schema, UnionFields};

use super::Frame;
use crate::codec::testing::{encoded, mapped, mapped_as, survives_damage};
use crate::codec::{Leaf, Payload};
use crate::kind::Codec;

fn batch() -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None, Some(3.0), Some(-0.0)]));
    let names: ArrayRef = Arc::new(StringArray::from(vec![Some("one"), Some(""), None, Some("ß")]));
    let views: ArrayRef =
        Arc::new(StringViewArray::from(vec!["short", "a text that is longer than twelve", "", "x"]));
    let kinds: ArrayRef = Arc::new(["a", "b", "a", "c"].into_iter().collect::<DictionaryArray<Int32Type>>());
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(2)]),
    ]));
    let nested: ArrayRef = Arc::new(
        StructArray::try_from(vec![
            ("flag", Arc::new(BooleanArray::from(vec![true, false, true, true])) as ArrayRef),
            ("number", Arc::new(Int32Array::from(vec![1, 2, 3, 4]))),
        ])
        .expect("columns of one length"),
    );
    let nothing: ArrayRef = Arc::new(NullArray::new(4));
    RecordBatch::try_from_iter([
        ("numbers", numbers),
        ("names", names),
        ("views", views),
        ("kinds", kinds),
        ("lists", lists),
        ("nested", nested),
        ("nothing", nothing),
    ])
    .expect("columns of one length")
}

fn comes_back(batches: &Vec<RecordBatch>) {
    let bytes = encoded::<_, Frame>(batches);
    for payload in [Payload::from(bytes.clone()), mapped(&bytes), mapped_as(&bytes, true)] {
        let back: Vec<RecordBatch> = Frame::decode(Codec::ArrowIpc, payload).expect("it reads back");
        assert_eq!(back, *batches);
    }
}

#[test]
fn batches_come_back_nulls_nested_and_sliced() {
    comes_back(&vec![batch()]);
    comes_back(&vec![batch().slice(1, 2)]);
    comes_back(&vec![batch().slice(4, 0)]);
    comes_back(&vec![batch(), batch().slice(2, 2)]);
    comes_back(&vec![]);
    let rows = RecordBatchOptions::new().with_row_count(Some(7));
    let bare =
        RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &rows).expect("no columns");
    comes_back(&vec![bare]);
    let one: RecordBatch =
        Frame::decode(Codec::ArrowIpc, encoded::<_, Frame>(&batch()).into()).expect("it reads back");
    assert_eq!(one, batch());
}

#[test]
fn one_batch_is_not_several() {
    let several = encoded::<_, Frame>(&vec![batch(), batch()]);
    assert!(<Frame as Leaf<RecordBatch>>::decode(Codec::ArrowIpc, several.into()).is_err());
    let none = encoded::<Vec<RecordBatch>, Frame>(&vec![]);
    assert!(<Frame as Leaf<RecordBatch>>::decode(Codec::ArrowIpc, none.into()).is_err());
}

#[test]
fn batches_of_differing_schemas_are_refused() {
    let other = batch().project(&[0, 1]).expect("two columns");
    assert!(Frame::encode(&vec![batch(), other], Codec::ArrowIpc, &mut Vec::new()).is_err());
}

#[test]
fn the_size_is_that_of_the_slice() {
    let column: ArrayRef = Arc::new(Float64Array::from_iter_values((0..1000).map(f64::from)));
    let batch = RecordBatch::try_from_iter([("x", column)]).expect("one column");
    assert_eq!(<Frame as Leaf<RecordBatch>>::measure(&batch).size, 8000);
    assert_eq!(<Frame as Leaf<RecordBatch>>::measure(&batch.slice(10, 100)).size, 800);
}

#[test]
fn a_mapping_is_borrowed_not_copied() {
    let column: ArrayRef = Arc::new(Float64Array::from_iter_values((0..1000).map(f64::from)));
    let batch = RecordBatch::try_from_iter([("x", column)]).expect("one column");
    let payload = mapped(&encoded::<_, Frame>(&batch));
    let range = payload.as_ptr_range();
    let back: RecordBatch = Frame::decode(Codec::ArrowIpc, payload).expect("it reads back");
    let place = back.column(0).to_data().buffers()[0].as_ptr();
    assert!(range.contains(&place));
    assert_eq!(place.align_offset(64), 0);
    assert_eq!(back, batch);
}

type Half = <Float16Type as ArrowPrimitiveType>::Native;

/// A column of every type that Arrow's files know, four rows each, nulls where the type has them.
fn every_type() -> Vec<(&'static str, ArrayRef)> {
    [plain_types(), types_with_parameters(), nested_types()].concat()
}

fn some() -> Vec<Option<i32>> {
    vec![Some(1), None, Some(3), Some(4)]
}

fn wide() -> Vec<Option<i64>> {
    some().into_iter().map(|value| value.map(i64::from)).collect()
}

fn texts() -> Vec<Option<&'static str>> {
    vec![Some("one"), None, Some(""), Some("a text that is longer than twelve")]
}

fn plain_types() -> Vec<(&'static str, ArrayRef)> {
    macro_rules! column {
        ($($type:ty: $values:expr),+ $(,)?) => { vec![$((stringify!($type), Arc::new(<$type>::from($values)) as ArrayRef)),+] };
    }
    let raw = || texts().into_iter().map(|text| text.map(str::as_bytes)).collect::<Vec<_>>();
    column! {
        Int8Array: vec![Some(1_i8), None, Some(-3), Some(4)],
        Int16Array: vec![Some(1_i16), None, Some(-3), Some(4)],
        Int32Array: some(),
        Int64Array: wide(),
        UInt8Array: vec![Some(1_u8), None, Some(3), Some(4)],
        UInt16Array: vec![Some(1_u16), None, Some(3), Some(4)],
        UInt32Array: vec![Some(1_u32), None, Some(3), Some(4)],
        UInt64Array: vec![Some(1_u64), None, Some(3), Some(u64::MAX)],
        Float16Array: vec![Some(Half::ONE), None, Some(Half::ZERO), None],
        Float32Array: vec![Some(1.5_f32), None, Some(-0.0), Some(f32::MIN)],
        Float64Array: vec![Some(1.5), None, Some(-0.0), Some(f64::MIN)],
        BooleanArray: vec![Some(true), None, Some(false), Some(true)],
        StringArray: texts(),
        LargeStringArray: texts(),
        StringViewArray: texts(),
        BinaryArray: raw(),
        LargeBinaryArray: raw(),
        BinaryViewArray: raw(),
        Date32Array: some(),
        Date64Array: wide(),
        Time32SecondArray: some(),
        Time32MillisecondArray: some(),
        Time64MicrosecondArray: wide(),
        Time64NanosecondArray: wide(),
        TimestampSecondArray: wide(),
        TimestampMillisecondArray: wide(),
        TimestampMicrosecondArray: wide(),
        DurationSecondArray: wide(),
        DurationNanosecondArray: wide(),
        IntervalYearMonthArray: some(),
    }
}

fn types_with_parameters() -> Vec<(&'static str, ArrayRef)> {
    let zoned = TimestampNanosecondArray::from(wide()).with_timezone("Europe/Vienna");
    let decimals = Decimal128Array::from(vec![Some(i128::MAX / 10), None, Some(-5), Some(0)]);
    let decimals = decimals.with_precision_and_scale(38, 4).expect("they fit");
    vec![
        ("zoned", Arc::new(zoned)),
        ("decimals", Arc::new(decimals)),
        ("256", Arc::new(Decimal256Array::from(vec![Some(i256::MIN), None, Some(i256::ONE), None]))),
        (
            "day time",
            Arc::new(IntervalDayTimeArray::from(vec![Some(IntervalDayTime::new(1, 2)), None, None, None])),
        ),
        (
            "fixed binary",
            Arc::new(
                FixedSizeBinaryArray::try_from_iter([b"ab", b"cd", b"ef", b"gh"].into_iter())
                    .expect("of one width"),
            ),
        ),
    ]
}

fn nested_types() -> Vec<(&'static str, ArrayRef)> {
    let pairs: StructArray = StructArray::from(vec![(
        Arc::new(Field::new("number", DataType::Int32, true)),
        Arc::new(Int32Array::from(some())) as ArrayRef,
    )]);
    let lists = |values| ListArray::from_iter_primitive::<Int32Type, _, _>(values);
    let numbers = vec![Some(vec![Some(1), None]), None, Some(vec![]), Some(vec![Some(2)])];
    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        vec![Some(vec![Some(1), None]), None, Some(vec![Some(3), Some(4)]), None],
        2,
    );
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for row in 0..4 {
        map.keys().append_value(format!("key {row}"));
        map.values().append_value(row);
        map.append(row != 1).expect("as many keys as values");
    }
    let runs = Int32RunArray::from_iter([Some("a"), Some("a"), None, Some("b")]);
    let union = UnionArray::try_new(
        UnionFields::try_new(
            vec![0, 1],
            vec![Field::new("i", DataType::Int32, true), Field::new("t", DataType::Utf8, true)],
        )
        .expect("two fields"),
        vec![0, 1, 0, 1].into(),
        None,
        vec![Arc::new(Int32Array::from(some())), Arc::new(StringArray::from(texts()))],
    );
    vec![
        ("struct", Arc::new(pairs)),
        ("lists", Arc::new(lists(numbers.clone()))),
        ("large lists", Arc::new(LargeListArray::from_iter_primitive::<Int32Type, _, _>(numbers))),
        ("fixed lists", Arc::new(fixed)),
        ("map", Arc::new(map.finish())),
        ("runs", Arc::new(runs)),
        ("union", Arc::new(union.expect("a union"))),
        ("dictionary", Arc::new(["a", "b", "a", "c"].into_iter().collect::<DictionaryArray<Int32Type>>())),
        ("nothing", Arc::new(NullArray::new(4))),
    ]
}

#[test]
fn every_type_comes_back_whole_sliced_and_empty() {
    for (name, column) in every_type() {
        for (start, length) in [(0, 4), (1, 2), (2, 2), (4, 0)] {
            let batch =
                RecordBatch::try_from_iter([(name, column.slice(start, length))]).expect("one column");
            comes_back(&vec![batch.clone(), batch]);
        }
    }
    comes_back(&vec![RecordBatch::try_from_iter(every_type()).expect("columns of one length")]);
}

/// A file with a text that is no UTF-8, as nobody's codec writes it.
fn with_an_invalid_text() -> Vec<u8> {
    let column: ArrayRef = Arc::new(StringArray::from(vec!["abcdefgh"]));
    let mut bytes = encoded::<_, Frame>(&RecordBatch::try_from_iter([("x", column)]).expect("one column"));
    let at = bytes.windows(8).position(|window| window == b"abcdefgh").expect("the text");
    bytes[at] = 0xFF;
    bytes
}

#[test]
fn what_others_may_have_written_is_validated() {
    let bytes = with_an_invalid_text();
    for payload in [mapped(&bytes), bytes.into()] {
        assert!(<Frame as Leaf<RecordBatch>>::decode(Codec::ArrowIpc, payload).is_err());
    }
}

#[test]
fn what_our_codec_wrote_is_not_looked_through() {
    let mut bytes = with_an_invalid_text();
    let back: RecordBatch =
        Frame::decode(Codec::ArrowIpc, mapped_as(&bytes, true)).expect("nobody looks at the text");
    assert_eq!(back.num_rows(), 1);
    // And what is not there to be seen is still checked: the file's frame.
    bytes.truncate(bytes.len() - 1);
    assert!(<Frame as Leaf<RecordBatch>>::decode(Codec::ArrowIpc, mapped_as(&bytes, true)).is_err());
}

#[test]
fn damaged_files_never_panic() {
    let look = |batches: &Vec<RecordBatch>| {
        for batch in batches {
            for column in batch.columns() {
                column.to_data().validate_full().expect("what is read is valid");
            }
        }
    };
    let small = batch().project(&[0, 1, 3, 4]).expect("four columns");
    survives_damage::<Vec<RecordBatch>, Frame>(&encoded::<_, Frame>(&vec![small]), look);
}
