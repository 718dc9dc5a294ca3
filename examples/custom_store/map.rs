//! A store over a plain map: what it takes to write one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use omnicache::clock::Nanos;
use omnicache::store::{Capabilities, Lifecycle, NewEntry, Store, StoreEntry, StoreError, StoreIdentity};

/// Keeps entries in a map; claims none of the capabilities, so it need not do what they stand for.
#[derive(Default)]
pub(crate) struct MapStore {
    lifecycle: Lifecycle,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: BTreeMap<(String, Vec<u8>), StoreEntry>,
    last_id: u64,
    version: u64,
    metadata: BTreeMap<String, Vec<u8>>,
}

impl MapStore {
    /// The state, if the store is open.
    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        self.lifecycle.check()?;
        Ok(self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The entries that a question is about, in no particular order.
    fn select(&self, wanted: impl Fn(&StoreEntry) -> bool) -> Result<Vec<StoreEntry>, StoreError> {
        Ok(self.state()?.entries.values().filter(|entry| wanted(entry)).cloned().collect())
    }
}

fn name(namespace: &str, key: &[u8]) -> (String, Vec<u8>) {
    (namespace.to_owned(), key.to_vec())
}

fn is_in(entry: &StoreEntry, namespace: Option<&str>) -> bool {
    namespace.is_none_or(|namespace| entry.namespace == namespace)
}

impl State {
    fn put(&mut self, new: &NewEntry<'_>) -> u64 {
        let name = name(new.namespace, new.key);
        let old = self.entries.get(&name).map(|old| (old.id, old.uses));
        // An overwritten entry keeps its number; a number is never given twice.
        let (id, uses) = old.unwrap_or((self.last_id + 1, 0));
        self.last_id = self.last_id.max(id);
        self.version += 1;
        let entry = StoreEntry {
            id,
            namespace: new.namespace.to_owned(),
            key: new.key.to_vec(),
            payload: new.payload.to_vec(),
            stored_at: new.stored_at,
            ttl: new.ttl,
            accessed: new.stored_at,
            uses,
        };
        self.entries.insert(name, entry);
        id
    }

    fn sweep(&mut self, goes: impl Fn(&StoreEntry) -> bool) -> u64 {
        let before = self.entries.len();
        self.entries.retain(|_, entry| !goes(entry));
        (before - self.entries.len()) as u64
    }
}

impl Store for MapStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn open(&self, identity: &StoreIdentity) -> Result<(), StoreError> {
        self.lifecycle.open()?;
        match self.metadata("identity")? {
            Some(found) => identity.check(&found),
            None => self.set_metadata("identity", &identity.to_bytes()),
        }
    }

    fn close(&self) -> Result<(), StoreError> {
        self.lifecycle.close();
        Ok(())
    }

    fn get(&self, namespace: &str, key: &[u8], now: Nanos) -> Result<Option<StoreEntry>, StoreError> {
        let found = self.state()?.entries.get(&name(namespace, key)).cloned();
        Ok(found.filter(|entry| !entry.is_expired(now)))
    }

    fn get_by_id(&self, id: u64) -> Result<Option<StoreEntry>, StoreError> {
        Ok(self.select(|entry| entry.id == id)?.pop())
    }

    fn count(&self, namespace: Option<&str>) -> Result<u64, StoreError> {
        Ok(self.select(|entry| is_in(entry, namespace))?.len() as u64)
    }

    fn size(&self, namespace: Option<&str>) -> Result<u64, StoreError> {
        Ok(self.select(|entry| is_in(entry, namespace))?.iter().map(|entry| entry.payload.len() as u64).sum())
    }

    fn namespaces(&self) -> Result<Vec<String>, StoreError> {
        let mut names: Vec<_> = self.select(|_| true)?.into_iter().map(|entry| entry.namespace).collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn since(&self, id: u64, limit: usize) -> Result<Vec<StoreEntry>, StoreError> {
        let mut found = self.select(|entry| entry.id > id)?;
        found.sort_unstable_by_key(|entry| entry.id);
        found.truncate(limit);
        Ok(found)
    }

    fn least_recently_used(
        &self,
        count: usize,
        namespace: Option<&str>,
    ) -> Result<Vec<StoreEntry>, StoreError> {
        let mut found = self.select(|entry| is_in(entry, namespace))?;
        found.sort_unstable_by_key(|entry| (entry.accessed, entry.id));
        found.truncate(count);
        Ok(found)
    }

    fn put(&self, entry: &NewEntry<'_>) -> Result<u64, StoreError> {
        Ok(self.state()?.put(entry))
    }

    fn add(&self, entry: &NewEntry<'_>) -> Result<Option<u64>, StoreError> {
        let mut state = self.state()?;
        let present = state.entries.get(&name(entry.namespace, entry.key));
        let is_live = present.is_some_and(|present| !present.is_expired(entry.stored_at));
        Ok((!is_live).then(|| state.put(entry)))
    }

    fn touch(&self, id: u64, now: Nanos) -> Result<(), StoreError> {
        for entry in self.state()?.entries.values_mut().filter(|entry| entry.id == id) {
            entry.accessed = entry.accessed.max(now);
            entry.uses += 1;
        }
        Ok(())
    }

    fn remove(&self, namespace: &str, key: &[u8]) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let removed = state.entries.remove(&name(namespace, key)).is_some();
        state.version += u64::from(removed);
        Ok(removed)
    }

    fn remove_expired(&self, now: Nanos, namespace: Option<&str>) -> Result<u64, StoreError> {
        Ok(self.state()?.sweep(|entry| is_in(entry, namespace) && entry.is_expired(now)))
    }

    fn clear(&self, namespace: &str) -> Result<u64, StoreError> {
        let mut state = self.state()?;
        let gone = state.sweep(|entry| entry.namespace == namespace);
        state.version += u64::from(gone > 0);
        Ok(gone)
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
        // Memory neither rots nor tears.
        self.lifecycle.check().map(|()| true)
    }
}
