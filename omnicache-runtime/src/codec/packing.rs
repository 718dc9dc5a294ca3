//! Bytes compressed by zstd behind their length: eight bytes, little-endian, then one frame.

use crate::error::{Fault, FaultKind};

/// A zstd block takes 4 bytes at least and yields 128 KiB at most, so nothing is longer than this many times its
/// frame.
const MOST: u64 = 1 << 15;

/// Packs bytes.
pub(crate) fn pack(bytes: &[u8], level: i32) -> Result<Vec<u8>, Fault> {
    let frame = zstd::bulk::compress(bytes, level)
        .map_err(|error| Fault::new(FaultKind::Encode, "compressing a result").because(error))?;
    let mut packed = Vec::with_capacity(8 + frame.len());
    packed.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    packed.extend_from_slice(&frame);
    Ok(packed)
}

fn refused(why: &'static str) -> Fault {
    Fault::new(FaultKind::Decode, "not compressed bytes behind their length").because(why)
}

/// The bytes that were packed. Never allocates more than what is there may have been.
pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<u8>, Fault> {
    let (length, frame) = packed.split_first_chunk().ok_or_else(|| refused("they are too short"))?;
    let length = u64::from_le_bytes(*length);
    if length > MOST.saturating_mul(frame.len() as u64) {
        return Err(refused("the length cannot be true"));
    }
    let length = usize::try_from(length).map_err(|_| refused("the length cannot be true"))?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| refused("the length cannot be true"))?;
    let read =
        zstd::bulk::Decompressor::new().and_then(|mut zstd| zstd.decompress_to_buffer(frame, &mut bytes));
    let read = read.map_err(|error| Fault::new(FaultKind::Decode, "decompressing").because(error))?;
    if read != length || bytes.len() != length {
        return Err(refused("they are not as long as they say"));
    }
    Ok(bytes)
}
