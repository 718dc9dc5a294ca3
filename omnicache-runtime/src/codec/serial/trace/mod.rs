//! What a type's `Deserialize` asks for: names, fields and variants in order, nested types too.
//!
//! The type is deserialised from made-up values, again and again, until every variant of every enum has been seen.
//! What it asks for at each place is written down; the sorted notes, hashed, are the type's fingerprint. A place is
//! named by the last few containers above it, which tells two uses of one generic name apart and keeps the places
//! of a recursive type finite.

mod access;
mod deserializer;
mod dummies;
mod state;

use std::any::type_name;

use serde::Deserialize;

use self::deserializer::Tracer;
use self::state::{Pass, State};
use crate::codec::{TypeShape, shape_of};

/// What tracing a type told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Traced {
    /// The type's fingerprint.
    pub(super) shape: TypeShape,
    /// How the type can be read.
    pub(super) reading: Reading,
}

/// How a type can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// By position: the type never asks what comes next, and was seen whole.
    Positional,
    /// Only from a format that describes itself, or the type could not be seen whole.
    SelfDescribing,
    /// Not at all from bytes that do not live for ever: it holds a `&'static str`.
    Lent,
}

/// Looks at `T` until all of it was seen, or that proves impossible.
fn look<T: Deserialize<'static>>(context: usize) -> (State, bool) {
    let mut state = State::new(context);
    loop {
        state.begin();
        let outcome = T::deserialize(Tracer::new(&mut state)).map(drop);
        match state.end(outcome.is_ok()) {
            Pass::Another => {}
            Pass::Complete => return (state, true),
            Pass::GiveUp => return (state, false),
        }
    }
}

/// Traces `T`. The same type gives the same answer in every process.
pub(super) fn trace<T: Deserialize<'static>>() -> Traced {
    // Enums of one name are told apart by where they stand; if there are too many of them, by less.
    let (mut state, mut whole) = look::<T>(2);
    if !whole && state.ran_out() {
        (state, whole) = look::<T>(0);
    }
    let reading = if state.lent {
        Reading::Lent
    } else if whole {
        Reading::Positional
    } else {
        Reading::SelfDescribing
    };
    let mut parts: Vec<&str> = state.notes.iter().map(String::as_str).collect();
    // What could not be seen may differ between two types of equal notes; their names then tell them apart.
    if !whole {
        parts.push(type_name::<T>());
    }
    Traced { shape: shape_of(&parts), reading }
}

#[cfg(test)]
mod tests;
