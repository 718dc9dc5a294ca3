//! When entries were last read: kept in memory and written in batches, so that a hit writes nothing.
//!
//! They only order evictions, and to write one costs as much as a put, since the rows lie anywhere in the index. So
//! they are written when entries are evicted, and before that only while the store is nearly full: then another
//! process may be about to evict.

use std::collections::HashMap;
use std::sync::Mutex;

use rusqlite::Connection;

use super::index::lock;
use super::write::time;
use crate::clock::Nanos;

/// Enough to be worth a batch: the next put to a store that is nearly full writes them.
const BATCH: usize = 512;
/// The most that is ever kept.
const FULL: usize = 16_384;

/// Whether a store of so many bytes is nearly full.
pub(super) fn is_nearly_full(bytes: u64, limit: u64) -> bool {
    bytes > limit - limit / 8
}

/// Uses of an entry that are not yet in the index.
#[derive(Clone, Copy, Default)]
pub(super) struct Uses {
    /// When the last one was.
    pub(super) last: Nanos,
    pub(super) count: u32,
}

/// Uses not yet in the index, by row.
#[derive(Default)]
pub(super) struct Accesses(Mutex<HashMap<i64, Uses>>);

impl Accesses {
    /// Forgets them all.
    pub(super) fn forget(&self) {
        lock(&self.0).clear();
    }

    /// Notes an access; tells whether no more than these are kept, so that something must become of them.
    pub(super) fn note(&self, id: i64, now: Nanos) -> bool {
        let mut seen = lock(&self.0);
        if seen.len() >= FULL && !seen.contains_key(&id) {
            return true;
        }
        let uses = seen.entry(id).or_default();
        uses.last = now.max(uses.last);
        uses.count = uses.count.saturating_add(1);
        seen.len() >= FULL
    }

    /// Whether a batch has come together.
    pub(super) fn is_batch(&self) -> bool {
        lock(&self.0).len() >= BATCH
    }

    /// Writes them all within the present transaction. If that fails they are forgotten: they only order
    /// evictions.
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let seen = std::mem::take(&mut *lock(&self.0));
        if seen.is_empty() {
            return Ok(());
        }
        let mut update = connection.prepare_cached(
            "UPDATE entry SET accessed = max(coalesce(accessed, stored), ?2), uses = uses + ?3 WHERE id = ?1",
        )?;
        for (id, Uses { last, count }) in seen {
            update.execute((id, time(last), count))?;
        }
        Ok(())
    }

    /// The uses of a row that are still in memory.
    pub(super) fn of(&self, id: i64) -> Uses {
        lock(&self.0).get(&id).copied().unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }
}
