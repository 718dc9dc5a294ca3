//! Reading entries from a stream.

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

use super::stream::{Broken, Meta, read_head, read_record};
use crate::clock::{Nanos, expired};
use crate::error::{Fault, FaultKind};
use crate::store::open::DiskStore;
use crate::store::{Identity, NewRecord, Place, StoreKey, Stored};

/// What was read from a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Entries that are new here.
    pub added: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Entries whose keys were here already: these stayed as they were.
    pub present: u64,
    /// Entries left out: expired, larger than the directory's limit, or of a newer release.
    pub skipped: u64,
}

impl DiskStore {
    /// Reads a stream that [`DiskStore::export`] wrote, and stores its entries. A key that has a live entry here keeps
    /// it. The directory's limit holds as for any other put: what does not fit pushes out what is older.
    ///
    /// Checksums find a damaged stream, not a forged one: import only what you trust.
    ///
    /// # Errors
    /// [`FaultKind::Decode`] if the stream is damaged, cut short or none of ours: it names the record, and the records
    /// before it are stored. Else the faults of `from`, the operating system and the index; a read-only store refuses.
    pub fn import(&self, from: &mut dyn Read, now: Nanos) -> Result<Imported, Fault> {
        if self.read_only {
            return Err(Fault::new(
                FaultKind::Index,
                "a read-only store cannot be imported into: open it for writing",
            ));
        }
        let mut report = Imported::default();
        read_head(from).map_err(|broken| fault("the stream", "", broken))?;
        let mut identities = HashSet::new();
        for number in 1.. {
            let record = read_record(from, number - 1).map_err(|broken| {
                let before = format!("; the {} before it are imported", number - 1);
                fault(&format!("record {number} of the stream"), &before, broken)
            })?;
            let Some(record) = record else { break };
            match record.meta {
                Some(meta) => self.import_record(meta, &record.payload, now, &mut identities, &mut report)?,
                None => report.skipped += 1,
            }
        }
        Ok(report)
    }

    fn import_record(
        &self,
        meta: Meta,
        payload: &[u8],
        now: Nanos,
        identities: &mut HashSet<Arc<Identity>>,
        report: &mut Imported,
    ) -> Result<(), Fault> {
        let Meta { identity, hash, arguments, key, info, extension } = meta;
        if expired(info.stored_at, info.ttl, now) {
            report.skipped += 1;
            return Ok(());
        }
        // One and the same `Arc` for each function, by which its row is remembered.
        let identity = match identities.get(&identity) {
            Some(known) => Arc::clone(known),
            None => Arc::new(identity),
        };
        identities.insert(Arc::clone(&identity));
        let key = StoreKey { identity, hash, arguments, bytes: key };
        if self.contains(&key, now)? {
            report.present += 1;
            return Ok(());
        }
        let stored = self.put(NewRecord {
            since: self.generation(&key.identity),
            key: &key,
            info,
            place: place(&extension),
            size: payload.len() as u64,
            refresh: false,
            write: &mut |out| out.write_all(payload).map_err(|e| Fault::io("writing an imported payload", e)),
        })?;
        match stored {
            Stored::Kept { .. } => {
                report.added += 1;
                report.bytes += payload.len() as u64;
            }
            Stored::Present => report.present += 1,
            Stored::TooLarge | Stored::Stale | Stored::ReadOnly => report.skipped += 1,
        }
        Ok(())
    }
}

/// Where a payload goes that came from an array file of this extension; one that is not known here can be read from a
/// blob just as well.
fn place(extension: &str) -> Place {
    ["npy", "arrow"].into_iter().find(|known| *known == extension).map_or(Place::Record, Place::ForeignFile)
}

fn fault(where_: &str, after: &str, broken: Broken) -> Fault {
    match broken {
        Broken::Stream(why) => Fault::new(FaultKind::Decode, format!("{where_}: {why}{after}")),
        Broken::Io(e) => Fault::io(format!("reading {where_}"), e),
    }
}
