//! The atomics of what is read without a lock: the standard library's, or those of the model checker.

#[cfg(not(all(loom, test)))]
pub(super) use std::sync::atomic::{AtomicPtr, AtomicU64};
#[cfg(not(all(loom, test)))]
pub(super) use std::sync::{Mutex, MutexGuard};

#[cfg(all(loom, test))]
pub(super) use loom::sync::atomic::{AtomicPtr, AtomicU64};
#[cfg(all(loom, test))]
pub(super) use loom::sync::{Mutex, MutexGuard};
