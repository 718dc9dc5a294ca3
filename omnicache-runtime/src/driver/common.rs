//! What a cached function has that needs no types: its counters, its log, and what left its memory and why.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::site::Site;
use crate::departed::Departed;
use crate::error::Fault;
use crate::explain::{CallExplanation, human_size};
use crate::key::{Digest, DigestState};
use crate::memory::OnEvict;
use crate::settings::{Mode, mode};
use crate::stats::Counters;

/// What needs no types: counters, the log and the memory of what left.
pub(super) struct Common {
    pub(super) site: &'static Site,
    pub(super) counters: Counters,
    pub(super) departed: Departed,
    logged_fault: AtomicBool,
    logged_size: AtomicBool,
    refreshed: Mutex<HashSet<Digest, DigestState>>,
}

impl Common {
    pub(super) fn new(site: &'static Site) -> Arc<Self> {
        Arc::new(Self {
            site,
            counters: Counters::default(),
            departed: Departed::default(),
            logged_fault: AtomicBool::new(false),
            logged_size: AtomicBool::new(false),
            refreshed: Mutex::new(HashSet::with_hasher(BuildHasherDefault::default())),
        })
    }

    /// Counts a fault, and logs the first.
    pub(super) fn fault(&self, fault: &Fault) {
        self.counters.errors.add(1);
        if !self.logged_fault.swap(true, Ordering::Relaxed) {
            let function = self.site.meta.path();
            tracing::warn!(%function, %fault, "the cache failed; results are returned uncached meanwhile");
        }
    }

    /// Counts a result that no tier can hold, and logs the first.
    pub(super) fn too_large(&self, size: u64) {
        self.counters.too_large.add(1);
        if !self.logged_size.swap(true, Ordering::Relaxed) {
            let (function, size) = (self.site.meta.path(), human_size(size));
            tracing::warn!(%function, %size, "a result is larger than its tier may hold, and is not kept");
        }
    }

    /// Whether a key is still to be recomputed, as `OMNICACHE_REFRESH` asks.
    pub(super) fn is_due(&self, digest: Digest) -> bool {
        mode() == Mode::Refreshing && !self.lock_refreshed().contains(&digest)
    }

    /// What the mode of the process makes of a call, if it leaves the cache no say.
    pub(super) fn overruled(&self, digest: Digest) -> Option<CallExplanation> {
        match mode() {
            Mode::Disabled => Some(CallExplanation::Disabled),
            _ if self.is_due(digest) => Some(CallExplanation::RefreshDue),
            _ => None,
        }
    }

    /// Notes that a key has been recomputed.
    pub(super) fn recomputed(&self, digest: Digest) {
        if mode() == Mode::Refreshing {
            self.lock_refreshed().insert(digest);
        }
    }

    fn lock_refreshed(&self) -> std::sync::MutexGuard<'_, HashSet<Digest, DigestState>> {
        self.refreshed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn on_evict(self: &Arc<Self>) -> OnEvict {
        let common = Arc::clone(self);
        Arc::new(move |digest| {
            common.counters.evictions.add(1);
            common.departed.note(digest, CallExplanation::Evicted);
        })
    }

    pub(super) fn on_expire(self: &Arc<Self>) -> OnEvict {
        let common = Arc::clone(self);
        Arc::new(move |digest| {
            common.counters.expirations.add(1);
            common.departed.note(digest, CallExplanation::Expired);
        })
    }
}
