//! Who reads without a lock at this moment, so that what was unlinked is freed only when nobody can look at it.
//!
//! Each thread has a word of its own, odd while it reads. A reader makes it odd before it looks for anything, by a
//! read-modify-write; who has unlinked something looks at all words, by read-modify-writes too. Of two such on one word
//! one comes first: if it is the reader's, the other one sees that somebody reads, and waits until the word has changed;
//! if not, the reader has seen by then that the thing is unlinked, and cannot find it.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use crate::stripes::{self, SHARED};

/// On lines of their own, and not next to each other: the processor fetches lines in pairs.
#[repr(align(128))]
struct Pin(AtomicU64);

static PINS: [Pin; SHARED] = [const { Pin(AtomicU64::new(0)) }; SHARED];

/// While it lives, nothing is freed that this thread could find when it was made.
pub(super) struct Pinned {
    pin: &'static Pin,
    before: u64,
}

/// Pins what this thread can find; `None` if there are more threads than pins.
#[inline]
pub(super) fn pin() -> Option<Pinned> {
    let Some(pin) = PINS.get(stripes::own()) else { return pin_first() };
    let before = pin.0.load(Relaxed);
    // Pinned already, it is the outer one that counts: it sees less of what was unlinked.
    if before % 2 == 0 {
        pin.0.swap(before + 1, AcqRel);
    }
    Some(Pinned { pin, before })
}

/// Pins for a thread that has no number yet, or none of its own.
#[cold]
fn pin_first() -> Option<Pinned> {
    (stripes::take() < SHARED).then(pin)?
}

impl Drop for Pinned {
    #[inline]
    fn drop(&mut self) {
        if self.before % 2 == 0 {
            self.pin.0.store(self.before + 2, Release);
        }
    }
}

/// The readers that may still look at what was unlinked before it was made.
pub(super) struct Readers(Vec<(usize, u64)>);

impl Readers {
    /// Those who read at this moment.
    pub(super) fn now() -> Self {
        let pins = PINS[..stripes::handed_out()].iter().map(|pin| pin.0.fetch_add(0, AcqRel));
        Self(pins.enumerate().filter(|(_, state)| state % 2 == 1).collect())
    }

    /// Whether all of them have come to an end.
    pub(super) fn are_gone(&mut self) -> bool {
        self.0.retain(|(index, state)| PINS[*index].0.load(Acquire) == *state);
        self.0.is_empty()
    }
}
