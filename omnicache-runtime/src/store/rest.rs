//! A store whose locks could not be had is left alone for a while: one call has waited in vain, the next need not.
//!
//! Waiting ends after [`PATIENCE`](super::index::PATIENCE), because a process may hold the write lock for long (a
//! cleaning of a large store, say), or because locking itself fails, which `SQLite` cannot tell from that.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long it is left alone.
const REST: Duration = Duration::from_secs(30);

/// When the store may be asked again.
pub(super) struct Rest {
    since: Instant,
    /// Milliseconds after `since`; zero if it may be asked now.
    until: AtomicU64,
    /// Whether nothing has succeeded since it was waited for in vain.
    doubtful: AtomicBool,
}

impl Default for Rest {
    fn default() -> Self {
        Self { since: Instant::now(), until: AtomicU64::new(0), doubtful: AtomicBool::new(false) }
    }
}

impl Rest {
    fn elapsed(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// From now on the store is left alone.
    pub(super) fn begin(&self) {
        let rest = u64::try_from(REST.as_millis()).unwrap_or(0);
        self.until.store(self.elapsed().saturating_add(rest), Ordering::Relaxed);
        self.doubtful.store(true, Ordering::Relaxed);
    }

    /// Whether it was waited for in vain the last time: then it is not worth a long wait.
    pub(super) fn is_doubtful(&self) -> bool {
        self.doubtful.load(Ordering::Relaxed)
    }

    /// The store has been written.
    pub(super) fn is_over(&self) {
        self.doubtful.store(false, Ordering::Relaxed);
    }

    /// Whether it is still to be left alone.
    pub(super) fn is_on(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        if until == 0 {
            return false;
        }
        let is_on = self.elapsed() < until;
        if !is_on {
            self.until.store(0, Ordering::Relaxed);
        }
        is_on
    }

    /// It is to be asked again now: whoever forgets an entry must not find that out too late.
    pub(super) fn end(&self) {
        self.until.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::error::FaultKind;
    use crate::store::{DiskStore, StoreOptions};

    #[test]
    fn a_store_that_was_waited_for_in_vain_is_left_alone_and_asked_again_later() {
        let dir = tempfile::tempdir().unwrap();
        let store = DiskStore::open(&StoreOptions::new(dir.path())).unwrap();
        assert!(store.flush().is_ok() && store.index().is_ok());
        for code in [rusqlite::ffi::SQLITE_BUSY, rusqlite::ffi::SQLITE_PROTOCOL] {
            let before = store.index().unwrap();
            let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            assert_eq!(store.fault("storing a result", error).kind(), FaultKind::Index);
            assert!(store.index().err().is_some_and(|fault| fault.to_string().contains("left alone")));
            // An invalidation is never left out, and asks by connections that know nothing of the old locks.
            store.clear("n", crate::store::Scope::Site("s")).unwrap();
            assert!(store.index().is_ok_and(|index| !Arc::ptr_eq(&index, &before)));
        }
        // Any other error is none to wait for.
        let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
        store.fault("storing a result", rusqlite::Error::SqliteFailure(full, None));
        assert!(store.index().is_ok());
    }
}
