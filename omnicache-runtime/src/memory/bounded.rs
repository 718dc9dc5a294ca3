//! Plain values within a bound of their own: the table of words, and beside it a queue that knows who is to leave.
//!
//! Readers find a value and the number of its place in the queue in one look, and count the use there. Writers hold the
//! table's lock, and the queue is behind it.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::atomic::prefetch;
use super::entry::count_use;
use super::nodes::{Nodes, Place, Slab};
use super::queue::{Named, Order};
use super::s3_fifo::S3Fifo;
use super::sketch::Outlook;
use super::{Bounds, Few, IsWanted, Loss, OnEvict, Table};
use crate::key::Digest;

/// Plain values of one word, of which so many are kept.
pub(super) struct Bounded {
    /// A value, and the number of its place.
    table: Table<2, Queue>,
    /// Uses of each place since the queue last looked.
    uses: Box<[AtomicU8]>,
    outlook: Outlook,
    most: usize,
}

/// Who is to leave; behind the lock of the table's writers.
#[derive(Default)]
struct Queue {
    places: Slab<()>,
    order: S3Fifo,
}

impl Queue {
    /// Gives up the places of what the table had no room for.
    #[cold]
    fn forget_all(&mut self, crowded: Few<(Digest, u64)>, gone: &mut Few<Digest>) {
        for (digest, place) in crowded {
            self.forget(place);
            gone.push(digest);
        }
    }

    /// Gives up the place of this number.
    fn forget(&mut self, number: u64) {
        let place = u32::try_from(number).ok().and_then(|number| self.places.at(number));
        if let Some((place, ())) = place {
            self.places.take(place);
        }
    }
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

    #[inline]
    fn expect(&self, [next, _]: [Option<Named>; 2]) {
        if let Some(Named { place, .. }) = next {
            self.0.expect(place);
            self.1.get(place.index() as usize).into_iter().for_each(prefetch);
        }
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
        Self {
            table: Table::new(u64::MAX),
            // One more, for what comes before another leaves.
            uses: std::iter::repeat_with(AtomicU8::default).take(most + 1).collect(),
            outlook: Outlook::default(),
            most,
        }
    }

    /// Counts a use of the value at a place.
    #[inline(always)]
    pub(super) fn used_at(&self, place: u64) {
        if let Some(uses) = usize::try_from(place).ok().and_then(|place| self.uses.get(place)) {
            count_use(uses);
        }
    }

    /// The value under a digest if one look finds it, and its place; no use yet.
    #[inline(always)]
    pub(super) fn get_at_once(&self, digest: Digest) -> Option<[u64; 2]> {
        self.table.get_at_once(digest)
    }

    /// The value under a digest; no use.
    pub(super) fn peek(&self, digest: Digest) -> Option<u64> {
        self.table.get(digest).map(|[bits, _]| bits)
    }

    /// Whether one look tells that there is no value under a digest, and no writer was in the way.
    #[inline]
    pub(super) fn surely_lacks(&self, digest: Digest) -> bool {
        self.table.surely_lacks(digest)
    }

    /// Whether there is a value under a digest, by who must not miss it.
    pub(super) fn surely_has(&self, digest: Digest) -> bool {
        self.table.get_surely(digest).is_some()
    }

    /// Counts a use of the value under a digest.
    pub(super) fn used(&self, digest: Digest) {
        if let Some([_, place]) = self.table.get(digest) {
            self.used_at(place);
        }
    }

    /// Gets ready for a value that will be inserted soon.
    #[inline]
    pub(super) fn expect(&self, digest: Digest) {
        self.table.expect(digest);
        self.outlook.expect(digest);
    }

    /// Keeps a value if it is still wanted, in place of another if there are enough.
    pub(super) fn insert(
        &self,
        digest: Digest,
        bits: u64,
        loss: Loss,
        is_wanted: IsWanted<'_>,
        on_evict: &OnEvict,
    ) {
        let mut gone = Few::default();
        let mut writer = self.table.lock();
        if !is_wanted() {
            return;
        }
        // Nobody else writes, so that this look is not in vain.
        if self.table.may_have(digest)
            && let Some([_, place]) = self.table.get(digest)
        {
            self.table.insert_by(&mut writer, digest, [bits, place], &mut |_, _| {});
            return;
        }
        let place = writer.beside.places.put(());
        let mut crowded = Few::default();
        let mut give_up = |digest, [_, place]: [u64; 2]| crowded.push((digest, place));
        self.table.insert_new(&mut writer, digest, [bits, place.index().into()], &mut give_up);
        if !crowded.is_empty() {
            writer.beside.forget_all(crowded, &mut gone);
        }
        if let Some(uses) = self.uses.get(place.index() as usize) {
            uses.store(0, Relaxed);
        }
        let Queue { places, order } = &mut writer.beside;
        order.inserted(Named { digest, place }, loss.alone(), &Places(places, &self.uses));
        while writer.beside.places.len() > self.most {
            let Queue { places, order } = &mut writer.beside;
            let Some(victim) = order.victim(&Places(places, &self.uses), Some(place)) else { break };
            places.take(victim.place);
            self.table.remove_by(&mut writer, victim.digest, |_| true);
            gone.push(victim.digest);
        }
        // Who may be the next to leave is fetched while the next body runs.
        let Queue { places, order } = &writer.beside;
        let upcoming = order.upcoming();
        Places(places, &self.uses).expect(upcoming);
        order.sketch().into_iter().for_each(|sketch| self.outlook.note(sketch));
        drop(writer);
        self.table.expect_in_turn(upcoming);
        gone.iter().for_each(|digest| on_evict(*digest));
    }

    /// Forgets a value; tells whether there was one.
    pub(super) fn remove(&self, digest: Digest) -> bool {
        let mut writer = self.table.lock();
        let removed = self.table.remove_by(&mut writer, digest, |_| true);
        if let Some([_, place]) = removed {
            writer.beside.forget(place);
        }
        removed.is_some()
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        let mut writer = self.table.lock();
        self.table.clear_by(&mut writer, &mut |_, _| {});
        writer.beside = Queue::default();
    }

    pub(super) fn digests(&self) -> Vec<Digest> {
        self.table.digests()
    }

    pub(super) fn len(&self) -> u64 {
        self.table.len()
    }
}
