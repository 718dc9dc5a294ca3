//! Choosing a serialisable value's codec, writing it and reading it back.

use std::io;

use serde::{Deserialize, Serialize};

use super::content::content_of;
use super::formats::{read_bincode, read_message_pack, write_bincode, write_message_pack};
use super::guard::DEPTH;
use super::meter::Tally;
use super::proof::Standing;
use super::trace::Reading;
use super::types::{self, Known};
use crate::codec::{Payload, TypeShape};
use crate::error::{Fault, FaultKind};
use crate::kind::Codec;

/// The type's fingerprint.
pub(super) fn shape<T: Deserialize<'static> + 'static>() -> TypeShape {
    types::of::<T>().shape
}

/// The codec a value will most likely be given: what can be told without a trial.
pub(super) fn likely<T: Serialize + Deserialize<'static> + 'static>(_: &T, tally: Option<&Tally>) -> Codec {
    let Some(tally) = tally.filter(|tally| tally.depth <= DEPTH) else { return Codec::None };
    match types::of::<T>().reading {
        Reading::Lent => Codec::None,
        Reading::Positional if tally.positional => Codec::Bincode,
        Reading::Positional | Reading::SelfDescribing => Codec::MessagePack,
    }
}

/// The codec that is proven to give this very value back; [`Codec::None`] if none does.
pub(super) fn choose<T: Serialize + Deserialize<'static> + 'static>(value: &T) -> Codec {
    let Some(tally) = Tally::of(value, true).filter(|tally| tally.depth <= DEPTH) else { return Codec::None };
    let known = types::of::<T>();
    if known.reading == Reading::Lent {
        return Codec::None;
    }
    if bincode_is_sound(value, &tally, &known) {
        return Codec::Bincode;
    }
    if message_pack_is_sound(value, &known) { Codec::MessagePack } else { Codec::None }
}

/// Whether MessagePack gives this very value back: that one of its layout came back says nothing of others, since
/// an untagged enum is read by what it holds.
fn message_pack_is_sound<T: Serialize + Deserialize<'static>>(value: &T, known: &Known) -> bool {
    let Some(content) = content_of(value) else { return false };
    if !known.proofs.is_named(content) {
        if !comes_back(value, content, Codec::MessagePack) {
            return false;
        }
        known.proofs.record_named(content);
    }
    true
}

fn bincode_is_sound<T: Serialize + Deserialize<'static> + 'static>(
    value: &T,
    tally: &Tally,
    known: &Known,
) -> bool {
    let Some(layouts) =
        tally.layouts.as_ref().filter(|_| tally.positional && known.reading == Reading::Positional)
    else {
        return false;
    };
    match known.proofs.standing(layouts) {
        Standing::Sound => true,
        Standing::Harmed => false,
        Standing::Unknown => {
            let unharmed =
                content_of(value).is_some_and(|content| comes_back(value, content, Codec::Bincode));
            known.proofs.record(layouts, unharmed);
            unharmed
        }
    }
}

/// Writes the value, reads it back and compares what the two say when serialised.
fn comes_back<T: Serialize + Deserialize<'static>>(value: &T, content: u64, codec: Codec) -> bool {
    let mut bytes = Vec::new();
    write(value, codec, &mut bytes).is_ok()
        && read::<T>(codec, &bytes).is_ok_and(|back| content_of(&back) == Some(content))
}

/// Writes a value in the codec that [`choose`] named.
pub(super) fn encode<T: Serialize + Deserialize<'static> + 'static>(
    value: &T,
    codec: Codec,
    out: &mut dyn io::Write,
) -> Result<(), Fault> {
    // A caller that has not asked `choose` must not write what cannot be read back. After it, this finds the proof.
    let known = types::of::<T>();
    let sound = match codec {
        Codec::Bincode => Tally::of(value, true)
            .is_some_and(|tally| tally.depth <= DEPTH && bincode_is_sound(value, &tally, &known)),
        Codec::MessagePack => message_pack_is_sound(value, &known),
        _ => false,
    };
    if !sound {
        return Err(Fault::new(FaultKind::Encode, format!("{codec} does not give the value back")));
    }
    write(value, codec, out)
}

/// Reads a value back.
pub(super) fn decode<T: Deserialize<'static>>(codec: Codec, payload: &Payload) -> Result<T, Fault> {
    read(codec, payload)
}

fn write<T: Serialize>(value: &T, codec: Codec, out: &mut dyn io::Write) -> Result<(), Fault> {
    match codec {
        Codec::Bincode => write_bincode(value, out),
        Codec::MessagePack => write_message_pack(value, out),
        _ => {
            Err(Fault::new(FaultKind::Encode, format!("the codec {codec} does not write serialisable types")))
        }
    }
}

fn read<T: Deserialize<'static>>(codec: Codec, bytes: &[u8]) -> Result<T, Fault> {
    match codec {
        Codec::Bincode => read_bincode(bytes),
        Codec::MessagePack => read_message_pack(bytes),
        _ => {
            Err(Fault::new(FaultKind::Decode, format!("the codec {codec} does not hold serialisable types")))
        }
    }
}
