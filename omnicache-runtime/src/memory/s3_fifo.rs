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

/// Takes note of the uses of a seat's node since the last look; void seats have none.
fn look(seat: &mut Seat, sketch: &mut Sketch, duels: &mut Duels, nodes: &impl Nodes) -> Option<u8> {
    let uses = nodes.take_uses(seat.place)?;
    if uses > 0 {
        seat.rests = 0;
        seat.frequency = sketch.count(seat.digest, uses);
        if let Some(duel) = seat.won.take() {
            duels.winner_used(duel, seat.place);
        }
    }
    Some(uses)
}

// Seats are looked at and changed where they are.
impl S3Fifo {
    /// Brings what has waited longest to the front of the small queue, if more wait there than should: than one, that
    /// take so much room.
    fn newcomer(&mut self, nodes: &impl Nodes, spared: Option<Place>, waiting: u64) -> Option<Worth> {
        let Self { small, sketch, duels, .. } = self;
        for _ in 0..small.len() {
            if small.len() <= 1 || small.room() <= waiting {
                return None;
            }
            let seat = small.front_mut()?;
            if Some(seat.place) == spared {
                small.rotate();
            } else if look(seat, sketch, duels, nodes).is_some() {
                return Some(seat.worth);
            } else {
                small.drop_front();
            }
        }
        None
    }

    /// Brings the next without uses to the front of the main queue, if there is one: each use since the last round buys
    /// another.
    fn resident(&mut self, nodes: &impl Nodes, spared: Option<Place>, rival: Option<Worth>) -> bool {
        let Self { main, sketch, duels, .. } = self;
        for _ in 0..((usize::from(MOST_ROUNDS) + 2) * main.len()).min(MOST_LOOKS) {
            let Some(seat) = main.front_mut() else { return false };
            let Some(uses) = look(seat, sketch, duels, nodes) else {
                main.drop_front();
                continue;
            };
            let rounds = (seat.rounds + uses).min(MOST_ROUNDS);
            let outclassed = rival.is_some_and(|rival| seat.lead(rival) < 0);
            if (rounds == 0 || outclassed) && Some(seat.place) != spared {
                seat.rounds = rounds;
                return true;
            }
            seat.rounds = rounds.saturating_sub(1);
            main.rotate();
        }
        false
    }

    /// Whoever is next, however often used.
    #[cold]
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
            self.small.move_front(&mut self.main);
        }
    }

    /// Decides who stays of the two at the front of either queue, in the main queue; names the other.
    fn duel(&mut self, nodes: &impl Nodes) -> Option<Named> {
        let Self { small, main, sketch, duels, .. } = self;
        let (newcomer, resident) = (small.front_mut()?, main.front_mut()?);
        let (new, old) = (sketch.as_of_now(newcomer.frequency), sketch.as_of_now(resident.frequency));
        let lead = Lead::new(old.cast_signed() - new.cast_signed(), resident.lead(newcomer.worth));
        let admit = duels.scores().admit(lead);
        let (winner, loser) = if admit { (newcomer, resident) } else { (resident, newcomer) };
        winner.rests = winner.rests.saturating_add(1);
        winner.won = duels.fought(winner.place, loser.digest, (lead, admit), nodes);
        let loser = loser.entry();
        if admit {
            main.drop_front();
            small.move_front(main);
        } else {
            small.drop_front();
            main.rotate();
        }
        Some(loser)
    }

    /// Gets ready for as many entries as there are. While there is room for all, nothing is counted.
    fn fit(&mut self, nodes: &impl Nodes) {
        if self.sketch.is_empty() {
            self.begin(nodes.len());
        }
        self.sketch.fit(nodes.len());
        self.duels.fit(nodes.len());
    }

    /// Begins to count, with those that wait.
    #[cold]
    fn begin(&mut self, entries: usize) {
        let Self { small, sketch, .. } = self;
        sketch.fit(entries);
        small.iter_mut().for_each(|seat| seat.frequency = sketch.count(seat.digest, 1));
    }
}

impl Order for S3Fifo {
    fn inserted(&mut self, entry: Named, stake: Stake, nodes: &impl Nodes) {
        let frequency = self.sketch.count(entry.digest, 1);
        self.duels.missed(entry.digest, nodes);
        self.widest = (self.widest - self.widest / WANES).max(u64::from(stake.room).min(WIDEST));
        self.small.welcome(entry, stake, frequency);
        self.small.compact(nodes);
        self.main.compact(nodes);
    }

    fn victim(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Named> {
        self.fit(nodes);
        let waiting = self.duels.scores().waiting(self.small.room() + self.main.room());
        self.settle(waiting);
        let newcomer = self.newcomer(nodes, spared, waiting);
        let resident = self.resident(nodes, spared, newcomer);
        let alone = match (newcomer, resident) {
            (Some(_), true) => return self.duel(nodes),
            (Some(_), false) => &mut self.small,
            (None, true) => &mut self.main,
            (None, false) => return self.anyone(nodes, spared),
        };
        let victim = alone.front().map(Seat::entry);
        alone.drop_front();
        victim
    }

    /// A large newcomer needs room when it comes, and gives it back when it has lost its duel. If others took that room
    /// meanwhile, many of them would have to leave for the next large one, though each is worth more.
    fn reserve(&self) -> u64 {
        self.widest.saturating_sub(self.small.room())
    }

    #[inline]
    fn sketch(&self) -> Option<&Sketch> {
        Some(&self.sketch)
    }

    fn upcoming(&self) -> [Option<Named>; 2] {
        [0, 1].map(|nth| self.main.get(nth).map(Seat::entry))
    }

    fn clear(&mut self) {
        (self.small, self.main) = (Seats::default(), Seats::default());
        self.sketch = Sketch::default();
        self.duels.clear();
        self.widest = 0;
    }
}
