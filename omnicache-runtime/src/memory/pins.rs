//! Who reads without a lock at this moment, so that what was unlinked is freed only when nobody can look at it.
//!
//! Each thread has a word of its own, odd while it reads. A reader makes it odd before it looks for anything, by a
//! read-modify-write; who has unlinked something looks at all words, by read-modify-writes too. Of two such on one word
//! one comes first: if it is the reader's, the other one sees that somebody reads, and waits until the word has changed;
//! if not, the reader has seen by then that the thing is unlinked, and cannot find it.

use std::sync::atomic::AtomicU64;

use super::atomic::Word;
use crate::stripes::{self, SHARED};

/// One thread's word, on lines of its own: the processor fetches lines in pairs.
#[repr(align(128))]
struct Pin<W>(W);

impl<W: Word> Pin<W> {
    /// Makes the word odd if it is not, before anything is looked for; gives what it was. Only its thread may ask.
    #[inline]
    fn enter(&self) -> u64 {
        let before = self.0.own();
        // Pinned already, it is the outer one that counts: it sees less of what was unlinked.
        if before.is_multiple_of(2) {
            self.0.swap(before + 1);
        }
        before
    }

    /// Undoes [`Pin::enter`], after the last look.
    #[inline]
    fn leave(&self, before: u64) {
        if before.is_multiple_of(2) {
            self.0.set(before + 2);
        }
    }

    /// The word if it is odd, asked after something was unlinked.
    fn reading(&self) -> Option<u64> {
        Some(self.0.look()).filter(|state| state % 2 == 1)
    }

    /// Whether whoever read then has come to an end.
    fn is_past(&self, state: u64) -> bool {
        self.0.get() != state
    }
}

static PINS: [Pin<AtomicU64>; SHARED] = [const { Pin(AtomicU64::new(0)) }; SHARED];

/// While it lives, nothing is freed that this thread could find when it was made.
pub(super) struct Pinned {
    pin: &'static Pin<AtomicU64>,
    before: u64,
}

/// Pins what this thread can find; `None` if there are more threads than pins.
#[inline]
pub(super) fn pin() -> Option<Pinned> {
    let Some(pin) = PINS.get(stripes::own()) else { return pin_first() };
    let before = pin.enter();
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
        self.pin.leave(self.before);
    }
}

/// The readers that may still look at what was unlinked before it was made.
pub(super) struct Readers(Vec<(usize, u64)>);

impl Readers {
    /// Those who read at this moment.
    pub(super) fn now() -> Self {
        let pins = PINS[..stripes::handed_out()].iter().enumerate();
        Self(pins.filter_map(|(index, pin)| Some((index, pin.reading()?))).collect())
    }

    /// Whether all of them have come to an end.
    pub(super) fn are_gone(&mut self) -> bool {
        self.0.retain(|(index, state)| !PINS[*index].is_past(*state));
        self.0.is_empty()
    }
}

#[cfg(all(loom, test))]
mod tests {
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed};
    use loom::thread;

    use super::*;

    /// Something that readers find by a word that is not zero, until it is unlinked and freed.
    struct Shared {
        pin: Pin<AtomicU64>,
        link: AtomicU64,
        thing: UnsafeCell<u64>,
    }

    #[test]
    fn loom_nothing_is_freed_that_a_reader_has_found() {
        loom::model(|| {
            let shared = Arc::new(Shared {
                pin: Pin(AtomicU64::new(0)),
                link: AtomicU64::new(1),
                thing: UnsafeCell::new(7),
            });
            let lent = Arc::clone(&shared);
            let reader = thread::spawn(move || {
                for _ in 0..2 {
                    let before = lent.pin.enter();
                    if lent.link.load(Acquire) == 1 {
                        // The checker fails if this is not before, and in its sight, what frees the thing.
                        // SAFETY: as promised by what is tested here.
                        assert_eq!(lent.thing.with(|thing| unsafe { *thing }), 7);
                    }
                    lent.pin.leave(before);
                }
            });
            shared.link.store(0, Relaxed);
            let reading = shared.pin.reading();
            // Not waited for, but asked once: the checker tries whatever the answer may be.
            if reading.is_none_or(|state| shared.pin.is_past(state)) {
                // SAFETY: as promised by what is tested here.
                shared.thing.with_mut(|thing| unsafe { *thing = 0 });
            }
            reader.join().unwrap();
        });
    }
}
