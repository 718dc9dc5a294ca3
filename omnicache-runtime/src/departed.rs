//! Remembers, for `explain_call`, why the latest entries left memory.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use crate::explain::CallExplanation;
use crate::key::Digest;

/// How many departures are remembered per function.
const REMEMBERED: usize = 4096;

/// The latest departures of one function: a ring of notes, written without a lock, since an entry leaves at each miss of a
/// full cache, while hardly anybody ever asks why.
#[derive(Debug, Default)]
pub(crate) struct Departed {
    /// Made with the first departure.
    notes: OnceLock<Box<[Note]>>,
    /// How many there were.
    count: AtomicUsize,
}

/// A digest but for its lowest bits, in place of which there is the reason. One that is half written is that of no key.
#[derive(Debug, Default)]
struct Note([AtomicU64; 2]);

/// The reasons that are remembered, by number from one; zero stands for none.
const REASONS: [CallExplanation; 7] = [
    CallExplanation::NeverSeen,
    CallExplanation::Expired,
    CallExplanation::Evicted,
    CallExplanation::Invalidated,
    CallExplanation::CodeChanged,
    CallExplanation::TypeChanged,
    CallExplanation::Corrupt,
];
/// The bits that tell the reason.
const REASON: u64 = REASONS.len() as u64;

/// The number of a reason, if it is one that is remembered.
#[inline]
fn number(why: CallExplanation) -> Option<u64> {
    REASONS.iter().position(|reason| *reason == why).map(|place| place as u64 + 1)
}

impl Note {
    fn write(&self, digest: Digest, reason: u64) {
        let Self([high, low]) = self;
        high.store(digest.high(), Relaxed);
        low.store(digest.low() & !REASON | reason, Relaxed);
    }

    /// The reason, if it is this digest's note.
    fn why(&self, digest: Digest) -> Option<CallExplanation> {
        let [high, low] = self.0.each_ref().map(|word| word.load(Relaxed));
        let is_meant = high == digest.high() && low & !REASON == digest.low() & !REASON;
        let reason = usize::try_from(low & REASON).ok().filter(|_| is_meant)?.checked_sub(1)?;
        REASONS.get(reason).copied()
    }
}

impl Departed {
    /// Notes why an entry left.
    #[inline]
    pub(crate) fn note(&self, digest: Digest, why: CallExplanation) {
        if let Some(reason) = number(why) {
            self.write(self.notes(), digest, reason);
        }
    }

    /// Notes why entries left together; of more than are remembered, some of them.
    pub(crate) fn note_all(&self, digests: &[Digest], why: CallExplanation) {
        if let Some(reason) = number(why) {
            let notes = self.notes();
            digests.iter().take(REMEMBERED).for_each(|digest| self.write(notes, *digest, reason));
        }
    }

    #[inline]
    fn notes(&self) -> &[Note] {
        self.notes.get_or_init(|| std::iter::repeat_with(Note::default).take(REMEMBERED).collect())
    }

    #[inline]
    fn write(&self, notes: &[Note], digest: Digest, reason: u64) {
        // Of two threads that come at once one may lose its note: that is cheaper than for all to wait.
        let count = self.count.load(Relaxed);
        self.count.store(count.wrapping_add(1), Relaxed);
        notes[count % REMEMBERED].write(digest, reason);
    }

    /// Why an entry left, if that is remembered.
    pub(crate) fn why(&self, digest: Digest) -> Option<CallExplanation> {
        let notes = self.notes.get()?;
        let count = self.count.load(Relaxed);
        let latest_first = (0..REMEMBERED).map(|back| count.wrapping_sub(1 + back) % REMEMBERED);
        latest_first.map(|number| &notes[number]).find_map(|note| note.why(digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CallExplanation::{Evicted, Expired};

    /// Digests of which many share a chain.
    fn digest(of: usize) -> Digest {
        Digest::from_words(of as u64 * 1536, of as u64)
    }

    #[test]
    fn the_latest_departures_are_remembered_and_no_others() {
        let departed = Departed::default();
        for count in 1..3 * REMEMBERED {
            departed.note(digest(count), Evicted);
            let first = count.saturating_sub(REMEMBERED);
            assert_eq!(departed.why(digest(first)), None, "{first} of {count}");
            for known in [first + 1, usize::midpoint(first, count) + 1, count] {
                let why = (known <= count).then_some(Evicted);
                assert_eq!(departed.why(digest(known)), why, "{known} of {count}");
            }
        }
    }

    #[test]
    fn the_last_of_several_reasons_counts_for_as_long_as_it_is_remembered() {
        let departed = Departed::default();
        departed.note(digest(1), Evicted);
        departed.note_all(&[digest(2), digest(3)], Evicted);
        departed.note(digest(1), Expired);
        (4..REMEMBERED + 3).for_each(|other| departed.note(digest(other), Evicted));
        assert_eq!(departed.why(digest(1)), Some(Expired));
        departed.note(digest(0), Evicted);
        assert_eq!(departed.why(digest(1)), None);
    }
}
