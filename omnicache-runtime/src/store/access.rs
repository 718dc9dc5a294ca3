//! When entries were last read: kept in memory and written in batches, so that a hit writes nothing.

use std::collections::HashMap;
use std::sync::Mutex;

use rusqlite::Connection;

use super::index::lock;
use super::write::time;
use crate::clock::Nanos;

/// Enough to be worth a batch: the next put writes them.
const BATCH: usize = 512;
/// Enough to be written at once, and the most that is ever kept: one more needs room made first.
const FULL: usize = 16_384;

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
    /// Notes an access; tells whether it is time to write them all.
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
            "UPDATE entry SET accessed = max(accessed, ?2), uses = uses + ?3 WHERE id = ?1",
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
