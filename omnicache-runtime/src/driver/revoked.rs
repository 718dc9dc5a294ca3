//! What one thread forgets while bodies of it run: a task may forget what another is about to keep.

use std::cell::{Cell, RefCell};

use crate::key::Digest;

/// More than this is not told apart: then all bodies that run have been revoked.
const MOST: usize = 1024;

/// The keys that were forgotten since the first of the bodies began that run now.
#[derive(Default)]
pub(super) struct Revoked {
    running: Cell<usize>,
    keys: RefCell<Vec<(Digest, Because)>>,
    overflows: Cell<u64>,
}

/// Why what an earlier body gives is not to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Because {
    /// The key was invalidated.
    Invalidated,
    /// A refresh has kept a newer result.
    Refreshed,
}

/// A body that runs.
pub(super) struct Run<'a> {
    revoked: &'a Revoked,
    since: usize,
    overflows: u64,
}

impl Revoked {
    /// A body begins.
    pub(super) fn begin(&self) -> Run<'_> {
        self.running.set(self.running.get() + 1);
        Run { revoked: self, since: self.keys.borrow().len(), overflows: self.overflows.get() }
    }

    /// Notes that a key was forgotten, if there is anybody to whom that matters.
    pub(super) fn note(&self, digest: Digest, because: Because) {
        if self.running.get() == 0 {
            return;
        }
        let mut keys = self.keys.borrow_mut();
        if keys.len() >= MOST {
            keys.clear();
            self.overflows.set(self.overflows.get() + 1);
        }
        keys.push((digest, because));
    }
}

impl Run<'_> {
    /// Whether the key was forgotten since this body began; a refresh does not mind another.
    pub(super) fn is_revoked(&self, digest: Digest, is_refresh: bool) -> bool {
        let keys = self.revoked.keys.borrow();
        self.overflows != self.revoked.overflows.get()
            || keys.iter().skip(self.since).any(|(forgotten, because)| {
                *forgotten == digest && !(is_refresh && *because == Because::Refreshed)
            })
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        let running = self.revoked.running.get() - 1;
        self.revoked.running.set(running);
        if running == 0 {
            self.revoked.keys.borrow_mut().clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_forgotten_while_a_body_ran_is_revoked() {
        let (revoked, one, two) = (Revoked::default(), Digest::from_words(1, 1), Digest::from_words(2, 2));
        revoked.note(one, Because::Invalidated);
        let first = revoked.begin();
        assert!(!first.is_revoked(one, false));
        revoked.note(one, Because::Refreshed);
        let second = revoked.begin();
        assert!(
            first.is_revoked(one, false) && !first.is_revoked(one, true) && !first.is_revoked(two, false)
        );
        assert!(!second.is_revoked(one, false));
        revoked.note(two, Because::Invalidated);
        assert!(first.is_revoked(two, true) && second.is_revoked(two, false));
        drop((first, second));
        assert!(!revoked.begin().is_revoked(two, false));
    }

    #[test]
    fn more_than_can_be_told_apart_revokes_all() {
        let revoked = Revoked::default();
        let run = revoked.begin();
        (0..=MOST as u64).for_each(|n| revoked.note(Digest::from_words(n, 0), Because::Invalidated));
        assert!(run.is_revoked(Digest::from_words(9, 9), false));
        assert!(!revoked.begin().is_revoked(Digest::from_words(9, 9), false));
    }
}
