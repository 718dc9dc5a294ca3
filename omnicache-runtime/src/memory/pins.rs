//! Who reads without a lock at this moment, so that what was unlinked is freed only when nobody can look at it.
//!
//! Each thread has two words of its own: one that is odd while it reads, and one to meet at. A reader makes the first odd
//! and meets before it looks for anything. Who has unlinked something meets with every thread, and looks at its first word
//! then. Of two that meet one comes second and sees what the first one did before: if that is the reader, it sees that
//! the thing is unlinked, and cannot find it; if not, the other one sees that somebody reads, and waits until the word has
//! changed. Nothing but read-modify-writes touches the place to meet at; a plain write would break the chain.

use std::sync::atomic::AtomicU64;

use super::atomic::Word;
use crate::stripes::{self, SHARED};

/// One thread's words, on lines of their own: the processor fetches lines in pairs.
#[repr(align(128))]
struct Pin<W> {
    state: W,
    place: W,
}

impl<W: Word> Pin<W> {
    /// Makes the word odd if it is not, before anything is looked for; gives what it was. Only its thread may ask.
    #[inline(always)]
    fn enter(&self) -> u64 {
        let before = self.state.own();
        // Pinned already, it is the outer one that counts: it sees less of what was unlinked.
        if before.is_multiple_of(2) {
            self.state.set(before + 1);
            self.place.meet();
        }
        before
    }

    /// Undoes [`Pin::enter`], after the last look.
    #[inline(always)]
    fn leave(&self, before: u64) {
        if before.is_multiple_of(2) {
            self.state.set(before + 2);
        }
    }

    /// The word if it is odd, asked after something was unlinked.
    fn reading(&self) -> Option<u64> {
        self.place.meet();
        Some(self.state.get()).filter(|state| state % 2 == 1)
    }

    /// Whether whoever read then has come to an end.
    fn is_past(&self, state: u64) -> bool {
        self.state.get() != state
    }
}

static PINS: [Pin<AtomicU64>; SHARED] =
    [const { Pin { state: AtomicU64::new(0), place: AtomicU64::new(0) } }; SHARED];

/// While it lives, nothing is freed that this thread could find when it was made.
pub(super) struct Pinned {
    pin: &'static Pin<AtomicU64>,
    before: u64,
}

/// Pins what this thread can find; `None` if there are more threads than pins.
#[inline(always)]
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
    #[inline(always)]
    fn drop(&mut self) {
        self.pin.leave(self.before);
    }
}

/// The readers that may still look at what was unlinked before it was made.
pub(super) struct Readers(Vec<(usize, u64)>);

impl Readers {
    /// Nobody.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

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
                pin: Pin { state: AtomicU64::new(0), place: AtomicU64::new(0) },
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
