//! A cached function: its plan, its tiers, its counters, and what both drivers do with them.

use std::sync::Arc;

use super::common::Common;
use super::economy::Economy;
use super::front::Front;
use super::miss::{Miss, Purpose};
use super::rules::{Rules, Setup};
use super::shelf::{Loaded, Outcome, Saved, Shelf};
use super::site::Site;
use crate::clock::Nanos;
use crate::error::{ConfigError, Fault, FaultKind};
use crate::explain::CallExplanation;
use crate::flight::{Flights, Parted};
use crate::key::{Digest, KeyWriter, Secret};
use crate::kind::{Kind, Policy};
use crate::memory::{Entry, Found, ScalarPlan, Tier, TierPlan, WordsOf};
use crate::removal::Cause;
use crate::select::{Dispatch, Form, Plan, SharedForm, Side};

/// A cached function.
pub struct Function<F: Form> {
    pub(super) plan: Plan,
    pub(super) tier: Tier<F::Kept>,
    pub(super) flights: Flights<Found<F::Kept>>,
    pub(super) shelf: Option<Arc<Shelf>>,
    pub(super) common: Arc<Common>,
    /// Where nobody has asked for the store: what it costs beside the body.
    pub(super) economy: Option<Arc<Economy>>,
    pub(super) front: Front,
    pub(super) rules: Rules<F::Result>,
    remembers: bool,
    pub(super) secret: &'static Secret,
}

/// A result that has been computed, as far as the cache is concerned.
pub(super) enum Appraised<F: Form> {
    /// It is not kept, and concerns nobody but its caller.
    Private(F::Result),
    /// It is not kept, but those who wait for it get it.
    Shared(F::Kept),
    /// It is kept.
    Kept(Worth<F>),
}

/// A value to be kept, and what is known of it.
pub(super) struct Worth<F: Form> {
    pub(super) kept: F::Kept,
    pub(super) shell: Vec<u8>,
    pub(super) size: u64,
    pub(super) cost: Nanos,
    pub(super) side: Side,
    /// When it was computed: in every tier the same.
    pub(super) stored_at: Nanos,
    /// How long it lives from then: in every tier the same.
    pub(super) ttl: Option<Nanos>,
}

impl<F: Form> Clone for Worth<F> {
    fn clone(&self) -> Self {
        let Self { kept, shell, size, cost, side, stored_at, ttl } = self;
        let (kept, shell) = (kept.clone(), shell.clone());
        Self { kept, shell, size: *size, cost: *cost, side: *side, stored_at: *stored_at, ttl: *ttl }
    }
}

/// Raises a configuration error, as the contract has it: at first use, naming the function.
#[expect(clippy::panic, reason = "a wrong configuration is the program's mistake, reported as such")]
pub(super) fn raise(error: &ConfigError) -> ! {
    panic!("{error}")
}

impl<F: SharedForm> Function<F> {
    pub(super) fn new(site: &'static Site, marker: &'static str, setup: Setup<F::Result>) -> Self {
        let facts = F::facts();
        let plan = Plan::resolve(&site.meta.path(), facts, setup.config, site.meta.is_async)
            .unwrap_or_else(|error| raise(&error));
        let rules = Rules::new(setup.keep_if, setup.ttl_if, &plan);
        let common = Common::new(site, plan.listener.clone());
        let plain = plan.kind == Kind::Scalar
            && plan.policy == Policy::S3Fifo
            && plan.idle.is_none()
            && !rules.ttl_varies()
            && !plan.persists();
        let words = WordsOf { bits: F::BITS, to: F::to_bits, from: F::from_bits };
        let scalars =
            plain.then(|| ScalarPlan::new(words, facts.size, plan.ttl, plan.bounds, plan.has_default_bounds));
        let tier = Tier::new(TierPlan {
            bounds: plan.bounds,
            policy: plan.policy,
            ttl: plan.ttl,
            ttl_varies: rules.ttl_varies(),
            idle: plan.idle,
            clock: Arc::clone(&plan.clock),
            on_evict: common.on_evict(),
            on_expire: common.on_expire(),
            scalars: scalars.flatten(),
            awaited: site.meta.is_async,
        });
        let shelf = plan
            .persists()
            .then(|| Shelf::new(&site.meta, marker, &plan, F::shape()))
            .flatten()
            .map(Arc::new);
        let automatic = shelf.as_ref().filter(|_| plan.is_automatic());
        let economy = automatic.map(|_| Arc::new(Economy::new(Arc::clone(&plan.clock))));
        let remembers = plan.small.memory || plan.large.memory || shelf.is_none();
        Self {
            plan,
            tier,
            flights: Flights::new(),
            shelf,
            common,
            economy,
            front: Front::default(),
            rules,
            remembers,
            secret: Secret::get(),
        }
    }

    /// The address by which a thread knows what it computes.
    pub(super) fn place(&self, digest: Digest) -> (usize, Digest) {
        (std::ptr::from_ref(&*self.common) as usize, digest)
    }

    /// What memory has under a digest, if it may be served.
    #[inline]
    pub(super) fn recall(&self, digest: Digest, key: &dyn Fn(&mut KeyWriter)) -> Option<Found<F::Kept>> {
        let found = self.tier.get(digest)?;
        match (&found, &self.shelf) {
            (Found::Entry(entry), Some(shelf)) if !shelf.is_current(entry.generation()) => {
                self.recheck(shelf, digest, found, key)
            }
            _ => Some(found),
        }
    }

    /// Asks the store whether an entry was forgotten by another process since it was made.
    #[cold]
    pub(super) fn recheck(
        &self,
        shelf: &Shelf,
        digest: Digest,
        found: Found<F::Kept>,
        key: &dyn Fn(&mut KeyWriter),
    ) -> Option<Found<F::Kept>> {
        let Found::Entry(entry) = &found else { return Some(found) };
        let shelf_key = shelf.key(digest, key)?;
        match shelf.verify(&shelf_key, entry.generation(), entry.stored_at) {
            Ok(Some(generation)) => {
                entry.renew(generation);
                Some(found)
            }
            Ok(None) => {
                self.tier.remove(digest);
                self.common.left(digest, Cause::Invalidated);
                None
            }
            Err(fault) => {
                // Not knowing is no reason to serve what may be stale.
                self.common.fault(&fault);
                None
            }
        }
    }

    /// The state of a call that memory could not serve.
    pub(super) fn miss(&self, digest: Digest, purpose: Purpose, key: &dyn Fn(&mut KeyWriter)) -> Miss {
        let Some(shelf) = &self.shelf else { return Miss::of(digest, purpose, key, None) };
        let miss = Miss::of(digest, purpose, key, Some(&|digest| shelf.key(digest, key)));
        if miss.key().is_none() && !miss.strays() && self.plan.insists {
            raise(&ConfigError {
                function: self.common.site.meta.path(),
                field: "key",
                value: format!("({})", self.common.site.meta.arguments),
                message: "an argument has `Hash` alone, which is not stable enough for disk; derive \
                          `omnicache::CacheKey` or `serde::Serialize` for it, or leave it out with \
                          `ignore(argument)`"
                    .to_owned(),
            });
        }
        miss
    }

    /// Whether memory is worth a look.
    #[inline]
    pub(super) fn remembers(&self) -> bool {
        self.remembers
    }

    /// The generation as of which a call begins.
    pub(super) fn since(&self) -> u64 {
        match self.shelf.as_deref().map(Shelf::generation) {
            Some(Ok(generation)) => generation,
            Some(Err(fault)) => {
                self.common.fault(&fault);
                Shelf::UNKNOWN
            }
            None => Shelf::UNKNOWN,
        }
    }

    /// Takes what a look into the store has found. Faults are counted and found to be nothing.
    pub(super) fn loaded(&self, outcome: Outcome<F>, digest: Digest) -> Option<Loaded<F::Kept>> {
        match outcome {
            Ok(Ok(loaded)) => Some(loaded),
            Ok(Err(why)) => {
                self.note_absence(digest, why);
                None
            }
            Err(fault) => {
                self.common.fault(&fault);
                None
            }
        }
    }

    fn note_absence(&self, digest: Digest, why: Option<CallExplanation>) {
        match why {
            Some(CallExplanation::Expired) => self.common.counters.expirations.add(1),
            Some(CallExplanation::Corrupt) => self.common.counters.errors.add(1),
            _ => {}
        }
        if let Some(why) = why {
            self.common.absent(digest, why);
        }
    }

    /// Counts a hit on disk; gives the memory entry if the value belongs there too.
    pub(super) fn promote(&self, loaded: &Loaded<F::Kept>) -> Option<Entry<F::Kept>> {
        self.common.counters.disk_hit_of(loaded.cost);
        self.fronts_loaded(loaded).then(|| {
            let ttl = loaded.ttl.into_iter().chain(self.rules.ttl_of_all()).min();
            Entry::new(F::copy(&loaded.kept), loaded.size, loaded.stored_at, ttl, loaded.generation)
                .costing(loaded.cost, reload(loaded.size).min(loaded.cost))
        })
    }

    /// Decides what becomes of a result.
    pub(super) fn appraise(&self, miss: &Miss, result: F::Result, cost: Nanos) -> Appraised<F> {
        self.common.counters.computed(cost);
        let ttl = self.rules.ttl::<F>(&result);
        let kept = match F::keep(result) {
            Ok(kept) => kept,
            Err(result) => return Appraised::Private(result),
        };
        if ttl == Rules::<F::Result>::NOT_KEPT || !miss.is_current() {
            return Appraised::Shared(kept);
        }
        let mut shell = Vec::new();
        let size = F::measure(&kept, &mut shell).size;
        let side = self.plan.side(size);
        if let Some(economy) = &self.economy {
            economy.computed(cost, side.store.is_some());
        }
        let stored_at = if ttl.is_some() || self.keeps_time(side) { self.plan.clock.now() } else { 0 };
        Appraised::Kept(Worth { kept, shell, size, cost, side, stored_at, ttl })
    }

    /// Whether it matters when a value was computed, though it has no time to live.
    fn keeps_time(&self, side: Side) -> bool {
        self.plan.idle.is_some() || side.store.is_some()
    }

    /// How a value goes into the store, if that is where it belongs.
    pub(super) fn dispatch(&self, miss: &Miss, worth: &Worth<F>) -> Option<Dispatch> {
        let possible = worth.side.store.filter(|_| self.shelf.is_some() && miss.key().is_some());
        possible.filter(|_| self.economy.as_ref().is_none_or(|economy| economy.is_worth_storing()))
    }

    /// What becomes of a value that the store was asked to take.
    pub(super) fn saved(&self, outcome: Result<Saved, Fault>, worth: &Worth<F>, since: u64) -> Verdict {
        let rejected = Verdict { memory: false, stored: false, generation: since };
        match outcome {
            Ok(Saved::Kept { evicted, generation }) => {
                self.common.counters.evicted(evicted);
                Verdict { memory: self.fronts(worth.side, worth.size), stored: true, generation }
            }
            Ok(Saved::Unwritable) => {
                if self.plan.insists {
                    let why = "a result has no codec that reads it back, and stays in memory";
                    self.common.fault(&Fault::new(FaultKind::Encode, why));
                }
                self.unstored(worth, since)
            }
            Ok(Saved::TooLarge) if !worth.side.memory => {
                self.common.too_large(worth.size);
                rejected
            }
            Ok(Saved::TooLarge | Saved::ReadOnly) if worth.side.memory => self.unstored(worth, since),
            // Refused, or invalidated since the call began.
            Ok(Saved::TooLarge | Saved::ReadOnly | Saved::Stale) => rejected,
            Err(fault) => {
                self.common.fault(&fault);
                if worth.side.memory { self.unstored(worth, since) } else { rejected }
            }
        }
    }

    /// What becomes of a value that the store does not take: memory, if it fits.
    pub(super) fn unstored(&self, worth: &Worth<F>, generation: u64) -> Verdict {
        let memory = self.tier.fits(worth.size);
        if !memory {
            self.common.too_large(worth.size);
        }
        Verdict { memory, stored: false, generation }
    }

    /// Notes what becomes of a value; tells whether memory shall have it.
    pub(super) fn takes(&self, verdict: Verdict) -> bool {
        if verdict.memory || verdict.stored {
            self.common.counters.store();
        }
        verdict.memory
    }

    /// What memory shall have.
    pub(super) fn entry(worth: &Worth<F>, verdict: Verdict) -> Entry<F::Kept> {
        let again = if verdict.stored { reload(worth.size).min(worth.cost) } else { worth.cost };
        Entry::new(F::copy(&worth.kept), worth.size, worth.stored_at, worth.ttl, verdict.generation)
            .costing(worth.cost, again)
    }

    /// Notes that an entry is about to take another's place, if there is one and anybody wants to know.
    pub(super) fn replaces(&self, digest: Digest) {
        if self.common.listens() && self.tier.peek(digest).is_some() {
            self.common.left(digest, Cause::Replaced);
        }
    }

    /// Puts a fresh value in the place of what memory has, unless the key was invalidated meanwhile, and gives it.
    pub(super) fn replace(
        &self,
        parted: &Parted<'_, Found<F::Kept>>,
        digest: Digest,
        worth: Worth<F>,
        verdict: Verdict,
    ) -> F::Result {
        self.replaces(digest);
        if self.takes(verdict) {
            self.tier.insert(digest, Self::entry(&worth, verdict), &|| !parted.is_revoked());
        } else if !parted.is_revoked() {
            self.tier.remove(digest);
        }
        self.common.recomputed(digest);
        F::give(worth.kept)
    }

    /// What those who wait get: the entry's own value where there is one.
    pub(super) fn found(kept: &F::Kept) -> Found<F::Kept> {
        Found::Entry(Arc::new(Entry::new(F::copy(kept), 0, 0, None, 0)))
    }

    /// What would become of a call.
    pub(super) fn foresee(&self, digest: Digest, there: Option<CallExplanation>) -> CallExplanation {
        let expired = self.tier.holds_expired(digest);
        let here = self.common.why_absent(digest);
        match there {
            Some(CallExplanation::NeverSeen) | None if expired => CallExplanation::Expired,
            Some(CallExplanation::NeverSeen) | None => here.unwrap_or(CallExplanation::NeverSeen),
            Some(known) => known,
        }
    }

    /// Takes note of an invalidation; tells whether there was an entry.
    pub(super) fn invalidated(&self, digest: Digest, was_there: bool) -> bool {
        if was_there {
            self.common.left(digest, Cause::Invalidated);
        }
        self.common.tell();
        was_there
    }

    /// Takes the outcome of something asked of the store; a fault is counted and gives the default.
    pub(super) fn settled<T: Default>(&self, outcome: Result<T, Fault>) -> T {
        outcome.unwrap_or_else(|fault| {
            self.common.fault(&fault);
            T::default()
        })
    }

    /// Forgets all that memory has, and what is in flight.
    pub(super) fn forget_memory(&self) {
        self.flights.revoke_all();
        self.common.all_left(&self.tier.clear(), Cause::Cleared);
    }

    /// Forgets all.
    pub(super) fn forget(&self) {
        self.forget_memory();
        if let Some(shelf) = &self.shelf {
            self.settled(shelf.clear());
        }
        self.common.tell();
    }
}

/// What loading a payload of this size takes, about: a look, and a copy (decisions 0010 and 0013).
fn reload(size: u64) -> Nanos {
    4000 + size / 4
}

/// What the store has made of a value, and what memory is to.
#[derive(Clone, Copy)]
pub(super) struct Verdict {
    pub(super) memory: bool,
    pub(super) stored: bool,
    pub(super) generation: u64,
}

impl<F: Form> std::fmt::Debug for Function<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Function").field("site", &self.common.site).finish_non_exhaustive()
    }
}
