//! The default policy: S3-FIFO that learns whom to keep.
//!
//! From S3-FIFO (Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023) it has its build: a
//! small queue where newcomers wait, a main queue whose hand gives what was used another round, and a memory of what
//! left; a hit counts in its own node and moves nothing. Three things are decided by what it sees instead of by
//! constants:
//!
//! - Who leaves. The oldest newcomer and the resident under the main queue's hand compete. Both are judged by how often
//!   they were asked for lately, also before they came ([`Sketch`]), and by the time that they save for their room
//!   ([`Worth`]).
//! - What that is worth. Where patterns repeat, the more frequent should stay; where they drift, the more recent.
//!   [`Duels`] finds out which it is from those who are asked for after they left.
//! - How many newcomers wait: from one alone, in loops that no cache holds, to a fifth.

use super::Stake;
use super::duels::{Duels, Lead};
use super::nodes::{Nodes, Place};
use super::queue::{Named, Order};
use super::seats::{Seat, Seats};
use super::sketch::Sketch;
use super::worth::Worth;
use crate::key::Digest;

/// Uses found in a node buy so many rounds of the main queue at most.
const MOST_ROUNDS: u8 = 3;
/// So many residents are looked at for one that may leave: where all were used, others shall not wait for long.
const MOST_LOOKS: usize = 4096;
/// The room that is kept for a large newcomer wanes by one part in so many with each that comes.
const WANES: u64 = 128;
/// No more than a quarter of all room is kept.
const WIDEST: u64 = 1 << (u32::BITS - 2);
/// Of those who wait though they need not, one settles for so many that leave.
const PATIENCE: u32 = 32;

#[derive(Default)]
pub(super) struct S3Fifo {
    small: Seats,
    main: Seats,
    sketch: Sketch,
    duels: Duels,
    /// How often somebody had to leave.
    crowded: u32,
    /// The room that the largest of the latest newcomers took; it wanes.
    widest: u64,
}

impl S3Fifo {
    /// Takes note of the uses of a seat's node since the last look; void seats have none.
    fn look(&mut self, seat: &mut Seat, nodes: &impl Nodes) -> Option<u8> {
        let uses = nodes.take_uses(seat.place)?;
        if uses > 0 {
            seat.rests = 0;
            seat.frequency = self.sketch.count(seat.digest, uses);
            if let Some(duel) = seat.won.take() {
                self.duels.winner_used(duel, seat.place);
            }
        }
        Some(uses)
    }

    /// What has waited longest in the small queue, if more wait there than should: than one, that take so much room.
    fn newcomer(&mut self, nodes: &impl Nodes, spared: Option<Place>, waiting: u64) -> Option<Seat> {
        for _ in 0..self.small.len() {
            if self.small.len() <= 1 || self.small.room() <= waiting {
                return None;
            }
            let mut seat = self.small.pop()?;
            if Some(seat.place) == spared {
                self.small.push(seat);
            } else if self.look(&mut seat, nodes).is_some() {
                return Some(seat);
            }
        }
        None
    }

    /// The next in the main queue without uses: each use since the last round buys another.
    fn resident(&mut self, nodes: &impl Nodes, spared: Option<Place>, rival: Option<Worth>) -> Option<Seat> {
        for _ in 0..((usize::from(MOST_ROUNDS) + 2) * self.main.len()).min(MOST_LOOKS) {
            let mut seat = self.main.pop()?;
            let Some(uses) = self.look(&mut seat, nodes) else { continue };
            seat.rounds = (seat.rounds + uses).min(MOST_ROUNDS);
            let outclassed = rival.is_some_and(|rival| seat.lead(rival) < 0);
            if (seat.rounds == 0 || outclassed) && Some(seat.place) != spared {
                return Some(seat);
            }
            seat.rounds = seat.rounds.saturating_sub(1);
            self.main.push(seat);
        }
        None
    }

    /// Whoever is next, however often used.
    fn anyone(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Named> {
        let may_go = |seat: &Seat| Some(seat.place) != spared && nodes.is_live(seat.place);
        self.main.take_first(may_go).or_else(|| self.small.take_first(may_go)).map(|seat| seat.entry())
    }

    /// Lets newcomers become residents who need not compete, since they came while there was room, and are worth as much
    /// as whoever is next to compete; of others one now and then, so that they do not wait for ever. One more than may
    /// wait is left.
    fn settle(&mut self, waiting: u64) {
        self.crowded = self.crowded.wrapping_add(1);
        let mut one = self.crowded.is_multiple_of(PATIENCE);
        while self.small.len() > 2
            && let Some(seat) = self.small.get(0)
            && self.small.room() > waiting + u64::from(seat.room)
        {
            let next = self.main.get(0);
            let is_equal = next.is_none_or(|next| seat.worth.lead(next.worth) >= 0);
            if !is_equal && !std::mem::take(&mut one) {
                break;
            }
            self.small.pop().into_iter().for_each(|seat| self.main.push(seat));
        }
    }

    /// Decides who of two stays, in the main queue; names the other.
    fn duel(&mut self, mut newcomer: Seat, mut resident: Seat, nodes: &impl Nodes) -> Named {
        let [new, old] = [newcomer, resident].map(|seat| self.sketch.as_of_now(seat.frequency));
        let lead = Lead::new(old.cast_signed() - new.cast_signed(), resident.lead(newcomer.worth));
        let admit = self.duels.scores().admit(lead);
        let (winner, loser) = if admit { (&mut newcomer, &resident) } else { (&mut resident, &newcomer) };
        winner.rests = winner.rests.saturating_add(1);
        winner.won = self.duels.fought(winner.place, loser.digest, (lead, admit), nodes);
        self.main.push(*winner);
        loser.entry()
    }

    /// Gets ready for as many entries as there are. While there is room for all, nothing is counted.
    fn fit(&mut self, nodes: &impl Nodes) {
        let first = self.sketch.is_empty();
        self.sketch.fit(nodes.len());
        self.duels.fit(nodes.len());
        if first {
            let Self { small, sketch, .. } = self;
            small.iter_mut().for_each(|seat| seat.frequency = sketch.count(seat.digest, 1));
        }
    }
}

impl Order for S3Fifo {
    fn inserted(&mut self, entry: Named, stake: Stake, nodes: &impl Nodes) {
        let frequency = self.sketch.count(entry.digest, 1);
        self.duels.missed(entry.digest, nodes);
        self.widest = (self.widest - self.widest / WANES).max(u64::from(stake.room).min(WIDEST));
        self.small.push(Seat::new(entry, stake, frequency));
        self.small.compact(nodes);
        self.main.compact(nodes);
    }

    fn victim(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Named> {
        self.fit(nodes);
        let waiting = self.duels.scores().waiting(self.small.room() + self.main.room());
        self.settle(waiting);
        let newcomer = self.newcomer(nodes, spared, waiting);
        match (newcomer, self.resident(nodes, spared, newcomer.map(|seat| seat.worth))) {
            (Some(newcomer), Some(resident)) => Some(self.duel(newcomer, resident, nodes)),
            (Some(seat), None) | (None, Some(seat)) => Some(seat.entry()),
            (None, None) => self.anyone(nodes, spared),
        }
    }

    /// A large newcomer needs room when it comes, and gives it back when it has lost its duel. If others took that room
    /// meanwhile, many of them would have to leave for the next large one, though each is worth more.
    fn reserve(&self) -> u64 {
        self.widest.saturating_sub(self.small.room())
    }

    #[inline]
    fn expect(&self, digest: Digest) {
        self.sketch.expect(digest);
    }

    fn upcoming(&self) -> [Option<Named>; 2] {
        [0, 1].map(|nth| self.main.get(nth).map(|seat| seat.entry()))
    }

    fn clear(&mut self) {
        (self.small, self.main) = (Seats::default(), Seats::default());
        self.sketch = Sketch::default();
        self.duels.clear();
        self.widest = 0;
    }
}
