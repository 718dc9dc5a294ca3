//! Putting records.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};

use super::access::is_nearly_full;
use super::envelope;
use super::evict::{Files, Gone, Room, Totals};
use super::forget;
use super::generations::index_of;
use super::index::make_function;
use super::layout::is_blob_name;
use super::open::DiskStore;
use super::quota;
use super::sink::{self, Written};
use super::transact::Work;
use super::{Generation, Identity, NewRecord, StoreKey, Stored, sweep};
use crate::clock::Nanos;
use crate::error::{Fault, FaultKind};

/// What a row costs beside its payload and envelope: its other columns, index entries and share of pages. An
/// estimate, so that a million empty results are not free.
pub(super) const ROW: u64 = 160;
/// A blob's content may be removed by another process just before its new row is committed; then it is
/// written again, so many times.
const ATTEMPTS: usize = 3;

/// How the row of a written payload fared.
enum Placed {
    Kept {
        id: i64,
        evicted: u64,
        generation: u64,
        files: Files,
    },
    Stale,
    /// A live entry is there, and this one was only to be added.
    Present,
    /// It was too large to be written.
    TooLarge,
    /// The blob's content is gone: another row's removal took it along.
    Gone,
}

/// A payload that was written and has no row yet.
struct Draft<'a> {
    written: Written<'a>,
    /// What its row will be charged.
    charge: u64,
}

impl<'a> Draft<'a> {
    /// Writes the payload of a record; `None` if it is larger than `limit`, and then nothing is left behind.
    fn write(store: &'a DiskStore, record: &mut NewRecord<'_>, limit: u64) -> Result<Option<Self>, Fault> {
        let written =
            sink::write(&store.layout, &store.in_flight, record.key, record.place, limit, record.write)?;
        let Some(written) = written else { return Ok(None) };
        let envelope = envelope::size(record.key, &record.info, written.length);
        let charge = written.length.saturating_add(envelope as u64 + ROW);
        if charge > limit {
            store.discard(written.file());
            return Ok(None);
        }
        Ok(Some(Self { written, charge }))
    }
}

/// The rows that one transaction places.
struct Batch<'a, 'w> {
    work: &'a Work<'w>,
    totals: Totals,
    /// Whether any namespace has a quota.
    quotas: bool,
    /// Functions whose rows this transaction has made: they are remembered no longer than it, since it may still fail.
    made: Vec<(Arc<Identity>, i64)>,
}

impl<'a, 'w> Batch<'a, 'w> {
    fn begin(work: &'a Work<'w>) -> rusqlite::Result<Self> {
        let (totals, quotas) = (Totals::read(work.connection)?, quota::any(work.connection)?);
        Ok(Self { work, totals, quotas, made: Vec::new() })
    }

    /// The row of a function, made if there is none.
    fn function(&mut self, identity: &Arc<Identity>) -> rusqlite::Result<i64> {
        if let Some((_, id)) = self.made.iter().find(|(made, _)| made == identity) {
            return Ok(*id);
        }
        if let Some(id) = self.work.function(identity)? {
            return Ok(id);
        }
        let id = make_function(self.work.connection, identity)?;
        self.made.push((Arc::clone(identity), id));
        Ok(id)
    }

    fn end(self) -> rusqlite::Result<()> {
        self.totals.write_if_changed(self.work.connection)
    }
}

/// Whether a live entry is there under a record's key.
fn is_present(work: &Work<'_>, record: &NewRecord<'_>, function: i64) -> rusqlite::Result<bool> {
    work.connection
        .prepare_cached(
            "SELECT 1 FROM entry WHERE function = ?1 AND slot = ?2 AND (expires IS NULL OR expires > ?3)",
        )?
        .exists((function, slot(record.key), time(record.info.stored_at)))
}

impl DiskStore {
    /// Stores a result, evicting others if there is no room.
    ///
    /// The payload is written before the lock is taken; the row, the evictions and the count of bytes are one
    /// transaction. If anything fails, nothing is left behind and what was there before is still there.
    ///
    /// # Errors
    /// Whatever `write` returns, and the faults of the operating system and the index.
    pub fn put(&self, record: NewRecord<'_>) -> Result<Stored, Fault> {
        self.put_one(record, false)
    }

    /// Stores a result unless a live entry is there under its key; else [`Stored::Present`]. Of several callers at
    /// once, in any process, one stores.
    ///
    /// # Errors
    /// As [`DiskStore::put`].
    pub fn add(&self, record: NewRecord<'_>) -> Result<Stored, Fault> {
        self.put_one(record, true)
    }

    /// Stores several results in one transaction: if it fails, none is stored.
    ///
    /// # Errors
    /// As [`DiskStore::put`].
    pub fn put_many(&self, records: &mut [NewRecord<'_>]) -> Result<Vec<Stored>, Fault> {
        if self.read_only {
            return Ok(vec![Stored::ReadOnly; records.len()]);
        }
        let limit = self.limit();
        let _moving = self.words.moving();
        for _ in 0..ATTEMPTS {
            let mut drafts = Vec::with_capacity(records.len());
            let written = records.iter_mut().try_for_each(|record| {
                drafts.push(Draft::write(self, record, limit)?);
                Ok(())
            });
            let placed = written.and_then(|()| {
                self.transact("storing results", |work| {
                    let mut batch = Batch::begin(work)?;
                    let both = records.iter().zip(&drafts);
                    let placed = both
                        .map(|(record, draft)| self.place(&mut batch, record, draft.as_ref(), limit, false))
                        .collect::<Result<_, _>>()?;
                    batch.end()?;
                    Ok(placed)
                })
            });
            let placed: Vec<Placed> = match placed {
                Ok(placed) => placed,
                Err(fault) => {
                    drafts.iter().flatten().for_each(|draft| self.discard(draft.written.file()));
                    return Err(fault);
                }
            };
            if placed.iter().any(|placed| matches!(placed, Placed::Gone)) {
                for placed in placed {
                    if let Placed::Kept { files, .. } = placed {
                        self.unlink(files);
                    }
                }
                continue;
            }
            let both = placed.into_iter().zip(&drafts);
            return Ok(both.map(|(placed, draft)| self.settle(placed, draft.as_ref())).collect());
        }
        Err(Fault::new(FaultKind::Io, "a blob was removed each time it was written"))
    }

    fn put_one(&self, mut record: NewRecord<'_>, unless_present: bool) -> Result<Stored, Fault> {
        if self.read_only {
            return Ok(Stored::ReadOnly);
        }
        if record.refresh {
            self.rest.end();
        }
        let limit = self.limit();
        let _moving = self.words.moving();
        for _ in 0..ATTEMPTS {
            let Some(draft) = Draft::write(self, &mut record, limit)? else { return Ok(Stored::TooLarge) };
            let placed = self.transact("storing a result", |work| {
                let mut batch = Batch::begin(work)?;
                let placed = self.place(&mut batch, &record, Some(&draft), limit, unless_present)?;
                batch.end()?;
                Ok(placed)
            });
            match placed {
                Ok(Placed::Gone) => {}
                Ok(placed) => return Ok(self.settle(placed, Some(&draft))),
                Err(fault) => {
                    self.discard(draft.written.file());
                    return Err(fault);
                }
            }
        }
        Err(Fault::new(FaultKind::Io, "a blob was removed each time it was written"))
    }

    /// Clears up after a transaction.
    fn settle(&self, placed: Placed, draft: Option<&Draft<'_>>) -> Stored {
        let refused = match placed {
            Placed::Kept { id, evicted, generation, files } => {
                self.unlink(files);
                let id = id.unsigned_abs();
                return Stored::Kept { id, evicted, generation: Generation(generation) };
            }
            Placed::Stale => Stored::Stale,
            Placed::Present => Stored::Present,
            Placed::TooLarge | Placed::Gone => Stored::TooLarge,
        };
        self.discard(draft.and_then(|draft| draft.written.file()));
        refused
    }

    fn place(
        &self,
        batch: &mut Batch<'_, '_>,
        record: &NewRecord<'_>,
        draft: Option<&Draft<'_>>,
        limit: u64,
        unless_present: bool,
    ) -> rusqlite::Result<Placed> {
        let work = batch.work;
        let Some(Draft { written, charge }) = draft else { return Ok(Placed::TooLarge) };
        let (key, identity) = (record.key, &record.key.identity);
        let site = index_of(&identity.namespace, &identity.site);
        let present = self.words.settle(site);
        if record.since.0 != present && forget::is_forgotten(work.connection, site, key, record.since)? {
            return Ok(Placed::Stale);
        }
        if let Some(name) = written.file().filter(|name| is_blob_name(name))
            && self.layout.own(name).is_none_or(|path| !path.exists())
        {
            return Ok(Placed::Gone);
        }
        let function = batch.function(identity)?;
        if unless_present && is_present(work, record, function)? {
            return Ok(Placed::Present);
        }
        let quota = if batch.quotas { quota::of(work.connection, &identity.namespace)? } else { None };
        let quota = quota.map(|(bytes, _)| bytes);
        if quota.is_some_and(|quota| *charge > quota) {
            return Ok(Placed::TooLarge);
        }
        let totals = &mut batch.totals;
        let mut files = Files::default();
        let id = insert(work, record, written, function, *charge, totals, &mut files)?;
        files.spare(written.file());
        let now = record.info.stored_at;
        if self.sweeps.are_due(now) {
            totals.remove_expired(work.connection, now, id, sweep::MOST, &mut files)?;
        }
        let mut evicted = 0;
        let room = Room { keep: id, limit, now, eviction: self.eviction() };
        if let Some(quota) = quota
            && quota::used(work.connection, &identity.namespace)? > quota
        {
            self.accesses.write(work.connection)?;
            let room = Room { limit: quota, ..room };
            evicted += totals.keep_to_quota(work.connection, &identity.namespace, &room, &mut files)?;
        }
        if totals.bytes > limit {
            self.accesses.write(work.connection)?;
            evicted += totals.make_room(work.connection, &room, &mut files)?;
        } else if is_nearly_full(totals.bytes, limit) && self.accesses.is_batch() {
            self.accesses.write(work.connection)?;
        }
        let generation = if record.refresh { work.forget(site, &key.hash)? } else { present };
        Ok(Placed::Kept { id, evicted, generation, files })
    }

    /// Writes the access times that are still in memory.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn flush(&self) -> Result<(), Fault> {
        if self.read_only || self.accesses.is_empty() {
            return Ok(());
        }
        self.transact("writing access times", |work| self.accesses.write(work.connection))
    }
}

/// Inserts the row, or replaces the one that is there under its number.
fn insert(
    work: &Work<'_>,
    record: &NewRecord<'_>,
    written: &Written<'_>,
    function: i64,
    charge: u64,
    totals: &mut Totals,
    files: &mut Files,
) -> rusqlite::Result<i64> {
    let (key, info) = (record.key, &record.info);
    let slot = slot(key);
    let file = written.file();
    let head = envelope::seal(key, info, (written.length, written.checksum), function, file);
    let previous = work
        .connection
        .prepare_cached(
            "SELECT function, slot, bytes, file, id FROM entry WHERE function = ?1 AND slot = ?2",
        )?
        .query_row((function, slot), |row| Ok((Gone::read(row)?, row.get(4)?)))
        .optional()?;
    let stored = time(info.stored_at);
    let (id, accessed, sql) = if let Some((old, id)) = previous {
        totals.replaced(old, charge, stored, files);
        // Its number is that of what it replaces, and does not tell when it was stored.
        (id, Some(stored), REPLACE)
    } else {
        let (id, accessed) = totals.added(charge, stored);
        (id, accessed, INSERT)
    };
    let expires = info.ttl.map(|ttl| time(info.stored_at.saturating_add(ttl)));
    let boot = file.and_then(|_| record.place.boot());
    let bytes = (time(charge), time(totals.bytes));
    work.connection.prepare_cached(sql)?.execute(params![
        id,
        function,
        slot,
        bytes.0,
        bytes.1,
        stored,
        accessed,
        expires,
        boot,
        file,
        head,
        written.inline()
    ])?;
    Ok(id)
}

const INSERT: &str =
    "INSERT INTO entry (id, function, slot, bytes, total, stored, accessed, expires, boot, file, head, payload)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const REPLACE: &str =
    "UPDATE entry SET function = ?2, slot = ?3, bytes = ?4, total = ?5, stored = ?6,
     accessed = max(coalesce(accessed, stored), ?7), expires = ?8, boot = ?9, file = ?10, head = ?11, payload = ?12 WHERE id = ?1";

/// The number by which an entry is found among its function's: the first eight bytes of the arguments' hash,
/// so that other versions of the function have the same for the same arguments.
pub(super) fn slot(key: &StoreKey) -> i64 {
    i64::from_be_bytes(key.arguments)
}

/// A time or a size as `SQLite` holds it: clamped, since it knows no unsigned numbers.
pub(super) fn time(value: Nanos) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
