//! The memory tier of async functions: moka's future cache, whose maintenance never blocks an executor's thread.

use std::sync::Arc;
use std::time::Duration;

use moka::future::{Cache, FutureExt};
use moka::notification::{ListenerFuture, RemovalCause};

use super::lfu::{CAPACITY, share};
use super::{Bounds, Entry, Load, OnEvict};
use crate::key::{Digest, DigestState};

pub(crate) struct Awaited<K>(Cache<Digest, Arc<Entry<K>>, DigestState>);

impl<K: Send + Sync + 'static> Awaited<K> {
    pub(super) fn new(bounds: Bounds, ttl: Option<Duration>, on_evict: OnEvict) -> Self {
        let listener = move |digest: Arc<Digest>, _: Arc<Entry<K>>, cause| -> ListenerFuture {
            if cause == RemovalCause::Size {
                on_evict(*digest);
            }
            std::future::ready(()).boxed()
        };
        let builder = Cache::builder();
        let builder = match bounds {
            Bounds { max_entries: Some(most), max_bytes: None } => builder.max_capacity(most),
            _ => builder.max_capacity(CAPACITY).weigher(move |_, entry| share(entry, bounds)),
        };
        let builder = match ttl {
            Some(ttl) => builder.time_to_live(ttl),
            None => builder,
        };
        Self(builder.async_eviction_listener(listener).build_with_hasher(DigestState::default()))
    }

    pub(super) async fn get(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.0.get(&digest).await
    }

    pub(super) async fn get_again(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        // A look in vain would make a newcomer seem to be asked for twice.
        if self.0.contains_key(&digest) { self.0.get(&digest).await } else { None }
    }

    pub(super) fn peek(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.0.contains_key(&digest).then(|| self.0.iter().find(|(key, _)| **key == digest))?.map(|(_, e)| e)
    }

    pub(super) async fn insert(&self, digest: Digest, entry: Arc<Entry<K>>) {
        self.0.insert(digest, entry).await;
        // Bounds hold when the call returns, as they do in the other engines.
        self.0.run_pending_tasks().await;
    }

    pub(super) async fn remove(&self, digest: Digest) -> bool {
        self.0.remove(&digest).await.is_some()
    }

    pub(super) fn clear(&self) {
        self.0.invalidate_all();
    }

    pub(super) fn digests(&self) -> Vec<Digest> {
        self.0.iter().map(|(digest, _)| *digest).collect()
    }

    pub(super) fn load(&self) -> Load {
        self.0.iter().fold(Load::default(), |load, (_, entry)| Load {
            entries: load.entries + 1,
            bytes: load.bytes + entry.weight,
        })
    }
}
