//! Copies the log into the database, with its two syncs, off the path of any call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use super::index::Index;

/// A log of so many pages is copied, which is a mebibyte; after that `SQLite` begins it anew. Short enough that whoever
/// opens the store first has little to recover, and that most entries are read from the database, which costs less.
const LONG: u32 = 256;
/// A log this long has outgrown the patient way: writers are held up (for milliseconds) to begin it anew.
const TOO_LONG: u32 = 16 * LONG;

#[derive(Default)]
pub(super) struct Checkpoints {
    running: Arc<AtomicBool>,
    /// The log's pages at the last checkpoint.
    last: AtomicU32,
}

impl Checkpoints {
    /// Takes note of a commit, and starts a checkpoint if the log has grown long.
    pub(super) fn committed(&self, index: &Arc<Index>) {
        let pages = index.log_pages();
        // A log that was copied keeps its pages until it is begun anew: only growth counts.
        let last = self.last.load(Ordering::Relaxed);
        let due = pages > LONG && (pages < last || pages - last > LONG);
        if !due || self.running.swap(true, Ordering::AcqRel) {
            return;
        }
        self.last.store(pages, Ordering::Relaxed);
        let (index, running) = (Arc::clone(index), Arc::clone(&self.running));
        let spawned = thread::Builder::new().name("omnicache-checkpoint".into()).spawn(move || {
            // If it fails, the log stays and the next look tries again.
            let _ = index.read_write(|connection| {
                // Those who keep a snapshot take one with all of the log, so that all of it can be copied...
                index.shake();
                connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
                if pages > TOO_LONG {
                    // Little is left to copy, so that writers are not held up for long.
                    connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
                }
                // ...and then one that does without it, so that it can be begun anew.
                index.shake();
                Ok(())
            });
            running.store(false, Ordering::Release);
        });
        if spawned.is_err() {
            self.running.store(false, Ordering::Release);
        }
    }
}
