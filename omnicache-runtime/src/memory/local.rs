//! The memory tier of one thread, for values that need not be `Send`: the same orders around a plain map, without locks.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;

use super::dues::{Due, Dues};
use super::entry::count_use;
use super::nodes::{self, Place, Slab};
use super::orders::Orders;
use super::queue::{Named, Order};
use super::{Bounds, Entry, Few, Load, OnEvict, Stake};
use crate::clock::{Clock, Nanos};
use crate::key::{Digest, DigestState};
use crate::kind::Policy;

/// One thread's entries.
pub(crate) struct LocalTier<K> {
    held: RefCell<Held<K>>,
    bounds: Bounds,
    idle: Option<Nanos>,
    /// Whether any entry has had a time to live, or to idle.
    expires: Cell<bool>,
    /// Whether one look is all that a hit takes.
    at_once: Cell<bool>,
    clock: Arc<dyn Clock>,
    on_evict: OnEvict,
    on_expire: OnEvict,
}

/// What is held. It is lent to nobody whose code is not ours: a destructor, or a clock, may come back and ask for more.
struct Held<K> {
    spots: HashMap<Digest, Spot, DigestState>,
    nodes: Nodes<K>,
    orders: Orders,
    bytes: u64,
    dues: Dues,
}

/// Where an entry is, and what a hit wants of one that is a plain value of one word.
#[derive(Clone, Copy)]
struct Spot {
    place: Place,
    bits: u64,
}

/// The entries by place, and their uses apart: a hit of a plain value does not look at its entry.
struct Nodes<K> {
    entries: Slab<Rc<Entry<K>>>,
    uses: Vec<AtomicU8>,
}

impl<K> Nodes<K> {
    fn put(&mut self, entry: Rc<Entry<K>>) -> Place {
        let place = self.entries.put(entry);
        match self.uses.get_mut(place.index() as usize) {
            Some(uses) => *uses.get_mut() = 0,
            None => self.uses.push(AtomicU8::new(0)),
        }
        place
    }

    /// Counts a use of the entry at a place that was not left.
    #[inline(always)]
    fn used(&self, place: Place) {
        self.uses.get(place.index() as usize).into_iter().for_each(count_use);
    }

    /// Lets go of all, and gives the room back.
    fn drain(&mut self) -> Vec<Rc<Entry<K>>> {
        self.uses = Vec::new();
        self.entries.drain()
    }
}

impl<K: 'static> nodes::Nodes for Nodes<K> {
    fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    fn uses(&self, place: Place) -> Option<&AtomicU8> {
        self.entries.get(place)?;
        self.uses.get(place.index() as usize)
    }

    #[inline]
    fn expect(&self, [next, _]: [Option<Named>; 2]) {
        next.into_iter().for_each(|next| self.entries.expect(next.place));
    }
}

impl<K: 'static> Held<K> {
    #[inline(always)]
    fn find(&self, digest: Digest) -> Option<(Place, &Rc<Entry<K>>)> {
        let Spot { place, .. } = *self.spots.get(&digest)?;
        Some((place, self.nodes.entries.get(place)?))
    }

    fn load(&self) -> Load {
        Load { entries: self.nodes.entries.len() as u64, bytes: self.bytes }
    }

    #[inline(always)]
    fn used(&mut self, place: Place) {
        if let Orders::Recent(recent) = &mut self.orders {
            recent.used(place);
        } else {
            self.nodes.used(place);
        }
    }

    fn take(&mut self, Named { digest, place }: Named) -> Option<Rc<Entry<K>>> {
        let entry = self.nodes.entries.take(place)?;
        self.bytes -= entry.weight;
        if self.spots.get(&digest).is_some_and(|spot| spot.place == place) {
            self.spots.remove(&digest);
        }
        Some(entry)
    }

    fn remove(&mut self, digest: Digest) -> Option<Rc<Entry<K>>> {
        let Spot { place, .. } = *self.spots.get(&digest)?;
        self.take(Named { digest, place })
    }

    /// Takes an entry in, whose bits are those; gives the one it replaces.
    fn put(
        &mut self,
        digest: Digest,
        stake: Stake,
        entry: Rc<Entry<K>>,
        bits: u64,
    ) -> (Place, Option<Rc<Entry<K>>>) {
        self.bytes += entry.weight;
        if let Some(spot) = self.spots.get_mut(&digest)
            && let Some(there) = self.nodes.entries.at_mut(spot.place.index())
        {
            spot.bits = bits;
            let (place, old) = (spot.place, std::mem::replace(there, entry));
            self.bytes -= old.weight;
            if let Orders::Recent(recent) = &mut self.orders {
                recent.used(place);
            }
            return (place, Some(old));
        }
        let place = self.nodes.put(entry);
        self.spots.insert(digest, Spot { place, bits });
        self.orders.inserted(Named { digest, place }, stake, &self.nodes);
        (place, None)
    }

    /// Removes an entry to make room.
    fn evict(&mut self, spared: Place) -> Option<(Digest, Rc<Entry<K>>)> {
        let victim = self.orders.victim(&self.nodes, Some(spared))?;
        Some((victim.digest, self.take(victim)?))
    }
}

impl<K: 'static> LocalTier<K> {
    pub(crate) fn new(
        bounds: Bounds,
        policy: Policy,
        idle: Option<Nanos>,
        clock: Arc<dyn Clock>,
        on_evict: OnEvict,
        on_expire: OnEvict,
    ) -> Self {
        let held = Held {
            spots: HashMap::default(),
            nodes: Nodes { entries: Slab::default(), uses: Vec::new() },
            orders: Orders::new(policy),
            bytes: 0,
            dues: Dues::default(),
        };
        let expires = Cell::new(idle.is_some());
        let at_once = Cell::new(idle.is_none() && !matches!(held.orders, Orders::Recent(_)));
        Self { held: RefCell::new(held), bounds, idle, expires, at_once, clock, on_evict, on_expire }
    }

    /// The time, if it counts.
    #[inline(always)]
    fn now(&self) -> Option<Nanos> {
        self.expires.get().then(|| self.clock.now())
    }

    #[inline(always)]
    fn is_live(&self, entry: &Entry<K>, now: Option<Nanos>) -> bool {
        now.is_none_or(|now| !entry.expired(now, self.idle))
    }

    /// The bits that an entry was put with, counted as a use, where one look is all it takes: times do not count, and a
    /// use moves nothing.
    #[inline(always)]
    pub(crate) fn bits_at_once(&self, digest: Digest) -> Option<u64> {
        if !self.at_once.get() {
            return None;
        }
        // SAFETY: nothing borrows before this function ends: it asks for a digest's hash and compares digests, which is
        // code of ours that comes back to nothing.
        let held = unsafe { self.held.try_borrow_unguarded() }.ok()?;
        let Spot { place, bits } = *held.spots.get(&digest)?;
        held.nodes.used(place);
        Some(bits)
    }

    /// Reads the entry if it may still be served, counted as a use. What reads must be code of ours.
    #[inline(always)]
    pub(crate) fn read<R>(&self, digest: Digest, read: impl FnOnce(&Rc<Entry<K>>) -> R) -> Option<R> {
        let now = self.now();
        let mut held = self.held.borrow_mut();
        let (place, entry) = held.find(digest).filter(|(_, entry)| self.is_live(entry, now))?;
        now.into_iter().for_each(|now| entry.touch(now));
        let result = read(entry);
        held.used(place);
        Some(result)
    }

    /// The entry if it may still be served, counted as a use; one that may not is let go of.
    pub(crate) fn get(&self, digest: Digest) -> Option<Rc<Entry<K>>> {
        let entry = self.read(digest, Rc::clone);
        if entry.is_none() && self.remove(digest) {
            (self.on_expire)(digest);
        }
        entry
    }

    /// The entry if it may still be served, not counted as a use.
    pub(crate) fn peek(&self, digest: Digest) -> Option<Rc<Entry<K>>> {
        self.look(digest).filter(|entry| self.is_live(entry, self.now()))
    }

    /// Whether an entry is there that is past its time.
    pub(crate) fn holds_expired(&self, digest: Digest) -> bool {
        self.look(digest).is_some_and(|entry| !self.is_live(&entry, self.now()))
    }

    fn look(&self, digest: Digest) -> Option<Rc<Entry<K>>> {
        self.held.borrow().find(digest).map(|(_, entry)| Rc::clone(entry))
    }

    /// Whether a value of this weight can be kept at all.
    pub(crate) fn fits(&self, weight: u64) -> bool {
        self.bounds.max_bytes.is_none_or(|most| weight <= most)
    }

    /// Keeps an entry, and the bits of a plain value of one word. What has expired makes room first.
    pub(crate) fn insert(&self, digest: Digest, entry: Entry<K>, bits: u64) {
        self.expire_first(digest, &entry);
        let mut evicted = Few::default();
        let mut held = self.held.borrow_mut();
        let stake = self.bounds.stake(entry.loss, entry.weight);
        let (place, replaced) = held.put(digest, stake, Rc::new(entry), bits);
        while self.bounds.exceeded_beside(held.load(), held.orders.reserve()) {
            let Some(gone) = held.evict(place) else { break };
            evicted.push(gone);
        }
        drop(held);
        drop(replaced);
        evicted.into_iter().for_each(|(digest, _)| (self.on_evict)(digest));
    }

    /// Removes what has outlived its time, and notes the newcomer.
    fn expire_first(&self, digest: Digest, entry: &Entry<K>) {
        if entry.ttl().is_some() {
            self.expires.set(true);
            self.at_once.set(false);
        }
        let Some(now) = self.now() else { return };
        let mut held = self.held.borrow_mut();
        let over: Vec<Digest> = std::iter::from_fn(|| held.dues.pop(now)).map(|due| due.digest).collect();
        if let Some(ttl) = entry.ttl() {
            held.dues.push(Due::new(digest, entry.stored_at, ttl));
        }
        let Held { spots, nodes, dues, .. } = &mut *held;
        if dues.len() > nodes.entries.len().saturating_mul(2).saturating_add(64) {
            let stored_at = |digest| Some(nodes.entries.get(spots.get(&digest)?.place)?.stored_at);
            dues.retain(|due| stored_at(due.digest) == Some(due.stored_at) || due.digest == digest);
        }
        drop(held);
        for old in over {
            if self.holds_expired(old) && self.remove(old) {
                (self.on_expire)(old);
            }
        }
    }

    /// Forgets an entry; tells whether there was one.
    pub(crate) fn remove(&self, digest: Digest) -> bool {
        let removed = self.held.borrow_mut().remove(digest);
        removed.is_some()
    }

    /// Forgets all, and tells what that was.
    pub(crate) fn clear(&self) -> Vec<Digest> {
        let mut held = self.held.borrow_mut();
        let digests = held.spots.drain().map(|(digest, _)| digest).collect();
        let nodes = held.nodes.drain();
        held.orders.clear();
        held.dues.clear();
        held.bytes = 0;
        drop(held);
        drop(nodes);
        digests
    }

    pub(crate) fn load(&self) -> Load {
        self.held.borrow().load()
    }
}
