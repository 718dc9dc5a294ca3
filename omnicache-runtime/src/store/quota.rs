//! Quotas of namespaces: what each may hold at most, and is not pushed out of.
//!
//! The table `quota` keeps what each namespace with a quota uses. Triggers keep count, whichever process changes an
//! entry and in whichever way; they are there only while there are quotas, so that other stores pay nothing.

use rusqlite::{Connection, OptionalExtension};

use super::Departure;
use super::evict::{Among, Files, Room, Totals, goal, ids, unsigned};
use super::open::DiskStore;
use super::write::time;
use crate::error::Fault;

/// Keeps count of what namespaces with a quota use.
const COUNT: &str = "
    CREATE TRIGGER IF NOT EXISTS quota_insert AFTER INSERT ON entry BEGIN
        UPDATE quota SET used = used + NEW.bytes
        WHERE namespace = (SELECT namespace FROM function WHERE id = NEW.function);
    END;
    CREATE TRIGGER IF NOT EXISTS quota_delete AFTER DELETE ON entry BEGIN
        UPDATE quota SET used = used - OLD.bytes
        WHERE namespace = (SELECT namespace FROM function WHERE id = OLD.function);
    END;
    CREATE TRIGGER IF NOT EXISTS quota_update AFTER UPDATE OF bytes, function ON entry BEGIN
        UPDATE quota SET used = used - OLD.bytes
        WHERE namespace = (SELECT namespace FROM function WHERE id = OLD.function);
        UPDATE quota SET used = used + NEW.bytes
        WHERE namespace = (SELECT namespace FROM function WHERE id = NEW.function);
    END;";
const DO_NOT_COUNT: &str = "DROP TRIGGER IF EXISTS quota_insert; DROP TRIGGER IF EXISTS quota_delete;
    DROP TRIGGER IF EXISTS quota_update;";
/// What a row of `quota` should have as `used`.
const USED: &str = "(SELECT CAST(total(e.bytes) AS INTEGER) FROM entry e JOIN function f ON f.id = e.function
    WHERE f.namespace = quota.namespace)";
/// Entries that are not of a namespace within its quota, as a condition on `entry`.
pub(super) const UNPROTECTED: &str =
    "function NOT IN (SELECT f.id FROM function f JOIN quota q ON q.namespace = f.namespace
    WHERE q.used <= q.bytes)";

impl DiskStore {
    /// Sets how many bytes a namespace may hold, or lifts its quota; every process keeps to it from its next put on.
    ///
    /// A put that takes a namespace above its quota evicts that namespace's own entries. As long as it is within its
    /// quota, its entries are not evicted for those of others, unless nothing else is left.
    ///
    /// # Errors
    /// The faults of the index; a read-only store refuses.
    pub fn set_quota(&self, namespace: &str, bytes: Option<u64>) -> Result<(), Fault> {
        self.transact("setting a quota", |work| {
            let connection = work.connection;
            if let Some(bytes) = bytes {
                connection.execute(
                    "INSERT INTO quota (namespace, bytes, used) VALUES (?1, ?2, 0)
                     ON CONFLICT (namespace) DO UPDATE SET bytes = excluded.bytes",
                    (namespace, time(bytes)),
                )?;
                connection
                    .execute(&format!("UPDATE quota SET used = {USED} WHERE namespace = ?1"), [namespace])?;
                return connection.execute_batch(COUNT);
            }
            connection.execute("DELETE FROM quota WHERE namespace = ?1", [namespace])?;
            if any(connection)? { Ok(()) } else { connection.execute_batch(DO_NOT_COUNT) }
        })
    }

    /// How many bytes a namespace may hold, if it has a quota.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn quota(&self, namespace: &str) -> Result<Option<u64>, Fault> {
        self.ask("reading a quota", |connection| Ok(of(connection, namespace)?.map(|(bytes, _)| bytes)))
    }
}

/// Whether any namespace has a quota.
pub(super) fn any(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM quota LIMIT 1")?.exists([])
}

/// The quota of a namespace, and what it uses.
pub(super) fn of(connection: &Connection, namespace: &str) -> rusqlite::Result<Option<(u64, u64)>> {
    connection
        .prepare_cached("SELECT bytes, used FROM quota WHERE namespace = ?1")?
        .query_row([namespace], |row| Ok((unsigned(row.get(0)?), unsigned(row.get(1)?))))
        .optional()
}

/// The bytes that the entries of a namespace with a quota are charged.
pub(super) fn used(connection: &Connection, namespace: &str) -> rusqlite::Result<u64> {
    Ok(of(connection, namespace)?.map_or(0, |(_, used)| used))
}

impl Totals {
    /// Evicts entries of a namespace that is above its quota, expired ones first, never the entry to keep. Returns how
    /// many unexpired entries had to go.
    pub(super) fn keep_to_quota(
        &mut self,
        connection: &Connection,
        namespace: &str,
        room: &Room,
        files: &mut Files,
    ) -> rusqlite::Result<u64> {
        let Room { keep, limit, now, eviction } = *room;
        let mut evicted = 0;
        let expired = ids(
            connection,
            "SELECT id FROM entry WHERE expires <= ?1 AND id <> ?2
             AND function IN (SELECT id FROM function WHERE namespace = ?3)",
            (time(now), keep, namespace),
        )?;
        for id in expired {
            self.remove(connection, id, Departure::Expired, files)?;
        }
        while used(connection, namespace)? > goal(limit) {
            let victims = self.victims(connection, eviction, Among::Namespace(namespace), keep)?;
            if victims.is_empty() {
                break;
            }
            for id in victims {
                if used(connection, namespace)? <= goal(limit) {
                    break;
                }
                self.remove(connection, id, Departure::Evicted, files)?;
                evicted += 1;
            }
        }
        Ok(evicted)
    }
}

/// Namespaces whose count is not what their entries add up to; they are set right if `mend`.
pub(super) fn miscounted(connection: &Connection, mend: bool) -> rusqlite::Result<Vec<String>> {
    let wrong = connection
        .prepare(&format!("SELECT namespace FROM quota WHERE used IS NOT {USED} ORDER BY namespace"))?
        .query_map([], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    if mend && !wrong.is_empty() {
        connection.execute(&format!("UPDATE quota SET used = {USED}"), [])?;
    }
    Ok(wrong)
}
