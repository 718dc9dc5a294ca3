//! A thorough cleaning, on request: what nobody will ask for any more goes, and the database file shrinks.
//!
//! `VACUUM` is safe while others have the database open: it is one write transaction into the log, under the write
//! lock. Readers go on with what they see, writers wait, and everybody finds the new pages by the log. It is only done
//! where it pays. Rows of `function` stay for ever: other processes remember their numbers.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::Departure;
use super::evict::{Files, unsigned};
use super::index::{PATIENCE, is_busy};
use super::open::DiskStore;
use super::remove::take;
use crate::clock::Nanos;
use crate::error::{Fault, FaultKind};

/// Free pages below this many are not worth a `VACUUM`...
const WORTH: u64 = 256;
/// ...nor is less than this part of the file.
const PART: u64 = 4;

/// How often the log is tried to be cut while others are at it, and the pause in between.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);

/// What [`DiskStore::collect`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collection {
    /// Entries removed because their time to live was over.
    pub expired: u64,
    /// Entries removed because they were of old versions of their function.
    pub superseded: u64,
    /// Files removed that no entry had.
    pub orphans: u64,
    /// Whether the database was written anew without its free pages.
    pub vacuumed: bool,
    /// Bytes of the database and its log before.
    pub index_before: u64,
    /// Bytes of the database and its log after.
    pub index_after: u64,
}

impl DiskStore {
    /// Removes expired entries, entries of all but the newest `keep` versions of each function, and files of ours that
    /// belong to no entry and are an hour old; then copies the log into the database and, where it pays, gives its
    /// free pages back to the system.
    ///
    /// A version of a function is one code and one shape of its result; the one that stored something first is the
    /// oldest. `keep` = 0 is taken for 1. Other processes may use the store meanwhile; their puts wait.
    ///
    /// # Errors
    /// The faults of the index; a read-only store refuses.
    pub fn collect(&self, now: Nanos, keep: u32) -> Result<Collection, Fault> {
        if self.read_only {
            return Err(Fault::new(
                FaultKind::Index,
                "a read-only store cannot be cleaned: open it for writing",
            ));
        }
        let mut report = Collection { index_before: self.index_size(), ..Collection::default() };
        report.expired = self.remove_expired(now, None)?;
        report.superseded = self.remove_superseded(keep.max(1))?;
        report.orphans = self.collect_garbage()?;
        let shrink = self.index()?.read_write(shrink);
        report.vacuumed = shrink.map_err(|e| self.fault("shrinking the index", e))?;
        report.index_after = self.index_size();
        Ok(report)
    }

    fn remove_superseded(&self, keep: u32) -> Result<u64, Fault> {
        let _moving = self.words.moving();
        let (removed, files): (u64, Files) = self.transact("removing old versions", |work| {
            let which = "function IN (SELECT id FROM (SELECT id, row_number() OVER
                 (PARTITION BY namespace, path ORDER BY id DESC) AS age FROM function) WHERE age > ?1)";
            take(work.connection, which, [keep], Departure::Evicted)
        })?;
        self.unlink(files);
        Ok(removed)
    }

    /// Bytes of the database and its log.
    pub fn index_size(&self) -> u64 {
        [self.layout.index(), self.layout.wal()]
            .iter()
            .map(|path| fs::metadata(path).map_or(0, |m| m.len()))
            .sum()
    }

    /// Bytes of the log alone: what has not been copied into the database yet, or may be overwritten.
    pub fn log_size(&self) -> u64 {
        fs::metadata(self.layout.wal()).map_or(0, |metadata| metadata.len())
    }
}

/// Gives free pages back if they are many, and begins the log anew. Returns whether there were many.
fn shrink(connection: &Connection) -> rusqlite::Result<bool> {
    let number =
        |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| Ok(unsigned(row.get(0)?)));
    let (free, pages) = (number("freelist_count")?, number("page_count")?);
    let worth = free >= WORTH && free >= pages / PART;
    if worth {
        // The connection does not wait for long, but here nobody is held up by that.
        let start = Instant::now();
        while let Err(e) = connection.execute_batch("VACUUM") {
            if !is_busy(&e) || start.elapsed() >= PATIENCE {
                return Err(e);
            }
        }
    }
    for _ in 0..ATTEMPTS {
        // A checkpoint of another connection is not waited for by `SQLite` itself.
        let busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if !busy {
            break;
        }
        thread::sleep(PAUSE);
    }
    // If somebody was in the way all the time, what could be copied was, and the log is cut another time.
    Ok(worth)
}
