//! Whether a payload is a plain number, some other `Copy` value, or neither.

use crate::memory::{Words, WordsOf};

/// Conversion to words, opaque outside of the crate.
#[derive(Clone, Copy, Debug)]
pub struct Conversion<K>(pub(crate) WordsOf<K>);

/// Whether a payload is `Copy`, and whether it is a plain number.
pub trait Copyness<T>: 'static {
    /// Whether it is `Copy`.
    const COPY: bool;

    /// How it becomes words, if it is a plain number.
    #[doc(hidden)]
    #[inline]
    fn words() -> Option<Conversion<T>> {
        None
    }
}

/// A plain number.
#[derive(Debug)]
pub struct Word;
/// Some other `Copy` type.
#[derive(Debug)]
pub struct Copied;
/// Not `Copy`.
#[derive(Debug)]
pub struct Moved;

impl<T: Words> Copyness<T> for Word {
    const COPY: bool = true;

    #[inline]
    fn words() -> Option<Conversion<T>> {
        Some(Conversion(WordsOf { to: |value| value.to_words(), from: T::from_words }))
    }
}

impl<T> Copyness<T> for Copied {
    const COPY: bool = true;
}

impl<T> Copyness<T> for Moved {
    const COPY: bool = false;
}
