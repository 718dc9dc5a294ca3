//! Remembers, for `explain_call`, why the latest entries left memory.

use std::sync::{Mutex, PoisonError};

use crate::explain::CallExplanation;
use crate::key::Digest;

/// How many departures are remembered per function: a power of two.
const REMEMBERED: usize = 4096;
/// Stands for no note.
const NONE: u16 = u16::MAX;

/// The latest departures of one function.
#[derive(Debug, Default)]
pub(crate) struct Departed(Mutex<Latest>);

/// A ring of notes, each in a chain of those whose digests share some bits, from the newest to the oldest. Nothing is
/// allocated once the ring is full.
#[derive(Debug, Default)]
struct Latest {
    notes: Vec<Note>,
    /// Which note goes next, once there are as many as are remembered.
    oldest: usize,
    /// The newest note of each chain.
    chains: Vec<u16>,
}

/// Why an entry left.
#[derive(Debug)]
struct Note {
    low: u64,
    high: u64,
    /// The next in the chain.
    older: u16,
    why: CallExplanation,
}

/// The chain of a digest.
fn chain(low: u64) -> usize {
    usize::try_from(low % REMEMBERED as u64).unwrap_or(0)
}

impl Latest {
    fn note(&mut self, digest: Digest, why: CallExplanation) {
        if self.chains.is_empty() {
            self.chains = vec![NONE; REMEMBERED];
        }
        let (low, high) = (digest.low(), digest.high());
        let at = if self.notes.len() < REMEMBERED {
            self.notes.push(Note { low, high, older: NONE, why });
            self.notes.len() - 1
        } else {
            let at = self.oldest;
            self.oldest = (at + 1) % REMEMBERED;
            self.unchain(at);
            at
        };
        let at_in_chain = u16::try_from(at).unwrap_or(NONE);
        let older = std::mem::replace(&mut self.chains[chain(low)], at_in_chain);
        self.notes[at] = Note { low, high, older, why };
    }

    /// Takes the oldest note off its chain: it is the last of it.
    fn unchain(&mut self, oldest: usize) {
        let newest = &mut self.chains[chain(self.notes[oldest].low)];
        if usize::from(*newest) == oldest {
            *newest = NONE;
            return;
        }
        let mut at = usize::from(*newest);
        while let Some(note) = self.notes.get_mut(at) {
            at = usize::from(note.older);
            if at == oldest {
                note.older = NONE;
            }
        }
    }

    fn why(&self, digest: Digest) -> Option<CallExplanation> {
        let newest = *self.chains.get(chain(digest.low()))?;
        let note = |index: u16| self.notes.get(usize::from(index));
        std::iter::successors(note(newest), |newer| note(newer.older))
            .find(|note| (note.low, note.high) == (digest.low(), digest.high()))
            .map(|note| note.why)
    }
}

impl Departed {
    /// Notes why an entry left.
    pub(crate) fn note(&self, digest: Digest, why: CallExplanation) {
        self.note_all(&[digest], why);
    }

    /// Notes why entries left together; of more than are remembered, some of them.
    pub(crate) fn note_all(&self, digests: &[Digest], why: CallExplanation) {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        digests.iter().take(REMEMBERED).for_each(|&digest| latest.note(digest, why));
    }

    /// Why an entry left, if that is remembered.
    pub(crate) fn why(&self, digest: Digest) -> Option<CallExplanation> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).why(digest)
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
