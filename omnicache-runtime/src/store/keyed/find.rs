//! Finding entries by their namespace, number or last use.

use rusqlite::{Connection, Row, ToSql};

use super::KeyedStore;
use crate::clock::Nanos;
use crate::error::Fault;
use crate::store::contract::{StoreEntry, StoreError};
use crate::store::open::DiskStore;
use crate::store::payload_file::MmapPolicy;
use crate::store::read::Trust;
use crate::store::{Lookup, envelope};

/// What is read of a row to find its entry.
struct Found {
    id: i64,
    namespace: String,
    key: Vec<u8>,
    stored_at: Nanos,
    accessed: i64,
    uses: i64,
}

/// A query for [`KeyedStore::find`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, f.namespace, e.head, e.function, e.file, coalesce(e.accessed, e.stored), e.uses
             FROM entry e JOIN function f ON f.id = e.function WHERE f.path = '' ",
            $rest
        )
    };
}
pub(super) use select;

impl Found {
    /// `None` if the row is damaged: then there is no entry.
    fn read(row: &Row<'_>) -> rusqlite::Result<Option<Self>> {
        let (Ok(head), Ok(file)) = (row.get_ref(2)?.as_blob(), row.get_ref(4)?.as_str_or_null()) else {
            return Ok(None);
        };
        let Ok(envelope) = envelope::open(head, row.get(3)?, file) else { return Ok(None) };
        Ok(Some(Self {
            id: row.get(0)?,
            namespace: row.get(1)?,
            key: envelope.key().to_vec(),
            stored_at: envelope.info.stored_at,
            accessed: row.get_ref(5)?.as_i64().unwrap_or(0),
            uses: row.get_ref(6)?.as_i64().unwrap_or(0),
        }))
    }
}

impl KeyedStore {
    /// The entries that a query finds; damaged ones are left out.
    pub(super) fn find(&self, sql: &str, values: &[&dyn ToSql]) -> Result<Vec<StoreEntry>, StoreError> {
        let disk = self.disk()?;
        let found: Vec<Option<Found>> = disk
            .query(|connection| connection.prepare_cached(sql)?.query_map(values, Found::read)?.collect())?;
        let mut entries = Vec::with_capacity(found.len());
        for found in found.into_iter().flatten() {
            entries.extend(self.complete(&disk, found)?);
        }
        Ok(entries)
    }

    /// Reads the payload of what a query found, unless it is gone by now.
    fn complete(&self, disk: &DiskStore, found: Found) -> Result<Option<StoreEntry>, StoreError> {
        let key = self.key(&found.namespace, &found.key);
        // At the moment it was stored, no entry is expired.
        let (Lookup::Found(record), Some(id)) =
            disk.fetch(&key, found.stored_at, Trust::Nothing, MmapPolicy::Auto)?
        else {
            return Ok(None);
        };
        let pending = disk.accesses.of(id);
        Ok((id == found.id).then(|| StoreEntry {
            id: id.unsigned_abs(),
            namespace: found.namespace,
            key: found.key,
            payload: record.payload.to_vec(),
            stored_at: record.info.stored_at,
            ttl: record.info.ttl,
            accessed: found.accessed.unsigned_abs().max(pending.last),
            uses: found.uses.unsigned_abs() + u64::from(pending.count),
        }))
    }

    /// A number that a query gives.
    pub(super) fn number(&self, sql: &str, values: &[&dyn ToSql]) -> Result<u64, StoreError> {
        let number: i64 = self
            .disk()?
            .query(|connection| connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)))?;
        Ok(number.unsigned_abs())
    }
}

impl DiskStore {
    /// Runs a query that may find what is true at the moment.
    pub(super) fn look_up<T: Default>(
        &self,
        body: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        Ok(self.index()?.look_up(body).map_err(|e| self.fault("reading the index", e))?.unwrap_or_default())
    }

    /// Runs a query.
    pub(super) fn query<T: Default>(
        &self,
        body: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        Ok(self.index()?.read(body).map_err(|e| self.fault("reading the index", e))?.unwrap_or_default())
    }
}
