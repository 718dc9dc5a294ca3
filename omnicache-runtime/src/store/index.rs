//! The index: `SQLite` connections, how they are opened, and what happens to an index that is damaged.
//!
//! # Durability
//!
//! WAL with `synchronous=NORMAL`. In this mode `SQLite` never syncs on commit, only on a checkpoint: the log
//! before its pages are copied into the database, the database before the log is reused. A power cut may lose
//! the last commits but not the database, since the frames of the log carry checksums. A killed process loses
//! nothing that was committed. Automatic checkpoints would put those two syncs on the path of about one put
//! in 250, so they are off; [`super::checkpoint`] does them on a thread of its own. `synchronous=OFF` would
//! save the syncs too, but a power cut during a checkpoint could then leave a torn database.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::Identity;
use super::generations::Words;
use super::layout::{Layout, private_file};
use super::readers::{Readers, Use};
use super::schema::{self, SCHEMA};
use crate::error::{Fault, FaultKind};

/// "OmnC": marks an index as ours in the header of the database file.
const APPLICATION: i32 = 0x4f6d_6e43;
/// The format of the tables.
const FORMAT: i32 = 1;
/// Functions remembered by the address of their identity.
const REMEMBERED: usize = 4096;
/// Attempts to get a lock that take a tenth of a second.
const QUICK: i32 = 100;
/// How long a connection waits for another process's write lock.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// One opened index: gone once the file was found damaged or replaced.
pub(super) struct Index {
    layout: Layout,
    words: Arc<Words>,
    read_only: bool,
    /// The epoch at which it was opened.
    pub(super) epoch: u64,
    writer: Mutex<Option<Connection>>,
    /// Pages in the log as of this process's last commit.
    log: Arc<AtomicU32>,
    readers: Readers,
    /// Row of each function, by the address of its identity; the `Arc` keeps the address its own.
    functions: RwLock<HashMap<usize, (Arc<Identity>, Row)>>,
}

/// What is known of a function's row.
#[derive(Clone, Copy)]
enum Row {
    /// Its number.
    Here(i64),
    /// There was none when the word of commits was this.
    Absent(u64),
}

impl Index {
    /// Opens the index, making a fresh one where there is none and in place of one that is damaged.
    /// The caller holds the store's lock (unless it only reads).
    pub(super) fn open(layout: &Layout, words: &Arc<Words>, read_only: bool) -> Result<Self, Fault> {
        if read_only {
            return Ok(Self::with(layout, words, None));
        }
        let writer = match prepare(layout, words) {
            Err(Trouble::Damaged(_)) => {
                replace(layout)?;
                words.next_epoch();
                prepare(layout, words).map_err(Trouble::fault)?
            }
            done => done.map_err(Trouble::fault)?,
        };
        Ok(Self::with(layout, words, Some(writer)))
    }

    fn with(layout: &Layout, words: &Arc<Words>, mut writer: Option<Connection>) -> Self {
        let log = Arc::new(AtomicU32::new(0));
        if let Some(writer) = &mut writer {
            let log = Arc::clone(&log);
            // If it cannot be had, the log is copied by other processes, or at the next opening.
            let _ = writer.wal_hook(Some(move |_: &mut Wal, pages: i32| {
                log.store(pages.unsigned_abs(), Ordering::Relaxed);
                Ok(())
            }));
        }
        Self {
            log,
            layout: layout.clone(),
            read_only: writer.is_none(),
            epoch: words.epoch(),
            words: Arc::clone(words),
            writer: Mutex::new(writer),
            readers: Readers::default(),
            functions: RwLock::default(),
        }
    }

    /// Closes the connections that are not in use.
    pub(super) fn close(&self) {
        self.readers.close();
        if let Ok(mut writer) = self.writer.try_lock() {
            *writer = None;
        }
    }

    /// Runs `body`, which looks something up and may find what is true at the moment, on a connection for reading;
    /// `None` if a read-only store has no index.
    pub(super) fn look_up<T>(
        &self,
        body: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.readers.with(&self.words, Use::Lookup, || self.reader(), body)
    }

    /// Runs `body` on a connection for reading; `None` if a read-only store has no index.
    pub(super) fn read<T>(
        &self,
        body: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.readers.with(&self.words, Use::Any, || self.reader(), body)
    }

    /// Runs `body` on a connection of its own that may write, beside the one for writing. It waits for others for a tenth
    /// of a second at a time: whoever copies the log keeps writers out while it waits.
    pub(super) fn read_write<T>(
        &self,
        body: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut connection = connect(&self.layout, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let words = Arc::clone(&self.words);
        // It may wait for those who keep a snapshot.
        connection.busy_handler(Some(move |attempt| {
            words.shake();
            attempt < QUICK && wait(attempt)
        }))?;
        body(&connection)
    }

    /// Has everybody who keeps a snapshot take a new one.
    pub(super) fn shake(&self) {
        self.words.shake();
    }

    /// Pages in the log as of this process's last commit.
    pub(super) fn log_pages(&self) -> u32 {
        self.log.load(Ordering::Relaxed)
    }

    /// The connection for writing, of which each process has one.
    pub(super) fn writer(&self) -> MutexGuard<'_, Option<Connection>> {
        lock(&self.writer)
    }

    fn reader(&self) -> rusqlite::Result<Option<Connection>> {
        if self.read_only && !self.layout.index().exists() {
            return Ok(None);
        }
        let connection = connect(&self.layout, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let readable = connection.query_row("SELECT 1 FROM store", [], |_| Ok(()));
        match readable {
            Err(e) if self.read_only && wants_memory(&e) => immutable(&self.layout).map(Some),
            Err(e) => Err(e),
            Ok(()) => Ok(Some(connection)),
        }
    }

    /// The row of a function, if it has one.
    pub(super) fn function(
        &self,
        connection: &Connection,
        identity: &Arc<Identity>,
    ) -> rusqlite::Result<Option<i64>> {
        if let Some(Row::Here(id)) = self.known(identity) {
            return Ok(Some(id));
        }
        let found = find_function(connection, identity)?;
        if let Some(id) = found {
            self.remember(identity, Row::Here(id));
        }
        Ok(found)
    }

    /// Whether a function has no row, and so no entry, as far as can be told without a look at the database.
    pub(super) fn is_empty_for(&self, identity: &Arc<Identity>) -> bool {
        matches!(self.known(identity), Some(Row::Absent(word)) if word == self.words.commits())
    }

    /// Notes that a function had no row in a snapshot that was taken after the word of commits was `word`.
    pub(super) fn was_empty_for(&self, identity: &Arc<Identity>, word: u64) {
        // While it is odd, somebody may be about to change that.
        if word.is_multiple_of(2) {
            self.remember(identity, Row::Absent(word));
        }
    }

    /// The word of commits: as long as it stays the same, nothing is written.
    pub(super) fn commits(&self) -> u64 {
        self.words.commits()
    }

    fn known(&self, identity: &Arc<Identity>) -> Option<Row> {
        let known = self.functions.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&address(identity)).map(|(_, row)| *row)
    }

    fn remember(&self, identity: &Arc<Identity>, row: Row) {
        let mut known = self.functions.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(address(identity), (Arc::clone(identity), row));
    }
}

fn address(identity: &Arc<Identity>) -> usize {
    Arc::as_ptr(identity) as usize
}

fn find_function(connection: &Connection, identity: &Identity) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT id FROM function WHERE namespace = ?1 AND path = ?2 AND site = ?3 AND code = ?4 AND shape = ?5",
        )?
        .query_row(function_values(identity), |row| row.get(0))
        .optional()
}

/// Makes the row of a function. Only under the write lock, and not remembered: the commit may still fail.
pub(super) fn make_function(connection: &Connection, identity: &Identity) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO function (namespace, path, site, code, shape) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id",
        )?
        .query_row(function_values(identity), |row| row.get(0))
}

fn function_values(identity: &Identity) -> (&str, &str, &str, [u8; 16], [u8; 16]) {
    let Identity { namespace, site, path, code, shape } = identity;
    (namespace, path, site, code.to_le_bytes(), shape.to_le_bytes())
}

/// What may be wrong with an index that is being opened.
enum Trouble {
    /// It is not a database, or a torn one.
    Damaged(rusqlite::Error),
    /// Anything else, which replacing the file would not mend or must not.
    Other(Fault),
}

impl Trouble {
    fn fault(self) -> Fault {
        match self {
            Self::Damaged(e) => fault("opening the index", e),
            Self::Other(fault) => fault,
        }
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(e: rusqlite::Error) -> Self {
        if is_damage(&e) { Self::Damaged(e) } else { Self::Other(fault("opening the index", e)) }
    }
}

fn prepare(layout: &Layout, words: &Words) -> Result<Connection, Trouble> {
    // Made by us so that it is private from the first moment; the log and its index inherit the mode.
    let path = layout.index();
    private_file(fs::OpenOptions::new().write(true).create(true).truncate(false), &path)
        .map_err(|e| Trouble::Other(Fault::io(format!("making {}", path.display()), e)))?;
    let connection = connect(layout, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let pragma = |name| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
    let (application, format, tables) =
        (pragma("application_id")?, pragma("user_version")?, pragma("schema_version")?);
    if (application, format, tables) == (0, 0, 0) {
        write_ahead(&connection)?;
        create(&connection, words)?;
    } else if application != APPLICATION {
        return Err(foreign("is a database of another program"));
    } else if format > FORMAT {
        return Err(foreign("was written by a newer release of omnicache"));
    } else {
        write_ahead(&connection)?;
    }
    connection.query_row("SELECT bytes FROM totals", [], |_| Ok(()))?;
    Ok(connection)
}

fn foreign(why: &str) -> Trouble {
    Trouble::Other(Fault::new(FaultKind::Index, format!("index.sqlite {why}: it is left alone")))
}

fn create(connection: &Connection, words: &Words) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    connection.execute_batch(SCHEMA)?;
    // The log of what was forgotten starts now: nothing older can be told.
    for (word, value) in words.changed() {
        connection.execute(
            "INSERT INTO forgotten_floor (word, value) VALUES (?1, ?2)",
            (word.cast_signed() as i64, value.cast_signed()),
        )?;
    }
    connection.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}; COMMIT"
    ))
}

/// Switches to WAL. `SQLite` answers "busy" here without waiting when others are at it, so the waiting is ours.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let mut pause = Duration::from_millis(1);
    loop {
        let switched = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        match switched {
            Err(e) if is_busy(&e) && pause < PATIENCE => {
                thread::sleep(pause);
                pause *= 2;
            }
            done => return done.map(drop),
        }
    }
}

fn connect(layout: &Layout, access: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut connection = Connection::open_with_flags(layout.index(), flags)?;
    // Without this the last connection to a database deletes its log by name on closing, after two syncs. If
    // the database was replaced meanwhile, that name belongs to the log of its successor.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // Plans must not depend on the values bound, else statements are compiled again and again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    wait_for_others(&mut connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    // `journal_size_limit` cuts the log's file after a burst, but not at each new beginning, since to make a file longer
    // again takes the system longer than to write over it. The page cache is small because the system has the pages
    // too: to copy one into memory that is warm takes less time than to have the system clear memory for one more.
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 16777216;
         PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF",
    )?;
    if access.contains(OpenFlags::SQLITE_OPEN_READ_WRITE) {
        // A transaction's pages stay in memory until it is committed; and who writes finds torn pages before adding to
        // them. A reader verifies what it finds there anyway, and would look at 200 keys for each page it reads.
        connection.execute_batch("PRAGMA cache_size = -8192; PRAGMA cell_size_check = ON")?;
    }
    Ok(connection)
}

/// A store on a medium that cannot hold the log's shared memory: nobody can write it, so it may be read as
/// it stands.
fn immutable(layout: &Layout) -> rusqlite::Result<Connection> {
    let path = layout.index();
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)
}

/// Has a connection wait for another's lock.
pub(super) fn wait_for_others(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(wait))
}

/// Waits for another's lock: first by yielding, then by sleeping ever longer, up to [`PATIENCE`] in all.
fn wait(attempt: i32) -> bool {
    let attempt = u64::try_from(attempt).unwrap_or(0);
    if attempt < 8 {
        thread::yield_now();
        return true;
    }
    // 20 µs, 40 µs, ... to 2 ms after a hundred steps: the first hundred take 0.1 s, each later one 2 ms.
    thread::sleep(Duration::from_micros((20 * (attempt - 7)).min(2000)));
    attempt < 100 + PATIENCE.as_secs() * 500
}

/// Moves a damaged index out of the way. Other processes see the epoch rise and reopen.
fn replace(layout: &Layout) -> Result<(), Fault> {
    let index = layout.index();
    let fault = |e| Fault::io(format!("replacing the damaged {}", index.display()), e);
    for suffix in ["-wal", "-shm"] {
        let mut name = index.clone().into_os_string();
        name.push(suffix);
        remove_if_there(name.as_ref()).map_err(fault)?;
    }
    fs::rename(&index, layout.damaged()).map_err(fault)
}

fn remove_if_there(path: &std::path::Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Whether an index that gave an error of damage really is damaged: another process may have replaced it.
pub(super) fn is_sound(layout: &Layout) -> bool {
    let check = || -> rusqlite::Result<bool> {
        let connection = connect(layout, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok(verdict == "ok" && schema::differences(&connection)?.is_empty())
    };
    check().unwrap_or(false)
}

/// Moves the index away and opens a fresh one. The caller holds the store's lock.
pub(super) fn start_over(layout: &Layout, words: &Arc<Words>) -> Result<Index, Fault> {
    replace(layout)?;
    words.next_epoch();
    Index::open(layout, words, false)
}

/// Whether the error says that a lock could not be had.
pub(super) fn is_busy(e: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(e.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

/// Whether the error says that a lock was waited for in vain: our own wait, or the ten seconds in which `SQLite` tries to
/// begin to read.
pub(super) fn is_stuck(e: &rusqlite::Error) -> bool {
    is_busy(e) || e.sqlite_error_code() == Some(rusqlite::ErrorCode::FileLockingProtocolFailed)
}

fn wants_memory(e: &rusqlite::Error) -> bool {
    matches!(e.sqlite_error_code(), Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly))
}

/// Whether the error says that the file itself is damaged. Tables that are not there are damage too: an
/// index of ours always has them.
pub(super) fn is_damage(e: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match e.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => true,
        Some(rusqlite::ErrorCode::Unknown) => e.to_string().contains("no such"),
        _ => matches!(e, rusqlite::Error::QueryReturnedNoRows),
    }
}

/// An error of the index as a fault.
pub(super) fn fault(context: &str, e: rusqlite::Error) -> Fault {
    Fault::new(FaultKind::Index, context).because(e)
}

/// A mutex whose data is sound whatever happened to the thread that held it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
