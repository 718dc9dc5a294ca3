//! Who expires when, so that what has expired makes room first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::clock::Nanos;
use crate::key::Digest;

/// When an entry expires; ordered by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    at: Nanos,
    pub(super) stored_at: Nanos,
    pub(super) digest: Digest,
}

impl Due {
    pub(super) fn new(digest: Digest, stored_at: Nanos, ttl: Nanos) -> Self {
        Self { at: stored_at.saturating_add(ttl), stored_at, digest }
    }

    /// The rule of [`crate::clock::expired`].
    fn is_over(&self, now: Nanos) -> bool {
        self.stored_at > now || self.at <= now
    }
}

/// The dues of a tier's entries, and of some that have left it.
///
/// Those of one time to live come in order, and a queue is all they need; who is due before the last of it waits in a
/// heap.
#[derive(Debug, Default)]
pub(super) struct Dues {
    in_order: VecDeque<Due>,
    others: BinaryHeap<Reverse<Due>>,
}

impl Dues {
    pub(super) fn push(&mut self, due: Due) {
        if self.in_order.back().is_none_or(|last| last.at <= due.at) {
            self.in_order.push_back(due);
        } else {
            self.others.push(Reverse(due));
        }
    }

    /// Takes one whose time is over.
    pub(super) fn pop(&mut self, now: Nanos) -> Option<Due> {
        if self.in_order.front().is_some_and(|due| due.is_over(now)) {
            return self.in_order.pop_front();
        }
        let is_over = self.others.peek().is_some_and(|Reverse(due)| due.is_over(now));
        if is_over { self.others.pop().map(|Reverse(due)| due) } else { None }
    }

    pub(super) fn len(&self) -> usize {
        self.in_order.len() + self.others.len()
    }

    /// Drops those that no longer mean anything.
    pub(super) fn retain(&mut self, means: impl Fn(&Due) -> bool) {
        self.in_order.retain(&means);
        self.others.retain(|Reverse(due)| means(due));
    }

    pub(super) fn clear(&mut self) {
        self.in_order.clear();
        self.others.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is over at `now`.
    fn over(dues: &mut Dues, now: Nanos) -> Vec<Nanos> {
        let mut over: Vec<_> = std::iter::from_fn(|| dues.pop(now)).map(|due| due.at).collect();
        over.sort_unstable();
        over
    }

    #[test]
    fn whoever_is_due_is_found_whatever_came_before() {
        let mut dues = Dues::default();
        for ttl in [50, 10, 90, 30, 90, 20] {
            dues.push(Due::new(Digest::NONE, 100, ttl));
        }
        assert_eq!(over(&mut dues, 109), Vec::<Nanos>::new());
        assert_eq!(over(&mut dues, 110), [110], "an age equal to the time to live is over");
        assert_eq!(over(&mut dues, 149), [120, 130]);
        assert_eq!(dues.len(), 3);
        assert_eq!(over(&mut dues, 190), [150, 190, 190]);
    }

    #[test]
    fn one_time_to_live_needs_no_heap() {
        let mut dues = Dues::default();
        (0..100).for_each(|now| dues.push(Due::new(Digest::NONE, now, 10)));
        assert_eq!((dues.in_order.len(), dues.others.len()), (100, 0));
    }

    #[test]
    fn what_was_stored_in_the_future_is_over() {
        let mut dues = Dues::default();
        dues.push(Due::new(Digest::NONE, 100, Nanos::MAX));
        assert_eq!(over(&mut dues, 100), Vec::<Nanos>::new());
        assert_eq!(over(&mut dues, 99), [Nanos::MAX]);
    }

    #[test]
    fn what_means_nothing_is_dropped() {
        let mut dues = Dues::default();
        for (stored_at, ttl) in [(1, 50), (2, 10), (3, 90), (4, 1)] {
            dues.push(Due::new(Digest::NONE, stored_at, ttl));
        }
        dues.retain(|due| due.stored_at % 2 == 0);
        assert_eq!(over(&mut dues, 1000), [5, 12]);
        dues.push(Due::new(Digest::NONE, 1, 1));
        dues.clear();
        assert_eq!(dues.len(), 0);
    }
}
