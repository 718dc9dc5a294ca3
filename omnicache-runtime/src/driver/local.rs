//! One cache per thread, for values that need not be `Send`.
//!
//! A thread has no rivals, so there are no flights and no store; the counters are the function's, and a clear is
//! heard by all threads.

use std::cell::Cell;
use std::future::Future;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use super::awaited::AsyncCached;
use super::local_shared::{Held, LocalShared};
use super::miss::{Miss, Purpose};
use super::near::{Finder, NearKey};
use super::operation::{Cached, Seen, Step, WriteKey};
use super::revoked::{Because, Revoked, Run};
use super::rules::{Rules, Setup};
use super::site::Site;
use crate::clock::{Nanos, Stopwatch};
use crate::explain::CallExplanation;
use crate::key::{KeyWriter, Secret};
use crate::memory::{Entry, LocalTier};
use crate::removal::Cause;
use crate::select::Form;
use crate::settings::{Mode, is_plain, mode};

/// Where each thread finds its cache of a function.
pub struct Local<F: Form> {
    finder: Finder<Inner<F>>,
    make: fn(&'static Site, fn() -> Setup<F::Result>) -> Inner<F>,
    setup: fn() -> Setup<F::Result>,
}

/// A thread's cache of a function.
struct Inner<F: Form> {
    shared: &'static LocalShared,
    tier: LocalTier<F::Kept>,
    rules: Rules<F::Result>,
    revoked: Revoked,
    /// The clears this thread has carried out.
    cleared: Cell<u64>,
    held: Arc<Held>,
    secret: &'static Secret,
}

impl<F: Form> std::fmt::Debug for Local<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local").field("site", self.finder.site).finish_non_exhaustive()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "of what has 64 bits at most")]
fn low(bits: u128) -> u64 {
    bits as u64
}

impl<F: Form> Local<F> {
    #[inline(always)]
    pub(super) fn of<M>(site: &'static Site, near: NearKey, setup: fn() -> Setup<F::Result>) -> Self {
        Self { finder: Finder::of::<M>(site, near), make: Inner::make::<M>, setup }
    }

    /// This thread's cache, made at its first use.
    fn inner(&self) -> Rc<Inner<F>> {
        self.finder.find().unwrap_or_else(|| {
            let inner = Rc::new((self.make)(self.finder.site, self.setup));
            self.finder.list(&inner);
            inner
        })
    }

    pub(super) fn shared(&self) -> &'static LocalShared {
        self.inner().shared
    }
}

impl<F: Form> Inner<F> {
    #[cold]
    fn make<M>(site: &'static Site, setup: fn() -> Setup<F::Result>) -> Self {
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
        let (cleared, held, secret) = (Cell::new(shared.clears()), shared.join(), Secret::get());
        Self { shared, tier, rules, revoked: Revoked::default(), cleared, held, secret }
    }

    /// Serves a call if one look is enough.
    #[inline(always)]
    fn hit(&self, key: impl WriteKey) -> Result<F::Result, Seen> {
        let digest = KeyWriter::digest_by(self.secret, &key);
        if F::BITS <= 64 {
            // Nothing is called: this is all of a hit.
            if self.cleared.get() == self.shared.clears()
                && let Some(bits) = self.tier.bits_at_once(digest)
            {
                self.held.hit();
                return Ok(F::give(F::from_bits(bits.into())));
            }
            return Err(Seen::new(digest));
        }
        // A `Clone` is user code, and may come back: the entry is held, and nothing is lent.
        let Some(entry) = self.tier().read(digest, Rc::clone) else { return Err(Seen::new(digest)) };
        self.held.hit();
        Ok(F::give(F::copy(&entry.value)))
    }

    #[inline(always)]
    fn tier(&self) -> &LocalTier<F::Kept> {
        let clears = self.shared.clears();
        if self.cleared.get() != clears {
            self.hear_of(clears);
        }
        &self.tier
    }

    /// Carries out a clear that was asked for, here or elsewhere.
    #[cold]
    fn hear_of(&self, clears: u64) {
        self.cleared.set(clears);
        let held = self.tier.clear();
        self.shared.common.all_left(&held, Cause::Cleared);
        self.note_load();
    }

    /// A body begins: what is forgotten from now on it must not keep.
    fn begin(&self) -> (Run<'_>, u64) {
        self.tier();
        (self.revoked.begin(), self.cleared.get())
    }

    fn settle(
        &self,
        miss: &Miss,
        (run, clears): (Run<'_>, u64),
        result: F::Result,
        cost: Nanos,
    ) -> F::Result {
        let common = &self.shared.common;
        common.counters.computed(cost);
        let ttl = self.rules.ttl::<F>(&result);
        let kept = match F::keep(result) {
            Ok(kept) => kept,
            Err(result) => return result,
        };
        let is_refresh = miss.purpose == Purpose::Refresh;
        let is_revoked = || self.shared.clears() != clears || run.is_revoked(miss.digest, is_refresh);
        let wanted = ttl != Rules::<F::Result>::NOT_KEPT && miss.is_current() && !is_revoked();
        let size = F::measure(&kept, &mut Vec::new()).size;
        if wanted && !self.tier().fits(size) {
            common.too_large(size);
        } else if wanted {
            let plan = &self.shared.plan;
            // The time is asked for where it counts.
            let stored_at = if ttl.is_some() || plan.idle.is_some() { plan.clock.now() } else { 0 };
            let entry = Entry::new(F::copy(&kept), size, stored_at, ttl, 0).costing(cost, cost);
            let bits = if F::BITS <= 64 { low(F::to_bits(&kept)) } else { 0 };
            if common.listens() && self.tier().peek(miss.digest).is_some() {
                common.left(miss.digest, Cause::Replaced);
            }
            self.tier().insert(miss.digest, entry, bits);
            if is_refresh {
                self.revoked.note(miss.digest, Because::Refreshed);
            }
            common.counters.store();
            common.recomputed(miss.digest);
            self.note_load();
            common.tell();
        }
        F::give(kept)
    }

    fn note_load(&self) {
        self.held.set(self.tier.load());
    }
}

impl<F: Form> Drop for Inner<F> {
    fn drop(&mut self) {
        self.shared.leave(&self.held);
    }
}

impl<F: Form> Cached for Local<F> {
    type Result = F::Result;

    #[inline(always)]
    fn hit(&self, key: impl WriteKey) -> Result<F::Result, Seen> {
        if !is_plain() {
            return Err(Seen::NOTHING);
        }
        self.finder.near(|inner| inner.hit(key)).unwrap_or(Err(Seen::NOTHING))
    }

    fn call(&self, seen: Seen, key: impl WriteKey) -> Step<F::Result, Miss> {
        if mode() == Mode::Disabled {
            return Step::Body(self.uncached());
        }
        let digest = seen.digest(&key);
        let inner = self.inner();
        if !inner.shared.common.is_due(digest)
            && let Some(entry) = inner.tier().get(digest)
        {
            inner.held.hit();
            return Step::Done(F::give(F::copy(&entry.value)));
        }
        Step::Body(Miss::of(digest, Purpose::Value, &key, None))
    }

    fn peek(&self, key: impl WriteKey) -> Option<F::Result> {
        let digest = KeyWriter::digest(&key);
        let entry = self.inner().tier().peek(digest).filter(|_| mode() != Mode::Disabled)?;
        Some(F::give(F::copy(&entry.value)))
    }

    fn contains(&self, key: impl WriteKey) -> bool {
        mode() != Mode::Disabled && {
            let digest = KeyWriter::digest(&key);
            self.inner().tier().peek(digest).is_some()
        }
    }

    fn refresh(&self, key: impl WriteKey) -> Miss {
        let purpose = if mode() == Mode::Disabled { Purpose::Uncached } else { Purpose::Refresh };
        Miss::of(KeyWriter::digest(&key), purpose, &key, None)
    }

    fn uncached(&self) -> Miss {
        Miss::UNCACHED
    }

    fn invalidate(&self, key: impl WriteKey) -> bool {
        let digest = KeyWriter::digest(&key);
        let inner = self.inner();
        let held = inner.tier().peek(digest).is_some();
        inner.tier().remove(digest);
        inner.revoked.note(digest, Because::Invalidated);
        if held {
            inner.shared.common.left(digest, Cause::Invalidated);
        }
        inner.note_load();
        inner.shared.common.tell();
        held
    }

    fn explain_call(&self, key: impl WriteKey) -> CallExplanation {
        let digest = KeyWriter::digest(&key);
        let inner = self.inner();
        if let Some(overruled) = inner.shared.common.overruled(digest) {
            overruled
        } else if inner.tier().peek(digest).is_some() {
            CallExplanation::MemoryHit
        } else if inner.tier().holds_expired(digest) {
            CallExplanation::Expired
        } else {
            inner.shared.common.why_absent(digest).unwrap_or(CallExplanation::NeverSeen)
        }
    }

    fn path(&self, _: impl WriteKey) -> Option<PathBuf> {
        None
    }

    fn run(&self, miss: Miss, body: impl FnOnce() -> F::Result) -> F::Result {
        if miss.purpose == Purpose::Uncached {
            return body();
        }
        let inner = self.inner();
        let counters = &inner.shared.common.counters;
        if miss.purpose == Purpose::Value {
            counters.miss();
        }
        let run = inner.begin();
        let (result, cost) = match counters.expected_cost(miss.digest) {
            Some(cost) => (body(), cost),
            None => Stopwatch::time(&*inner.shared.plan.clock, body),
        };
        inner.settle(&miss, run, result, cost)
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
        if miss.purpose == Purpose::Uncached {
            return body.await;
        }
        let inner = self.inner();
        if miss.purpose == Purpose::Value {
            inner.shared.common.counters.miss();
        }
        let run = inner.begin();
        let watch = Stopwatch::start(&*inner.shared.plan.clock);
        let result = body.await;
        inner.settle(&miss, run, result, watch.elapsed())
    }
}
