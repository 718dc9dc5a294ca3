//! How much the store holds, what leaves it to make room, and what became of what left.

use std::fs;
use std::io;

use rusqlite::{Connection, OptionalExtension, Row};

use super::Departure;
use super::contract::Eviction;
use super::layout::is_blob_name;
use super::open::DiskStore;
use super::quota::{self, UNPROTECTED};
use super::write::time;
use crate::clock::Nanos;

/// Eviction goes on until this part of the limit is free again, so that not every put evicts...
const SLACK_PART: u64 = 20;
/// ...but never frees more than this beyond need: one put should not pay for a thousand.
const SLACK_MOST: u64 = 8 << 20;
/// Rows chosen at a time.
const BATCH: i64 = 256;
/// Entries that enter the order of access at a time.
const SETTLED_AT_A_TIME: i64 = 1024;
/// How many departures are remembered.
const REMEMBERED: i64 = 10_000;

/// The store's counts, kept in the transaction that changes them.
pub(super) struct Totals {
    /// Payloads, envelopes and the estimate for rows.
    pub(super) bytes: u64,
    pub(super) entries: u64,
    /// The last number given to an entry; none is given twice.
    pub(super) last_id: i64,
    /// Rises with each put, each removal that removed and each clear that cleared.
    pub(super) version: i64,
    /// When the entry was stored that was stored last.
    pub(super) latest: i64,
    /// Up to this number, each entry has an access time.
    settled: i64,
    /// Whether more has changed than that entries were added, which say themselves what the counts are with them.
    changed: bool,
}

impl Totals {
    /// The counts; counted anew if damage has made something else of them. Only under the write lock.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let (totals, sound) = Self::look(connection)?;
        if sound {
            return Ok(totals);
        }
        recount(connection)?;
        Ok(Self::look(connection)?.0)
    }

    /// The counts, and whether they are all numbers; what is none is zero.
    pub(super) fn look(connection: &Connection) -> rusqlite::Result<(Self, bool)> {
        connection
            .prepare_cached("SELECT bytes, entries, last_id, version, latest, settled, sound FROM totals")?
            .query_row([], |row| {
                let number =
                    |at: usize| -> rusqlite::Result<i64> { Ok(row.get_ref(at)?.as_i64().unwrap_or(0)) };
                let totals = Self {
                    bytes: unsigned(number(0)?),
                    entries: unsigned(number(1)?),
                    last_id: number(2)?,
                    version: number(3)?,
                    latest: number(4)?,
                    settled: number(5)?,
                    changed: false,
                };
                Ok((totals, number(6)? != 0))
            })
    }

    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let Self { bytes, entries, last_id, version, latest, settled, .. } = *self;
        connection
            .prepare_cached(
                "UPDATE store SET bytes = ?1, entries = ?2, last_id = ?3, version = ?4, latest = ?5, settled = ?6
                 WHERE id = 1",
            )?
            .execute((time(bytes), time(entries), last_id, version, latest, settled))
            .map(drop)
    }

    /// Writes the counts, unless the entries that were added say it all.
    pub(super) fn write_if_changed(&self, connection: &Connection) -> rusqlite::Result<()> {
        if self.changed { self.write(connection) } else { Ok(()) }
    }

    /// Counts a new entry. Gives its number, and its access time: it has one only if one that was stored later has a
    /// lower number, else the number tells.
    pub(super) fn added(&mut self, charge: u64, stored: i64) -> (i64, Option<i64>) {
        self.bytes += charge;
        self.entries += 1;
        self.last_id += 1;
        self.version += 1;
        let in_order = stored >= self.latest;
        // The youngest entry does not tell when the latest was stored.
        self.changed |= !in_order;
        self.latest = self.latest.max(stored);
        (self.last_id, (!in_order).then_some(stored))
    }

    /// Evicts what is expired, then what the policy names first, until there is room below the limit; never the
    /// entry to keep. Returns how many unexpired entries had to go.
    pub(super) fn make_room(
        &mut self,
        connection: &Connection,
        room: &Room,
        files: &mut Files,
    ) -> rusqlite::Result<u64> {
        let Room { keep, limit, now, eviction } = *room;
        self.remove_expired(connection, now, keep, i64::MAX, files)?;
        let goal = goal(limit);
        let mut evicted = 0;
        if self.bytes <= limit {
            return Ok(evicted);
        }
        let mut protect = quota::any(connection)?;
        while self.bytes > goal {
            let among = if protect { Among::Unprotected } else { Among::All };
            let oldest = self.victims(connection, eviction, among, keep)?;
            if oldest.is_empty() {
                if !protect && self.settled == 0 {
                    break;
                }
                // Nothing else is left; and if damage has made that number too high, there is more.
                (protect, self.settled) = (false, 0);
            }
            for id in oldest {
                if self.bytes <= goal {
                    break;
                }
                self.remove(connection, id, Departure::Evicted, files)?;
                evicted += 1;
            }
        }
        Ok(evicted)
    }

    /// The next to go, but not the entry `keep`.
    pub(super) fn victims(
        &mut self,
        connection: &Connection,
        eviction: Eviction,
        among: Among<'_>,
        keep: i64,
    ) -> rusqlite::Result<Vec<i64>> {
        let (condition, namespace) = match among {
            Among::All => ("TRUE", ""),
            Among::Unprotected => (UNPROTECTED, ""),
            Among::Namespace(namespace) => (OF_NAMESPACE, namespace),
        };
        // Each statement has each of the three values, so that they can be bound.
        let which = format!("id <> ?1 AND ?3 NOTNULL AND {condition}");
        let (order, indexed) = match (eviction, among) {
            (Eviction::Fifo, _) => ("id".to_owned(), "TRUE"),
            (Eviction::Lfu, _) => (format!("uses, {ACCESSED}, id"), "TRUE"),
            // The entries of one namespace are found by their functions.
            (Eviction::Lru, Among::Namespace(_)) => (format!("{ACCESSED}, id"), "TRUE"),
            (Eviction::Lru, _) => ("accessed, id".to_owned(), "accessed IS NOT NULL"),
        };
        let sql =
            format!("SELECT id, {ACCESSED} FROM entry WHERE {indexed} AND {which} ORDER BY {order} LIMIT ?2");
        loop {
            let found: Vec<(i64, i64)> = connection
                .prepare_cached(&sql)?
                .query_map((keep, BATCH, namespace), |row| {
                    Ok((row.get(0)?, row.get_ref(1)?.as_i64().unwrap_or(0)))
                })?
                .collect::<Result<_, _>>()?;
            let complete = indexed == "TRUE" || {
                let last = found.last().filter(|_| found.len() as u64 == BATCH.unsigned_abs());
                self.is_settled_until(connection, last.map_or(i64::MAX, |(_, at)| *at))?
            };
            if complete {
                return Ok(found.into_iter().map(|(id, _)| id).collect());
            }
        }
    }

    /// Whether all entries that were used last before this time are in the order of access. If not, some more of those
    /// that were never used since they were stored enter it: the oldest, in the order of their numbers.
    fn is_settled_until(&mut self, connection: &Connection, time: i64) -> rusqlite::Result<bool> {
        let unread: Option<(i64, i64)> = connection
            .prepare_cached(
                "SELECT id, stored FROM entry NOT INDEXED WHERE id > ?1 AND accessed IS NULL ORDER BY id LIMIT 1",
            )?
            .query_row([self.settled], |row| Ok((row.get(0)?, row.get_ref(1)?.as_i64().unwrap_or(0))))
            .optional()?;
        self.changed = true;
        self.settled = unread.map_or(self.last_id, |(id, _)| id - 1);
        if unread.is_none_or(|(_, stored)| stored > time) {
            return Ok(true);
        }
        let until = self.settled.saturating_add(SETTLED_AT_A_TIME).min(self.last_id);
        connection
            .prepare_cached(
                "UPDATE entry SET accessed = stored WHERE id > ?1 AND id <= ?2 AND accessed IS NULL",
            )?
            .execute((self.settled, until))?;
        self.settled = until;
        Ok(false)
    }

    /// Removes what is expired, those first that have been longest, but not the entry `keep`.
    pub(super) fn remove_expired(
        &mut self,
        connection: &Connection,
        now: Nanos,
        keep: i64,
        most: i64,
        files: &mut Files,
    ) -> rusqlite::Result<()> {
        let expired = ids(
            connection,
            "SELECT id FROM entry WHERE expires <= ?1 AND id <> ?2 ORDER BY expires LIMIT ?3",
            (time(now), keep, most),
        )?;
        expired.into_iter().try_for_each(|id| self.remove(connection, id, Departure::Expired, files))
    }

    /// Removes the row of this number.
    pub(super) fn remove(
        &mut self,
        connection: &Connection,
        id: i64,
        why: Departure,
        files: &mut Files,
    ) -> rusqlite::Result<()> {
        let gone = connection
            .prepare_cached("DELETE FROM entry WHERE id = ?1 RETURNING function, slot, bytes, file")?
            .query_row([id], Gone::read)
            .optional()?;
        gone.map_or(Ok(()), |gone| self.took(connection, gone, why, files))
    }

    /// Takes note of a row that is being replaced by one that is charged so much.
    pub(super) fn replaced(&mut self, old: Gone, charge: u64, stored: i64, files: &mut Files) {
        self.bytes = self.bytes.saturating_sub(old.bytes) + charge;
        self.latest = self.latest.max(stored);
        self.version += 1;
        self.changed = true;
        files.add(old.file);
    }

    /// Takes note of a row that was deleted.
    pub(super) fn took(
        &mut self,
        connection: &Connection,
        gone: Gone,
        why: Departure,
        files: &mut Files,
    ) -> rusqlite::Result<()> {
        self.bytes = self.bytes.saturating_sub(gone.bytes);
        self.entries = self.entries.saturating_sub(1);
        self.changed = true;
        files.add(gone.file);
        depart(connection, gone.function, gone.slot, why)
    }
}

/// How far below a limit eviction goes.
pub(super) fn goal(limit: u64) -> u64 {
    limit - (limit / SLACK_PART).min(SLACK_MOST)
}

/// Counts what there is, whatever damage has made of the counts. Only under the write lock.
pub(super) fn recount(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("INSERT OR IGNORE INTO store VALUES (1, 0, 0, 0, 0, 0, 0)", [])?;
    let last: i64 = connection.query_row("SELECT coalesce(max(id), 0) FROM entry", [], |row| row.get(0))?;
    // `total` is exact up to 2^53, and unlike `sum` it bears texts and overflows, which damage may have made.
    connection
        .execute(
            "UPDATE store SET bytes = max((SELECT CAST(total(bytes) AS INTEGER) FROM entry), 0),
             entries = (SELECT count(*) FROM entry), last_id = max(CAST(last_id AS INTEGER), ?1),
             version = CAST(version AS INTEGER) + max(?1 - CAST(last_id AS INTEGER), 0) + 1,
             latest = (SELECT coalesce(max(CAST(stored AS INTEGER)), 0) FROM entry), settled = 0 WHERE id = 1",
            [last],
        )
        ?;
    // The youngest entry has a say in them.
    for column in ["total", "stored"] {
        let sql = format!("UPDATE entry SET {column} = 0 WHERE id = ?1 AND typeof({column}) <> 'integer'");
        connection.execute(&sql, [last])?;
    }
    Ok(())
}

/// When an entry was read last; stored, if it never was.
pub(super) const ACCESSED: &str = "coalesce(accessed, stored)";

/// The entries of one namespace, as a condition.
const OF_NAMESPACE: &str = "function IN (SELECT id FROM function WHERE namespace = ?3)";

/// Which entries may have to go.
#[derive(Clone, Copy)]
pub(super) enum Among<'a> {
    All,
    /// Those that no quota protects.
    Unprotected,
    Namespace(&'a str),
}

/// What room is to be made.
pub(super) struct Room {
    /// The entry that it is made for.
    pub(super) keep: i64,
    pub(super) limit: u64,
    pub(super) now: Nanos,
    pub(super) eviction: Eviction,
}

/// A deleted row.
pub(super) struct Gone {
    function: i64,
    slot: i64,
    bytes: u64,
    file: Option<String>,
}

impl Gone {
    /// Reads the columns `function, slot, bytes, file`, whatever damage may have made of them.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            function: row.get_ref(0)?.as_i64().unwrap_or(0),
            slot: row.get_ref(1)?.as_i64().unwrap_or(0),
            bytes: unsigned(row.get_ref(2)?.as_i64().unwrap_or(0)),
            file: row.get_ref(3)?.as_str().ok().map(str::to_owned),
        })
    }
}

pub(super) fn ids(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<i64>> {
    connection.prepare_cached(sql)?.query_map(values, |row| row.get(0))?.collect()
}

pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn depart(connection: &Connection, function: i64, slot: i64, why: Departure) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO departed (function, slot, reason) VALUES (?1, ?2, ?3)")?
        .execute((function, slot, code(why)))?;
    let newest = connection.last_insert_rowid();
    // Forgetting some of them one by one would cost as much as noting them.
    if newest % 64 == 0 {
        connection.prepare_cached("DELETE FROM departed WHERE seq <= ?1")?.execute([newest - REMEMBERED])?;
    }
    Ok(())
}

/// Why the entry of this function and slot left last, if that is remembered.
pub(super) fn departure(
    connection: &Connection,
    function: i64,
    slot: i64,
) -> rusqlite::Result<Option<Departure>> {
    let reason = connection
        .prepare_cached(
            "SELECT reason FROM departed WHERE function = ?1 AND slot = ?2 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row((function, slot), |row| row.get(0))
        .optional()?;
    Ok(reason.and_then(from_code))
}

/// The number of a reason in the index; never reassigned.
fn code(why: Departure) -> i64 {
    match why {
        Departure::Expired => 1,
        Departure::Evicted => 2,
        Departure::Invalidated => 3,
        Departure::Corrupt => 4,
    }
}

fn from_code(number: i64) -> Option<Departure> {
    use Departure::{Corrupt, Evicted, Expired, Invalidated};
    [Expired, Evicted, Invalidated, Corrupt].into_iter().find(|why| code(*why) == number)
}

/// Payload files whose rows are gone, to be unlinked once that is committed.
#[derive(Default)]
pub(super) struct Files(Vec<String>);

impl Files {
    pub(super) fn add(&mut self, file: Option<String>) {
        self.0.extend(file);
    }

    /// Keeps a file that a row still has.
    pub(super) fn spare(&mut self, file: Option<&str>) {
        self.0.retain(|name| Some(name.as_str()) != file);
    }
}

impl DiskStore {
    /// Unlinks payload files that no row has any more. What fails to go is garbage, collected at
    /// the next opening by a process that is alone.
    pub(super) fn unlink(&self, files: Files) {
        let (blobs, arrays): (Vec<_>, Vec<_>) = files.0.into_iter().partition(|name| is_blob_name(name));
        for path in arrays.iter().filter_map(|name| self.layout.own(name)) {
            if fs::remove_file(path).is_err_and(|e| e.kind() != io::ErrorKind::NotFound) {
                self.words.litter();
            }
        }
        if !blobs.is_empty() {
            let done = self.transact("removing blobs", |work| {
                for name in &blobs {
                    unlink_unless_used(self, work.connection, name)?;
                }
                Ok(())
            });
            if done.is_err() {
                self.words.litter();
            }
        }
    }

    /// Unlinks the file of a payload that came to no row.
    pub(super) fn discard(&self, file: Option<&str>) {
        let mut files = Files::default();
        files.add(file.map(str::to_owned));
        self.unlink(files);
    }
}

/// Unlinks a payload file unless a row has it. Under the write lock nobody can be about to commit a row for
/// it that has not been seen: a put looks for its blob under the same lock.
pub(super) fn unlink_unless_used(
    store: &DiskStore,
    connection: &Connection,
    name: &str,
) -> rusqlite::Result<bool> {
    let used = connection.prepare_cached("SELECT 1 FROM entry WHERE file = ?1 LIMIT 1")?.exists([name])?;
    Ok(!used && store.layout.own(name).is_some_and(|path| fs::remove_file(path).is_ok()))
}
