//! A function's records in a store that the configuration names.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::backing::{Backing, Look, NewBytes, Opening};
use super::shelf::{Saved, Shelf};
use crate::clock::{Clock, Nanos, expired};
use crate::error::{Fault, FaultKind};
use crate::explain::CallExplanation;
use crate::settings::settings;
use crate::store::sealed::{self, Broken};
use crate::store::{Held, Identity, NewEntry, Record, Store, StoreError, StoreIdentity, StoreKey};

/// A user's store, opened at its first use.
pub(super) struct Custom {
    /// The namespace of the function's entries.
    namespace: String,
    store: Arc<dyn Store>,
    /// Whether others may change what is in it, so that memory has to ask.
    shared: bool,
    /// Beside the namespace, so that it does not count among its entries.
    marks: String,
    clock: Arc<dyn Clock>,
    opened: OnceLock<()>,
    opening: Opening,
    /// The store's version when a mark was last seen, and the mark.
    seen: Mutex<Option<(u64, u64)>>,
}

impl Custom {
    pub(super) fn new(identity: &Identity, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        // A path has no slash, so that the last one tells the two apart.
        let namespace = match &*identity.namespace {
            "" => identity.path.clone(),
            namespace => format!("{namespace}/{}", identity.path),
        };
        let shared = store.capabilities().shared_between_processes;
        let marks = format!("{namespace}#invalidated");
        Self {
            namespace,
            store,
            shared,
            marks,
            clock,
            opened: OnceLock::new(),
            opening: Opening::default(),
            seen: Mutex::default(),
        }
    }

    /// The store, opened if need be. One that failed lately is not tried again yet, and is silently absent.
    fn store(&self) -> Result<Option<&dyn Store>, Fault> {
        if self.opened.get().is_none() {
            let opened = self.opening.attempt(|| {
                self.store.open(&StoreIdentity::of_functions()).map_err(|e| fault("opening the store", e))
            })?;
            if opened.is_none() {
                return Ok(None);
            }
            self.opened.get_or_init(|| ());
        }
        Ok(Some(&*self.store))
    }

    /// The store's version as a generation, which is settled if it is even.
    fn version(&self, store: &dyn Store) -> Result<u64, Fault> {
        if !self.shared {
            return Ok(0);
        }
        Ok(store.version().map_err(|e| fault("reading the version", e))?.wrapping_mul(2))
    }

    /// What the last invalidation in any process has left behind: another odd number each time. `None` if there never
    /// was one, or if it was evicted.
    fn mark(&self, store: &dyn Store) -> Result<Option<u64>, Fault> {
        let found = store.get(&self.marks, MARK, self.clock.now());
        let found = found.map_err(|e| fault("asking for invalidations", e))?;
        Ok(found.and_then(|entry| entry.payload.try_into().ok()).map(u64::from_le_bytes))
    }

    /// Leaves a new mark, unless one is to be kept that is there.
    fn leave_mark(&self, store: &dyn Store, keep: bool) -> Result<u64, Fault> {
        // Odd, so that it is not taken for a version; and not `UNKNOWN`.
        let number = RandomState::new().hash_one(self.clock.now()) >> 1 | 1;
        let entry = NewEntry {
            namespace: &self.marks,
            key: MARK,
            payload: &number.to_le_bytes(),
            stored_at: self.clock.now(),
            ttl: None,
        };
        let left = if keep { store.add(&entry).map(drop) } else { store.put(&entry).map(drop) };
        left.map_err(|e| fault("noting an invalidation", e))?;
        Ok(number)
    }

    /// Tells every process that what was computed until now is not to be kept.
    fn invalidate(&self, store: &dyn Store) -> Result<(), Fault> {
        if self.shared { self.leave_mark(store, false).map(drop) } else { Ok(()) }
    }

    fn seen(&self) -> MutexGuard<'_, Option<(u64, u64)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the mark is no longer `mark`; one that is not there may have been any.
    fn is_stale(&self, store: &dyn Store, mark: u64) -> Result<bool, Fault> {
        Ok(self.shared && mark != Shelf::UNKNOWN && self.mark(store)? != Some(mark))
    }

    /// What the store has under a key, judged by its envelope.
    fn look(&self, store: &dyn Store, key: &StoreKey, now: Nanos) -> Result<Seen, Fault> {
        let found =
            store.get(&self.namespace, &key.hash, now).map_err(|e| fault("looking up an entry", e))?;
        let Some(entry) = found else { return Ok(Seen::Absent) };
        Ok(match sealed::open(&entry.payload, key) {
            Ok(None) => Seen::Absent,
            Err(Broken::Newer(reason)) => Seen::Newer(reason),
            Err(Broken::Damaged(reason)) => Seen::Damaged(reason),
            Ok(Some((info, _))) if expired(info.stored_at, info.ttl, now) => Seen::Expired,
            Ok(Some((info, payload))) => {
                Seen::Live(entry.id, Record { info, payload: payload.to_vec().into() })
            }
        })
    }
}

enum Seen {
    Absent,
    Expired,
    Newer(String),
    Damaged(&'static str),
    Live(u64, Record),
}

/// Refuses what would change a store that is to be read only.
fn may_write() -> Result<(), Fault> {
    if settings().read_only {
        return Err(Fault::new(FaultKind::Store, "`OMNICACHE_READONLY` is set: the store is not changed"));
    }
    Ok(())
}

fn fault(context: &str, error: StoreError) -> Fault {
    match error {
        StoreError::Fault(fault) => fault,
        other => Fault::new(FaultKind::Store, context).because(other),
    }
}

impl Backing for Custom {
    fn dir(&self) -> Option<&Path> {
        None
    }

    fn is_persistent(&self) -> bool {
        self.store.capabilities().persistent
    }

    fn is_current(&self, generation: u64) -> bool {
        if !self.shared || self.opened.get().is_none() {
            return true;
        }
        let Ok(version) = self.store.version() else { return false };
        version.wrapping_mul(2) == generation || *self.seen() == Some((version, generation))
    }

    fn is_bare(&self) -> bool {
        // Nobody but the store itself could tell.
        false
    }

    fn generation(&self) -> Result<u64, Fault> {
        let Some(store) = self.store()? else { return Ok(Shelf::UNKNOWN) };
        if !self.shared {
            return Ok(0);
        }
        if let Some(mark) = self.mark(store)? {
            return Ok(mark);
        }
        if settings().read_only {
            return Ok(Shelf::UNKNOWN);
        }
        // From now on its absence tells of an eviction.
        self.leave_mark(store, true)?;
        Ok(self.mark(store)?.unwrap_or(Shelf::UNKNOWN))
    }

    fn verify(&self, key: &StoreKey, since: u64, stored_at: Nanos) -> Result<Option<u64>, Fault> {
        let Some(store) = self.store()? else { return Ok(Some(since)) };
        let version = self.version(store)?;
        // Of a mark is what was kept in memory alone: it is good until something is invalidated.
        if since % 2 == 1 && since != Shelf::UNKNOWN {
            let current = !self.is_stale(store, since)?;
            *self.seen() = current.then_some((version / 2, since));
            return Ok(current.then_some(since));
        }
        // What another has put in the meantime is another value, stored at another time.
        Ok(match self.look(store, key, self.clock.now())? {
            Seen::Live(_, record) if record.info.stored_at == stored_at => Some(version),
            _ => None,
        })
    }

    fn load(&self, key: &StoreKey, now: Nanos) -> Result<Look, Fault> {
        let Some(store) = self.store()? else { return Ok(Err(None)) };
        let version = self.version(store)?;
        Ok(match self.look(store, key, now)? {
            Seen::Live(id, record) => {
                if !settings().read_only {
                    // It only orders evictions: losing it is no fault of this read.
                    let _ = store.touch(id, now);
                }
                Ok((record, version))
            }
            Seen::Absent => Err(None),
            Seen::Expired => Err(Some(CallExplanation::Expired)),
            Seen::Newer(reason) => {
                tracing::debug!(%reason, function = %self.namespace, "a record is left alone, and is a miss");
                Err(Some(CallExplanation::Corrupt))
            }
            Seen::Damaged(reason) => {
                tracing::debug!(%reason, function = %self.namespace, "a damaged record is a miss");
                if !settings().read_only {
                    // If it stays, the next call meets it again.
                    let _ = store.remove(&self.namespace, &key.hash);
                }
                Err(Some(CallExplanation::Corrupt))
            }
        })
    }

    fn save(&self, key: &StoreKey, new: NewBytes<'_>) -> Result<Saved, Fault> {
        if settings().read_only {
            return Ok(Saved::ReadOnly);
        }
        let Some(store) = self.store()? else { return Ok(Saved::ReadOnly) };
        let mut payload = Vec::with_capacity(usize::try_from(new.size).unwrap_or(0).min(MOST_AT_ONCE));
        (new.write)(&mut payload)?;
        let record = sealed::seal(key, &new.info, &payload);
        drop(payload);
        // As of before: the next hit asks whether it is still there.
        let generation = self.version(store)?;
        if self.is_stale(store, new.since)? {
            return Ok(Saved::Stale);
        }
        let mark = if self.shared && new.refresh { self.leave_mark(store, false)? } else { new.since };
        let entry = NewEntry {
            namespace: &self.namespace,
            key: &key.hash,
            payload: &record,
            stored_at: new.info.stored_at,
            ttl: new.info.ttl,
        };
        match store.put(&entry) {
            // Who invalidates leaves the mark first and removes then: either it is seen here, or this is removed there.
            Ok(_) if self.is_stale(store, mark).unwrap_or(true) => {
                store.remove(&self.namespace, &key.hash).map_err(|e| fault("taking a result back", e))?;
                Ok(Saved::Stale)
            }
            Ok(_) => Ok(Saved::Kept { evicted: 0, generation }),
            Err(StoreError::TooLarge { .. }) => Ok(Saved::TooLarge),
            Err(error) => Err(fault("storing a result", error)),
        }
    }

    fn hold(&self, _: &StoreKey) -> Result<Option<Held>, Fault> {
        // Refused by the configuration.
        Ok(None)
    }

    fn contains(&self, key: &StoreKey, now: Nanos) -> Result<bool, Fault> {
        let Some(store) = self.store()? else { return Ok(false) };
        Ok(matches!(self.look(store, key, now)?, Seen::Live(..)))
    }

    fn file(&self, _: &StoreKey, _: Nanos) -> Result<Option<PathBuf>, Fault> {
        Ok(None)
    }

    fn remove(&self, key: &StoreKey) -> Result<bool, Fault> {
        may_write()?;
        let Some(store) = self.store()? else { return Ok(false) };
        self.invalidate(store)?;
        store.remove(&self.namespace, &key.hash).map_err(|e| fault("invalidating an entry", e))
    }

    fn clear(&self) -> Result<(), Fault> {
        may_write()?;
        let Some(store) = self.store()? else { return Ok(()) };
        self.invalidate(store)?;
        store.clear(&self.namespace).map(drop).map_err(|e| fault("clearing a function", e))
    }

    fn stats(&self) -> Result<(u64, u64), Fault> {
        if self.opened.get().is_none() {
            return Ok((0, 0));
        }
        let count = self.store.count(Some(&self.namespace)).map_err(|e| fault("counting entries", e))?;
        let size = self.store.size(Some(&self.namespace)).map_err(|e| fault("counting bytes", e))?;
        Ok((count, size))
    }

    fn trace(&self, key: &StoreKey, now: Nanos) -> Result<CallExplanation, Fault> {
        let Some(store) = self.store()? else { return Ok(CallExplanation::NeverSeen) };
        Ok(match self.look(store, key, now)? {
            Seen::Live(..) => CallExplanation::DiskHit,
            Seen::Expired => CallExplanation::Expired,
            Seen::Newer(_) | Seen::Damaged(_) => CallExplanation::Corrupt,
            Seen::Absent => CallExplanation::NeverSeen,
        })
    }
}

/// The key of the mark that invalidations leave.
const MARK: &[u8] = b"mark";
/// A measured size is a hint: no more than this is set aside on its account.
const MOST_AT_ONCE: usize = 64 << 20;
