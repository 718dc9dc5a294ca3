//! The leaves of serialisable types: one codec for all of them, bincode where it reads the value back and named
//! MessagePack where only that does.
//!
//! bincode says nothing about what it holds, so it can be read wrongly without a word: a field left out on writing
//! shifts all that follow. Three looks keep that from happening. The type is traced once: what it asks of a
//! deserializer tells whether positions are enough for it. Each value is metered: fields left out and unknown
//! lengths show there. And a value of a layout not met before is written, read back and compared by content
//! before bincode is trusted with the layout. MessagePack, whose reading may depend on the values themselves
//! (untagged enums), proves every value. What neither gives back unharmed stays in memory.

#[cfg(feature = "disk")]
mod content;
#[cfg(feature = "disk")]
mod formats;
#[cfg(feature = "disk")]
mod guard;
mod layouts;
mod meter;
#[cfg(feature = "disk")]
mod proof;
#[cfg(feature = "disk")]
#[path = "stored.rs"]
mod storage;
#[cfg(not(feature = "disk"))]
#[path = "memory_only.rs"]
mod storage;
#[cfg(feature = "disk")]
mod trace;
#[cfg(feature = "disk")]
mod types;

#[cfg(all(test, feature = "disk"))]
mod tests;

use std::io;

use serde::{Deserialize, Serialize};

use self::meter::Tally;
use super::{Leaf, Measure, Payload, TypeShape};
use crate::error::Fault;
use crate::kind::{Codec, Kind};

macro_rules! serial_leaves {
    ($($(#[$meta:meta])* $name:ident $size:ident)+) => {
        $($(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl<T: Serialize + Deserialize<'static> + 'static> Leaf<T> for $name {
            const KIND: Kind = Kind::$name;
            const CODEC: Codec = Codec::Bincode;

            fn measure(value: &T) -> Measure {
                let (size, codec) = $size(value);
                Measure { size, codec }
            }

            fn choose(value: &T) -> Codec {
                storage::choose(value)
            }

            fn encode(value: &T, codec: Codec, out: &mut dyn io::Write) -> Result<(), Fault> {
                storage::encode(value, codec, out)
            }

            fn decode(codec: Codec, payload: Payload) -> Result<T, Fault> {
                storage::decode(codec, &payload)
            }

            fn shape() -> TypeShape {
                storage::shape::<T>()
            }
        })+
    };
}

serial_leaves! {
    /// The leaf of small serialisable `Copy` values; their size is that in memory.
    Scalar scalar_size
    /// The leaf of `String`, `Vec`, maps, sets and tuples of serialisable things.
    Collection encoded_size
    /// The leaf of any other serialisable type.
    Struct encoded_size
}

fn scalar_size<T: Serialize + Deserialize<'static> + 'static>(value: &T) -> (u64, Codec) {
    (size_of_val(value) as u64, storage::likely(value, Tally::of(value, false).as_ref()))
}

/// The length in bincode, which for a value that goes to MessagePack is that of its content without the names.
fn encoded_size<T: Serialize + Deserialize<'static> + 'static>(value: &T) -> (u64, Codec) {
    let tally = Tally::of(value, false);
    let size = tally.as_ref().map_or(size_of_val(value) as u64, |tally| tally.bytes);
    (size, storage::likely(value, tally.as_ref()))
}
