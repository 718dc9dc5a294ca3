//! The functions, keys and values of the harness. Whether a value is right can be told from it and its key alone.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use omnicache_runtime::store::{
    DiskStore, Generation, Identity, Lookup, NewRecord, Place, RecordInfo, StoreKey, StoreOptions, Stored,
};
use omnicache_runtime::{Clock, Codec, Fault, SystemClock};

use crate::random::{filled, mixed};

/// Opens the store below `dir` for writing.
pub(crate) fn open(dir: &Path) -> Result<Arc<DiskStore>, Fault> {
    DiskStore::open(&StoreOptions { dir: dir.to_owned(), read_only: false, allow_network: false })
}

/// The identity of a function, in its first version.
pub(crate) fn function(name: &str) -> Arc<Identity> {
    versioned(name, 1, 1)
}

/// The identity of one version of a function.
pub(crate) fn versioned(name: &str, code: u128, shape: u128) -> Arc<Identity> {
    let site = format!("reliability::{name}");
    Arc::new(Identity { namespace: "reliability".into(), path: site.clone(), site, code, shape })
}

/// The key of a function's argument.
pub(crate) fn key(identity: &Arc<Identity>, argument: u64) -> StoreKey {
    let bytes = argument.to_le_bytes().to_vec();
    let mut hasher = blake3::Hasher::new();
    hasher.update(identity.namespace.as_bytes()).update(identity.path.as_bytes()).update(&bytes);
    let arguments = *hasher.finalize().as_bytes();
    hasher.update(&identity.code.to_le_bytes()).update(&identity.shape.to_le_bytes());
    let hash = *hasher.finalize().as_bytes();
    StoreKey { identity: Arc::clone(identity), hash, arguments: std::array::from_fn(|i| arguments[i]), bytes }
}

/// The length of content that several arguments share, so that several rows have one blob.
const SHARED: usize = 40_000;
/// Bytes at the start of most values: argument and version.
const HEADER: usize = 12;
/// The longest value.
pub(crate) const LONGEST: u64 = 64 << 10;

/// What an argument has as its value in some version.
pub(crate) fn value(argument: u64, version: u32) -> Vec<u8> {
    match argument % 16 {
        0 => Vec::new(),
        1 => filled(argument, 1 + usize::try_from(argument % 7).unwrap_or(0)),
        2 => filled(u64::from(version % 2), SHARED),
        _ => {
            let seed = mixed(mixed(argument) ^ u64::from(version));
            // As many short values as long ones: half of all fit into a row.
            let longest = if seed & 1 == 0 { 2_000 } else { LONGEST };
            let length = usize::try_from((seed >> 1) % longest).unwrap_or(0);
            let mut bytes = [&argument.to_le_bytes()[..], &version.to_le_bytes()].concat();
            bytes.extend(filled(seed, length.saturating_sub(HEADER)));
            bytes
        }
    }
}

/// Whether `bytes` are a value of this argument, in whatever version.
pub(crate) fn is_value_of(argument: u64, bytes: &[u8]) -> bool {
    match argument % 16 {
        0 | 1 => bytes == value(argument, 0),
        2 => (0..2).any(|version| bytes == value(argument, version)),
        _ => version_of(bytes).is_some_and(|version| bytes == value(argument, version)),
    }
}

/// Which version most values say they are.
pub(crate) fn version_of(bytes: &[u8]) -> Option<u32> {
    bytes.get(8..HEADER)?.try_into().map(u32::from_le_bytes).ok()
}

/// Where the value of an argument is put.
pub(crate) fn place(argument: u64) -> Place {
    if argument.is_multiple_of(5) { Place::ArrayFile("npy") } else { Place::Record }
}

/// A put with everything that can be said of it.
pub(crate) struct Put<'a> {
    pub(crate) key: &'a StoreKey,
    pub(crate) payload: &'a [u8],
    pub(crate) place: Place,
    pub(crate) ttl: Option<u64>,
    pub(crate) at: u64,
    pub(crate) since: Option<Generation>,
    pub(crate) refresh: bool,
}

impl<'a> Put<'a> {
    /// A put of now, of its argument's place, with nothing special about it.
    pub(crate) fn new(key: &'a StoreKey, argument: u64, payload: &'a [u8]) -> Self {
        let at = SystemClock.now();
        Self { key, payload, place: place(argument), ttl: None, at, since: None, refresh: false }
    }

    /// Does it.
    pub(crate) fn into(self, store: &DiskStore) -> Result<Stored, Fault> {
        let info = RecordInfo {
            codec: Codec::Raw,
            shell: vec![1],
            cost: 1,
            stored_at: self.at,
            ttl: self.ttl,
            packed: false,
        };
        let mut write = |out: &mut dyn Write| {
            // In two pieces, so that a kill may come between them.
            let (head, tail) = self.payload.split_at(self.payload.len() / 2);
            out.write_all(head)
                .and_then(|()| out.write_all(tail))
                .map_err(|e| Fault::io("writing a value", e))
        };
        store.put(NewRecord {
            key: self.key,
            info,
            place: self.place,
            size: self.payload.len() as u64,
            since: self.since.unwrap_or_else(|| store.generation(&self.key.identity)),
            refresh: self.refresh,
            write: &mut write,
        })
    }
}

/// How a lookup of an argument ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// A right value.
    Right(Vec<u8>),
    /// A value of another argument, or of none.
    Wrong,
    /// None, as if it had never been stored.
    Nothing,
    /// One that cannot be read; why.
    Unreadable(String),
}

/// Looks an argument up and checks what is found.
pub(crate) fn get(store: &DiskStore, identity: &Arc<Identity>, argument: u64) -> Got {
    match store.get(&key(identity, argument), SystemClock.now()) {
        Ok(Lookup::Found(record)) if is_value_of(argument, &record.payload) => {
            Got::Right(record.payload.to_vec())
        }
        Ok(Lookup::Found(_)) => Got::Wrong,
        Ok(Lookup::Absent(_) | Lookup::Expired) => Got::Nothing,
        Ok(Lookup::Damaged(why)) => Got::Unreadable(why),
        Err(fault) => Got::Unreadable(fault.to_string()),
    }
}
