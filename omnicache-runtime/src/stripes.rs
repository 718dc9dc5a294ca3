//! A number for each thread, for what each thread has a place of its own in.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel};
use std::sync::{Mutex, PoisonError};

/// The number of threads that found all others taken; those below belong to one thread at a time each.
pub(crate) const SHARED: usize = 31;

/// Numbers that no living thread owns any more.
static FREE: Mutex<Vec<usize>> = Mutex::new(Vec::new());
static HANDED_OUT: AtomicUsize = AtomicUsize::new(0);

/// Gives a number back when its thread ends.
struct Owner(usize);

impl Drop for Owner {
    fn drop(&mut self) {
        OWN.set(SHARED);
        if self.0 != SHARED {
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
        }
    }
}

thread_local! {
    static OWN: Cell<usize> = const { Cell::new(usize::MAX) };
    static OWNER: Owner = Owner(hand_out());
}

/// This thread's number if it is below [`SHARED`]; anything else if it owns none, or has not asked for one yet.
#[inline(always)]
pub(crate) fn own() -> usize {
    OWN.get()
}

/// This thread's number, at most [`SHARED`], taken at the first use.
#[cold]
pub(crate) fn take() -> usize {
    if OWN.get() > SHARED {
        OWN.set(OWNER.try_with(|owner| owner.0).unwrap_or(SHARED));
    }
    OWN.get()
}

fn hand_out() -> usize {
    let freed = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    freed.unwrap_or_else(|| HANDED_OUT.fetch_add(1, AcqRel).min(SHARED))
}

/// How many numbers have been handed out. Whoever is handed one that is not among them has seen, by then, whatever
/// this thread did before it asked: both are read-modify-writes of one place, and one of them comes first.
pub(crate) fn handed_out() -> usize {
    HANDED_OUT.fetch_add(0, AcqRel).min(SHARED)
}
