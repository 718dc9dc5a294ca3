//! A frame that is larger than memory: a sparse file.

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array, RecordBatch};

use super::Frame;
use super::blocks::footer;
use crate::codec::testing::encoded;
use crate::codec::{Leaf, Payload};
use crate::kind::Codec;
use crate::store::Mapping;

/// The file of a column of so many floats, of which no more is written than what describes it and the first and last
/// number: the description is that of a small one, with the larger numbers in their places.
fn sparse(rows: usize) -> Mapping {
    const FEW: u32 = 1_000_448;
    let column: ArrayRef = Arc::new(Float64Array::from_iter_values((0..FEW).map(|row| f64::from(row) + 0.1)));
    let small = encoded::<_, Frame>(&RecordBatch::try_from_iter([("number", column)]).expect("one column"));
    let few = FEW as usize;
    let (footer, _) = footer(&small).expect("a footer");
    let block = *footer.recordBatches().expect("a list").get(0);
    assert_eq!(block.bodyLength(), 8 * i64::from(FEW), "nothing but the numbers");
    let body = usize::try_from(block.offset() + i64::from(block.metaDataLength())).expect("it is small");
    let described = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        for at in 0..bytes.len() - 7 {
            let number = usize::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
            if [few, 8 * few].contains(&number) {
                bytes[at..at + 8].copy_from_slice(&(number / few * rows).to_le_bytes());
            }
        }
        bytes
    };
    let file = tempfile::tempfile().expect("a file");
    let write = |bytes: &[u8], at: usize| file.write_all_at(bytes, at as u64).expect("it is written");
    write(&described(&small[..body]), 0);
    write(&1.5_f64.to_le_bytes(), body);
    write(&2.5_f64.to_le_bytes(), body + 8 * (rows - 1));
    write(&described(&small[body + 8 * few..]), body + 8 * rows);
    let metadata = file.metadata().expect("it is there");
    Mapping::of(&file, &metadata, true).expect("it can be mapped")
}

/// How many bytes of a mapped file are in memory.
fn in_memory(mapping: &Mapping) -> usize {
    const PAGE: usize = 4096;
    let mut pages = vec![0_u8; mapping.len().div_ceil(PAGE)];
    let start = mapping.as_ptr().cast_mut().cast();
    // SAFETY: the mapping begins at a page, and there is a byte for each of its pages, whatever their size.
    let told = unsafe { libc::mincore(start, mapping.len(), pages.as_mut_ptr()) };
    assert_eq!(told, 0, "the system tells");
    pages.iter().filter(|page| **page & 1 == 1).count() * PAGE
}

#[test]
fn a_frame_of_ten_gigabytes_is_opened_by_reading_what_describes_it() {
    const ROWS: usize = 1_250_000_000;
    let mapping = Arc::new(sparse(ROWS));
    assert!(mapping.len() > 10_000_000_000);
    let batch: RecordBatch =
        Frame::decode(Codec::ArrowIpc, Payload::Mapped(Arc::clone(&mapping))).expect("it is a frame");
    assert_eq!(batch.num_rows(), ROWS);
    let numbers = batch.column(0).as_primitive::<Float64Type>();
    assert_eq!((numbers.value(0), numbers.value(1), numbers.value(ROWS - 1)), (1.5, 0.0, 2.5));
    // The system reads ahead a little.
    let read = in_memory(&mapping);
    assert!(read < 8 << 20, "{read} bytes were read");
}
