//! The contract of a store: what a backend that we do not ship must do to keep the results of cached functions.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::clock::Nanos;
use crate::error::Fault;

/// A store of entries by namespace and key.
///
/// Implement it to keep results where omnicache has no backend of its own, and hand it to
/// [`Config::store`](crate::Config::store). The feature `conformance` has a suite that checks an implementation
/// point by point; `examples/custom_store.rs` is one over a plain map.
///
/// Keys and payloads are byte strings; what is in them is the caller's business. Every entry has a number that is
/// given once, stays when the entry is overwritten, and rises with each new entry. All methods may be called from any
/// thread. None panics. An operation that fails has changed nothing.
///
/// What a store does not claim in its [`Capabilities`] it refuses with [`StoreError::Unsupported`].
pub trait Store: Send + Sync + 'static {
    /// What the store can do beside the rest.
    fn capabilities(&self) -> Capabilities;

    /// Opens the store; a fresh one takes on the identity. Opening twice is harmless.
    ///
    /// # Errors
    /// [`StoreError::Identity`] if entries of another identity are there; [`StoreError::Closed`] after `close`;
    /// [`StoreError::Fault`] if what is there is not a store or cannot be opened.
    fn open(&self, identity: &StoreIdentity) -> Result<(), StoreError>;

    /// Closes the store for good: every later operation is [`StoreError::Closed`]. Closing one that was not opened is
    /// harmless.
    ///
    /// # Errors
    /// [`StoreError::Fault`] if what was to be written could not be.
    fn close(&self) -> Result<(), StoreError>;

    /// The live entry under a key. It does not count as a use; see [`Store::touch`].
    ///
    /// An entry is expired when its age at `now` is equal to its time to live or greater, or when it is from the
    /// future. An entry that is damaged is `None`.
    ///
    /// # Errors
    /// [`StoreError::Closed`], and [`StoreError::Fault`] if the store cannot be read.
    fn get(&self, namespace: &str, key: &[u8], now: Nanos) -> Result<Option<StoreEntry>, StoreError>;

    /// The entry of a number, live or expired.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn get_by_id(&self, id: u64) -> Result<Option<StoreEntry>, StoreError>;

    /// The live entries under several keys, each in its place.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn get_many(
        &self,
        namespace: &str,
        keys: &[&[u8]],
        now: Nanos,
    ) -> Result<Vec<Option<StoreEntry>>, StoreError> {
        keys.iter().map(|key| self.get(namespace, key, now)).collect()
    }

    /// Whether [`Store::get`] would find something.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn contains(&self, namespace: &str, key: &[u8], now: Nanos) -> Result<bool, StoreError> {
        Ok(self.get(namespace, key, now)?.is_some())
    }

    /// How many entries there are, expired ones included: of a namespace, or in all.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn count(&self, namespace: Option<&str>) -> Result<u64, StoreError>;

    /// What the entries of a namespace, or all, count for against quota and limit, in bytes: at least their payloads.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn size(&self, namespace: Option<&str>) -> Result<u64, StoreError>;

    /// The namespaces that have entries, sorted, each once.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn namespaces(&self) -> Result<Vec<String>, StoreError>;

    /// At most `limit` entries with a number above `id`, in rising order, expired ones included. Between two calls
    /// writing is allowed.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn since(&self, id: u64, limit: usize) -> Result<Vec<StoreEntry>, StoreError>;

    /// At most `count` entries, those first whose last use is longest ago: of a namespace, or of all.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn least_recently_used(
        &self,
        count: usize,
        namespace: Option<&str>,
    ) -> Result<Vec<StoreEntry>, StoreError>;

    /// Keeps an entry and returns its number. One under the same key is replaced and keeps its number.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] if it can never fit, [`StoreError::Closed`], and [`StoreError::Fault`] if it cannot
    /// be written.
    fn put(&self, entry: &NewEntry<'_>) -> Result<u64, StoreError>;

    /// Keeps several entries; where the store can, all or none.
    ///
    /// # Errors
    /// As [`Store::put`].
    fn put_many(&self, entries: &[NewEntry<'_>]) -> Result<Vec<u64>, StoreError> {
        entries.iter().map(|entry| self.put(entry)).collect()
    }

    /// Keeps an entry unless a live one is there under its key, and returns its number if it did. Of several callers
    /// at once, in any thread or process, one succeeds.
    ///
    /// # Errors
    /// As [`Store::put`].
    fn add(&self, entry: &NewEntry<'_>) -> Result<Option<u64>, StoreError>;

    /// Notes a use of an entry. One that is not there is no error.
    ///
    /// # Errors
    /// [`StoreError::Closed`], and [`StoreError::Fault`] if it cannot be written.
    fn touch(&self, id: u64, now: Nanos) -> Result<(), StoreError>;

    /// Removes an entry; tells whether there was one.
    ///
    /// # Errors
    /// As [`Store::touch`].
    fn remove(&self, namespace: &str, key: &[u8]) -> Result<bool, StoreError>;

    /// Removes expired entries, of a namespace or all, and returns how many.
    ///
    /// # Errors
    /// As [`Store::touch`].
    fn remove_expired(&self, now: Nanos, namespace: Option<&str>) -> Result<u64, StoreError>;

    /// Removes the entries of a namespace and returns how many.
    ///
    /// # Errors
    /// As [`Store::touch`].
    fn clear(&self, namespace: &str) -> Result<u64, StoreError>;

    /// The quota of a namespace in bytes, if it has one.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] without the capability `quotas`; as [`Store::get`].
    fn quota(&self, namespace: &str) -> Result<Option<u64>, StoreError> {
        let _ = namespace;
        Err(StoreError::Unsupported("quotas"))
    }

    /// Sets or lifts the quota of a namespace; it is enforced by the next put. The entries of a namespace within its
    /// quota are not evicted for those of another.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] without the capability `quotas`; as [`Store::touch`].
    fn set_quota(&self, namespace: &str, bytes: Option<u64>) -> Result<(), StoreError> {
        let _ = (namespace, bytes);
        Err(StoreError::Unsupported("quotas"))
    }

    /// A counter that is zero in a fresh store and rises by one with each put, each removal that removed and each
    /// clear that cleared. Whoever sees it risen can read what made it rise.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn version(&self) -> Result<u64, StoreError>;

    /// A small value that belongs to the store as a whole.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn metadata(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Sets such a value.
    ///
    /// # Errors
    /// As [`Store::touch`].
    fn set_metadata(&self, name: &str, value: &[u8]) -> Result<(), StoreError>;

    /// Whether everything is as it was written. With `repair`, what is damaged is removed and the rest kept; the
    /// next call is then true.
    ///
    /// # Errors
    /// [`StoreError::Closed`], and [`StoreError::Fault`] if the store cannot be read at all. Damage is no error.
    fn verify(&self, repair: bool) -> Result<bool, StoreError>;

    /// Writes a copy of the store as of now to a new place, while others may write.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] without the capability `snapshots`; as [`Store::put`].
    fn snapshot(&self, to: &Path) -> Result<(), StoreError> {
        let _ = to;
        Err(StoreError::Unsupported("snapshots"))
    }

    /// Fills this store, which must not have been opened and have nothing in it, from a snapshot.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] without the capability `snapshots`; [`StoreError::Fault`] if there is no snapshot
    /// or the store has something in it.
    fn restore(&self, from: &Path) -> Result<(), StoreError> {
        let _ = from;
        Err(StoreError::Unsupported("snapshots"))
    }
}

/// What a store claims to be able to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a claim of its own")]
pub struct Capabilities {
    /// Entries are there again after the store was closed and another value opened in its place.
    pub persistent: bool,
    /// Several processes may have it open at once, and each sees what the others do.
    pub shared_between_processes: bool,
    /// `snapshot` and `restore` work.
    pub snapshots: bool,
    /// `quota` and `set_quota` work.
    pub quotas: bool,
    /// It can be bound to a number of bytes, and evicts by a policy.
    pub limits: bool,
}

/// In which order entries are given up when a store is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Eviction {
    /// The one whose last use is longest ago first.
    #[default]
    Lru,
    /// The one with the fewest uses first, of several the one whose last use is longest ago.
    Lfu,
    /// The one that came first. Overwriting and using change nothing.
    Fifo,
}

/// What entries are written by: a store of another identity is not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreIdentity {
    /// The format of the payloads.
    pub format: u32,
    /// What makes the keys.
    pub hasher: String,
    /// Whatever else must agree.
    pub parameters: String,
}

impl StoreIdentity {
    /// The identity of the entries that cached functions write.
    pub fn of_functions() -> Self {
        Self { format: 1, hasher: "blake3-256".to_owned(), parameters: String::new() }
    }

    /// The identity as bytes, for a store to keep.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    /// Compares this identity, which is asked for, with the bytes of the one that is there.
    ///
    /// # Errors
    /// [`StoreError::Identity`] if they differ.
    pub fn check(&self, found: &[u8]) -> Result<(), StoreError> {
        if found == self.to_bytes() {
            return Ok(());
        }
        let found = String::from_utf8_lossy(found).into_owned();
        Err(StoreError::Identity { found, wanted: self.to_string() })
    }
}

impl fmt::Display for StoreIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, hasher, parameters } = self;
        write!(f, "format {format}, hasher {hasher}")?;
        if parameters.is_empty() { Ok(()) } else { write!(f, ", {parameters}") }
    }
}

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreEntry {
    /// Its number, above zero.
    pub id: u64,
    /// Its namespace.
    pub namespace: String,
    /// Its key.
    pub key: Vec<u8>,
    /// Its payload.
    pub payload: Vec<u8>,
    /// When it was stored.
    pub stored_at: Nanos,
    /// How long it lives from then; `None` for ever.
    pub ttl: Option<Nanos>,
    /// When it was last used: put or touched.
    pub accessed: Nanos,
    /// How often it was touched.
    pub uses: u64,
}

impl StoreEntry {
    /// Whether it is expired at `now`.
    pub fn is_expired(&self, now: Nanos) -> bool {
        crate::clock::expired(self.stored_at, self.ttl, now)
    }
}

/// An entry to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewEntry<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its key.
    pub key: &'a [u8],
    /// Its payload.
    pub payload: &'a [u8],
    /// When it is stored: now.
    pub stored_at: Nanos,
    /// How long it lives from then; `None` for ever.
    pub ttl: Option<Nanos>,
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It is not open, or no longer.
    #[error("the store is not open")]
    Closed,
    /// It holds entries of another identity.
    #[error(
        "the store holds entries of {found}, and {wanted} was asked for: open it as {found}, clear it, or use \
         another place"
    )]
    Identity {
        /// What is there.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// It does not claim this capability.
    #[error("the store has no {0}")]
    Unsupported(&'static str),
    /// The payload is larger than the limit or the quota; nothing has changed.
    #[error("a payload of {size} bytes is larger than the {limit} bytes that it may have")]
    TooLarge {
        /// The payload's bytes.
        size: u64,
        /// The bytes it may have.
        limit: u64,
    },
    /// The place where it lies refused, or is damaged.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Whether a store is open: fresh, then open, then closed for good.
#[derive(Debug, Default)]
pub struct Lifecycle(AtomicU8);

impl Lifecycle {
    const OPEN: u8 = 1;
    const CLOSED: u8 = 2;

    /// Notes that the store is being opened.
    ///
    /// # Errors
    /// [`StoreError::Closed`] if it has been closed.
    pub fn open(&self) -> Result<(), StoreError> {
        match self.0.compare_exchange(0, Self::OPEN, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) | Err(Self::OPEN) => Ok(()),
            Err(_) => Err(StoreError::Closed),
        }
    }

    /// Notes that the store is closed for good.
    pub fn close(&self) {
        self.0.store(Self::CLOSED, Ordering::Release);
    }

    /// Whether it was never opened nor closed.
    pub fn is_fresh(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    /// # Errors
    /// [`StoreError::Closed`] unless the store is open.
    pub fn check(&self) -> Result<(), StoreError> {
        if self.0.load(Ordering::Acquire) == Self::OPEN { Ok(()) } else { Err(StoreError::Closed) }
    }
}
