//! The plain queue policies: FIFO and random.

use std::collections::VecDeque;

use super::nodes::{Nodes, Place};
use crate::key::Digest;

/// The order in which entries are given up.
pub(super) trait Order: Sized + Send + Sync {
    /// Whether the order counts over all entries, so that there can be one shard only.
    const EXACT: bool;

    /// The orders of so many shards of one engine.
    fn several(shards: usize) -> Vec<Self>;

    /// Notes a new entry, which is among the nodes already.
    fn inserted(&mut self, place: Place, digest: Digest, nodes: &impl Nodes);

    /// Names the next to go; `spared`, just inserted, is not it.
    fn victim(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Place>;

    /// Forgets all.
    fn clear(&mut self);
}

/// Drops void places once they outnumber the live ones.
fn compact(queue: &mut VecDeque<Place>, nodes: &impl Nodes) {
    if queue.len() > 2 * nodes.len() + 64 {
        queue.retain(|&place| nodes.is_live(place));
    }
}

/// First in, first out. Overwriting keeps the place, reading never moves it.
#[derive(Default)]
pub(super) struct Fifo {
    queue: VecDeque<Place>,
}

impl Order for Fifo {
    const EXACT: bool = true;

    fn several(shards: usize) -> Vec<Self> {
        std::iter::repeat_with(Self::default).take(shards).collect()
    }

    fn inserted(&mut self, place: Place, _: Digest, nodes: &impl Nodes) {
        self.queue.push_back(place);
        compact(&mut self.queue, nodes);
    }

    fn victim(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Place> {
        while let Some(place) = self.queue.pop_front() {
            if !nodes.is_live(place) {
                continue;
            }
            if Some(place) != spared {
                return Some(place);
            }
            // The spared one was overwritten by something larger, and keeps its place.
            let next = self.queue.iter().position(|&next| nodes.is_live(next));
            let victim = next.and_then(|index| self.queue.remove(index));
            self.queue.push_front(place);
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
    places: Vec<Place>,
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
    const EXACT: bool = false;

    fn several(shards: usize) -> Vec<Self> {
        std::iter::repeat_with(Self::default).take(shards).collect()
    }

    fn inserted(&mut self, place: Place, _: Digest, nodes: &impl Nodes) {
        self.places.push(place);
        if self.places.len() > 2 * nodes.len() + 64 {
            self.places.retain(|&place| nodes.is_live(place));
        }
    }

    fn victim(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Place> {
        let mut kept = None;
        let victim = loop {
            if self.places.is_empty() {
                break None;
            }
            let index = self.draw(self.places.len());
            let place = self.places.swap_remove(index);
            if Some(place) == spared {
                kept = Some(place);
            } else if nodes.is_live(place) {
                break Some(place);
            }
        };
        self.places.extend(kept);
        victim
    }

    fn clear(&mut self) {
        self.places.clear();
    }
}
