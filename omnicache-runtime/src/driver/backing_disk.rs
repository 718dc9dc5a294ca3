//! A function's records in the disk store.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use super::backing::{Backing, Look, NewBytes, Opening};
use super::shelf::{Saved, Shelf};
use crate::clock::Nanos;
use crate::error::Fault;
use crate::explain::CallExplanation;
use crate::select::Plan;
use crate::settings::settings;
use crate::store::{
    Departure, DiskStore, Eviction, Generation, Held, Identity, Lookup, MmapPolicy, NewRecord, Scope,
    StoreKey, StoreOptions, Stored, Trace, Word,
};

/// No moment at which nothing is being written.
const NEVER: u64 = u64::MAX;

/// The disk store, opened at its first use.
pub(super) struct Disk {
    identity: Arc<Identity>,
    options: StoreOptions,
    limit: u64,
    eviction: Option<Eviction>,
    mmap: MmapPolicy,
    opened: OnceLock<(Arc<DiskStore>, Word)>,
    opening: Opening,
    /// The store's moment at which the function was last known to have nothing there.
    bare: AtomicU64,
}

impl Disk {
    pub(super) fn new(identity: &Arc<Identity>, plan: &Plan) -> Self {
        let dir = plan.dir.clone().unwrap_or_else(|| settings().dir());
        Self {
            identity: Arc::clone(identity),
            options: settings().store(dir),
            limit: plan.max_disk_bytes,
            eviction: plan.disk.eviction,
            mmap: plan.disk.mmap,
            opened: OnceLock::new(),
            opening: Opening::default(),
            bare: AtomicU64::new(NEVER),
        }
    }

    /// The store, opened if need be. One that failed lately is not tried again yet, and is silently absent.
    fn store(&self) -> Result<Option<&(Arc<DiskStore>, Word)>, Fault> {
        if let Some(opened) = self.opened.get() {
            return Ok(Some(opened));
        }
        self.opening.attempt(|| {
            let store = DiskStore::open(&self.options)?;
            store.set_limit(self.limit);
            if let Some(eviction) = self.eviction {
                store.set_eviction(eviction)?;
            }
            let word = store.word(&self.identity);
            Ok(self.opened.get_or_init(|| (store, word)))
        })
    }
}

impl Backing for Disk {
    fn dir(&self) -> Option<&Path> {
        Some(&self.options.dir)
    }

    fn is_persistent(&self) -> bool {
        true
    }

    fn is_current(&self, generation: u64) -> bool {
        self.opened.get().is_none_or(|(_, word)| {
            let present = word.load();
            present.0 == generation && present.is_settled()
        })
    }

    fn is_bare(&self) -> bool {
        self.opened.get().is_some_and(|(store, _)| {
            let moment = store.moment();
            if moment == self.bare.load(Relaxed) {
                return true;
            }
            let is_bare = store.is_bare(&self.identity);
            if is_bare {
                // The moment before it was asked: if somebody has written meanwhile, it does not come again.
                self.bare.store(moment, Relaxed);
            }
            is_bare
        })
    }

    fn generation(&self) -> Result<u64, Fault> {
        Ok(self.store()?.map_or(Shelf::UNKNOWN, |(_, word)| word.load().0))
    }

    fn verify(&self, key: &StoreKey, since: u64, _: Nanos) -> Result<Option<u64>, Fault> {
        let Some((store, word)) = self.store()? else { return Ok(Some(since)) };
        let present = word.load();
        let known = if since == Shelf::UNKNOWN { Generation(0) } else { Generation(since) };
        let renewed = if present.is_settled() { present.0 } else { since };
        Ok((!store.forgotten_since(key, known)?).then_some(renewed))
    }

    fn load(&self, key: &StoreKey, now: Nanos) -> Result<Look, Fault> {
        let Some((store, word)) = self.store()? else { return Ok(Err(None)) };
        // Read while somebody forgets entries, a value is good as of before: then the next hit asks the log.
        let generation = word.load().0 & !1;
        Ok(match store.get_as(key, now, self.mmap)? {
            Lookup::Found(record) => Ok((record, generation)),
            Lookup::Absent(departure) => Err(departure.map(why)),
            Lookup::Expired => Err(Some(CallExplanation::Expired)),
            Lookup::Damaged(reason) => {
                tracing::debug!(%reason, function = %self.identity.path, "a damaged record is a miss");
                Err(Some(CallExplanation::Corrupt))
            }
        })
    }

    fn save(&self, key: &StoreKey, new: NewBytes<'_>) -> Result<Saved, Fault> {
        let Some((store, _)) = self.store()? else { return Ok(Saved::ReadOnly) };
        let NewBytes { info, place, size, since, refresh, write } = new;
        let since =
            if since == Shelf::UNKNOWN { store.generation(&self.identity) } else { Generation(since) };
        Ok(match store.put(NewRecord { key, info, place, size, since, refresh, write })? {
            Stored::Kept { evicted, generation, .. } => Saved::Kept { evicted, generation: generation.0 },
            Stored::TooLarge => Saved::TooLarge,
            // A put never finds that something is present: only an adding does.
            Stored::Stale | Stored::Present => Saved::Stale,
            Stored::ReadOnly => Saved::ReadOnly,
        })
    }

    fn hold(&self, key: &StoreKey) -> Result<Option<Held>, Fault> {
        self.store()?.map_or(Ok(None), |(store, _)| store.hold(key))
    }

    fn contains(&self, key: &StoreKey, now: Nanos) -> Result<bool, Fault> {
        self.store()?.map_or(Ok(false), |(store, _)| store.contains(key, now))
    }

    fn file(&self, key: &StoreKey, now: Nanos) -> Result<Option<PathBuf>, Fault> {
        self.store()?.map_or(Ok(None), |(store, _)| store.readable_file(key, now))
    }

    fn remove(&self, key: &StoreKey) -> Result<bool, Fault> {
        self.store()?.map_or(Ok(false), |(store, _)| store.remove(key))
    }

    fn clear(&self) -> Result<(), Fault> {
        let Some((store, _)) = self.store()? else { return Ok(()) };
        store.clear(&self.identity.namespace, Scope::path_of(&self.identity)).map(drop)
    }

    fn stats(&self) -> Result<(u64, u64), Fault> {
        self.opened.get().map_or(Ok((0, 0)), |(store, _)| store.stats(&self.identity))
    }

    fn trace(&self, key: &StoreKey, now: Nanos) -> Result<CallExplanation, Fault> {
        let Some((store, _)) = self.store()? else { return Ok(CallExplanation::NeverSeen) };
        Ok(match store.trace(key, now)? {
            Trace::Present => CallExplanation::DiskHit,
            Trace::Departed(departure) => why(departure),
            Trace::OtherCode => CallExplanation::CodeChanged,
            Trace::OtherShape => CallExplanation::TypeChanged,
            Trace::NeverSeen => CallExplanation::NeverSeen,
        })
    }
}

fn why(departure: Departure) -> CallExplanation {
    match departure {
        Departure::Expired => CallExplanation::Expired,
        Departure::Evicted => CallExplanation::Evicted,
        Departure::Invalidated => CallExplanation::Invalidated,
        Departure::Corrupt => CallExplanation::Corrupt,
    }
}
