//! Copies the log into the database, with its two syncs, off the path of any call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use super::index::Index;

/// A log of so many pages is copied, which is a mebibyte; after that `SQLite` begins it anew. Short enough that whoever
/// opens the store first has little to recover, and that most entries are read from the database, which costs less.
const LONG: u32 = 256;
/// A log this long has outgrown the patient way: writers are held up (for milliseconds) to begin it anew.
const TOO_LONG: u32 = 16 * LONG;
/// After so long, whoever does not read any more has given its snapshot back.
const UNTIL_RESTED: Duration = Duration::from_millis(10);

#[derive(Default)]
pub(super) struct Checkpoints {
    running: Arc<AtomicBool>,
    /// The log's pages at the last checkpoint.
    last: AtomicU32,
    /// The log's pages when it could last not be begun anew, because of a reader that does not come to an end.
    stuck: Arc<AtomicU32>,
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
        let stuck = Arc::clone(&self.stuck);
        if pages < last {
            stuck.store(0, Ordering::Relaxed);
        }
        let spawned = thread::Builder::new().name("omnicache-checkpoint".into()).spawn(move || {
            // If it fails, the log stays and the next look tries again.
            let _ = index.read_write(|connection| {
                // Those who keep a snapshot take one with all of the log, so that all of it can be copied...
                index.shake();
                thread::sleep(UNTIL_RESTED);
                connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
                // Writers are held up meanwhile. Little is left to copy, and a reader that is stopped is not waited for
                // for long, nor soon again.
                if pages > TOO_LONG && pages / 2 >= stuck.load(Ordering::Relaxed) {
                    let busy: bool =
                        connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get(0))?;
                    stuck.store(if busy { pages } else { 0 }, Ordering::Relaxed);
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
