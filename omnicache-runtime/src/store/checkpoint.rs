//! Copies the log into the database, with its two syncs, off the path of any call.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;

use super::index::Index;
use super::layout::Layout;

/// A log longer than this is copied; after that `SQLite` begins it anew. Short enough that whoever opens the store
/// first has little to recover, and that most entries are read from the database, which costs less.
const LONG: u64 = 1 << 20;
/// A log this long has outgrown the patient way: writers are held up (for milliseconds) to begin it anew.
const TOO_LONG: u64 = 16 * LONG;
/// Commits between two looks at the log's length.
const EVERY: u32 = 32;

#[derive(Default)]
pub(super) struct Checkpoints {
    commits: AtomicU32,
    running: Arc<AtomicBool>,
    /// The log's length at the last checkpoint.
    last: AtomicU64,
}

impl Checkpoints {
    /// Counts a commit, and starts a checkpoint if the log has grown long.
    pub(super) fn committed(&self, layout: &Layout, index: &Arc<Index>) {
        if !self.commits.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVERY) {
            return;
        }
        let length = fs::metadata(layout.wal()).map_or(0, |wal| wal.len());
        // A log that was copied keeps its length until it is begun anew: only growth counts.
        let last = self.last.load(Ordering::Relaxed);
        let due = length > LONG && (length < last || length - last > LONG);
        if !due || self.running.swap(true, Ordering::AcqRel) {
            return;
        }
        self.last.store(length, Ordering::Relaxed);
        let (index, running) = (Arc::clone(index), Arc::clone(&self.running));
        let spawned = thread::Builder::new().name("omnicache-checkpoint".into()).spawn(move || {
            // If it fails, the log stays and the next look tries again.
            let _ = index.read_write(|connection| {
                connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
                if length > TOO_LONG {
                    // Little is left to copy, so that writers are not held up for long.
                    connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
                }
                Ok(())
            });
            running.store(false, Ordering::Release);
        });
        if spawned.is_err() {
            self.running.store(false, Ordering::Release);
        }
    }
}
