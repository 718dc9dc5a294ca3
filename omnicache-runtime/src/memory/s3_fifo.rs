//! The default policy: S3-FIFO that learns whom to keep.
//!
//! From S3-FIFO (Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023) it has its build: a
//! small queue where newcomers wait, a main queue whose hand gives what was used another round, and a memory of what
//! left; a hit counts in its own node and moves nothing. Three things are decided by what it sees instead of by
//! constants:
//!
//! - Who leaves. The oldest newcomer and the resident under the main queue's hand compete. Both are judged by how often
//!   they were asked for lately, also before they came ([`Sketch`]).
//! - What that is worth. Where patterns repeat, the more frequent should stay; where they drift, the more recent.
//!   [`Duels`] finds out which it is from those who are asked for after they left.
//! - How many newcomers wait: from one alone, in loops that no cache holds, to a fifth.

use std::collections::VecDeque;
use std::sync::Arc;

use super::duels::{DuelId, Duels, Scores};
use super::nodes::{Nodes, Place};
use super::queue::{Named, Order};
use super::sketch::{Frequency, Sketch};
use crate::key::Digest;

/// Uses found in a node buy so many rounds of the main queue at most.
const MOST_ROUNDS: u8 = 3;

/// A place in one of the queues.
#[derive(Clone, Copy)]
struct Seat {
    entry: Named,
    /// How often the entry was asked for, as of the last look: the sketch need not be asked.
    frequency: Frequency,
    /// Rounds that are paid for.
    rounds: u8,
    /// The duel by which it has its place, until it is used.
    won: Option<DuelId>,
}

pub(super) struct S3Fifo {
    small: VecDeque<Seat>,
    main: VecDeque<Seat>,
    sketch: Sketch,
    duels: Duels,
}

/// Drops void places once they outnumber the live ones.
fn compact(queue: &mut VecDeque<Seat>, nodes: &impl Nodes) {
    if queue.len() > 2 * nodes.len() + 64 {
        queue.retain(|seat| nodes.is_live(seat.entry.place));
    }
}

impl S3Fifo {
    fn new(scores: Arc<Scores>) -> Self {
        let (small, main) = (VecDeque::new(), VecDeque::new());
        Self { small, main, sketch: Sketch::default(), duels: Duels::new(scores) }
    }

    /// Takes note of the uses of a seat's node since the last look; void seats have none.
    fn look(&mut self, seat: &mut Seat, nodes: &impl Nodes) -> Option<u8> {
        let uses = nodes.take_uses(seat.entry.place)?;
        if uses > 0 {
            seat.frequency = self.sketch.count(seat.entry.digest, uses);
            if let Some(duel) = seat.won.take() {
                self.duels.winner_used(duel, seat.entry.place);
            }
        }
        Some(uses)
    }

    /// What has waited longest in the small queue, if more wait there than should.
    fn newcomer(&mut self, nodes: &impl Nodes, spared: Option<Place>, waiting: usize) -> Option<Seat> {
        for _ in 0..self.small.len() {
            if self.small.len() <= waiting {
                return None;
            }
            let mut seat = self.small.pop_front()?;
            if Some(seat.entry.place) == spared {
                self.small.push_back(seat);
            } else if self.look(&mut seat, nodes).is_some() {
                return Some(seat);
            }
        }
        None
    }

    /// The next in the main queue without uses: each use since the last round buys another.
    fn resident(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Seat> {
        for _ in 0..(usize::from(MOST_ROUNDS) + 2) * self.main.len() {
            let mut seat = self.main.pop_front()?;
            let Some(uses) = self.look(&mut seat, nodes) else { continue };
            seat.rounds = (seat.rounds + uses).min(MOST_ROUNDS);
            if seat.rounds == 0 && Some(seat.entry.place) != spared {
                return Some(seat);
            }
            seat.rounds = seat.rounds.saturating_sub(1);
            self.main.push_back(seat);
        }
        None
    }

    /// Whoever is next in the main queue, however often used.
    fn anyone(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Named> {
        let may_go = |seat: &Seat| Some(seat.entry.place) != spared && nodes.is_live(seat.entry.place);
        let at = self.main.iter().position(may_go)?;
        self.main.remove(at).map(|seat| seat.entry)
    }

    /// Decides who of two stays, in the main queue; names the other.
    fn duel(&mut self, mut newcomer: Seat, mut resident: Seat, nodes: &impl Nodes) -> Named {
        let [new, old] = [newcomer, resident].map(|seat| self.sketch.as_of_now(seat.frequency));
        let lead = old.cast_signed() - new.cast_signed();
        let admit = self.duels.scores().admit(lead);
        let (winner, loser) = if admit { (&mut newcomer, &resident) } else { (&mut resident, &newcomer) };
        winner.won = self.duels.fought(winner.entry.place, loser.entry.digest, (lead, admit), nodes);
        self.main.push_back(*winner);
        loser.entry
    }

    /// Gets ready for as many entries as there are. While there is room for all, nothing is counted.
    fn fit(&mut self, nodes: &impl Nodes) {
        let first = self.sketch.is_empty();
        self.sketch.fit(nodes.len());
        self.duels.fit(nodes.len());
        if first {
            let Self { small, sketch, .. } = self;
            small.iter_mut().for_each(|seat| seat.frequency = sketch.count(seat.entry.digest, 1));
        }
    }
}

/// The order of an engine without shards.
impl Default for S3Fifo {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

impl Order for S3Fifo {
    const EXACT: bool = false;

    fn several(shards: usize) -> Vec<Self> {
        let scores = Arc::new(Scores::default());
        std::iter::repeat_with(|| Self::new(Arc::clone(&scores))).take(shards).collect()
    }

    fn inserted(&mut self, entry: Named, nodes: &impl Nodes) {
        let frequency = self.sketch.count(entry.digest, 1);
        self.duels.missed(entry.digest, nodes);
        self.small.push_back(Seat { entry, frequency, rounds: 0, won: None });
        compact(&mut self.small, nodes);
        compact(&mut self.main, nodes);
    }

    fn victim(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Named> {
        self.fit(nodes);
        let waiting = self.duels.scores().waiting(nodes.len()).max(1);
        while self.small.len() > waiting + 1 {
            // Whatever came while there was room.
            let seat = self.small.pop_front()?;
            self.main.push_back(seat);
        }
        let newcomer = self.newcomer(nodes, spared, waiting);
        match (newcomer, self.resident(nodes, spared)) {
            (Some(newcomer), Some(resident)) => Some(self.duel(newcomer, resident, nodes)),
            (Some(seat), None) | (None, Some(seat)) => Some(seat.entry),
            (None, None) => match self.newcomer(nodes, spared, 0) {
                Some(seat) => Some(seat.entry),
                None => self.anyone(nodes, spared),
            },
        }
    }

    #[inline]
    fn expect(&self, digest: Digest) {
        self.sketch.expect(digest);
    }

    fn upcoming(&self) -> [Option<Named>; 2] {
        [0, 1].map(|nth| self.main.get(nth).map(|seat| seat.entry))
    }

    fn clear(&mut self) {
        (self.small, self.main) = (VecDeque::new(), VecDeque::new());
        self.sketch = Sketch::default();
        self.duels.clear();
    }
}
