//! [`CacheKey`] for numbers, `bool` and `char`: alone by tag and value, in slices in one piece.

use std::num::NonZero;
use std::ops::Range;

use bytemuck::NoUninit;

use super::bulk::Bulk;
use super::wide::wide;
use super::writer::Tag;
use super::{CacheKey, KeyWriter};

/// Plain numbers: a tag and the little-endian bytes; slices of them in one piece on little-endian machines.
macro_rules! plain {
    ($($type:ty => $tag:ident as $wide:ty),+ $(,)?) => {$(
        impl CacheKey for $type {
            #[inline(always)]
            #[allow(clippy::cast_lossless, reason = "one macro for all widths")]
            fn write_key(&self, key: &mut KeyWriter) {
                key.tagged(Tag::$tag, (*self as $wide).to_le_bytes());
            }

            #[allow(clippy::cast_lossless, reason = "one macro for all widths")]
            fn write_slice(slice: &[Self], key: &mut KeyWriter) {
                key.tag(Tag::$tag);
                if cfg!(target_endian = "little") && size_of::<Self>() == size_of::<$wide>() {
                    key.bulk(&bytemuck::cast_slice::<_, u8>(slice));
                } else {
                    key.gathered(slice.iter().map(|v| (*v as $wide).to_le_bytes()));
                }
            }

            #[allow(clippy::cast_lossless, reason = "one macro for all widths")]
            fn write_all<'a>(elements: impl Iterator<Item = &'a Self>, key: &mut KeyWriter) {
                key.tag(Tag::$tag);
                key.gathered(elements.map(|v| (*v as $wide).to_le_bytes()));
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
    ($($type:ty => $tag:ident as $bits:ty),+) => {$(
        impl CacheKey for $type {
            #[inline(always)]
            fn write_key(&self, key: &mut KeyWriter) {
                key.tagged(Tag::$tag, self.canonical().to_le_bytes());
            }

            fn write_slice(slice: &[Self], key: &mut KeyWriter) {
                key.tag(Tag::$tag);
                key.bulk(&Floats(slice));
            }

            fn write_all<'a>(elements: impl Iterator<Item = &'a Self>, key: &mut KeyWriter) {
                key.tag(Tag::$tag);
                key.gathered(elements.map(|v| v.canonical().to_le_bytes()));
            }
        }

        impl Float for $type {
            type Bits = $bits;
            const MAGNITUDE: $bits = <$bits>::MAX >> 1;

            #[inline]
            fn canonical(self) -> $bits {
                let bits = self.to_bits();
                match bits & Self::MAGNITUDE {
                    0 => 0,
                    magnitude if magnitude > Self::INFINITY.to_bits() => Self::NAN.to_bits(),
                    _ => bits,
                }
            }

            fn are_canonical(values: &[Self]) -> bool {
                wide! {
                    fn are_canonical(values: &[$type]) -> bool {
                        // Of each value the uppermost bit counts, which one sum sets for a NaN and the other one for
                        // whatever is not zero.
                        const MAGNITUDE: $bits = <$type>::MAGNITUDE;
                        let odd = values.iter().fold(0, |odd, value| {
                            let bits = value.to_bits();
                            let magnitude = bits & MAGNITUDE;
                            let nan = magnitude + (MAGNITUDE - <$type>::INFINITY.to_bits());
                            let negative_zero = bits & !(magnitude + MAGNITUDE);
                            odd | nan | negative_zero
                        });
                        odd <= MAGNITUDE
                    }
                }
                are_canonical(values)
            }

            fn make_canonical(values: &[Self], room: &mut [$bits]) {
                wide! {
                    fn make_canonical(values: &[$type], room: &mut [$bits]) {
                        for (value, room) in values.iter().zip(room) {
                            *room = value.canonical().to_le();
                        }
                    }
                }
                make_canonical(values, room);
            }
        }
    )+};
}

float! { f32 => F32 as u32, f64 => F64 as u64 }

trait Float: NoUninit + Sync {
    type Bits: NoUninit + Default;
    /// All bits but the sign.
    const MAGNITUDE: Self::Bits;

    /// The bits of the value, with one zero and one NaN.
    fn canonical(self) -> Self::Bits;

    /// Whether the bits of all these values are canonical as they are.
    fn are_canonical(values: &[Self]) -> bool;

    /// The canonical bits of all these values, little-endian.
    fn make_canonical(values: &[Self], room: &mut [Self::Bits]);
}

/// Floats that lie side by side.
struct Floats<'a, T>(&'a [T]);

impl<T: Float> Bulk for Floats<'_, T> {
    fn length(&self) -> usize {
        size_of_val(self.0)
    }

    fn range(&self, range: Range<usize>, piece: usize, push: &mut dyn FnMut(&[u8])) {
        let size = size_of::<T>();
        let mut room = Vec::new();
        for start in range.clone().step_by(piece) {
            let end = range.end.min(start + piece);
            // A range may begin and end within a value.
            let values = &self.0[start / size..end.div_ceil(size)];
            let part = start % size..start % size + (end - start);
            if cfg!(target_endian = "little") && T::are_canonical(values) {
                push(&bytemuck::cast_slice(values)[part]);
            } else {
                room.resize(values.len(), T::Bits::default());
                T::make_canonical(values, &mut room);
                push(&bytemuck::cast_slice(&room)[part]);
            }
        }
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
