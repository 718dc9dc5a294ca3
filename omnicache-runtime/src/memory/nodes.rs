//! The entries of a queue by place, so that queues hold places and need not look for digests.

use std::ops::Deref;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::Entry;
use crate::key::Digest;

/// Where an entry of a queue is; void once it has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    index: u32,
    /// How often the place was taken before: what is there now may be another entry.
    ticket: u32,
}

impl Place {
    /// Its number among all places.
    #[inline]
    pub(super) fn index(self) -> u32 {
        self.index
    }
}

/// The entries that an order is about.
pub(super) trait Nodes {
    /// How many there are.
    fn len(&self) -> usize;

    /// The digest of the entry at a place, and its uses since the queue last looked, of at most
    /// [`MOST_USES`](super::entry::MOST_USES).
    fn find(&self, place: Place) -> Option<(Digest, &AtomicU8)>;

    /// Whether the entry is still there.
    fn is_live(&self, place: Place) -> bool {
        self.find(place).is_some()
    }

    /// Takes the uses of an entry. Those that come at the same moment may be lost, which is of no consequence.
    fn take_uses(&self, place: Place) -> Option<(Digest, u8)> {
        let (digest, uses) = self.find(place)?;
        let taken = uses.load(Relaxed);
        if taken > 0 {
            uses.store(0, Relaxed);
        }
        Some((digest, taken))
    }
}

/// Things by place.
pub(super) struct Slab<T> {
    nodes: Vec<Node<T>>,
    vacant: Vec<u32>,
}

struct Node<T> {
    digest: Digest,
    ticket: u32,
    held: Option<T>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { nodes: Vec::new(), vacant: Vec::new() }
    }
}

impl<T> Slab<T> {
    pub(super) fn len(&self) -> usize {
        self.nodes.len() - self.vacant.len()
    }

    /// Takes something in.
    pub(super) fn put(&mut self, digest: Digest, held: T) -> Place {
        if let Some(index) = self.vacant.pop()
            && let Some(node) = self.nodes.get_mut(index as usize)
        {
            let ticket = node.ticket.wrapping_add(1);
            *node = Node { digest, ticket, held: Some(held) };
            return Place { index, ticket };
        }
        let index = u32::try_from(self.nodes.len()).unwrap_or_else(|_| unreachable!("memory for less"));
        self.nodes.push(Node { digest, ticket: 0, held: Some(held) });
        Place { index, ticket: 0 }
    }

    /// What is at a place.
    #[inline]
    pub(super) fn get(&self, place: Place) -> Option<(Digest, &T)> {
        let node = self.nodes.get(place.index as usize).filter(|node| node.ticket == place.ticket)?;
        Some((node.digest, node.held.as_ref()?))
    }

    /// What is at the place of this index now.
    #[inline]
    pub(super) fn at(&self, index: u32) -> Option<(Place, &T)> {
        let node = self.nodes.get(index as usize)?;
        Some((Place { index, ticket: node.ticket }, node.held.as_ref()?))
    }

    /// The same, to be changed.
    #[inline]
    pub(super) fn at_mut(&mut self, index: u32) -> Option<&mut T> {
        self.nodes.get_mut(index as usize)?.held.as_mut()
    }

    /// Lets go of what is at a place.
    pub(super) fn take(&mut self, place: Place) -> Option<(Digest, T)> {
        let node = self.nodes.get_mut(place.index as usize).filter(|node| node.ticket == place.ticket)?;
        let held = node.held.take()?;
        self.vacant.push(place.index);
        Some((node.digest, held))
    }

    /// Lets go of all, and gives the room back.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Digest, T)> + use<T> {
        self.vacant = Vec::new();
        std::mem::take(&mut self.nodes).into_iter().filter_map(|node| Some((node.digest, node.held?)))
    }
}

impl<K: 'static, T: Deref<Target = Entry<K>>> Nodes for Slab<T> {
    fn len(&self) -> usize {
        Self::len(self)
    }

    #[inline]
    fn find(&self, place: Place) -> Option<(Digest, &AtomicU8)> {
        self.get(place).map(|(digest, entry)| (digest, &entry.uses))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_was_left_is_void_though_it_is_taken_again() {
        let mut slab = Slab::default();
        let [one, two] = [1, 2].map(|of| Digest::from_words(of, of));
        let place = slab.put(one, 'a');
        assert_eq!(slab.get(place), Some((one, &'a')));
        assert_eq!(slab.take(place), Some((one, 'a')));
        assert_eq!((slab.take(place), slab.len()), (None, 0));
        let again = slab.put(two, 'b');
        assert_eq!(again.index(), place.index());
        assert_eq!((slab.get(place), slab.get(again)), (None, Some((two, &'b'))));
        assert_eq!(slab.at(0), Some((again, &'b')));
        assert_eq!((slab.drain().count(), slab.len()), (1, 0));
    }
}
