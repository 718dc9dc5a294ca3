//! One frame for the queue policies: entries in shards, each with its queue behind a lock, bounds over all shards.
//!
//! Entries are found in an index that all shards share, by readers without a lock, who note themselves in the entry. An
//! insert that breaks a bound evicts from its own shard first and from its neighbours then, so the bounds are exact and
//! one large entry may use all of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::nodes::{Nodes, Place, Slab};
use super::queue::{Named, Order};
use super::{Bounds, Engine, Entry, Few, Index, Load, OnEvict};
use crate::key::Digest;

pub(super) struct Sharded<K, O> {
    shards: Box<[Mutex<Shard<K, O>>]>,
    bounds: Bounds,
    entries: AtomicU64,
    bytes: AtomicU64,
    on_evict: OnEvict,
    /// Where everybody finds what the shards hold; changed under the shard's lock.
    index: Arc<Index<K>>,
}

struct Shard<K, O> {
    nodes: Slab<Arc<Entry<K>>>,
    order: O,
}

/// How many shards there are at most.
const SHARDS: u64 = 16;
/// What a shard has at least: among fewer the order finds worse victims, and the hit ratio falls.
const WORTH_A_SHARD: u64 = 512;

impl<K: 'static, O: Order> Sharded<K, O> {
    pub(super) fn new(bounds: Bounds, on_evict: OnEvict) -> Self {
        let worth = bounds.max_entries.map_or(SHARDS, |most| (most / WORTH_A_SHARD).clamp(1, SHARDS));
        let count = if O::EXACT { 1 } else { usize::try_from(worth).unwrap_or(1) };
        let shard = |order| Mutex::new(Shard { nodes: Slab::default(), order });
        Self {
            shards: O::several(count).into_iter().map(shard).collect(),
            bounds,
            entries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            on_evict,
            index: Arc::new(Index::new()),
        }
    }

    fn shard_of(&self, digest: Digest) -> usize {
        // The low half finds the place in the index.
        usize::try_from(digest.high() >> 32).unwrap_or(0) % self.shards.len()
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, Shard<K, O>> {
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exceeded(&self) -> bool {
        self.bounds.exceeded_by(self.load())
    }

    fn forget(&self, weight: u64) {
        self.entries.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(weight, Ordering::Relaxed);
    }

    /// Evicts from one shard until the bounds hold or the shard has nothing more to give.
    fn relieve(&self, shard: &mut Shard<K, O>, spared: Option<Place>, gone: &mut Gone<K>) {
        while self.exceeded() {
            let Some(victim) = shard.order.victim(&shard.nodes, spared) else { break };
            let Some(entry) = shard.nodes.take(victim.place) else { break };
            self.forget(entry.weight);
            gone.retired.extend(self.index.unlink(victim.digest, Some(&entry)));
            gone.evicted.push((victim.digest, entry));
        }
    }
}

/// What an insertion has cost others.
struct Gone<K> {
    evicted: Few<(Digest, Arc<Entry<K>>)>,
    retired: Few<Arc<Entry<K>>>,
}

impl<K: 'static, O: Order> Engine<K> for Sharded<K, O> {
    fn get(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        let entry = self.index.get(digest)?;
        entry.count_use();
        Some(entry)
    }

    fn peek(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.index.get(digest)
    }

    fn expect(&self, digest: Digest) {
        self.index.table.expect(digest);
        // Who has the lock at this moment has other things to fetch.
        if let Ok(shard) = self.shards[self.shard_of(digest)].try_lock() {
            shard.order.expect(digest);
        }
    }

    fn insert(&self, digest: Digest, entry: Arc<Entry<K>>) {
        let own = self.shard_of(digest);
        let mut gone = Gone { evicted: Few::default(), retired: Few::default() };
        let mut guard = self.lock(own);
        let shard = &mut *guard;
        self.bytes.fetch_add(entry.weight, Ordering::Relaxed);
        let replaced = self.index.link(digest, Arc::clone(&entry), &mut gone.retired);
        let kept = replaced.as_ref().and_then(|old| shard.nodes.replace(old, &entry));
        let place = kept.unwrap_or_else(|| {
            self.entries.fetch_add(1, Ordering::Relaxed);
            let place = shard.nodes.put(Arc::clone(&entry));
            entry.settle(place);
            shard.order.inserted(Named { digest, place }, &shard.nodes);
            place
        });
        if kept.is_some() {
            self.bytes.fetch_sub(replaced.as_ref().map_or(0, |old| old.weight), Ordering::Relaxed);
        }
        gone.retired.extend(replaced);
        self.relieve(shard, Some(place), &mut gone);
        // Who may be the next to leave is fetched while the next body runs.
        let upcoming = shard.order.upcoming();
        upcoming[0].into_iter().for_each(|next| self.index.table.expect(next.digest));
        Nodes::expect(&shard.nodes, upcoming.map(|next| Some(next?.place)));
        drop(guard);
        for step in 1..self.shards.len() {
            if !self.exceeded() {
                break;
            }
            self.relieve(&mut self.lock((own + step) % self.shards.len()), None, &mut gone);
        }
        gone.evicted.iter().for_each(|(digest, _)| (self.on_evict)(*digest));
        drop(gone.evicted);
        self.index.retire(gone.retired);
    }

    fn remove(&self, digest: Digest) -> bool {
        let mut shard = self.lock(self.shard_of(digest));
        let unlinked = self.index.unlink(digest, None);
        let removed = unlinked.as_ref().and_then(|entry| shard.nodes.remove(entry));
        drop(shard);
        if let Some(entry) = &removed {
            self.forget(entry.weight);
        }
        let was_there = unlinked.is_some();
        drop(removed);
        self.index.retire(unlinked.into_iter().collect());
        was_there
    }

    fn clear(&self) {
        let mut shards: Vec<_> = (0..self.shards.len()).map(|shard| self.lock(shard)).collect();
        let held: Vec<_> = shards.iter_mut().flat_map(|shard| shard.nodes.drain()).collect();
        shards.iter_mut().for_each(|shard| shard.order.clear());
        let retired = self.index.clear();
        held.iter().for_each(|entry| self.forget(entry.weight));
        drop(shards);
        drop(held);
        self.index.retire(retired);
    }

    fn digests(&self) -> Vec<Digest> {
        self.index.table.digests()
    }

    fn load(&self) -> Load {
        Load { entries: self.entries.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) }
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
    fn replace(&mut self, old: &Arc<Entry<K>>, new: &Arc<Entry<K>>) -> Option<Place> {
        let place = self.place_of(old)?;
        new.uses.store(old.uses.load(Ordering::Relaxed), Ordering::Relaxed);
        new.settle(place);
        *self.at_mut(place.index())? = Arc::clone(new);
        Some(place)
    }

    fn remove(&mut self, entry: &Arc<Entry<K>>) -> Option<Arc<Entry<K>>> {
        self.take(self.place_of(entry)?)
    }
}
