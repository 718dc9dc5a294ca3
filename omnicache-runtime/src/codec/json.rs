//! The leaf of JSON values: their text, compressed by zstd behind its length.
//!
//! The format: the text's length, 8 bytes little-endian, then one zstd frame.

use std::io;

use serde_json::Value;

use super::packing::{pack, unpack};
use super::{Leaf, Measure, Native, Payload, TypeShape, expect_codec, shape_of};
use crate::error::{Fault, FaultKind};
use crate::kind::{Codec, Kind};

/// zstd's own default: beyond it, time grows faster than the text shrinks.
const LEVEL: i32 = 3;
/// What the parser nests at most.
const DEPTH: usize = 127;

/// The leaf of JSON values.
#[derive(Clone, Copy, Debug)]
pub struct Json;

/// Counts what is written to it.
struct Count(u64);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn nests_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| nests_within(item, levels - 1)),
        Value::Object(entries) => levels > 0 && entries.values().all(|item| nests_within(item, levels - 1)),
        _ => true,
    }
}

impl Leaf<Value> for Json {
    const KIND: Kind = Kind::Json;
    const CODEC: Codec = Codec::Json;

    /// The size is the length of the text without spaces.
    fn measure(value: &Value) -> Measure {
        let mut count = Count(0);
        // Neither a value nor a count can refuse.
        let _ = serde_json::to_writer(&mut count, value);
        Measure { size: count.0, codec: Codec::Json }
    }

    /// A value that nests deeper than the parser reads stays in memory.
    fn choose(value: &Value) -> Codec {
        if nests_within(value, DEPTH) { Codec::Json } else { Codec::None }
    }

    fn encode(value: &Value, codec: Codec, out: &mut dyn io::Write) -> Result<(), Fault> {
        expect_codec(FaultKind::Encode, codec, Codec::Json)?;
        let text = serde_json::to_vec(value)
            .map_err(|error| Fault::new(FaultKind::Encode, "writing JSON").because(error))?;
        let written = out.write_all(&pack(&text, LEVEL)?);
        written.map_err(|error| Fault::io("writing JSON", error))
    }

    fn decode(codec: Codec, payload: Payload) -> Result<Value, Fault> {
        expect_codec(FaultKind::Decode, codec, Codec::Json)?;
        let text = unpack(&payload)?;
        serde_json::from_slice(&text)
            .map_err(|error| Fault::new(FaultKind::Decode, "reading JSON").because(error))
    }

    fn shape() -> TypeShape {
        shape_of(&["json"])
    }
}

impl Native for Value {
    type Leaf = Json;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::codec::testing::{encoded, survives_damage};

    #[test]
    fn values_come_back_to_the_last_bit() {
        let floats: Vec<f64> =
            (1..2000).map(|n| f64::from(n).sqrt() * 1e-300 / f64::from(n % 17 + 1)).collect();
        for value in [
            json!(null),
            json!({"a": [1, -1, u64::MAX, i64::MIN, 1.0, -0.0, 0.1], "ß\n\"": {"": true}}),
            json!(floats),
            json!("x".repeat(1_000_000)),
        ] {
            let bytes = encoded::<_, Json>(&value);
            let back = Json::decode(Codec::Json, bytes.into()).expect("it reads back");
            assert_eq!(back, value);
            assert_eq!(Json::measure(&value).size, serde_json::to_vec(&value).expect("a text").len() as u64);
        }
    }

    #[test]
    fn deep_values_stay_in_memory() {
        let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        let bytes = encoded::<_, Json>(&deep(DEPTH));
        assert_eq!(Json::decode(Codec::Json, bytes.into()).expect("it reads back"), deep(DEPTH));
        assert_eq!(Json::choose(&deep(DEPTH + 1)), Codec::None);
    }

    #[test]
    fn damaged_texts_never_panic() {
        survives_damage::<Value, Json>(
            &encoded::<_, Json>(&json!({"a": [1, 2.5, null], "b": "text text text"})),
            |_| (),
        );
    }

    #[test]
    fn a_false_length_is_refused() {
        let mut bytes = encoded::<_, Json>(&json!("x".repeat(100)));
        for length in [0, 101, 103, u64::MAX, 1 << 40] {
            bytes[..8].copy_from_slice(&u64::to_le_bytes(length));
            assert!(Json::decode(Codec::Json, bytes.clone().into()).is_err());
        }
    }
}
