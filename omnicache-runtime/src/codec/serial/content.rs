//! A hash of what a value says when serialised: two values of one hash hold the same, whether or not their type
//! can compare them.
//!
//! Sequences and maps are hashed without regard to order, since sets serialise as sequences and neither keeps its
//! order over a round trip. Floats count by their bits; every kind of number is told apart.

use std::fmt::Display;

use serde::ser::{self, Serialize, Serializer};
use twox_hash::XxHash3_64;

use super::layouts::mix;
use super::meter::Refused;

/// The content hash of `value`; `None` if its `Serialize` refuses.
pub(super) fn content_of<T: Serialize>(value: &T) -> Option<u64> {
    value.serialize(Content).ok()
}

fn text(kind: u64, bytes: &[u8]) -> u64 {
    mix(mix(kind, bytes.len() as u64), XxHash3_64::oneshot(bytes))
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves are hashed one after the other")]
fn wide(kind: u64, value: u128) -> u64 {
    mix(mix(kind, value as u64), (value >> 64) as u64)
}

fn variant(index: u32, name: &'static str) -> u64 {
    mix(text(30, name.as_bytes()), index.into())
}

/// The serializer that hashes: each value returns its own hash.
struct Content;

macro_rules! words {
    ($($method:ident($type:ty) $kind:literal |$v:ident| $word:expr;)+) => {
        $(#[inline]
        fn $method(self, $v: $type) -> Result<u64, Refused> {
            Ok(mix($kind, $word))
        })+
    };
}

impl Serializer for Content {
    type Ok = u64;
    type Error = Refused;
    type SerializeSeq = Bag;
    type SerializeTuple = Chain;
    type SerializeTupleStruct = Chain;
    type SerializeTupleVariant = Chain;
    type SerializeMap = Bag;
    type SerializeStruct = Chain;
    type SerializeStructVariant = Chain;

    words! {
        serialize_bool(bool) 1 |v| v.into();
        serialize_i8(i8) 2 |v| i64::from(v).cast_unsigned();
        serialize_i16(i16) 3 |v| i64::from(v).cast_unsigned();
        serialize_i32(i32) 4 |v| i64::from(v).cast_unsigned();
        serialize_i64(i64) 5 |v| v.cast_unsigned();
        serialize_u8(u8) 6 |v| v.into();
        serialize_u16(u16) 7 |v| v.into();
        serialize_u32(u32) 8 |v| v.into();
        serialize_u64(u64) 9 |v| v;
        serialize_f32(f32) 10 |v| v.to_bits().into();
        serialize_f64(f64) 11 |v| v.to_bits();
        serialize_char(char) 12 |v| u32::from(v).into();
    }

    fn serialize_i128(self, v: i128) -> Result<u64, Refused> {
        Ok(wide(13, v.cast_unsigned()))
    }

    fn serialize_u128(self, v: u128) -> Result<u64, Refused> {
        Ok(wide(14, v))
    }

    fn serialize_str(self, v: &str) -> Result<u64, Refused> {
        Ok(text(15, v.as_bytes()))
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<u64, Refused> {
        Ok(text(16, v))
    }

    fn serialize_none(self) -> Result<u64, Refused> {
        Ok(mix(17, 0))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<u64, Refused> {
        Ok(mix(18, value.serialize(self)?))
    }

    fn serialize_unit(self) -> Result<u64, Refused> {
        Ok(mix(19, 0))
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<u64, Refused> {
        Ok(text(20, name.as_bytes()))
    }

    fn serialize_unit_variant(self, _: &'static str, index: u32, name: &'static str) -> Result<u64, Refused> {
        Ok(variant(index, name))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<u64, Refused> {
        Ok(mix(text(21, name.as_bytes()), value.serialize(self)?))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        value: &T,
    ) -> Result<u64, Refused> {
        Ok(mix(variant(index, name), value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Bag, Refused> {
        Ok(Bag { kind: 22, ..Bag::default() })
    }

    fn serialize_tuple(self, _: usize) -> Result<Chain, Refused> {
        Ok(Chain(23))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Chain, Refused> {
        Ok(Chain(text(24, name.as_bytes())))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Chain, Refused> {
        Ok(Chain(variant(index, name)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Bag, Refused> {
        Ok(Bag { kind: 25, ..Bag::default() })
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Chain, Refused> {
        Ok(Chain(text(26, name.as_bytes())))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Chain, Refused> {
        Ok(Chain(variant(index, name)))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<u64, Refused> {
        Ok(text(15, value.to_string().as_bytes()))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Items whose order does not count.
#[derive(Default)]
struct Bag {
    kind: u64,
    count: u64,
    sum: u64,
    key: u64,
}

impl Bag {
    fn add(&mut self, item: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(mix(item, self.kind));
    }

    fn close(self) -> u64 {
        mix(mix(self.kind, self.count), self.sum)
    }
}

impl ser::SerializeSeq for Bag {
    type Ok = u64;
    type Error = Refused;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.add(value.serialize(Content)?);
        Ok(())
    }

    fn end(self) -> Result<u64, Refused> {
        Ok(self.close())
    }
}

impl ser::SerializeMap for Bag {
    type Ok = u64;
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.key = key.serialize(Content)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        let value = value.serialize(Content)?;
        self.add(mix(self.key, value));
        Ok(())
    }

    fn end(self) -> Result<u64, Refused> {
        Ok(self.close())
    }
}

/// Parts in their order.
struct Chain(u64);

macro_rules! chains {
    ($($trait:ident::$method:ident($($key:ident)?))+) => {
        $(impl ser::$trait for Chain {
            type Ok = u64;
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, $($key: &'static str,)? value: &T) -> Result<(), Refused> {
                $(self.0 = mix(self.0, text(27, $key.as_bytes()));)?
                self.0 = mix(self.0, value.serialize(Content)?);
                Ok(())
            }

            fn end(self) -> Result<u64, Refused> {
                Ok(mix(self.0, 28))
            }
        })+
    };
}

chains! {
    SerializeTuple::serialize_element()
    SerializeTupleStruct::serialize_field()
    SerializeTupleVariant::serialize_field()
    SerializeStruct::serialize_field(key)
    SerializeStructVariant::serialize_field(key)
}
