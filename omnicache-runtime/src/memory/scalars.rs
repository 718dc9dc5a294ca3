//! Plain values in a table that is read without a lock: in slots of one word, or of two where the value is wider or
//! its time counts, or its place in a queue.

use super::bounded::Bounded;
use super::{Bounds, Entry, IsWanted, Load, OnEvict, Table, WordsOf};
use crate::clock::{Nanos, expired};
use crate::key::Digest;

/// The plain values of one function.
pub(crate) struct Scalars<K> {
    slots: Slots,
    words: WordsOf<K>,
    /// Payload size of one value.
    size: u64,
    on_evict: OnEvict,
}

/// How plain values are laid out.
pub(crate) struct ScalarPlan<K> {
    words: WordsOf<K>,
    size: u64,
    slots: Slots,
}

impl<K> ScalarPlan<K> {
    /// For values of this payload size, if they have a table. Bounds are our own, or what somebody asked for.
    pub(crate) fn new(
        words: WordsOf<K>,
        size: u64,
        ttl: Option<Nanos>,
        bounds: Bounds,
        own_bounds: bool,
    ) -> Option<Self> {
        let max_bytes = bounds.max_bytes.unwrap_or(u64::MAX);
        let slots = match (words.bits, ttl) {
            (..=64, None) if own_bounds => Slots::Narrow(Table::new(max_bytes)),
            (..=64, None) => Slots::Bounded(Bounded::new(Bounded::most(bounds, size)?)),
            (..=64, Some(ttl)) if own_bounds => Slots::Timed { table: Table::new(max_bytes), ttl },
            (..=128, None) if own_bounds => Slots::Wide(Table::new(max_bytes)),
            _ => return None,
        };
        Some(Self { words, size, slots })
    }
}

#[expect(clippy::large_enum_variant, reason = "there is one for each function; a box would be one look more")]
enum Slots {
    /// A word for each value.
    Narrow(Table<1>),
    /// Two words for each value.
    Wide(Table<2>),
    /// A word for each value, and one for the time when it was computed.
    Timed { table: Table<2>, ttl: Nanos },
    /// A word for each value, and one for its place in a queue.
    Bounded(Bounded),
}

/// A value, and when it was computed if that counts.
struct Held {
    bits: u128,
    stored_at: Nanos,
}

#[inline(always)]
fn wide([low, high]: [u64; 2]) -> u128 {
    u128::from(low) | u128::from(high) << 64
}

#[expect(clippy::cast_possible_truncation, reason = "split in two halves")]
fn halves(bits: u128) -> [u64; 2] {
    [bits as u64, (bits >> 64) as u64]
}

impl<K> Scalars<K> {
    pub(super) fn new(plan: ScalarPlan<K>, on_evict: OnEvict) -> Self {
        let ScalarPlan { words, size, slots } = plan;
        Self { slots, words, size, on_evict }
    }

    /// The bits under a digest, of narrow values or of wide ones whose time does not count, if one look finds them.
    #[inline(always)]
    pub(super) fn bits_at_once<const NARROW: bool>(&self, digest: Digest) -> Option<u128> {
        match &self.slots {
            Slots::Narrow(table) if NARROW => table.get_at_once(digest).map(|[bits]| bits.into()),
            Slots::Wide(table) if !NARROW => table.get_at_once(digest).map(wide),
            _ => None,
        }
    }

    /// The same of values that are bounded, with their place: another look, so that the first is as short as it can be.
    #[inline(always)]
    pub(super) fn bounded_at_once(&self, digest: Digest) -> Option<[u64; 2]> {
        match &self.slots {
            Slots::Bounded(bounded) => bounded.get_at_once(digest),
            _ => None,
        }
    }

    /// The same of values whose time counts, with when they were computed and how long they live.
    #[inline(always)]
    pub(super) fn timed_at_once(&self, digest: Digest) -> Option<([u64; 2], Nanos)> {
        match &self.slots {
            Slots::Timed { table, ttl } => table.get_at_once(digest).map(|found| (found, *ttl)),
            _ => None,
        }
    }

    /// Counts a use of the bounded value at a place.
    #[inline(always)]
    pub(super) fn count_use_at(&self, place: u64) {
        if let Slots::Bounded(bounded) = &self.slots {
            bounded.used_at(place);
        }
    }

    fn held(&self, digest: Digest) -> Option<Held> {
        Some(match &self.slots {
            Slots::Narrow(table) => Held { bits: table.get(digest)?[0].into(), stored_at: 0 },
            Slots::Wide(table) => Held { bits: wide(table.get(digest)?), stored_at: 0 },
            Slots::Timed { table, .. } => {
                let [bits, stored_at] = table.get(digest)?;
                Held { bits: bits.into(), stored_at }
            }
            Slots::Bounded(bounded) => Held { bits: bounded.peek(digest)?.into(), stored_at: 0 },
        })
    }

    /// Whether one look tells that there is no value under a digest, and no writer was in the way.
    #[inline]
    pub(super) fn surely_lacks(&self, digest: Digest) -> bool {
        match &self.slots {
            Slots::Narrow(table) => table.surely_lacks(digest),
            Slots::Wide(table) | Slots::Timed { table, .. } => table.surely_lacks(digest),
            Slots::Bounded(bounded) => bounded.surely_lacks(digest),
        }
    }

    /// Whether there is a value under a digest, by who must not miss it.
    pub(super) fn surely_has(&self, digest: Digest) -> bool {
        match &self.slots {
            Slots::Narrow(table) => table.get_surely(digest).is_some(),
            Slots::Wide(table) | Slots::Timed { table, .. } => table.get_surely(digest).is_some(),
            Slots::Bounded(bounded) => bounded.surely_has(digest),
        }
    }

    /// Whether values expire.
    pub(super) fn ttl(&self) -> Option<Nanos> {
        match self.slots {
            Slots::Timed { ttl, .. } => Some(ttl),
            Slots::Narrow(_) | Slots::Wide(_) | Slots::Bounded(_) => None,
        }
    }

    /// Gets ready for a value that will be inserted soon.
    #[inline]
    pub(super) fn expect(&self, digest: Digest) {
        match &self.slots {
            Slots::Narrow(table) => table.expect(digest),
            Slots::Wide(table) | Slots::Timed { table, .. } => table.expect(digest),
            Slots::Bounded(bounded) => bounded.expect(digest),
        }
    }

    /// Counts a use of the value under a digest, where uses count.
    pub(super) fn count_use(&self, digest: Digest) {
        if let Slots::Bounded(bounded) = &self.slots {
            bounded.used(digest);
        }
    }

    /// The value under a digest, and whether it has expired. The time is asked for where it counts.
    pub(super) fn get(&self, digest: Digest, now: impl FnOnce() -> Nanos) -> Option<(K, bool)> {
        let held = self.held(digest)?;
        let expired = self.ttl().is_some_and(|ttl| expired(held.stored_at, Some(ttl), now()));
        Some(((self.words.from)(held.bits), expired))
    }

    /// When the value under a digest was computed.
    pub(super) fn stored_at(&self, digest: Digest) -> Option<Nanos> {
        self.held(digest).map(|held| held.stored_at)
    }

    /// Keeps a value if it is still wanted.
    pub(super) fn insert(&self, digest: Digest, entry: &Entry<K>, is_wanted: IsWanted<'_>) {
        let Entry { value, stored_at, loss, .. } = entry;
        let stored_at = *stored_at;
        let bits = (self.words.to)(value);
        let [low, high] = halves(bits);
        match &self.slots {
            Slots::Narrow(table) => self.put(table, digest, [low], is_wanted),
            Slots::Wide(table) => self.put(table, digest, [low, high], is_wanted),
            Slots::Timed { table, .. } => self.put(table, digest, [low, stored_at], is_wanted),
            Slots::Bounded(bounded) => bounded.insert(digest, low, *loss, is_wanted, &self.on_evict),
        }
    }

    fn put<const P: usize>(
        &self,
        table: &Table<P>,
        digest: Digest,
        words: [u64; P],
        is_wanted: IsWanted<'_>,
    ) {
        let mut writer = table.lock();
        if is_wanted() {
            table.insert_by(&mut writer, digest, words, &mut |gone, _| (self.on_evict)(gone));
        }
    }

    /// Forgets a value; tells whether there was one.
    pub(super) fn remove(&self, digest: Digest) -> bool {
        match &self.slots {
            Slots::Narrow(table) => table.remove(digest).is_some(),
            Slots::Wide(table) | Slots::Timed { table, .. } => table.remove(digest).is_some(),
            Slots::Bounded(bounded) => bounded.remove(digest),
        }
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        match &self.slots {
            Slots::Narrow(table) => table.clear(&mut |_, _| {}),
            Slots::Wide(table) | Slots::Timed { table, .. } => table.clear(&mut |_, _| {}),
            Slots::Bounded(bounded) => bounded.clear(),
        }
    }

    /// What is held, in no order.
    pub(super) fn digests(&self) -> Vec<Digest> {
        match &self.slots {
            Slots::Narrow(table) => table.digests(),
            Slots::Wide(table) | Slots::Timed { table, .. } => table.digests(),
            Slots::Bounded(bounded) => bounded.digests(),
        }
    }

    /// How much is held.
    pub(super) fn load(&self) -> Load {
        let entries = match &self.slots {
            Slots::Narrow(table) => table.len(),
            Slots::Wide(table) | Slots::Timed { table, .. } => table.len(),
            Slots::Bounded(bounded) => bounded.len(),
        };
        Load { entries, bytes: entries * self.size }
    }
}
