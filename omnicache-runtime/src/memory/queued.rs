//! The engine of the queue policies: entries by place, with an order that knows who is to leave.
//!
//! Readers find entries in an index without a lock, and note their uses in the entry. Nodes and order are behind the lock
//! of the index's writers, so that an insertion takes one lock and the bounds are exact. There is one queue and not one
//! for each part of the keys: among few entries an order finds poor victims, and nobody knows beforehand how many fit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::nodes::{Nodes, Place, Slab};
use super::orders::Orders;
use super::queue::{Named, Order};
use super::sketch::Outlook;
use super::table::Writer;
use super::{Bounds, Engine, Entry, Few, Index, IsWanted, Load, OnEvict};
use crate::key::Digest;
use crate::kind::Policy;

pub(super) struct Queued<K> {
    index: Arc<Index<K>>,
    bounds: Bounds,
    /// Written by who has the lock.
    bytes: AtomicU64,
    outlook: Outlook,
    on_evict: OnEvict,
}

/// The entries of an index by place, and their order.
pub(super) struct Queue<K> {
    nodes: Slab<Arc<Entry<K>>>,
    order: Orders,
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self { nodes: Slab::default(), order: Orders::default() }
    }
}

/// What an insertion has cost others: digests to tell of, and entries that nobody may find any more.
struct Gone<K> {
    evicted: Few<Digest>,
    retired: Few<Arc<Entry<K>>>,
}

impl<K: 'static> Queued<K> {
    pub(super) fn new(bounds: Bounds, policy: Policy, on_evict: OnEvict) -> Self {
        let index = Arc::new(Index::new());
        index.table.lock().beside.order = Orders::new(policy);
        Self { index, bounds, bytes: AtomicU64::new(0), outlook: Outlook::default(), on_evict }
    }

    /// Counts bytes in and out. Nobody else does so meanwhile.
    fn count(&self, _: &mut Writer<Queue<K>>, more: u64, less: u64) {
        self.bytes.store((self.bytes.load(Relaxed) + more).saturating_sub(less), Relaxed);
    }

    /// Takes an entry in; gives its place.
    fn put(
        &self,
        writer: &mut Writer<Queue<K>>,
        digest: Digest,
        entry: Arc<Entry<K>>,
        gone: &mut Gone<K>,
    ) -> Place {
        let replaced = self.index.link_by(writer, digest, Arc::clone(&entry), &mut gone.retired);
        self.count(writer, entry.weight, replaced.as_ref().map_or(0, |old| old.weight));
        let Queue { nodes, order } = &mut writer.beside;
        let kept = replaced.as_ref().and_then(|old| nodes.replace(old, &entry));
        gone.retired.extend(replaced);
        kept.unwrap_or_else(|| {
            let stake = self.bounds.stake(entry.loss, entry.weight);
            let place = nodes.put(Arc::clone(&entry));
            entry.settle(place);
            order.inserted(Named { digest, place }, stake, nodes);
            place
        })
    }

    /// Evicts until the bounds hold or there is nothing more to give.
    fn relieve(&self, writer: &mut Writer<Queue<K>>, spared: Place, gone: &mut Gone<K>) {
        while self.bounds.exceeded_beside(self.held(writer), writer.beside.order.reserve()) {
            let Queue { nodes, order } = &mut writer.beside;
            let Some(victim) = order.victim(nodes, Some(spared)) else { break };
            let Some(entry) = nodes.take(victim.place) else { break };
            self.count(writer, 0, entry.weight);
            // Of two references one is kept until nothing is locked: destructors are user code.
            let unlinked = self.index.unlink_by(writer, victim.digest, Some(&entry));
            gone.retired.push(unlinked.unwrap_or(entry));
            gone.evicted.push(victim.digest);
        }
    }

    fn held(&self, writer: &Writer<Queue<K>>) -> Load {
        Load { entries: writer.beside.nodes.len() as u64, bytes: self.bytes.load(Relaxed) }
    }
}

impl<K: 'static> Engine<K> for Queued<K> {
    fn get(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        let entry = self.index.get(digest)?;
        entry.count_use();
        Some(entry)
    }

    fn get_again(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        // A word tells whether there is something to lock for.
        self.index.table.get_surely(digest)?;
        self.get(digest)
    }

    fn peek(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.index.get(digest)
    }

    fn expect(&self, digest: Digest) {
        self.index.table.expect(digest);
        self.outlook.expect(digest);
    }

    fn insert(&self, digest: Digest, entry: Arc<Entry<K>>, is_wanted: IsWanted<'_>) {
        let mut gone = Gone { evicted: Few::default(), retired: Few::default() };
        let mut writer = self.index.table.lock();
        if !is_wanted() {
            drop(writer);
            return;
        }
        let place = self.put(&mut writer, digest, entry, &mut gone);
        self.relieve(&mut writer, place, &mut gone);
        // Who may be the next to leave is fetched while the next body runs.
        let Queue { nodes, order } = &writer.beside;
        let upcoming = order.upcoming();
        Nodes::expect(nodes, upcoming);
        order.sketch().into_iter().for_each(|sketch| self.outlook.note(sketch));
        drop(writer);
        self.index.table.expect_in_turn(upcoming);
        gone.evicted.iter().for_each(|digest| (self.on_evict)(*digest));
        self.index.retire(gone.retired);
    }

    fn remove(&self, digest: Digest) -> bool {
        let mut writer = self.index.table.lock();
        let unlinked = self.index.unlink_by(&mut writer, digest, None);
        let removed = unlinked.as_ref().and_then(|entry| writer.beside.nodes.remove(entry));
        self.count(&mut writer, 0, removed.as_ref().map_or(0, |entry| entry.weight));
        drop(writer);
        drop(removed);
        let was_there = unlinked.is_some();
        self.index.retire(unlinked.into_iter().collect());
        was_there
    }

    fn clear(&self) {
        let mut writer = self.index.table.lock();
        let retired = self.index.clear_by(&mut writer);
        let held = writer.beside.nodes.drain();
        writer.beside.order.clear();
        self.bytes.store(0, Relaxed);
        drop(writer);
        drop(held);
        self.index.retire(retired);
    }

    fn digests(&self) -> Vec<Digest> {
        self.index.table.digests()
    }

    fn load(&self) -> Load {
        Load { entries: self.index.table.len(), bytes: self.bytes.load(Relaxed) }
    }

    fn index(&self) -> Option<Arc<Index<K>>> {
        Some(Arc::clone(&self.index))
    }
}

impl<K> Slab<Arc<Entry<K>>> {
    /// The place of an entry, if it is there.
    fn place_of(&self, entry: &Arc<Entry<K>>) -> Option<Place> {
        self.at(entry.place()).filter(|(_, there)| Arc::ptr_eq(there, entry)).map(|(place, _)| place)
    }

    /// Puts an entry in the place of another, whose uses it takes over; gives the place if that is where the other was.
    /// The caller refers to the other, so that nothing is dropped here.
    fn replace(&mut self, old: &Arc<Entry<K>>, new: &Arc<Entry<K>>) -> Option<Place> {
        let place = self.place_of(old)?;
        new.uses.store(old.uses.load(Relaxed), Relaxed);
        new.settle(place);
        *self.at_mut(place.index())? = Arc::clone(new);
        Some(place)
    }

    fn remove(&mut self, entry: &Arc<Entry<K>>) -> Option<Arc<Entry<K>>> {
        self.take(self.place_of(entry)?)
    }
}
