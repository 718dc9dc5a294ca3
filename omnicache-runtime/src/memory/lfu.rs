//! Least frequently used, by moka's W-TinyLFU.
//!
//! moka knows one bound, a sum of weights. Entries alone are counted. Where bytes are bounded too, both are folded into
//! one: an entry weighs the larger of its shares of either bound, so that both hold. A cache whose entries have weights
//! remembers only a quarter as many keys, so none are given where counting will do.

use std::sync::Arc;
use std::time::Duration;

use moka::notification::RemovalCause;
use moka::sync::Cache;

use super::{Bounds, Engine, Entry, Load, OnEvict};
use crate::key::{Digest, DigestState};

pub(super) struct Lfu<K>(Cache<Digest, Arc<Entry<K>>, DigestState>);

/// What all entries may weigh together.
pub(super) const CAPACITY: u64 = 1 << 31;

/// An entry's share of the capacity.
pub(super) fn share<K>(entry: &Arc<Entry<K>>, bounds: Bounds) -> u32 {
    let of_bytes = bounds.max_bytes.map_or(0, |most| {
        let share = (u128::from(entry.weight) * u128::from(CAPACITY)).div_ceil(u128::from(most.max(1)));
        u32::try_from(share).unwrap_or(u32::MAX)
    });
    let of_entries =
        bounds.max_entries.map_or(0, |most| u32::try_from(CAPACITY / most.max(1)).unwrap_or(u32::MAX).max(1));
    of_bytes.max(of_entries)
}

impl<K: Send + Sync + 'static> Lfu<K> {
    pub(super) fn new(bounds: Bounds, ttl: Option<Duration>, on_evict: OnEvict) -> Self {
        let builder = Cache::builder();
        let builder = match bounds {
            Bounds { max_entries: Some(most), max_bytes: None } => builder.max_capacity(most),
            _ => builder.max_capacity(CAPACITY).weigher(move |_, entry| share(entry, bounds)),
        };
        let builder = match ttl {
            Some(ttl) => builder.time_to_live(ttl),
            None => builder,
        };
        Self(
            builder
                .eviction_listener(move |digest: Arc<Digest>, _, cause| {
                    if cause == RemovalCause::Size {
                        on_evict(*digest);
                    }
                })
                .build_with_hasher(DigestState::default()),
        )
    }
}

impl<K: Send + Sync + 'static> Engine<K> for Lfu<K> {
    fn get(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.0.get(&digest)
    }

    fn get_again(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        // A look in vain would make a newcomer seem to be asked for twice.
        self.0.contains_key(&digest).then(|| self.0.get(&digest))?
    }

    fn peek(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        // moka has no lookup that is not a use, but its iterator is none.
        self.0.contains_key(&digest).then(|| self.0.iter().find(|(key, _)| **key == digest))?.map(|(_, e)| e)
    }

    fn insert(&self, digest: Digest, entry: Arc<Entry<K>>) {
        self.0.insert(digest, entry);
    }

    fn remove(&self, digest: Digest) -> bool {
        self.0.remove(&digest).is_some()
    }

    fn clear(&self) {
        self.0.invalidate_all();
    }

    fn digests(&self) -> Vec<Digest> {
        self.0.iter().map(|(digest, _)| *digest).collect()
    }

    fn expires_by_itself(&self) -> bool {
        true
    }

    fn load(&self) -> Load {
        self.0.run_pending_tasks();
        let bytes = self.0.iter().map(|(_, entry)| entry.weight).sum();
        Load { entries: self.0.entry_count(), bytes }
    }
}
