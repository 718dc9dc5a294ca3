//! Removing entries by number, by age and by namespace.

use rusqlite::{Connection, OptionalExtension};

use super::Departure;
use super::envelope;
use super::evict::{Files, Gone, Totals};
use super::forget::Scope;
use super::generations::index_of;
use super::open::DiskStore;
use super::transact::Work;
use super::write::time;
use crate::clock::Nanos;
use crate::error::Fault;

/// What `Gone` reads.
const GONE: &str = "RETURNING function, slot, bytes, file";

impl DiskStore {
    /// Removes the entry of this number, and tells every process to forget what memory has of it. Returns whether there
    /// was one.
    ///
    /// # Errors
    /// The faults of the index; a read-only store refuses.
    pub fn remove_entry(&self, id: u64) -> Result<bool, Fault> {
        let id = time(id);
        let _moving = self.words.moving();
        let (removed, files) = self.transact("invalidating an entry", |work| {
            let found = work
                .connection
                .prepare_cached(
                    "SELECT f.namespace, f.site, f.path, e.head FROM entry e LEFT JOIN function f ON f.id = e.function WHERE e.id = ?1",
                )?
                .query_row([id], |row| {
                    let text = |at| row.get_ref(at).map(|text| text.as_str().unwrap_or_default().to_owned());
                    Ok((text(0)?, text(1)?, text(2)?, row.get_ref(3)?.as_blob().ok().and_then(envelope::hash_of)))
                })
                .optional()?;
            let Some((namespace, site, path, hash)) = found else { return Ok((0, Files::default())) };
            let word = index_of(&namespace, &site);
            match hash {
                Some(hash) => work.forget(word, &hash)?,
                None => work.forget(word, &Scope::Path { site: &site, path: &path }.mark(&namespace))?,
            };
            take(work.connection, "id = ?1", [id], Departure::Invalidated)
        })?;
        self.unlink(files);
        Ok(removed > 0)
    }

    /// Removes the entries whose time to live is over at `now`, of one namespace or of all. Returns how many there were.
    ///
    /// # Errors
    /// The faults of the index; a read-only store refuses.
    pub fn remove_expired(&self, now: Nanos, namespace: Option<&str>) -> Result<u64, Fault> {
        let _moving = self.words.moving();
        let (removed, files) = self.transact("removing expired entries", |work| {
            let which = "expires <= ?1 AND (?2 IS NULL OR function IN (SELECT id FROM function WHERE namespace = ?2))";
            take(work.connection, which, (time(now), namespace), Departure::Expired)
        })?;
        self.unlink(files);
        Ok(removed)
    }

    /// Removes all entries of a namespace, and tells every process to forget what memory has of them. Returns how many
    /// there were.
    ///
    /// # Errors
    /// The faults of the index; a read-only store refuses.
    pub fn clear_namespace(&self, namespace: &str) -> Result<u64, Fault> {
        let _moving = self.words.moving();
        let (removed, files) = self.transact("clearing a namespace", |work| {
            for site in sites(work.connection, namespace)? {
                forget_site(work, namespace, &site)?;
            }
            let which = "function IN (SELECT id FROM function WHERE namespace = ?1)";
            take(work.connection, which, [namespace], Departure::Invalidated)
        })?;
        self.unlink(files);
        Ok(removed)
    }
}

fn sites(connection: &Connection, namespace: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT DISTINCT site FROM function WHERE namespace = ?1")?
        .query_map([namespace], |row| row.get(0))?
        .collect()
}

fn forget_site(work: &Work<'_>, namespace: &str, site: &str) -> rusqlite::Result<()> {
    work.forget(index_of(namespace, site), &Scope::Site(site).mark(namespace)).map(drop)
}

/// Deletes rows and takes them out of the counts. Returns how many, and their files.
pub(super) fn take(
    connection: &Connection,
    which: &str,
    values: impl rusqlite::Params,
    why: Departure,
) -> rusqlite::Result<(u64, Files)> {
    let mut files = Files::default();
    let gone: Vec<Gone> = connection
        .prepare_cached(&format!("DELETE FROM entry WHERE {which} {GONE}"))?
        .query_map(values, Gone::read)?
        .collect::<Result<_, _>>()?;
    let count = gone.len() as u64;
    if count > 0 {
        let mut totals = Totals::read(connection)?;
        totals.version += 1;
        for row in gone {
            totals.took(connection, row, why, &mut files)?;
        }
        totals.write(connection)?;
    }
    Ok((count, files))
}
