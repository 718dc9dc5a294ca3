//! A queue of places with what its order knows of each.

use std::collections::VecDeque;

use super::Stake;
use super::duels::DuelId;
use super::nodes::{Nodes, Place};
use super::queue::Named;
use super::sketch::Frequency;
use super::worth::Worth;
use crate::key::Digest;

/// A place in a queue.
#[derive(Clone, Copy)]
pub(super) struct Seat {
    pub(super) digest: Digest,
    pub(super) place: Place,
    /// What the entry takes of the bounds, as in its [`Stake`].
    pub(super) room: u32,
    /// What it saves for that.
    pub(super) worth: Worth,
    /// How often the entry was asked for, as of the last look: the sketch need not be asked.
    pub(super) frequency: Frequency,
    /// Rounds that are paid for.
    pub(super) rounds: u8,
    /// Duels won since it was used.
    pub(super) rests: u8,
    /// The duel by which it has its place, until it is used.
    pub(super) won: Option<DuelId>,
}

/// After so many duels that it has won without being used, an entry counts for half.
const HALVED_AFTER: u8 = 4;

impl Seat {
    /// Of a newcomer.
    pub(super) fn new(entry: Named, Stake { worth, room }: Stake, frequency: Frequency) -> Self {
        const { assert!(size_of::<Self>() <= 48, "seats are moved about") };
        let Named { digest, place } = entry;
        Self { digest, place, room, worth, frequency, rounds: 0, rests: 0, won: None }
    }

    /// The entry that has it.
    #[inline]
    pub(super) fn entry(&self) -> Named {
        Named { digest: self.digest, place: self.place }
    }

    /// By how much the entry is worth more than a rival. An advantage wanes unless the entry is used: one dear entry shall
    /// not stay for ever, and nor shall one that a clock has made out to be dear.
    pub(super) fn lead(&self, rival: Worth) -> i8 {
        let lead = self.worth.lead(rival);
        let waned = self.worth.halved(self.rests / HALVED_AFTER).lead(rival).max(0);
        lead.min(waned)
    }
}

/// Seats from the first to leave to the last, and the room that they take together.
#[derive(Default)]
pub(super) struct Seats {
    seats: VecDeque<Seat>,
    room: u64,
}

impl Seats {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    /// The room of all, void ones included.
    #[inline]
    pub(super) fn room(&self) -> u64 {
        self.room
    }

    #[inline]
    pub(super) fn push(&mut self, seat: Seat) {
        self.room += u64::from(seat.room);
        self.seats.push_back(seat);
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Seat> {
        let seat = self.seats.pop_front()?;
        self.room -= u64::from(seat.room);
        Some(seat)
    }

    /// Takes out the first that will do.
    pub(super) fn take_first(&mut self, will_do: impl Fn(&Seat) -> bool) -> Option<Seat> {
        let seat = self.seats.iter().position(will_do).and_then(|at| self.seats.remove(at))?;
        self.room -= u64::from(seat.room);
        Some(seat)
    }

    /// The seat that is so many places from the front.
    #[inline]
    pub(super) fn get(&self, nth: usize) -> Option<&Seat> {
        self.seats.get(nth)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Seat> {
        self.seats.iter_mut()
    }

    /// Drops void seats once they outnumber the live ones.
    #[inline]
    pub(super) fn compact(&mut self, nodes: &impl Nodes) {
        if self.seats.len() > 2 * nodes.len() + 64 {
            self.drop_void(nodes);
        }
    }

    #[cold]
    fn drop_void(&mut self, nodes: &impl Nodes) {
        self.seats.retain(|seat| nodes.is_live(seat.place));
        self.room = self.seats.iter().map(|seat| u64::from(seat.room)).sum();
    }
}
