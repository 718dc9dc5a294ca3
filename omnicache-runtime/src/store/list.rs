//! What a store holds, for people and tools: entries by number, by hash and by namespace.

use std::fmt::Write as _;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use super::envelope::{self, Broken};
use super::evict::unsigned;
use super::layout::is_blob_name;
use super::open::DiskStore;
use crate::clock::{Nanos, expired};
use crate::error::Fault;
use crate::key::{is_digest, show};
use crate::kind::Codec;

/// Where the key's hash stands in an envelope; `SQLite` counts from one.
const AT: usize = envelope::HASH + 1;
/// How many entries [`DiskStore::find`] returns at most.
const FOUND: usize = 16;

/// An entry as it stands in the index; its payload was not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryInfo {
    /// Its number: above zero, rising, kept when it is overwritten.
    pub id: u64,
    /// Whose it is.
    pub namespace: String,
    /// The function's full path, generic arguments included.
    pub path: String,
    /// The function's module path and name.
    pub site: String,
    /// Stands for the function's code.
    pub code: u128,
    /// Stands for the shape of the return type.
    pub shape: u128,
    /// BLAKE3 of the key.
    pub hash: [u8; 32],
    /// The key's canonical bytes, or their digest.
    pub key: Vec<u8>,
    /// Whether `key` is a digest: the canonical bytes are longer than 1024.
    pub key_is_digest: bool,
    /// How the payload is written; `None` if a newer release wrote it or the envelope is damaged.
    pub codec: Option<Codec>,
    /// Whether the payload is compressed.
    pub packed: bool,
    /// The payload's length.
    pub size: u64,
    /// What the entry is charged: payload, envelope and row.
    pub charged: u64,
    /// When it was stored.
    pub stored_at: Nanos,
    /// How long it lives from then; `None` for ever.
    pub ttl: Option<Nanos>,
    /// When it was last read, as far as that has been written.
    pub accessed: Nanos,
    /// What computing it took, in nanoseconds.
    pub cost: Nanos,
    /// Where its payload is.
    pub place: Whereabouts,
    /// Why its envelope cannot be read, if it cannot; then what stands only in the envelope is empty here.
    pub unreadable: Option<String>,
}

/// Where a payload is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Whereabouts {
    /// In the index itself.
    Inline,
    /// In the blob of this name within `omnicache.v1`.
    Blob(String),
    /// In the array file of this name within `omnicache.v1`.
    ArrayFile(String),
}

impl Whereabouts {
    /// The file's name within `omnicache.v1`, if it is in a file.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Inline => None,
            Self::Blob(name) | Self::ArrayFile(name) => Some(name),
        }
    }
}

impl EntryInfo {
    /// The key's hash in hexadecimal.
    pub fn hash_hex(&self) -> String {
        self.hash.iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The arguments it was made from, for people; of an entry by namespace and key, the key.
    pub fn arguments(&self) -> String {
        if self.path.is_empty() {
            return format!("{:?}", String::from_utf8_lossy(&self.key));
        }
        if self.key_is_digest {
            return format!("(arguments of more than 1024 bytes, BLAKE3 {})", show(&self.key));
        }
        show(&self.key)
    }

    /// Whether its time to live is over at `now`.
    pub fn is_expired(&self, now: Nanos) -> bool {
        expired(self.stored_at, self.ttl, now)
    }
}

/// What a namespace holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamespaceInfo {
    /// Its name; the empty one is that of functions that named none.
    pub namespace: String,
    /// Entries, expired ones that are still there included.
    pub entries: u64,
    /// The bytes they are charged.
    pub bytes: u64,
    /// The bytes they may be charged, if the namespace has a quota.
    pub quota: Option<u64>,
}

const COLUMNS: &str = "SELECT e.id, e.function, e.bytes, coalesce(e.accessed, e.stored), e.file, e.head, f.namespace, f.path, f.site, f.code, f.shape
     FROM entry e LEFT JOIN function f ON f.id = e.function";

impl DiskStore {
    /// The entries with numbers above `since`, in rising order, at most `limit` of them. To see all, ask again with the
    /// last one's number; others may write meanwhile.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn entries(&self, since: u64, limit: usize) -> Result<Vec<EntryInfo>, Fault> {
        self.entries_of(None, since, limit)
    }

    /// The same of one namespace, or of all.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn entries_of(
        &self,
        namespace: Option<&str>,
        since: u64,
        limit: usize,
    ) -> Result<Vec<EntryInfo>, Fault> {
        let sql =
            format!("{COLUMNS} WHERE e.id > ?1 AND (?2 IS NULL OR f.namespace = ?2) ORDER BY e.id LIMIT ?3");
        let (since, limit) = (signed(since), i64::try_from(limit).unwrap_or(i64::MAX));
        self.ask("listing entries", |connection| {
            connection.prepare_cached(&sql)?.query_map((since, namespace, limit), info)?.collect()
        })
    }

    /// The entries whose key's hash begins with these hexadecimal digits; at most 16, and none if `prefix` is not
    /// hexadecimal. Looks at every entry.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn find(&self, prefix: &str) -> Result<Vec<EntryInfo>, Fault> {
        if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(Vec::new());
        }
        let sql = format!(
            "{COLUMNS} WHERE substr(hex(substr(e.head, {AT}, 32)), 1, length(?1)) = upper(?1) ORDER BY e.id LIMIT {FOUND}"
        );
        self.ask("looking for an entry", |connection| {
            connection.prepare_cached(&sql)?.query_map([prefix], info)?.collect()
        })
    }

    /// The entry of this number.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn entry(&self, id: u64) -> Result<Option<EntryInfo>, Fault> {
        let sql = format!("{COLUMNS} WHERE e.id = ?1");
        self.ask("looking for an entry", |connection| {
            connection.prepare_cached(&sql)?.query_row([signed(id)], info).optional()
        })
    }

    /// The namespaces that have entries, sorted, with what they hold.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn namespaces(&self) -> Result<Vec<NamespaceInfo>, Fault> {
        self.ask("listing namespaces", |connection| {
            connection
                .prepare_cached(
                    "SELECT f.namespace, count(*), CAST(total(e.bytes) AS INTEGER), q.bytes FROM entry e
                     JOIN function f ON f.id = e.function LEFT JOIN quota q ON q.namespace = f.namespace
                     GROUP BY f.namespace ORDER BY f.namespace",
                )?
                .query_map([], |row| {
                    Ok(NamespaceInfo {
                        namespace: row.get(0)?,
                        entries: unsigned(row.get(1)?),
                        bytes: unsigned(row.get(2)?),
                        quota: row.get::<_, Option<i64>>(3)?.map(unsigned),
                    })
                })?
                .collect()
        })
    }

    /// How many entries the store has, and the bytes they are charged, as it keeps count of them.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn totals(&self) -> Result<(u64, u64), Fault> {
        self.ask("counting entries", |connection| {
            connection.query_row("SELECT entries, bytes FROM totals", [], |row| {
                let number =
                    |at| -> rusqlite::Result<u64> { Ok(unsigned(row.get_ref(at)?.as_i64().unwrap_or(0))) };
                Ok((number(0)?, number(1)?))
            })
        })
    }

    /// A number that rises with each put, each removal that removed and each clear that cleared.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn version(&self) -> Result<u64, Fault> {
        self.ask("reading the version", |connection| {
            connection.query_row("SELECT version FROM totals", [], |row| Ok(unsigned(row.get(0)?)))
        })
    }

    /// Asks the index; a read-only store without one answers as an empty one does.
    pub(super) fn ask<T: Default>(
        &self,
        context: &str,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        let answer = self.index()?.read(question);
        Ok(answer.map_err(|e| self.fault(context, e))?.unwrap_or_default())
    }
}

fn signed(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// A row of [`COLUMNS`], whatever damage may have made of it.
fn info(row: &Row<'_>) -> rusqlite::Result<EntryInfo> {
    let number = |at: usize| -> rusqlite::Result<i64> { Ok(row.get_ref(at)?.as_i64().unwrap_or(0)) };
    let text = |at: usize| -> rusqlite::Result<String> { Ok(lossy(row.get_ref(at)?)) };
    let wide = |at: usize| -> rusqlite::Result<u128> {
        let bytes = row.get_ref(at)?.as_blob().ok().and_then(|bytes| bytes.try_into().ok());
        Ok(bytes.map_or(0, u128::from_le_bytes))
    };
    let file = row.get_ref(4)?.as_str_or_null().ok().flatten();
    let mut info = EntryInfo {
        id: unsigned(number(0)?),
        namespace: text(6)?,
        path: text(7)?,
        site: text(8)?,
        code: wide(9)?,
        shape: wide(10)?,
        hash: [0; 32],
        key: Vec::new(),
        key_is_digest: false,
        codec: None,
        packed: false,
        size: 0,
        charged: unsigned(number(2)?),
        stored_at: 0,
        ttl: None,
        accessed: unsigned(number(3)?),
        cost: 0,
        place: match file {
            None => Whereabouts::Inline,
            Some(name) if is_blob_name(name) => Whereabouts::Blob(name.to_owned()),
            Some(name) => Whereabouts::ArrayFile(name.to_owned()),
        },
        unreadable: None,
    };
    let head = row.get_ref(5)?.as_blob().unwrap_or_default();
    match envelope::open(head, number(1)?, file) {
        Ok(envelope) => {
            info.hash.copy_from_slice(envelope.hash);
            info.key = envelope.key.to_vec();
            info.key_is_digest = is_digest(&info.namespace, &info.path, envelope.arguments, envelope.key);
            info.codec = Some(envelope.info.codec);
            info.packed = envelope.info.packed;
            info.size = envelope.length;
            (info.stored_at, info.ttl) = (envelope.info.stored_at, envelope.info.ttl);
            info.cost = envelope.info.cost;
        }
        Err(Broken::Newer(why)) => info.unreadable = Some(why),
        Err(Broken::Damaged(why)) => info.unreadable = Some(why.into()),
    }
    Ok(info)
}

fn lossy(value: ValueRef<'_>) -> String {
    value.as_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}
