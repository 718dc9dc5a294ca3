//! The disk store as a [`Store`]: entries by namespace and key, beside those of cached functions.

mod find;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rusqlite::OptionalExtension;

use find::select;

use super::contract::{
    Capabilities, Eviction, Lifecycle, NewEntry, Store, StoreEntry, StoreError, StoreIdentity,
};
use super::evict::{Files, Totals};
use super::open::{DEFAULT_LIMIT, DiskStore};
use super::payload_file::MmapPolicy;
use super::read::Trust;
use super::write::time;
use super::{
    Departure, Generation, Identity, Lookup, NewRecord, Place, RecordInfo, Scope, StoreKey, StoreOptions,
    Stored,
};
use crate::clock::Nanos;
use crate::error::Fault;
use crate::kind::Codec;

/// The disk store of a directory, seen as entries by namespace and key.
///
/// It has the promises of the store of cached functions: shared by any number of processes, bounded, and never
/// wrong. The entries of functions in the same directory count for the same limit, and are not seen through it.
///
/// ```
/// use omnicache_runtime::store::{KeyedStore, NewEntry, Store, StoreIdentity};
///
/// # let dir = tempfile::tempdir()?;
/// let store = KeyedStore::new(dir.path());
/// store.open(&StoreIdentity::of_functions())?;
/// store.put(&NewEntry { namespace: "n", key: b"k", payload: b"v", stored_at: 1, ttl: None })?;
/// assert!(store.contains("n", b"k", 2)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct KeyedStore {
    options: StoreOptions,
    limit: u64,
    eviction: Eviction,
    lifecycle: Lifecycle,
    opened: RwLock<Option<Arc<DiskStore>>>,
    /// One identity per namespace: the disk store remembers functions by its address.
    identities: Mutex<HashMap<String, Arc<Identity>>>,
}

/// Identities kept; beyond, they are made anew.
const REMEMBERED: usize = 1024;
/// How often a put begins again when its key is removed meanwhile.
const ATTEMPTS: usize = 64;
const IDENTITY: &str = "identity";

impl KeyedStore {
    /// The store below `dir`, which is made with its parents when it is opened; bound to 1 GiB.
    pub fn new(dir: impl Into<std::path::PathBuf>) -> Self {
        Self::with_limit(dir, DEFAULT_LIMIT, Eviction::Lru)
    }

    /// The same, bound to `bytes` of payloads, keys and rows.
    pub fn with_limit(dir: impl Into<std::path::PathBuf>, bytes: u64, eviction: Eviction) -> Self {
        Self {
            options: StoreOptions::new(dir),
            limit: bytes,
            eviction,
            lifecycle: Lifecycle::default(),
            opened: RwLock::default(),
            identities: Mutex::default(),
        }
    }

    fn disk(&self) -> Result<Arc<DiskStore>, StoreError> {
        self.lifecycle.check()?;
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        opened.clone().ok_or(StoreError::Closed)
    }

    fn key(&self, namespace: &str, key: &[u8]) -> StoreKey {
        let mut identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        if identities.len() >= REMEMBERED {
            identities.clear();
        }
        let identity = match identities.get(namespace) {
            Some(identity) => Arc::clone(identity),
            None => {
                Arc::clone(identities.entry(namespace.to_owned()).or_insert(Arc::new(identity_of(namespace))))
            }
        };
        let hash = *blake3::Hasher::new()
            .update(&(namespace.len() as u64).to_le_bytes())
            .update(namespace.as_bytes())
            .update(key)
            .finalize()
            .as_bytes();
        StoreKey { identity, hash, arguments: std::array::from_fn(|i| hash[i]), bytes: key.to_vec() }
    }

    fn put_unless(&self, entry: &NewEntry<'_>, unless_present: bool) -> Result<Option<u64>, StoreError> {
        let disk = self.disk()?;
        let key = self.key(entry.namespace, entry.key);
        for _ in 0..ATTEMPTS {
            let since = disk.generation(&key.identity);
            let mut write = |out: &mut dyn std::io::Write| write(out, entry.payload);
            let record = record(&key, entry, since, &mut write);
            let stored = if unless_present { disk.add(record) } else { disk.put(record) };
            match stored? {
                Stored::Kept { id, .. } => return Ok(Some(id)),
                Stored::Present => return Ok(None),
                Stored::TooLarge => return Err(too_large(entry, bound(&disk, entry)?)),
                Stored::ReadOnly => return Err(refused("the store is read-only")),
                Stored::Stale => {}
            }
        }
        Err(refused("the key was removed each time it was written"))
    }
}

/// The functions' rows that these entries belong to have no path.
fn identity_of(namespace: &str) -> Identity {
    Identity { namespace: namespace.to_owned(), site: String::new(), path: String::new(), code: 0, shape: 0 }
}

fn write(out: &mut dyn std::io::Write, payload: &[u8]) -> Result<(), Fault> {
    out.write_all(payload).map_err(|e| Fault::io("writing a payload", e))
}

fn record<'a>(
    key: &'a StoreKey,
    entry: &NewEntry<'_>,
    since: Generation,
    write: &'a mut dyn FnMut(&mut dyn std::io::Write) -> Result<(), Fault>,
) -> NewRecord<'a> {
    let NewEntry { stored_at, ttl, payload, .. } = *entry;
    let info = RecordInfo { codec: Codec::Raw, shell: Vec::new(), cost: 0, stored_at, ttl, packed: false };
    let size = payload.len() as u64;
    NewRecord { key, info, place: Place::Record, size, since, refresh: false, write }
}

/// How many bytes a payload may have: no more than the limit and its namespace's quota.
fn bound(disk: &DiskStore, entry: &NewEntry<'_>) -> Result<u64, Fault> {
    Ok(disk.quota(entry.namespace)?.map_or(disk.limit(), |quota| quota.min(disk.limit())))
}

fn too_large(entry: &NewEntry<'_>, limit: u64) -> StoreError {
    StoreError::TooLarge { size: entry.payload.len() as u64, limit }
}

fn refused(why: &str) -> StoreError {
    StoreError::Fault(Fault::new(crate::error::FaultKind::Io, why))
}

impl Store for KeyedStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            persistent: true,
            shared_between_processes: true,
            limits: true,
            snapshots: true,
            quotas: true,
        }
    }

    fn open(&self, identity: &StoreIdentity) -> Result<(), StoreError> {
        self.lifecycle.open()?;
        let disk = DiskStore::open(&self.options)?;
        disk.set_limit(self.limit);
        disk.set_eviction(self.eviction)?;
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = Some(disk);
        let found = self.metadata(IDENTITY)?;
        let checked = match found {
            Some(found) => identity.check(&found),
            None => self.set_metadata(IDENTITY, &identity.to_bytes()),
        };
        if checked.is_err() {
            *self.opened.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        checked
    }

    fn close(&self) -> Result<(), StoreError> {
        self.lifecycle.close();
        let opened = self.opened.write().unwrap_or_else(PoisonError::into_inner).take();
        Ok(opened.map_or(Ok(()), |disk| disk.flush())?)
    }

    fn get(&self, namespace: &str, key: &[u8], now: Nanos) -> Result<Option<StoreEntry>, StoreError> {
        let disk = self.disk()?;
        let key = self.key(namespace, key);
        let (Lookup::Found(record), Some(id)) = disk.fetch(&key, now, Trust::Nothing, MmapPolicy::Auto)?
        else {
            return Ok(None);
        };
        let (accessed, uses): (i64, i64) = disk.look_up(|connection| {
            connection
                .prepare_cached("SELECT coalesce(accessed, stored), uses FROM entry WHERE id = ?1")?
                .query_row([id], |row| {
                    Ok((row.get_ref(0)?.as_i64().unwrap_or(0), row.get_ref(1)?.as_i64().unwrap_or(0)))
                })
                .optional()
                .map(Option::unwrap_or_default)
        })?;
        let pending = disk.accesses.of(id);
        Ok(Some(StoreEntry {
            id: id.unsigned_abs(),
            namespace: namespace.to_owned(),
            key: key.bytes,
            payload: record.payload.to_vec(),
            stored_at: record.info.stored_at,
            ttl: record.info.ttl,
            accessed: accessed.unsigned_abs().max(pending.last),
            uses: uses.unsigned_abs() + u64::from(pending.count),
        }))
    }

    fn get_by_id(&self, id: u64) -> Result<Option<StoreEntry>, StoreError> {
        Ok(self.find(select!("AND e.id = ?1"), &[&time(id)])?.pop())
    }

    fn contains(&self, namespace: &str, key: &[u8], now: Nanos) -> Result<bool, StoreError> {
        Ok(self.disk()?.contains(&self.key(namespace, key), now)?)
    }

    fn count(&self, namespace: Option<&str>) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM entry e JOIN function f ON f.id = e.function
                   WHERE f.path = '' AND (?1 IS NULL OR f.namespace = ?1)";
        self.number(sql, &[&namespace])
    }

    fn size(&self, namespace: Option<&str>) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(sum(e.bytes), 0) FROM entry e JOIN function f ON f.id = e.function
                   WHERE f.path = '' AND (?1 IS NULL OR f.namespace = ?1)";
        self.number(sql, &[&namespace])
    }

    fn namespaces(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT f.namespace FROM function f WHERE f.path = ''
                   AND EXISTS (SELECT 1 FROM entry e WHERE e.function = f.id) ORDER BY f.namespace";
        Ok(self
            .disk()?
            .query(|connection| connection.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect())?)
    }

    fn since(&self, id: u64, limit: usize) -> Result<Vec<StoreEntry>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.find(select!("AND e.id > ?1 ORDER BY e.id LIMIT ?2"), &[&time(id), &limit])
    }

    fn least_recently_used(
        &self,
        count: usize,
        namespace: Option<&str>,
    ) -> Result<Vec<StoreEntry>, StoreError> {
        // Their order is the index's, so the uses must be there.
        self.disk()?.flush()?;
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let sql = select!(
            "AND (?1 IS NULL OR f.namespace = ?1) ORDER BY coalesce(e.accessed, e.stored), e.id LIMIT ?2"
        );
        self.find(sql, &[&namespace, &count])
    }

    fn put(&self, entry: &NewEntry<'_>) -> Result<u64, StoreError> {
        Ok(self.put_unless(entry, false)?.unwrap_or(0))
    }

    fn put_many(&self, entries: &[NewEntry<'_>]) -> Result<Vec<u64>, StoreError> {
        let disk = self.disk()?;
        for entry in entries {
            let bound = bound(&disk, entry)?;
            if entry.payload.len() as u64 > bound {
                return Err(too_large(entry, bound));
            }
        }
        let keys: Vec<_> = entries.iter().map(|entry| self.key(entry.namespace, entry.key)).collect();
        let sinces: Vec<_> = keys.iter().map(|key| disk.generation(&key.identity)).collect();
        let mut writes: Vec<_> = entries
            .iter()
            .map(|entry| move |out: &mut dyn std::io::Write| write(out, entry.payload))
            .collect();
        let mut records: Vec<_> = keys
            .iter()
            .zip(entries)
            .zip(&sinces)
            .zip(&mut writes)
            .map(|(((key, entry), since), write)| record(key, entry, *since, write))
            .collect();
        let stored = disk.put_many(&mut records)?;
        let one_by_one = |(index, stored): (usize, Stored)| match stored {
            Stored::Kept { id, .. } => Ok(id),
            // Removed or filled up meanwhile: as if it had been put a moment later.
            _ => self.put(&entries[index]),
        };
        stored.into_iter().enumerate().map(one_by_one).collect()
    }

    fn add(&self, entry: &NewEntry<'_>) -> Result<Option<u64>, StoreError> {
        self.put_unless(entry, true)
    }

    fn touch(&self, id: u64, now: Nanos) -> Result<(), StoreError> {
        self.disk()?.accessed(time(id), now);
        Ok(())
    }

    fn remove(&self, namespace: &str, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.disk()?.remove(&self.key(namespace, key))?)
    }

    fn remove_expired(&self, now: Nanos, namespace: Option<&str>) -> Result<u64, StoreError> {
        let disk = self.disk()?;
        let _moving = disk.words.moving();
        let (removed, files) = disk.transact("removing expired entries", |work| {
            let expired: Vec<i64> = work
                .connection
                .prepare_cached(
                    "SELECT e.id FROM entry e JOIN function f ON f.id = e.function
                     WHERE f.path = '' AND (?1 IS NULL OR f.namespace = ?1) AND e.expires <= ?2",
                )?
                .query_map((namespace, time(now)), |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let (mut totals, mut files) = (Totals::read(work.connection)?, Files::default());
            for id in &expired {
                totals.remove(work.connection, *id, Departure::Expired, &mut files)?;
            }
            totals.write(work.connection)?;
            Ok((expired.len() as u64, files))
        })?;
        disk.unlink(files);
        Ok(removed)
    }

    fn clear(&self, namespace: &str) -> Result<u64, StoreError> {
        Ok(self.disk()?.clear(namespace, Scope::Path { site: "", path: "" })?)
    }

    fn quota(&self, namespace: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.disk()?.quota(namespace)?)
    }

    fn set_quota(&self, namespace: &str, bytes: Option<u64>) -> Result<(), StoreError> {
        Ok(self.disk()?.set_quota(namespace, bytes)?)
    }

    fn version(&self) -> Result<u64, StoreError> {
        self.number("SELECT version FROM totals", &[])
    }

    fn metadata(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.disk()?.query(|connection| {
            connection
                .prepare_cached("SELECT value FROM metadata WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()
        })?)
    }

    fn set_metadata(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        Ok(self.disk()?.transact("setting metadata", |work| {
            work.connection
                .prepare_cached(
                    "INSERT INTO metadata (name, value) VALUES (?1, ?2)
                                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                )?
                .execute((name, value))
                .map(drop)
        })?)
    }

    fn verify(&self, repair: bool) -> Result<bool, StoreError> {
        Ok(self.disk()?.verify(repair)?.is_clean())
    }

    fn snapshot(&self, to: &Path) -> Result<(), StoreError> {
        Ok(self.disk()?.snapshot(to).map(drop)?)
    }

    fn restore(&self, from: &Path) -> Result<(), StoreError> {
        if !self.lifecycle.is_fresh() {
            return Err(refused("restore a store before it is opened, not after"));
        }
        Ok(DiskStore::restore(from, &self.options.dir).map(drop)?)
    }
}
