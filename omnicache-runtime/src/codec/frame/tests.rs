use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, ListArray, NullArray,
    RecordBatch, RecordBatchOptions, StringArray, StringViewArray, StructArray,
};
use arrow_schema::Schema;

use super::Frame;
use crate::codec::testing::{encoded, mapped, survives_damage};
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
    for payload in [Payload::from(bytes.clone()), mapped(&bytes)] {
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
