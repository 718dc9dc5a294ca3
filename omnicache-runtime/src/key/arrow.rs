//! Record batches as keys: the schema and the logical values, so that a slice and its copy are one key.
//!
//! Types without a rule of their own (views, unions, run-end encoding) are written as their buffers: two equal
//! columns laid out differently are then two keys, which costs a miss and is never wrong.

use arrow_array::cast::AsArray;
use arrow_array::{Array, GenericByteArray, OffsetSizeTrait, RecordBatch, types::ByteArrayType};
use arrow_schema::DataType;

use super::writer::Tag;
use super::{CacheKey, KeyWriter};

impl CacheKey for RecordBatch {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tag(Tag::Frame);
        key.length(self.num_rows());
        key.length(self.num_columns());
        for (field, column) in self.schema_ref().fields().iter().zip(self.columns()) {
            key.text(field.name());
            write_column(column.as_ref(), key);
        }
    }
}

fn write_column(column: &dyn Array, key: &mut KeyWriter) {
    key.text(&column.data_type().to_string());
    key.length(column.len());
    write_nulls(column, key);
    match column.data_type() {
        DataType::Utf8 => write_bytes(column.as_string::<i32>(), key),
        DataType::LargeUtf8 => write_bytes(column.as_string::<i64>(), key),
        DataType::Binary => write_bytes(column.as_binary::<i32>(), key),
        DataType::LargeBinary => write_bytes(column.as_binary::<i64>(), key),
        DataType::Boolean => write_booleans(column, key),
        DataType::Struct(_) => {
            column.as_struct().columns().iter().for_each(|child| write_column(child.as_ref(), key));
        }
        DataType::List(_) => write_list::<i32>(column, key),
        DataType::LargeList(_) => write_list::<i64>(column, key),
        kind => match kind.primitive_width() {
            Some(width) => write_primitive(column, width, key),
            None => write_buffers(column, key),
        },
    }
}

fn write_nulls(column: &dyn Array, key: &mut KeyWriter) {
    let Some(nulls) = column.nulls().filter(|nulls| nulls.null_count() > 0) else {
        return key.tag(Tag::None);
    };
    key.tag(Tag::Some);
    let valid = nulls.inner().bit_chunks();
    let last =
        (valid.remainder_len() > 0).then(|| valid.remainder_bits() | u64::MAX << valid.remainder_len());
    let mut words = valid.iter().chain(last);
    for start in (0..column.len()).step_by(1024) {
        let mut bits = [[0; 8]; 16];
        bits.iter_mut().zip(&mut words).for_each(|(bits, word)| *bits = (!word).to_le_bytes());
        key.raw(&bits.as_flattened()[..(column.len() - start).min(1024).div_ceil(8)]);
    }
}

fn write_primitive(column: &dyn Array, width: usize, key: &mut KeyWriter) {
    let data = column.to_data();
    let values = &data.buffers()[0].as_slice()[data.offset() * width..(data.offset() + data.len()) * width];
    if column.null_count() == 0 {
        return key.bulk(&values);
    }
    // What lies under a null is arbitrary.
    key.bulk_pieces(|push| {
        let nulls = column.logical_nulls();
        let valid = nulls.iter().flat_map(|nulls| nulls.valid_slices());
        valid.for_each(|(start, end)| push(&values[start * width..end * width]));
    });
}

fn write_booleans(column: &dyn Array, key: &mut KeyWriter) {
    let values = column.as_boolean();
    key.gathered((0..values.len()).map(|index| [u8::from(values.is_valid(index) && values.value(index))]));
}

fn write_bytes<T: ByteArrayType>(values: &GenericByteArray<T>, key: &mut KeyWriter) {
    for value in values {
        let value: &[u8] = value.map_or(&[], AsRef::as_ref);
        key.length(value.len());
        key.raw(value);
    }
}

fn write_list<O: OffsetSizeTrait>(column: &dyn Array, key: &mut KeyWriter) {
    let list = column.as_list::<O>();
    let offsets = list.value_offsets();
    offsets.windows(2).for_each(|pair| key.length(pair[1].as_usize() - pair[0].as_usize()));
    let (first, last) = (offsets[0].as_usize(), offsets[list.len()].as_usize());
    write_column(list.values().slice(first, last - first).as_ref(), key);
}

fn write_buffers(column: &dyn Array, key: &mut KeyWriter) {
    let data = column.to_data();
    key.length(data.offset());
    key.length(data.buffers().len());
    for buffer in data.buffers() {
        key.length(buffer.len());
        key.raw(buffer);
    }
    key.length(data.child_data().len());
    for child in data.child_data() {
        write_column(arrow_array::make_array(child.clone()).as_ref(), key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, BooleanArray, Int32Array};

    use super::*;

    fn bytes(column: &ArrayRef) -> Vec<u8> {
        KeyWriter::bytes(|key| write_column(column.as_ref(), key)).0
    }

    fn digest(column: &ArrayRef) -> crate::key::Digest {
        KeyWriter::digest(|key| write_column(column.as_ref(), key))
    }

    /// The name and length of a column, and its nulls bit by bit.
    fn beginning(name: &str, column: &dyn Array) -> Vec<u8> {
        let lengths = [name.len() as u64, column.len() as u64].map(u64::to_le_bytes);
        let mut bytes = [&lengths[0][..], name.as_bytes(), &lengths[1]].concat();
        if column.null_count() == 0 {
            bytes.push(Tag::None as u8);
            return bytes;
        }
        let start = bytes.len() + 1;
        bytes.push(Tag::Some as u8);
        bytes.resize(start + column.len().div_ceil(8), 0);
        for row in (0..column.len()).filter(|row| column.is_null(*row)) {
            bytes[start + row / 8] |= 1 << (row % 8);
        }
        bytes
    }

    #[test]
    fn columns_are_written_row_by_row_wherever_they_begin() {
        let numbers = |row: i32| (row % 7 != 3 && row % 1000 < 900).then_some(row);
        let columns: [ArrayRef; 3] = [
            Arc::new((0..5000).map(numbers).collect::<Int32Array>()),
            Arc::new((0..5000).map(Some).collect::<Int32Array>()),
            Arc::new((0..5000).map(|row| numbers(row).map(|row| row % 3 == 0)).collect::<BooleanArray>()),
        ];
        for column in columns {
            for (start, length) in [(0, 5000), (0, 1024), (5, 1023), (63, 4097), (901, 64), (4, 0)] {
                let part = column.slice(start, length);
                let name = part.data_type().to_string();
                let mut expected = beginning(&name, part.as_ref());
                for row in 0..length {
                    if let Some(numbers) = part.as_primitive_opt::<arrow_array::types::Int32Type>() {
                        expected.extend(
                            numbers.is_valid(row).then(|| numbers.value(row).to_le_bytes()).iter().flatten(),
                        );
                    } else {
                        let flags = part.as_boolean();
                        expected.push(u8::from(flags.is_valid(row) && flags.value(row)));
                    }
                }
                assert_eq!(bytes(&part), expected, "{name}, {length} rows from {start}");
                let copy = arrow_array::make_array(part.to_data());
                assert_eq!(digest(&part), digest(&copy));
            }
        }
    }
}
