//! The memory of the scalar table: slots of four words, on huge pages once there are many.
//!
//! A lookup in a large table touches one cache line anywhere in it. With pages of 4 KiB the processor must then
//! often look up the page as well, which on a virtual machine costs as much again as the line.

use std::ops::Deref;
use std::sync::atomic::AtomicU64;

/// Four words; the table says what they hold. Two slots fill a cache line.
#[derive(Default)]
#[repr(align(32))]
pub(super) struct Slot(pub(super) [AtomicU64; 4]);

/// Slots whose words are all zero at first.
pub(super) enum Slots {
    Heap(Box<[Slot]>),
    #[cfg(target_os = "linux")]
    Mapped(memmap2::MmapRaw),
}

/// The size of a huge page.
#[cfg(target_os = "linux")]
const HUGE: usize = 2 << 20;

impl Slots {
    pub(super) fn empty(count: usize) -> Self {
        #[cfg(target_os = "linux")]
        if let Some(mapped) = map(count * size_of::<Slot>()) {
            return Self::Mapped(mapped);
        }
        Self::Heap((0..count).map(|_| Slot::default()).collect())
    }
}

/// Zeroed memory on huge pages, if it is that much and the system has any.
#[cfg(target_os = "linux")]
fn map(bytes: usize) -> Option<memmap2::MmapRaw> {
    if bytes < HUGE {
        return None;
    }
    let map = memmap2::MmapOptions::new().len(bytes).map_anon().ok()?;
    // A system that has none serves small pages: slower, and as good.
    let _ = map.advise(memmap2::Advice::HugePage);
    Some(map.into())
}

impl Deref for Slots {
    type Target = [Slot];

    #[inline]
    fn deref(&self) -> &[Slot] {
        match self {
            Self::Heap(slots) => slots,
            #[cfg(target_os = "linux")]
            // SAFETY: the mapping is this value's own, zeroed, page-aligned, and as long as the quotient says; all
            // zeros are valid slots. It is accessed through this shared slice alone, whose words are atomic.
            Self::Mapped(map) => unsafe {
                std::slice::from_raw_parts(map.as_ptr().cast(), map.len() / size_of::<Slot>())
            },
        }
    }
}
