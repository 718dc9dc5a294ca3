//! One frame for the queue policies: entries in shards behind read-write locks, bounds over all shards.
//!
//! Hits find entries in an index beside the shards, without a lock, and note themselves in the entry; who does not
//! find one there takes the shard's read lock. An insert that breaks a
//! bound evicts from its own shard first and from its neighbours then, so the bounds are exact and one large
//! entry may use all of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Bounds, Engine, Entry, Few, Index, Load, OnEvict};
use crate::key::{Digest, DigestState};

/// A node of a shard.
pub(super) struct Node<K> {
    pub(super) entry: Arc<Entry<K>>,
    /// Which insertion this is: queues hold tickets, so that what was removed and came back is told apart.
    pub(super) ticket: u64,
}

impl<K> Node<K> {
    /// Uses since the queue last looked, at most [`MOST_USES`](super::entry::MOST_USES).
    pub(super) fn uses(&self) -> &AtomicU8 {
        &self.entry.uses
    }
}

pub(super) type Nodes<K> = HashMap<Digest, Node<K>, DigestState>;

/// The order in which a shard gives entries up.
pub(super) trait Order: Sized + Send + Sync {
    /// Whether the order counts over all entries, so that there can be one shard only.
    const EXACT: bool;

    /// The orders of so many shards of one engine.
    fn several(shards: usize) -> Vec<Self>;

    /// Notes a new entry, which is among the nodes already.
    fn inserted<K>(&mut self, digest: Digest, ticket: u64, nodes: &Nodes<K>);

    /// Names the next to go; `spared`, just inserted, is not it.
    fn victim<K>(&mut self, nodes: &Nodes<K>, spared: Digest) -> Option<Digest>;

    /// Forgets all.
    fn clear(&mut self);
}

pub(super) struct Sharded<K, O> {
    shards: Box<[RwLock<Shard<K, O>>]>,
    bounds: Bounds,
    entries: AtomicU64,
    bytes: AtomicU64,
    on_evict: OnEvict,
    /// Where readers find what the shards hold; changed under the shard's lock.
    index: Option<Arc<Index<K>>>,
}

struct Shard<K, O> {
    nodes: Nodes<K>,
    order: O,
    tickets: u64,
}

/// How many shards there are at most.
const SHARDS: u64 = 16;
/// What a shard has at least: among fewer the order finds worse victims, and the hit ratio falls.
const WORTH_A_SHARD: u64 = 512;

impl<K, O: Order> Sharded<K, O> {
    pub(super) fn new(bounds: Bounds, on_evict: OnEvict) -> Self {
        let worth = bounds.max_entries.map_or(SHARDS, |most| (most / WORTH_A_SHARD).clamp(1, SHARDS));
        let count = if O::EXACT { 1 } else { usize::try_from(worth).unwrap_or(1) };
        let shard = |order| RwLock::new(Shard { nodes: Nodes::default(), order, tickets: 0 });
        Self {
            shards: O::several(count).into_iter().map(shard).collect(),
            bounds,
            entries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            on_evict,
            index: None,
        }
    }

    /// With an index for readers on many threads.
    pub(super) fn indexed(bounds: Bounds, on_evict: OnEvict) -> Self {
        Self { index: Some(Arc::new(Index::new())), ..Self::new(bounds, on_evict) }
    }

    fn link(&self, digest: Digest, entry: &Arc<Entry<K>>, retired: &mut Few<Arc<Entry<K>>>) {
        if let Some(index) = &self.index {
            retired.extend(index.link(digest, Arc::clone(entry)));
        }
    }

    fn unlink(&self, digest: Digest, retired: &mut Few<Arc<Entry<K>>>) {
        retired.extend(self.index.as_ref().and_then(|index| index.unlink(digest, None)));
    }

    /// Lets go of what left the index, outside of all locks.
    fn retire(&self, retired: Few<Arc<Entry<K>>>) {
        if let Some(index) = &self.index {
            index.retire(retired);
        }
    }

    fn shard_of(&self, digest: Digest) -> usize {
        // The low half finds the place within the shard's map.
        usize::try_from(digest.high() >> 32).unwrap_or(0) % self.shards.len()
    }

    fn find(&self, digest: Digest, used: bool) -> Option<Arc<Entry<K>>> {
        let shard = self.shards[self.shard_of(digest)].read().unwrap_or_else(PoisonError::into_inner);
        let node = shard.nodes.get(&digest)?;
        if used {
            node.entry.count_use();
        }
        Some(Arc::clone(&node.entry))
    }

    fn exceeded(&self) -> bool {
        self.bounds.exceeded_by(self.load())
    }

    fn forget(&self, weight: u64) {
        self.entries.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(weight, Ordering::Relaxed);
    }

    /// Evicts from one shard until the bounds hold or the shard has nothing more to give.
    fn relieve(&self, shard: &mut Shard<K, O>, spared: Digest, gone: &mut Gone<K>) {
        while self.exceeded() {
            let Some(victim) = shard.order.victim(&shard.nodes, spared) else { break };
            let Some(node) = shard.nodes.remove(&victim) else { break };
            self.forget(node.entry.weight);
            self.unlink(victim, &mut gone.retired);
            gone.evicted.push((victim, node.entry));
        }
    }
}

/// What an insertion has cost others.
struct Gone<K> {
    evicted: Few<(Digest, Arc<Entry<K>>)>,
    retired: Few<Arc<Entry<K>>>,
}

impl<K, O: Order> Engine<K> for Sharded<K, O> {
    fn get(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.find(digest, true)
    }

    fn peek(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.find(digest, false)
    }

    fn insert(&self, digest: Digest, entry: Arc<Entry<K>>) {
        let own = self.shard_of(digest);
        let mut gone = Gone { evicted: Few::default(), retired: Few::default() };
        let mut shard = self.shards[own].write().unwrap_or_else(PoisonError::into_inner);
        let weight = entry.weight;
        self.link(digest, &entry, &mut gone.retired);
        self.bytes.fetch_add(weight, Ordering::Relaxed);
        let replaced = if let Some(node) = shard.nodes.get_mut(&digest) {
            entry.uses.store(node.uses().load(Ordering::Relaxed), Ordering::Relaxed);
            Some(std::mem::replace(&mut node.entry, entry))
        } else {
            self.entries.fetch_add(1, Ordering::Relaxed);
            let Shard { nodes, order, tickets } = &mut *shard;
            *tickets += 1;
            nodes.insert(digest, Node { entry, ticket: *tickets });
            order.inserted(digest, *tickets, nodes);
            None
        };
        self.bytes.fetch_sub(replaced.as_ref().map_or(0, |old| old.weight), Ordering::Relaxed);
        self.relieve(&mut shard, digest, &mut gone);
        drop(shard);
        for step in 1..self.shards.len() {
            if !self.exceeded() {
                break;
            }
            let next = &self.shards[(own + step) % self.shards.len()];
            let mut shard = next.write().unwrap_or_else(PoisonError::into_inner);
            self.relieve(&mut shard, digest, &mut gone);
        }
        gone.evicted.iter().for_each(|(digest, _)| (self.on_evict)(*digest));
        drop(replaced);
        drop(gone.evicted);
        self.retire(gone.retired);
    }

    fn remove(&self, digest: Digest) -> bool {
        let mut retired = Few::default();
        let mut shard = self.shards[self.shard_of(digest)].write().unwrap_or_else(PoisonError::into_inner);
        let removed = shard.nodes.remove(&digest);
        self.unlink(digest, &mut retired);
        drop(shard);
        self.retire(retired);
        if let Some(node) = &removed {
            self.forget(node.entry.weight);
        }
        removed.is_some()
    }

    fn clear(&self) {
        for shard in &self.shards {
            let mut retired = Few::default();
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            let nodes = std::mem::take(&mut shard.nodes);
            shard.order.clear();
            nodes.keys().for_each(|digest| self.unlink(*digest, &mut retired));
            drop(shard);
            nodes.values().for_each(|node| self.forget(node.entry.weight));
            drop(nodes);
            self.retire(retired);
        }
    }

    fn digests(&self) -> Vec<Digest> {
        let shards = self.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner));
        shards.flat_map(|shard| shard.nodes.keys().copied().collect::<Vec<_>>()).collect()
    }

    fn load(&self) -> Load {
        Load { entries: self.entries.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) }
    }

    fn index(&self) -> Option<Arc<Index<K>>> {
        self.index.clone()
    }
}
