//! What may be said about the disk and whatever takes its place, and what of it makes no sense.

use std::sync::Arc;

use super::config::Config;
#[cfg(feature = "zstd")]
use super::plan::{Dispatch, Side};
use super::resolve::{Resolved, Resolver};
use crate::settings::Secret;
use crate::store::{Eviction, MmapPolicy, Store};

/// How results are stored, as it was said and as it is done.
#[derive(Clone, Default)]
pub(crate) struct DiskSettings {
    pub(crate) store: Option<Arc<dyn Store>>,
    pub(crate) eviction: Option<Eviction>,
    pub(crate) secret: Option<Secret>,
    pub(crate) one_flight: bool,
    pub(crate) mmap: MmapPolicy,
    #[cfg(feature = "zstd")]
    pub(crate) compress: Option<i32>,
}

impl Config {
    /// The store that takes the place of the disk: whatever would go there goes into it, as one byte string per
    /// result. Its namespaces are the functions' paths.
    ///
    /// In front of a store that claims `shared_between_processes`, memory asks for the store's version on each hit,
    /// and a result is kept only if nothing else in the store has changed since its call began, since that may have
    /// been its invalidation. What is removed from any other store by its own methods, memory may still serve: use
    /// the companion's.
    ///
    /// ```
    /// use omnicache_runtime::{Config, store::MemoryStore};
    /// use std::sync::Arc;
    ///
    /// let config = Config::new().persist().store(Arc::new(MemoryStore::new()));
    /// ```
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.disk.store = Some(store);
        self
    }

    /// Seals what goes to disk, or into a store, with a secret (keyed BLAKE3): what was not written by one who knows
    /// it is a miss, counted in `stats().errors`. `OMNICACHE_KEY` unless set. Every read from disk then verifies the
    /// whole record, mapped files included.
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.disk.secret = Some(Secret(secret.as_ref().into()));
        self
    }

    /// Compresses what goes to disk, or into a store, with zstd at this level (1 to 22; 3 is zstd's own choice), where
    /// that makes it smaller. Array files stay as they are, so that others can map them; JSON is compressed anyway.
    #[cfg(feature = "zstd")]
    pub fn compress(mut self, level: i32) -> Self {
        self.disk.compress = Some(level);
        self
    }

    /// Single-flight across processes: of several processes that want one key, one runs the body and the others wait
    /// for its result. The lock is the system's, and freed when its holder is killed. For results on disk, on Linux.
    pub fn single_flight_across_processes(mut self) -> Self {
        self.disk.one_flight = true;
        self
    }

    /// Whether results that lie in files are mapped on a hit, which they are unless set to [`MmapPolicy::Never`].
    ///
    /// ```
    /// use omnicache_runtime::{MmapPolicy, for_ndarray};
    ///
    /// let config = for_ndarray().dir("/srv/shared").mmap(MmapPolicy::Never);
    /// ```
    pub fn mmap(mut self, mmap: MmapPolicy) -> Self {
        self.disk.mmap = mmap;
        self
    }

    /// In which order the directory's entries are given up when it is full; LRU unless set.
    pub fn disk_eviction(mut self, eviction: Eviction) -> Self {
        self.disk.eviction = Some(eviction);
        self
    }
}

impl Resolver<'_> {
    /// What the secret and the locks need.
    pub(super) fn check_disk(&self) -> Resolved<()> {
        let config = &self.config;
        if config.disk.secret.as_ref().is_some_and(|secret| secret.0.is_empty()) {
            return self.refuse(
                "secret",
                "empty",
                "an empty secret keeps nobody out; give it at least one byte",
            );
        }
        if config.disk.one_flight && !cfg!(any(target_os = "linux", target_os = "android")) {
            let message = "needs locks that belong to an open file, which this system has not; drop it";
            return self.refuse("single_flight_across_processes", "true", message);
        }
        Ok(())
    }

    /// What compression needs.
    #[cfg(feature = "zstd")]
    pub(super) fn check_compression(&self, sides: [Side; 2]) -> Resolved<()> {
        let Some(level) = self.config.disk.compress else { return Ok(()) };
        if !(1..=22).contains(&level) {
            return self.refuse("compress", level, "is no level of zstd; write one from 1 to 22, such as 3");
        }
        if sides.iter().any(|side| matches!(side.store, Some(Dispatch::File(_)))) {
            let message = "array files stay as they are, so that others can map them; write `backend = disk`, or drop it";
            return self.refuse("compress", level, message);
        }
        Ok(())
    }

    /// What makes no sense beside a store of the user's own: it takes the disk's place.
    pub(super) fn check_store(&self) -> Resolved<()> {
        let config = &self.config;
        if config.disk.store.is_none() {
            return Ok(());
        }
        let of_the_disk = [
            ("dir", config.dir.as_ref().map(|dir| dir.display().to_string())),
            ("max_disk_bytes", config.max_disk_bytes.map(|bytes| bytes.to_string())),
            ("disk_eviction", config.disk.eviction.map(|eviction| format!("{eviction:?}"))),
            ("mmap", (config.disk.mmap != MmapPolicy::Auto).then(|| format!("{:?}", config.disk.mmap))),
            ("single_flight_across_processes", config.disk.one_flight.then(|| "true".to_owned())),
        ];
        match of_the_disk.into_iter().find_map(|(field, value)| Some((field, value?))) {
            Some((field, value)) => self.refuse(
                field,
                value,
                "is about the disk, whose place `store` takes; drop it, and set the store up where it is made",
            ),
            None => Ok(()),
        }
    }
}
