//! Writing and reading Arrow IPC files.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::FileDecoder;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::{ArrowError, Schema};

use super::Frame;
use super::blocks::{Blocks, Holds, footer, read_dictionaries};
use crate::codec::{Leaf, MappedBytes, Measure, Native, Payload, TypeShape, expect_codec, shape_of};
use crate::error::{Fault, FaultKind};
use crate::kind::{Codec, Kind};

/// The bytes of the batches' own rows, without what their buffers hold beside them.
fn measure(batches: &[RecordBatch]) -> Measure {
    let columns = batches.iter().flat_map(RecordBatch::columns);
    let size = columns.map(|column| {
        column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size()) as u64
    });
    Measure { size: size.sum(), codec: Codec::ArrowIpc }
}

fn write(batches: &[RecordBatch], codec: Codec, out: &mut dyn io::Write) -> Result<(), Fault> {
    expect_codec(FaultKind::Encode, codec, Codec::ArrowIpc)?;
    let schema = batches.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
    if batches.iter().any(|batch| batch.schema() != schema) {
        return Err(Fault::new(FaultKind::Encode, "the batches differ in schema"));
    }
    let written = || -> Result<(), ArrowError> {
        let options = IpcWriteOptions::default();
        let mut writer = FileWriter::try_new_with_options(io::BufWriter::new(out), &schema, options)?;
        for batch in batches {
            writer.write(batch)?;
        }
        writer.finish()
    };
    written().map_err(|error| Fault::new(FaultKind::Encode, "writing record batches").because(error))
}

fn read(codec: Codec, payload: Payload) -> Result<Vec<RecordBatch>, Fault> {
    expect_codec(FaultKind::Decode, codec, Codec::ArrowIpc)?;
    let refused = |why: String| Fault::new(FaultKind::Decode, "not an Arrow IPC file of ours").because(why);
    let is_trusted = matches!(&payload, Payload::Mapped(mapping) if mapping.is_trusted());
    // Without a copy: the buffers keep the mapping alive.
    let file = Buffer::from(bytes::Bytes::from(MappedBytes::from(payload)));
    // What the reader is known to panic at is checked beforehand; should it panic all the same, the file is damaged
    // and no more than that.
    catch_unwind(AssertUnwindSafe(|| read_checked(&file, is_trusted)))
        .unwrap_or_else(|_| Err("the reader panicked".into()))
        .map_err(refused)
}

/// Without validation, reading a file touches what describes its columns and none of their bytes; with it, each offset
/// and text is looked at.
fn read_checked(file: &Buffer, is_trusted: bool) -> Result<Vec<RecordBatch>, String> {
    let (footer, end) = footer(file)?;
    let schema = footer.schema().ok_or("there is no schema")?;
    let schema = try_fb_to_schema(schema).map_err(|error| error.to_string())?;
    let decoder = FileDecoder::new(Arc::new(schema), footer.version());
    // SAFETY: a trusted file is as this very codec wrote it, in the present boot of the machine, from a valid batch.
    let mut decoder = unsafe { decoder.with_skip_validation(is_trusted) };
    let mut blocks = Blocks::new(file, end);
    let listed = footer.recordBatches();
    // The dictionaries stand before the first batch that needs them, not before all of them; so each kind of block
    // is checked to follow its own.
    read_dictionaries(&mut decoder, &mut Blocks::new(file, end), &footer)?;
    let mut batches = Vec::new();
    for block in listed.iter().flatten() {
        let bytes = blocks.next(block, Holds::Batch)?;
        let batch = decoder.read_record_batch(block, &bytes).map_err(|error| error.to_string())?;
        batches.push(batch.ok_or("a block is empty")?);
    }
    Ok(batches)
}

impl Leaf<RecordBatch> for Frame {
    const KIND: Kind = Kind::Frame;
    const CODEC: Codec = Codec::ArrowIpc;
    const FILE: Option<&'static str> = Some("arrow");

    fn measure(value: &RecordBatch) -> Measure {
        measure(std::slice::from_ref(value))
    }

    fn encode(value: &RecordBatch, codec: Codec, out: &mut dyn io::Write) -> Result<(), Fault> {
        write(std::slice::from_ref(value), codec, out)
    }

    fn decode(codec: Codec, payload: Payload) -> Result<RecordBatch, Fault> {
        let mut batches = read(codec, payload)?;
        match (batches.pop(), batches.is_empty()) {
            (Some(batch), true) => Ok(batch),
            _ => Err(Fault::new(FaultKind::Decode, "the file does not hold one record batch")),
        }
    }

    fn shape() -> TypeShape {
        shape_of(&["arrow", "batch"])
    }
}

impl Leaf<Vec<RecordBatch>> for Frame {
    const KIND: Kind = Kind::Frame;
    const CODEC: Codec = Codec::ArrowIpc;
    const FILE: Option<&'static str> = Some("arrow");

    fn measure(value: &Vec<RecordBatch>) -> Measure {
        measure(value)
    }

    fn encode(value: &Vec<RecordBatch>, codec: Codec, out: &mut dyn io::Write) -> Result<(), Fault> {
        write(value, codec, out)
    }

    fn decode(codec: Codec, payload: Payload) -> Result<Vec<RecordBatch>, Fault> {
        read(codec, payload)
    }

    fn shape() -> TypeShape {
        shape_of(&["arrow", "batches"])
    }
}

impl Native for RecordBatch {
    type Leaf = Frame;
}

impl Native for Vec<RecordBatch> {
    type Leaf = Frame;
}
