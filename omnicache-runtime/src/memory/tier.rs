//! One function's memory tier: an engine, and the rules that hold whichever engine it is.
//!
//! Expiry is decided here, by the entry's own times and the function's clock, so that every engine has the same
//! rule and an entry from disk keeps its remaining life.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::dues::{Due, Dues};
use super::queued::Queued;
use super::{Bounds, Engine, Entry, Index, IsWanted, Load, OnEvict, ScalarPlan, Scalars, lru};
use crate::clock::{Clock, Nanos, expired};
use crate::key::Digest;
use crate::kind::Policy;
use crate::stripes::{self, SHARED};

/// What a tier is built from.
pub(crate) struct TierPlan<K> {
    pub(crate) bounds: Bounds,
    pub(crate) policy: Policy,
    pub(crate) ttl: Option<Nanos>,
    /// Whether entries may have times to live of their own, other than `ttl`.
    pub(crate) ttl_varies: bool,
    pub(crate) idle: Option<Nanos>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) on_evict: OnEvict,
    pub(crate) on_expire: OnEvict,
    /// Set for plain scalars: they go to a table.
    pub(crate) scalars: Option<ScalarPlan<K>>,
    /// Whether results are awaited.
    pub(crate) awaited: bool,
}

/// A function's memory tier.
pub(crate) struct Tier<K> {
    held: Held<K>,
    bounds: Bounds,
    expires: bool,
    idle: Option<Nanos>,
    clock: Arc<dyn Clock>,
    on_expire: OnEvict,
    ttl_varies: bool,
    /// Kept only with times to live, so that what expired goes first.
    dues: Mutex<Dues>,
}

#[expect(clippy::large_enum_variant, reason = "there is one for each function; a box would be one look more")]
enum Held<K> {
    Scalars(Scalars<K>),
    Engine { engine: Box<dyn Engine<K> + Send + Sync>, index: Option<Arc<Index<K>>> },
}

/// What a lookup in memory found.
#[derive(Clone)]
pub(crate) enum Found<K> {
    /// A scalar, copied out.
    Word(K),
    /// An entry, to be cloned from.
    Entry(Arc<Entry<K>>),
}

impl<K> Found<K> {
    /// The value, copied outside of any lock.
    #[inline]
    pub(crate) fn into_value(self, copy: impl FnOnce(&K) -> K) -> K {
        match self {
            Self::Word(value) => value,
            Self::Entry(entry) => copy(&entry.value),
        }
    }
}

impl<K: Clone + Send + Sync + 'static> Tier<K> {
    pub(crate) fn new(plan: TierPlan<K>) -> Self {
        let expires = plan.ttl.is_some() || plan.idle.is_some();
        let (bounds, idle, clock) = (plan.bounds, plan.idle, Arc::clone(&plan.clock));
        let on_expire = Arc::clone(&plan.on_expire);
        let (ttl_varies, dues) = (plan.ttl_varies, Mutex::default());
        Self { held: hold(plan), bounds, expires, idle, clock, on_expire, ttl_varies, dues }
    }

    /// The bits of a scalar, where scalars have a table and their time does not count, if one look finds them.
    #[inline(always)]
    pub(crate) fn bits_at_once<const NARROW: bool>(&self, digest: Digest) -> Option<u128> {
        match &self.held {
            Held::Scalars(scalars) => scalars.bits_at_once::<NARROW>(digest),
            _ => None,
        }
    }

    /// The same of scalars with bounds that somebody asked for, and the number of their place: a use is counted there.
    #[inline(always)]
    pub(crate) fn bounded_at_once(&self, digest: Digest) -> Option<[u64; 2]> {
        match &self.held {
            Held::Scalars(scalars) => scalars.bounded_at_once(digest),
            _ => None,
        }
    }

    /// Whether there are scalars of one word whose time counts.
    #[inline(always)]
    pub(crate) fn is_timed(&self) -> bool {
        matches!(&self.held, Held::Scalars(scalars) if scalars.ttl().is_some())
    }

    /// The bits of such a scalar, if one look finds it and its time is not over.
    #[inline]
    pub(crate) fn bits_in_time(&self, digest: Digest) -> Option<u64> {
        let Held::Scalars(scalars) = &self.held else { return None };
        let ([bits, stored_at], ttl) = scalars.timed_at_once(digest)?;
        (!expired(stored_at, Some(ttl), self.clock.now())).then_some(bits)
    }

    /// Counts a use of what is bounded and has this place.
    #[inline(always)]
    pub(crate) fn count_use_at(&self, place: u64) {
        if let Held::Scalars(scalars) = &self.held {
            scalars.count_use_at(place);
        }
    }

    /// Reads the entry if it may still be served and is found without a lock; a use if `read` gives anything.
    #[inline(always)]
    pub(crate) fn read<R>(&self, digest: Digest, read: impl FnOnce(&Entry<K>) -> Option<R>) -> Option<R> {
        let Held::Engine { index: Some(index), .. } = &self.held else { return None };
        index.read(digest, |entry| {
            let result = if self.is_live(entry) { read(entry)? } else { return None };
            entry.count_use();
            self.touch(entry);
            Some(result)
        })?
    }

    /// Whether one look tells that there is nothing under a digest, whatever writers do.
    #[inline]
    pub(crate) fn surely_lacks(&self, digest: Digest) -> bool {
        match &self.held {
            Held::Scalars(scalars) => scalars.surely_lacks(digest),
            Held::Engine { index, .. } => index.as_ref().is_some_and(|index| index.surely_lacks(digest)),
        }
    }

    /// Whether [`Tier::read`] finds on this thread whatever is there.
    pub(crate) fn shows_all(&self) -> bool {
        matches!(self.held, Held::Engine { index: Some(_), .. }) && stripes::own() < SHARED
    }

    /// Gets ready for an entry that will be inserted soon.
    #[inline]
    pub(crate) fn expect(&self, digest: Digest) {
        match &self.held {
            Held::Scalars(scalars) => scalars.expect(digest),
            Held::Engine { engine, .. } => engine.expect(digest),
        }
    }

    /// The entry if it may still be served, counted as a use.
    #[inline]
    pub(crate) fn get(&self, digest: Digest) -> Option<Found<K>> {
        match &self.held {
            Held::Scalars(scalars) => {
                let (value, expired) = scalars.get(digest, || self.clock.now())?;
                if expired {
                    scalars.remove(digest).then(|| (self.on_expire)(digest));
                }
                scalars.count_use(digest);
                (!expired).then_some(Found::Word(value))
            }
            Held::Engine { engine, .. } => self.serve(digest, engine.get(digest)?, true),
        }
    }

    /// The same for who is about to compute it: to find nothing counts as nothing.
    pub(crate) fn get_again(&self, digest: Digest) -> Option<Found<K>> {
        match &self.held {
            Held::Engine { engine, .. } => self.serve(digest, engine.get_again(digest)?, true),
            Held::Scalars(scalars) => {
                // What is there may be moved again before it is read.
                while scalars.surely_has(digest) {
                    if let Some(found) = self.get(digest) {
                        return Some(found);
                    }
                }
                None
            }
        }
    }

    /// The entry if it may still be served, not counted as a use.
    pub(crate) fn peek(&self, digest: Digest) -> Option<Found<K>> {
        let entry = match &self.held {
            Held::Scalars(scalars) => {
                let (value, expired) = scalars.get(digest, || self.clock.now())?;
                return (!expired).then_some(Found::Word(value));
            }
            Held::Engine { engine, .. } => engine.peek(digest)?,
        };
        self.is_live(&entry).then_some(Found::Entry(entry))
    }

    /// Whether an entry is there that is past its time.
    pub(crate) fn holds_expired(&self, digest: Digest) -> bool {
        match &self.held {
            Held::Scalars(scalars) => {
                scalars.get(digest, || self.clock.now()).is_some_and(|(_, expired)| expired)
            }
            Held::Engine { engine, .. } => engine.peek(digest).is_some_and(|entry| !self.is_live(&entry)),
        }
    }

    fn serve(&self, digest: Digest, entry: Arc<Entry<K>>, used: bool) -> Option<Found<K>> {
        if !self.is_live(&entry) {
            self.remove(digest).then(|| (self.on_expire)(digest));
            return None;
        }
        if used {
            self.touch(&entry);
        }
        Some(Found::Entry(entry))
    }

    #[inline(always)]
    fn is_live(&self, entry: &Entry<K>) -> bool {
        !((self.expires || entry.ttl().is_some()) && entry.expired(self.clock.now(), self.idle))
    }

    #[inline(always)]
    fn touch(&self, entry: &Entry<K>) {
        if self.idle.is_some() {
            entry.touch(self.clock.now());
        }
    }

    /// Whether a value of this weight can be kept at all.
    pub(crate) fn fits(&self, weight: u64) -> bool {
        self.bounds.max_bytes.is_none_or(|most| weight <= most)
    }

    /// Keeps an entry if it is still wanted: what removes it and says so before finds it here, or nobody does. What has
    /// expired makes room first.
    pub(crate) fn insert(&self, digest: Digest, entry: Entry<K>, is_wanted: IsWanted<'_>) {
        self.expire_first(digest, &entry);
        match &self.held {
            Held::Scalars(scalars) => scalars.insert(digest, &entry, is_wanted),
            Held::Engine { engine, .. } => engine.insert(digest, Arc::new(entry), is_wanted),
        }
    }

    /// Removes what has outlived its time, and notes the newcomer.
    fn expire_first(&self, digest: Digest, entry: &Entry<K>) {
        let expires_by_itself = match &self.held {
            Held::Scalars(scalars) => scalars.ttl().is_none(),
            Held::Engine { engine, .. } => {
                !self.ttl_varies && (entry.ttl().is_none() || engine.expires_by_itself())
            }
        };
        if expires_by_itself {
            return;
        }
        let now = self.clock.now();
        let mut dues = self.dues.lock().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<Digest> = std::iter::from_fn(|| dues.pop(now)).map(|due| due.digest).collect();
        if let Some(ttl) = entry.ttl() {
            dues.push(Due::new(digest, entry.stored_at, ttl));
        }
        let entries = usize::try_from(self.load().entries).unwrap_or(usize::MAX);
        if dues.len() > entries.saturating_mul(2).saturating_add(64) {
            dues.retain(|due| self.stored_at(due.digest) == Some(due.stored_at) || due.digest == digest);
        }
        drop(dues);
        for old in over {
            if self.holds_expired(old) && self.remove(old) {
                (self.on_expire)(old);
            }
        }
    }

    /// When what is held under a digest was computed.
    fn stored_at(&self, digest: Digest) -> Option<Nanos> {
        match &self.held {
            Held::Scalars(scalars) => scalars.stored_at(digest),
            Held::Engine { engine, .. } => engine.peek(digest).map(|entry| entry.stored_at),
        }
    }

    /// Forgets an entry; tells whether there was one that could have been served.
    pub(crate) fn remove(&self, digest: Digest) -> bool {
        match &self.held {
            Held::Scalars(scalars) => scalars.remove(digest),
            Held::Engine { engine, .. } => engine.remove(digest),
        }
    }

    /// Forgets all, and tells what that was.
    pub(crate) fn clear(&self) -> Vec<Digest> {
        let held = self.digests();
        match &self.held {
            Held::Scalars(scalars) => scalars.clear(),
            Held::Engine { engine, .. } => engine.clear(),
        }
        self.dues.lock().unwrap_or_else(PoisonError::into_inner).clear();
        held
    }

    fn digests(&self) -> Vec<Digest> {
        match &self.held {
            Held::Scalars(scalars) => scalars.digests(),
            Held::Engine { engine, .. } => engine.digests(),
        }
    }

    /// How much is held.
    pub(crate) fn load(&self) -> Load {
        match &self.held {
            Held::Scalars(scalars) => scalars.load(),
            Held::Engine { engine, .. } => engine.load(),
        }
    }
}

fn hold<K: Clone + Send + Sync + 'static>(plan: TierPlan<K>) -> Held<K> {
    let (bounds, on_evict) = (plan.bounds, plan.on_evict);
    // moka reads its own clock and knows one time for all, so it may expire entries only where ours are the same.
    let ttl = plan.ttl.filter(|_| plan.clock.is_system() && !plan.ttl_varies).map(Duration::from_nanos);
    if let Some(scalars) = plan.scalars {
        return Held::Scalars(Scalars::new(scalars, on_evict));
    }
    let engine: Box<dyn Engine<K> + Send + Sync> = match plan.policy {
        Policy::Lru => Box::new(lru::Lru::new(bounds, on_evict)),
        Policy::Lfu => Box::new(super::lfu::Lfu::new(bounds, ttl, plan.awaited, on_evict)),
        policy => Box::new(Queued::new(bounds, policy, on_evict)),
    };
    let index = engine.index();
    Held::Engine { engine, index }
}
