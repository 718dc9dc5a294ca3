//! [`CacheKey`] for numbers, `bool` and `char`: alone by tag and value, in slices in one piece.

use std::num::NonZero;

use super::writer::Tag;
use super::{CacheKey, KeyWriter};

/// Plain numbers: a tag and the little-endian bytes; slices of them in one piece on little-endian machines.
macro_rules! plain {
    ($($type:ty => $tag:ident as $wide:ty),+ $(,)?) => {$(
        impl CacheKey for $type {
            #[inline]
            #[allow(clippy::cast_lossless, reason = "one macro for all widths")]
            fn write_key(&self, key: &mut KeyWriter) {
                key.tagged(Tag::$tag, (*self as $wide).to_le_bytes());
            }

            #[allow(clippy::cast_lossless, reason = "one macro for all widths")]
            fn write_slice(slice: &[Self], key: &mut KeyWriter) {
                key.tag(Tag::$tag);
                if cfg!(target_endian = "little") && size_of::<Self>() == size_of::<$wide>() {
                    key.bulk(bytemuck::cast_slice(slice));
                } else {
                    key.bulk_pieces(|push| slice.iter().for_each(|v| push(&(*v as $wide).to_le_bytes())));
                }
            }

            #[allow(clippy::cast_lossless, reason = "one macro for all widths")]
            fn write_all<'a>(elements: impl Iterator<Item = &'a Self>, key: &mut KeyWriter) {
                key.tag(Tag::$tag);
                key.bulk_pieces(|push| elements.for_each(|v| push(&(*v as $wide).to_le_bytes())));
            }
        }
    )+};
}

plain! {
    u8 => U8 as u8, u16 => U16 as u16, u32 => U32 as u32, u64 => U64 as u64, u128 => U128 as u128,
    i8 => I8 as i8, i16 => I16 as i16, i32 => I32 as i32, i64 => I64 as i64, i128 => I128 as i128,
    usize => Usize as u64, isize => Isize as i64,
    bool => Bool as u8, char => Char as u32,
}

/// Floats by their bits, with one zero and one NaN.
macro_rules! float {
    ($($type:ty => $tag:ident),+) => {$(
        impl CacheKey for $type {
            #[inline]
            fn write_key(&self, key: &mut KeyWriter) {
                key.tagged(Tag::$tag, one_zero_one_nan(*self).to_bits().to_le_bytes());
            }

            fn write_slice(slice: &[Self], key: &mut KeyWriter) {
                key.tag(Tag::$tag);
                let ordinary = |value: &Self| value.to_bits() != (-0.0 as Self).to_bits() && !value.is_nan();
                // A piece that fits the first-level cache is looked at and hashed before the next is fetched.
                key.bulk_pieces(|push| {
                    for piece in slice.chunks(2048) {
                        if cfg!(target_endian = "little") && piece.iter().fold(true, |all, v| all & ordinary(v)) {
                            push(bytemuck::cast_slice(piece));
                        } else {
                            piece.iter().for_each(|v| push(&one_zero_one_nan(*v).to_bits().to_le_bytes()));
                        }
                    }
                });
            }

            fn write_all<'a>(elements: impl Iterator<Item = &'a Self>, key: &mut KeyWriter) {
                key.tag(Tag::$tag);
                key.bulk_pieces(|push| elements.for_each(|v| push(&one_zero_one_nan(*v).to_bits().to_le_bytes())));
            }
        }

        impl Canonical for $type {
            const NAN: Self = Self::NAN;
            const ZERO: Self = 0.0;
        }
    )+};
}

float! { f32 => F32, f64 => F64 }

trait Canonical: PartialEq + Copy {
    const NAN: Self;
    const ZERO: Self;
}

#[inline]
#[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
fn one_zero_one_nan<T: Canonical>(value: T) -> T {
    if value != value {
        T::NAN
    } else if value == T::ZERO {
        T::ZERO
    } else {
        value
    }
}

macro_rules! non_zero {
    ($($type:ty),+) => {$(
        impl CacheKey for NonZero<$type> {
            fn write_key(&self, key: &mut KeyWriter) {
                self.get().write_key(key);
            }
        }
    )+};
}

non_zero! { u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize }
