//! Plain values as a few bits: what the scalar table holds.

/// A value as bits and back: numbers, `bool`, `char`, `()`, and tuples and arrays of them.
pub trait Words: Copy + Send + Sync + 'static {
    /// How many bits it takes; more than 128 are not asked for.
    const BITS: u32;

    /// The value in the lowest [`BITS`](Words::BITS) bits, the others being zero.
    fn to_bits(self) -> u128;

    /// The value of the bits that [`Words::to_bits`] made.
    fn from_bits(bits: u128) -> Self;
}

/// The lowest bits, as many as `T` takes.
#[inline]
fn lowest<T: Words>(bits: u128) -> u128 {
    if T::BITS >= 128 { bits } else { bits & ((1 << T::BITS) - 1) }
}

/// Puts `low` below bits that stand for something else.
#[inline]
pub(crate) fn above<T: Words>(high: u128, low: T) -> u128 {
    if T::BITS >= 128 { low.to_bits() } else { high << T::BITS | low.to_bits() }
}

/// Takes apart what [`above`] put together.
#[inline]
pub(crate) fn apart<T: Words>(bits: u128) -> (u128, T) {
    (if T::BITS >= 128 { 0 } else { bits >> T::BITS }, T::from_bits(lowest::<T>(bits)))
}

macro_rules! words {
    ($($type:ty as $bits:ty),+) => {$(
        impl Words for $type {
            const BITS: u32 = <$bits>::BITS;

            #[inline]
            #[allow(clippy::cast_lossless, clippy::cast_sign_loss, reason = "one macro for all widths")]
            fn to_bits(self) -> u128 {
                self as $bits as u128
            }

            #[inline]
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "undoes to_bits")]
            fn from_bits(bits: u128) -> Self {
                bits as $bits as Self
            }
        }
    )+};
}

words! {
    u8 as u8, u16 as u16, u32 as u32, u64 as u64, u128 as u128, usize as usize,
    i8 as u8, i16 as u16, i32 as u32, i64 as u64, i128 as u128, isize as usize
}

/// Values that are numbers in disguise.
macro_rules! disguised {
    ($($type:ty as $number:ty: $to:expr, $from:expr;)+) => {$(
        impl Words for $type {
            const BITS: u32 = <$number as Words>::BITS;

            #[inline]
            fn to_bits(self) -> u128 {
                let to: fn($type) -> $number = $to;
                to(self).to_bits()
            }

            #[inline]
            fn from_bits(bits: u128) -> Self {
                let from: fn($number) -> $type = $from;
                from(<$number as Words>::from_bits(bits))
            }
        }
    )+};
}

disguised! {
    f32 as u32: f32::to_bits, f32::from_bits;
    f64 as u64: f64::to_bits, f64::from_bits;
    bool as u8: u8::from, |byte| byte != 0;
    char as u32: u32::from, |code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
}

impl Words for () {
    const BITS: u32 = 0;

    #[inline]
    fn to_bits(self) -> u128 {
        0
    }

    #[inline]
    fn from_bits(_: u128) -> Self {}
}

impl<T: Words> Words for Option<T> {
    const BITS: u32 = T::BITS.saturating_add(1);

    #[inline]
    fn to_bits(self) -> u128 {
        self.map_or(0, |value| above(1, value))
    }

    #[inline]
    fn from_bits(bits: u128) -> Self {
        let (is_some, value) = apart(bits);
        (is_some != 0).then_some(value)
    }
}

/// Adds up, ending at more than anything that is asked for.
const fn sum(counts: &[u32]) -> u32 {
    let mut sum: u32 = 0;
    let mut index = 0;
    while index < counts.len() {
        sum = sum.saturating_add(counts[index]);
        index += 1;
    }
    sum
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))+) => {$(
        impl<$($name: Words),+> Words for ($($name,)+) {
            const BITS: u32 = sum(&[$($name::BITS),+]);

            #[inline]
            fn to_bits(self) -> u128 {
                let bits = 0;
                $(let bits = above(bits, self.$index);)+
                bits
            }

            #[inline]
            #[allow(non_snake_case, reason = "a part is named as its type")]
            fn from_bits(bits: u128) -> Self {
                tuples!(@apart bits $($name)+);
                let _ = bits;
                ($($name,)+)
            }
        }
    )+};
    // From the last to the first.
    (@apart $bits:ident $first:ident $($rest:ident)*) => {
        tuples!(@apart $bits $($rest)*);
        let ($bits, $first) = apart::<$first>($bits);
    };
    (@apart $bits:ident) => {};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

impl<T: Words, const N: usize> Words for [T; N] {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "more than the type's maximum is more than is asked for"
    )]
    const BITS: u32 = if N > 128 && T::BITS > 0 { u32::MAX } else { T::BITS.saturating_mul(N as u32) };

    #[inline]
    fn to_bits(self) -> u128 {
        self.into_iter().fold(0, above)
    }

    #[inline]
    fn from_bits(bits: u128) -> Self {
        let mut rest = bits;
        let mut array = std::array::from_fn(|_| {
            let (above, last) = apart(rest);
            rest = above;
            last
        });
        array.reverse();
        array
    }
}

/// How a kept value becomes words and back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WordsOf<K> {
    pub(crate) bits: u32,
    pub(crate) to: fn(&K) -> u128,
    pub(crate) from: fn(u128) -> K,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round<T: Words + PartialEq + std::fmt::Debug>(value: T) {
        let bits = value.to_bits();
        assert_eq!(T::from_bits(bits), value);
        assert!(T::BITS >= 128 || bits >> T::BITS == 0, "{value:?} takes {bits:x}");
    }

    #[test]
    fn what_goes_in_comes_out() {
        for number in [i64::MIN, -1, 0, 1, i64::MAX] {
            round(number);
            round((number, number / 3));
            round((u16::MAX, number, true, 'ß'));
            round([number, !number]);
        }
        round([1_u8, 255, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 128]);
        round([(1_u16, false); 5]);
        round(u128::MAX - 7);
        round((i128::MIN,));
        round((-0.0_f32, f64::MAX));
        round(((), [(); 300], true));
        round((Some(7_u32), None::<u64>));
        round(Some(()));
        assert_eq!(<[u8; 16]>::BITS, 128);
        assert_eq!(<[u64; 1_000_000]>::BITS, u32::MAX);
        assert_eq!(<(u128, [u128; 128])>::BITS, 128 * 129);
    }
}
