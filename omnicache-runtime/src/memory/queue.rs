//! The plain queue policies: FIFO and random.

use std::collections::VecDeque;

use super::sharded::{Nodes, Order};
use crate::key::Digest;

/// A place in a queue; void once the node's ticket is another.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) digest: Digest,
    pub(super) ticket: u64,
}

impl Place {
    pub(super) fn is_live<K>(self, nodes: &Nodes<K>) -> bool {
        nodes.get(&self.digest).is_some_and(|node| node.ticket == self.ticket)
    }
}

/// Drops void places once they outnumber the live ones.
fn compact<K>(queue: &mut VecDeque<Place>, nodes: &Nodes<K>) {
    if queue.len() > 2 * nodes.len() + 64 {
        queue.retain(|place| place.is_live(nodes));
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

    fn inserted<K>(&mut self, digest: Digest, ticket: u64, nodes: &Nodes<K>) {
        self.queue.push_back(Place { digest, ticket });
        compact(&mut self.queue, nodes);
    }

    fn victim<K>(&mut self, nodes: &Nodes<K>, spared: Digest) -> Option<Digest> {
        for _ in 0..self.queue.len() {
            let place = self.queue.pop_front()?;
            if !place.is_live(nodes) {
                continue;
            }
            if place.digest != spared {
                return Some(place.digest);
            }
            // The spared one was overwritten by something larger, and keeps its place.
            let next = self.queue.iter().position(|next| next.is_live(nodes));
            let victim = next.and_then(|index| self.queue.remove(index));
            self.queue.push_front(place);
            return victim.map(|victim| victim.digest);
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

    fn inserted<K>(&mut self, digest: Digest, ticket: u64, nodes: &Nodes<K>) {
        self.places.push(Place { digest, ticket });
        if self.places.len() > 2 * nodes.len() + 64 {
            self.places.retain(|place| place.is_live(nodes));
        }
    }

    fn victim<K>(&mut self, nodes: &Nodes<K>, spared: Digest) -> Option<Digest> {
        let mut kept = None;
        let victim = loop {
            if self.places.is_empty() {
                break None;
            }
            let index = self.draw(self.places.len());
            let place = self.places.swap_remove(index);
            if place.is_live(nodes) {
                if place.digest != spared {
                    break Some(place.digest);
                }
                kept = Some(place);
            }
        };
        self.places.extend(kept);
        victim
    }

    fn clear(&mut self) {
        self.places.clear();
    }
}
