//! Least recently used: a list through the places, of one thread's entries.

use super::Stake;
use super::nodes::{Nodes, Place};
use super::queue::{Named, Order};

/// Stands for no place.
const NONE: u32 = u32::MAX;

/// The entries from the least recently used to the most recently used one, exactly.
pub(super) struct Recent {
    links: Vec<Link>,
    oldest: u32,
    newest: u32,
}

/// A place's neighbours in the list, if it is in it.
#[derive(Clone, Copy)]
struct Link {
    entry: Option<Named>,
    older: u32,
    newer: u32,
}

const LOOSE: Link = Link { entry: None, older: NONE, newer: NONE };

impl Default for Recent {
    fn default() -> Self {
        Self { links: Vec::new(), oldest: NONE, newest: NONE }
    }
}

impl Recent {
    fn link(&mut self, index: u32) -> Option<&mut Link> {
        self.links.get_mut(index as usize)
    }

    /// Takes a place out of the list.
    fn unlink(&mut self, index: u32) -> Option<Named> {
        let Link { entry, older, newer } = std::mem::replace(self.link(index)?, LOOSE);
        let entry = entry?;
        match self.link(older) {
            Some(link) => link.newer = newer,
            None => self.oldest = newer,
        }
        match self.link(newer) {
            Some(link) => link.older = older,
            None => self.newest = older,
        }
        Some(entry)
    }

    /// Puts an entry at the end.
    fn append(&mut self, entry: Named) {
        let (index, older) = (entry.place.index(), self.newest);
        if let Some(link) = self.link(index) {
            *link = Link { entry: Some(entry), older, newer: NONE };
            self.newest = index;
        }
        match self.link(older) {
            Some(link) => link.newer = index,
            None => self.oldest = index,
        }
    }

    /// Notes a use.
    pub(super) fn used(&mut self, place: Place) {
        if self.newest != place.index()
            && let Some(entry) = self.unlink(place.index())
        {
            self.append(entry);
        }
    }
}

impl Order for Recent {
    fn inserted(&mut self, entry: Named, _: Stake, _: &impl Nodes) {
        let index = entry.place.index();
        if self.links.len() <= index as usize {
            self.links.resize(index as usize + 1, LOOSE);
        }
        // Whoever was there before has left, and was not taken out yet.
        self.unlink(index);
        self.append(entry);
    }

    fn victim(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Named> {
        let mut next = self.oldest;
        while let Some(&mut Link { entry: Some(entry), newer, .. }) = self.link(next) {
            if Some(entry.place) != spared {
                self.unlink(next);
                if nodes.is_live(entry.place) {
                    return Some(entry);
                }
            }
            next = newer;
        }
        None
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}
