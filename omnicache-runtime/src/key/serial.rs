//! Writes a `Serialize` value into a key: every call of the serialiser leaves a tagged trace.
//!
//! Maps do not depend on iteration order. A hash set inside a serialised value looks like a list to serde, so its
//! order counts: derive `CacheKey` for types that hold one.

use std::fmt::{self, Display};

use serde::ser::{self, Serialize};

use super::writer::Tag;
use super::{CacheKey, KeyWriter};

/// Writes `value`; what it refuses to serialise leaves the error's text instead.
pub(super) fn write<T: Serialize + ?Sized>(value: &T, key: &mut KeyWriter) {
    key.tag(Tag::Struct);
    if let Err(refusal) = value.serialize(Canonical(&mut *key)) {
        key.unstable();
        key.tag(Tag::Err);
        key.text(&refusal.0);
    }
    key.tag(Tag::End);
}

/// Why a value refused to be serialised.
#[derive(Debug)]
pub(super) struct Refusal(String);

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl ser::Error for Refusal {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

type Written = Result<(), Refusal>;

struct Canonical<'a>(&'a mut KeyWriter);

/// A sequence, tuple or struct being written; ends with a tag, so that no length is needed before.
struct Parts<'a>(&'a mut KeyWriter);

/// A map being written; its entries are collected, sorted and written at the end.
struct Entries<'a> {
    key: &'a mut KeyWriter,
    entries: Vec<Vec<u8>>,
}

macro_rules! by_cache_key {
    ($($method:ident: $type:ty),+ $(,)?) => {$(
        fn $method(self, value: $type) -> Written {
            value.write_key(self.0);
            Ok(())
        }
    )+};
}

impl<'a> ser::Serializer for Canonical<'a> {
    type Ok = ();
    type Error = Refusal;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Entries<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    by_cache_key! {
        serialize_bool: bool, serialize_char: char,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
        serialize_f32: f32, serialize_f64: f64, serialize_str: &str,
    }

    fn serialize_bytes(self, value: &[u8]) -> Written {
        self.0.tag(Tag::Bytes);
        self.0.length(value.len());
        self.0.raw(value);
        Ok(())
    }

    fn serialize_none(self) -> Written {
        self.0.tag(Tag::None);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        self.0.tag(Tag::Some);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        self.0.tag(Tag::Unit);
        Ok(())
    }

    fn serialize_unit_struct(self, name: &'static str) -> Written {
        self.0.begin(name);
        Ok(())
    }

    fn serialize_unit_variant(self, name: &'static str, index: u32, variant: &'static str) -> Written {
        self.0.begin(name);
        self.0.variant(index, variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Written {
        self.0.begin(name);
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        self.0.begin(name);
        self.0.variant(index, variant);
        value.serialize(self)
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Parts<'a>, Refusal> {
        self.0.tag(Tag::Seq);
        Ok(Parts(self.0))
    }

    fn serialize_tuple(self, _length: usize) -> Result<Parts<'a>, Refusal> {
        self.0.tag(Tag::Tuple);
        Ok(Parts(self.0))
    }

    fn serialize_tuple_struct(self, name: &'static str, _length: usize) -> Result<Parts<'a>, Refusal> {
        self.0.begin(name);
        Ok(Parts(self.0))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Parts<'a>, Refusal> {
        self.0.begin(name);
        self.0.variant(index, variant);
        Ok(Parts(self.0))
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Entries<'a>, Refusal> {
        self.0.tag(Tag::Map);
        Ok(Entries { key: self.0, entries: Vec::new() })
    }

    fn serialize_struct(self, name: &'static str, _length: usize) -> Result<Parts<'a>, Refusal> {
        self.0.begin(name);
        Ok(Parts(self.0))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Parts<'a>, Refusal> {
        self.0.begin(name);
        self.0.variant(index, variant);
        Ok(Parts(self.0))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

impl Parts<'_> {
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.0.tag(Tag::Item);
        value.serialize(Canonical(self.0))
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
        self.0.tag(Tag::Item);
        self.0.text(name);
        value.serialize(Canonical(self.0))
    }

    #[expect(clippy::unnecessary_wraps, reason = "the shape serde asks for")]
    fn finish(self) -> Written {
        self.0.tag(Tag::End);
        Ok(())
    }
}

macro_rules! unnamed_parts {
    ($($trait:ident: $method:ident),+ $(,)?) => {$(
        impl ser::$trait for Parts<'_> {
            type Ok = ();
            type Error = Refusal;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
                self.part(value)
            }

            fn end(self) -> Written {
                self.finish()
            }
        }
    )+};
}

unnamed_parts! {
    SerializeSeq: serialize_element, SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field,
}

macro_rules! named_parts {
    ($($trait:ident),+) => {$(
        impl ser::$trait for Parts<'_> {
            type Ok = ();
            type Error = Refusal;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
                self.field(name, value)
            }

            fn end(self) -> Written {
                self.finish()
            }
        }
    )+};
}

named_parts! { SerializeStruct, SerializeStructVariant }

impl ser::SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Written {
        let mut written = Ok(());
        self.entries.push(KeyWriter::bytes(|key| written = name.serialize(Canonical(key))).0);
        written
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        let mut written = Ok(());
        let (bytes, _) = KeyWriter::bytes(|key| written = value.serialize(Canonical(key)));
        if let Some(entry) = self.entries.last_mut() {
            entry.extend_from_slice(&bytes);
        }
        written
    }

    fn end(mut self) -> Written {
        self.entries.sort_unstable();
        self.key.length(self.entries.len());
        self.entries.iter().for_each(|entry| self.key.raw(entry));
        Ok(())
    }
}
