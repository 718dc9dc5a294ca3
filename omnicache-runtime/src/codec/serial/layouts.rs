//! Which layouts a value has: a small set of hashes, filled without allocation.
//!
//! A layout is "at this place of the type, a value of this kind": the third field of a struct holds a `u32`, a
//! sequence element is a tuple of two. Values of one set of layouts are written and read by the same code paths,
//! so one of them that came back unharmed vouches for the others. Places are named by the enclosing field and the
//! one above it, which keeps the set of a recursive type finite.

/// Mixes two words into one, by folding their product.
pub(super) const fn mix(a: u64, b: u64) -> u64 {
    let product = ((a ^ 0x9E37_79B9_7F4A_7C15) as u128) * ((b ^ 0xD6E8_FEB8_6659_FD93) as u128 | 1);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are folded into one")]
    let folded = (product >> 64) as u64 ^ product as u64;
    folded.rotate_left(23) ^ a
}

/// An identity for a static name: where it lies and how long it is. Two copies of one name may differ, which costs
/// a second proof and nothing else; two names are never taken for one.
pub(super) fn name_id(name: &'static str) -> u64 {
    mix(name.as_ptr() as usize as u64, name.len() as u64)
}

const SLOTS: usize = 256;
const FULL: usize = 192;

/// A set of layout hashes of fixed capacity.
pub(super) struct Layouts {
    pub(super) slots: [u64; SLOTS],
    pub(super) len: usize,
    /// There were more layouts than the set holds, so that it vouches for nothing.
    pub(super) overflowed: bool,
}

impl Layouts {
    pub(super) fn new() -> Self {
        Self { slots: [0; SLOTS], len: 0, overflowed: false }
    }

    #[inline]
    pub(super) fn insert(&mut self, layout: u64) {
        let layout = layout | 1;
        let mut at = (layout >> 8) as usize % SLOTS;
        loop {
            match self.slots[at] {
                0 => break,
                taken if taken == layout => return,
                _ => at = (at + 1) % SLOTS,
            }
        }
        if self.len == FULL {
            self.overflowed = true;
        } else {
            self.slots[at] = layout;
            self.len += 1;
        }
    }
}
