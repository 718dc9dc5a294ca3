//! Looks at a store after something happened to it: every value, the counts, and the files beside the rows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use omnicache_runtime::store::{DiskStore, Identity};
use rusqlite::Connection;

use crate::row::Checked;
use crate::world::{Got, Put, get, key, open, value};

/// What an audit found.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    /// Right values.
    pub(crate) right: u64,
    /// What was wrong, in words.
    pub(crate) failures: Vec<String>,
}

/// An argument no experiment uses: to see whether the store still takes something.
const SENTINEL: u64 = u64::MAX - 4;

/// Opens a store that no process has open, and checks all it holds of the function's arguments.
pub(crate) fn audit(dir: &Path, identity: &Arc<Identity>, arguments: impl Iterator<Item = u64>) -> Audit {
    let mut audit = Audit::default();
    let store = match open(dir) {
        Ok(store) => store,
        Err(fault) => {
            audit.failures.push(format!("the store does not open: {fault}"));
            return audit;
        }
    };
    // What opening has not collected is left over, so it is counted before anything else happens.
    match leftovers(dir) {
        Ok(left) => audit.failures.extend(left.into_iter().map(|file| format!("left over: {file}"))),
        Err(e) => audit.failures.push(format!("the files cannot be counted: {e}")),
    }
    for argument in arguments {
        match get(&store, identity, argument) {
            Got::Right(_) => audit.right += 1,
            Got::Nothing => {}
            Got::Wrong => audit.failures.push(format!("argument {argument} has a wrong value")),
            Got::Unreadable(why) => audit.failures.push(format!("argument {argument} is unreadable: {why}")),
        }
    }
    audit.failures.extend(unusable(&store, identity));
    if let Err(e) = counts(dir) {
        audit.failures.push(e.to_string());
    }
    audit
}

/// Whether the store no longer takes and gives a value, and how.
fn unusable(store: &DiskStore, identity: &Arc<Identity>) -> Option<String> {
    let (key, value) = (key(identity, SENTINEL), value(SENTINEL, 0));
    if let Err(fault) = Put::new(&key, SENTINEL, &value).into(store) {
        return Some(format!("the store takes nothing any more: {fault}"));
    }
    match get(store, identity, SENTINEL) {
        Got::Right(_) => None,
        other => Some(format!("the store does not give what it took: {other:?}")),
    }
}

/// The store's own directory.
pub(crate) fn root(dir: &Path) -> PathBuf {
    dir.join("omnicache.v1")
}

/// The index of a store, opened past it.
pub(crate) fn index(dir: &Path) -> Checked<Connection> {
    let connection = Connection::open(root(dir).join("index.sqlite"))?;
    // This connection must not clean up behind processes that were killed: that is the store's business.
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_timeout(std::time::Duration::from_secs(20))?;
    Ok(connection)
}

/// Checks the database itself, and that its counts are those of its rows.
fn counts(dir: &Path) -> Checked<()> {
    if root(dir).join("damaged.sqlite").exists() {
        return Err("the index was replaced".into());
    }
    let index = index(dir)?;
    let verdict: String = index.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(format!("the index is damaged: {verdict}").into());
    }
    let noted: (i64, i64) =
        index.query_row("SELECT entries, bytes FROM totals", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let real = index.query_row("SELECT count(*), coalesce(sum(bytes), 0) FROM entry", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    if noted == real { Ok(()) } else { Err(format!("{noted:?} is noted, but there are {real:?}").into()) }
}

/// Payload files of no row, and files half written.
fn leftovers(dir: &Path) -> Checked<Vec<String>> {
    let index = index(dir)?;
    let mut statement = index.prepare("SELECT file FROM entry WHERE file IS NOT NULL")?;
    let used: BTreeSet<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let root = root(dir);
    let names = payload_files(dir)
        .into_iter()
        .filter_map(|path| Some(path.strip_prefix(&root).ok()?.to_str()?.to_owned()));
    Ok(names.filter(|name| !used.contains(name)).collect())
}

/// Every file in the folders of payloads.
pub(crate) fn payload_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["arrays", "blobs"] {
        walk(&root(dir).join(folder), &mut files);
    }
    files
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}

/// Makes the store believe that the machine was started anew since it was last open.
pub(crate) fn pretend_reboot(dir: &Path) -> Checked<()> {
    index(dir)?.execute("UPDATE entry SET boot = 1 WHERE boot IS NOT NULL", [])?;
    let words = fs::File::options().write(true).open(root(dir).join("generations"))?;
    std::os::unix::fs::FileExt::write_all_at(&words, &1_u64.to_le_bytes(), 3 * 8)?;
    Ok(())
}
