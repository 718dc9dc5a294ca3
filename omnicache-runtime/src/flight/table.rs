//! The table: who computes which key, and who leads and waits.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::apart::Apart;
use super::listing::Listing;
use super::shared::{Ended, Flight, Sign};
use crate::key::Digest;

const SHARDS: usize = 8;

/// The flights of one function. `K` is cheap to clone: it is cloned under a lock.
pub(crate) struct Flights<K> {
    shards: [Shard<K>; SHARDS],
}

struct Shard<K> {
    board: Mutex<Board<K>>,
    /// How often a key was revoked: who sees that none was need not look.
    revocations: AtomicU64,
    /// How many have come to an end of those who compute a key, and one more: see [`Landings`].
    landings: AtomicU64,
}

/// How many had come to an end by some moment of those who compute keys of one part of the table, or had been taken off it
/// before. What they kept until then is there to be seen by whoever looks after that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Landings(NonZeroU64);

/// The flights of some keys.
pub(super) struct Board<K> {
    flights: Listing<Listed<K>>,
    /// What others wait for and was revoked, until its leader ends it.
    detached: Vec<Arc<Flight<K>>>,
    /// Those who compute a key beside its flight.
    pub(super) apart: Apart,
    tickets: u64,
}

/// A key that somebody computes. As a rule nobody waits, and there is nothing that they would have to share.
struct Listed<K> {
    /// Whose it is.
    ticket: u64,
    flight: Option<Arc<Flight<K>>>,
}

impl<K> Listed<K> {
    /// What those who take part share.
    fn flight(&mut self) -> Arc<Flight<K>> {
        Arc::clone(self.flight.get_or_insert_with(|| Arc::new(Flight::new(self.ticket))))
    }
}

impl<K> Default for Shard<K> {
    fn default() -> Self {
        let (flights, apart) = (Listing::default(), Apart::default());
        let board = Board { flights, detached: Vec::new(), apart, tickets: 0 };
        Self { board: Mutex::new(board), revocations: AtomicU64::new(0), landings: AtomicU64::new(1) }
    }
}

impl<K> Shard<K> {
    #[inline]
    fn landings(&self) -> Option<Landings> {
        NonZeroU64::new(self.landings.load(Ordering::Acquire)).map(Landings)
    }

    #[inline]
    fn note_landing(&self, _: &mut Board<K>) {
        self.landings.store(self.landings.load(Ordering::Relaxed) + 1, Ordering::Release);
    }
}

impl<K> Board<K> {
    pub(super) fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// What is listed under a digest, if it is this ticket's.
    fn of(&mut self, digest: Digest, ticket: u64) -> Option<&mut Listed<K>> {
        self.flights.find(digest).filter(|listed| listed.ticket == ticket)
    }

    /// Takes a ticket's flight off the table; gives what others share of it.
    fn detach(&mut self, digest: Digest, ticket: u64) -> Option<Arc<Flight<K>>> {
        if self.of(digest, ticket).is_some() {
            return self.flights.strike(digest)?.flight;
        }
        let at = self.detached.iter().position(|flight| flight.ticket == ticket)?;
        Some(self.detached.swap_remove(at))
    }

    /// What others share of a ticket's flight.
    fn shared(&mut self, digest: Digest, ticket: u64) -> Option<Arc<Flight<K>>> {
        if let Some(listed) = self.of(digest, ticket) {
            return listed.flight.clone();
        }
        self.detached.iter().find(|flight| flight.ticket == ticket).cloned()
    }

    /// Keeps what was revoked for those who wait for it. Gives what nobody can come to wait for any more, to be dropped
    /// where nothing is locked.
    fn revoke(&mut self, revoked: impl IntoIterator<Item = Listed<K>>) -> Vec<Arc<Flight<K>>> {
        let forsaken = self.detached.extract_if(.., |flight| Arc::strong_count(flight) == 1).collect();
        let flights = revoked.into_iter().filter_map(|listed| listed.flight);
        self.detached.extend(flights.inspect(|flight| flight.revoke()));
        forsaken
    }
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

impl<K> Flights<K> {
    fn shard(&self, digest: Digest) -> &Shard<K> {
        &self.shards[usize::try_from(digest.high() >> 61).unwrap_or(0)]
    }

    pub(super) fn board(&self, digest: Digest) -> MutexGuard<'_, Board<K>> {
        lock(&self.shard(digest).board)
    }

    /// How many flights of a key's part of the table have landed by now.
    #[inline]
    pub(crate) fn landings(&self, digest: Digest) -> Option<Landings> {
        self.shard(digest).landings()
    }

    /// Notes that somebody who computes a key has come to an end or is taken off the table, and has kept its value before
    /// perhaps. Only who has the board may do so.
    #[inline]
    pub(super) fn note_landing(&self, digest: Digest, board: &mut Board<K>) {
        self.shard(digest).note_landing(board);
    }
}

impl<K: Clone> Flights<K> {
    pub(crate) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Shard::default()) }
    }

    /// Joins the flight of a key, or starts one, as a thread does: whoever leads is at work until the end.
    pub(crate) fn join(&self, digest: Digest) -> Joined<'_, K> {
        self.join_with(digest, |_| None)
    }

    /// The same as a task does: others see whether it is at work.
    pub(crate) fn join_as_task(&self, digest: Digest) -> Joined<'_, K> {
        self.join_with(digest, |listed| Some(listed.flight()))
    }

    fn join_with(
        &self,
        digest: Digest,
        share: impl FnOnce(&mut Listed<K>) -> Option<Arc<Flight<K>>>,
    ) -> Joined<'_, K> {
        let shard = self.shard(digest);
        let mut board = lock(&shard.board);
        if let Some(listed) = board.flights.find(digest) {
            let flight = listed.flight();
            return Joined::Waits(Wait { flights: self, digest, flight, ticket: None });
        }
        let ticket = board.ticket();
        let mut listed = Listed { ticket, flight: None };
        let flight = share(&mut listed);
        board.flights.list(digest, listed);
        // No key is revoked meanwhile, and none lands: that takes the lock. Who computes the key beside a flight may have kept
        // something, and is not counted yet.
        let revocations = shard.revocations.load(Ordering::Relaxed);
        let landings = if board.apart.lists(digest) { None } else { shard.landings() };
        Joined::Leads(Lead { flights: self, digest, ticket, revocations, landings, flight })
    }

    /// Detaches the flight of a key, for there is a newer value: its own is not kept.
    pub(crate) fn supersede(&self, digest: Digest) {
        let shard = self.shard(digest);
        let mut board = lock(&shard.board);
        let Some(listed) = board.flights.strike(digest) else { return };
        shard.revocations.fetch_add(1, Ordering::Release);
        self.note_landing(digest, &mut board);
        let forsaken = board.revoke([listed]);
        drop(board);
        drop(forsaken);
    }

    /// The same for a key that was invalidated: nobody who computes it keeps what comes of that.
    pub(crate) fn revoke(&self, digest: Digest) {
        self.board(digest).apart.revoke(|computed| computed == digest);
        self.supersede(digest);
    }

    /// The same for all keys.
    pub(crate) fn revoke_all(&self) {
        for shard in &self.shards {
            let mut board = lock(&shard.board);
            board.apart.revoke(|_| true);
            shard.revocations.fetch_add(1, Ordering::Release);
            shard.note_landing(&mut board);
            let flights = board.flights.take();
            let forsaken = board.revoke(flights);
            drop(board);
            drop(forsaken);
        }
    }
}

impl<K> Flights<K> {
    /// Takes a flight off the table if the caller is the last to take part in it.
    fn detach_if_forsaken(&self, digest: Digest, flight: &Arc<Flight<K>>) {
        let mut board = self.board(digest);
        if Arc::strong_count(flight) <= 2 {
            board.detach(digest, flight.ticket);
        }
    }
}

/// The right and duty to run the body. Dropped without landing, it hands the lead on.
pub(crate) struct Lead<'a, K: Clone> {
    flights: &'a Flights<K>,
    digest: Digest,
    ticket: u64,
    /// How often a key of this shard had been revoked when the flight began.
    revocations: u64,
    /// How many had landed by then, if it began with this leader.
    landings: Option<Landings>,
    /// What the leader shares with others, if it knows of that: of a thread's flight others may know alone.
    flight: Option<Arc<Flight<K>>>,
}

impl<K: Clone> Lead<'_, K> {
    /// Whether nobody can have kept a value of the key between a moment and the beginning of the flight: who has looked for
    /// one after that moment, and knows that there was none, need not look again.
    #[inline]
    pub(crate) fn follows(&self, moment: Option<Landings>) -> bool {
        moment.is_some() && moment == self.landings
    }

    /// Whether the key was invalidated since the flight began.
    #[inline]
    pub(crate) fn is_revoked(&self) -> bool {
        if let Some(flight) = &self.flight {
            return flight.is_revoked();
        }
        let revocations = self.flights.shard(self.digest).revocations.load(Ordering::Acquire);
        revocations != self.revocations && self.was_struck()
    }

    /// Whether the flight is not on the table any more.
    #[cold]
    fn was_struck(&self) -> bool {
        self.flights.board(self.digest).of(self.digest, self.ticket).is_none()
    }

    /// Ends the flight; if anybody waits, `value` is asked for and given to all of them.
    pub(crate) fn land(mut self, value: impl FnOnce() -> K) {
        let own = self.flight.take();
        let (flights, digest, ticket) = (self.flights, self.digest, self.ticket);
        // Nothing is left in it to be dropped.
        std::mem::forget(self);
        let mut board = flights.board(digest);
        let listed = board.detach(digest, ticket);
        flights.note_landing(digest, &mut board);
        drop(board);
        // Off the table nobody can join any more, so who waits now is who will ever wait.
        if listed.is_some() || own.is_some() {
            Self::give(listed, own, value);
        }
    }

    /// Gives those who wait their value, if anybody does.
    #[cold]
    fn give(listed: Option<Arc<Flight<K>>>, own: Option<Arc<Flight<K>>>, value: impl FnOnce() -> K) {
        let known = usize::from(listed.is_some()) + usize::from(own.is_some());
        let shared = listed.as_ref().or(own.as_ref()).filter(|flight| Arc::strong_count(flight) > known);
        if let Some(flight) = shared {
            flight.land(value);
        }
    }

    /// Notes that the leader is at work (or has paused), as a sign of life.
    pub(crate) fn at_work(&self, working: bool) {
        if let Some(flight) = &self.flight {
            flight.note_work(working);
        }
    }
}

impl<K: Clone> Drop for Lead<'_, K> {
    fn drop(&mut self) {
        let mut board = self.flights.board(self.digest);
        // It may have kept its value, and be unwinding since.
        self.flights.note_landing(self.digest, &mut board);
        let Some(flight) = self.flight.take().or_else(|| board.shared(self.digest, self.ticket)) else {
            // Nobody waits, and nobody will.
            board.detach(self.digest, self.ticket);
            return;
        };
        drop(board);
        // Whoever waits takes over; if nobody does, the table forgets the flight.
        flight.give_up();
        self.flights.detach_if_forsaken(self.digest, &flight);
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

impl<'a, K: Clone> Wait<'a, K> {
    /// The lead of a flight whose leader gave up.
    fn take_over(&self) -> Lead<'a, K> {
        let Self { flights, digest, flight, .. } = self;
        let (ticket, flight) = (flight.ticket, Some(Arc::clone(flight)));
        Lead { flights, digest: *digest, ticket, revocations: 0, landings: None, flight }
    }

    /// Looks whether the wait is over, and if not leaves the waker to be woken.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Waited<'a, K>> {
        self.flight.look(&mut self.ticket, context).map(|ended| match ended {
            Ended::Landed(value) => Waited::Landed(value),
            Ended::Vacant => Waited::Leads(self.take_over()),
            Ended::Abandoned => Waited::Again,
        })
    }

    /// What there is to see of the leader.
    pub(crate) fn sign(&self) -> Sign {
        self.flight.sign()
    }

    /// Passes the leader over if it has given no sign since `seen`: the flight leaves the table, and all who
    /// wait join another.
    pub(crate) fn pass_over(&self, seen: Sign) {
        if let Some(waiters) = self.flight.abandon(seen) {
            let mut board = self.flights.board(self.digest);
            board.detach(self.digest, self.flight.ticket);
            self.flights.note_landing(self.digest, &mut board);
            drop(board);
            waiters.for_each(Waker::wake);
        }
    }
}

impl<K: Clone> Drop for Wait<'_, K> {
    fn drop(&mut self) {
        if self.flight.leave(self.ticket) {
            self.flights.detach_if_forsaken(self.digest, &self.flight);
        }
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
