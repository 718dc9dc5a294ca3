//! Whether a payload is a plain number, some other `Copy` value, or neither.

use crate::memory::Words;

/// Whether a payload is `Copy`, and whether it is plain numbers.
pub trait Copyness<T>: 'static {
    /// Whether it is `Copy`.
    const COPY: bool;

    /// How many bits it takes; more than 128 if it does not become bits.
    #[doc(hidden)]
    const BITS: u32 = u32::MAX;

    /// Its bits.
    #[doc(hidden)]
    fn to_bits(_value: &T) -> u128 {
        unreachable!("bits are asked for where there are any")
    }

    /// The value of some bits.
    #[doc(hidden)]
    fn from_bits(_bits: u128) -> T {
        unreachable!("bits are asked for where there are any")
    }
}

/// Plain numbers, alone or put together.
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

    const BITS: u32 = T::BITS;

    #[inline]
    fn to_bits(value: &T) -> u128 {
        (*value).to_bits()
    }

    #[inline]
    fn from_bits(bits: u128) -> T {
        T::from_bits(bits)
    }
}

impl<T> Copyness<T> for Copied {
    const COPY: bool = true;
}

impl<T> Copyness<T> for Moved {
    const COPY: bool = false;
}
