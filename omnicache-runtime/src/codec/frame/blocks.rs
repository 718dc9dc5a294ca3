//! Finding and checking the blocks of an Arrow IPC file before its reader looks at them.
//!
//! The reader slices buffers by what the file says and panics where that lies outside, so everything it will slice
//! by is checked here first.

use std::ops::Range;

use arrow_buffer::Buffer;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::{Block, Footer, MessageHeader, RecordBatch as Described, root_as_footer, root_as_message};

/// What opens and closes a file.
const MAGIC: &[u8] = b"ARROW1";
/// The file ends in the footer's length, four bytes, and the magic.
const TRAILER: usize = 10;
/// A message starts with a continuation marker and its length.
const PREFIX: usize = 8;
/// Every buffer starts at a multiple of this.
const ALIGNMENT: i64 = 8;
/// Rows and values beyond this number are not believed: their bits could not be addressed.
const ROWS: i64 = i64::MAX >> 16;

/// The footer of a file and where the blocks before it end.
pub(super) fn footer(file: &[u8]) -> Result<(Footer<'_>, usize), String> {
    let end = file.len().checked_sub(TRAILER).ok_or("the file is too short")?;
    let trailer = file[end..].try_into().map_err(|_| "the file is too short")?;
    let length = read_footer_length(trailer).map_err(|error| error.to_string())?;
    let start =
        end.checked_sub(length).filter(|start| *start >= MAGIC.len()).ok_or("the footer is too long")?;
    if !file.starts_with(MAGIC) {
        return Err("the file does not start as one of Arrow's".into());
    }
    let footer = root_as_footer(&file[start..end]).map_err(|error| error.to_string())?;
    Ok((footer, start))
}

/// Where a block lies; they must follow one another, so that no part of the file is read twice.
fn extent(block: &Block, from: usize, to: usize) -> Option<Range<usize>> {
    let start = usize::try_from(block.offset()).ok().filter(|start| *start >= from)?;
    let metadata = usize::try_from(block.metaDataLength()).ok().filter(|length| *length >= PREFIX)?;
    let body = usize::try_from(block.bodyLength()).ok()?;
    let end = start.checked_add(metadata)?.checked_add(body).filter(|end| *end <= to)?;
    Some(start..end)
}

/// Whether every buffer lies within the block's body and every count is one.
fn described_well(batch: &Described<'_>, body: usize) -> bool {
    let within = |buffer: &arrow_ipc::Buffer| {
        let end = buffer.offset().checked_add(buffer.length());
        buffer.offset() >= 0
            && buffer.offset() % ALIGNMENT == 0
            && buffer.length() >= 0
            && end.is_some_and(|end| end.unsigned_abs() <= body as u64)
    };
    let buffers = batch.buffers().map_or(0, |buffers| buffers.len());
    (0..=ROWS).contains(&batch.length())
        && batch.compression().is_none()
        && batch.buffers().is_none_or(|buffers| buffers.iter().all(within))
        && batch.nodes().is_none_or(|nodes| {
            nodes.iter().all(|node| node.length() <= ROWS && (0..=node.length()).contains(&node.null_count()))
        })
        && batch.variadicBufferCounts().is_none_or(|counts| {
            counts.iter().all(|count| usize::try_from(count).is_ok_and(|count| count <= buffers))
        })
}

/// What a block must hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Dictionary,
    Batch,
}

/// The blocks of a file, handed out in their order.
pub(super) struct Blocks<'a> {
    file: &'a Buffer,
    from: usize,
    to: usize,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(file: &'a Buffer, to: usize) -> Self {
        Self { file, from: MAGIC.len(), to }
    }

    /// The bytes of the next block, checked.
    pub(super) fn next(&mut self, block: &Block, holds: Holds) -> Result<Buffer, String> {
        let extent = extent(block, self.from, self.to).ok_or("a block lies outside the file")?;
        self.from = extent.end;
        let bytes = &self.file[extent.clone()];
        if bytes[..4] != [0xFF; 4] {
            return Err("a block does not start as a message".into());
        }
        let message = root_as_message(&bytes[PREFIX..]).map_err(|error| error.to_string())?;
        let batch = match (holds, message.header_type()) {
            (Holds::Batch, MessageHeader::RecordBatch) => message.header_as_record_batch(),
            (Holds::Dictionary, MessageHeader::DictionaryBatch) => {
                message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data())
            }
            _ => None,
        };
        let body = usize::try_from(block.bodyLength()).map_err(|_| "a block is too long")?;
        if !batch.is_some_and(|batch| described_well(&batch, body)) {
            return Err("a block is not what it should be".into());
        }
        Ok(self.file.slice_with_length(extent.start, extent.len()))
    }
}

/// Reads the dictionaries into `decoder`.
pub(super) fn read_dictionaries(
    decoder: &mut FileDecoder,
    blocks: &mut Blocks<'_>,
    footer: &Footer<'_>,
) -> Result<(), String> {
    for block in footer.dictionaries().iter().flatten() {
        let bytes = blocks.next(block, Holds::Dictionary)?;
        decoder.read_dictionary(block, &bytes).map_err(|error| error.to_string())?;
    }
    Ok(())
}
