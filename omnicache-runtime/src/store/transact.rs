//! The transaction around every change.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::Identity;
use super::forget;
use super::generations::{Forgetting, Words};
use super::index::{Index, wait_for_others};
use super::open::DiskStore;
use crate::error::{Fault, FaultKind};

/// How long a lock is waited for that could not be had the last time.
const KNOCK: Duration = Duration::from_millis(100);

/// A transaction that holds the write lock.
pub(super) struct Work<'a> {
    pub(super) connection: &'a Connection,
    index: &'a Index,
    words: &'a Words,
    /// Words made odd; even again when this is dropped, which is after the commit.
    forgetting: RefCell<Vec<Forgetting<'a>>>,
}

impl Work<'_> {
    /// The row of a function, if it has one.
    pub(super) fn function(&self, identity: &Arc<Identity>) -> rusqlite::Result<Option<i64>> {
        self.index.function(self.connection, identity)
    }

    /// Tells every process that entries were forgotten, once this is committed. Returns the generation that
    /// begins then.
    pub(super) fn forget(&self, word: usize, what: &[u8]) -> rusqlite::Result<u64> {
        let forgetting = self.words.forget(word);
        let value = forgetting.value();
        self.forgetting.borrow_mut().push(forgetting);
        forget::log(self.connection, word, value, what)?;
        Ok(value)
    }
}

impl DiskStore {
    /// Runs `body` within a transaction that holds the write lock.
    pub(super) fn transact<T>(
        &self,
        context: &str,
        body: impl FnOnce(&Work<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        let mut index = self.index()?;
        // Closed while it was waited for: there is another by now.
        if !self.read_only && index.writer().is_none() {
            index = self.index()?;
        }
        let mut writer = index.writer();
        let Some(connection) = &mut *writer else {
            return Err(Fault::new(FaultKind::Index, format!("{context}: the store is read-only")));
        };
        let doubtful = self.rest.is_doubtful();
        if doubtful {
            // Whoever invalidates asks all the same, and is not to wait for long each time.
            connection.busy_timeout(KNOCK).map_err(|e| self.fault(context, e))?;
        }
        let connection = &*connection;
        let work = Work { connection, index: &index, words: &self.words, forgetting: RefCell::default() };
        let mut committing = None;
        let done = transaction(connection, || {
            committing = Some(self.words.committing());
            body(&work)
        });
        // In this order: who sees that entries were forgotten must see the log of it.
        drop(committing);
        drop(work);
        if doubtful && let Some(connection) = &mut *writer {
            // If it fails, the next wait is short as well.
            let _ = wait_for_others(connection);
        }
        if done.is_ok() {
            self.rest.is_over();
        }
        drop(writer);
        self.checkpoints.committed(&index);
        done.map_err(|e| self.fault(context, e))
    }
}

/// Runs `body` between BEGIN IMMEDIATE and COMMIT; rolls back if it fails.
fn transaction<T>(
    connection: &Connection,
    body: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    run(connection, "BEGIN IMMEDIATE")?;
    let done = body().and_then(|value| run(connection, "COMMIT").map(|()| value));
    if done.is_err() && !connection.is_autocommit() {
        // The error is what counts; a rollback that fails too leaves a connection that fails again.
        let _ = run(connection, "ROLLBACK");
    }
    done
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
