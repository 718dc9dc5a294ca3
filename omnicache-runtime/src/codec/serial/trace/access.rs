//! The parts of a container, offered one by one.

use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::deserializer::Tracer;
use super::state::{Stopped, Taken};

/// The parts of a tuple or struct, or the items of a sequence.
pub(super) struct Elements<'s> {
    tracer: Tracer<'s>,
    /// What the parts are called, last first; items of a sequence have no names.
    names: Vec<String>,
    container: Option<String>,
    left: usize,
}

impl<'s> Elements<'s> {
    /// Items, all at one place.
    pub(super) fn items(tracer: Tracer<'s>, count: usize) -> Self {
        Self { tracer, names: Vec::new(), container: None, left: count }
    }

    /// Parts with names, each at its own place within `container`.
    pub(super) fn parts(tracer: Tracer<'s>, container: Option<&str>, names: &[&str]) -> Self {
        let left = names.len();
        let names = names.iter().rev().map(|name| (*name).to_owned()).collect();
        Self { tracer, names, container: container.map(str::to_owned), left }
    }

    /// Parts with numbers. Only the first few are named: a long array's elements are alike.
    pub(super) fn numbered(tracer: Tracer<'s>, container: Option<&str>, len: usize) -> Self {
        let names = (0..len.min(64)).rev().map(|index| index.to_string()).collect();
        Self { tracer, names, container: container.map(str::to_owned), left: len }
    }
}

impl SeqAccess<'static> for Elements<'_> {
    type Error = Stopped;

    fn next_element_seed<S: DeserializeSeed<'static>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stopped> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let name = self.names.pop();
        let state = &mut *self.tracer.state;
        let Some(container) = &self.container else {
            let place = format!("{}.{}", self.tracer.place, name.unwrap_or_default());
            return seed.deserialize(Tracer { state, place }).map(Some);
        };
        state.open_container(&self.tracer.place, container);
        let place = format!(".{}", name.unwrap_or_default());
        let result = seed.deserialize(Tracer { state: &mut *state, place });
        state.close_container();
        result.map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The entries of a map, all at one place.
pub(super) struct Entries<'s> {
    pub(super) tracer: Tracer<'s>,
    pub(super) left: usize,
}

impl MapAccess<'static> for Entries<'_> {
    type Error = Stopped;

    fn next_key_seed<S: DeserializeSeed<'static>>(&mut self, seed: S) -> Result<Option<S::Value>, Stopped> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let place = format!("{}{{key}}", self.tracer.place);
        seed.deserialize(Tracer { state: &mut *self.tracer.state, place }).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'static>>(&mut self, seed: S) -> Result<S::Value, Stopped> {
        let place = format!("{}{{value}}", self.tracer.place);
        seed.deserialize(Tracer { state: &mut *self.tracer.state, place })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// An enum of which one variant is taken.
pub(super) struct Choose<'s> {
    pub(super) tracer: Tracer<'s>,
    pub(super) taken: Taken,
    pub(super) name: &'static str,
    pub(super) variants: &'static [&'static str],
}

impl Choose<'_> {
    /// Reads the variant's content by `read`, within a container of the variant's name.
    fn content<V>(
        self,
        what: &str,
        read: impl FnOnce(Tracer<'_>) -> Result<V, Stopped>,
    ) -> Result<V, Stopped> {
        let state = self.tracer.state;
        let container = format!("{}{:?}::{}", self.name, self.variants, self.variants[self.taken.index]);
        state.note(&format!("{}::{}", self.tracer.place, self.variants[self.taken.index]), what)?;
        state.open_container(&self.tracer.place, &container);
        let result = read(Tracer { state: &mut *state, place: String::new() });
        state.close_container();
        if result.is_ok() {
            state.chosen(self.taken, self.variants.len());
        }
        result
    }
}

impl EnumAccess<'static> for Choose<'_> {
    type Error = Stopped;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'static>>(self, seed: S) -> Result<(S::Value, Self), Stopped> {
        let index = u32::try_from(self.taken.index).map_err(|_| Stopped)?;
        let index: U32Deserializer<Stopped> = index.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl VariantAccess<'static> for Choose<'_> {
    type Error = Stopped;

    fn unit_variant(self) -> Result<(), Stopped> {
        self.content("unit", |_| Ok(()))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'static>>(self, seed: S) -> Result<S::Value, Stopped> {
        self.content("newtype", |tracer| seed.deserialize(tracer))
    }

    fn tuple_variant<V: Visitor<'static>>(self, len: usize, visitor: V) -> Result<V::Value, Stopped> {
        self.content(&format!("tuple {len}"), |tracer| {
            visitor.visit_seq(Elements::numbered(tracer, None, len))
        })
    }

    fn struct_variant<V: Visitor<'static>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.content(&format!("struct {fields:?}"), |tracer| {
            visitor.visit_seq(Elements::parts(tracer, None, fields))
        })
    }
}
