//! The deserializer that writes down what it is asked for and answers with made-up values.

use serde::de::{Deserializer, Visitor};

use super::access::{Choose, Elements, Entries};
use super::dummies::{CHARS, FLOATS, INTEGERS, LENGTHS, TEXTS, ZEROS};
use super::state::{State, Stopped};

/// The deserializer at one place of the type.
pub(super) struct Tracer<'s> {
    pub(super) state: &'s mut State,
    pub(super) place: String,
}

impl<'s> Tracer<'s> {
    pub(super) fn new(state: &'s mut State) -> Self {
        Self { state, place: String::new() }
    }

    /// Offers one of so many values to the visitor and remembers a refusal.
    fn offer<V>(
        self,
        what: &str,
        attempts: usize,
        visit: impl FnOnce(usize) -> Result<V, Stopped>,
    ) -> Result<V, Stopped> {
        self.state.note(&self.place, what)?;
        let (key, chosen) = self.state.offer(&self.place, attempts);
        visit(chosen).inspect_err(|_| self.state.refuse(key))
    }

    /// A text is offered as one that is soon gone; if all of those are refused, once as one that lives for ever.
    fn text<V: Visitor<'static>>(self, what: &str, visitor: V) -> Result<V::Value, Stopped> {
        self.state.note(&self.place, what)?;
        let (key, chosen) = self.state.offer(&self.place, TEXTS.len() + 1);
        let taken = match TEXTS.get(chosen) {
            Some(text) => visitor.visit_str(text),
            None => visitor.visit_borrowed_str(""),
        };
        if taken.is_err() {
            self.state.refuse(key);
        } else if chosen == TEXTS.len() {
            self.state.lent = true;
        }
        taken
    }

    fn bytes<V: Visitor<'static>>(self, what: &str, visitor: V) -> Result<V::Value, Stopped> {
        self.state.note(&self.place, what)?;
        let (key, chosen) = self.state.offer(&self.place, LENGTHS.len() + 1);
        let taken = match LENGTHS.get(chosen) {
            Some(length) => visitor.visit_bytes(&ZEROS[..*length]),
            None => visitor.visit_borrowed_bytes(&ZEROS),
        };
        if taken.is_err() {
            self.state.refuse(key);
        } else if chosen == LENGTHS.len() {
            self.state.lent = true;
        }
        taken
    }

    fn nested<V>(
        self,
        step: &str,
        inner: impl FnOnce(Tracer<'_>) -> Result<V, Stopped>,
    ) -> Result<V, Stopped> {
        self.state.enter();
        let place = format!("{}{step}", self.place);
        let result = inner(Tracer { state: self.state, place });
        self.state.leave();
        result
    }

    fn elements<V: Visitor<'static>>(
        self,
        container: Option<&str>,
        parts: &[&str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.nested("", |tracer| visitor.visit_seq(Elements::parts(tracer, container, parts)))
    }
}

macro_rules! numbers {
    ($($method:ident => $visit:ident($table:ident as $type:ty);)+) => {
        $(fn $method<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stopped> {
            let what = &stringify!($visit)["visit_".len()..];
            self.offer(what, $table.len(), |chosen| visitor.$visit(<$type>::from($table[chosen])))
        })+
    };
}

impl Deserializer<'static> for Tracer<'_> {
    type Error = Stopped;

    numbers! {
        deserialize_i16 => visit_i16(INTEGERS as i16);
        deserialize_i32 => visit_i32(INTEGERS as i32);
        deserialize_i64 => visit_i64(INTEGERS as i64);
        deserialize_i128 => visit_i128(INTEGERS as i128);
        deserialize_u8 => visit_u8(INTEGERS as u8);
        deserialize_u16 => visit_u16(INTEGERS as u16);
        deserialize_u32 => visit_u32(INTEGERS as u32);
        deserialize_u64 => visit_u64(INTEGERS as u64);
        deserialize_u128 => visit_u128(INTEGERS as u128);
        deserialize_f32 => visit_f32(FLOATS as f32);
        deserialize_f64 => visit_f64(FLOATS as f64);
        deserialize_char => visit_char(CHARS as char);
    }

    fn deserialize_bool<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.offer("bool", 2, |chosen| visitor.visit_bool(chosen == 1))
    }

    fn deserialize_i8<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.offer("i8", INTEGERS.len(), |chosen| visitor.visit_i8(INTEGERS[chosen].cast_signed()))
    }

    fn deserialize_str<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.text("str", visitor)
    }

    fn deserialize_string<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.text("str", visitor)
    }

    fn deserialize_bytes<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.bytes("bytes", visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.bytes("bytes", visitor)
    }

    fn deserialize_option<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.state.note(&self.place, "option")?;
        if self.state.repeats() {
            return visitor.visit_none();
        }
        self.nested("?", |tracer| visitor.visit_some(tracer))
    }

    fn deserialize_unit<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.state.note(&self.place, "unit")?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.state.note(&self.place, &format!("unit {name}"))?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.state.note(&self.place, &format!("newtype {name}"))?;
        self.state.open_container(&self.place, name);
        self.state.enter();
        let result = visitor.visit_newtype_struct(Tracer { state: &mut *self.state, place: String::new() });
        self.state.leave();
        self.state.close_container();
        result
    }

    fn deserialize_seq<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.state.note(&self.place, "seq")?;
        let count = usize::from(!self.state.repeats());
        self.nested("[]", |tracer| visitor.visit_seq(Elements::items(tracer, count)))
    }

    fn deserialize_tuple<V: Visitor<'static>>(self, len: usize, visitor: V) -> Result<V::Value, Stopped> {
        self.state.note(&self.place, &format!("tuple {len}"))?;
        self.nested("", |tracer| visitor.visit_seq(Elements::numbered(tracer, None, len)))
    }

    fn deserialize_tuple_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.state.note(&self.place, &format!("tuple {name} {len}"))?;
        self.nested("", |tracer| visitor.visit_seq(Elements::numbered(tracer, Some(name), len)))
    }

    fn deserialize_map<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.state.note(&self.place, "map")?;
        let count = usize::from(!self.state.repeats());
        self.nested("", |tracer| visitor.visit_map(Entries { tracer, left: count }))
    }

    fn deserialize_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.state.note(&self.place, &format!("struct {name} {fields:?}"))?;
        self.elements(Some(&format!("{name}{fields:?}")), fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'static>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.state.note(&self.place, &format!("enum {name} {variants:?}"))?;
        let taken = self.state.choose(&self.place, name, variants)?;
        self.nested("", |tracer| visitor.visit_enum(Choose { tracer, taken, name, variants }))
    }

    fn deserialize_any<V: Visitor<'static>>(self, _: V) -> Result<V::Value, Stopped> {
        Err(self.state.asks_what_comes(&self.place, "any"))
    }

    fn deserialize_identifier<V: Visitor<'static>>(self, _: V) -> Result<V::Value, Stopped> {
        Err(self.state.asks_what_comes(&self.place, "identifier"))
    }

    fn deserialize_ignored_any<V: Visitor<'static>>(self, _: V) -> Result<V::Value, Stopped> {
        Err(self.state.asks_what_comes(&self.place, "ignored"))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
