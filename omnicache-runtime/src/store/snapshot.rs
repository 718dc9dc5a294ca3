//! A store as it is at one moment, in another place, while others go on writing.
//!
//! Payload files are never changed, so they are linked where that is possible and copied where it is not. Most are
//! taken in advance. Then, under the write lock, nobody can remove a row: a reader fixes its view of the index, and the
//! few files that came meanwhile are taken. The lock is given back, and the index is copied from the reader's view. So
//! the snapshot is exact, and writers wait for moments only.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::StoreOptions;
use super::layout::{Layout, make_directory, private_file};
use super::open::DiskStore;
use super::sink::unique;
use crate::error::{Fault, FaultKind};

/// Pages of the index copied at a time.
const PAGES: i32 = 1024;

/// What a snapshot holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Its entries.
    pub entries: u64,
    /// The bytes they are charged.
    pub bytes: u64,
    /// Entries left out because their payload file was gone or could not be read: damage that `verify` finds too.
    pub dropped: u64,
}

impl DiskStore {
    /// Makes a store in the directory `to` that holds what this one holds now. Others may write meanwhile.
    ///
    /// The copy is a store like any other. It appears when it is whole; if this fails, nothing is left in `to`. Payload
    /// files are hard links where `to` is on the same file system, and take no further room until they are removed here.
    ///
    /// # Errors
    /// [`FaultKind::Io`] if `to` has a store already or the operating system refuses; the faults of the index.
    pub fn snapshot(&self, to: &Path) -> Result<Snapshot, Fault> {
        let writing = |e| Fault::io(format!("writing a snapshot to {}", to.display()), e);
        fs::create_dir_all(to).map_err(writing)?;
        let to = to.canonicalize().map_err(writing)?;
        let goal = Layout::below(&to);
        if fs::symlink_metadata(goal.root()).is_ok() {
            return Err(Fault::new(
                FaultKind::Io,
                format!("{} is there already: choose another directory or remove it", goal.root().display()),
            ));
        }
        let part = Layout::at(to.join(format!("omnicache.v1.{:016x}.part", unique())));
        let made = self.take_snapshot(&part).and_then(|snapshot| {
            // Does not replace a store that came meanwhile: that one's directory is not empty.
            fs::rename(part.root(), goal.root()).map_err(writing)?;
            Ok(snapshot)
        });
        if made.is_err() {
            let _ = fs::remove_dir_all(part.root());
        }
        made
    }

    /// Makes a store in the directory `dir` from the snapshot (or any other store) in `from`, which stays as it is.
    ///
    /// # Errors
    /// [`FaultKind::Io`] if there is no store in `from`, or one in `dir` already.
    pub fn restore(from: &Path, dir: &Path) -> Result<Snapshot, Fault> {
        let index = Layout::below(from).index();
        if !index.is_file() {
            return Err(Fault::new(
                FaultKind::Io,
                format!(
                    "there is no store in {}: {} is missing; name the directory that was given to `snapshot`",
                    from.display(),
                    index.display()
                ),
            ));
        }
        let source: Arc<Self> = Self::open(&StoreOptions {
            read_only: true,
            // A snapshot may be kept anywhere: nobody writes there.
            allow_network: true,
            ..StoreOptions::new(from)
        })?;
        source.snapshot(dir)
    }

    fn take_snapshot(&self, part: &Layout) -> Result<Snapshot, Fault> {
        part.prepare()?;
        let index = part.index();
        private_file(OpenOptions::new().write(true).create_new(true), &index)
            .map_err(|e| Fault::io(format!("making {}", index.display()), e))?;
        let mut taken = HashSet::new();
        self.take_files(&self.ask("listing payload files", files)?, part, &mut taken)?;
        let index = self.index()?;
        let copied = if self.read_only {
            index.read(|reader| self.copy_index(reader, part, &mut taken))
        } else {
            index.read_write(|reader| self.copy_index(reader, part, &mut taken)).map(Some)
        };
        match copied.map_err(|e| self.fault("copying the index", e))? {
            Some(copied) => copied?,
            None => return Err(Fault::new(FaultKind::Index, "there is nothing to take a snapshot of")),
        }
        settle(part, &taken).map_err(|e| super::index::fault("finishing the snapshot", e))
    }

    /// Fixes a moment, takes the files that are missing yet, and copies the index as it was at that moment.
    fn copy_index(
        &self,
        reader: &Connection,
        part: &Layout,
        taken: &mut HashSet<String>,
    ) -> rusqlite::Result<Result<(), Fault>> {
        let mut fix = || {
            reader.execute_batch("BEGIN")?;
            let names = files(reader)?;
            Ok(self.take_files(&names, part, taken))
        };
        let fixed = if self.read_only {
            fix()?
        } else {
            self.transact("fixing a moment", |_| fix()).and_then(|taken| taken)
        };
        let copied = match &fixed {
            Ok(()) => copy(reader, part),
            Err(_) => Ok(()),
        };
        if !reader.is_autocommit() {
            reader.execute_batch("ROLLBACK")?;
        }
        copied.map(|()| fixed)
    }

    /// Takes those of these files that are still there and were not taken yet.
    fn take_files(&self, names: &[String], part: &Layout, taken: &mut HashSet<String>) -> Result<(), Fault> {
        for name in names {
            let (Some(from), Some(to)) = (self.layout.own(name), part.own(name)) else { continue };
            if taken.contains(name) {
                continue;
            }
            match link_or_copy(&from, &to) {
                Ok(true) => {
                    taken.insert(name.clone());
                }
                Ok(false) => {}
                Err(e) => return Err(Fault::io(format!("taking {} into a snapshot", from.display()), e)),
            }
        }
        Ok(())
    }
}

fn files(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT DISTINCT file FROM entry WHERE typeof(file) = 'text'")?;
    let names = statement.query_map([], |row| Ok(row.get_ref(0)?.as_str().unwrap_or_default().to_owned()))?;
    names.collect()
}

/// Copies the index as the reader sees it.
fn copy(reader: &Connection, part: &Layout) -> rusqlite::Result<()> {
    let mut copy = connect(part)?;
    let backup = Backup::new(reader, &mut copy)?;
    backup.run_to_completion(PAGES, Duration::ZERO, None)
}

fn connect(part: &Layout) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(part.index(), flags)
}

/// Makes the copied index the index of its own directory: rows without their file go, files without a row too, and so
/// does the log of what was forgotten, whose numbers belong to the other directory's words. Each file is verified once
/// when it is read: who knows where the snapshot has been by then.
fn settle(part: &Layout, taken: &HashSet<String>) -> rusqlite::Result<Snapshot> {
    let mut connection = connect(part)?;
    connection.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL")?;
    let transaction = connection.transaction()?;
    let mut dropped = 0;
    let mut unused = taken.clone();
    for name in files(&transaction)? {
        if !unused.remove(&name) {
            dropped += transaction.execute("DELETE FROM entry WHERE file = ?1", [name])?;
        }
    }
    transaction.execute_batch(
        "DELETE FROM forgotten; DELETE FROM forgotten_floor;
         UPDATE entry SET boot = NULL WHERE boot IS NOT NULL;
         UPDATE store SET (last_id, version, latest) = (SELECT last_id, version, latest FROM totals),
         entries = (SELECT count(*) FROM entry),
         bytes = (SELECT CAST(total(bytes) AS INTEGER) FROM entry)",
    )?;
    let counted = transaction.query_row("SELECT entries, bytes FROM totals", [], |row| {
        Ok((super::evict::unsigned(row.get(0)?), super::evict::unsigned(row.get(1)?)))
    })?;
    transaction.commit()?;
    for path in unused.iter().filter_map(|name| part.own(name)) {
        let _ = fs::remove_file(path);
    }
    Ok(Snapshot { entries: counted.0, bytes: counted.1, dropped: dropped as u64 })
}

/// Links a payload file to its new place, or copies it. `false` if it is gone or no plain file.
fn link_or_copy(from: &Path, to: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(from) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(false),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(e),
    }
    if let Some(folder) = to.parent() {
        make_directory(folder)?;
    }
    match fs::hard_link(from, to) {
        Ok(()) => return Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        // Another file system, or one without links, or too many of them.
        Err(_) => {}
    }
    let copied = private_file(OpenOptions::new().read(true), from).and_then(|mut source| {
        let mut target: File = private_file(OpenOptions::new().write(true).create_new(true), to)?;
        io::copy(&mut source, &mut target)
    });
    match copied {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}
