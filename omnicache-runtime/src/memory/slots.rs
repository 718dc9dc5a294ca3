//! The memory of the table: atomic words, on huge pages once there are many.
//!
//! A lookup in a large table touches a cache line or two anywhere in it. With pages of 4 KiB the processor must then
//! often look up the page as well, which on a virtual machine costs as much again as the line.

use std::ops::Deref;

use super::atomic::AtomicU64;

/// A cache line of words.
#[repr(align(64))]
struct Line {
    _words: [AtomicU64; LINE],
}

/// Words of a cache line.
const LINE: usize = 8;

/// Words that are all zero at first, in whole cache lines.
pub(super) struct Cells {
    base: *const AtomicU64,
    count: usize,
    memory: Memory,
}

enum Memory {
    /// A vector, since a box that moves would claim to be the only way to its lines.
    Heap { _lines: Vec<Line> },
    #[cfg(target_os = "linux")]
    Mapped(memmap2::MmapRaw),
}

// SAFETY: `base` points into `memory`, which is this value's own and is shared as atomic words alone.
unsafe impl Send for Cells {}
// SAFETY: as above.
unsafe impl Sync for Cells {}

/// The size of a huge page.
#[cfg(target_os = "linux")]
const HUGE: usize = 2 << 20;

impl Cells {
    /// `count` words, a multiple of eight.
    pub(super) fn zeroed(count: usize) -> Self {
        assert!(count.is_multiple_of(LINE), "words come in whole cache lines");
        #[cfg(target_os = "linux")]
        if let Some(map) = map(count * size_of::<AtomicU64>()) {
            return Self { base: map.as_ptr().cast(), count, memory: Memory::Mapped(map) };
        }
        let line = || Line { _words: std::array::from_fn(|_| AtomicU64::new(0)) };
        let lines: Vec<Line> = (0..count / LINE).map(|_| line()).collect();
        const { assert!(size_of::<Line>() == LINE * size_of::<AtomicU64>(), "lines hold words and nothing else") };
        Self { base: lines.as_ptr().cast(), count, memory: Memory::Heap { _lines: lines } }
    }

    /// Gives the memory back to the system where there is much of it. Whoever still reads it reads zeros, at once or
    /// by and by.
    pub(super) fn give_back(&self) {
        #[cfg(target_os = "linux")]
        if let Memory::Mapped(map) = &self.memory {
            // SAFETY: the pages of a private anonymous mapping read as zeros from now on. They stay mapped, and are
            // accessed as atomic words only, of which any mixture of old ones and zeros is valid. Should the system
            // refuse, they stay as they are.
            let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }
}

/// Zeroed memory on huge pages, if it is that much and the system has any.
#[cfg(target_os = "linux")]
fn map(bytes: usize) -> Option<memmap2::MmapRaw> {
    if bytes < HUGE {
        return None;
    }
    // In whole huge pages, for otherwise the system need not lay it on the boundary of one.
    let map = memmap2::MmapOptions::new().len(bytes.next_multiple_of(HUGE)).map_anon().ok()?;
    // A system that has none serves small pages: slower, and as good.
    let _ = map.advise(memmap2::Advice::HugePage);
    Some(map.into())
}

impl Deref for Cells {
    type Target = [AtomicU64];

    #[inline(always)]
    fn deref(&self) -> &[AtomicU64] {
        // SAFETY: `base` points to `count` words in `memory`, which lives as long as this value and is aligned to a
        // page or a cache line; they were zeroed, and zeros are valid words. They are shared as atomics alone.
        unsafe { std::slice::from_raw_parts(self.base, self.count) }
    }
}
