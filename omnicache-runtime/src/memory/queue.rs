//! The queue policies: S3-FIFO, FIFO and random.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::Ordering;

use super::sharded::{Nodes, Order};
use crate::key::{Digest, DigestState};

/// A place in a queue; void once the node's ticket is another.
#[derive(Clone, Copy)]
struct Place {
    digest: Digest,
    ticket: u64,
}

impl Place {
    fn is_live<K>(self, nodes: &Nodes<K>) -> bool {
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

/// S3-FIFO (Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023): a small queue for
/// newcomers, a main queue for what was used again, and a ghost queue of what left the small one lately.
#[derive(Default)]
pub(super) struct S3Fifo {
    small: VecDeque<Place>,
    main: VecDeque<Place>,
    ghost: VecDeque<Digest>,
    ghosts: HashSet<Digest, DigestState>,
}

impl S3Fifo {
    /// The small queue's share of the entries, as a divisor: a tenth.
    const SMALL_SHARE: usize = 10;

    fn remember(&mut self, digest: Digest, most: usize) {
        if self.ghosts.insert(digest) {
            self.ghost.push_back(digest);
        }
        while self.ghost.len() > most.max(1) {
            if let Some(oldest) = self.ghost.pop_front() {
                self.ghosts.remove(&oldest);
            }
        }
    }

    /// Looks through the small queue once; what was used again moves to the main queue.
    fn give_up_small<K>(&mut self, nodes: &Nodes<K>, spared: Digest) -> Option<Digest> {
        for _ in 0..self.small.len() {
            let place = self.small.pop_front()?;
            let Some(node) = nodes.get(&place.digest).filter(|node| node.ticket == place.ticket) else {
                continue;
            };
            if place.digest == spared {
                self.small.push_back(place);
            } else if node.uses().swap(0, Ordering::Relaxed) > 0 {
                self.main.push_back(place);
            } else {
                self.remember(place.digest, nodes.len());
                return Some(place.digest);
            }
        }
        None
    }

    /// Goes round the main queue; each use since the last round buys another.
    fn give_up_main<K>(&mut self, nodes: &Nodes<K>, spared: Digest) -> Option<Digest> {
        // Three uses at most, so four rounds find a victim if there is one.
        for _ in 0..4 * self.main.len() {
            let place = self.main.pop_front()?;
            let Some(node) = nodes.get(&place.digest).filter(|node| node.ticket == place.ticket) else {
                continue;
            };
            let uses = node.uses().load(Ordering::Relaxed);
            if place.digest != spared && uses == 0 {
                return Some(place.digest);
            }
            node.uses().store(uses.saturating_sub(1), Ordering::Relaxed);
            self.main.push_back(place);
        }
        None
    }
}

impl Order for S3Fifo {
    const EXACT: bool = false;

    fn inserted<K>(&mut self, digest: Digest, ticket: u64, nodes: &Nodes<K>) {
        let place = Place { digest, ticket };
        if self.ghosts.remove(&digest) {
            self.main.push_back(place);
        } else {
            self.small.push_back(place);
        }
        compact(&mut self.small, nodes);
        compact(&mut self.main, nodes);
    }

    fn victim<K>(&mut self, nodes: &Nodes<K>, spared: Digest) -> Option<Digest> {
        let small_is_full = self.small.len() * Self::SMALL_SHARE >= nodes.len();
        if small_is_full || self.main.is_empty() {
            self.give_up_small(nodes, spared).or_else(|| self.give_up_main(nodes, spared))
        } else {
            self.give_up_main(nodes, spared).or_else(|| self.give_up_small(nodes, spared))
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}
