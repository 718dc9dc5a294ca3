//! The length a value has in bincode, and its layouts, in one pass that allocates nothing.

use std::fmt::{self, Display, Write as _};

use serde::ser::{self, Serialize, Serializer};

use super::layouts::{Layouts, mix, name_id};

/// What one pass over a value found.
pub(super) struct Tally {
    /// The exact length of the value in bincode 2, standard configuration.
    pub(super) bytes: u64,
    /// Whether bincode can write the value as its type will read it: no field left out, every length known.
    pub(super) positional: bool,
    /// How deep the value nests.
    pub(super) depth: u16,
    /// The layouts met, if they were asked for.
    pub(super) layouts: Option<Layouts>,
}

impl Tally {
    /// Looks at `value`; `None` if its `Serialize` refuses.
    pub(super) fn of<T: Serialize>(value: &T, layouts: bool) -> Option<Self> {
        let layouts = layouts.then(Layouts::new);
        let mut tally = Self { bytes: 0, positional: true, depth: 0, layouts };
        value.serialize(Meter { tally: &mut tally, place: 1, home: 1, depth: 0 }).ok()?;
        Some(tally)
    }
}

/// A value's own `Serialize` refused.
#[derive(Debug)]
pub(super) struct Refused;

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value refuses to be serialised")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<M: Display>(_: M) -> Self {
        Self
    }
}

/// bincode's variable-length integers: one byte below 251, else a marker and 2, 4, 8 or 16 bytes.
pub(super) const fn varint(value: u128) -> u64 {
    match value {
        0..=250 => 1,
        251..=0xFFFF => 3,
        0x1_0000..=0xFFFF_FFFF => 5,
        0x1_0000_0000..=0xFFFF_FFFF_FFFF_FFFF => 9,
        _ => 17,
    }
}

/// Signed integers are folded first, so that small negative ones stay short.
const fn zigzag(value: i128) -> u64 {
    varint(((value << 1) ^ (value >> 127)).cast_unsigned())
}

/// What is met at a place; the number only tells them apart.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Met {
    Bool = 1,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Char,
    Str,
    Bytes,
    None,
    Some,
    Unit,
    Seq,
    Map,
    Key,
    Tuple,
    Struct,
    Variant,
    Field,
}

/// The serializer that counts.
pub(super) struct Meter<'a> {
    tally: &'a mut Tally,
    /// Where in the type the value stands.
    place: u64,
    /// The field it stands in, without what is above.
    home: u64,
    depth: u16,
}

impl<'a> Meter<'a> {
    #[inline]
    fn note(&mut self, what: u64) {
        if let Some(layouts) = &mut self.tally.layouts {
            layouts.insert(mix(self.place, what));
        }
    }

    #[inline]
    fn leaf(mut self, met: Met, bytes: u64) {
        self.note(met as u64);
        self.tally.bytes += bytes;
    }

    /// One level down, at a place told apart by `step`.
    fn below(self, step: u64) -> Self {
        let depth = self.depth.saturating_add(1);
        self.tally.depth = self.tally.depth.max(depth);
        Self { place: mix(self.place, step), depth, ..self }
    }

    /// One level down, into what has the name `id`.
    fn named(self, id: u64) -> Self {
        let depth = self.depth.saturating_add(1);
        self.tally.depth = self.tally.depth.max(depth);
        Self { place: mix(self.home, id), home: id, depth, ..self }
    }

    fn variant(mut self, name: &'static str, index: u32) -> (Self, u64) {
        let id = mix(name_id(name), u64::from(index) + 1);
        self.note(mix(Met::Variant as u64, id));
        self.tally.bytes += varint(u128::from(index));
        (self, id)
    }

    fn parts(mut self, met: Met, len: usize, id: u64) -> Parts<'a> {
        self.note(mix(mix(met as u64, len as u64), id));
        Parts { meter: self, index: 0, order: 0 }
    }

    fn items(mut self, met: Met, len: Option<usize>) -> Items<'a> {
        self.note(met as u64);
        self.tally.positional &= len.is_some();
        let meter = self.below(met as u64);
        Items { start: meter.tally.bytes, meter, announced: len, count: 0 }
    }
}

macro_rules! leaves {
    ($($method:ident($type:ty) $met:ident |$v:ident| $bytes:expr;)+) => {
        $(#[inline]
        fn $method(self, $v: $type) -> Result<(), Refused> {
            self.leaf(Met::$met, $bytes);
            Ok(())
        })+
    };
}

impl<'a> Serializer for Meter<'a> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Items<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    leaves! {
        serialize_bool(bool) Bool |_v| 1;
        serialize_i8(i8) I8 |_v| 1;
        serialize_i16(i16) I16 |v| zigzag(v.into());
        serialize_i32(i32) I32 |v| zigzag(v.into());
        serialize_i64(i64) I64 |v| zigzag(v.into());
        serialize_i128(i128) I128 |v| zigzag(v);
        serialize_u8(u8) U8 |_v| 1;
        serialize_u16(u16) U16 |v| varint(v.into());
        serialize_u32(u32) U32 |v| varint(v.into());
        serialize_u64(u64) U64 |v| varint(v.into());
        serialize_u128(u128) U128 |v| varint(v);
        serialize_f32(f32) F32 |_v| 4;
        serialize_f64(f64) F64 |_v| 8;
        serialize_char(char) Char |v| v.len_utf8() as u64;
        serialize_str(&str) Str |v| varint(v.len() as u128) + v.len() as u64;
        serialize_bytes(&[u8]) Bytes |v| varint(v.len() as u128) + v.len() as u64;
    }

    fn serialize_none(self) -> Result<(), Refused> {
        self.leaf(Met::None, 1);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(mut self, value: &T) -> Result<(), Refused> {
        self.note(Met::Some as u64);
        self.tally.bytes += 1;
        value.serialize(self.below(Met::Some as u64))
    }

    fn serialize_unit(self) -> Result<(), Refused> {
        self.leaf(Met::Unit, 0);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refused> {
        self.leaf(Met::Unit, 0);
        Ok(())
    }

    fn serialize_unit_variant(self, name: &'static str, index: u32, _: &'static str) -> Result<(), Refused> {
        let (meter, _) = self.variant(name, index);
        meter.leaf(Met::Unit, 0);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self.named(name_id(name)))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        let (meter, id) = self.variant(name, index);
        value.serialize(meter.named(id))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items<'a>, Refused> {
        Ok(self.items(Met::Seq, len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Parts<'a>, Refused> {
        Ok(self.below(Met::Tuple as u64).parts(Met::Tuple, len, 1))
    }

    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Parts<'a>, Refused> {
        let id = name_id(name);
        Ok(self.named(id).parts(Met::Tuple, len, id))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        _: &'static str,
        len: usize,
    ) -> Result<Parts<'a>, Refused> {
        let (meter, id) = self.variant(name, index);
        Ok(meter.named(id).parts(Met::Tuple, len, id))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Items<'a>, Refused> {
        Ok(self.items(Met::Map, len))
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Parts<'a>, Refused> {
        let id = name_id(name);
        Ok(self.named(id).parts(Met::Struct, len, id))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        _: &'static str,
        len: usize,
    ) -> Result<Parts<'a>, Refused> {
        let (meter, id) = self.variant(name, index);
        Ok(meter.named(id).parts(Met::Struct, len, id))
    }

    /// Counts the text as it is formatted.
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Refused> {
        struct Count(u64);
        impl fmt::Write for Count {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0 += text.len() as u64;
                Ok(())
            }
        }
        let mut count = Count(0);
        write!(count, "{value}").map_err(|_| Refused)?;
        self.leaf(Met::Str, varint(count.0.into()) + count.0);
        Ok(())
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The parts of a tuple or struct, each at its own place.
pub(super) struct Parts<'a> {
    meter: Meter<'a>,
    index: u64,
    order: u64,
}

impl Parts<'_> {
    fn part<T: Serialize + ?Sized>(&mut self, id: u64, value: &T) -> Result<(), Refused> {
        self.index += 1;
        self.order = mix(self.order, id);
        let Meter { place, home, depth, .. } = self.meter;
        let (place, home) = (mix(place, id), mix(home, id));
        value.serialize(Meter { tally: &mut *self.meter.tally, place, home, depth })
    }

    fn close(mut self) {
        let order = mix(Met::Field as u64, self.order);
        self.meter.note(order);
    }
}

/// The items of a sequence or map, all at one place.
pub(super) struct Items<'a> {
    meter: Meter<'a>,
    announced: Option<usize>,
    count: u64,
    start: u64,
}

impl Items<'_> {
    #[inline]
    fn item<T: Serialize + ?Sized>(&mut self, step: u64, value: &T) -> Result<(), Refused> {
        let Meter { place, home, depth, .. } = self.meter;
        value.serialize(Meter { tally: &mut *self.meter.tally, place: place ^ step, home, depth })
    }

    fn close(self) {
        let tally = self.meter.tally;
        // Items that take no bytes would let a few bytes announce any number of them, so bincode is not asked to
        // read those; nor sequences that announced another length than they had.
        tally.positional &= tally.bytes - self.start >= self.count;
        tally.positional &= self.announced.is_none_or(|len| len as u64 == self.count);
        tally.bytes += varint(self.count.into());
    }
}

impl ser::SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = Refused;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.count += 1;
        self.item(0, value)
    }

    fn end(self) -> Result<(), Refused> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeMap for Items<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.count += 1;
        self.item(Met::Key as u64, key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.item(0, value)
    }

    fn end(self) -> Result<(), Refused> {
        self.close();
        Ok(())
    }
}

macro_rules! parts {
    ($($trait:ident::$method:ident)+) => {
        $(impl ser::$trait for Parts<'_> {
            type Ok = ();
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
                self.part(self.index + 1, value)
            }

            fn end(self) -> Result<(), Refused> {
                self.close();
                Ok(())
            }
        })+
    };
    (named $($trait:ident)+) => {
        $(impl ser::$trait for Parts<'_> {
            type Ok = ();
            type Error = Refused;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Refused> {
                self.part(name_id(key), value)
            }

            fn skip_field(&mut self, _: &'static str) -> Result<(), Refused> {
                self.meter.tally.positional = false;
                Ok(())
            }

            fn end(self) -> Result<(), Refused> {
                self.close();
                Ok(())
            }
        })+
    };
}

parts! { SerializeTuple::serialize_element SerializeTupleStruct::serialize_field SerializeTupleVariant::serialize_field }
parts! { named SerializeStruct SerializeStructVariant }
