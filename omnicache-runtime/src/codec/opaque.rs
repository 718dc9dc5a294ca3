//! The leaf of values that can only be kept in memory.

use std::io;

use super::{Leaf, Measure, Payload, TypeShape};
use crate::error::{Fault, FaultKind};
use crate::kind::{Codec, Kind};

/// The leaf of any type: its values never leave memory.
#[derive(Clone, Copy, Debug)]
pub struct Opaque;

impl<T: 'static> Leaf<T> for Opaque {
    const KIND: Kind = Kind::Opaque;
    const CODEC: Codec = Codec::None;

    /// The size is that of the value itself; what it points to cannot be seen.
    fn measure(value: &T) -> Measure {
        Measure { size: size_of_val(value) as u64, codec: Codec::None }
    }

    fn encode(_: &T, _: Codec, _: &mut dyn io::Write) -> Result<(), Fault> {
        Err(Fault::new(FaultKind::Encode, "the type cannot be serialised"))
    }

    fn decode(_: Codec, _: Payload) -> Result<T, Fault> {
        Err(Fault::new(FaultKind::Decode, "the type cannot be deserialised"))
    }

    fn shape() -> TypeShape {
        super::shape_of(&["opaque", std::any::type_name::<T>()])
    }
}
