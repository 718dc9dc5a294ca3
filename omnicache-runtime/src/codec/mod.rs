//! How values become bytes and come back. Nothing here knows where the bytes lie.
//!
//! A [`Leaf`] is the codec of one class of types; what wraps a leaf (`Result`, `Option`, `Arc`, `Box`) is
//! peeled off by [`crate::select`] before. Serialisable types share one leaf whose codec is chosen per value.

#[cfg(feature = "ndarray")]
mod array;
mod bytes;
mod collection;
#[cfg(feature = "disk")]
mod copying;
#[cfg(not(feature = "disk"))]
#[path = "cloning.rs"]
mod copying;
#[cfg(feature = "arrow")]
mod frame;
#[cfg(feature = "image")]
mod image;
#[cfg(feature = "json")]
mod json;
mod native;
mod opaque;
#[cfg(feature = "zstd")]
pub(crate) mod packing;
mod payload;
mod serial;
#[cfg(all(test, feature = "disk"))]
#[allow(dead_code, reason = "the tests of each leaf use some of it")]
mod testing;

#[cfg(feature = "ndarray")]
pub use array::{Array, Element, MappedArray};
pub use bytes::{Bytes, MappedBytes};
pub use collection::Gathers;
#[cfg(feature = "disk")]
pub(crate) use copying::room;
#[cfg(feature = "arrow")]
pub use frame::Frame;
#[cfg(feature = "image")]
pub use image::{Channel, Image};
#[cfg(feature = "json")]
pub use json::Json;
pub use native::Native;
pub use opaque::Opaque;
pub use payload::Payload;
pub use serial::{Collection, Scalar, Struct};

use std::any::TypeId;
use std::io;

use twox_hash::XxHash3_128;

use crate::error::{Fault, FaultKind};
use crate::kind::{Codec, Kind};

/// A fingerprint of a type as its codec sees it: names, fields and variants in order, nested types too.
pub type TypeShape = u128;

/// What a look at a value tells before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The payload's size in bytes: what `threshold` is compared with.
    pub size: u64,
    /// The codec the value would most likely be written in: enough to route and explain by. Before it is written,
    /// ask [`Leaf::choose`].
    pub codec: Codec,
}

/// Whether values of a type are known to have all that they hold in memory of their own.
fn is_flat<T: 'static>() -> bool {
    macro_rules! is_any {
        ($($type:ty)+) => { [$(TypeId::of::<$type>()),+].contains(&TypeId::of::<T>()) };
    }
    is_any! {
        String Box<[u8]> Vec<u8> Vec<u16> Vec<u32> Vec<u64> Vec<u128> Vec<usize> Vec<i8> Vec<i16> Vec<i32> Vec<i64>
        Vec<i128> Vec<isize> Vec<f32> Vec<f64> Vec<bool> Vec<char>
    }
}

/// How values of one class of types are measured, written and read.
pub trait Leaf<T>: 'static {
    /// What `explain()` calls the class.
    const KIND: Kind;
    /// The codec of the class on disk; [`Codec::None`] if it cannot be stored.
    const CODEC: Codec;
    /// The file name extension of an array file, for the classes that have one.
    const FILE: Option<&'static str> = None;

    /// The value's payload size and likely codec. Cheap: one pass over the value at most, nothing is written.
    fn measure(value: &T) -> Measure;

    /// The codec that gives this very value back, for a value that is about to be written; [`Codec::None`] if there
    /// is none and the value has to stay in memory. May write and read the value to find out.
    fn choose(value: &T) -> Codec {
        Self::measure(value).codec
    }

    /// Writes the value in `codec`, which is the one `choose` named.
    ///
    /// # Errors
    /// When the value cannot be written in this codec, or `out` refuses.
    fn encode(value: &T, codec: Codec, out: &mut dyn io::Write) -> Result<(), Fault>;

    /// Reads a value back. Never allocates more than a constant times the payload's length.
    ///
    /// # Errors
    /// When the payload is not exactly one value of this type in this codec.
    fn decode(codec: Codec, payload: Payload) -> Result<T, Fault>;

    /// The type's fingerprint.
    fn shape() -> TypeShape;

    /// Whether a copy is known to be one of the whole payload: others may share it, and take no time and no room.
    fn copies_whole() -> bool
    where
        T: 'static,
    {
        is_flat::<T>()
    }

    /// A copy of the value: its clone, and a large one made as fast as memory allows.
    #[inline]
    fn copy(value: &T) -> T
    where
        T: Clone + 'static,
    {
        copying::duplicate(value)
    }
}

/// A fingerprint of what `parts` say. The parts are framed by their lengths, so no two lists run together.
fn shape_of(parts: &[&str]) -> TypeShape {
    let mut hasher = XxHash3_128::new();
    for part in parts {
        hasher.write(&(part.len() as u64).to_le_bytes());
        hasher.write(part.as_bytes());
    }
    hasher.finish_128()
}

/// Refuses any codec but the one a leaf knows.
fn expect_codec(kind: FaultKind, found: Codec, expected: Codec) -> Result<(), Fault> {
    if found == expected {
        Ok(())
    } else {
        Err(Fault::new(kind, format!("the codec is {expected}, not {found}")))
    }
}
