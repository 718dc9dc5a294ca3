//! Without the feature `disk` nothing is written: serialisable values are measured and kept in memory.

use std::any::type_name;
use std::io;

use super::meter::Tally;
use crate::codec::{Payload, TypeShape, shape_of};
use crate::error::{Fault, FaultKind};
use crate::kind::Codec;

/// Nothing outlives the process, so the name is fingerprint enough.
pub(super) fn shape<T>() -> TypeShape {
    shape_of(&[type_name::<T>()])
}

pub(super) fn likely<T>(_: &T, _: Option<&Tally>) -> Codec {
    Codec::None
}

pub(super) fn choose<T>(_: &T) -> Codec {
    Codec::None
}

pub(super) fn encode<T>(_: &T, _: Codec, _: &mut dyn io::Write) -> Result<(), Fault> {
    Err(Fault::new(FaultKind::Encode, "built without the feature `disk`"))
}

pub(super) fn decode<T>(_: Codec, _: &Payload) -> Result<T, Fault> {
    Err(Fault::new(FaultKind::Decode, "built without the feature `disk`"))
}
