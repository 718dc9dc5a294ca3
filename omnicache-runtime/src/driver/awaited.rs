//! The driver of tasks: the same steps as [`super::sync`], with the store's work on the blocking pool.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use super::function::{Appraised, Function, Verdict, Worth};
use super::miss::{Miss, Purpose};
use super::operation::{Cached, Step, WriteKey};
use super::shelf::{Shelf, ShelfKey};
use crate::clock::Stopwatch;
use crate::explain::CallExplanation;
use crate::flight::{Joined, Lead, Leading, Waited, is_leading, wait_awaited};
use crate::key::{Digest, KeyWriter};
use crate::memory::Found;
use crate::removal::Cause;
use crate::select::SharedForm;
use crate::settings::{Mode, mode};

/// A cached async function as its operations see it.
pub trait AsyncCached: Cached {
    /// Serves a call, or tells to run the body.
    fn call_awaited(&self, key: impl WriteKey) -> impl Future<Output = Step<Self::Result, Miss>>;

    /// The kept value; no use of it.
    fn peek_awaited(&self, key: impl WriteKey) -> impl Future<Output = Option<Self::Result>>;

    /// Whether a value is kept.
    fn contains_awaited(&self, key: impl WriteKey) -> impl Future<Output = bool>;

    /// Forgets a value, in every tier.
    fn invalidate_awaited(&self, key: impl WriteKey) -> impl Future<Output = bool>;

    /// What would become of a call.
    fn explain_call_awaited(&self, key: impl WriteKey) -> impl Future<Output = CallExplanation>;

    /// The file of a kept value.
    fn path_awaited(&self, key: impl WriteKey) -> impl Future<Output = Option<PathBuf>>;

    /// Runs the body, for the purpose that `miss` has.
    fn run_awaited(
        &self,
        miss: Miss,
        body: impl Future<Output = Self::Result>,
    ) -> impl Future<Output = Self::Result>;
}

/// Does work that may block: on tokio's pool where there is a runtime, in place where there is none.
#[cfg(feature = "tokio")]
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.ok(),
        Err(_) => Some(work()),
    }
}

/// Does work that may block, in place: the feature `tokio` is not compiled in.
#[cfg(not(feature = "tokio"))]
pub(super) async fn blocking<T>(work: impl FnOnce() -> T) -> Option<T> {
    Some(work())
}

impl<F: SharedForm> Function<F> {
    /// Asks the store something on the blocking pool; `None` without a store, a stable key or a living runtime.
    async fn ask<T: Send + 'static>(
        &self,
        key: Option<ShelfKey>,
        question: impl FnOnce(&Shelf, &ShelfKey) -> T + Send + 'static,
    ) -> Option<T> {
        let (shelf, key) = (Arc::clone(self.shelf.as_ref()?), key?);
        blocking(move || question(&shelf, &key)).await
    }

    fn shelf_key(&self, digest: Digest, key: &impl WriteKey) -> Option<ShelfKey> {
        self.shelf.as_ref()?.key(digest, key)
    }

    /// What memory has; counted as a use only if asked to.
    async fn recall_awaited(
        &self,
        digest: Digest,
        key: &impl WriteKey,
        used: bool,
    ) -> Option<Found<F::Kept>> {
        let found = if used { self.tier.get(digest)? } else { self.tier.peek(digest)? };
        if self.is_fresh(&found) {
            return Some(found);
        }
        let Found::Entry(entry) = &found else { return Some(found) };
        let (since, stored_at) = (entry.generation(), entry.stored_at);
        let verified =
            self.ask(self.shelf_key(digest, key), move |shelf, key| shelf.verify(key, since, stored_at));
        let verified = verified.await?;
        if let Some(generation) = self.settled(verified) {
            entry.renew(generation);
            return Some(found);
        }
        self.tier.remove(digest);
        self.common.left(digest, Cause::Invalidated);
        None
    }

    /// Forgets all.
    pub(super) async fn clear_awaited(&self) {
        self.forget_memory();
        let Some(shelf) = self.shelf.clone() else { return };
        if let Some(cleared) = blocking(move || shelf.clear()).await {
            self.settled(cleared);
        }
        self.common.tell();
    }

    async fn since_awaited(&self) -> u64 {
        let Some(shelf) = self.shelf.clone() else { return Shelf::UNKNOWN };
        match blocking(move || shelf.generation()).await {
            Some(Ok(generation)) => generation,
            Some(Err(fault)) => {
                self.common.fault(&fault);
                Shelf::UNKNOWN
            }
            None => Shelf::UNKNOWN,
        }
    }

    async fn load_awaited(
        &self,
        key: Option<ShelfKey>,
        digest: Digest,
    ) -> Option<super::shelf::Loaded<F::Kept>> {
        let (now, ttl) = (self.plan.clock.now(), self.rules.ttl_of_all());
        let economy = self.economy.clone();
        let outcome = self.ask(key, move |shelf, key| {
            let load = || shelf.load::<F>(key, now, ttl);
            match &economy {
                Some(economy) => economy.measure(load),
                None => load(),
            }
        });
        self.loaded(outcome.await?, digest)
    }

    /// What the store has, if it is worth a look.
    async fn look_up_awaited(&self, miss: &Miss) -> Option<super::shelf::Loaded<F::Kept>> {
        if self.economy.as_ref().is_some_and(|economy| !economy.is_worth_a_look()) {
            return None;
        }
        self.load_awaited(miss.key().cloned(), miss.digest).await
    }

    /// The key, held for this process, if that is asked for.
    async fn hold_awaited(&self, key: Option<ShelfKey>) -> Option<super::shelf::Held> {
        if !self.shelf.as_ref().is_some_and(|shelf| shelf.holds()) {
            return None;
        }
        self.settled(self.ask(key, Shelf::hold).await?)
    }

    async fn save_awaited(
        &self,
        miss: &Miss,
        since: u64,
        worth: Worth<F>,
        overwrites: bool,
    ) -> (Worth<F>, Verdict) {
        if let Some(dispatch) = self.dispatch(miss, &worth) {
            let shared = Arc::new(worth);
            let lent = Arc::clone(&shared);
            let economy = self.economy.clone();
            let saved = self.ask(miss.key().cloned(), move |shelf, key| {
                let save = || shelf.save::<F>(key, &lent, dispatch, since, overwrites);
                match &economy {
                    Some(economy) => economy.measure_write(save),
                    None => save(),
                }
            });
            let saved = saved.await;
            let worth = Arc::unwrap_or_clone(shared);
            let verdict = match saved {
                Some(saved) => self.saved(saved, &worth, since),
                None => Verdict { memory: false, stored: false, generation: since },
            };
            return (worth, verdict);
        }
        let mut since = since;
        if overwrites && let Some(removed) = self.ask(miss.key().cloned(), Shelf::remove).await {
            // A value that now belongs to memory alone leaves nothing behind in the store.
            self.settled(removed);
            since = self.since_awaited().await;
        }
        let verdict = self.unstored(&worth, since);
        (worth, verdict)
    }

    async fn recompute_awaited(&self, miss: &Miss, body: impl Future<Output = F::Result>) -> F::Result {
        let parted = self.flights.part(miss.digest);
        let since = self.since_awaited().await;
        let watch = Stopwatch::start(&*self.plan.clock);
        let appraised = self.appraise(miss, body.await, watch.elapsed());
        let worth = match appraised {
            Appraised::Private(result) => return result,
            Appraised::Shared(kept) => return F::give(kept),
            Appraised::Kept(worth) => worth,
        };
        // What is newer stays.
        if parted.is_revoked() {
            return F::give(worth.kept);
        }
        // Whoever computes the old value at this moment shall not keep it.
        self.flights.supersede(miss.digest);
        let (worth, verdict) = self.save_awaited(miss, since, worth, true).await;
        self.replace(&parted, miss.digest, worth, verdict)
    }

    async fn compute_awaited(&self, miss: &Miss, body: impl Future<Output = F::Result>) -> F::Result {
        // Who waits for itself waits for ever, for the flight or for the key that it holds.
        if is_leading(self.place(miss.digest)) {
            self.common.counters.miss();
            return body.await;
        }
        loop {
            let lead = match self.flights.join_as_task(miss.digest) {
                Joined::Leads(lead) => lead,
                Joined::Waits(waiting) => match wait_awaited(waiting, self.plan.patience).await {
                    Waited::Landed(found) => {
                        self.common.counters.memory_hit();
                        self.common.counters.coalesced.add(1);
                        return F::give(found.into_value(F::copy));
                    }
                    Waited::Leads(lead) => lead,
                    Waited::Again => continue,
                },
            };
            return self.lead_awaited(lead, miss, body).await;
        }
    }

    async fn lead_awaited(
        &self,
        lead: Lead<'_, Found<F::Kept>>,
        miss: &Miss,
        body: impl Future<Output = F::Result>,
    ) -> F::Result {
        lead.at_work(false);
        let since = self.since_awaited().await;
        let due = self.common.is_due(miss.digest);
        if !due && self.remembers() {
            let found = self.tier.get_again(miss.digest);
            if let Some(found) = found.filter(|found| self.is_fresh(found)) {
                lead.land(|| found.clone());
                return self.serve(found);
            }
        }
        let mut loaded = if due { None } else { self.look_up_awaited(miss).await };
        // Held until the value is stored: then it is there for those who wait in other processes.
        let held = if loaded.is_none() { self.hold_awaited(miss.key().cloned()).await } else { None };
        if held.is_some() && !due {
            loaded = self.look_up_awaited(miss).await;
        }
        if let Some(loaded) = loaded {
            if let Some(entry) = self.promote(&loaded) {
                self.keep(&lead, miss.digest, entry);
            }
            lead.land(|| Self::found(&loaded.kept));
            return F::give(loaded.kept);
        }
        self.common.counters.miss();
        let watch = Stopwatch::start(&*self.plan.clock);
        let result = Leading::drive(self.place(miss.digest), &lead, body).await;
        let worth = match self.appraise(miss, result, watch.elapsed()) {
            Appraised::Private(result) => return result,
            Appraised::Shared(kept) => {
                lead.land(|| Self::found(&kept));
                return F::give(kept);
            }
            Appraised::Kept(worth) => worth,
        };
        let mut worth = worth;
        if !lead.is_revoked() {
            let verdict;
            (worth, verdict) = self.save_awaited(miss, since, worth, due).await;
            if self.takes(verdict) {
                self.keep(&lead, miss.digest, Self::entry(&worth, verdict));
            }
            self.common.recomputed(miss.digest);
        }
        lead.land(|| Self::found(&worth.kept));
        F::give(worth.kept)
    }
}

impl<F: SharedForm> AsyncCached for &Function<F> {
    async fn call_awaited(&self, key: impl WriteKey) -> Step<F::Result, Miss> {
        let mode = mode();
        if mode == Mode::Disabled {
            return Step::Body(self.uncached());
        }
        let digest = KeyWriter::digest(&key);
        if self.remembers()
            && (mode == Mode::Plain || !self.common.is_due(digest))
            && let Some(found) = self.recall_awaited(digest, &key, true).await
        {
            return Step::Done(self.serve(found));
        }
        self.tier.expect(digest);
        Step::Body(self.miss(digest, Purpose::Value, &key))
    }

    async fn peek_awaited(&self, key: impl WriteKey) -> Option<F::Result> {
        if mode() == Mode::Disabled {
            return None;
        }
        let digest = KeyWriter::digest(&key);
        if let Some(found) = self.recall_awaited(digest, &key, false).await {
            return Some(F::give(found.into_value(F::copy)));
        }
        let loaded = self.load_awaited(self.shelf_key(digest, &key), digest).await;
        loaded.map(|loaded| F::give(loaded.kept))
    }

    async fn contains_awaited(&self, key: impl WriteKey) -> bool {
        if mode() == Mode::Disabled {
            return false;
        }
        let digest = KeyWriter::digest(&key);
        if self.recall_awaited(digest, &key, false).await.is_some() {
            return true;
        }
        let now = self.plan.clock.now();
        let found = self.ask(self.shelf_key(digest, &key), move |shelf, key| shelf.contains(key, now)).await;
        found.is_some_and(|found| self.settled(found))
    }

    async fn invalidate_awaited(&self, key: impl WriteKey) -> bool {
        let digest = KeyWriter::digest(&key);
        let held = self.recall_awaited(digest, &key, false).await.is_some();
        // In this order, as in `invalidate`.
        self.flights.revoke(digest);
        self.tier.remove(digest);
        let removed = self.ask(self.shelf_key(digest, &key), Shelf::remove).await;
        let stored = removed.is_some_and(|removed| self.settled(removed));
        self.invalidated(digest, stored || held)
    }

    async fn explain_call_awaited(&self, key: impl WriteKey) -> CallExplanation {
        let digest = KeyWriter::digest(&key);
        if let Some(overruled) = self.common.overruled(digest) {
            return overruled;
        }
        if self.recall_awaited(digest, &key, false).await.is_some() {
            return CallExplanation::MemoryHit;
        }
        let now = self.plan.clock.now();
        let there = self.ask(self.shelf_key(digest, &key), move |shelf, key| shelf.trace(key, now)).await;
        let there = there.and_then(|there| self.settled(there.map(Some)));
        self.foresee(digest, there)
    }

    async fn path_awaited(&self, key: impl WriteKey) -> Option<PathBuf> {
        if mode() == Mode::Disabled {
            return None;
        }
        let now = self.plan.clock.now();
        let digest = KeyWriter::digest(&key);
        let file = self.ask(self.shelf_key(digest, &key), move |shelf, key| shelf.file(key, now)).await;
        file.and_then(|file| self.settled(file))
    }

    async fn run_awaited(&self, miss: Miss, body: impl Future<Output = F::Result>) -> F::Result {
        let result = match miss.purpose {
            Purpose::Uncached => return body.await,
            Purpose::Refresh => self.recompute_awaited(&miss, body).await,
            Purpose::Value => self.compute_awaited(&miss, body).await,
        };
        self.common.tell();
        result
    }
}
