//! What a user may say about where and how results are kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "disk")]
use super::disk::DiskSettings;
use crate::clock::Clock;
use crate::kind::{Backend, Policy};
use crate::removal::{Listener, Removal};

/// How a function's results are asked for again: decides the eviction policy where none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Many reads of few keys: `lru`.
    ReadHeavy,
    /// What was used lately is used again: `lru`.
    TemporalLocality,
    /// Some keys are used far more often than others: `lfu` (with the feature `moka`).
    Frequency,
    /// No pattern: `random`.
    Random,
    /// Not known: `s3_fifo`.
    Unknown,
}

impl Access {
    /// Every pattern, in the order of the documentation.
    pub const ALL: &'static [Self] =
        &[Self::ReadHeavy, Self::TemporalLocality, Self::Frequency, Self::Random, Self::Unknown];

    /// The eviction policy that suits the pattern.
    pub const fn policy(self) -> Policy {
        match self {
            Self::ReadHeavy | Self::TemporalLocality => Policy::Lru,
            Self::Frequency => Policy::Lfu,
            Self::Random => Policy::Random,
            Self::Unknown => Policy::S3Fifo,
        }
    }
}

/// Who shares a function's results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sharing {
    /// One thread: memory, and `#[cache(local)]` spares the locks.
    Thread,
    /// The threads of this process: memory, unless size or another hint says otherwise.
    Threads,
    /// Many processes of this machine: results go to disk, never to memory alone.
    Processes,
    /// Many machines: needs a network store, never a shared folder.
    Machines,
}

/// Where and how a function's results are kept.
///
/// Made by a helper such as [`for_ndarray`] or [`hybrid`], or by [`Config::new`], and refined by methods that
/// carry the names of the macro's options. What is left open is chosen from the return type.
///
/// ```
/// use omnicache_runtime::{Backend, Config, Policy, hybrid};
/// use std::time::Duration;
///
/// let config = hybrid().small(Backend::Memory).large(Backend::Disk).threshold(1 << 20);
/// let config = Config::new().policy(Policy::Lru).ttl(Duration::from_secs(600)).max_entries(10_000);
/// ```
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own, as users write them")]
pub struct Config {
    pub(crate) helper: Option<(&'static str, Option<Backend>)>,
    /// Whether a helper says that results are awaited, as those of an `async fn` are.
    pub(crate) awaited: bool,
    /// Whether each thread has a cache of its own.
    pub(crate) local: bool,
    pub(crate) backend: Option<Backend>,
    pub(crate) small: Option<Backend>,
    pub(crate) large: Option<Backend>,
    pub(crate) threshold: Option<u64>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) max_entries: Option<u64>,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) policy: Option<Policy>,
    pub(crate) persist: bool,
    pub(crate) ephemeral: bool,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) namespace: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) access: Option<Access>,
    pub(crate) sharing: Option<Sharing>,
    pub(crate) max_disk_bytes: Option<u64>,
    pub(crate) patience: Option<Duration>,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) listener: Option<Listener>,
    #[cfg(feature = "disk")]
    pub(crate) disk: DiskSettings,
}

/// Declares builder methods that set one field each.
macro_rules! builders {
    ($($(#[$doc:meta])+ $name:ident: $type:ty;)+) => {$(
        $(#[$doc])+
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = Some($name);
            self
        }
    )+};
}

impl Config {
    /// A configuration that leaves everything to the return type.
    pub fn new() -> Self {
        Self::default()
    }

    fn helper(name: &'static str, backend: Option<Backend>) -> Self {
        Self { helper: Some((name, backend)), ..Self::default() }
    }

    builders! {
        /// Where results are kept; overrules the selection.
        backend: Backend;
        /// Where a result of at most the threshold goes; makes the backend hybrid.
        small: Backend;
        /// Where a result of more than the threshold goes; makes the backend hybrid.
        large: Backend;
        /// A result of more bytes than this is large; 1 MiB unless set.
        threshold: u64;
        /// Time to live: an entry is expired when its age is equal or greater.
        ttl: Duration;
        /// Time to idle: an entry in memory is expired when it has not been used for this long.
        idle: Duration;
        /// Most bytes of payload in memory; 64 MiB unless set.
        max_bytes: u64;
        /// Eviction policy of the memory tier.
        policy: Policy;
        /// How results are asked for again; decides the policy where none is named.
        access: Access;
        /// Who shares the results.
        sharing: Sharing;
        /// Most bytes in the directory; 1 GiB unless set.
        max_disk_bytes: u64;
        /// How long a caller of an async function waits for another caller's body that nobody polls; 60 seconds
        /// unless set. It then runs the body itself. A body that is awaiting something is not polled either, so
        /// set it above the longest single wait of the body.
        patience: Duration;
    }

    /// Most entries in memory. Without `max_bytes` it lifts the default byte bound.
    pub fn max_entries(mut self, max_entries: usize) -> Self {
        self.max_entries = Some(max_entries as u64);
        self
    }

    /// Every result also on disk.
    pub fn persist(mut self) -> Self {
        self.persist = true;
        self
    }

    /// Nothing ever on disk.
    pub fn ephemeral(mut self) -> Self {
        self.ephemeral = true;
        self
    }

    /// The directory on disk, made with its parents; `OMNICACHE_DIR` or the user's cache directory unless set.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Whose entries: functions of different namespaces share none.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Stands for the code, in place of the body's hash.
    pub fn version(mut self, version: impl ToString) -> Self {
        self.version = Some(version.to_string());
        self
    }

    /// The clock that decides expiry; the machine's unless set. For tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Calls a function for each entry that leaves memory, with the cause. It is called after the call that removed the
    /// entry has done its work, on that call's thread and outside of every lock, so it may call back into the cache;
    /// what that removes it is told of next. If it panics, that is counted in `stats().errors` and logged once. Whoever
    /// calls it twice is told by the last.
    ///
    /// ```
    /// use omnicache_runtime::{Cause, Config};
    ///
    /// let config = Config::new().max_entries(1_000).on_removal(|removal| {
    ///     if removal.cause == Cause::Evicted {
    ///         println!("{} has too little room", removal.function);
    ///     }
    /// });
    /// ```
    pub fn on_removal(mut self, listener: impl Fn(&Removal) + Send + Sync + 'static) -> Self {
        self.listener = Some(Listener(Arc::new(listener)));
        self
    }

    /// The first setting that is zero and must not be, with what it should be.
    pub(super) fn zero(&self) -> Option<(&'static str, &'static str)> {
        let zero = Some(Duration::ZERO);
        let settings = [
            ("threshold", self.threshold == Some(0), "a size of at least one byte, such as `1 << 20`"),
            ("max_entries", self.max_entries == Some(0), "at least 1"),
            ("max_bytes", self.max_bytes == Some(0), "a size of at least one byte, such as `64 << 20`"),
            ("max_disk_bytes", self.max_disk_bytes == Some(0), "a size of at least one byte"),
            ("ttl", self.ttl == zero, "a time above zero; without `ttl` entries live for ever"),
            ("idle", self.idle == zero, "a time above zero"),
            ("patience", self.patience == zero, "a time above zero"),
        ];
        settings.into_iter().find(|(_, is_zero, _)| *is_zero).map(|(field, _, wanted)| (field, wanted))
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("helper", &self.helper.map(|(name, _)| name))
            .field("backend", &self.backend)
            .field("small", &self.small)
            .field("large", &self.large)
            .field("threshold", &self.threshold)
            .field("ttl", &self.ttl)
            .field("idle", &self.idle)
            .field("max_entries", &self.max_entries)
            .field("max_bytes", &self.max_bytes)
            .field("policy", &self.policy)
            .field("persist", &self.persist)
            .field("ephemeral", &self.ephemeral)
            .field("dir", &self.dir)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

/// Results that are awaited: costly to get, so the hit ratio counts most (`lfu`, with the feature `moka`).
pub fn for_async() -> Config {
    Config { awaited: true, ..Config::helper("for_async", None) }
}

/// Declares the helpers: each pins the strategy's answer for its kind of data.
macro_rules! helpers {
    ($($(#[$doc:meta])+ $name:ident => $backend:ident;)+) => {
        $(
            $(#[$doc])+
            pub fn $name() -> Config {
                Config::helper(stringify!($name), Some(Backend::$backend))
            }
        )+

        /// Every helper, with the backend that it pins.
        pub static HELPERS: &[(&str, Option<Backend>)] =
            &[$((stringify!($name), Some(Backend::$backend)),)+ ("for_async", None)];
    };
}

helpers! {
    /// Numbers and other small values: memory.
    for_scalars => Memory;
    /// Strings, vectors, maps: memory.
    for_collections => Memory;
    /// `ndarray` arrays: array files, mapped on a hit, whatever the size.
    for_ndarray => Array;
    /// Arrow record batches: array files, mapped on a hit, whatever the size.
    for_dataframes => Array;
    /// Byte strings: disk.
    for_bytes => Disk;
    /// Images: disk.
    for_images => Disk;
    /// JSON: disk.
    for_json => Disk;
    /// Model weights: disk, mapped on a hit where the return type allows it.
    for_models => Disk;
    /// Structs: by their encoded size.
    for_structs => Hybrid;
    /// Each result by its own size: small ones in memory, large ones on disk or in array files.
    hybrid => Hybrid;
}
