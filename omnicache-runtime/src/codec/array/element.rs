//! The element types that `.npy` files and `ndarray` share.

use std::collections::TryReserveError;

use ndarray_npy::{ReadableElement, WritableElement};
use num_complex::Complex;

use crate::codec::copying::copied;

mod sealed {
    pub trait Sealed {}
}

/// An element type of `.npy` files: integers of 8 to 64 bits, `f32`, `f64`, `bool`, `Complex` of the floats.
///
/// # Safety
/// A slice of bytes of which [`Element::valid`] holds, of the right length and alignment, is a slice of elements.
pub unsafe trait Element:
    sealed::Sealed + ReadableElement + WritableElement + Copy + Send + Sync + 'static
{
    /// The type's code in a header, without its byte order: `f8`.
    const CODE: &'static str;

    /// Whether every element that `bytes` hold is one of the type's values.
    fn valid(bytes: &[u8]) -> bool;
}

/// `bytes` as elements, if they are aligned and make up whole elements.
pub(super) fn cast<A: Element>(bytes: &[u8]) -> Option<&[A]> {
    let aligned = bytes.as_ptr().cast::<A>().is_aligned();
    let whole = bytes.len().is_multiple_of(size_of::<A>());
    if !aligned || !whole || !A::valid(bytes) {
        return None;
    }
    // SAFETY: the pointer is aligned for `A` and valid for the bytes' length, which is a multiple of the element
    // size; `A::valid` holds, which by the contract of `Element` makes every element a value of `A`. The result
    // borrows from `bytes`, and no element type has interior mutability.
    Some(unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<A>()) })
}

/// A copy of the elements that `bytes` are, however they are aligned; `None` if some are not valid.
pub(super) fn copy<A: Element>(bytes: &[u8]) -> Result<Option<Vec<A>>, TryReserveError> {
    // SAFETY: by the contract of `Element`, bytes of which `A::valid` holds are elements.
    unsafe { copied(bytes, A::valid) }
}

macro_rules! plain {
    ($($type:ty => $code:literal)+) => {
        $(impl sealed::Sealed for $type {}

        // SAFETY: every bit pattern is a value of the type.
        unsafe impl Element for $type {
            const CODE: &'static str = $code;

            #[inline]
            fn valid(_: &[u8]) -> bool {
                true
            }
        })+
    };
}

plain! {
    i8 => "i1" i16 => "i2" i32 => "i4" i64 => "i8"
    u8 => "u1" u16 => "u2" u32 => "u4" u64 => "u8"
    f32 => "f4" f64 => "f8" Complex<f32> => "c8" Complex<f64> => "c16"
}

impl sealed::Sealed for bool {}

// SAFETY: a `bool` is a byte of value 0 or 1, which is what `valid` checks.
unsafe impl Element for bool {
    const CODE: &'static str = "b1";

    fn valid(bytes: &[u8]) -> bool {
        bytes.iter().fold(0, |all, byte| all | byte) <= 1
    }
}
