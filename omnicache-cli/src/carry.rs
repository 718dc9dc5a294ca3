//! Commands that carry entries elsewhere and back: `export`, `import`, `snapshot`, `restore`.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter};
use std::path::Path;

use omnicache_runtime::store::{DEFAULT_LIMIT, DiskStore, Snapshot};
use serde_json::json;

use crate::report::{Failure, Report, bytes, count};
use crate::{Place, now};

pub(crate) fn export(place: &Place, file: &Path, namespace: Option<&str>) -> Result<Report, Failure> {
    let store = place.look()?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // Results may be confidential; who wants to share them says so.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let target =
        options.open(file).map_err(|e| Failure::Failed(format!("{} cannot be made: {e}", file.display())))?;
    let done = match store.export(namespace, now(), &mut BufWriter::new(target)) {
        Ok(done) => done,
        Err(fault) => {
            let _ = fs::remove_file(file);
            return Err(fault.into());
        }
    };
    let text = format!(
        "{} of {} written to {}{}\n",
        count(done.entries, "entry", "entries"),
        bytes(done.bytes),
        file.display(),
        skipped(done.skipped)
    );
    Ok(Report::fine(text, json!({ "entries": done.entries, "bytes": done.bytes, "skipped": done.skipped })))
}

pub(crate) fn import(place: &Place, file: &Path, limit: Option<u64>) -> Result<Report, Failure> {
    let source =
        File::open(file).map_err(|e| Failure::Failed(format!("{} cannot be read: {e}", file.display())))?;
    let store = place.make()?;
    let (_, present) = store.totals()?;
    store.set_limit(limit.unwrap_or_else(|| DEFAULT_LIMIT.max(present)));
    let done = store.import(&mut BufReader::new(source), now())?;
    let text = format!(
        "{} of {} added; {} were there already{}\n",
        count(done.added, "entry", "entries"),
        bytes(done.bytes),
        done.present,
        skipped(done.skipped)
    );
    let json = json!({
        "added": done.added, "bytes": done.bytes, "present": done.present, "skipped": done.skipped,
    });
    Ok(Report::fine(text, json))
}

pub(crate) fn snapshot(place: &Place, to: &Path) -> Result<Report, Failure> {
    let snapshot = place.change()?.snapshot(to)?;
    Ok(copied(&snapshot, to))
}

pub(crate) fn restore(place: &Place, from: &Path) -> Result<Report, Failure> {
    let snapshot = DiskStore::restore(from, &place.dir).map_err(|fault| Failure::Open(fault.to_string()))?;
    Ok(copied(&snapshot, &place.dir))
}

fn copied(snapshot: &Snapshot, to: &Path) -> Report {
    let text = format!(
        "{} of {} copied to {}{}\n",
        count(snapshot.entries, "entry", "entries"),
        bytes(snapshot.bytes),
        to.display(),
        skipped(snapshot.dropped)
    );
    Report::fine(
        text,
        json!({ "entries": snapshot.entries, "bytes": snapshot.bytes, "skipped": snapshot.dropped }),
    )
}

fn skipped(number: u64) -> String {
    if number == 0 { String::new() } else { format!("; {number} left out") }
}
