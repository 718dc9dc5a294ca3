//! Least frequently used, by moka's W-TinyLFU.
//!
//! moka knows one bound, a sum of weights. Entries alone are counted. Where bytes are bounded too, both are folded into
//! one: an entry weighs the larger of its shares of either bound, so that both hold. A cache whose entries have weights
//! remembers only a quarter as many keys, so none are given where counting will do.
//!
//! moka counts every look as a use. What asks without using, and what asks how much there is, asks an index beside it.
//! An entry is listed there before moka has it and struck off when moka tells that it left, so what is listed is, or is
//! about to be, or has this moment been moka's. Of entries that are put under one digest at one time, the one that
//! moka ends up with may not be listed: then the way round is by moka's iterator, which counts nothing either.

use std::sync::Arc;
use std::time::Duration;

use moka::notification::RemovalCause;
use moka::sync::Cache;

use super::listed::Listed;
use super::{Bounds, Engine, Entry, IsWanted, Load, OnEvict};
use crate::key::{Digest, DigestState};

pub(super) struct Lfu<K> {
    cache: Cache<Digest, Arc<Entry<K>>, DigestState>,
    listed: Arc<Listed<K>>,
    /// Whether the bounds hold whenever an insertion returns, and not only when somebody asks.
    settles: bool,
}

/// What all entries may weigh together.
const CAPACITY: u64 = 1 << 31;

/// An entry's share of the capacity.
fn share<K>(entry: &Entry<K>, bounds: Bounds) -> u32 {
    let of_bytes = bounds.max_bytes.map_or(0, |most| {
        let share = (u128::from(entry.weight) * u128::from(CAPACITY)).div_ceil(u128::from(most.max(1)));
        u32::try_from(share).unwrap_or(u32::MAX)
    });
    let of_entries =
        bounds.max_entries.map_or(0, |most| u32::try_from(CAPACITY / most.max(1)).unwrap_or(u32::MAX).max(1));
    of_bytes.max(of_entries)
}

impl<K: Send + Sync + 'static> Lfu<K> {
    pub(super) fn new(bounds: Bounds, ttl: Option<Duration>, settles: bool, on_evict: OnEvict) -> Self {
        let listed = Arc::new(Listed::new());
        let list = Arc::clone(&listed);
        let builder = Cache::builder();
        let builder = match bounds {
            Bounds { max_entries: Some(most), max_bytes: None } => builder.max_capacity(most),
            _ => builder.max_capacity(CAPACITY).weigher(move |_, entry: &Arc<Entry<K>>| share(entry, bounds)),
        };
        let builder = match ttl {
            Some(ttl) => builder.time_to_live(ttl),
            None => builder,
        };
        let cache = builder
            .eviction_listener(move |digest: Arc<Digest>, entry: Arc<Entry<K>>, cause| {
                // Perhaps long ago: another entry may be listed in its place by now.
                list.strike(*digest, Some(&entry));
                if cause == RemovalCause::Size {
                    on_evict(*digest);
                }
            })
            .build_with_hasher(DigestState::default());
        Self { cache, listed, settles }
    }
}

impl<K: Send + Sync + 'static> Engine<K> for Lfu<K> {
    fn get(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.cache.get(&digest).filter(|entry| entry.is_confirmed())
    }

    fn get_again(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        // A look in vain would make a newcomer seem to be asked for twice.
        self.cache.contains_key(&digest).then(|| self.get(digest))?
    }

    fn peek(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        let listed = self.listed.get(digest);
        let found = if listed.is_some() || !self.cache.contains_key(&digest) {
            listed
        } else {
            self.cache.iter().find(|(key, _)| **key == digest).map(|(_, entry)| entry)
        };
        found.filter(|entry| entry.is_confirmed())
    }

    fn insert(&self, digest: Digest, entry: Arc<Entry<K>>, is_wanted: IsWanted<'_>) {
        if !is_wanted() {
            return;
        }
        self.listed.list(digest, &entry);
        self.cache.insert(digest, Arc::clone(&entry));
        // Whoever says from now on that it is not wanted finds it, to be removed; until then nobody does. What it has
        // taken the place of is gone by then: for this moment a refresh leaves nothing to be found.
        if is_wanted() {
            entry.confirm();
        } else {
            self.remove(digest);
        }
        if self.settles {
            self.cache.run_pending_tasks();
        }
    }

    fn remove(&self, digest: Digest) -> bool {
        self.listed.strike(digest, None);
        self.cache.remove(&digest).is_some()
    }

    fn clear(&self) {
        self.cache.invalidate_all();
        self.listed.clear();
    }

    fn digests(&self) -> Vec<Digest> {
        self.listed.digests()
    }

    fn expires_by_itself(&self) -> bool {
        true
    }

    fn load(&self) -> Load {
        self.cache.run_pending_tasks();
        self.listed.load()
    }
}
