//! The state machine: who leads, who waits, and what the leader leaves behind.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::key::{Digest, DigestState};

const SHARDS: usize = 8;

/// The flights of one function. `K` is cheap to clone: it is cloned under a lock.
pub(crate) struct Flights<K> {
    shards: [Shard<K>; SHARDS],
}

type Shard<K> = Mutex<Board<K>>;

/// The flights of some keys.
struct Board<K> {
    flights: HashMap<Digest, Arc<Flight<K>>, DigestState>,
    /// One that has landed and that nobody waited for: the next to start is made of it.
    spare: Option<Arc<Flight<K>>>,
}

impl<K> Default for Board<K> {
    fn default() -> Self {
        Self { flights: HashMap::default(), spare: None }
    }
}

impl<K> Board<K> {
    /// A flight that has just begun. As a rule there is one to make it of, so that nothing is allocated.
    fn begin(&mut self) -> Arc<Flight<K>> {
        if let Some(mut spare) = self.spare.take()
            && let Some(flight) = Arc::get_mut(&mut spare)
        {
            *flight = Flight::new();
            return spare;
        }
        Arc::new(Flight::new())
    }

    /// Takes a flight off the table, unless another has taken its place.
    fn detach(&mut self, digest: Digest, flight: &Arc<Flight<K>>) -> Option<Arc<Flight<K>>> {
        match self.flights.entry(digest) {
            Entry::Occupied(present) if Arc::ptr_eq(present.get(), flight) => Some(present.remove()),
            _ => None,
        }
    }
}

/// One key being computed.
pub(crate) struct Flight<K> {
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

/// How a caller takes part.
pub(crate) enum Joined<'a, K: Clone> {
    /// It runs the body.
    Leads(Lead<'a, K>),
    /// It waits for another's.
    Waits(Wait<'a, K>),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shard_of(digest: Digest) -> usize {
    usize::try_from(digest.high() >> 61).unwrap_or(0)
}

impl<K: Clone> Flights<K> {
    pub(crate) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }

    fn shard(&self, digest: Digest) -> &Shard<K> {
        &self.shards[shard_of(digest)]
    }

    /// Joins the flight of a key, or starts one.
    pub(crate) fn join(&self, digest: Digest) -> Joined<'_, K> {
        let mut shard = lock(self.shard(digest));
        if let Some(flight) = shard.flights.get(&digest) {
            return Joined::Waits(Wait { flights: self, digest, flight: Arc::clone(flight), ticket: None });
        }
        let flight = shard.begin();
        shard.flights.insert(digest, Arc::clone(&flight));
        Joined::Leads(Lead { flights: self, digest, flight, landed: false })
    }

    /// Detaches the flight of a key: later callers start another, and its value is not kept.
    pub(crate) fn revoke(&self, digest: Digest) {
        if let Some(flight) = lock(self.shard(digest)).flights.remove(&digest) {
            flight.revoked.store(true, Ordering::Release);
        }
    }

    /// Detaches all flights.
    pub(crate) fn revoke_all(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.flights.drain().for_each(|(_, flight)| flight.revoked.store(true, Ordering::Release));
        }
    }

    /// Takes a flight that has landed off the table; tells whether anybody waits. Off the table nobody can join any
    /// more, so who waits now is who will ever wait.
    fn land(&self, digest: Digest, flight: &Arc<Flight<K>>) -> bool {
        let mut shard = lock(self.shard(digest));
        let listed = shard.detach(digest, flight);
        // The table's and the leader's own.
        let known = 1 + usize::from(listed.is_some());
        let waits = Arc::strong_count(flight) > known;
        if !waits && listed.is_some() {
            shard.spare = listed;
        }
        waits
    }
}

impl<K> Flights<K> {
    /// Takes a flight off the table if the caller is the last to take part in it.
    fn detach_if_forsaken(&self, digest: Digest, flight: &Arc<Flight<K>>) {
        let mut shard = lock(&self.shards[shard_of(digest)]);
        if Arc::strong_count(flight) <= 2 {
            shard.detach(digest, flight);
        }
    }
}

impl<K> Flight<K> {
    fn new() -> Self {
        let state = State { phase: Phase::Led, waiters: Vec::new(), tickets: 0, signs: 0, at_work: true };
        Self { state: Mutex::new(state), revoked: AtomicBool::new(false) }
    }
}

/// The right and duty to run the body. Dropped without landing, it hands the lead on.
pub(crate) struct Lead<'a, K: Clone> {
    flights: &'a Flights<K>,
    digest: Digest,
    flight: Arc<Flight<K>>,
    landed: bool,
}

impl<K: Clone> Lead<'_, K> {
    /// Whether the key was invalidated since the flight began.
    pub(crate) fn is_revoked(&self) -> bool {
        self.flight.revoked.load(Ordering::Acquire)
    }

    /// Ends the flight; if anybody waits, `value` is asked for and given to all of them.
    pub(crate) fn land(mut self, value: impl FnOnce() -> K) {
        self.landed = true;
        if self.flights.land(self.digest, &self.flight) {
            self.end(Phase::Landed(value()));
        }
    }

    /// Notes that the leader is at work (or has paused), as a sign of life.
    pub(crate) fn at_work(&self, working: bool) {
        let mut state = lock(&self.flight.state);
        state.at_work = working;
        state.signs += 1;
    }

    fn end(&self, phase: Phase<K>) {
        let mut state = lock(&self.flight.state);
        if matches!(state.phase, Phase::Abandoned) {
            return;
        }
        let replaced = std::mem::replace(&mut state.phase, phase);
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        drop(replaced);
        waiters.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

impl<K: Clone> Drop for Lead<'_, K> {
    fn drop(&mut self) {
        if self.landed {
            return;
        }
        // Whoever waits takes over; if nobody does, the table forgets the flight.
        self.end(Phase::Vacant);
        self.flights.detach_if_forsaken(self.digest, &self.flight);
    }
}

/// A place among those who wait.
pub(crate) struct Wait<'a, K: Clone> {
    flights: &'a Flights<K>,
    digest: Digest,
    flight: Arc<Flight<K>>,
    ticket: Option<u64>,
}

/// How waiting ended.
pub(crate) enum Waited<'a, K: Clone> {
    /// The leader's value.
    Landed(K),
    /// The leader gave up, and this caller takes over.
    Leads(Lead<'a, K>),
    /// The leader was passed over: join again.
    Again,
}

/// What a waiter saw of its leader.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sign {
    signs: u64,
    at_work: bool,
}

impl<'a, K: Clone> Wait<'a, K> {
    /// Looks whether the wait is over, and if not leaves the waker to be woken.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Waited<'a, K>> {
        let mut state = lock(&self.flight.state);
        match &state.phase {
            Phase::Landed(value) => {
                let value = value.clone();
                drop(state);
                return Poll::Ready(Waited::Landed(value));
            }
            Phase::Abandoned => return Poll::Ready(Waited::Again),
            Phase::Vacant => {
                state.phase = Phase::Led;
                state.at_work = true;
                drop(state);
                self.ticket = None;
                let flight = Arc::clone(&self.flight);
                let lead = Lead { flights: self.flights, digest: self.digest, flight, landed: false };
                return Poll::Ready(Waited::Leads(lead));
            }
            Phase::Led => {}
        }
        if self.ticket.is_none() {
            state.tickets += 1;
        }
        let ticket = *self.ticket.get_or_insert(state.tickets);
        match state.waiters.iter_mut().find(|(other, _)| *other == ticket) {
            Some((_, waker)) => waker.clone_from(context.waker()),
            None => state.waiters.push((ticket, context.waker().clone())),
        }
        Poll::Pending
    }

    /// What there is to see of the leader.
    pub(crate) fn sign(&self) -> Sign {
        let state = lock(&self.flight.state);
        Sign { signs: state.signs, at_work: state.at_work }
    }

    /// Passes the leader over if it has given no sign since `seen`: the flight leaves the table, and all who
    /// wait join another.
    pub(crate) fn pass_over(&self, seen: Sign) {
        let mut state = lock(&self.flight.state);
        let now = Sign { signs: state.signs, at_work: state.at_work };
        if now != seen || now.at_work || !matches!(state.phase, Phase::Led) {
            return;
        }
        state.phase = Phase::Abandoned;
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        lock(self.flights.shard(self.digest)).detach(self.digest, &self.flight);
        waiters.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

impl<K: Clone> Drop for Wait<'_, K> {
    fn drop(&mut self) {
        let mut state = lock(&self.flight.state);
        if let Some(ticket) = self.ticket {
            state.waiters.retain(|(other, _)| *other != ticket);
        }
        if !matches!(state.phase, Phase::Vacant) {
            return;
        }
        // A waiter that was woken to take over and goes away instead passes the word on.
        let next = state.waiters.pop();
        drop(state);
        match next {
            Some((_, waker)) => waker.wake(),
            None => self.flights.detach_if_forsaken(self.digest, &self.flight),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(flights: &Flights<u64>, digest: Digest) -> Lead<'_, u64> {
        match flights.join(digest) {
            Joined::Leads(lead) => lead,
            Joined::Waits(_) => panic!("nobody else leads"),
        }
    }

    fn wait(flights: &Flights<u64>, digest: Digest) -> Wait<'_, u64> {
        match flights.join(digest) {
            Joined::Waits(wait) => wait,
            Joined::Leads(_) => panic!("somebody else leads"),
        }
    }

    fn value(wait: &mut Wait<'_, u64>) -> Option<u64> {
        match wait.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Waited::Landed(value)) => Some(value),
            _ => None,
        }
    }

    /// Digests whose flights share a shard.
    fn two_keys() -> [Digest; 2] {
        [Digest::from_words(1, 1), Digest::from_words(2, 2)]
    }

    #[test]
    fn a_flight_that_nobody_waited_for_is_the_next_one_as_good_as_new() {
        let ([one, two], flights) = (two_keys(), Flights::new());
        let first = lead(&flights, one);
        let address = Arc::as_ptr(&first.flight);
        first.at_work(false);
        first.land(|| unreachable!("nobody waits"));
        let second = lead(&flights, two);
        assert_eq!(Arc::as_ptr(&second.flight), address);
        let mut waiting = wait(&flights, two);
        assert!(waiting.sign() == Sign { signs: 0, at_work: true } && !second.is_revoked());
        assert_eq!(value(&mut waiting), None);
        second.land(|| 7);
        assert_eq!(value(&mut waiting), Some(7));
    }

    #[test]
    fn a_flight_that_somebody_waits_for_or_that_was_revoked_is_never_another() {
        let ([one, two], flights) = (two_keys(), Flights::new());
        let first = lead(&flights, one);
        let mut waiting = wait(&flights, one);
        first.land(|| 1);
        let second = lead(&flights, two);
        assert_eq!(value(&mut waiting), Some(1));
        flights.revoke(two);
        let third = lead(&flights, two);
        assert!(second.is_revoked() && !third.is_revoked());
        second.land(|| unreachable!("nobody waits"));
        let mut waiting = wait(&flights, two);
        third.land(|| 3);
        assert_eq!(value(&mut waiting), Some(3));
        let fourth = lead(&flights, one);
        assert!(!fourth.is_revoked());
    }
}
