//! The store itself: opened once per process and directory, and mended when its index is damaged.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use super::access::Accesses;
use super::checkpoint::Checkpoints;
use super::evict::ACCESSED;
use super::generations::{Word, Words};
use super::in_flight::InFlight;
use super::index::{self, Index, lock};
use super::layout::Layout;
use super::medium::Medium;
use super::payload_file::Mappings;
use super::presence::Presence;
use super::rest::Rest;
use super::sweep::Sweeps;
use super::{Eviction, Generation, Identity, StoreOptions};
use crate::error::{Fault, FaultKind};

/// How many bytes a directory may hold unless told otherwise: 1 GiB.
pub const DEFAULT_LIMIT: u64 = 1 << 30;

/// The persistent store of one directory, shared by all functions of the process and by other processes.
///
/// All methods may be called from any thread. None of them panics or waits for the disk's cache to be written
/// out. An `Err` is a fault to be counted, never a reason to fail a call.
pub struct DiskStore {
    pub(super) layout: Layout,
    pub(super) read_only: bool,
    pub(super) words: Arc<Words>,
    pub(super) accesses: Accesses,
    pub(super) checkpoints: Checkpoints,
    pub(super) in_flight: InFlight,
    pub(super) mappings: Mappings,
    pub(super) sweeps: Sweeps,
    pub(super) rest: Rest,
    pub(super) limit: AtomicU64,
    /// The place of the policy in [`EVICTIONS`].
    eviction: AtomicU8,
    index: RwLock<Option<Arc<Index>>>,
    /// An operation met damage: the next one looks into it.
    sick: AtomicBool,
    /// Whether its locks could not be had: perhaps because this process could not give one of them back.
    stuck: AtomicBool,
    /// Tells others that this process has the store, if it may write.
    _presence: Option<Presence>,
}

const EVICTIONS: [Eviction; 3] = [Eviction::Lru, Eviction::Lfu, Eviction::Fifo];

type Registry = HashMap<(PathBuf, bool), Weak<DiskStore>>;

impl DiskStore {
    /// Opens the store below `options.dir`; the same directory gives the same store.
    ///
    /// Makes the directory with its parents and `omnicache.v1` within it, readable by its owner alone. A
    /// read-only store makes nothing, and one that is not there is empty.
    ///
    /// An index that is not a database, or a torn one, is moved aside to `damaged.sqlite` and a fresh one is
    /// begun. One of another program or of a newer release is left alone.
    ///
    /// # Errors
    /// [`FaultKind::Untrusted`] if the store's directories are symbolic links, belong to another user or can
    /// be written by one, or if it lies on a network file system and `options.allow_network` is not set;
    /// [`FaultKind::Index`] if the index is not ours or newer; [`FaultKind::Io`] if the operating system refuses.
    pub fn open(options: &StoreOptions) -> Result<Arc<Self>, Fault> {
        static OPENED: Mutex<Option<Registry>> = Mutex::new(None);
        let dir = directory(options)?;
        let mut opened = lock(&OPENED);
        let opened = opened.get_or_insert_default();
        let name = (dir, options.read_only);
        if let Some(store) = opened.get(&name).and_then(Weak::upgrade) {
            return Ok(store);
        }
        if !options.allow_network
            && let Ok(medium) = Medium::of(&name.0)
        {
            medium.check(&name.0)?;
        }
        let store = Arc::new(Self::fresh(&name.0, options.read_only)?);
        opened.retain(|_, store| store.strong_count() > 0);
        opened.insert(name, Arc::downgrade(&store));
        Ok(store)
    }

    fn fresh(dir: &Path, read_only: bool) -> Result<Self, Fault> {
        let layout = Layout::below(dir);
        let _lock = if read_only {
            layout.check()?;
            None
        } else {
            layout.prepare()?;
            Some(layout.lock()?)
        };
        let words = Arc::new(Words::open(&layout, read_only)?);
        let index = Index::open(&layout, &words, read_only)?;
        let presence = if read_only { None } else { Some(Presence::enter(&layout)?) };
        let (presence, alone) = presence.map_or((None, false), |(presence, alone)| (Some(presence), alone));
        let store = Self {
            in_flight: InFlight::of(&layout),
            layout,
            read_only,
            words,
            accesses: Accesses::default(),
            checkpoints: Checkpoints::default(),
            mappings: Mappings::default(),
            sweeps: Sweeps::default(),
            rest: Rest::default(),
            limit: AtomicU64::new(DEFAULT_LIMIT),
            eviction: AtomicU8::new(0),
            index: RwLock::new(Some(Arc::new(index))),
            sick: AtomicBool::new(false),
            stuck: AtomicBool::new(false),
            _presence: presence,
        };
        if !read_only {
            store.tidy_up(alone);
        }
        Ok(store)
    }

    /// The store's own directory, `omnicache.v1`.
    pub fn path(&self) -> &Path {
        self.layout.root()
    }

    /// Whether it was opened read-only.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// How many bytes the directory may hold.
    pub fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Sets how many bytes the directory may hold: payloads, envelopes and an estimate for their rows. It is
    /// enforced by the next put of this process.
    pub fn set_limit(&self, bytes: u64) {
        self.limit.store(bytes, Ordering::Relaxed);
    }

    /// In which order entries are given up.
    pub fn eviction(&self) -> Eviction {
        EVICTIONS[usize::from(self.eviction.load(Ordering::Relaxed)) % EVICTIONS.len()]
    }

    /// Sets in which order entries are given up by the puts of this process; LRU unless set.
    ///
    /// # Errors
    /// The faults of the index: to evict by uses it needs to keep entries in that order.
    pub fn set_eviction(&self, eviction: Eviction) -> Result<(), Fault> {
        if eviction == Eviction::Lfu && !self.read_only {
            self.transact("ordering entries by uses", |work| {
                work.connection
                    .execute(
                        &format!("CREATE INDEX IF NOT EXISTS entry_uses ON entry (uses, {ACCESSED})"),
                        [],
                    )
                    .map(drop)
            })?;
        }
        let place = EVICTIONS.iter().position(|known| *known == eviction).unwrap_or(0);
        self.eviction.store(u8::try_from(place).unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }

    /// The word that tells the generation of a function's entries; keep it at hand, it is read in a nanosecond.
    pub fn word(&self, identity: &Identity) -> Word {
        Word::of(&self.words, identity)
    }

    /// The present generation of a function's entries.
    pub fn generation(&self, identity: &Identity) -> Generation {
        self.word(identity).load()
    }

    /// The present index: reopened if another process replaced it or its locks could not be had, mended if an operation
    /// met damage.
    pub(super) fn index(&self) -> Result<Arc<Index>, Fault> {
        if self.rest.is_on() {
            return Err(Fault::new(
                FaultKind::Index,
                "the index was locked for too long: it is left alone for half a minute",
            ));
        }
        let present = self.index.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = &*present
            && index.epoch == self.words.epoch()
            && !self.sick.load(Ordering::Acquire)
            && !self.stuck.load(Ordering::Acquire)
        {
            return Ok(Arc::clone(index));
        }
        drop(present);
        self.reopen()
    }

    fn reopen(&self) -> Result<Arc<Index>, Fault> {
        let mut slot = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let sick = self.sick.load(Ordering::Acquire);
        if let Some(index) = &*slot
            && index.epoch == self.words.epoch()
            && !sick
            && !self.stuck.load(Ordering::Acquire)
        {
            return Ok(Arc::clone(index));
        }
        if let Some(index) = slot.take() {
            // A lock that this process could not give back goes with the last connection that knows of it.
            index.close();
        }
        let _lock = if self.read_only { None } else { Some(self.layout.lock()?) };
        let damaged = sick && !self.read_only && !index::is_sound(&self.layout);
        let opened = if damaged {
            index::start_over(&self.layout, &self.words)
        } else {
            Index::open(&self.layout, &self.words, self.read_only)
        };
        if opened.is_err() && self.stuck.load(Ordering::Acquire) {
            // Others need not wait in vain as well.
            self.rest.begin();
        }
        let index = Arc::new(opened?);
        self.sick.store(false, Ordering::Release);
        self.stuck.store(false, Ordering::Release);
        *slot = Some(Arc::clone(&index));
        Ok(index)
    }

    /// Has the next operation look whether the index is damaged, and mend it if so.
    pub(super) fn distrust(&self) {
        self.sick.store(true, Ordering::Release);
    }

    /// An error of the index as a fault; if it says damage, the next operation mends it.
    pub(super) fn fault(&self, context: &str, e: rusqlite::Error) -> Fault {
        if index::is_damage(&e) {
            self.sick.store(true, Ordering::Release);
        } else if index::is_stuck(&e) {
            self.stuck.store(true, Ordering::Release);
            self.rest.begin();
        }
        index::fault(context, e)
    }
}

impl fmt::Debug for DiskStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { layout, read_only, .. } = self;
        f.debug_struct("DiskStore")
            .field("path", &layout.root())
            .field("read_only", read_only)
            .finish_non_exhaustive()
    }
}

impl Drop for DiskStore {
    fn drop(&mut self) {
        // What is lost if it fails is only the order of evictions.
        let _ = self.flush();
    }
}

/// The directory's one name; made if it may be.
fn directory(options: &StoreOptions) -> Result<PathBuf, Fault> {
    let dir = &options.dir;
    let fault = |e| Fault::io(format!("making {}", dir.display()), e);
    if dir.as_os_str().is_empty() {
        return Err(Fault::new(FaultKind::Io, "the store's directory has an empty name"));
    }
    if options.read_only {
        return dir.canonicalize().or_else(|_| std::path::absolute(dir)).map_err(fault);
    }
    std::fs::create_dir_all(dir).map_err(fault)?;
    dir.canonicalize().map_err(fault)
}
