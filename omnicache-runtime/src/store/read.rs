//! Looking up a record, and verifying all that is said of it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use twox_hash::XxHash3_128;

use super::access::is_nearly_full;
use super::envelope::{self, Broken, Envelope};
use super::evict::{Files, Gone, Totals, departure};
use super::index::Index;
use super::layout::is_blob_name;
use super::open::DiskStore;
use super::payload_file::{MmapPolicy, Origin};
use super::write::{slot, time};
use super::{Departure, Identity, Lookup, Record, RecordInfo, StoreKey, Trace, boot};
use crate::clock::{Nanos, expired};
use crate::codec::Payload;
use crate::error::Fault;
use crate::kind::Codec;

/// How often a lookup starts again when its row is replaced under its eyes.
const ATTEMPTS: usize = 4;

/// A row as it was read: its number and its envelope, by which it is known again.
pub(super) struct Mark {
    pub(super) id: i64,
    /// `None` if the envelope is not even a blob.
    pub(super) head: Option<Vec<u8>>,
}

/// How a statement finds the row of a mark, if it is still the same.
macro_rules! where_marked {
    ($statement:literal) => {
        concat!($statement, " WHERE id = ?1 AND (head = ?2 OR (?2 IS NULL AND typeof(head) <> 'blob'))")
    };
}

/// What a look at a key's row shows.
enum Seen {
    Absent(Option<Departure>),
    /// All but the payload in a file has been verified.
    Live(Live),
    Expired(Mark),
    Newer(String),
    Damaged(Mark, String),
}

struct Live {
    id: i64,
    info: RecordInfo,
    bytes: Bytes,
}

enum Bytes {
    Here(Vec<u8>),
    InFile { name: String, length: u64, checksum: u128, boot: Option<i64>, mark: Mark },
}

/// Which payload files are taken for what they were when they were written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Those that were verified in the present boot: they are mapped, and their bytes need not even be read.
    Boot,
    /// None: who copies all bytes anyway can as well compare them with their checksum.
    Nothing,
}

/// Why a payload file gives no payload.
pub(super) enum Unreadable {
    Damaged(String),
    Fault(Fault),
}

impl DiskStore {
    /// Looks a key up. Its bytes are compared, its length and checksum verified; what is expired or damaged
    /// is removed (unless the store is read-only).
    ///
    /// # Errors
    /// The faults of the index and the operating system; a damaged record is no fault but a miss.
    pub fn get(&self, key: &StoreKey, now: Nanos) -> Result<Lookup, Fault> {
        self.get_as(key, now, MmapPolicy::Auto)
    }

    /// Looks a key up as [`DiskStore::get`] does, and maps or reads a payload in a file as `mmap` says.
    ///
    /// # Errors
    /// As [`DiskStore::get`].
    pub fn get_as(&self, key: &StoreKey, now: Nanos, mmap: MmapPolicy) -> Result<Lookup, Fault> {
        let (found, id) = self.fetch(key, now, Trust::Boot, mmap)?;
        if let Some(id) = id {
            self.accessed(id, now);
        }
        Ok(found)
    }

    /// Looks a key up as [`DiskStore::get`] does, but it does not count as a use. Gives the number of what it found.
    pub(super) fn fetch(
        &self,
        key: &StoreKey,
        now: Nanos,
        trust: Trust,
        mmap: MmapPolicy,
    ) -> Result<(Lookup, Option<i64>), Fault> {
        let missed = |lookup| Ok((lookup, None));
        for _ in 0..ATTEMPTS {
            let (mark, why) = match self.look(key, now)? {
                Seen::Absent(departure) => return missed(Lookup::Absent(departure)),
                Seen::Newer(why) => return missed(Lookup::Damaged(why)),
                Seen::Expired(mark) => {
                    self.withdraw(&mark, Departure::Expired);
                    return missed(Lookup::Expired);
                }
                Seen::Damaged(mark, why) => (mark, why),
                Seen::Live(live) => match self.payload(live.bytes, trust, mmap) {
                    Ok(payload) => {
                        return Ok((Lookup::Found(Record { info: live.info, payload }), Some(live.id)));
                    }
                    Err((_, Unreadable::Fault(fault))) => return Err(fault),
                    Err((mark, Unreadable::Damaged(why))) => (mark, why),
                },
            };
            // If the row is no longer the one that was read, its file went with it and all is well: look again.
            if self.withdraw(&mark, Departure::Corrupt) {
                return missed(Lookup::Damaged(why));
            }
        }
        missed(Lookup::Absent(None))
    }

    /// Whether a live record is there: what [`DiskStore::get`] would find, but it does not count as a use and
    /// nothing is removed.
    ///
    /// # Errors
    /// The faults of the index and the operating system.
    pub fn contains(&self, key: &StoreKey, now: Nanos) -> Result<bool, Fault> {
        let Seen::Live(live) = self.look(key, now)? else { return Ok(false) };
        match self.payload(live.bytes, Trust::Boot, MmapPolicy::Auto) {
            Ok(_) => Ok(true),
            Err((_, Unreadable::Damaged(_))) => Ok(false),
            Err((_, Unreadable::Fault(fault))) => Err(fault),
        }
    }

    /// What is known of a key that misses, or would.
    ///
    /// # Errors
    /// The faults of the index and the operating system.
    pub fn trace(&self, key: &StoreKey, now: Nanos) -> Result<Trace, Fault> {
        if self.contains(key, now)? {
            return Ok(Trace::Present);
        }
        Ok(match self.look(key, now)? {
            Seen::Absent(Some(departure)) => Trace::Departed(departure),
            Seen::Expired(_) => Trace::Departed(Departure::Expired),
            Seen::Damaged(..) | Seen::Live(_) => Trace::Departed(Departure::Corrupt),
            Seen::Absent(None) | Seen::Newer(_) => {
                let found = self.index()?.read(|connection| relative(connection, key, now));
                found.map_err(|e| self.fault("tracing an entry", e))?.unwrap_or(Trace::NeverSeen)
            }
        })
    }

    /// How many entries a function has, every version of its code included, and the bytes they are charged.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn stats(&self, identity: &Identity) -> Result<(u64, u64), Fault> {
        let found = self.index()?.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT count(*), coalesce(sum(bytes), 0) FROM entry WHERE function IN
                     (SELECT id FROM function WHERE namespace = ?1 AND path = ?2)",
                )?
                .query_row((&identity.namespace, &identity.path), |row| {
                    Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned()))
                })
        });
        Ok(found.map_err(|e| self.fault("counting entries", e))?.unwrap_or_default())
    }

    /// The file that holds the payload of a key, if it is in a file of its own.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn file(&self, key: &StoreKey) -> Result<Option<PathBuf>, Fault> {
        let index = self.index()?;
        let found = index.read(|connection| {
            let Some(function) = index.function(connection, &key.identity)? else { return Ok(None) };
            connection
                .prepare_cached("SELECT file FROM entry WHERE function = ?1 AND slot = ?2")?
                .query_row((function, slot(key)), |row| Ok(row.get_ref(0)?.as_str().ok().map(str::to_owned)))
                .optional()
        });
        let name = found.map_err(|e| self.fault("looking for a file", e))?.flatten().flatten();
        Ok(name.and_then(|name| self.layout.own(&name)).filter(|path| path.exists()))
    }

    /// The file that holds the payload of a live record as others can read it: an array file, or a byte string as it
    /// is.
    ///
    /// # Errors
    /// The faults of the index and the operating system.
    pub fn readable_file(&self, key: &StoreKey, now: Nanos) -> Result<Option<PathBuf>, Fault> {
        let Seen::Live(live) = self.look(key, now)? else { return Ok(None) };
        let Bytes::InFile { name, length, .. } = &live.bytes else { return Ok(None) };
        let is_readable = matches!(live.info.codec, Codec::Npy | Codec::ArrowIpc | Codec::Raw);
        let path = self.layout.own(name).filter(|_| is_readable && !live.info.packed);
        let is_whole = |path: &PathBuf| {
            path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == *length)
        };
        Ok(path.filter(is_whole))
    }

    /// Whether a function had nothing when it was asked last, and nobody has written anything since. `false` says
    /// nothing.
    pub fn is_bare(&self, identity: &Arc<Identity>) -> bool {
        self.index().is_ok_and(|index| index.is_empty_for(identity))
    }

    /// What is another whenever somebody has written anything, or replaced the index.
    pub fn moment(&self) -> u64 {
        self.words.epoch().rotate_right(16) ^ self.words.commits()
    }

    fn look(&self, key: &StoreKey, now: Nanos) -> Result<Seen, Fault> {
        let index = self.index()?;
        // Most functions store only what is large: those that have stored nothing yet need no query to say so.
        if index.is_empty_for(&key.identity) {
            return Ok(Seen::Absent(None));
        }
        let word = index.commits();
        let seen = index.look_up(|connection| seen(&index, connection, key, (now, word)));
        Ok(seen.map_err(|e| self.fault("looking up an entry", e))?.unwrap_or(Seen::Absent(None)))
    }

    fn payload(&self, bytes: Bytes, trust: Trust, mmap: MmapPolicy) -> Result<Payload, (Mark, Unreadable)> {
        let (name, length, checksum, verified, mark) = match bytes {
            Bytes::Here(bytes) => return Ok(Payload::Owned(bytes)),
            Bytes::InFile { name, length, checksum, boot, mark } => (name, length, checksum, boot, mark),
        };
        let present = boot::id();
        let ours = present.is_some() && verified == present;
        let seen = ours || present.is_some() && verified == boot::verified();
        // A blob may be there from an earlier put of whose content only the checksum was the same.
        let origin = if ours && !is_blob_name(&name) { Origin::Ours } else { Origin::Unknown };
        let payload = match self.open_payload(&name, length, origin, mmap) {
            Ok(payload) => payload,
            Err(unreadable) => return Err((mark, unreadable)),
        };
        if seen && trust == Trust::Boot {
            return Ok(payload);
        }
        if XxHash3_128::oneshot(&payload) != checksum {
            return Err((mark, Unreadable::Damaged("its file does not match its checksum".into())));
        }
        if !seen && present.is_some() && !self.read_only {
            // Once per boot. If it cannot be written, the next reader verifies again.
            let _ = self.transact("noting a verified file", |work| {
                work.connection.prepare_cached(where_marked!("UPDATE entry SET boot = ?3"))?.execute((
                    mark.id,
                    &mark.head,
                    boot::verified(),
                ))
            });
        }
        Ok(payload)
    }

    /// Notes a use.
    pub(super) fn accessed(&self, id: i64, now: Nanos) {
        if !self.read_only && self.accesses.note(id, now) {
            // They only order evictions: losing them is no fault of this read.
            let _ = self.spill();
        }
    }

    /// Makes room for more access times: writes them if the store is nearly full, else forgets them.
    #[cold]
    fn spill(&self) -> Result<(), Fault> {
        let (_, bytes) = self.totals()?;
        if is_nearly_full(bytes, self.limit()) {
            return self.flush();
        }
        self.accesses.forget();
        Ok(())
    }

    /// Removes a row if it is still the one that was read. `false` if it is not; a removal that fails is left
    /// to the next reader.
    pub(super) fn withdraw(&self, mark: &Mark, why: Departure) -> bool {
        if self.read_only {
            return true;
        }
        let _moving = self.words.moving();
        let done = self.transact("removing an entry", |work| {
            let mut files = Files::default();
            let gone = work
                .connection
                .prepare_cached(concat!(
                    where_marked!("DELETE FROM entry"),
                    " RETURNING function, slot, bytes, file"
                ))?
                .query_row((mark.id, &mark.head), Gone::read)
                .optional()?;
            let Some(gone) = gone else { return Ok(None) };
            let mut totals = Totals::read(work.connection)?;
            totals.version += 1;
            totals.took(work.connection, gone, why, &mut files)?;
            totals.write(work.connection)?;
            Ok(Some(files))
        });
        match done {
            Ok(Some(files)) => self.unlink(files),
            Ok(None) => return false,
            Err(_) => {}
        }
        true
    }
}

/// Looks for a key's row; `word` is that of commits, from before the look.
fn seen(
    index: &Index,
    connection: &Connection,
    key: &StoreKey,
    (now, word): (Nanos, u64),
) -> rusqlite::Result<Seen> {
    let Some(function) = index.function(connection, &key.identity)? else {
        index.was_empty_for(&key.identity, word);
        return Ok(Seen::Absent(None));
    };
    let slot = slot(key);
    let found = connection
        .prepare_cached("SELECT id, boot, file, head, payload FROM entry WHERE function = ?1 AND slot = ?2")?
        .query_row((function, slot), |row| judge(row, key, function, now))
        .optional()?;
    match found {
        Some(seen) => Ok(seen),
        None => departure(connection, function, slot).map(Seen::Absent),
    }
}

/// Judges a row by its envelope and, if it holds its payload itself, by that.
fn judge(row: &Row<'_>, key: &StoreKey, function: i64, now: Nanos) -> rusqlite::Result<Seen> {
    let id = row.get(0)?;
    let mark = || -> rusqlite::Result<Mark> {
        Ok(Mark { id, head: row.get_ref(3)?.as_blob().ok().map(<[u8]>::to_vec) })
    };
    let damaged = |why: &str| Ok(Seen::Damaged(mark()?, why.into()));
    let ValueRef::Blob(head) = row.get_ref(3)? else { return damaged("its envelope is no bytes") };
    let Ok(file) = row.get_ref(2)?.as_str_or_null() else { return damaged("its file's name is no text") };
    let envelope = match envelope::open(head, function, file) {
        Ok(envelope) => envelope,
        Err(Broken::Newer(why)) => return Ok(Seen::Newer(why)),
        Err(Broken::Damaged(why)) => return damaged(why),
    };
    if !envelope.is_of(key) {
        return Ok(Seen::Absent(None));
    }
    let Envelope { info, length, checksum, .. } = envelope;
    if expired(info.stored_at, info.ttl, now) {
        return Ok(Seen::Expired(mark()?));
    }
    let bytes = if let Some(name) = file {
        let boot = row.get_ref(1)?.as_i64().ok();
        Bytes::InFile { name: name.to_owned(), length, checksum, boot, mark: mark()? }
    } else {
        let ValueRef::Blob(payload) = row.get_ref(4)? else { return damaged("its payload is gone") };
        if payload.len() as u64 != length || XxHash3_128::oneshot(payload) != checksum {
            return damaged("its payload does not match its checksum");
        }
        Bytes::Here(payload.to_vec())
    };
    Ok(Seen::Live(Live { id, info, bytes }))
}

/// Whether the arguments of a key are there for another version of its function.
fn relative(connection: &Connection, key: &StoreKey, now: Nanos) -> rusqlite::Result<Trace> {
    let identity = &*key.identity;
    let same_code = connection
        .prepare_cached(
            "SELECT f.code = ?3 FROM function f JOIN entry e ON e.function = f.id
             WHERE f.namespace = ?1 AND f.path = ?2 AND (f.code <> ?3 OR f.shape <> ?4)
             AND e.slot = ?5 AND (e.expires IS NULL OR e.expires > ?6)
             ORDER BY f.id DESC LIMIT 1",
        )?
        .query_row(
            (
                &identity.namespace,
                &identity.path,
                identity.code.to_le_bytes(),
                identity.shape.to_le_bytes(),
                slot(key),
                time(now),
            ),
            |row| row.get(0),
        )
        .optional()?;
    Ok(match same_code {
        Some(true) => Trace::OtherShape,
        Some(false) => Trace::OtherCode,
        None => Trace::NeverSeen,
    })
}

#[cfg(unix)]
pub(super) fn is_link(e: &io::Error) -> bool {
    e.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(unix))]
pub(super) fn is_link(_: &io::Error) -> bool {
    false
}
