//! A function's place in the store: typed values on this side, bytes on the other.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::function::Worth;
use super::site::Meta;
use crate::clock::{Nanos, expired};
use crate::codec::TypeShape;
use crate::error::Fault;
use crate::explain::CallExplanation;
use crate::key::KeyWriter;
use crate::kind::Codec;
use crate::select::{Dispatch, Form, Plan};
use crate::settings::settings;
use crate::store::{
    Departure, DiskStore, Generation, Identity, Lookup, NewRecord, Place, RecordInfo, Scope, StoreKey,
    StoreOptions, Stored, Trace, Word,
};

/// How long a store that could not be opened is left alone.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A function's place in the store, opened at its first use.
pub(super) struct Shelf {
    identity: Arc<Identity>,
    options: StoreOptions,
    limit: u64,
    opened: OnceLock<(Arc<DiskStore>, Word)>,
    failed: Mutex<Option<Instant>>,
}

/// The key of one call.
#[derive(Clone, Debug)]
pub(super) struct ShelfKey(Arc<StoreKey>);

/// A value read from the store.
pub(super) struct Loaded<K> {
    pub(super) kept: K,
    pub(super) size: u64,
    pub(super) stored_at: Nanos,
    pub(super) ttl: Option<Nanos>,
    pub(super) cost: Nanos,
    pub(super) generation: u64,
}

/// How a look into the store ended: a value, an absence with its reason if that is known, or a fault.
pub(super) type Outcome<F> = Result<Result<Loaded<<F as Form>::Kept>, Option<CallExplanation>>, Fault>;

/// How storing a value ended.
pub(super) enum Saved {
    Kept { evicted: u64, generation: u64 },
    TooLarge,
    Stale,
    ReadOnly,
    Unwritable,
}

/// Stands for the code when a version is given at run time: never the hash of a body.
fn version_hash(version: &str) -> u128 {
    twox_hash::XxHash3_128::oneshot(format!("version\0{version}").as_bytes())
}

impl Shelf {
    /// The generation of entries that were made while the store could not be opened.
    pub(super) const UNKNOWN: u64 = u64::MAX;

    #[expect(clippy::unnecessary_wraps, reason = "a build without `disk` has none")]
    pub(super) fn new(meta: &Meta, marker: &str, plan: &Plan, shape: TypeShape) -> Option<Self> {
        let identity = Identity {
            namespace: plan.namespace.clone(),
            site: meta.path(),
            path: marker.to_owned(),
            code: plan.version.as_deref().map_or(meta.code, version_hash),
            shape,
        };
        let dir = plan.dir.clone().unwrap_or_else(|| settings().dir());
        Some(Self {
            identity: Arc::new(identity),
            options: settings().store(dir),
            limit: plan.max_disk_bytes,
            opened: OnceLock::new(),
            failed: Mutex::new(None),
        })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.options.dir
    }

    /// The key that `write` writes; `None` if it is good for this process alone.
    pub(super) fn key(&self, write: impl FnOnce(&mut KeyWriter)) -> Option<ShelfKey> {
        let canonical = KeyWriter::canonical(write);
        canonical.is_stable().then(|| ShelfKey(Arc::new(canonical.key(&self.identity))))
    }

    /// The store, opened if need be. One that failed lately is not tried again yet, and is silently absent.
    fn store(&self) -> Result<Option<&(Arc<DiskStore>, Word)>, Fault> {
        if let Some(opened) = self.opened.get() {
            return Ok(Some(opened));
        }
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_some_and(|at| at.elapsed() < RETRY_AFTER) {
            return Ok(None);
        }
        match DiskStore::open(&self.options) {
            Ok(store) => {
                store.set_limit(self.limit);
                let word = store.word(&self.identity);
                *failed = None;
                Ok(Some(self.opened.get_or_init(|| (store, word))))
            }
            Err(fault) => {
                *failed = Some(Instant::now());
                Err(fault)
            }
        }
    }

    /// Whether a memory entry of this generation may be served without a look at the store.
    #[inline]
    pub(super) fn is_current(&self, generation: u64) -> bool {
        self.opened.get().is_none_or(|(_, word)| {
            let present = word.load();
            present.0 == generation && present.is_settled()
        })
    }

    /// The present generation.
    pub(super) fn generation(&self) -> Result<u64, Fault> {
        Ok(self.store()?.map_or(Self::UNKNOWN, |(_, word)| word.load().0))
    }

    /// The generation as of which a memory entry is good, or `None` if it was forgotten.
    pub(super) fn verify(&self, key: &ShelfKey, since: u64) -> Result<Option<u64>, Fault> {
        let Some((store, word)) = self.store()? else { return Ok(Some(since)) };
        let present = word.load();
        let known = if since == Self::UNKNOWN { Generation(0) } else { Generation(since) };
        let renewed = if present.is_settled() { present.0 } else { since };
        Ok((!store.forgotten_since(&key.0, known)?).then_some(renewed))
    }

    /// Looks a value up; if it is not there, tells why if that is known.
    pub(super) fn load<F: Form>(&self, key: &ShelfKey, now: Nanos, ttl: Option<Nanos>) -> Outcome<F> {
        let Some((store, word)) = self.store()? else { return Ok(Err(None)) };
        // Read while somebody forgets entries, a value is good as of before: then the next hit asks the log.
        let generation = word.load().0 & !1;
        let record = match store.get(&key.0, now)? {
            Lookup::Found(record) => record,
            Lookup::Absent(departure) => return Ok(Err(departure.map(why))),
            Lookup::Expired => return Ok(Err(Some(CallExplanation::Expired))),
            Lookup::Damaged(reason) => {
                tracing::debug!(%reason, function = %self.identity.path, "a damaged record is a miss");
                return Ok(Err(Some(CallExplanation::Corrupt)));
            }
        };
        if expired(record.info.stored_at, ttl, now) {
            return Ok(Err(Some(CallExplanation::Expired)));
        }
        let (size, info) = (record.payload.len() as u64, record.info);
        let kept = F::decode(&info.shell, info.codec, record.payload)?;
        let RecordInfo { cost, stored_at, ttl, .. } = info;
        Ok(Ok(Loaded { kept, size, stored_at, ttl, cost, generation }))
    }

    /// Stores a value.
    #[expect(clippy::too_many_arguments, reason = "all of them the record's")]
    pub(super) fn save<F: Form>(
        &self,
        key: &ShelfKey,
        worth: &Worth<F>,
        dispatch: Dispatch,
        since: u64,
        refresh: bool,
        now: Nanos,
        ttl: Option<Nanos>,
    ) -> Result<Saved, Fault> {
        let Some((store, _)) = self.store()? else { return Ok(Saved::ReadOnly) };
        let codec = F::choose(&worth.kept);
        if codec == Codec::None {
            return Ok(Saved::Unwritable);
        }
        let place = match dispatch {
            // An absent value has no payload that could be an array file.
            Dispatch::File(extension) if worth.size > 0 => Place::ArrayFile(extension),
            _ => Place::Record,
        };
        let since = if since == Self::UNKNOWN { store.generation(&self.identity) } else { Generation(since) };
        let info = RecordInfo { codec, shell: worth.shell.clone(), cost: worth.cost, stored_at: now, ttl };
        let stored = store.put(NewRecord {
            key: &key.0,
            info,
            place,
            size: worth.size,
            since,
            refresh,
            write: &mut |out| F::encode(&worth.kept, codec, out),
        })?;
        Ok(match stored {
            Stored::Kept { evicted, generation } => Saved::Kept { evicted, generation: generation.0 },
            Stored::TooLarge => Saved::TooLarge,
            Stored::Stale => Saved::Stale,
            Stored::ReadOnly => Saved::ReadOnly,
        })
    }

    /// Whether a live record is there.
    pub(super) fn contains(&self, key: &ShelfKey, now: Nanos) -> Result<bool, Fault> {
        self.store()?.map_or(Ok(false), |(store, _)| store.contains(&key.0, now))
    }

    /// Removes a record, in every process's eyes.
    pub(super) fn remove(&self, key: &ShelfKey) -> Result<bool, Fault> {
        self.store()?.map_or(Ok(false), |(store, _)| store.remove(&key.0))
    }

    /// Removes all records of the function.
    pub(super) fn clear(&self) -> Result<(), Fault> {
        let Some((store, _)) = self.store()? else { return Ok(()) };
        store.clear(&self.identity.namespace, Scope::path_of(&self.identity)).map(drop)
    }

    /// Entries and bytes of the function, if the store has been opened.
    pub(super) fn stats(&self) -> Result<(u64, u64), Fault> {
        self.opened.get().map_or(Ok((0, 0)), |(store, _)| store.stats(&self.identity))
    }

    /// What is known of a key.
    pub(super) fn trace(&self, key: &ShelfKey, now: Nanos) -> Result<CallExplanation, Fault> {
        let Some((store, _)) = self.store()? else { return Ok(CallExplanation::NeverSeen) };
        Ok(match store.trace(&key.0, now)? {
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

/// Forgets what a function that was not called in this process has in the default directory.
pub(super) fn clear_unused(meta: &Meta) -> Result<(), Fault> {
    let options = settings().store(settings().dir());
    if !options.dir.join("omnicache.v1").is_dir() {
        return Ok(());
    }
    DiskStore::open(&options)?.clear("", Scope::Site(&meta.path())).map(drop)
}
