//! Remembers, for `explain_call`, why the latest entries left memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::explain::CallExplanation;
use crate::key::{Digest, DigestState};

/// How many departures are remembered per function.
const REMEMBERED: usize = 4096;

/// The latest departures of one function.
#[derive(Debug, Default)]
pub(crate) struct Departed(Mutex<Latest>);

#[derive(Debug, Default)]
struct Latest {
    why: HashMap<Digest, CallExplanation, DigestState>,
    order: VecDeque<Digest>,
}

impl Departed {
    /// Notes why an entry left.
    pub(crate) fn note(&self, digest: Digest, why: CallExplanation) {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.why.insert(digest, why).is_none() {
            latest.order.push_back(digest);
        }
        if latest.order.len() > REMEMBERED
            && let Some(oldest) = latest.order.pop_front()
        {
            latest.why.remove(&oldest);
        }
    }

    /// Notes why entries left together; of more than are remembered, some of them.
    pub(crate) fn note_all(&self, digests: &[Digest], why: CallExplanation) {
        digests.iter().take(REMEMBERED).for_each(|&digest| self.note(digest, why));
    }

    /// Why an entry left, if that is remembered.
    pub(crate) fn why(&self, digest: Digest) -> Option<CallExplanation> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).why.get(&digest).copied()
    }
}
