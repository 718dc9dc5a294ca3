//! Writing entries into a stream.

use std::io::Write;

use rusqlite::{Connection, OptionalExtension, Row};
use twox_hash::XxHash3_128;

use super::stream::{Meta, write_end, write_head, write_record};
use crate::clock::{Nanos, expired};
use crate::error::Fault;
use crate::store::Identity;
use crate::store::envelope::{self, Broken};
use crate::store::layout::is_blob_name;
use crate::store::open::DiskStore;
use crate::store::payload_file::{MmapPolicy, Origin};

/// What was written into a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Entries written.
    pub entries: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Entries left out: expired, damaged, or of a newer release.
    pub skipped: u64,
}

struct Source {
    identity: Identity,
    function: i64,
    file: Option<String>,
    head: Vec<u8>,
    payload: Option<Vec<u8>>,
}

const NEXT: &str = "SELECT e.id FROM entry e JOIN function f ON f.id = e.function
     WHERE e.id > ?1 AND (?2 IS NULL OR f.namespace = ?2) ORDER BY e.id LIMIT 1";
const SOURCE: &str =
    "SELECT f.namespace, f.site, f.path, f.code, f.shape, e.function, e.file, e.head, e.payload
     FROM entry e JOIN function f ON f.id = e.function WHERE e.id = ?1";

impl DiskStore {
    /// Writes the entries of one namespace, or of all, into one stream that [`DiskStore::import`] reads. Each payload
    /// is verified; what is expired or damaged is left out. Others may write meanwhile.
    ///
    /// # Errors
    /// The faults of the index, and of `to`.
    pub fn export(&self, namespace: Option<&str>, now: Nanos, to: &mut dyn Write) -> Result<Exported, Fault> {
        let writing = |e| Fault::io("writing the export", e);
        let mut report = Exported::default();
        write_head(to).map_err(writing)?;
        let mut last = i64::MIN;
        loop {
            let next = self.ask("exporting", |connection| {
                let row = |row: &Row<'_>| row.get::<_, i64>(0);
                connection.prepare_cached(NEXT)?.query_row((last, namespace), row).optional()
            })?;
            let Some(id) = next else { break };
            last = id;
            // A file may be replaced between a look at its row and at itself: then the second look finds the new one.
            let found = match self.exportable(id, now)? {
                None => self.exportable(id, now)?,
                found => found,
            };
            let Some((meta, payload)) = found else {
                report.skipped += 1;
                continue;
            };
            write_record(to, &meta, &payload).map_err(writing)?;
            report.entries += 1;
            report.bytes += payload.len() as u64;
        }
        write_end(to, report.entries).and_then(|()| to.flush()).map_err(writing)?;
        Ok(report)
    }

    fn exportable(&self, id: i64, now: Nanos) -> Result<Option<(Meta, Vec<u8>)>, Fault> {
        let Some(source) = self.ask("exporting", |connection| source(connection, id))? else {
            return Ok(None);
        };
        let Source { identity, function, file, head, payload } = source;
        let envelope = match envelope::open(&head, function, file.as_deref()) {
            Ok(envelope) if !expired(envelope.info.stored_at, envelope.info.ttl, now) => envelope,
            Ok(_) | Err(Broken::Newer(_) | Broken::Damaged(_)) => return Ok(None),
        };
        let payload = match &file {
            None => payload.unwrap_or_default(),
            Some(name) => match self.open_payload(name, envelope.length, Origin::Unknown, MmapPolicy::Auto) {
                Ok(payload) => payload.to_vec(),
                Err(_) => return Ok(None),
            },
        };
        if payload.len() as u64 != envelope.length || XxHash3_128::oneshot(&payload) != envelope.checksum {
            return Ok(None);
        }
        let extension = file.filter(|name| !is_blob_name(name));
        let extension = extension.and_then(|name| Some(name.rsplit_once('.')?.1.to_owned()));
        let (mut hash, mut arguments) = ([0; 32], [0; 8]);
        hash.copy_from_slice(envelope.hash);
        arguments.copy_from_slice(envelope.arguments);
        let meta = Meta {
            identity,
            hash,
            arguments,
            key: envelope.key.to_vec(),
            info: envelope.info,
            extension: extension.unwrap_or_default(),
        };
        Ok(Some((meta, payload)))
    }
}

/// The row of this number, if its columns are of the types they should be.
fn source(connection: &Connection, id: i64) -> rusqlite::Result<Option<Source>> {
    let found = connection.prepare_cached(SOURCE)?.query_row([id], |row| Ok(parts(row).ok())).optional()?;
    Ok(found.flatten())
}

fn parts(row: &Row<'_>) -> rusqlite::Result<Source> {
    let wide = |at| row.get(at).map(u128::from_le_bytes);
    let identity = Identity {
        namespace: row.get(0)?,
        site: row.get(1)?,
        path: row.get(2)?,
        code: wide(3)?,
        shape: wide(4)?,
    };
    Ok(Source { identity, function: row.get(5)?, file: row.get(6)?, head: row.get(7)?, payload: row.get(8)? })
}
