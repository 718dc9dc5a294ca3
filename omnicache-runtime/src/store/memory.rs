//! A store in memory: for tests, and for stores that are shared by the functions of one process.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::contract::{
    Capabilities, Eviction, Lifecycle, NewEntry, Store, StoreEntry, StoreError, StoreIdentity,
};
use crate::clock::Nanos;

/// A [`Store`] that lives as long as the process: bounded, with quotas, and gone when it is dropped.
///
/// ```
/// use omnicache_runtime::store::{MemoryStore, NewEntry, Store, StoreIdentity};
///
/// let store = MemoryStore::new();
/// store.open(&StoreIdentity::of_functions())?;
/// let entry = NewEntry { namespace: "n", key: b"k", payload: b"v", stored_at: 1, ttl: None };
/// let id = store.put(&entry)?;
/// assert_eq!(store.get("n", b"k", 2)?.map(|entry| entry.id), Some(id));
/// # Ok::<(), omnicache_runtime::store::StoreError>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    limit: Option<u64>,
    eviction: Eviction,
    lifecycle: Lifecycle,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<u64, StoreEntry>,
    ids: HashMap<(String, Vec<u8>), u64>,
    last_id: u64,
    version: u64,
    quotas: BTreeMap<String, u64>,
    metadata: BTreeMap<String, Vec<u8>>,
}

/// What an entry counts for.
fn weight(namespace: &str, key: &[u8], payload: &[u8]) -> u64 {
    (namespace.len() + key.len() + payload.len()) as u64
}

impl MemoryStore {
    /// A store without a limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store of at most `bytes` of namespaces, keys and payloads.
    pub fn with_limit(bytes: u64, eviction: Eviction) -> Self {
        Self { limit: Some(bytes), eviction, ..Self::default() }
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        self.lifecycle.check()?;
        Ok(self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn find(&self, namespace: &str, key: &[u8], now: Nanos) -> Option<&StoreEntry> {
        let id = self.ids.get(&(namespace.to_owned(), key.to_vec()))?;
        self.entries.get(id).filter(|entry| !entry.is_expired(now))
    }

    fn size(&self, namespace: Option<&str>) -> u64 {
        self.of(namespace).map(|entry| weight(&entry.namespace, &entry.key, &entry.payload)).sum()
    }

    fn of<'a>(&'a self, namespace: Option<&'a str>) -> impl Iterator<Item = &'a StoreEntry> {
        self.entries.values().filter(move |entry| namespace.is_none_or(|name| entry.namespace == name))
    }

    fn remove(&mut self, ids: &[u64]) {
        for id in ids {
            if let Some(StoreEntry { namespace, key, .. }) = self.entries.remove(id) {
                self.ids.remove(&(namespace, key));
            }
        }
    }

    /// Gives entries up until `bytes` suffice for what `counts` says: expired ones, then by the policy.
    fn make_room(
        &mut self,
        keep: u64,
        now: Nanos,
        eviction: Eviction,
        excess: impl Fn(&Self) -> u64,
        may_go: impl Fn(&Self, &StoreEntry) -> bool,
    ) {
        while excess(self) > 0 {
            let order = |entry: &&StoreEntry| {
                let live = !entry.is_expired(now);
                match eviction {
                    Eviction::Lru => (live, entry.accessed, 0, entry.id),
                    Eviction::Lfu => (live, entry.uses, entry.accessed, entry.id),
                    Eviction::Fifo => (live, entry.id, 0, entry.id),
                }
            };
            let victim = self
                .entries
                .values()
                .filter(|entry| entry.id != keep && may_go(self, entry))
                .min_by_key(order)
                .map(|entry| entry.id);
            match victim {
                Some(id) => self.remove(&[id]),
                None => return,
            }
        }
    }

    /// Whether a namespace is within the quota that it has: its entries are then its own reserve.
    fn is_reserved(&self, namespace: &str) -> bool {
        self.quotas.get(namespace).is_some_and(|quota| self.size(Some(namespace)) <= *quota)
    }

    fn put(&mut self, new: &NewEntry<'_>, limit: Option<u64>, eviction: Eviction) -> Result<u64, StoreError> {
        let NewEntry { namespace, key, payload, stored_at, ttl } = *new;
        let size = weight(namespace, key, payload);
        let quota = self.quotas.get(namespace).copied();
        for bound in [limit, quota].into_iter().flatten() {
            if size > bound {
                return Err(StoreError::TooLarge { size: payload.len() as u64, limit: bound });
            }
        }
        let name = (namespace.to_owned(), key.to_vec());
        let id = self.ids.get(&name).copied().unwrap_or_else(|| {
            self.last_id += 1;
            self.last_id
        });
        self.entries.insert(
            id,
            StoreEntry {
                id,
                namespace: namespace.to_owned(),
                key: key.to_vec(),
                payload: payload.to_vec(),
                stored_at,
                ttl,
                accessed: stored_at,
                uses: self.entries.get(&id).map_or(0, |old| old.uses),
            },
        );
        self.ids.insert(name, id);
        self.version += 1;
        if let Some(quota) = quota {
            let excess = |state: &Self| state.size(Some(namespace)).saturating_sub(quota);
            self.make_room(id, stored_at, eviction, excess, |_, entry| entry.namespace == namespace);
        }
        if let Some(limit) = limit {
            let excess = |state: &Self| state.size(None).saturating_sub(limit);
            // What lies in no reserve goes first; then, since the limit holds, anything.
            self.make_room(id, stored_at, eviction, excess, |state, entry| {
                !state.is_reserved(&entry.namespace)
            });
            self.make_room(id, stored_at, eviction, excess, |_, _| true);
        }
        Ok(id)
    }

    /// Removes what `goes`; returns how many.
    fn sweep(&mut self, goes: impl Fn(&StoreEntry) -> bool) -> u64 {
        let ids: Vec<u64> = self.entries.values().filter(|entry| goes(entry)).map(|entry| entry.id).collect();
        self.remove(&ids);
        ids.len() as u64
    }
}

impl Store for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { quotas: true, limits: true, ..Capabilities::default() }
    }

    fn open(&self, identity: &StoreIdentity) -> Result<(), StoreError> {
        self.lifecycle.open()?;
        let found = self.metadata("identity")?;
        match found {
            Some(found) => identity.check(&found),
            None => self.set_metadata("identity", &identity.to_bytes()),
        }
    }

    fn close(&self) -> Result<(), StoreError> {
        self.lifecycle.close();
        Ok(())
    }

    fn get(&self, namespace: &str, key: &[u8], now: Nanos) -> Result<Option<StoreEntry>, StoreError> {
        Ok(self.state()?.find(namespace, key, now).cloned())
    }

    fn get_by_id(&self, id: u64) -> Result<Option<StoreEntry>, StoreError> {
        Ok(self.state()?.entries.get(&id).cloned())
    }

    fn count(&self, namespace: Option<&str>) -> Result<u64, StoreError> {
        Ok(self.state()?.of(namespace).count() as u64)
    }

    fn size(&self, namespace: Option<&str>) -> Result<u64, StoreError> {
        Ok(self.state()?.size(namespace))
    }

    fn namespaces(&self) -> Result<Vec<String>, StoreError> {
        let state = self.state()?;
        let names: BTreeSet<_> = state.entries.values().map(|entry| entry.namespace.clone()).collect();
        Ok(names.into_iter().collect())
    }

    fn since(&self, id: u64, limit: usize) -> Result<Vec<StoreEntry>, StoreError> {
        let Some(next) = id.checked_add(1) else { return Ok(Vec::new()) };
        Ok(self.state()?.entries.range(next..).take(limit).map(|(_, entry)| entry.clone()).collect())
    }

    fn least_recently_used(
        &self,
        count: usize,
        namespace: Option<&str>,
    ) -> Result<Vec<StoreEntry>, StoreError> {
        let mut found: Vec<_> = self.state()?.of(namespace).cloned().collect();
        found.sort_by_key(|entry| (entry.accessed, entry.id));
        found.truncate(count);
        Ok(found)
    }

    fn put(&self, entry: &NewEntry<'_>) -> Result<u64, StoreError> {
        self.state()?.put(entry, self.limit, self.eviction)
    }

    fn add(&self, entry: &NewEntry<'_>) -> Result<Option<u64>, StoreError> {
        let mut state = self.state()?;
        if state.find(entry.namespace, entry.key, entry.stored_at).is_some() {
            return Ok(None);
        }
        state.put(entry, self.limit, self.eviction).map(Some)
    }

    fn touch(&self, id: u64, now: Nanos) -> Result<(), StoreError> {
        if let Some(entry) = self.state()?.entries.get_mut(&id) {
            entry.accessed = entry.accessed.max(now);
            entry.uses += 1;
        }
        Ok(())
    }

    fn remove(&self, namespace: &str, key: &[u8]) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let found = state.ids.get(&(namespace.to_owned(), key.to_vec())).copied();
        if let Some(id) = found {
            state.remove(&[id]);
            state.version += 1;
        }
        Ok(found.is_some())
    }

    fn remove_expired(&self, now: Nanos, namespace: Option<&str>) -> Result<u64, StoreError> {
        let concerns = |entry: &StoreEntry| namespace.is_none_or(|name| entry.namespace == name);
        Ok(self.state()?.sweep(|entry| concerns(entry) && entry.is_expired(now)))
    }

    fn clear(&self, namespace: &str) -> Result<u64, StoreError> {
        let mut state = self.state()?;
        let gone = state.sweep(|entry| entry.namespace == namespace);
        state.version += u64::from(gone > 0);
        Ok(gone)
    }

    fn quota(&self, namespace: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.state()?.quotas.get(namespace).copied())
    }

    fn set_quota(&self, namespace: &str, bytes: Option<u64>) -> Result<(), StoreError> {
        let mut state = self.state()?;
        match bytes {
            Some(bytes) => state.quotas.insert(namespace.to_owned(), bytes),
            None => state.quotas.remove(namespace),
        };
        Ok(())
    }

    fn version(&self) -> Result<u64, StoreError> {
        Ok(self.state()?.version)
    }

    fn metadata(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state()?.metadata.get(name).cloned())
    }

    fn set_metadata(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.state()?.metadata.insert(name.to_owned(), value.to_vec());
        Ok(())
    }

    fn verify(&self, _: bool) -> Result<bool, StoreError> {
        let state = self.state()?;
        Ok(state.ids.len() == state.entries.len()
            && state
                .entries
                .iter()
                .all(|(id, entry)| state.ids.get(&(entry.namespace.clone(), entry.key.clone())) == Some(id)))
    }
}
