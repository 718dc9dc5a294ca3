//! Plain numbers as two words: what the scalar table holds.

/// A value as two words and back: numbers, `bool`, `char`, `()`.
pub trait Words: Copy + Send + Sync + 'static {
    /// The value in two words.
    fn to_words(self) -> [u64; 2];

    /// The value of two words that [`Words::to_words`] made.
    fn from_words(words: [u64; 2]) -> Self;
}

macro_rules! words {
    ($($type:ty as $bits:ty),+) => {$(
        impl Words for $type {
            #[inline]
            #[allow(clippy::cast_lossless, clippy::cast_sign_loss, reason = "one macro for all widths")]
            fn to_words(self) -> [u64; 2] {
                [self as $bits as u64, 0]
            }

            #[inline]
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "undoes to_words")]
            fn from_words([low, _]: [u64; 2]) -> Self {
                low as $bits as Self
            }
        }
    )+};
}

words! {
    u8 as u8, u16 as u16, u32 as u32, u64 as u64, usize as usize,
    i8 as u8, i16 as u16, i32 as u32, i64 as u64, isize as usize
}

impl Words for u128 {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "split in two halves")]
    fn to_words(self) -> [u64; 2] {
        [self as u64, (self >> 64) as u64]
    }

    #[inline]
    fn from_words([low, high]: [u64; 2]) -> Self {
        Self::from(low) | Self::from(high) << 64
    }
}

impl Words for i128 {
    #[inline]
    fn to_words(self) -> [u64; 2] {
        self.cast_unsigned().to_words()
    }

    #[inline]
    fn from_words(words: [u64; 2]) -> Self {
        u128::from_words(words).cast_signed()
    }
}

impl Words for f32 {
    #[inline]
    fn to_words(self) -> [u64; 2] {
        self.to_bits().to_words()
    }

    #[inline]
    fn from_words(words: [u64; 2]) -> Self {
        Self::from_bits(u32::from_words(words))
    }
}

impl Words for f64 {
    #[inline]
    fn to_words(self) -> [u64; 2] {
        [self.to_bits(), 0]
    }

    #[inline]
    fn from_words([low, _]: [u64; 2]) -> Self {
        Self::from_bits(low)
    }
}

impl Words for bool {
    #[inline]
    fn to_words(self) -> [u64; 2] {
        [u64::from(self), 0]
    }

    #[inline]
    fn from_words([low, _]: [u64; 2]) -> Self {
        low != 0
    }
}

impl Words for char {
    #[inline]
    fn to_words(self) -> [u64; 2] {
        [u64::from(u32::from(self)), 0]
    }

    #[inline]
    fn from_words(words: [u64; 2]) -> Self {
        Self::from_u32(u32::from_words(words)).unwrap_or(Self::REPLACEMENT_CHARACTER)
    }
}

impl Words for () {
    #[inline]
    fn to_words(self) -> [u64; 2] {
        [0, 0]
    }

    #[inline]
    fn from_words(_: [u64; 2]) -> Self {}
}

/// How a kept value becomes words and back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WordsOf<K> {
    pub(crate) to: fn(&K) -> [u64; 2],
    pub(crate) from: fn([u64; 2]) -> K,
}
