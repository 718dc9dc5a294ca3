//! Looks for files of ours that no row has.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::{Failed, ProblemKind, Verification};
use crate::error::Fault;
use crate::store::garbage::{GRACE, temporaries};
use crate::store::open::DiskStore;

/// A removal unlinks its files right after its commit: a file may outlive its row by this much.
const FAREWELL: Duration = Duration::from_millis(100);

impl DiskStore {
    pub(super) fn check_orphans(&self, repair: bool, report: &mut Verification) -> Result<(), Failed> {
        let (mut files, mut leftovers) = self.orphans()?;
        if !files.is_empty() {
            thread::sleep(FAREWELL);
            files.retain(|name| self.layout.own(name).is_some_and(|path| is_file(&path)));
        }
        leftovers.retain(|path| is_file(path));
        if repair {
            self.remove_unused(&files)?;
        }
        for name in files {
            let gone = self.layout.own(&name).is_none_or(|path| !is_file(&path));
            report.found(ProblemKind::Orphan, format!("{name} belongs to no entry"), repair && gone);
        }
        for path in leftovers {
            let gone = repair && fs::remove_file(&path).is_ok();
            let name = path.strip_prefix(self.layout.root()).unwrap_or(&path).display().to_string();
            report.found(ProblemKind::Orphan, format!("{name} was left half written"), gone);
        }
        Ok(())
    }

    /// The payload files that no row has, and those that were left half written.
    fn orphans(&self) -> Result<(Vec<String>, Vec<PathBuf>), Failed> {
        let index = self.index()?;
        let locking = |e| Fault::io("locking the store's payload files", e);
        let alone = self.in_flight.alone(self.read_only).map_err(locking)?;
        let age = if alone.is_some() { Duration::ZERO } else { GRACE };
        let mut files = self.payload_files(age);
        let leftovers = temporaries(&self.layout, age);
        // Asked after the files were listed: who has a row by now is no orphan.
        let unused = |connection: &Connection| {
            let mut used = connection.prepare_cached("SELECT 1 FROM entry WHERE file = ?1 LIMIT 1")?;
            let mut unused = Vec::new();
            for name in files.drain(..) {
                if !used.exists([&name])? {
                    unused.push(name);
                }
            }
            Ok(unused)
        };
        let unused = index.read(unused)?.unwrap_or_default();
        Ok((unused, leftovers))
    }
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}
