//! JSON values as keys; object members in any order are one key.

use serde_json::Value;

use super::writer::Tag;
use super::{CacheKey, KeyWriter};

impl CacheKey for Value {
    fn write_key(&self, key: &mut KeyWriter) {
        match self {
            Self::Null => key.tag(Tag::None),
            Self::Bool(value) => value.write_key(key),
            Self::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => value.write_key(key),
                (_, Some(value), _) => value.write_key(key),
                (.., Some(value)) => value.write_key(key),
                _ => number.to_string().write_key(key),
            },
            Self::String(text) => text.write_key(key),
            Self::Array(values) => values.write_key(key),
            Self::Object(members) => {
                key.tag(Tag::Map);
                key.unordered(members, |(name, value), key| {
                    name.write_key(key);
                    value.write_key(key);
                });
            }
        }
    }
}
