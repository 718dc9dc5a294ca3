//! The two formats of serialisable values. Both are read with limits and to the last byte, and neither lends: a
//! reader that owns what it reads serves every lifetime a type may ask for.

use std::cell::Cell;
use std::io;

use bincode::config::{self, Configuration};
use bincode::de::read::Reader;
use bincode::error::DecodeError;
use bincode::serde::OwnedSerdeDecoder;
use serde::{Deserialize, Serialize};

use super::guard::{Guarded, Limits};
use crate::error::{Fault, FaultKind};

const CONFIG: Configuration = config::standard();
/// Small writes are gathered up to this size before they reach the store.
const BUFFER: usize = 1 << 16;

fn encode_fault(error: &impl ToString) -> Fault {
    Fault::new(FaultKind::Encode, "the value cannot be serialised").because(error.to_string())
}

fn decode_fault(error: &impl ToString) -> Fault {
    Fault::new(FaultKind::Decode, "the payload is not a value of the type").because(error.to_string())
}

/// Writes `value` in bincode 2, standard configuration.
pub(super) fn write_bincode<T: Serialize>(value: &T, out: &mut dyn io::Write) -> Result<(), Fault> {
    buffered(out, |out| {
        bincode::serde::encode_into_std_write(value, out, CONFIG)
            .map(drop)
            .map_err(|error| encode_fault(&error))
    })
}

/// Writes `value` in MessagePack with field names.
pub(super) fn write_message_pack<T: Serialize>(value: &T, out: &mut dyn io::Write) -> Result<(), Fault> {
    buffered(out, |out| {
        let mut serializer = rmp_serde::Serializer::new(out).with_struct_map();
        value.serialize(&mut serializer).map_err(|error| encode_fault(&error))
    })
}

fn buffered(
    out: &mut dyn io::Write,
    write: impl FnOnce(&mut io::BufWriter<&mut dyn io::Write>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut out = io::BufWriter::with_capacity(BUFFER, out);
    write(&mut out)?;
    io::Write::flush(&mut out).map_err(|error| Fault::io("writing a value", error))
}

/// Reads exactly one value in bincode.
pub(super) fn read_bincode<T: Deserialize<'static>>(bytes: &[u8]) -> Result<T, Fault> {
    let rest = Cell::new(bytes);
    // bincode makes room for a text before it reads it, so its length is looked at first. Items of a sequence take
    // a byte each at least: values for which that is untrue are not written in bincode.
    let fits = || next_length(rest.get()).is_some_and(|length| length <= rest.get().len() as u64);
    let limits = Limits::with_lengths(&fits);
    let mut decoder = OwnedSerdeDecoder::<_>::from_reader(Rest(&rest), CONFIG);
    let value = T::deserialize(Guarded::new(decoder.as_deserializer(), &limits))
        .map_err(|error| decode_fault(&error))?;
    if rest.get().is_empty() { Ok(value) } else { Err(decode_fault(&"bytes are left over")) }
}

/// Reads exactly one value in MessagePack.
pub(super) fn read_message_pack<T: Deserialize<'static>>(bytes: &[u8]) -> Result<T, Fault> {
    let mut rest = bytes;
    let mut deserializer = rmp_serde::Deserializer::new(&mut rest);
    let limits = Limits::depth_alone();
    let value =
        T::deserialize(Guarded::new(&mut deserializer, &limits)).map_err(|error| decode_fault(&error))?;
    if rest.is_empty() { Ok(value) } else { Err(decode_fault(&"bytes are left over")) }
}

/// What is left to read.
struct Rest<'a, 'b>(&'a Cell<&'b [u8]>);

impl Reader for Rest<'_, '_> {
    #[inline]
    fn read(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError> {
        let rest = self.0.get();
        let Some((taken, left)) = rest.split_at_checked(bytes.len()) else {
            return Err(DecodeError::UnexpectedEnd { additional: bytes.len() - rest.len() });
        };
        bytes.copy_from_slice(taken);
        self.0.set(left);
        Ok(())
    }

    #[inline]
    fn peek_read(&mut self, n: usize) -> Option<&[u8]> {
        self.0.get().get(..n)
    }

    #[inline]
    fn consume(&mut self, n: usize) {
        self.0.set(self.0.get().get(n..).unwrap_or_default());
    }
}

/// The length that stands at the start of `bytes`, in bincode's variable-length integers.
fn next_length(bytes: &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    match first {
        0..=250 => Some(first.into()),
        251 => rest.first_chunk().map(|bytes| u16::from_le_bytes(*bytes).into()),
        252 => rest.first_chunk().map(|bytes| u32::from_le_bytes(*bytes).into()),
        253 => rest.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)),
        _ => None,
    }
}
