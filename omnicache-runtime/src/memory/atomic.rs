//! The atomics of what is read without a lock: the standard library's, or those of the model checker.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

#[cfg(not(all(loom, test)))]
pub(super) use std::sync::atomic::{AtomicPtr, AtomicU64};
#[cfg(not(all(loom, test)))]
pub(super) use std::sync::{Mutex, MutexGuard};

#[cfg(all(loom, test))]
pub(super) use loom::sync::atomic::{AtomicPtr, AtomicU64};
#[cfg(all(loom, test))]
pub(super) use loom::sync::{Mutex, MutexGuard};

/// A word that one thread changes and others look at: of either kind, for there are statics of it, which the checker's
/// cannot be.
pub(super) trait Word {
    /// The value, for the thread that changes it.
    fn own(&self) -> u64;
    /// The value, and all that its thread did before it.
    fn get(&self) -> u64;
    /// The value, by a read-modify-write that changes nothing: each comes before or after any other one.
    fn look(&self) -> u64;
    /// Changes it by a read-modify-write.
    fn swap(&self, value: u64);
    /// Changes it after all that its thread did.
    fn set(&self, value: u64);
}

macro_rules! word {
    ($atomic:ty) => {
        impl Word for $atomic {
            #[inline]
            fn own(&self) -> u64 {
                self.load(Relaxed)
            }

            fn get(&self) -> u64 {
                self.load(Acquire)
            }

            fn look(&self) -> u64 {
                self.fetch_add(0, AcqRel)
            }

            #[inline]
            fn swap(&self, value: u64) {
                self.swap(value, AcqRel);
            }

            #[inline]
            fn set(&self, value: u64) {
                self.store(value, Release);
            }
        }
    };
}

word!(AtomicU64);
#[cfg(all(loom, test))]
word!(std::sync::atomic::AtomicU64);
