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
use crate::removal::{Cause, Listener, Removals};
use crate::settings::{Mode, mode};
use crate::stats::Counters;

/// What needs no types: counters, the log and the memory of what left.
pub(super) struct Common {
    pub(super) site: &'static Site,
    pub(super) counters: Counters,
    departed: Departed,
    removals: Option<Removals>,
    logged_panic: AtomicBool,
    logged_fault: AtomicBool,
    logged_size: AtomicBool,
    refreshed: Mutex<HashSet<Digest, DigestState>>,
}

impl Common {
    pub(super) fn new(site: &'static Site, listener: Option<Listener>) -> Arc<Self> {
        Arc::new(Self {
            site,
            counters: Counters::default(),
            departed: Departed::default(),
            removals: listener.map(Removals::new),
            logged_panic: AtomicBool::new(false),
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
    #[inline]
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
    #[inline]
    pub(super) fn recomputed(&self, digest: Digest) {
        if mode() == Mode::Refreshing {
            self.lock_refreshed().insert(digest);
        }
    }

    fn lock_refreshed(&self) -> std::sync::MutexGuard<'_, HashSet<Digest, DigestState>> {
        self.refreshed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that an entry left memory.
    #[inline]
    pub(super) fn left(&self, digest: Digest, cause: Cause) {
        if let Some(why) = explained(cause) {
            self.departed.note(digest, why);
        }
        if let Some(removals) = &self.removals {
            removals.note(cause, 1);
        }
    }

    /// Notes that entries left memory together.
    pub(super) fn all_left(&self, digests: &[Digest], cause: Cause) {
        if let Some(why) = explained(cause) {
            self.departed.note_all(digests, why);
        }
        if let Some(removals) = &self.removals {
            removals.note(cause, digests.len());
        }
    }

    /// Notes why a record was not served; there may have been no entry in memory.
    pub(super) fn absent(&self, digest: Digest, why: CallExplanation) {
        self.departed.note(digest, why);
    }

    /// Why there is no entry, if that is remembered.
    pub(super) fn why_absent(&self, digest: Digest) -> Option<CallExplanation> {
        self.departed.why(digest)
    }

    /// Whether anybody wants to hear of removals.
    #[inline]
    pub(super) fn listens(&self) -> bool {
        self.removals.is_some()
    }

    /// Tells the listener what left. To be called where no lock is held.
    #[inline]
    pub(super) fn tell(&self) {
        if let Some(removals) = &self.removals {
            self.tell_of(removals);
        }
    }

    #[cold]
    fn tell_of(&self, removals: &Removals) {
        let panics = removals.tell(|| self.site.meta.path());
        self.counters.errors.add(panics);
        if panics > 0 && !self.logged_panic.swap(true, Ordering::Relaxed) {
            let function = self.site.meta.path();
            tracing::warn!(%function, "a listener for removals panicked; the cache goes on");
        }
    }

    pub(super) fn on_evict(self: &Arc<Self>) -> OnEvict {
        let common = Arc::clone(self);
        Arc::new(move |digest| {
            common.counters.evicted(1);
            common.left(digest, Cause::Evicted);
        })
    }

    pub(super) fn on_expire(self: &Arc<Self>) -> OnEvict {
        let common = Arc::clone(self);
        Arc::new(move |digest| {
            common.counters.expirations.add(1);
            common.left(digest, Cause::Expired);
        })
    }
}

/// What a later call is told of an entry that left.
fn explained(cause: Cause) -> Option<CallExplanation> {
    match cause {
        Cause::Evicted => Some(CallExplanation::Evicted),
        Cause::Expired => Some(CallExplanation::Expired),
        Cause::Invalidated | Cause::Cleared => Some(CallExplanation::Invalidated),
        Cause::Replaced => None,
    }
}
