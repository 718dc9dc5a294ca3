//! Whether memory shall have what lies in the store anyway.
//!
//! A large value that is loaded as fast as it is copied gains little by lying in memory too. If more of them take turns
//! than fit there, it loses: each is copied into memory that the system has to clear first, and is gone before it is asked
//! for again. So what is large and quickly loaded takes the room that is left, and nobody's place.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::function::Function;
use super::shelf::Loaded;
use crate::clock::Nanos;
use crate::select::{SharedForm, Side};

/// What is known of a function's large values in its store.
#[derive(Debug, Default)]
pub(super) struct Front {
    /// Whether the last one was loaded quickly. As long as none was loaded, memory has what it always had.
    is_quick: AtomicBool,
}

/// Whether a value of `size` bytes that took so long to load was loaded quickly: at a gigabyte a second or more. A copy
/// into new memory makes two to six.
fn is_quick(size: u64, took: Nanos) -> bool {
    took <= size
}

impl<F: SharedForm> Function<F> {
    /// Takes note of how long a large value took to load.
    pub(super) fn note_load(&self, loaded: &Loaded<F::Kept>) {
        if loaded.size > self.plan.threshold {
            self.front.is_quick.store(is_quick(loaded.size, loaded.took), Relaxed);
        }
    }

    /// Whether memory shall have a value of `size` bytes that the store has.
    pub(super) fn fronts(&self, side: Side, size: u64) -> bool {
        side.memory && self.tier.fits(size) && (!self.yields(size) || self.tier.has_room(size))
    }

    /// Whether such a value takes nobody's place in memory.
    fn yields(&self, size: u64) -> bool {
        !F::SHARES && size > self.plan.threshold && self.front.is_quick.load(Relaxed)
    }

    /// What was found out, for people.
    pub(super) fn explain_front(&self) -> Option<(&'static str, String)> {
        let both = self.plan.large.memory && self.plan.large.store.is_some();
        (both && self.yields(u64::MAX)).then(|| {
            let so = "are loaded about as fast as they are copied: memory has them while there is room";
            ("large results", so.to_owned())
        })
    }
}
