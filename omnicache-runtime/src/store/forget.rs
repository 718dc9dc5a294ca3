//! Invalidation: removing entries so that every process hears of it, and the log of what was removed.

use rusqlite::{Connection, OptionalExtension};
use twox_hash::XxHash3_128;

use super::evict::{Files, Gone, Totals};
use super::generations::index_of;
use super::open::DiskStore;
use super::transact::Work;
use super::write::slot;
use super::{Departure, Generation, Identity, StoreKey};
use crate::error::Fault;

/// How many forgettings are remembered one by one; of older ones only the word's highest value is.
const REMEMBERED: i64 = 10_000;

/// Which of a namespace's entries are cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// One instantiation of a function, with every version of its code.
    Path {
        /// The function's module path and name.
        site: &'a str,
        /// Its full path, generic arguments included.
        path: &'a str,
    },
    /// All instantiations of a function.
    Site(&'a str),
}

impl<'a> Scope<'a> {
    /// The one instantiation that `identity` is of.
    pub fn path_of(identity: &'a Identity) -> Self {
        Self::Path { site: &identity.site, path: &identity.path }
    }

    fn site(self) -> &'a str {
        match self {
            Self::Path { site, .. } | Self::Site(site) => site,
        }
    }

    /// What stands for the scope in the log.
    pub(super) fn mark(self, namespace: &str) -> [u8; 16] {
        let (kind, name) = match self {
            Self::Path { path, .. } => ("path", path),
            Self::Site(site) => ("site", site),
        };
        XxHash3_128::oneshot([kind, namespace, name].join("\0").as_bytes()).to_le_bytes()
    }
}

impl DiskStore {
    /// Removes one entry, and tells every process to forget what memory has of it. Returns whether there was
    /// one, expired or not.
    ///
    /// # Errors
    /// The faults of the index; a read-only store refuses.
    pub fn remove(&self, key: &StoreKey) -> Result<bool, Fault> {
        self.rest.end();
        let identity = &key.identity;
        let word = index_of(&identity.namespace, &identity.site);
        let _moving = self.words.moving();
        let (removed, files) = self.transact("invalidating an entry", |work| {
            let mut files = Files::default();
            let mut removed = false;
            if let Some(function) = work.function(identity)? {
                let gone = work
                    .connection
                    .prepare_cached(
                        "DELETE FROM entry WHERE function = ?1 AND slot = ?2 RETURNING function, slot, bytes, file",
                    )?
                    .query_row((function, slot(key)), Gone::read)
                    .optional()?;
                removed = gone.is_some();
                note(work, gone, &mut files)?;
            }
            // Memory elsewhere may have it even if the disk has not.
            work.forget(word, &key.hash)?;
            Ok((removed, files))
        })?;
        self.unlink(files);
        Ok(removed)
    }

    /// Removes the entries of a scope, and tells every process to forget what memory has of them. Returns
    /// how many there were.
    ///
    /// # Errors
    /// The faults of the index; a read-only store refuses.
    pub fn clear(&self, namespace: &str, scope: Scope<'_>) -> Result<u64, Fault> {
        self.rest.end();
        let word = index_of(namespace, scope.site());
        let _moving = self.words.moving();
        let (removed, files) = self.transact("clearing a function", |work| {
            let mut files = Files::default();
            let mut removed = 0;
            for function in functions(work.connection, namespace, scope)? {
                let mut statement = work.connection.prepare_cached(
                    "DELETE FROM entry WHERE function = ?1 RETURNING function, slot, bytes, file",
                )?;
                let gone: Vec<Gone> =
                    statement.query_map([function], Gone::read)?.collect::<Result<_, _>>()?;
                removed += gone.len() as u64;
                note(work, gone, &mut files)?;
            }
            work.forget(word, &scope.mark(namespace))?;
            Ok((removed, files))
        })?;
        self.unlink(files);
        Ok(removed)
    }

    /// Whether an entry that memory took at generation `since` was forgotten since.
    ///
    /// Ask when the function's [`Word`](super::Word) shows another value than `since`. If the answer is no,
    /// the entry is good as of the value the word had *before* asking, provided that it
    /// [`is_settled`](Generation::is_settled). Once so many others were forgotten that the log no longer
    /// reaches back, the answer is yes.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn forgotten_since(&self, key: &StoreKey, since: Generation) -> Result<bool, Fault> {
        let word = index_of(&key.identity.namespace, &key.identity.site);
        let present = self.words.load(word);
        if present == since.0 && since.is_settled() {
            return Ok(false);
        }
        if !Generation(present).is_settled() && !self.read_only {
            // Somebody is at it, and then this waits; or was killed, and then this mends the word.
            return self.transact("asking what was forgotten", |work| {
                self.words.settle(word);
                is_forgotten(work.connection, word, key, since)
            });
        }
        let index = self.index()?;
        let found = index.look_up(|connection| is_forgotten(connection, word, key, since));
        // Where a read-only store has found nothing, and there still is nothing, nobody has forgotten anything.
        Ok(found.map_err(|e| self.fault("asking what was forgotten", e))?.unwrap_or(self.words.is_mapped()))
    }
}

/// Takes deleted rows out of the counts.
fn note(work: &Work<'_>, gone: impl IntoIterator<Item = Gone>, files: &mut Files) -> rusqlite::Result<()> {
    let mut gone = gone.into_iter().peekable();
    if gone.peek().is_none() {
        return Ok(());
    }
    let mut totals = Totals::read(work.connection)?;
    totals.version += 1;
    for row in gone {
        totals.took(work.connection, row, Departure::Invalidated, files)?;
    }
    totals.write(work.connection)
}

fn functions(connection: &Connection, namespace: &str, scope: Scope<'_>) -> rusqlite::Result<Vec<i64>> {
    let (sql, name) = match scope {
        Scope::Path { path, .. } => ("SELECT id FROM function WHERE namespace = ?1 AND path = ?2", path),
        Scope::Site(site) => ("SELECT id FROM function WHERE namespace = ?1 AND site = ?2", site),
    };
    connection.prepare_cached(sql)?.query_map((namespace, name), |row| row.get(0))?.collect()
}

/// Writes into the log that `what` (a key's hash or a scope's mark) was forgotten, making the word `value`.
pub(super) fn log(connection: &Connection, word: usize, value: u64, what: &[u8]) -> rusqlite::Result<()> {
    let word = i64::try_from(word).unwrap_or(0);
    connection.prepare_cached("INSERT INTO forgotten (word, value, what) VALUES (?1, ?2, ?3)")?.execute((
        word,
        value.cast_signed(),
        what,
    ))?;
    let newest = connection.last_insert_rowid();
    if newest % 256 == 0 {
        prune(connection, newest - REMEMBERED)?;
    }
    Ok(())
}

/// Forgets the log up to `last`, but keeps how far each word had come by then.
fn prune(connection: &Connection, last: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO forgotten_floor (word, value)
             SELECT word, max(value) FROM forgotten WHERE seq <= ?1 GROUP BY word
             ON CONFLICT (word) DO UPDATE SET value = max(value, excluded.value)",
        )?
        .execute([last])?;
    connection.prepare_cached("DELETE FROM forgotten WHERE seq <= ?1")?.execute([last]).map(drop)
}

/// Whether the log says that the key was forgotten after `since`, or no longer reaches back that far.
pub(super) fn is_forgotten(
    connection: &Connection,
    word: usize,
    key: &StoreKey,
    since: Generation,
) -> rusqlite::Result<bool> {
    let word = i64::try_from(word).unwrap_or(0);
    let since = since.0.cast_signed();
    let pruned = connection
        .prepare_cached("SELECT 1 FROM forgotten_floor WHERE word = ?1 AND value > ?2")?
        .exists((word, since))?;
    if pruned {
        return Ok(true);
    }
    let identity = &*key.identity;
    let path = Scope::path_of(identity).mark(&identity.namespace);
    let site = Scope::Site(&identity.site).mark(&identity.namespace);
    connection
        .prepare_cached(
            "SELECT 1 FROM forgotten WHERE word = ?1 AND value > ?2 AND what IN (?3, ?4, ?5) LIMIT 1",
        )?
        .exists((word, since, key.hash, path, site))
}
