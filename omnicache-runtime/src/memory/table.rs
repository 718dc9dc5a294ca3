//! Words without a lock: a table that readers verify instead of locking.
//!
//! A slot is two words of digest mixed with the value, and the value's own words (after Hyatt's lockless transposition
//! table). A reader loads the words in any order and undoes the mixing: if the digest that comes out is the one sought,
//! the words belong together; if a writer was in between, they do not match and the reader misses. Slots come in groups
//! of eight with a word of tags each, a byte of the digest per slot, so that a lookup looks at one slot as a rule.
//! `docs/decisions/0003-scalar-table.md` has the argument.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::atomic::{AtomicPtr, AtomicU64, Mutex, MutexGuard, fence, prefetch};
use super::groups::{EACH, GROUP, Generation, Place, SMALLEST, VACATED, zero_bytes};
use super::queue::Named;
use crate::key::Digest;

/// A bounded table from digest to `P` words, read without a lock.
pub(crate) struct Table<const P: usize, B = ()> {
    /// Those grown out of stay until the table goes, for their readers, but give their pages back.
    current: AtomicPtr<Generation<P>>,
    writer: Mutex<Writer<B>>,
    /// Odd while a writer moves or overwrites what is there, so that readers may miss it.
    moves: AtomicU64,
    most_groups: usize,
}

/// What writers know.
pub(super) struct Writer<B> {
    /// What the table's owner keeps behind the same lock.
    pub(super) beside: B,
    entries: usize,
    /// Slots that are not empty, those included that were vacated.
    used: usize,
    victim: usize,
}

/// Is told of each entry that the table gives up to make room. Called under the writers' lock.
pub(crate) type GiveUp<'a, const P: usize> = &'a mut dyn FnMut(Digest, [u64; P]);

impl<const P: usize, B: Default> Table<P, B> {
    /// What one slot takes: its words, and its tag.
    const SLOT_BYTES: u64 = 8 * (P as u64 + 2) + 1;

    pub(crate) fn new(max_bytes: u64) -> Self {
        let slots = usize::try_from(max_bytes / Self::SLOT_BYTES).unwrap_or(usize::MAX).min(1 << 40);
        Self {
            current: AtomicPtr::new(Generation::new(SMALLEST, std::ptr::null_mut())),
            writer: Mutex::new(Writer { beside: B::default(), entries: 0, used: 0, victim: 0 }),
            moves: AtomicU64::new(0),
            most_groups: (slots / GROUP / 2 + 1).next_power_of_two().max(SMALLEST),
        }
    }
}

impl<const P: usize, B> Table<P, B> {
    #[inline(always)]
    fn present(&self) -> &Generation<P> {
        // SAFETY: made by `Generation::new`, published by a release store, and freed when the table goes.
        unsafe { &*self.current.load(Acquire) }
    }

    /// Keeps writers out.
    pub(super) fn lock(&self) -> MutexGuard<'_, Writer<B>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value under a digest.
    #[inline(always)]
    pub(crate) fn get(&self, digest: Digest) -> Option<[u64; P]> {
        self.present().find(digest).map(|(_, _, value)| value)
    }

    /// The value under a digest, by who must not miss it: if a writer may have been in the way, it is waited for.
    pub(super) fn get_surely(&self, digest: Digest) -> Option<[u64; P]> {
        let before = self.moves.load(Acquire);
        if let Some(value) = self.get(digest) {
            return Some(value);
        }
        // Whoever has seen a word that a writer left behind sees that there is one.
        fence(Acquire);
        if before.is_multiple_of(2) && self.moves.load(Relaxed) == before {
            return None;
        }
        let _writers = self.lock();
        self.get(digest)
    }

    /// Whether one look tells that there is nothing under a digest, and no writer was in the way.
    #[inline]
    pub(super) fn surely_lacks(&self, digest: Digest) -> bool {
        let before = self.moves.load(Acquire);
        if !before.is_multiple_of(2) || self.may_have(digest) && self.get(digest).is_some() {
            return false;
        }
        fence(Acquire);
        self.moves.load(Relaxed) == before
    }

    /// Moves or overwrites what readers may be looking for. Only who has the lock does so.
    fn moving<R>(&self, _: &mut Writer<B>, change: impl FnOnce() -> R) -> R {
        let before = self.moves.load(Relaxed);
        self.moves.store(before + 1, Relaxed);
        fence(Release);
        let result = change();
        self.moves.store(before + 2, Release);
        result
    }

    /// The value under a digest if the first slot to look at has it, which nearly all do: a straight way without loops.
    #[inline(always)]
    pub(crate) fn get_at_once(&self, digest: Digest) -> Option<[u64; P]> {
        let (table, Place { group, tag }) = (self.present(), Place::of(digest));
        let marks = zero_bytes(table.tags(group).load(Relaxed) ^ tag.wrapping_mul(EACH));
        // Nothing is fetched for a key that is not there.
        if marks == 0 {
            return None;
        }
        table.slot(group, marks.trailing_zeros() as usize / GROUP).look(digest)
    }

    /// Whether it takes more than a look at the tags of its group to tell that a digest is not there.
    #[inline]
    pub(super) fn may_have(&self, digest: Digest) -> bool {
        let (table, Place { group, tag }) = (self.present(), Place::of(digest));
        let tags = table.tags(group).load(Relaxed);
        zero_bytes(tags ^ tag.wrapping_mul(EACH)) != 0 || zero_bytes(tags) == 0
    }

    /// Gets ready to be asked for a digest soon, or for room for it.
    #[inline]
    pub(super) fn expect(&self, digest: Digest) {
        let (table, Place { group, tag }) = (self.present(), Place::of(digest));
        let tags = table.tags(group).load(Relaxed);
        let (there, room) = (zero_bytes(tags ^ tag.wrapping_mul(EACH)), zero_bytes(tags & !(EACH * VACATED)));
        let marks = if there == 0 { room } else { there };
        table.slot(group, marks.trailing_zeros() as usize / GROUP).expect();
    }

    /// Gets ready to be asked for one digest now and for another one next time, without waiting for either: the slot of
    /// the first, whose tags were fetched as the second's, and the tags of the second.
    pub(super) fn expect_in_turn(&self, [now, then]: [Option<Named>; 2]) {
        now.into_iter().for_each(|now| self.expect(now.digest));
        then.into_iter().for_each(|then| prefetch(self.present().tags(Place::of(then.digest).group)));
    }

    /// Keeps a value, growing the table or giving up another entry if there is no room. Gives the one it replaced.
    #[cfg(test)]
    pub(crate) fn insert(&self, digest: Digest, value: [u64; P], give_up: GiveUp<'_, P>) -> Option<[u64; P]> {
        self.insert_by(&mut self.lock(), digest, value, give_up)
    }

    /// The same, by who has the lock.
    pub(super) fn insert_by(
        &self,
        writer: &mut Writer<B>,
        digest: Digest,
        value: [u64; P],
        give_up: GiveUp<'_, P>,
    ) -> Option<[u64; P]> {
        if let Some((group, index, old)) = self.present().find(digest) {
            self.moving(writer, || self.present().slot(group, index).write(digest, value));
            return Some(old);
        }
        self.insert_new(writer, digest, value, give_up);
        None
    }

    /// The same where it is known that nothing is there.
    pub(super) fn insert_new(
        &self,
        writer: &mut Writer<B>,
        digest: Digest,
        value: [u64; P],
        give_up: GiveUp<'_, P>,
    ) {
        loop {
            let table = self.present();
            // At most seven eighths full, so that searches end soon.
            let crowded = 8 * (writer.used + 1) > 7 * table.slots();
            if let Some(fresh) = table.put(digest, value, !crowded) {
                writer.used += usize::from(fresh);
                writer.entries += 1;
                return;
            }
            if !self.make_room(writer, give_up) {
                self.displace(writer, digest, give_up);
            }
        }
    }

    /// Gives up an entry nearby.
    #[cold]
    fn displace(&self, writer: &mut Writer<B>, digest: Digest, give_up: GiveUp<'_, P>) {
        let (table, home) = (self.present(), Place::of(digest).group);
        writer.victim = writer.victim.wrapping_add(1);
        let nearby =
            (0..=table.mask).flat_map(|step| (0..GROUP).map(move |index| (home.wrapping_add(step), index)));
        for (group, index) in nearby {
            let index = (index + writer.victim) % GROUP;
            if table.tags(group).load(Relaxed) >> (8 * index) & 0xFF > VACATED {
                give_up(table.slot(group, index).digest(), table.slot(group, index).value());
                return Self::vacate(table, writer, group, index);
            }
        }
    }

    /// Erases a slot.
    fn vacate(table: &Generation<P>, writer: &mut Writer<B>, group: usize, index: usize) {
        table.slot(group, index).erase();
        // No search has ever gone on behind a group that has an empty slot.
        let was_full = zero_bytes(table.tags(group).load(Relaxed)) == 0;
        table.set_tag(group, index, if was_full { VACATED } else { 0 });
        writer.entries -= 1;
        writer.used -= usize::from(!was_full);
    }

    /// Doubles the table, or sweeps it if much of it was vacated; tells whether it could.
    #[cold]
    fn make_room(&self, writer: &mut Writer<B>, give_up: GiveUp<'_, P>) -> bool {
        let current = self.current.load(Relaxed);
        let old = self.present();
        let groups = old.mask + 1;
        let can_grow = groups < self.most_groups;
        let vacated = writer.used - writer.entries;
        if vacated > writer.used / if can_grow { 2 } else { 8 } {
            self.sweep(writer, give_up);
            return true;
        }
        if !can_grow {
            return false;
        }
        let grown = Generation::new(2 * groups, current);
        // SAFETY: made this moment, and freed when the table goes.
        let new = unsafe { &*grown };
        let moved = Self::move_all(old, new, give_up);
        (writer.entries, writer.used) = (moved, moved);
        self.moving(writer, || {
            self.current.store(grown, Release);
            old.cells.give_back();
        });
        true
    }

    /// Copies every entry; tells how many found room.
    fn move_all(from: &Generation<P>, to: &Generation<P>, give_up: GiveUp<'_, P>) -> usize {
        let mut moved = 0;
        for (group, index) in from.full() {
            let slot = from.slot(group, index);
            match to.put(slot.digest(), slot.value(), true) {
                Some(_) => moved += 1,
                None => give_up(slot.digest(), slot.value()),
            }
        }
        moved
    }

    /// Makes vacated slots empty again. A reader in between may miss what is being moved, and finds it later.
    fn sweep(&self, writer: &mut Writer<B>, give_up: GiveUp<'_, P>) {
        let table = self.present();
        let live: Vec<_> = table.full().map(|(group, index)| table.slot(group, index)).collect();
        let live: Vec<_> = live.iter().map(|slot| (slot.digest(), slot.value())).collect();
        let kept = self.moving(writer, || {
            Self::erase(table);
            live.into_iter()
                .filter(|&(digest, value)| {
                    let has_room = table.put(digest, value, true).is_some();
                    if !has_room {
                        give_up(digest, value);
                    }
                    has_room
                })
                .count()
        });
        (writer.entries, writer.used) = (kept, kept);
    }

    fn erase(table: &Generation<P>) {
        for (group, index) in table.full() {
            table.slot(group, index).erase();
        }
        (0..=table.mask).for_each(|group| table.tags(group).store(0, Release));
    }

    /// Forgets a value, and gives it.
    pub(crate) fn remove(&self, digest: Digest) -> Option<[u64; P]> {
        self.remove_if(digest, |_| true)
    }

    /// Forgets a value if it is one that `applies` to, and gives it.
    pub(crate) fn remove_if(
        &self,
        digest: Digest,
        applies: impl FnOnce([u64; P]) -> bool,
    ) -> Option<[u64; P]> {
        self.remove_by(&mut self.lock(), digest, applies)
    }

    /// The same, by who has the lock.
    pub(super) fn remove_by(
        &self,
        writer: &mut Writer<B>,
        digest: Digest,
        applies: impl FnOnce([u64; P]) -> bool,
    ) -> Option<[u64; P]> {
        let table = self.present();
        let (group, index, value) = table.find(digest).filter(|(.., value)| applies(*value))?;
        Self::vacate(table, writer, group, index);
        Some(value)
    }

    /// Forgets all, telling `give_up` of each.
    pub(crate) fn clear(&self, give_up: GiveUp<'_, P>) {
        self.clear_by(&mut self.lock(), give_up);
    }

    /// The same, by who has the lock.
    pub(super) fn clear_by(&self, writer: &mut Writer<B>, give_up: GiveUp<'_, P>) {
        let table = self.present();
        for (group, index) in table.full() {
            give_up(table.slot(group, index).digest(), table.slot(group, index).value());
        }
        Self::erase(table);
        (writer.entries, writer.used) = (0, 0);
    }

    /// What is held, in no order.
    pub(crate) fn digests(&self) -> Vec<Digest> {
        let _writer = self.lock();
        let table = self.present();
        table.full().map(|(group, index)| table.slot(group, index).digest()).collect()
    }

    /// How many values are held.
    pub(crate) fn len(&self) -> u64 {
        self.lock().entries as u64
    }
}

impl<const P: usize, B> Drop for Table<P, B> {
    fn drop(&mut self) {
        let mut next = self.current.load(Relaxed);
        while !next.is_null() {
            // SAFETY: made by `Generation::new` from a box, in no other chain, and nobody reads it any more.
            let generation = unsafe { Box::from_raw(next) };
            next = generation.older;
        }
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
