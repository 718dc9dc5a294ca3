//! The plain queue policies: FIFO and random.

use std::collections::VecDeque;

use super::Stake;
use super::nodes::{Nodes, Place};
use super::sketch::Sketch;
use crate::key::Digest;

/// An entry by place and by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) digest: Digest,
    pub(super) place: Place,
}

/// The order in which entries are given up.
pub(super) trait Order: Default + Send {
    /// Notes a new entry, which is among the nodes already, and what is at stake in it.
    fn inserted(&mut self, entry: Named, stake: Stake, nodes: &impl Nodes);

    /// Names the next to go; `spared`, just inserted, is not it.
    fn victim(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Named>;

    /// The share of the bounds, in parts of 2^32, that is to stay free for newcomers of the sizes that come.
    fn reserve(&self) -> u64 {
        0
    }

    /// Where an entry that will be inserted is going to be counted.
    fn sketch(&self) -> Option<&Sketch> {
        None
    }

    /// Who may have to leave next, and who then.
    fn upcoming(&self) -> [Option<Named>; 2] {
        [None; 2]
    }

    /// Forgets all.
    fn clear(&mut self);
}

/// Drops void places once they outnumber the live ones.
fn compact(queue: &mut VecDeque<Named>, nodes: &impl Nodes) {
    if queue.len() > 2 * nodes.len() + 64 {
        queue.retain(|entry| nodes.is_live(entry.place));
    }
}

/// First in, first out. Overwriting keeps the place, reading never moves it.
#[derive(Default)]
pub(super) struct Fifo {
    queue: VecDeque<Named>,
}

impl Order for Fifo {
    fn inserted(&mut self, entry: Named, _: Stake, nodes: &impl Nodes) {
        self.queue.push_back(entry);
        compact(&mut self.queue, nodes);
    }

    fn victim(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Named> {
        while let Some(entry) = self.queue.pop_front() {
            if !nodes.is_live(entry.place) {
                continue;
            }
            if Some(entry.place) != spared {
                return Some(entry);
            }
            // The spared one was overwritten by something larger, and keeps its place.
            let next = self.queue.iter().position(|next| nodes.is_live(next.place));
            let victim = next.and_then(|index| self.queue.remove(index));
            self.queue.push_front(entry);
            return victim;
        }
        None
    }

    fn clear(&mut self) {
        self.queue.clear();
    }
}

/// A random victim, from a sequence that is the same in every run.
pub(super) struct Random {
    places: Vec<Named>,
    state: u64,
}

impl Default for Random {
    fn default() -> Self {
        Self { places: Vec::new(), state: 0x9E37_79B9_7F4A_7C15 }
    }
}

impl Random {
    /// Marsaglia's xorshift64 ("Xorshift RNGs", 2003).
    fn draw(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % below as u64).unwrap_or(0)
    }
}

impl Order for Random {
    fn inserted(&mut self, entry: Named, _: Stake, nodes: &impl Nodes) {
        self.places.push(entry);
        if self.places.len() > 2 * nodes.len() + 64 {
            self.places.retain(|entry| nodes.is_live(entry.place));
        }
    }

    fn victim(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Named> {
        let mut kept = None;
        let victim = loop {
            if self.places.is_empty() {
                break None;
            }
            let index = self.draw(self.places.len());
            let entry = self.places.swap_remove(index);
            if Some(entry.place) == spared {
                kept = Some(entry);
            } else if nodes.is_live(entry.place) {
                break Some(entry);
            }
        };
        self.places.extend(kept);
        victim
    }

    fn clear(&mut self) {
        self.places.clear();
    }
}
