//! Exact least recently used, by `cached`'s LRU list. It bounds entries; the byte bound is ours: the list is told
//! to shrink by one entry until the rest fits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cached::{Cached, CachedPeek, LruCache};

use super::{Bounds, Engine, Entry, IsWanted, Load, OnEvict};
use crate::key::{Digest, DigestState};

pub(super) struct Lru<K> {
    list: Mutex<List<K>>,
    bounds: Bounds,
    on_evict: OnEvict,
}

struct List<K> {
    cache: LruCache<Digest, Arc<Entry<K>>, DigestState>,
    bytes: u64,
    /// Digest and weight of what the list's callback saw leave.
    left: Arc<Mutex<Vec<Leaver>>>,
    /// What left itself: kept until the lock is gone, since a destructor is user code.
    graveyard: Graveyard<K>,
}

type Leaver = (Digest, u64);
type Graveyard<K> = Arc<Mutex<Vec<Arc<Entry<K>>>>>;

fn push<T>(list: &Mutex<Vec<T>>, element: T) {
    list.lock().unwrap_or_else(PoisonError::into_inner).push(element);
}

fn take<T>(list: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *list.lock().unwrap_or_else(PoisonError::into_inner))
}

impl<K: Send + Sync + 'static> Lru<K> {
    pub(super) fn new(bounds: Bounds, on_evict: OnEvict) -> Self {
        let left = Arc::new(Mutex::new(Vec::new()));
        let graveyard: Graveyard<K> = Graveyard::default();
        let (seen, buried) = (Arc::clone(&left), Arc::clone(&graveyard));
        let callback = move |digest: &Digest, entry: &Arc<Entry<K>>| {
            push(&seen, (*digest, entry.weight));
            push(&buried, Arc::clone(entry));
        };
        let mut cache = LruCache::builder()
            .max_size(1) // allocates for as many as it is told here
            .on_evict(callback)
            .hasher(DigestState::default())
            .build()
            .unwrap_or_else(|_| unreachable!("one entry is a valid size"));
        cache.set_max_size(entry_bound(bounds));
        Self { list: Mutex::new(List { cache, bytes: 0, left, graveyard }), bounds, on_evict }
    }
}

impl<K: 'static> Lru<K> {
    fn lock(&self) -> MutexGuard<'_, List<K>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry_bound(bounds: Bounds) -> usize {
    bounds.max_entries.map_or(usize::MAX / 2, |most| usize::try_from(most).unwrap_or(usize::MAX / 2)).max(1)
}

/// What left the list, to be dropped once the lock is gone.
struct Left<K> {
    leavers: Vec<Leaver>,
    values: Vec<Arc<Entry<K>>>,
}

impl<K: 'static> List<K> {
    /// Takes what left off the books.
    fn settle(&mut self) -> Left<K> {
        let leavers = take(&self.left);
        self.bytes -= leavers.iter().map(|(_, weight)| weight).sum::<u64>();
        Left { leavers, values: take(&self.graveyard) }
    }

    /// Drops the least recently used until the bounds hold again; the newest entry stays.
    fn shrink(&mut self, bounds: Bounds) -> Left<K> {
        let mut left = self.settle();
        while bounds.max_bytes.is_some_and(|most| self.bytes > most) && self.cache.cache_size() > 1 {
            self.cache.set_max_size(self.cache.cache_size() - 1);
            let mut more = self.settle();
            left.leavers.append(&mut more.leavers);
            left.values.append(&mut more.values);
        }
        self.cache.set_max_size(entry_bound(bounds));
        left
    }
}

impl<K: 'static> Engine<K> for Lru<K> {
    fn get(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.lock().cache.cache_get(&digest).cloned()
    }

    fn peek(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.lock().cache.cache_peek(&digest).cloned()
    }

    fn insert(&self, digest: Digest, entry: Arc<Entry<K>>, is_wanted: IsWanted<'_>) {
        let mut list = self.lock();
        if !is_wanted() {
            drop(list);
            return;
        }
        list.bytes += entry.weight;
        let replaced = list.cache.cache_set(digest, entry);
        list.bytes -= replaced.as_ref().map_or(0, |old| old.weight);
        let left = list.shrink(self.bounds);
        drop(list);
        left.leavers.iter().for_each(|(digest, _)| (self.on_evict)(*digest));
    }

    fn remove(&self, digest: Digest) -> bool {
        let mut list = self.lock();
        let removed = list.cache.cache_remove(&digest);
        let left = list.settle();
        drop(list);
        drop(left);
        removed.is_some()
    }

    fn clear(&self) {
        let mut list = self.lock();
        list.cache.retain(|_, _| false);
        let left = list.settle();
        drop(list);
        drop(left);
    }

    fn digests(&self) -> Vec<Digest> {
        self.lock().cache.key_order()
    }

    fn load(&self) -> Load {
        let list = self.lock();
        Load { entries: list.cache.cache_size() as u64, bytes: list.bytes }
    }
}
