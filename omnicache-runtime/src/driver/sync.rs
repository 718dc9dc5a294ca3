//! The driver of threads.

use std::path::PathBuf;

use super::function::{Appraised, Function, Verdict, Worth};
use super::miss::{Miss, Purpose};
use super::operation::{Cached, Seen, Step, WriteKey};
use super::shelf::{Held, Loaded};
use crate::clock::Stopwatch;
use crate::explain::CallExplanation;
use crate::flight::{Joined, Lead, Leading, Waited, is_leading, wait};
use crate::key::{Digest, KeyWriter};
use crate::memory::{Entry, Found};
use crate::select::SharedForm;
use crate::settings::{Mode, is_plain, mode};

impl<F: SharedForm> Cached for &Function<F> {
    type Result = F::Result;

    #[inline(always)]
    fn hit(&self, key: impl WriteKey) -> Result<F::Result, Seen> {
        if !is_plain() {
            return Err(Seen::NOTHING);
        }
        let digest = KeyWriter::digest_by(self.secret, &key);
        // Known at compile time: for all but plain values there is nothing here.
        if F::BITS <= 128 {
            let bits = if F::BITS <= 64 {
                self.tier.bits_at_once::<true>(digest)
            } else {
                self.tier.bits_at_once::<false>(digest)
            };
            // No call but that of what stands behind: this is all of a hit, and needs no room on the stack.
            if let Some(bits) = bits
                && self.common.counters.memory_hit_of_owner()
            {
                return Ok(F::give(F::from_bits(bits)));
            }
        } else if let Some(result) = self.read(digest) {
            return Ok(result);
        }
        if F::BITS <= 64
            && let Some([bits, place]) = self.tier.bounded_at_once(digest)
            && self.common.counters.memory_hit_of_owner()
        {
            self.tier.count_use_at(place);
            return Ok(F::give(F::from_bits(bits.into())));
        }
        if F::BITS <= 64
            && self.tier.is_timed()
            && let Some(bits) = self.bits_in_time(digest)
        {
            return Ok(F::give(F::from_bits(bits.into())));
        }
        Err(Seen::new(digest))
    }

    fn call(&self, seen: Seen, key: impl WriteKey) -> Step<F::Result, Miss> {
        let mode = mode();
        if mode == Mode::Disabled {
            return Step::Body(self.uncached());
        }
        let digest = seen.digest(&key);
        if F::BITS <= 128
            && mode == Mode::Plain
            && let Some(result) = self.read(digest)
        {
            return Step::Done(result);
        }
        // Whoever comes to lead looks once more, unless this look tells all.
        let moment = if mode == Mode::Plain { self.flights.landings(digest) } else { None };
        let absent = moment.filter(|_| self.tier.surely_lacks(digest));
        let seen_all =
            absent.is_some() || mode == Mode::Plain && self.shelf.is_none() && self.tier.shows_all();
        if !seen_all
            && self.remembers()
            && (mode == Mode::Plain || !self.common.is_due(digest))
            && let Some(found) = self.recall(digest, &key)
        {
            return Step::Done(self.serve(found));
        }
        self.tier.expect(digest);
        let mut miss = self.miss(digest, Purpose::Value, &key);
        miss.was_absent(digest, absent);
        Step::Body(miss)
    }

    fn peek(&self, key: impl WriteKey) -> Option<F::Result> {
        if mode() == Mode::Disabled {
            return None;
        }
        let digest = KeyWriter::digest(&key);
        if let Some(found) = self.glance(digest, &key) {
            return Some(F::give(found.into_value(F::copy)));
        }
        let shelf = self.shelf.as_ref()?;
        let outcome =
            shelf.load::<F>(&shelf.key(digest, &key)?, self.plan.clock.now(), self.rules.ttl_of_all());
        self.loaded(outcome, digest).map(|loaded| F::give(loaded.kept))
    }

    fn contains(&self, key: impl WriteKey) -> bool {
        if mode() == Mode::Disabled {
            return false;
        }
        let digest = KeyWriter::digest(&key);
        if self.glance(digest, &key).is_some() {
            return true;
        }
        let Some(shelf) = &self.shelf else { return false };
        let Some(key) = shelf.key(digest, &key) else { return false };
        self.settled(shelf.contains(&key, self.plan.clock.now()))
    }

    fn refresh(&self, key: impl WriteKey) -> Miss {
        let purpose = if mode() == Mode::Disabled { Purpose::Uncached } else { Purpose::Refresh };
        self.miss(KeyWriter::digest(&key), purpose, &key)
    }

    fn uncached(&self) -> Miss {
        Miss::UNCACHED
    }

    fn invalidate(&self, key: impl WriteKey) -> bool {
        let digest = KeyWriter::digest(&key);
        let held = self.glance(digest, &key).is_some();
        // In this order: who keeps a value in between is seen to, and who would do so later sees that it was revoked.
        self.flights.revoke(digest);
        self.tier.remove(digest);
        let Some(shelf) = &self.shelf else { return self.invalidated(digest, held) };
        let stored = shelf.key(digest, &key).is_some_and(|key| self.settled(shelf.remove(&key)));
        self.invalidated(digest, stored || held)
    }

    fn explain_call(&self, key: impl WriteKey) -> CallExplanation {
        let digest = KeyWriter::digest(&key);
        if let Some(overruled) = self.common.overruled(digest) {
            return overruled;
        }
        if self.glance(digest, &key).is_some() {
            return CallExplanation::MemoryHit;
        }
        let there = self.shelf.as_ref().and_then(|shelf| {
            let key = shelf.key(digest, &key)?;
            self.settled(shelf.trace(&key, self.plan.clock.now()).map(Some))
        });
        self.foresee(digest, there)
    }

    fn path(&self, key: impl WriteKey) -> Option<PathBuf> {
        if mode() == Mode::Disabled {
            return None;
        }
        let shelf = self.shelf.as_ref()?;
        let key = shelf.key(KeyWriter::digest(&key), &key)?;
        self.settled(shelf.file(&key, self.plan.clock.now()))
    }

    #[inline(never)]
    fn run(&self, miss: Miss, body: impl FnOnce() -> F::Result) -> F::Result {
        let result = match miss.purpose {
            Purpose::Uncached => return body(),
            Purpose::Refresh => self.recompute(&miss, body),
            Purpose::Value => self.compute(&miss, body),
        };
        self.common.tell();
        result
    }
}

impl<F: SharedForm> Function<F> {
    /// The bits of a scalar whose time counts and is not over, counted as a hit. Not inlined: a clock is called, and hits that
    /// need none shall not make room for it.
    #[inline(never)]
    fn bits_in_time(&self, digest: Digest) -> Option<u64> {
        let bits = self.tier.bits_in_time(digest)?;
        self.common.counters.memory_hit();
        Some(bits)
    }

    /// What memory has and gives without a lock, counted as a hit.
    #[inline(always)]
    fn read(&self, digest: Digest) -> Option<F::Result> {
        let is_current = |entry: &Entry<F::Kept>| {
            self.shelf.as_ref().is_none_or(|shelf| shelf.is_current(entry.generation()))
        };
        // Cloned while nothing is locked: what is read stays until it has been.
        let read = |entry: &Entry<F::Kept>| is_current(entry).then(|| (F::copy(&entry.value), entry.cost));
        let (kept, cost) = self.tier.read(digest, read)?;
        self.common.counters.memory_hit_of(cost);
        Some(F::give(kept))
    }

    /// Gives what memory has, counted as a hit.
    pub(super) fn serve(&self, found: Found<F::Kept>) -> F::Result {
        match &found {
            Found::Entry(entry) => self.common.counters.memory_hit_of(entry.cost),
            Found::Word(_) => self.common.counters.memory_hit(),
        }
        F::give(found.into_value(F::copy))
    }

    /// What memory has, without counting a use.
    pub(super) fn glance(&self, digest: Digest, key: &dyn Fn(&mut KeyWriter)) -> Option<Found<F::Kept>> {
        let found = self.tier.peek(digest)?;
        match (&found, &self.shelf) {
            (Found::Entry(entry), Some(shelf)) if !shelf.is_current(entry.generation()) => {
                self.recheck(shelf, digest, found, key)
            }
            _ => Some(found),
        }
    }

    /// A fresh value, in place of the one that is kept.
    fn recompute(&self, miss: &Miss, body: impl FnOnce() -> F::Result) -> F::Result {
        let parted = self.flights.part(miss.digest);
        let since = self.since();
        let (result, cost) = Stopwatch::time(&*self.plan.clock, body);
        match self.appraise(miss, result, cost) {
            Appraised::Private(result) => result,
            Appraised::Shared(kept) => F::give(kept),
            // What is newer stays.
            Appraised::Kept(worth) if parted.is_revoked() => F::give(worth.kept),
            Appraised::Kept(worth) => {
                // Whoever computes the old value at this moment shall not keep it.
                self.flights.supersede(miss.digest);
                let verdict = self.save(miss, since, &worth, true);
                self.replace(&parted, miss.digest, worth, verdict)
            }
        }
    }

    /// A value, from the flight of its key.
    fn compute(&self, miss: &Miss, body: impl FnOnce() -> F::Result) -> F::Result {
        // Who waits for itself waits for ever, for the flight or for the key that it holds.
        if is_leading(self.place(miss.digest)) {
            self.common.counters.miss();
            return body();
        }
        loop {
            let lead = match self.flights.join(miss.digest) {
                Joined::Leads(lead) => lead,
                Joined::Waits(waiting) => match wait(waiting) {
                    Waited::Landed(found) => {
                        self.common.counters.memory_hit();
                        self.common.counters.coalesced.add(1);
                        return F::give(found.into_value(F::copy));
                    }
                    Waited::Leads(lead) => lead,
                    Waited::Again => continue,
                },
            };
            return self.lead(lead, miss, body);
        }
    }

    fn lead(
        &self,
        lead: Lead<'_, Found<F::Kept>>,
        miss: &Miss,
        body: impl FnOnce() -> F::Result,
    ) -> F::Result {
        let since = self.since();
        let due = self.common.is_due(miss.digest);
        // Between this caller's look and its lead another flight may have landed.
        if !due
            && self.remembers()
            && !lead.follows(miss.absent())
            && let Some(found) = self.tier.get_again(miss.digest).filter(|found| self.is_fresh(found))
        {
            lead.land(|| found.clone());
            return self.serve(found);
        }
        let mut loaded = if due { None } else { self.look_up(miss) };
        // Held until the value is stored: then it is there for those who wait in other processes.
        let held = if loaded.is_none() { self.hold(miss) } else { None };
        if held.is_some() && !due {
            loaded = self.look_up(miss);
        }
        if let Some(loaded) = loaded {
            if let Some(entry) = self.promote(&loaded) {
                self.keep(&lead, miss.digest, entry);
            }
            lead.land(|| Self::found(&loaded.kept));
            return F::give(loaded.kept);
        }
        self.common.counters.miss();
        let (result, cost) = {
            let _leading = Leading::enter(self.place(miss.digest));
            // What is written to a store has the cost of its own body.
            match self.common.counters.expected_cost(miss.digest).filter(|_| self.shelf.is_none()) {
                Some(cost) => (body(), cost),
                None => Stopwatch::time(&*self.plan.clock, body),
            }
        };
        // Looked at where it lies: what is moved at once has to be waited for.
        let appraised = self.appraise(miss, result, cost);
        if let Appraised::Kept(worth) = &appraised
            && !lead.is_revoked()
        {
            let verdict = self.save(miss, since, worth, due);
            if self.takes(verdict) {
                self.keep(&lead, miss.digest, Self::entry(worth, verdict));
            }
            self.common.recomputed(miss.digest);
        }
        match appraised {
            Appraised::Private(result) => result,
            Appraised::Shared(kept) | Appraised::Kept(Worth { kept, .. }) => {
                lead.land(|| Self::found(&kept));
                F::give(kept)
            }
        }
    }

    /// What the store has.
    fn look_up(&self, miss: &Miss) -> Option<Loaded<F::Kept>> {
        let (shelf, key) = (self.shelf.as_ref()?, miss.key()?);
        if shelf.is_bare() {
            return None;
        }
        let load = || shelf.load::<F>(key, self.plan.clock.now(), self.rules.ttl_of_all());
        let Some(economy) = &self.economy else { return self.loaded(load(), miss.digest) };
        if !economy.is_worth_a_look() {
            return None;
        }
        self.loaded(economy.measure(load), miss.digest)
    }

    /// The key, held for this process, if that is asked for.
    fn hold(&self, miss: &Miss) -> Option<Held> {
        let (shelf, key) = (self.shelf.as_ref()?, miss.key()?);
        self.settled(shelf.hold(key))
    }

    /// Puts an entry into memory, unless the key was invalidated meanwhile.
    pub(super) fn keep(&self, lead: &Lead<'_, Found<F::Kept>>, digest: Digest, entry: Entry<F::Kept>) {
        self.replaces(digest);
        self.tier.insert(digest, entry, &|| !lead.is_revoked());
    }

    /// Puts a value into the store if that is where it belongs, and tells what memory shall have of it.
    fn save(&self, miss: &Miss, since: u64, worth: &Worth<F>, overwrites: bool) -> Verdict {
        let (Some(shelf), Some(key)) = (&self.shelf, miss.key()) else { return self.unstored(worth, since) };
        if let Some(dispatch) = self.dispatch(miss, worth) {
            let save = || shelf.save::<F>(key, worth, dispatch, since, overwrites);
            let saved = match &self.economy {
                Some(economy) => economy.measure_write(save),
                None => save(),
            };
            return self.saved(saved, worth, since);
        }
        if !overwrites {
            return self.unstored(worth, since);
        }
        // A value that now belongs to memory alone leaves nothing behind in the store.
        self.settled(shelf.remove(key));
        self.unstored(worth, self.since())
    }

    /// Whether what memory has is good as of now, as far as can be told without asking the store.
    pub(super) fn is_fresh(&self, found: &Found<F::Kept>) -> bool {
        match (found, &self.shelf) {
            (Found::Entry(entry), Some(shelf)) => shelf.is_current(entry.generation()),
            _ => true,
        }
    }
}
