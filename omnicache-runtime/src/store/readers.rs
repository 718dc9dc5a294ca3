//! Connections for reading, and the snapshots that busy ones keep.
//!
//! A reader of a WAL database takes a lock and gives it back: two system calls, which are a third of what a lookup costs,
//! and which processes get in each other's way by. So a connection that has read often while nobody wrote keeps its
//! snapshot, and the lock with it, from one lookup to the next. Before each it looks at a shared word that every writer
//! makes odd before it commits and even after it: the snapshot is good as long as the word is the one it was taken at.
//!
//! A lock that is kept keeps `SQLite` from beginning the log anew. Therefore one that was not used for some milliseconds
//! is given back by a thread, and whoever copies the log changes the word too.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::generations::Words;
use super::index::lock;

/// Connections kept for reuse; more than these are closed after use.
const MOST: usize = 16;
/// So many reads in a row that saw no writer are worth a snapshot.
const CALM: u32 = 32;
/// A snapshot is given back after it was not used for as long as this, or twice as long at most.
const REST: Duration = Duration::from_millis(5);

/// A connection for reading.
pub(super) struct Reader {
    connection: Connection,
    /// The word at which its snapshot was taken, if it keeps one.
    kept: Option<u64>,
    /// The word at the last read, and how many reads in a row have seen the same.
    seen: u64,
    calm: u32,
    /// Whether it was used since the thread came by.
    used: bool,
}

impl Reader {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, kept: None, seen: 0, calm: 0, used: true }
    }

    /// The connection without a snapshot of its own.
    fn fresh(&mut self) -> rusqlite::Result<&Connection> {
        if self.kept.take().is_some() {
            self.connection.prepare_cached("COMMIT")?.execute([])?;
        }
        Ok(&self.connection)
    }

    /// The connection, perhaps with a snapshot that nobody has written since.
    fn current(&mut self, words: &Words) -> rusqlite::Result<&Connection> {
        let word = words.commits();
        if self.kept == Some(word) {
            return Ok(&self.connection);
        }
        self.fresh()?;
        self.calm = if self.seen == word { self.calm.saturating_add(1) } else { 0 };
        self.seen = word;
        // The snapshot is taken by the first statement, after the word was read: it is as new as the word, or newer.
        if self.calm >= CALM && word.is_multiple_of(2) {
            self.connection.prepare_cached("BEGIN")?.execute([])?;
            self.kept = Some(word);
        }
        Ok(&self.connection)
    }
}

/// How a connection is to be used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// For one lookup.
    Lookup,
    /// For anything, transactions included.
    Any,
}

/// The connections of one index.
#[derive(Default)]
pub(super) struct Readers(Arc<Mutex<Idle>>);

/// Those not in use.
#[derive(Default)]
struct Idle {
    readers: Vec<Reader>,
    /// Whether the thread runs that gives snapshots back.
    watched: bool,
    /// Whether a snapshot was put back since it came by.
    busy: bool,
}

impl Readers {
    /// Runs `body` on a connection; `make` makes one if all are in use.
    pub(super) fn with<T>(
        &self,
        words: &Words,
        purpose: Use,
        make: impl FnOnce() -> rusqlite::Result<Option<Connection>>,
        body: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        let pooled = lock(&self.0).readers.pop();
        let mut reader = match pooled {
            Some(reader) => reader,
            None => match make()? {
                Some(connection) => Reader::new(connection),
                None => return Ok(None),
            },
        };
        let connection = match purpose {
            Use::Lookup => reader.current(words)?,
            Use::Any => reader.fresh()?,
        };
        // A connection that met an error is not kept: it may have seen a damaged page.
        let done = body(connection)?;
        self.put_back(reader);
        Ok(Some(done))
    }

    /// Closes the connections that are not in use.
    pub(super) fn close(&self) {
        lock(&self.0).readers.clear();
    }

    fn put_back(&self, mut reader: Reader) {
        reader.used = true;
        let mut idle = lock(&self.0);
        if idle.readers.len() >= MOST {
            return;
        }
        let unwatched = reader.kept.is_some() && !idle.watched;
        idle.busy |= reader.kept.is_some();
        idle.watched |= unwatched;
        idle.readers.push(reader);
        drop(idle);
        if unwatched {
            self.watch();
        }
    }

    #[cold]
    fn watch(&self) {
        let readers = Arc::clone(&self.0);
        let watch = move || {
            loop {
                thread::sleep(REST);
                if !lock(&readers).give_back() {
                    break;
                }
            }
        };
        if thread::Builder::new().name("omnicache-readers".into()).spawn(watch).is_err() {
            let mut idle = lock(&self.0);
            idle.watched = false;
            // Closed, they keep nothing.
            idle.readers.retain(|reader| reader.kept.is_none());
        }
    }
}

impl Idle {
    /// Gives back the snapshots that were not used since the last time. Whether there may be others to come by for.
    fn give_back(&mut self) -> bool {
        self.readers.retain_mut(|reader| {
            let rested = reader.kept.is_some() && !std::mem::take(&mut reader.used);
            !rested || reader.fresh().is_ok()
        });
        // One that is in use just now comes back.
        self.watched =
            std::mem::take(&mut self.busy) || self.readers.iter().any(|reader| reader.kept.is_some());
        self.watched
    }
}
