//! What the tests of the store share: functions, keys, puts and gets in a line each.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use omnicache_runtime::store::{
    DiskStore, Generation, Identity, Lookup, NewRecord, Place, Record, RecordInfo, StoreKey, StoreOptions,
    Stored,
};
use omnicache_runtime::{Codec, Fault};

/// A moment to count from.
pub const NOW: u64 = 1_700_000_000_000_000_000;
/// The environment variable that makes a test binary play another process.
const CHILD: &str = "OMNICACHE_STORE_CHILD";

pub fn open(dir: &Path) -> Arc<DiskStore> {
    DiskStore::open(&StoreOptions::new(dir)).expect("the store opens")
}

pub fn open_read_only(dir: &Path) -> Arc<DiskStore> {
    DiskStore::open(&StoreOptions { read_only: true, ..StoreOptions::new(dir) })
        .expect("the store opens read-only")
}

pub fn function(name: &str) -> Arc<Identity> {
    versioned(name, 1, 1)
}

pub fn versioned(name: &str, code: u128, shape: u128) -> Arc<Identity> {
    Arc::new(Identity {
        namespace: "test".into(),
        site: format!("krate::{name}"),
        path: format!("krate::{name}"),
        code,
        shape,
    })
}

pub fn key(identity: &Arc<Identity>, argument: u64) -> StoreKey {
    let bytes = argument.to_le_bytes().to_vec();
    let mut hasher = blake3::Hasher::new();
    hasher.update(identity.namespace.as_bytes()).update(identity.path.as_bytes()).update(&bytes);
    let arguments = *hasher.finalize().as_bytes();
    hasher.update(&identity.code.to_le_bytes()).update(&identity.shape.to_le_bytes());
    let hash = *hasher.finalize().as_bytes();
    StoreKey { identity: Arc::clone(identity), hash, arguments: std::array::from_fn(|i| arguments[i]), bytes }
}

/// A put with everything that can be said of it.
pub struct Put<'a> {
    pub key: &'a StoreKey,
    pub payload: &'a [u8],
    pub place: Place,
    pub ttl: Option<u64>,
    pub at: u64,
    pub since: Option<Generation>,
    pub refresh: bool,
}

impl<'a> Put<'a> {
    pub fn new(key: &'a StoreKey, payload: &'a [u8]) -> Self {
        Self { key, payload, place: Place::Record, ttl: None, at: NOW, since: None, refresh: false }
    }

    pub fn into(self, store: &DiskStore) -> Result<Stored, Fault> {
        let info = RecordInfo {
            codec: Codec::Raw,
            shell: vec![1, 2, 3],
            cost: 42,
            stored_at: self.at,
            ttl: self.ttl,
            packed: false,
        };
        let mut write =
            |out: &mut dyn Write| out.write_all(self.payload).map_err(|e| Fault::io("writing a payload", e));
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

pub fn put(store: &DiskStore, key: &StoreKey, payload: &[u8]) {
    let stored = Put::new(key, payload).into(store).expect("no fault");
    assert!(matches!(stored, Stored::Kept { .. }), "{stored:?}");
}

pub fn put_array(store: &DiskStore, key: &StoreKey, payload: &[u8]) {
    let stored =
        Put { place: Place::ArrayFile("npy"), ..Put::new(key, payload) }.into(store).expect("no fault");
    assert!(matches!(stored, Stored::Kept { .. }), "{stored:?}");
}

pub fn found(store: &DiskStore, key: &StoreKey) -> Option<Record> {
    match store.get(key, NOW).expect("no fault") {
        Lookup::Found(record) => Some(record),
        _ => None,
    }
}

pub fn bytes(store: &DiskStore, key: &StoreKey) -> Option<Vec<u8>> {
    found(store, key).map(|record| record.payload.to_vec())
}

/// Bytes that are not all alike.
pub fn payload(len: usize, seed: u8) -> Vec<u8> {
    (0..=250).cycle().skip(usize::from(seed)).take(len).collect()
}

pub fn root(dir: &Path) -> PathBuf {
    dir.join("omnicache.v1")
}

/// The payload files of a store, wherever they lie.
pub fn payload_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    walk(&root(dir).join("arrays"), &mut files);
    walk(&root(dir).join("blobs"), &mut files);
    files
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            walk(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}

/// The index, opened by somebody else.
pub fn index(dir: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(root(dir).join("index.sqlite")).expect("the index opens")
}

/// What the parent asks of this process, if it is a child: the directory and a word.
pub fn asked() -> Option<(PathBuf, String)> {
    let (dir, word) = std::env::var(CHILD).ok()?.split_once('|').map(|(d, w)| (d.into(), w.into()))?;
    Some((dir, word))
}

/// Runs the test of this name in another process, telling it what to do.
pub fn child(test: &str, dir: &Path, word: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test binary has a path"));
    command.args(["--exact", test, "--nocapture"]).env(CHILD, format!("{}|{word}", dir.display()));
    command
}

pub fn run(mut command: Command) {
    let output = command.output().expect("the child runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
