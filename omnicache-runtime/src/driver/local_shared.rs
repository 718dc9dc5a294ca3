//! What the threads share of a local function: its plan, its counters, and what each of them holds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::common::Common;
use super::function::raise;
use super::registry::Registered;
use super::report::explain;
use super::site::Site;
use crate::explain::Explanation;
use crate::memory::Load;
use crate::select::{Config, Form, Plan};
use crate::stats::Stats;

/// What all threads share of a local function.
pub(super) struct LocalShared {
    pub(super) common: Arc<Common>,
    pub(super) plan: Plan,
    ttl_varies: bool,
    clears: AtomicU64,
    /// What each thread holds.
    threads: Mutex<Vec<Arc<Held>>>,
}

/// How much a thread holds, as it tells the others, and how often that has served it: only the thread itself writes.
#[derive(Default)]
pub(super) struct Held {
    entries: AtomicU64,
    bytes: AtomicU64,
    hits: AtomicU64,
}

impl Held {
    pub(super) fn set(&self, Load { entries, bytes }: Load) {
        self.entries.store(entries, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Counts a hit.
    #[inline]
    pub(super) fn hit(&self) {
        self.hits.store(self.hits.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

impl LocalShared {
    pub(super) fn new<F: Form>(site: &'static Site, config: Config, ttl_varies: bool) -> Self {
        let config = Config { local: true, ..config };
        let plan =
            Plan::resolve(&site.meta.path(), F::facts(), config, false).unwrap_or_else(|error| raise(&error));
        let common = Common::new(site, plan.listener.clone());
        Self { common, plan, ttl_varies, clears: AtomicU64::new(0), threads: Mutex::default() }
    }

    /// How often all threads were told to forget.
    #[inline]
    pub(super) fn clears(&self) -> u64 {
        self.clears.load(Ordering::Acquire)
    }

    /// A thread begins to hold something.
    pub(super) fn join(&self) -> Arc<Held> {
        let held = Arc::default();
        self.lock().push(Arc::clone(&held));
        held
    }

    /// A thread holds nothing any more; its hits stay counted.
    pub(super) fn leave(&self, held: &Arc<Held>) {
        let mut threads = self.lock();
        threads.retain(|other| !Arc::ptr_eq(other, held));
        self.common.counters.memory_hits(held.hits.load(Ordering::Relaxed));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Held>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registered for LocalShared {
    fn explanation(&self) -> Explanation {
        explain(&self.common, &self.plan, None, self.ttl_varies)
    }

    fn stats(&self) -> Stats {
        let threads = self.lock();
        let sum = |of: fn(&Held) -> &AtomicU64| -> u64 {
            threads.iter().map(|held| of(held).load(Ordering::Relaxed)).sum()
        };
        let stats = self.common.counters.snapshot_with(sum(|held| &held.hits));
        Stats { entries: sum(|held| &held.entries), bytes: sum(|held| &held.bytes), ..stats }
    }

    fn clear(&self) {
        self.clears.fetch_add(1, Ordering::AcqRel);
        self.lock().iter().for_each(|held| held.set(Load::default()));
    }
}
