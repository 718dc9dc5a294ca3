//! What the environment says, read once, and the switch of the whole process.

use std::env;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// The environment's settings.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a variable of its own")]
pub(crate) struct Settings {
    /// `OMNICACHE_DIR`: where results on disk lie.
    dir: Option<PathBuf>,
    /// `OMNICACHE_READONLY`: the store is read and never written.
    pub(crate) read_only: bool,
    /// `OMNICACHE_KEY`: the secret that records on disk are sealed with.
    #[cfg(feature = "disk")]
    pub(crate) secret: Option<Secret>,
    /// `OMNICACHE_REFRESH`: each key is recomputed once in this process, and overwritten.
    pub(crate) refresh: bool,
    /// `OMNICACHE_ALLOW_NETWORK_FS`: a store on a network file system is opened all the same.
    #[cfg(feature = "disk")]
    allow_network: bool,
    disable: bool,
}

/// Bytes that are not shown.
#[cfg(feature = "disk")]
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) std::sync::Arc<[u8]>);

#[cfg(feature = "disk")]
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a secret")
    }
}

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| Settings {
    dir: env::var_os("OMNICACHE_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from),
    read_only: flag("OMNICACHE_READONLY"),
    #[cfg(feature = "disk")]
    secret: env::var_os("OMNICACHE_KEY")
        .filter(|key| !key.is_empty())
        .map(|key| Secret(key.into_encoded_bytes().into())),
    refresh: flag("OMNICACHE_REFRESH"),
    #[cfg(feature = "disk")]
    allow_network: flag("OMNICACHE_ALLOW_NETWORK_FS"),
    disable: flag("OMNICACHE_DISABLE"),
});

/// Set, and neither empty nor one of the words for no.
fn flag(name: &str) -> bool {
    env::var(name)
        .is_ok_and(|value| !matches!(value.to_lowercase().as_str(), "" | "0" | "false" | "no" | "off"))
}

/// The environment's settings.
pub(crate) fn settings() -> &'static Settings {
    &SETTINGS
}

impl Settings {
    /// The directory of results where no other is configured.
    pub(crate) fn dir(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| cache_home().join("omnicache"))
    }

    /// How the store in `dir` is opened.
    #[cfg(feature = "disk")]
    pub(crate) fn store(&self, dir: PathBuf) -> crate::store::StoreOptions {
        crate::store::StoreOptions { dir, read_only: self.read_only, allow_network: self.allow_network }
    }
}

/// The directory of results where no other is configured: `OMNICACHE_DIR`, or `omnicache` in the user's cache
/// directory. It need not exist yet.
#[cfg(feature = "disk")]
pub fn default_dir() -> PathBuf {
    SETTINGS.dir()
}

/// The user's directory for caches, by the platform's convention.
fn cache_home() -> PathBuf {
    let home = || env::home_dir().unwrap_or_else(env::temp_dir);
    if cfg!(windows) {
        env::var_os("LOCALAPPDATA").map_or_else(home, PathBuf::from)
    } else if cfg!(target_os = "macos") {
        home().join("Library").join("Caches")
    } else {
        let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
        named.unwrap_or_else(|| home().join(".cache"))
    }
}

const UNKNOWN: u8 = 0;
const PLAIN: u8 = 1;
const DISABLED: u8 = 2;
const REFRESHING: u8 = 3;

static MODE: AtomicU8 = AtomicU8::new(UNKNOWN);

/// How calls are served in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// From the cache.
    Plain,
    /// By their bodies alone.
    Disabled,
    /// From the cache once their key has been recomputed.
    Refreshing,
}

/// Whether calls are known to be served from the cache: one relaxed load, and one comparison.
#[inline(always)]
pub(crate) fn is_plain() -> bool {
    MODE.load(Ordering::Relaxed) == PLAIN
}

/// How calls are served in this process.
#[inline]
pub(crate) fn mode() -> Mode {
    match MODE.load(Ordering::Relaxed) {
        PLAIN => Mode::Plain,
        DISABLED => Mode::Disabled,
        REFRESHING => Mode::Refreshing,
        _ => first_mode(),
    }
}

#[cold]
fn first_mode() -> Mode {
    let first = if SETTINGS.disable { DISABLED } else { enabled() };
    // Whoever has called `set_enabled` in the meantime has the last word.
    let _ = MODE.compare_exchange(UNKNOWN, first, Ordering::Relaxed, Ordering::Relaxed);
    mode()
}

fn enabled() -> u8 {
    if SETTINGS.refresh { REFRESHING } else { PLAIN }
}

/// Switches every cached function of this process off or on again.
///
/// Switched off, calls run their bodies and neither read nor write; switched on again, the entries are served
/// again. It overrules `OMNICACHE_DISABLE`.
pub fn set_enabled(enable: bool) {
    MODE.store(if enable { enabled() } else { DISABLED }, Ordering::Relaxed);
}
