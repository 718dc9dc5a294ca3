//! The atomics of what is read without a lock: the standard library's, or those of the model checker.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

#[cfg(not(all(loom, test)))]
pub(super) use std::sync::atomic::{AtomicPtr, AtomicU64, fence};
#[cfg(not(all(loom, test)))]
pub(super) use std::sync::{Mutex, MutexGuard};

#[cfg(all(loom, test))]
pub(super) use loom::sync::atomic::{AtomicPtr, AtomicU64, fence};
#[cfg(all(loom, test))]
pub(super) use loom::sync::{Mutex, MutexGuard};

/// A word, of either kind: there are statics of it, which the checker's cannot be.
pub(super) trait Word {
    /// The value, for the thread that sets it.
    fn own(&self) -> u64;
    /// The value, and all that was done before it was set.
    fn get(&self) -> u64;
    /// Sets it after all that this thread did.
    fn set(&self, value: u64);
    /// Meets whoever else does so with this word: whichever comes second sees all that was done before the first.
    fn meet(&self);
}

macro_rules! word {
    ($atomic:ty) => {
        impl Word for $atomic {
            #[inline(always)]
            fn own(&self) -> u64 {
                self.load(Relaxed)
            }

            fn get(&self) -> u64 {
                self.load(Acquire)
            }

            #[inline(always)]
            fn set(&self, value: u64) {
                self.store(value, Release);
            }

            #[inline(always)]
            fn meet(&self) {
                // A read-modify-write in either, so that one of them reads what the other, or one after it, wrote.
                self.fetch_add(1, AcqRel);
            }
        }
    };
}

word!(AtomicU64);
#[cfg(all(loom, test))]
word!(std::sync::atomic::AtomicU64);

/// Has the processor fetch what will be looked at soon: to wait for one line of memory after the other is most of what
/// a miss takes in a large cache.
#[inline]
pub(super) fn prefetch<T>(soon: &T) {
    prefetch_at(soon);
}

/// The same of what may have moved away meanwhile.
#[inline]
pub(super) fn prefetch_at<T>(soon: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: fetching reads and changes nothing, as far as the program can tell, and does nothing where there is no memory.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(soon.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = soon;
}
