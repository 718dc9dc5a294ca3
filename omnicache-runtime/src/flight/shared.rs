//! One key being computed, as far as others have a part in it: who waits for it, and how that ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A flight that others take part in.
pub(super) struct Flight<K> {
    /// Whose it is.
    pub(super) ticket: u64,
    state: Mutex<State<K>>,
    /// Set once the key was invalidated: the value may be handed to those who wait, but not be kept.
    revoked: AtomicBool,
}

struct State<K> {
    phase: Phase<K>,
    waiters: Vec<(u64, Waker)>,
    tickets: u64,
    /// How often the leader gave a sign of life; a waiter that sees none for long passes it over.
    signs: u64,
    /// Whether the leader is at work this moment (a thread always is, a task while it is polled).
    at_work: bool,
}

enum Phase<K> {
    /// Somebody runs the body.
    Led,
    /// The leader gave up: the next waiter to look takes over.
    Vacant,
    /// There is a value for all who wait.
    Landed(K),
    /// The leader was passed over: those who wait start afresh.
    Abandoned,
}

/// How waiting ended.
pub(super) enum Ended<K> {
    /// There is a value.
    Landed(K),
    /// The leader gave up, and whoever looked takes over.
    Vacant,
    /// The leader was passed over.
    Abandoned,
}

/// What a waiter saw of its leader.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sign {
    pub(super) signs: u64,
    pub(super) at_work: bool,
}

impl<K> Flight<K> {
    pub(super) fn new(ticket: u64) -> Self {
        let state = State { phase: Phase::Led, waiters: Vec::new(), tickets: 0, signs: 0, at_work: true };
        Self { ticket, state: Mutex::new(state), revoked: AtomicBool::new(false) }
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Acquire)
    }

    pub(super) fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
    }

    /// Gives those who wait a value. It is made by user code: if that panics, they start afresh.
    pub(super) fn land(&self, value: impl FnOnce() -> K) {
        let landing = Landing(self);
        self.end(Phase::Landed(value()));
        std::mem::forget(landing);
    }

    /// Hands the lead on.
    pub(super) fn give_up(&self) {
        self.end(Phase::Vacant);
    }

    /// Ends a phase, unless the leader was passed over.
    fn end(&self, phase: Phase<K>) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Abandoned) {
            return;
        }
        let replaced = std::mem::replace(&mut state.phase, phase);
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        drop(replaced);
        waiters.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Notes that the leader is at work (or has paused), as a sign of life.
    pub(super) fn note_work(&self, working: bool) {
        let mut state = self.state();
        state.at_work = working;
        state.signs += 1;
    }

    /// What there is to see of the leader.
    pub(super) fn sign(&self) -> Sign {
        let state = self.state();
        Sign { signs: state.signs, at_work: state.at_work }
    }

    /// Passes the leader over if it has given no sign since `seen`; gives those who are to be woken. Its value will not be
    /// kept: off the table it hears of no invalidation, and whoever computes the key anew has the value that counts.
    pub(super) fn abandon(&self, seen: Sign) -> Option<impl Iterator<Item = Waker> + use<K>> {
        let mut state = self.state();
        let now = Sign { signs: state.signs, at_work: state.at_work };
        if now != seen || now.at_work || !matches!(state.phase, Phase::Led) {
            return None;
        }
        state.phase = Phase::Abandoned;
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        self.revoke();
        Some(waiters.into_iter().map(|(_, waker)| waker))
    }

    /// Takes leave of a waiter with this ticket. If it was woken to take over, another is to be woken instead; tells
    /// whether there was none.
    pub(super) fn leave(&self, ticket: Option<u64>) -> bool {
        let mut state = self.state();
        if let Some(ticket) = ticket {
            state.waiters.retain(|(other, _)| *other != ticket);
        }
        if !matches!(state.phase, Phase::Vacant) {
            return false;
        }
        let next = state.waiters.pop();
        drop(state);
        let is_last = next.is_none();
        next.into_iter().for_each(|(_, waker)| waker.wake());
        is_last
    }
}

impl<K: Clone> Flight<K> {
    /// Looks whether the wait is over, and if not leaves the waker to be woken. A waiter has no ticket until then.
    pub(super) fn look(&self, ticket: &mut Option<u64>, context: &Context<'_>) -> Poll<Ended<K>> {
        let mut state = self.state();
        match &state.phase {
            Phase::Landed(value) => return Poll::Ready(Ended::Landed(value.clone())),
            Phase::Abandoned => return Poll::Ready(Ended::Abandoned),
            Phase::Vacant => {
                state.phase = Phase::Led;
                state.at_work = true;
                *ticket = None;
                return Poll::Ready(Ended::Vacant);
            }
            Phase::Led => {}
        }
        if ticket.is_none() {
            state.tickets += 1;
        }
        let ticket = *ticket.get_or_insert(state.tickets);
        match state.waiters.iter_mut().find(|(other, _)| *other == ticket) {
            Some((_, waker)) => waker.clone_from(context.waker()),
            None => state.waiters.push((ticket, context.waker().clone())),
        }
        Poll::Pending
    }
}

/// A flight whose value is being made.
struct Landing<'a, K>(&'a Flight<K>);

impl<K> Drop for Landing<'_, K> {
    fn drop(&mut self) {
        self.0.end(Phase::Abandoned);
    }
}
