//! Telling a listener which entries left a function's memory, and why: after the call that removed them, outside of
//! every lock.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// Why an entry left memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// It was given up to make room.
    Evicted,
    /// Its time to live, or to idle, was over.
    Expired,
    /// A fresh result took its place.
    Replaced,
    /// It was invalidated, here or by another process.
    Invalidated,
    /// The function was cleared.
    Cleared,
}

/// An entry that left a function's memory. What lies on disk may still be there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removal {
    /// The function: its module path and name.
    pub function: String,
    /// Why the entry left.
    pub cause: Cause,
}

/// What [`Config::on_removal`](crate::Config::on_removal) is given.
#[derive(Clone)]
pub(crate) struct Listener(pub(crate) Arc<dyn Fn(&Removal) + Send + Sync>);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

/// Removals of one function that its listener has not heard of yet.
pub(crate) struct Removals {
    listener: Listener,
    pending: Mutex<Vec<Cause>>,
}

thread_local! {
    /// Whether this thread is telling a listener: what the listener's own calls remove, it is told afterwards.
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

impl Removals {
    pub(crate) fn new(listener: Listener) -> Self {
        Self { listener, pending: Mutex::new(Vec::new()) }
    }

    /// Notes that so many entries left. Takes no lock of anybody else's and runs no code of the user's.
    pub(crate) fn note(&self, cause: Cause, entries: usize) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.extend(std::iter::repeat_n(cause, entries));
    }

    /// Tells the listener what is pending; gives the number of times that it panicked.
    pub(crate) fn tell(&self, function: impl Fn() -> String) -> u64 {
        if TELLING.replace(true) {
            return 0;
        }
        let mut panics = 0;
        loop {
            let causes = std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
            if causes.is_empty() {
                break;
            }
            for cause in causes {
                let removal = Removal { function: function(), cause };
                panics += u64::from(catch_unwind(AssertUnwindSafe(|| (self.listener.0)(&removal))).is_err());
            }
        }
        TELLING.set(false);
        panics
    }
}
