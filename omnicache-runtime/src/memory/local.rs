//! The memory tier of one thread: the same engines, for values that need not be `Send`.

use std::sync::Arc;

use super::queue::{Fifo, Random};
use super::s3_fifo::S3Fifo;
use super::sharded::Sharded;
use super::{Bounds, Engine, Entry, Load, OnEvict, lru};
use crate::clock::{Clock, Nanos};
use crate::key::Digest;
use crate::kind::Policy;

/// One thread's entries.
pub(crate) struct LocalTier<K> {
    engine: Box<dyn Engine<K>>,
    bounds: Bounds,
    idle: Option<Nanos>,
    clock: Arc<dyn Clock>,
    on_expire: OnEvict,
}

impl<K: 'static> LocalTier<K> {
    pub(crate) fn new(
        bounds: Bounds,
        policy: Policy,
        idle: Option<Nanos>,
        clock: Arc<dyn Clock>,
        on_evict: OnEvict,
        on_expire: OnEvict,
    ) -> Self {
        let engine: Box<dyn Engine<K>> = match policy {
            Policy::Lru => Box::new(lru::Lru::local(bounds, on_evict)),
            Policy::Fifo => Box::new(Sharded::<K, Fifo>::new(bounds, on_evict)),
            Policy::Random => Box::new(Sharded::<K, Random>::new(bounds, on_evict)),
            _ => Box::new(Sharded::<K, S3Fifo>::new(bounds, on_evict)),
        };
        Self { engine, bounds, idle, clock, on_expire }
    }

    /// The entry if it may still be served, counted as a use.
    pub(crate) fn get(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        let entry = self.engine.get(digest)?;
        if self.is_live(&entry) {
            if self.idle.is_some() {
                entry.touch(self.clock.now());
            }
            return Some(entry);
        }
        self.engine.remove(digest);
        (self.on_expire)(digest);
        None
    }

    /// The entry if it may still be served, not counted as a use.
    pub(crate) fn peek(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.engine.peek(digest).filter(|entry| self.is_live(entry))
    }

    /// Whether an entry is there that is past its time.
    pub(crate) fn holds_expired(&self, digest: Digest) -> bool {
        self.engine.peek(digest).is_some_and(|entry| !self.is_live(&entry))
    }

    fn is_live(&self, entry: &Entry<K>) -> bool {
        (entry.ttl.is_none() && self.idle.is_none()) || !entry.expired(self.clock.now(), self.idle)
    }

    /// Whether a value of this weight can be kept at all.
    pub(crate) fn fits(&self, weight: u64) -> bool {
        self.bounds.max_bytes.is_none_or(|most| weight <= most)
    }

    pub(crate) fn insert(&self, digest: Digest, entry: Entry<K>) {
        self.engine.insert(digest, Arc::new(entry));
    }

    pub(crate) fn remove(&self, digest: Digest) -> bool {
        self.engine.remove(digest)
    }

    /// Forgets all, and tells what that was.
    pub(crate) fn clear(&self) -> Vec<Digest> {
        let held = self.engine.digests();
        self.engine.clear();
        held
    }

    pub(crate) fn load(&self) -> Load {
        self.engine.load()
    }
}
