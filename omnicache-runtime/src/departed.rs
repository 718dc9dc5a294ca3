//! Remembers, for `explain_call`, why the latest entries left memory.

use std::sync::{Mutex, PoisonError};

use crate::explain::CallExplanation;
use crate::key::Digest;

/// How many departures are remembered per function.
const REMEMBERED: usize = 4096;

/// The latest departures of one function.
#[derive(Debug, Default)]
pub(crate) struct Departed(Mutex<Latest>);

/// A ring of notes: an entry leaves at each miss of a full cache, while hardly anybody ever asks why.
#[derive(Debug, Default)]
struct Latest {
    notes: Vec<(Digest, CallExplanation)>,
    /// Which note goes next, once there are as many as are remembered.
    oldest: usize,
}

impl Latest {
    fn note(&mut self, digest: Digest, why: CallExplanation) {
        if self.notes.len() < REMEMBERED {
            self.notes.push((digest, why));
        } else if let Some(oldest) = self.notes.get_mut(self.oldest) {
            *oldest = (digest, why);
            self.oldest = (self.oldest + 1) % REMEMBERED;
        }
    }

    fn why(&self, digest: Digest) -> Option<CallExplanation> {
        let (newest, older) = self.notes.split_at(self.oldest);
        let latest_first = newest.iter().rev().chain(older.iter().rev());
        latest_first.copied().find(|(noted, _)| *noted == digest).map(|(_, why)| why)
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
