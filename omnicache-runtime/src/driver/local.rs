//! One cache per thread, for values that need not be `Send`.
//!
//! A thread has no rivals, so there are no flights and no store; the counters are the function's, and a clear is
//! heard by all threads.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::awaited::AsyncCached;
use super::common::Common;
use super::function::{explain, raise};
use super::miss::{Miss, Purpose};
use super::operation::{Cached, Seen, Step, WriteKey};
use super::registry::Registered;
use super::revoked::{Because, Revoked, Run};
use super::rules::{Rules, Setup};
use super::site::Site;
use crate::clock::{Nanos, Stopwatch};
use crate::explain::{CallExplanation, Explanation};
use crate::key::KeyWriter;
use crate::memory::{Entry, Load, LocalTier};
use crate::removal::Cause;
use crate::select::{Config, Form, Plan};
use crate::settings::{Mode, is_plain, mode};
use crate::stats::Stats;

/// This thread's cache of a function.
pub struct Local<F: Form>(Rc<Inner<F>>);

struct Inner<F: Form> {
    shared: &'static LocalShared,
    tier: LocalTier<F::Kept>,
    rules: Rules<F::Result>,
    revoked: Revoked,
    /// The clears this thread has carried out.
    cleared: Cell<u64>,
    held: Arc<Held>,
}

/// What all threads share of a local function.
pub(super) struct LocalShared {
    common: Arc<Common>,
    plan: Plan,
    ttl_varies: bool,
    clears: AtomicU64,
    /// What each thread holds.
    loads: Mutex<Vec<Arc<Held>>>,
}

/// How much a thread holds, as it tells the others.
#[derive(Default)]
struct Held {
    entries: AtomicU64,
    bytes: AtomicU64,
}

impl Held {
    fn set(&self, Load { entries, bytes }: Load) {
        self.entries.store(entries, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }
}

/// One instantiation of a function in this thread.
struct Instance {
    marker: TypeId,
    inner: Rc<dyn Any>,
}

thread_local! {
    /// By the number of the site, of which a function that is not generic has one.
    static LOCALS: RefCell<Vec<Vec<Instance>>> = const { RefCell::new(Vec::new()) };
}

/// This thread's cache, if there is one already, and still: a thread that ends has none any more.
#[inline]
fn find<T: Any>(number: usize, marker: TypeId) -> Option<Rc<T>> {
    let find = |locals: &RefCell<Vec<Vec<Instance>>>| {
        let locals = locals.borrow();
        let instance = locals.get(number)?.iter().find(|instance| instance.marker == marker)?;
        Rc::clone(&instance.inner).downcast().ok()
    };
    LOCALS.try_with(find).ok().flatten()
}

fn list(number: usize, instance: Instance) {
    // Where the thread ends, the cache is the call's alone.
    let _ = LOCALS.try_with(|locals| {
        let mut locals = locals.borrow_mut();
        if locals.len() <= number {
            locals.resize_with(number + 1, Vec::new);
        }
        locals[number].push(instance);
    });
}

impl<F: Form> std::fmt::Debug for Local<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local").field("site", &self.0.shared.common.site).finish_non_exhaustive()
    }
}

impl<F: Form> Local<F> {
    #[inline]
    pub(super) fn of<M>(site: &'static Site, setup: impl FnOnce() -> Setup<F::Result>) -> Self {
        let marker = typeid::of::<M>();
        match find(site.number(), marker) {
            Some(inner) => Self(inner),
            None => Self::new::<M>(site, marker, setup),
        }
    }

    #[cold]
    fn new<M>(site: &'static Site, marker: TypeId, setup: impl FnOnce() -> Setup<F::Result>) -> Self {
        let Setup { config, keep_if, ttl_if } = setup();
        let shared = site.instance::<M, _>(|| LocalShared::new::<F>(site, config, ttl_if.is_some()));
        let plan = &shared.plan;
        let tier = LocalTier::new(
            plan.bounds,
            plan.policy,
            plan.idle,
            Arc::clone(&plan.clock),
            shared.common.on_evict(),
            shared.common.on_expire(),
        );
        let rules = Rules::new(keep_if, ttl_if, plan);
        let cleared = Cell::new(shared.clears.load(Ordering::Acquire));
        let held = Arc::default();
        shared.lock_loads().push(Arc::clone(&held));
        let inner = Rc::new(Inner { shared, tier, rules, revoked: Revoked::default(), cleared, held });
        list(site.number(), Instance { marker, inner: Rc::clone(&inner) as Rc<dyn Any> });
        Self(inner)
    }

    #[inline]
    fn tier(&self) -> &LocalTier<F::Kept> {
        let clears = self.0.shared.clears.load(Ordering::Acquire);
        if self.0.cleared.get() != clears {
            self.hear_of(clears);
        }
        &self.0.tier
    }

    /// Carries out a clear that was asked for, here or elsewhere.
    #[cold]
    fn hear_of(&self, clears: u64) {
        self.0.cleared.set(clears);
        let held = self.0.tier.clear();
        self.0.shared.common.all_left(&held, Cause::Cleared);
        self.note_load();
    }

    /// A body begins: what is forgotten from now on it must not keep.
    fn begin(&self) -> (Run<'_>, u64) {
        self.tier();
        (self.0.revoked.begin(), self.0.cleared.get())
    }

    fn settle(
        &self,
        miss: &Miss,
        (run, clears): (Run<'_>, u64),
        result: F::Result,
        cost: Nanos,
    ) -> F::Result {
        let common = &self.0.shared.common;
        common.counters.computed(cost);
        let ttl = self.0.rules.ttl::<F>(&result);
        let kept = match F::keep(result) {
            Ok(kept) => kept,
            Err(result) => return result,
        };
        let is_refresh = miss.purpose == Purpose::Refresh;
        let is_revoked = || {
            self.0.shared.clears.load(Ordering::Acquire) != clears || run.is_revoked(miss.digest, is_refresh)
        };
        let wanted = ttl != Rules::<F::Result>::NOT_KEPT && miss.is_current() && !is_revoked();
        let size = F::measure(&kept, &mut Vec::new()).size;
        if wanted && !self.tier().fits(size) {
            common.too_large(size);
        } else if wanted {
            let plan = &self.0.shared.plan;
            let entry = Entry::new(F::copy(&kept), size, plan.clock.now(), ttl, 0).costing(cost, cost);
            if common.listens() && self.tier().peek(miss.digest).is_some() {
                common.left(miss.digest, Cause::Replaced);
            }
            self.tier().insert(miss.digest, entry);
            if is_refresh {
                self.0.revoked.note(miss.digest, Because::Refreshed);
            }
            common.counters.store();
            common.recomputed(miss.digest);
            self.note_load();
            common.tell();
        }
        F::give(kept)
    }

    fn note_load(&self) {
        self.0.held.set(self.0.tier.load());
    }
}

impl<F: Form> Drop for Inner<F> {
    fn drop(&mut self) {
        self.shared.lock_loads().retain(|held| !Arc::ptr_eq(held, &self.held));
    }
}

impl LocalShared {
    fn new<F: Form>(site: &'static Site, config: Config, ttl_varies: bool) -> Self {
        let config = Config { local: true, ..config };
        let plan =
            Plan::resolve(&site.meta.path(), F::facts(), config, false).unwrap_or_else(|error| raise(&error));
        let common = Common::new(site, plan.listener.clone());
        Self { common, plan, ttl_varies, clears: AtomicU64::new(0), loads: Mutex::default() }
    }

    fn lock_loads(&self) -> MutexGuard<'_, Vec<Arc<Held>>> {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registered for LocalShared {
    fn explanation(&self) -> Explanation {
        explain(&self.common, &self.plan, None, self.ttl_varies)
    }

    fn stats(&self) -> Stats {
        let mut stats = self.common.counters.snapshot();
        for held in self.lock_loads().iter() {
            stats.entries += held.entries.load(Ordering::Relaxed);
            stats.bytes += held.bytes.load(Ordering::Relaxed);
        }
        stats
    }

    fn clear(&self) {
        self.clears.fetch_add(1, Ordering::AcqRel);
        self.lock_loads().iter().for_each(|held| held.set(Load::default()));
    }
}

impl<F: Form> Local<F> {
    pub(super) fn shared(&self) -> &'static LocalShared {
        self.0.shared
    }
}

impl<F: Form> Cached for Local<F> {
    type Result = F::Result;

    #[inline]
    fn hit(&self, key: impl WriteKey) -> Result<F::Result, Seen> {
        if !is_plain() {
            return Err(Seen::NOTHING);
        }
        let digest = KeyWriter::digest(&key);
        // Plain values are cloned by code of ours. The map is lent to no other.
        if F::BITS <= 128
            && let Some(kept) = self.tier().read(digest, |entry| entry.value.clone())
        {
            self.0.shared.common.counters.memory_hit();
            return Ok(F::give(kept));
        }
        Err(Seen::new(digest))
    }

    fn call(&self, seen: Seen, key: impl WriteKey) -> Step<F::Result, Miss> {
        if mode() == Mode::Disabled {
            return Step::Body(self.uncached());
        }
        let digest = seen.digest(&key);
        let common = &self.0.shared.common;
        if !common.is_due(digest)
            && let Some(entry) = self.tier().get(digest)
        {
            common.counters.memory_hit();
            return Step::Done(F::give(F::copy(&entry.value)));
        }
        Step::Body(Miss::of(digest, Purpose::Value, &key, |_| None))
    }

    fn peek(&self, key: impl WriteKey) -> Option<F::Result> {
        let entry = self.tier().peek(KeyWriter::digest(&key)).filter(|_| mode() != Mode::Disabled)?;
        Some(F::give(F::copy(&entry.value)))
    }

    fn contains(&self, key: impl WriteKey) -> bool {
        mode() != Mode::Disabled && self.tier().peek(KeyWriter::digest(&key)).is_some()
    }

    fn refresh(&self, key: impl WriteKey) -> Miss {
        let purpose = if mode() == Mode::Disabled { Purpose::Uncached } else { Purpose::Refresh };
        Miss::of(KeyWriter::digest(&key), purpose, &key, |_| None)
    }

    fn uncached(&self) -> Miss {
        Miss::UNCACHED
    }

    fn invalidate(&self, key: impl WriteKey) -> bool {
        let digest = KeyWriter::digest(&key);
        let held = self.tier().peek(digest).is_some();
        self.tier().remove(digest);
        self.0.revoked.note(digest, Because::Invalidated);
        if held {
            self.0.shared.common.left(digest, Cause::Invalidated);
        }
        self.note_load();
        self.0.shared.common.tell();
        held
    }

    fn explain_call(&self, key: impl WriteKey) -> CallExplanation {
        let digest = KeyWriter::digest(&key);
        if let Some(overruled) = self.0.shared.common.overruled(digest) {
            overruled
        } else if self.tier().peek(digest).is_some() {
            CallExplanation::MemoryHit
        } else if self.tier().holds_expired(digest) {
            CallExplanation::Expired
        } else {
            self.0.shared.common.why_absent(digest).unwrap_or(CallExplanation::NeverSeen)
        }
    }

    fn path(&self, _: impl WriteKey) -> Option<PathBuf> {
        None
    }

    fn run(&self, miss: Miss, body: impl FnOnce() -> F::Result) -> F::Result {
        match miss.purpose {
            Purpose::Uncached => return body(),
            Purpose::Value => self.0.shared.common.counters.miss(),
            Purpose::Refresh => {}
        }
        let run = self.begin();
        let (result, cost) = match self.0.shared.common.counters.expected_cost(miss.digest) {
            Some(cost) => (body(), cost),
            None => Stopwatch::time(&*self.0.shared.plan.clock, body),
        };
        self.settle(&miss, run, result, cost)
    }
}

impl<F: Form> AsyncCached for Local<F> {
    async fn call_awaited(&self, key: impl WriteKey) -> Step<F::Result, Miss> {
        self.call(Seen::NOTHING, key)
    }

    async fn peek_awaited(&self, key: impl WriteKey) -> Option<F::Result> {
        self.peek(key)
    }

    async fn contains_awaited(&self, key: impl WriteKey) -> bool {
        self.contains(key)
    }

    async fn invalidate_awaited(&self, key: impl WriteKey) -> bool {
        self.invalidate(key)
    }

    async fn explain_call_awaited(&self, key: impl WriteKey) -> CallExplanation {
        self.explain_call(key)
    }

    async fn path_awaited(&self, _: impl WriteKey) -> Option<PathBuf> {
        None
    }

    async fn run_awaited(&self, miss: Miss, body: impl Future<Output = F::Result>) -> F::Result {
        match miss.purpose {
            Purpose::Uncached => return body.await,
            Purpose::Value => self.0.shared.common.counters.miss(),
            Purpose::Refresh => {}
        }
        let run = self.begin();
        let watch = Stopwatch::start(&*self.0.shared.plan.clock);
        let result = body.await;
        self.settle(&miss, run, result, watch.elapsed())
    }
}
