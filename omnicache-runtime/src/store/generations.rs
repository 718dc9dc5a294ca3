//! The words by which processes tell each other, in a nanosecond, that a function's entries were forgotten.
//!
//! A file of 8192 words, mapped shared by every process. Each function (namespace and site) hashes to one
//! word. A word is even while nothing happens. Whoever forgets entries holds `SQLite`'s write lock, makes the
//! word odd before the commit and even after it. So an unchanged even word proves that memory is as good as
//! disk; any other word sends the reader to the log of what was forgotten, which the same transaction wrote.
//!
//! A process killed in between leaves an odd word. The log tells the truth either way (it was committed or it
//! was not), so the next holder of the write lock just makes the word even.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use twox_hash::XxHash3_64;

use super::layout::{Layout, private_file};
use super::{Generation, Identity, boot};
use crate::error::Fault;

/// Words in the file.
const WORDS: usize = 8192;
/// The first words are the file's own: see [`EPOCH`].
const RESERVED: usize = 8;
/// This word rises whenever the index is replaced by a fresh one, so that others reopen it.
const EPOCH: usize = 1;
/// This word counts the calls by which payload files come or go at this moment; whoever is killed leaves it up.
const MOVING: usize = 2;
/// The boot of the machine in which payload files were last known to be all in order.
const TIDY_BOOT: usize = 3;
/// This word is odd while somebody commits, and another each time somebody has.
const COMMITS: usize = 4;
/// What a word shows where there is no file: odd, so nobody ever trusts memory on its account.
const UNKNOWN: u64 = 1;

/// The mapped file; or nothing, where a read-only store has none.
pub(super) struct Words {
    map: Option<memmap2::MmapRaw>,
    /// Then the mapping faults on a store.
    read_only: bool,
}

impl Words {
    /// Opens the file, making or lengthening it if need be. The caller holds the store's lock.
    pub(super) fn open(layout: &Layout, read_only: bool) -> Result<Self, Fault> {
        let path = layout.generations();
        let mut options = OpenOptions::new();
        options.read(true);
        if !read_only {
            options.write(true).create(true).truncate(false);
        }
        let fault = |e| Fault::io(format!("mapping {}", path.display()), e);
        match private_file(&mut options, &path) {
            Ok(file) => Self::map(&file, read_only).map_err(fault),
            Err(e) if read_only && e.kind() == io::ErrorKind::NotFound => Ok(Self { map: None, read_only }),
            Err(e) => Err(fault(e)),
        }
    }

    fn map(file: &File, read_only: bool) -> io::Result<Self> {
        let bytes = WORDS * size_of::<u64>();
        let present = file.metadata()?.len();
        if present < bytes as u64 {
            if read_only {
                return Ok(Self { map: None, read_only });
            }
            file.set_len(bytes as u64)?;
        }
        let mut options = memmap2::MmapOptions::new();
        options.len(bytes);
        let map = if read_only { options.map_raw_read_only(file)? } else { options.map_raw(file)? };
        Ok(Self { map: Some(map), read_only })
    }

    fn at(&self, index: usize) -> Option<&AtomicU64> {
        let start = self.map.as_ref()?.as_ptr();
        #[expect(clippy::cast_ptr_alignment, reason = "a mapping begins at a page")]
        let first = start.cast::<AtomicU64>();
        // SAFETY: the mapping holds `WORDS` words, is page-aligned and lives as long as `self`; `index` is
        // taken modulo `WORDS`. All accesses anywhere are atomic, and a read-only mapping is only loaded from
        // (every writer is refused by a read-only store). The file is never truncated: it only ever grows.
        Some(unsafe { &*first.add(index % WORDS) })
    }

    /// Whether there was a file when the store was opened.
    pub(super) fn is_mapped(&self) -> bool {
        self.map.is_some()
    }

    /// The word's present value.
    pub(super) fn load(&self, index: usize) -> u64 {
        self.at(index).map_or(UNKNOWN, |word| word.load(Ordering::Acquire))
    }

    /// The index's epoch.
    pub(super) fn epoch(&self) -> u64 {
        self.load(EPOCH)
    }

    /// Tells every process that the index was replaced.
    pub(super) fn next_epoch(&self) {
        if let Some(word) = self.at(EPOCH) {
            word.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// A number that stays the same only while nothing is written; odd while something may be.
    pub(super) fn commits(&self) -> u64 {
        self.load(COMMITS)
    }

    /// Notes that something is being written, until the guard is dropped. Only under the write lock, which may be gone by
    /// the time the guard is.
    pub(super) fn committing(&self) -> Committing<'_> {
        // If it is odd, the one before has not come to say that it is done, or was killed; this one says it for both. No
        // value comes twice, so nobody takes one for another.
        let next = |word: u64| (word + 1) | 1;
        let odd = self.writable(COMMITS).map_or(UNKNOWN, |word| {
            let before = word.fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| Some(next(word)));
            next(before.unwrap_or_else(|before| before))
        });
        Committing { words: self, odd }
    }

    /// Has everybody take a new look at the index.
    pub(super) fn shake(&self) {
        let word = self.commits();
        if let Some(place) = self.writable(COMMITS).filter(|_| word.is_multiple_of(2)) {
            // If another changed it, they look as well.
            let _ = place.compare_exchange(word, word + 2, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// The word even again, if one who forgot was killed before making it so. Only under the write lock.
    pub(super) fn settle(&self, index: usize) -> u64 {
        let value = self.load(index);
        if value.is_multiple_of(2) {
            return value;
        }
        self.finish(index, value);
        self.load(index)
    }

    /// Makes the word odd, until the guard is dropped. Only under the write lock.
    pub(super) fn forget(&self, index: usize) -> Forgetting<'_> {
        let odd = self.settle(index) + 1;
        if let Some(word) = self.at(index) {
            word.store(odd, Ordering::Release);
        }
        Forgetting { words: self, index, odd }
    }

    /// From `odd` to the even value behind it, unless somebody was faster.
    fn finish(&self, index: usize, odd: u64) {
        if let Some(word) = self.at(index) {
            // Losing the race means that the next holder of the lock has done it already.
            let _ = word.compare_exchange(odd, odd + 1, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// The word, if this process may change it.
    fn writable(&self, index: usize) -> Option<&AtomicU64> {
        if self.read_only { None } else { self.at(index) }
    }

    /// Notes that payload files are coming or going, until the guard is dropped.
    pub(super) fn moving(&self) -> Moving<'_> {
        self.litter();
        Moving(self)
    }

    /// Notes that a payload file may have stayed behind without a row.
    pub(super) fn litter(&self) {
        if let Some(word) = self.writable(MOVING) {
            word.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Whether payload files may lie about without a row, provided that no process is at it now.
    pub(super) fn is_littered(&self) -> bool {
        self.load(MOVING) != 0 || self.load(TIDY_BOOT) != present_boot()
    }

    /// Notes that there are none. Only while no other process has the store open.
    pub(super) fn tidy(&self) {
        for (index, value) in [(MOVING, 0), (TIDY_BOOT, present_boot())] {
            if let Some(word) = self.writable(index) {
                word.store(value, Ordering::Release);
            }
        }
    }

    /// Every function word that was ever changed, with its value rounded up to even.
    pub(super) fn changed(&self) -> impl Iterator<Item = (usize, u64)> {
        (RESERVED..WORDS).map(|index| (index, self.load(index).next_multiple_of(2))).filter(|&(_, v)| v > 0)
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words(epoch {})", self.epoch())
    }
}

/// A word that is odd while entries are being forgotten; even again once this is dropped, after the commit.
pub(super) struct Forgetting<'a> {
    words: &'a Words,
    index: usize,
    odd: u64,
}

impl Forgetting<'_> {
    /// The even value the word will have: what the log says of it.
    pub(super) fn value(&self) -> u64 {
        self.odd + 1
    }
}

impl Drop for Forgetting<'_> {
    fn drop(&mut self) {
        self.words.finish(self.index, self.odd);
    }
}

/// While it lives, the index may change at any moment.
pub(super) struct Committing<'a> {
    words: &'a Words,
    odd: u64,
}

impl Drop for Committing<'_> {
    fn drop(&mut self) {
        if let Some(word) = self.words.writable(COMMITS) {
            // Losing the race means that another is writing by now, and will say so.
            let _ = word.compare_exchange(self.odd, self.odd + 1, Ordering::AcqRel, Ordering::Acquire);
        }
    }
}

/// While it lives, payload files may be without a row.
pub(super) struct Moving<'a>(&'a Words);

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        if let Some(word) = self.0.writable(MOVING) {
            word.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

fn present_boot() -> u64 {
    boot::id().unwrap_or(0).cast_unsigned()
}

/// The word of a function.
pub(super) fn index_of(namespace: &str, site: &str) -> usize {
    let mut name = Vec::with_capacity(namespace.len() + site.len() + 1);
    name.extend_from_slice(namespace.as_bytes());
    name.push(0);
    name.extend_from_slice(site.as_bytes());
    let spread = (WORDS - RESERVED) as u64;
    RESERVED + usize::try_from(XxHash3_64::oneshot(&name) % spread).unwrap_or(0)
}

/// One function's word, to be kept at hand: reading it is one atomic load.
#[derive(Clone, Debug)]
pub struct Word {
    words: Arc<Words>,
    index: usize,
}

impl Word {
    pub(super) fn of(words: &Arc<Words>, identity: &Identity) -> Self {
        Self { words: Arc::clone(words), index: index_of(&identity.namespace, &identity.site) }
    }

    /// The present generation of the function's entries.
    ///
    /// What memory took at a generation that [`Generation::is_settled`] is good as long as this returns the
    /// same. If it returns another, ask [`DiskStore::forgotten_since`](super::DiskStore::forgotten_since).
    pub fn load(&self) -> Generation {
        Generation(self.words.load(self.index))
    }
}

impl Generation {
    /// Whether nobody was forgetting entries at that moment; what was read then may be kept in memory.
    pub fn is_settled(self) -> bool {
        self.0.is_multiple_of(2)
    }
}
