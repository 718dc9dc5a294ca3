//! The leaf of Arrow record batches: the Arrow IPC file format, mapped without a copy.
//!
//! The format is that of <https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format>, uncompressed, buffers
//! aligned to 64 bytes; pandas and polars open it.

mod blocks;
#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
mod huge;
mod leaf;
#[cfg(test)]
mod tests;

/// The leaf of record batches.
#[derive(Clone, Copy, Debug)]
pub struct Frame;
