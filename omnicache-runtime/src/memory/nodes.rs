//! The entries of a queue by place, so that queues hold places and need not look for digests.

use std::ops::Deref;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::Entry;
use super::atomic::prefetch;
use super::queue::Named;

/// Where an entry of a queue is; void once it has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    index: u32,
    /// How often the place was taken before: what is there now may be another entry.
    ticket: u32,
}

impl Place {
    /// That of nothing.
    pub(super) const VOID: Self = Self { index: u32::MAX, ticket: 0 };

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

    /// Uses of the entry at a place since the queue last looked, of at most
    /// [`MOST_USES`](super::entry::MOST_USES); `None` once it has left.
    fn uses(&self, place: Place) -> Option<&AtomicU8>;

    /// Whether the entry is still there.
    fn is_live(&self, place: Place) -> bool {
        self.uses(place).is_some()
    }

    /// Gets ready to be asked for the uses of one place now, and of the other next time.
    fn expect(&self, upcoming: [Option<Named>; 2]);

    /// Takes the uses of an entry. Those that come at the same moment may be lost, which is of no consequence.
    fn take_uses(&self, place: Place) -> Option<u8> {
        let uses = self.uses(place)?;
        let taken = uses.load(Relaxed);
        if taken > 0 {
            uses.store(0, Relaxed);
        }
        Some(taken)
    }
}

/// Things by place.
pub(super) struct Slab<T> {
    nodes: Vec<Node<T>>,
    vacant: Vec<u32>,
}

struct Node<T> {
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
    pub(super) fn put(&mut self, held: T) -> Place {
        if let Some(index) = self.vacant.pop()
            && let Some(node) = self.nodes.get_mut(index as usize)
        {
            let ticket = node.ticket.wrapping_add(1);
            *node = Node { ticket, held: Some(held) };
            return Place { index, ticket };
        }
        let index = u32::try_from(self.nodes.len()).unwrap_or_else(|_| unreachable!("memory for less"));
        self.nodes.push(Node { ticket: 0, held: Some(held) });
        Place { index, ticket: 0 }
    }

    /// What is at a place.
    #[inline]
    pub(super) fn get(&self, place: Place) -> Option<&T> {
        let node = self.nodes.get(place.index as usize).filter(|node| node.ticket == place.ticket)?;
        node.held.as_ref()
    }

    /// Gets ready to be asked for a place soon.
    #[inline]
    pub(super) fn expect(&self, place: Place) {
        self.nodes.get(place.index as usize).into_iter().for_each(prefetch);
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
    pub(super) fn take(&mut self, place: Place) -> Option<T> {
        let node = self.nodes.get_mut(place.index as usize).filter(|node| node.ticket == place.ticket)?;
        let held = node.held.take()?;
        self.vacant.push(place.index);
        Some(held)
    }

    /// Lets go of all, and gives the room back.
    pub(super) fn drain(&mut self) -> Vec<T> {
        self.vacant = Vec::new();
        std::mem::take(&mut self.nodes).into_iter().filter_map(|node| node.held).collect()
    }
}

impl<K: 'static, T: Deref<Target = Entry<K>>> Nodes for Slab<T> {
    fn len(&self) -> usize {
        Self::len(self)
    }

    #[inline]
    fn uses(&self, place: Place) -> Option<&AtomicU8> {
        self.get(place).map(|entry| &entry.uses)
    }

    #[inline]
    fn expect(&self, [next, then]: [Option<Named>; 2]) {
        if let Some(entry) = next.and_then(|next| self.get(next.place)) {
            prefetch(&entry.uses);
        }
        then.into_iter().for_each(|then| Self::expect(self, then.place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_was_left_is_void_though_it_is_taken_again() {
        let mut slab = Slab::default();
        let place = slab.put('a');
        assert_eq!(slab.get(place), Some(&'a'));
        assert_eq!(slab.take(place), Some('a'));
        assert_eq!((slab.take(place), slab.len()), (None, 0));
        let again = slab.put('b');
        assert_eq!(again.index(), place.index());
        assert_eq!((slab.get(place), slab.get(again)), (None, Some(&'b')));
        assert_eq!(slab.at(0), Some((again, &'b')));
        assert_eq!((slab.drain().len(), slab.len()), (1, 0));
    }
}
