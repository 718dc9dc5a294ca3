//! Plain values within a bound of their own: the table of words, and beside it a queue that knows who is to leave.
//!
//! Readers find a value and the number of its place in the queue in one look, and count the use there. Writers hold the
//! queue's lock.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::entry::count_use;
use super::nodes::{Nodes, Place, Slab};
use super::queue::{Named, Order};
use super::s3_fifo::S3Fifo;
use super::{Bounds, Few, OnEvict, Table};
use crate::key::Digest;

/// Plain values of one word, of which so many are kept.
pub(super) struct Bounded {
    /// A value, and the number of its place.
    table: Table<2>,
    /// Uses of each place since the queue last looked.
    uses: Box<[AtomicU8]>,
    queue: Mutex<Queue>,
    most: usize,
}

/// Who is to leave.
struct Queue {
    places: Slab<()>,
    order: S3Fifo,
}

/// The places, for the order.
struct Places<'a>(&'a Slab<()>, &'a [AtomicU8]);

impl Nodes for Places<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn uses(&self, place: Place) -> Option<&AtomicU8> {
        self.0.get(place).and_then(|()| self.1.get(place.index() as usize))
    }
}

impl Bounded {
    /// Uses of more places than this are not laid out beforehand.
    const MOST: u64 = 1 << 22;

    /// How many values of this size there may be, if that is a number to be kept here.
    pub(super) fn most(bounds: Bounds, size: u64) -> Option<usize> {
        let of_bytes = bounds.max_bytes.map_or(u64::MAX, |most| most / size.max(1));
        let most = bounds.max_entries.unwrap_or(u64::MAX).min(of_bytes);
        usize::try_from(most).ok().filter(|_| (1..=Self::MOST).contains(&most))
    }

    pub(super) fn new(most: usize) -> Self {
        let order = S3Fifo::several(1).pop().unwrap_or_else(|| unreachable!("one was asked for"));
        Self {
            table: Table::new(u64::MAX),
            // One more, for what comes before another leaves.
            uses: std::iter::repeat_with(AtomicU8::default).take(most + 1).collect(),
            queue: Mutex::new(Queue { places: Slab::default(), order }),
            most,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    fn of_use(&self, [bits, place]: [u64; 2]) -> u64 {
        if let Some(uses) = usize::try_from(place).ok().and_then(|place| self.uses.get(place)) {
            count_use(uses);
        }
        bits
    }

    /// The value under a digest if one look finds it; a use.
    #[inline]
    pub(super) fn get_at_once(&self, digest: Digest) -> Option<u64> {
        self.table.get_at_once(digest).map(|found| self.of_use(found))
    }

    /// The value under a digest; no use.
    pub(super) fn peek(&self, digest: Digest) -> Option<u64> {
        self.table.get(digest).map(|[bits, _]| bits)
    }

    /// Counts a use of the value under a digest.
    pub(super) fn used(&self, digest: Digest) {
        self.table.get(digest).map(|found| self.of_use(found));
    }

    /// Keeps a value, in place of another if there are enough.
    pub(super) fn insert(&self, digest: Digest, bits: u64, on_evict: &OnEvict) {
        let mut gone = Few::default();
        let mut guard = self.lock();
        let Queue { places, order } = &mut *guard;
        // Whoever writes to the table holds the lock, so that this look is not in vain.
        if let Some([_, place]) = self.table.get(digest) {
            self.table.insert(digest, [bits, place], &mut |_, _| {});
            return;
        }
        let place = places.put(());
        if let Some(uses) = self.uses.get(place.index() as usize) {
            uses.store(0, Relaxed);
        }
        order.inserted(Named { digest, place }, &Places(places, &self.uses));
        while places.len() > self.most {
            let victim = order.victim(&Places(places, &self.uses), Some(place));
            let Some(victim) = victim else { break };
            places.take(victim.place);
            self.table.remove(victim.digest);
            gone.push(victim.digest);
        }
        let mut crowded = Few::default();
        let mut give_up = |digest, [_, place]: [u64; 2]| crowded.push((digest, place));
        self.table.insert(digest, [bits, place.index().into()], &mut give_up);
        for (digest, place) in crowded {
            let place = u32::try_from(place).ok().and_then(|place| places.at(place));
            place.map(|(place, ())| place).and_then(|place| places.take(place));
            gone.push(digest);
        }
        drop(guard);
        gone.iter().for_each(|digest| on_evict(*digest));
    }

    /// Forgets a value; tells whether there was one.
    pub(super) fn remove(&self, digest: Digest) -> bool {
        let mut queue = self.lock();
        let Some([_, place]) = self.table.remove(digest) else { return false };
        let place = u32::try_from(place).ok().and_then(|place| queue.places.at(place));
        if let Some(place) = place.map(|(place, ())| place) {
            queue.places.take(place);
        }
        true
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        let mut queue = self.lock();
        self.table.clear(&mut |_, _| {});
        queue.order.clear();
        drop(queue.places.drain());
    }

    pub(super) fn digests(&self) -> Vec<Digest> {
        self.table.digests()
    }

    pub(super) fn len(&self) -> u64 {
        self.table.len()
    }
}
