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
    if column.null_count() == 0 {
        key.tag(Tag::None);
        return;
    }
    key.tag(Tag::Some);
    let mut bits = [0_u8; 128];
    for start in (0..column.len()).step_by(1024) {
        let count = (column.len() - start).min(1024);
        bits.fill(0);
        for index in 0..count {
            bits[index / 8] |= u8::from(column.is_null(start + index)) << (index % 8);
        }
        key.raw(&bits[..count.div_ceil(8)]);
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
    (0..values.len()).for_each(|index| key.raw(&[u8::from(values.is_valid(index) && values.value(index))]));
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
