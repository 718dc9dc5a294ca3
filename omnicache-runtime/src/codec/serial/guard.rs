//! A deserializer around another that bounds what hostile bytes can ask for: how deep values nest, and how long
//! the sequences and texts are that the bytes announce.

use std::cell::Cell;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// How deep a stored value nests at most; a deeper one stays in memory.
///
/// Reading recurses as deep as the payload says, so this bounds the stack that hostile bytes can ask for.
pub(super) const DEPTH: u16 = 128;

/// The limits of one decoding.
pub(super) struct Limits<'a> {
    depth: Cell<u16>,
    /// How many items or bytes the next length announces at most, if the format's lengths are to be checked;
    /// `None` if the announced length is malformed or exceeds what is left.
    next_length: Option<&'a dyn Fn() -> bool>,
}

impl<'a> Limits<'a> {
    /// Limits for a format that grows its buffers only as bytes arrive.
    pub(super) fn depth_alone() -> Self {
        Self { depth: Cell::new(0), next_length: None }
    }

    /// Limits for a format that trusts its lengths: `fits` tells whether the length that comes next can be true.
    pub(super) fn with_lengths(fits: &'a dyn Fn() -> bool) -> Self {
        Self { depth: Cell::new(0), next_length: Some(fits) }
    }

    fn length<E: de::Error>(&self) -> Result<(), E> {
        if self.next_length.is_none_or(|fits| fits()) {
            Ok(())
        } else {
            Err(E::custom("a length exceeds the payload"))
        }
    }

    /// Runs `inner` one level deeper.
    fn deeper<T, E: de::Error>(&self, inner: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let depth = self.depth.get();
        if depth >= DEPTH {
            return Err(E::custom("nested too deep"));
        }
        self.depth.set(depth + 1);
        let result = inner();
        self.depth.set(depth);
        result
    }
}

/// Anything of serde's, with the limits it is held to: deserializers, visitors, accesses and seeds alike.
pub(super) struct Guarded<'g, 'a, X> {
    inner: X,
    limits: &'g Limits<'a>,
}

impl<'g, 'a, X> Guarded<'g, 'a, X> {
    pub(super) fn new(inner: X, limits: &'g Limits<'a>) -> Self {
        Self { inner, limits }
    }

    fn around<Y>(&self, inner: Y) -> Guarded<'g, 'a, Y> {
        Guarded { inner, limits: self.limits }
    }
}

macro_rules! forward {
    ($($method:ident)+) => {
        $(#[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            self.inner.$method(visitor)
        })+
    };
}

macro_rules! forward_lengths {
    ($($method:ident)+) => {
        $(#[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            self.limits.length()?;
            self.inner.$method(visitor)
        })+
    };
}

macro_rules! forward_deeper {
    ($($method:ident($($arg:ident: $type:ty),*) $(with $length:ident)?;)+) => {
        $(#[inline]
        fn $method<V: Visitor<'de>>(self, $($arg: $type,)* visitor: V) -> Result<V::Value, Self::Error> {
            $(self.limits.$length()?;)?
            let visitor = self.around(visitor);
            self.limits.deeper(|| self.inner.$method($($arg,)* visitor))
        })+
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Guarded<'_, '_, D> {
    type Error = D::Error;

    forward! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_unit deserialize_identifier
    }

    forward_lengths! { deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf }

    forward_deeper! {
        deserialize_any();
        deserialize_ignored_any();
        deserialize_option();
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq() with length;
        deserialize_map() with length;
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.inner.deserialize_unit_struct(name, visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! visits {
    ($($method:ident($type:ty))+) => {
        $(#[inline]
        fn $method<E: de::Error>(self, v: $type) -> Result<Self::Value, E> {
            self.inner.$method(v)
        })+
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Guarded<'_, '_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.expecting(f)
    }

    visits! {
        visit_bool(bool) visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128)
        visit_u8(u8) visit_u16(u16) visit_u32(u32) visit_u64(u64) visit_u128(u128)
        visit_f32(f32) visit_f64(f64) visit_char(char)
        visit_str(&str) visit_borrowed_str(&'de str) visit_string(String)
        visit_bytes(&[u8]) visit_borrowed_bytes(&'de [u8]) visit_byte_buf(Vec<u8>)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let deserializer = self.around(deserializer);
        self.inner.visit_some(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let deserializer = self.around(deserializer);
        self.inner.visit_newtype_struct(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        let access = self.around(access);
        self.inner.visit_seq(access)
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        let access = self.around(access);
        self.inner.visit_map(access)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        let access = self.around(access);
        self.inner.visit_enum(access)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Guarded<'_, '_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let deserializer = self.around(deserializer);
        self.inner.deserialize(deserializer)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Guarded<'_, '_, A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let seed = self.around(seed);
        self.inner.next_element_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Guarded<'_, '_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let seed = self.around(seed);
        self.inner.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.around(seed);
        self.inner.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, 'g, 'a, A: EnumAccess<'de>> EnumAccess<'de> for Guarded<'g, 'a, A> {
    type Error = A::Error;
    type Variant = Guarded<'g, 'a, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let limits = self.limits;
        let (value, variant) = self.inner.variant_seed(Guarded { inner: seed, limits })?;
        Ok((value, Guarded { inner: variant, limits }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Guarded<'_, '_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.around(seed);
        self.inner.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = self.around(visitor);
        self.inner.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = self.around(visitor);
        self.inner.struct_variant(fields, visitor)
    }
}
