//! Scalars without a lock: a table of words that readers verify instead of locking.
//!
//! A slot is four words: two of value and two of digest, the latter mixed with the value (after Hyatt's lockless
//! transposition table). A reader loads the words in any order and undoes the mixing: if the digest that comes
//! out is the one sought, the words belong together; if a writer was in between, they do not match and the reader
//! misses. `docs/decisions/0003-scalar-table.md` has the argument.

use std::sync::atomic::{AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::slots::{Slot, Slots};
use super::{Load, OnEvict};
use crate::key::Digest;

/// Slots of the smallest table.
const SMALLEST: usize = 64;
/// How far from its place a digest may lie. With this reach a table of 131,072 slots takes digests up to three
/// quarters full or a little more, before one finds no room.
const REACH: usize = 128;
const SLOT_BYTES: u64 = size_of::<Slot>() as u64;

const EMPTY: [u64; 4] = [0; 4];
/// A slot that held something: the search goes on behind it.
const VACATED: [u64; 4] = [1, 0, 0, 0];

/// What a look at a slot finds.
enum Look {
    Found([u64; 2]),
    Other,
    /// Nothing was ever kept here: the search is over.
    Empty,
}

/// Mixes two words without losing any of them: two rounds of a Feistel network.
#[inline]
fn mix([low, high]: [u64; 2]) -> [u64; 2] {
    let low = low ^ high.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
    [low, high ^ low.wrapping_mul(0xD6E8_FEB8_6659_FD93).rotate_left(32)]
}

impl Slot {
    #[inline]
    fn look(&self, digest: Digest) -> Look {
        let value = [self.0[2].load(Relaxed), self.0[3].load(Relaxed)];
        let (low, high) = (self.0[0].load(Relaxed), self.0[1].load(Relaxed));
        let mixed = mix(value);
        if low ^ mixed[0] == digest.low() && high ^ mixed[1] == digest.high() {
            Look::Found(value)
        } else if low | high == 0 {
            Look::Empty
        } else {
            Look::Other
        }
    }

    fn words(&self) -> [u64; 4] {
        std::array::from_fn(|index| self.0[index].load(Relaxed))
    }

    fn is_free(&self) -> bool {
        matches!(self.words(), EMPTY | VACATED)
    }

    fn write(&self, words: [u64; 4]) {
        self.0.iter().zip(words).for_each(|(slot, word)| slot.store(word, Relaxed));
    }

    /// The digest of a slot at rest: only the writer, who holds the lock, may ask.
    fn digest(&self) -> Digest {
        let [low, high, value @ ..] = self.words();
        let mixed = mix(value);
        Digest::from_words(low ^ mixed[0], high ^ mixed[1])
    }
}

/// The slots in the order in which a digest looks at them.
#[inline]
fn slots(table: &[Slot], digest: Digest) -> impl Iterator<Item = &Slot> {
    let mask = table.len() - 1;
    #[expect(clippy::cast_possible_truncation, reason = "masked to the table's length")]
    let home = digest.high() as usize;
    (0..REACH).map(move |step| &table[home.wrapping_add(step) & mask])
}

/// The value under a digest, and where it lies.
#[inline]
fn find(table: &[Slot], digest: Digest) -> Option<(&Slot, [u64; 2])> {
    for slot in slots(table, digest) {
        match slot.look(digest) {
            Look::Found(value) => return Some((slot, value)),
            Look::Empty => return None,
            Look::Other => {}
        }
    }
    None
}

/// A bounded table from digest to two words, read without a lock.
pub(crate) struct Table {
    /// Each twice as large as the one before; grown out of ones stay until the table goes, for their readers.
    generations: [OnceLock<Slots>; 32],
    current: AtomicUsize,
    writer: Mutex<Writer>,
    most_slots: usize,
    on_evict: OnEvict,
}

struct Writer {
    entries: usize,
    /// Slots that are not empty, those included that were vacated.
    used: usize,
    victim: usize,
}

impl Table {
    pub(crate) fn new(max_bytes: u64, on_evict: OnEvict) -> Self {
        let slots = usize::try_from(max_bytes / SLOT_BYTES).unwrap_or(usize::MAX >> 1);
        let table = Self {
            generations: [const { OnceLock::new() }; 32],
            current: AtomicUsize::new(0),
            writer: Mutex::new(Writer { entries: 0, used: 0, victim: 0 }),
            most_slots: (slots / 2 + 1).next_power_of_two().max(SMALLEST),
            on_evict,
        };
        table.generation(0);
        table
    }

    #[inline]
    fn generation(&self, index: usize) -> &[Slot] {
        self.generations[index].get_or_init(|| Slots::empty(SMALLEST << index))
    }

    #[inline]
    fn present(&self) -> &[Slot] {
        self.generation(self.current.load(Acquire))
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value under a digest.
    #[inline]
    pub(crate) fn get(&self, digest: Digest) -> Option<[u64; 2]> {
        find(self.present(), digest).map(|(_, value)| value)
    }

    /// Keeps a value, growing the table or evicting another if there is no room near its place.
    pub(crate) fn insert(&self, digest: Digest, value: [u64; 2]) {
        let mut writer = self.lock();
        let mixed = mix(value);
        let words = [digest.low() ^ mixed[0], digest.high() ^ mixed[1], value[0], value[1]];
        if let Some((slot, _)) = find(self.present(), digest) {
            return slot.write(words);
        }
        loop {
            let table = self.present();
            // At most four fifths full, so that searches end soon; a table that cannot grow fills up.
            let roomy = 5 * writer.used < 4 * table.len();
            let free = slots(table, digest).find(|slot| slot.is_free());
            if let Some(slot) = free.filter(|_| roomy || table.len() >= self.most_slots) {
                writer.used += usize::from(slot.words() == EMPTY);
                writer.entries += 1;
                return slot.write(words);
            }
            if self.grow(&mut writer) {
                continue;
            }
            writer.victim = (writer.victim + 1) % REACH;
            if let Some(slot) = slots(table, digest).nth(writer.victim) {
                let evicted = slot.digest();
                slot.write(words);
                (self.on_evict)(evicted);
            }
            return;
        }
    }

    /// Doubles the table, or sweeps it if most of it was vacated; tells whether it could.
    fn grow(&self, writer: &mut Writer) -> bool {
        let index = self.current.load(Relaxed);
        let old = self.generation(index);
        if 3 * writer.entries < writer.used {
            self.sweep(old, writer);
            return true;
        }
        if old.len() >= self.most_slots || index + 1 == self.generations.len() {
            return false;
        }
        let new = self.generation(index + 1);
        let mut moved = 0;
        for slot in old.iter().filter(|slot| !slot.is_free()) {
            let digest = slot.digest();
            // Half as full, there is room; an entry that finds none is given up.
            match slots(new, digest).find(|slot| slot.is_free()) {
                Some(free) => {
                    free.write(slot.words());
                    moved += 1;
                }
                None => (self.on_evict)(digest),
            }
        }
        (writer.entries, writer.used) = (moved, moved);
        self.current.store(index + 1, Release);
        true
    }

    /// Makes vacated slots empty again. A reader in between may miss what is being moved, and finds it later.
    fn sweep(&self, table: &[Slot], writer: &mut Writer) {
        let live: Vec<_> =
            table.iter().filter(|slot| !slot.is_free()).map(|s| (s.digest(), s.words())).collect();
        table.iter().for_each(|slot| slot.write(EMPTY));
        writer.entries = 0;
        for (digest, words) in live {
            match slots(table, digest).find(|slot| slot.is_free()) {
                Some(free) => {
                    free.write(words);
                    writer.entries += 1;
                }
                None => (self.on_evict)(digest),
            }
        }
        writer.used = writer.entries;
    }

    /// Forgets a value; tells whether there was one.
    pub(crate) fn remove(&self, digest: Digest) -> bool {
        let mut writer = self.lock();
        let found = find(self.present(), digest);
        if let Some((slot, _)) = found {
            slot.write(VACATED);
            writer.entries -= 1;
        }
        found.is_some()
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        let mut writer = self.lock();
        self.present().iter().for_each(|slot| slot.write(EMPTY));
        (writer.entries, writer.used) = (0, 0);
    }

    /// What is held, in no order.
    pub(crate) fn digests(&self) -> Vec<Digest> {
        let _writer = self.lock();
        self.present().iter().filter(|slot| !slot.is_free()).map(Slot::digest).collect()
    }

    /// How many values are held; `size` is the payload of one.
    pub(crate) fn load(&self, size: u64) -> Load {
        let entries = self.lock().entries as u64;
        Load { entries, bytes: entries * size }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    use super::*;

    fn digest(number: u64) -> Digest {
        crate::key::KeyWriter::digest(|key| key.length(usize::try_from(number).unwrap()))
    }

    #[test]
    fn the_table_agrees_with_a_map_over_random_operations() {
        let evicted = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&evicted);
        let table = Table::new(64 * 1024, Arc::new(move |digest| seen.lock().unwrap().push(digest)));
        let mut model: HashMap<Digest, [u64; 2]> = HashMap::new();
        let mut state = 7_u64;
        for step in 0..200_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = digest((state >> 33) % 4000);
            match (state >> 20) % 10 {
                0..=4 => {
                    table.insert(key, [step, !step]);
                    model.insert(key, [step, !step]);
                    for gone in evicted.lock().unwrap().drain(..) {
                        model.remove(&gone);
                    }
                }
                5 => assert_eq!(table.remove(key), model.remove(&key).is_some()),
                6 if step % 5000 == 6 => {
                    table.clear();
                    model.clear();
                }
                _ => assert_eq!(table.get(key), model.get(&key).copied()),
            }
            assert_eq!(table.load(8).entries, model.len() as u64);
        }
    }

    #[test]
    fn a_reader_never_sees_a_value_of_another_key_or_half_of_two() {
        let table = Arc::new(Table::new(4 * 1024, Arc::new(|_| {})));
        let stop = Arc::new(AtomicU64::new(0));
        std::thread::scope(|scope| {
            for writer in 0..2_u64 {
                let (table, stop) = (Arc::clone(&table), Arc::clone(&stop));
                scope.spawn(move || {
                    for round in 0..200_000_u64 {
                        let key = (round + writer) % 97;
                        table.insert(digest(key), [key ^ round << 32, key ^ round << 32]);
                    }
                    stop.fetch_add(1, Relaxed);
                });
            }
            let mut found = 0_u64;
            while stop.load(Relaxed) < 2 {
                for key in 0..97 {
                    if let Some([low, high]) = table.get(digest(key)) {
                        assert_eq!((low, low % (1 << 32)), (high, key));
                        found += 1;
                    }
                }
            }
            assert!(found > 0);
        });
    }
}
