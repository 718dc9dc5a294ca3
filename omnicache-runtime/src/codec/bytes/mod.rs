//! The leaf of byte strings: the bytes themselves, and no copy where the type can hold a mapping.

mod mapped;
#[cfg(feature = "bytes")]
mod shared;

use std::io;
use std::sync::Arc;

pub use mapped::MappedBytes;

#[cfg(feature = "disk")]
use super::copying::{copied_bytes, copied_shared};
use super::{Leaf, Measure, Native, Payload, TypeShape, expect_codec};
use crate::error::{Fault, FaultKind};
use crate::kind::{Codec, Kind};

/// The leaf of byte strings.
#[derive(Clone, Copy, Debug)]
pub struct Bytes;

/// A byte string the leaf can make from a payload.
trait ByteString: AsRef<[u8]> {
    fn from_payload(payload: Payload) -> Self;
}

impl Payload {
    /// The bytes as a vector; copied if they are mapped.
    fn into_vec(self) -> Vec<u8> {
        match self {
            Self::Owned(bytes) => bytes,
            #[cfg(feature = "disk")]
            Self::Mapped(mapping) => copied_bytes(&mapping),
        }
    }
}

impl ByteString for Vec<u8> {
    fn from_payload(payload: Payload) -> Self {
        payload.into_vec()
    }
}

impl ByteString for Box<[u8]> {
    fn from_payload(payload: Payload) -> Self {
        payload.into_vec().into_boxed_slice()
    }
}

impl ByteString for Arc<[u8]> {
    fn from_payload(payload: Payload) -> Self {
        #[cfg(feature = "disk")]
        return copied_shared(&payload);
        #[cfg(not(feature = "disk"))]
        return Self::from(&*payload);
    }
}

impl ByteString for MappedBytes {
    fn from_payload(payload: Payload) -> Self {
        payload.into()
    }
}

macro_rules! byte_strings {
    ($($type:ty: $shares:expr;)+) => {
        $(impl Leaf<$type> for Bytes {
            const KIND: Kind = Kind::Bytes;
            const CODEC: Codec = Codec::Raw;

            fn measure(value: &$type) -> Measure {
                Measure { size: value.len() as u64, codec: Codec::Raw }
            }

            fn encode(value: &$type, codec: Codec, out: &mut dyn io::Write) -> Result<(), Fault> {
                expect_codec(FaultKind::Encode, codec, Codec::Raw)?;
                out.write_all(value.as_ref()).map_err(|error| Fault::io("writing bytes", error))
            }

            fn decode(codec: Codec, payload: Payload) -> Result<$type, Fault> {
                expect_codec(FaultKind::Decode, codec, Codec::Raw)?;
                Ok(ByteString::from_payload(payload))
            }

            fn shape() -> TypeShape {
                super::shape_of(&["bytes"])
            }

            fn copies_whole() -> bool {
                !$shares
            }
        }

        impl Native for $type {
            type Leaf = Bytes;
        })+
    };
}

byte_strings! {
    Vec<u8>: false;
    Box<[u8]>: false;
    Arc<[u8]>: true;
    MappedBytes: true;
}
#[cfg(feature = "bytes")]
byte_strings! { ::bytes::Bytes: true; }

#[cfg(test)]
mod tests;
