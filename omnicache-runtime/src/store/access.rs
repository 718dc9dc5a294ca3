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

/// Access times not yet in the index, by row.
#[derive(Default)]
pub(super) struct Accesses(Mutex<HashMap<i64, Nanos>>);

impl Accesses {
    /// Notes an access; tells whether it is time to write them all.
    pub(super) fn note(&self, id: i64, now: Nanos) -> bool {
        let mut seen = lock(&self.0);
        if seen.len() >= FULL && !seen.contains_key(&id) {
            return true;
        }
        let last = seen.entry(id).or_default();
        *last = now.max(*last);
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
        let mut update =
            connection.prepare_cached("UPDATE entry SET accessed = ?2 WHERE id = ?1 AND accessed < ?2")?;
        for (id, at) in seen {
            update.execute((id, time(at)))?;
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }
}
