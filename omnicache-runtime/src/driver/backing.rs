//! Where the records of a function's results lie, as bytes: on disk, or in a store of the user's.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::shelf::Saved;
use crate::clock::Nanos;
use crate::error::Fault;
use crate::explain::CallExplanation;
use crate::store::{Held, Place, Record, RecordInfo, StoreKey};

/// A record on its way into the store.
pub(super) struct NewBytes<'a> {
    pub(super) info: RecordInfo,
    pub(super) place: Place,
    /// The payload's size as measured.
    pub(super) size: u64,
    /// The generation when the call began.
    pub(super) since: u64,
    /// Whether it takes the place of a record on purpose.
    pub(super) refresh: bool,
    pub(super) write: &'a mut dyn FnMut(&mut dyn io::Write) -> Result<(), Fault>,
}

/// A record and the generation as of which it is good; or an absence, with its reason if that is known.
pub(super) type Look = Result<(Record, u64), Option<CallExplanation>>;

/// Where a function's records lie. Methods are those of [`Shelf`](super::shelf::Shelf), on bytes.
pub(super) trait Backing: Send + Sync {
    fn dir(&self) -> Option<&Path>;
    fn is_persistent(&self) -> bool;
    fn is_current(&self, generation: u64) -> bool;
    fn is_bare(&self) -> bool;
    fn generation(&self) -> Result<u64, Fault>;
    fn verify(&self, key: &StoreKey, since: u64, stored_at: Nanos) -> Result<Option<u64>, Fault>;
    fn load(&self, key: &StoreKey, now: Nanos) -> Result<Look, Fault>;
    fn save(&self, key: &StoreKey, new: NewBytes<'_>) -> Result<Saved, Fault>;
    fn hold(&self, key: &StoreKey) -> Result<Option<Held>, Fault>;
    fn contains(&self, key: &StoreKey, now: Nanos) -> Result<bool, Fault>;
    /// The file that others can read a record's payload from.
    fn file(&self, key: &StoreKey, now: Nanos) -> Result<Option<PathBuf>, Fault>;
    fn remove(&self, key: &StoreKey) -> Result<bool, Fault>;
    fn clear(&self) -> Result<(), Fault>;
    fn stats(&self) -> Result<(u64, u64), Fault>;
    fn trace(&self, key: &StoreKey, now: Nanos) -> Result<CallExplanation, Fault>;
}

/// How long a store that could not be opened is left alone at least; longer if the attempt took long.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Opens something at its first use; after a failure not again at once.
#[derive(Default)]
pub(super) struct Opening {
    again: Mutex<Option<Instant>>,
}

impl Opening {
    /// Opens it, unless that failed lately: then it is silently absent.
    pub(super) fn attempt<T>(&self, open: impl FnOnce() -> Result<T, Fault>) -> Result<Option<T>, Fault> {
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        let start = Instant::now();
        if again.is_some_and(|again| start < again) {
            return Ok(None);
        }
        let opened = open();
        *again = opened.is_err().then(|| Instant::now() + RETRY_AFTER.max(2 * start.elapsed()));
        opened.map(Some)
    }
}
