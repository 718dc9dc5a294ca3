//! A queue of places with what its order knows of each.

use std::collections::VecDeque;

use super::Stake;
use super::duels::DuelId;
use super::nodes::{Nodes, Place};
use super::queue::Named;
use super::sketch::Frequency;
use super::worth::Worth;
use crate::key::Digest;

const _: () = assert!(size_of::<Seat>() <= 48, "seats are moved about");

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
    /// Nobody's.
    const VOID: Self = Self {
        digest: Digest::NONE,
        place: Place::VOID,
        room: 0,
        worth: Worth::NONE,
        frequency: Frequency::NONE,
        rounds: 0,
        rests: 0,
        won: None,
    };

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

    /// Takes in a newcomer. Its seat is written where it stays: what is put together elsewhere and moved at once has to
    /// be waited for.
    #[inline]
    pub(super) fn welcome(&mut self, entry: Named, stake: Stake, frequency: Frequency) {
        self.room += u64::from(stake.room);
        self.seats.push_back(Seat::VOID);
        if let Some(seat) = self.seats.back_mut() {
            (seat.digest, seat.place) = (entry.digest, entry.place);
            (seat.room, seat.worth, seat.frequency) = (stake.room, stake.worth, frequency);
        }
    }

    /// The first to leave.
    #[inline]
    pub(super) fn front(&self) -> Option<&Seat> {
        self.seats.front()
    }

    /// The same, to be changed.
    #[inline]
    pub(super) fn front_mut(&mut self) -> Option<&mut Seat> {
        self.seats.front_mut()
    }

    /// Drops the first.
    #[inline]
    pub(super) fn drop_front(&mut self) {
        if let Some(seat) = self.seats.pop_front() {
            self.room -= u64::from(seat.room);
        }
    }

    /// Makes the first the last.
    #[inline]
    pub(super) fn rotate(&mut self) {
        if let Some(seat) = self.seats.pop_front() {
            self.seats.push_back(seat);
        }
    }

    /// Makes the first the last of other seats.
    #[inline]
    pub(super) fn move_front(&mut self, to: &mut Self) {
        if let Some(seat) = self.seats.pop_front() {
            self.room -= u64::from(seat.room);
            to.room += u64::from(seat.room);
            to.seats.push_back(seat);
        }
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
