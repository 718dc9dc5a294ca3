//! The store under test, and the entries it is tested with.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Failure, Setup};
use crate::clock::Nanos;
use crate::store::{Capabilities, Eviction, NewEntry, Store, StoreError, StoreIdentity};

/// Makes a store.
pub(super) type Make<'a> = dyn Fn(&Setup<'_>) -> Box<dyn Store> + Sync + 'a;

/// A point in time that the entries of the suite are stored at.
pub(super) const THEN: Nanos = 1_700_000_000_000_000_000;
pub(super) const SECOND: Nanos = 1_000_000_000;

pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    make: &'a Make<'a>,
    root: TempDir,
    made: Cell<u32>,
}

impl<'a> Subject<'a> {
    #[expect(clippy::expect_used, reason = "without a directory there is nothing to check")]
    pub(super) fn new(name: &'a str, make: &'a Make<'a>) -> Self {
        let root = tempfile::tempdir().expect("a temporary directory for the stores");
        Self { name, make, root, made: Cell::new(0) }
    }

    /// A directory that no store has had.
    pub(super) fn dir(&self) -> Result<PathBuf, Failure> {
        self.made.set(self.made.get() + 1);
        let dir = self.root.path().join(self.made.get().to_string());
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    /// A store in a directory, not opened.
    pub(super) fn make(&self, dir: &Path) -> Box<dyn Store> {
        (self.make)(&Setup { dir, limit: None, eviction: Eviction::Lru })
    }

    /// A fresh store, opened.
    pub(super) fn fresh(&self) -> Result<Box<dyn Store>, Failure> {
        Ok(self.open(&self.dir()?)?)
    }

    /// The store of a directory, opened.
    pub(super) fn open(&self, dir: &Path) -> Result<Box<dyn Store>, StoreError> {
        let store = self.make(dir);
        store.open(&identity())?;
        Ok(store)
    }

    /// A fresh store with a limit, opened.
    pub(super) fn limited(&self, limit: u64, eviction: Eviction) -> Result<Box<dyn Store>, Failure> {
        let store = (self.make)(&Setup { dir: &self.dir()?, limit: Some(limit), eviction });
        store.open(&identity())?;
        Ok(store)
    }

    pub(super) fn capabilities(&self) -> Result<Capabilities, Failure> {
        Ok(self.make(&self.dir()?).capabilities())
    }
}

pub(super) fn identity() -> StoreIdentity {
    StoreIdentity { format: 1, hasher: "conformance".to_owned(), parameters: "dimension 3".to_owned() }
}

/// An entry without a time to live.
pub(super) fn entry<'a>(namespace: &'a str, key: &'a [u8], payload: &'a [u8]) -> NewEntry<'a> {
    NewEntry { namespace, key, payload, stored_at: THEN, ttl: None }
}

/// The payload of a key and a salt: it begins with the salt, the rest follows from both. Lengths go from 8 bytes to
/// over 64 KiB, most of them short.
pub(super) fn payload(key: u64, salt: u64) -> Vec<u8> {
    let mut state = mix(key ^ mix(salt));
    let length = match state % 8 {
        0 => state >> 8 & 0xFFFF,
        1 | 2 => state >> 8 & 0x7FFF,
        _ => state >> 8 & 0xFF,
    };
    let mut bytes = salt.to_le_bytes().to_vec();
    for _ in 0..length.div_ceil(8) {
        state = mix(state);
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

/// Whether a payload is one of this key.
pub(super) fn is_of(key: u64, bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|salt| payload(key, u64::from_le_bytes(*salt)) == bytes)
}

/// The step of `SplitMix64`: numbers that look random, the same on every run.
pub(super) fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}
