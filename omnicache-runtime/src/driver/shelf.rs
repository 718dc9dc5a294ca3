//! A function's place in the store: typed values on this side, bytes on the other.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::backing::{Backing, NewBytes};
use super::backing_custom::Custom;
use super::backing_disk::Disk;
use super::function::Worth;
use super::seal::Sealer;
use super::site::Meta;
use crate::clock::{Clock, Nanos, Stopwatch, expired};
use crate::codec::TypeShape;
use crate::error::Fault;
use crate::explain::CallExplanation;
use crate::key::{Canonical, Digest, KeyWriter};
use crate::kind::Codec;
use crate::select::{Dispatch, Form, Plan, is_present};
use crate::settings::settings;
pub(super) use crate::store::Held;
use crate::store::{DiskStore, Identity, Place, RecordInfo, Scope, StoreKey};

#[cfg(feature = "zstd")]
use crate::codec::packing::unpack;

/// A build that cannot compress cannot read what is compressed either.
#[cfg(not(feature = "zstd"))]
fn unpack(_: &[u8]) -> Result<Vec<u8>, Fault> {
    let why = "a record is compressed, and the feature `zstd` is not compiled in";
    Err(Fault::new(crate::error::FaultKind::Decode, why))
}

/// A function's place in the store.
pub(super) struct Shelf {
    identity: Arc<Identity>,
    backing: Box<dyn Backing>,
    sealer: Option<Sealer>,
    clock: Arc<dyn Clock>,
    one_flight: bool,
    #[cfg(feature = "zstd")]
    compress: Option<i32>,
}

/// The key of one call.
#[derive(Clone, Debug)]
pub(super) struct ShelfKey(Arc<Written>);

/// What the arguments have written, and its hashes: made once, when the store is asked for the first time.
#[derive(Debug)]
struct Written {
    canonical: Canonical,
    hashed: OnceLock<StoreKey>,
}

/// A value read from the store.
pub(super) struct Loaded<K> {
    pub(super) kept: K,
    pub(super) size: u64,
    pub(super) stored_at: Nanos,
    pub(super) ttl: Option<Nanos>,
    pub(super) cost: Nanos,
    pub(super) generation: u64,
    /// How long it took.
    pub(super) took: Nanos,
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
        let identity = Arc::new(Identity {
            namespace: plan.namespace.clone(),
            site: meta.path(),
            // The marker is a function within the function: people know it by the outer name.
            path: marker.replace("::__marker", ""),
            code: plan.version.as_deref().map_or(meta.code, version_hash),
            shape,
        });
        let backing: Box<dyn Backing> = match &plan.disk.store {
            Some(store) => Box::new(Custom::new(&identity, Arc::clone(store), Arc::clone(&plan.clock))),
            None => Box::new(Disk::new(&identity, plan)),
        };
        let secret = plan.disk.secret.as_ref().or(settings().secret.as_ref());
        let sealer = secret.map(|secret| Sealer::new(&secret.0));
        Some(Self {
            identity,
            backing,
            sealer,
            clock: Arc::clone(&plan.clock),
            one_flight: plan.disk.one_flight,
            #[cfg(feature = "zstd")]
            compress: plan.disk.compress,
        })
    }

    /// The directory, if it lies in one.
    pub(super) fn dir(&self) -> Option<&Path> {
        self.backing.dir()
    }

    /// Whether what is in it outlives the process.
    pub(super) fn is_persistent(&self) -> bool {
        self.backing.is_persistent()
    }

    /// The key that `write` writes, whose digest in memory is `digest`; `None` if it is good for this process alone.
    #[expect(clippy::unused_self, reason = "it is a key of this shelf, which hashes it once it is asked")]
    pub(super) fn key(&self, digest: Digest, write: impl Fn(&mut KeyWriter)) -> Option<ShelfKey> {
        let canonical = KeyWriter::canonical_of(digest, write);
        canonical.is_stable().then(|| ShelfKey(Arc::new(Written { canonical, hashed: OnceLock::new() })))
    }

    /// Where a call's record lies.
    fn hashed<'a>(&self, key: &'a ShelfKey) -> &'a StoreKey {
        key.0.hashed.get_or_init(|| key.0.canonical.key(&self.identity))
    }

    /// Whether the function is known to have nothing there, without asking.
    pub(super) fn is_bare(&self) -> bool {
        self.backing.is_bare()
    }

    /// Whether a memory entry of this generation may be served without a look at the store.
    #[inline]
    pub(super) fn is_current(&self, generation: u64) -> bool {
        self.backing.is_current(generation)
    }

    /// The present generation.
    pub(super) fn generation(&self) -> Result<u64, Fault> {
        self.backing.generation()
    }

    /// The generation as of which a memory entry is good, or `None` if it was forgotten.
    pub(super) fn verify(&self, key: &ShelfKey, since: u64, stored_at: Nanos) -> Result<Option<u64>, Fault> {
        self.backing.verify(self.hashed(key), since, stored_at)
    }

    /// Looks a value up; if it is not there, tells why if that is known. None lives longer than its record says, nor
    /// than `ttl`.
    pub(super) fn load<F: Form>(&self, key: &ShelfKey, now: Nanos, ttl: Option<Nanos>) -> Outcome<F> {
        let watch = Stopwatch::start(&*self.clock);
        let (mut record, generation) = match self.backing.load(self.hashed(key), now)? {
            Ok(found) => found,
            Err(why) => return Ok(Err(why)),
        };
        if let Some(sealer) = &self.sealer {
            sealer.open(self.hashed(key), &mut record.info, &record.payload)?;
        }
        if expired(record.info.stored_at, ttl, now) {
            return Ok(Err(Some(CallExplanation::Expired)));
        }
        if record.info.packed {
            record.payload = unpack(&record.payload)?.into();
        }
        let (size, info) = (record.payload.len() as u64, record.info);
        let kept = F::decode(&info.shell, info.codec, record.payload)?;
        let RecordInfo { cost, stored_at, ttl, .. } = info;
        Ok(Ok(Loaded { kept, size, stored_at, ttl, cost, generation, took: watch.elapsed() }))
    }

    /// Stores a value.
    pub(super) fn save<F: Form>(
        &self,
        key: &ShelfKey,
        worth: &Worth<F>,
        dispatch: Dispatch,
        since: u64,
        refresh: bool,
    ) -> Result<Saved, Fault> {
        let codec = F::choose(&worth.kept);
        if codec == Codec::None {
            return Ok(Saved::Unwritable);
        }
        let place = match dispatch {
            // An absent value, or an error, has no payload that could be an array file.
            Dispatch::File(extension) if is_present(&worth.shell) => Place::ArrayFile(extension),
            _ => Place::Record,
        };
        let Worth { shell, size, cost, stored_at, ttl, .. } = worth;
        let (shell, size) = (shell.clone(), *size);
        let mut info =
            RecordInfo { codec, shell, cost: *cost, stored_at: *stored_at, ttl: *ttl, packed: false };
        let mut encode = |out: &mut dyn io::Write| F::encode(&worth.kept, codec, out);
        if let Some(packed) = self.pack(codec, place, size, &mut encode)? {
            info.packed = true;
            let mut write = |out: &mut dyn io::Write| {
                out.write_all(&packed).map_err(|e| Fault::io("writing a compressed payload", e))
            };
            let size = packed.len() as u64;
            return self.save_bytes(
                self.hashed(key),
                NewBytes { info, place, size, since, refresh, write: &mut write },
            );
        }
        self.save_bytes(self.hashed(key), NewBytes { info, place, size, since, refresh, write: &mut encode })
    }

    /// Seals a record, if there is a secret, and stores it.
    fn save_bytes(&self, key: &StoreKey, mut new: NewBytes<'_>) -> Result<Saved, Fault> {
        if let Some(sealer) = &self.sealer {
            sealer.seal(key, &mut new.info, new.write)?;
        }
        self.backing.save(key, new)
    }

    /// The payload that `encode` writes, packed, if that is asked for and makes it smaller.
    #[cfg(feature = "zstd")]
    fn pack(
        &self,
        codec: Codec,
        place: Place,
        size: u64,
        encode: &mut dyn FnMut(&mut dyn io::Write) -> Result<(), Fault>,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let Some(level) = self.compress.filter(|_| codec != Codec::Json && place == Place::Record) else {
            return Ok(None);
        };
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        encode(&mut bytes)?;
        let packed = crate::codec::packing::pack(&bytes, level)?;
        Ok((packed.len() < bytes.len()).then_some(packed))
    }

    #[cfg(not(feature = "zstd"))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the shape of the build that compresses"
    )]
    fn pack(
        &self,
        _: Codec,
        _: Place,
        _: u64,
        _: &mut dyn FnMut(&mut dyn io::Write) -> Result<(), Fault>,
    ) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }

    /// Whether keys are held for one process at a time.
    pub(super) fn holds(&self) -> bool {
        self.one_flight
    }

    /// Holds the key for this process, if that is asked for: waits until no other does.
    pub(super) fn hold(&self, key: &ShelfKey) -> Result<Option<Held>, Fault> {
        if self.one_flight { self.backing.hold(self.hashed(key)) } else { Ok(None) }
    }

    /// Whether a live record is there.
    pub(super) fn contains(&self, key: &ShelfKey, now: Nanos) -> Result<bool, Fault> {
        let Some(sealer) = &self.sealer else { return self.backing.contains(self.hashed(key), now) };
        let found = self.backing.load(self.hashed(key), now)?;
        Ok(found.is_ok_and(|(mut record, _)| {
            sealer.open(self.hashed(key), &mut record.info, &record.payload).is_ok()
        }))
    }

    /// The file that others can read a live record's payload from, if it has one.
    pub(super) fn file(&self, key: &ShelfKey, now: Nanos) -> Result<Option<PathBuf>, Fault> {
        if self.contains(key, now)? { self.backing.file(self.hashed(key), now) } else { Ok(None) }
    }

    /// Removes a record, in every process's eyes.
    pub(super) fn remove(&self, key: &ShelfKey) -> Result<bool, Fault> {
        self.backing.remove(self.hashed(key))
    }

    /// Removes all records of the function.
    pub(super) fn clear(&self) -> Result<(), Fault> {
        self.backing.clear()
    }

    /// Entries and bytes of the function, if the store has been opened.
    pub(super) fn stats(&self) -> Result<(u64, u64), Fault> {
        self.backing.stats()
    }

    /// What is known of a key.
    pub(super) fn trace(&self, key: &ShelfKey, now: Nanos) -> Result<CallExplanation, Fault> {
        self.backing.trace(self.hashed(key), now)
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
