//! Files that belong to no row: left by a killed process, or by a removal that failed.
//!
//! Only names of our own form are touched. While other processes may be writing, a file has to be an hour old: a
//! younger one may be one whose row is about to be committed. A process that opens the store while no other has it
//! open collects at once, if a word in `generations` says that somebody was killed in the middle of something.

use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::evict::unlink_unless_used;
use super::layout::{Layout, is_temporary_name};
use super::open::DiskStore;
use crate::error::Fault;

/// How old garbage has to be.
pub(super) const GRACE: Duration = Duration::from_hours(1);
/// Files looked at under one hold of the write lock.
const BATCH: usize = 64;

/// Removes what was on its way when its process was killed. Cheap: both folders are empty most of the time.
fn sweep_temporaries(layout: &Layout, age: Duration) -> u64 {
    let leftovers = temporaries(layout, age);
    leftovers.iter().map(|path| u64::from(fs::remove_file(path).is_ok())).sum()
}

/// The files of ours that are on their way, or were when their process was killed; of at least this age.
pub(super) fn temporaries(layout: &Layout, age: Duration) -> Vec<PathBuf> {
    let mut found = Vec::new();
    // cacache names its own by a prefix and six random letters or digits.
    let of_cacache = |entry: &DirEntry| {
        let name = entry.file_name();
        let stem = name.to_str().and_then(|name| name.strip_prefix(".tmp")).unwrap_or_default();
        stem.len() == 6 && stem.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let ours = |entry: &DirEntry| is_temporary_name(&entry.file_name());
    for (folder, is_ours) in
        [(layout.temporary(), &ours as &dyn Fn(&DirEntry) -> bool), (layout.blobs().join("tmp"), &of_cacache)]
    {
        for entry in entries(&folder) {
            if is_ours(&entry) && is_old_file(&entry, age) {
                found.push(entry.path());
            }
        }
    }
    found
}

impl DiskStore {
    /// Removes array files and blobs that no row has, and what was left half written; all only if it is an
    /// hour old. Foreign files are never touched. Returns how many files went.
    ///
    /// # Errors
    /// The faults of the index.
    pub fn collect_garbage(&self) -> Result<u64, Fault> {
        if self.read_only {
            return Ok(0);
        }
        self.collect_older(GRACE)
    }

    /// Collects what was left behind. The caller holds the store's lock; `alone` if no other process has the store.
    ///
    /// A failure leaves the rest to the next process that opens the store.
    pub(super) fn tidy_up(&self, alone: bool) {
        if !alone {
            sweep_temporaries(&self.layout, GRACE);
        } else if self.words.is_littered() && self.collect_older(Duration::ZERO).is_ok() {
            self.words.tidy();
        }
    }

    fn collect_older(&self, age: Duration) -> Result<u64, Fault> {
        let removed = sweep_temporaries(&self.layout, age);
        Ok(removed + self.remove_unused(&self.payload_files(age))?)
    }

    /// The names of the payload files that are there, with a row or without; of at least this age.
    pub(super) fn payload_files(&self, age: Duration) -> Vec<String> {
        let mut names = Vec::new();
        let blobs = self.layout.blobs().join("content-v2").join("xxh3");
        self.candidates(&self.layout.arrays(), 2, age, &mut names);
        self.candidates(&blobs, 3, age, &mut names);
        names
    }

    /// Removes those of these files that no row has. Returns how many went.
    pub(super) fn remove_unused(&self, names: &[String]) -> Result<u64, Fault> {
        let mut removed = 0;
        for batch in names.chunks(BATCH) {
            removed += self.transact("collecting garbage", |work| {
                let mut removed = 0;
                for name in batch {
                    removed += u64::from(unlink_unless_used(self, work.connection, name)?);
                }
                Ok(removed)
            })?;
        }
        Ok(removed)
    }

    /// The files with names of ours, so many folders deep.
    fn candidates(&self, folder: &Path, depth: u32, age: Duration, names: &mut Vec<String>) {
        for entry in entries(folder) {
            let path = entry.path();
            if depth > 1 {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    self.candidates(&path, depth - 1, age, names);
                }
                continue;
            }
            let name = path.strip_prefix(self.layout.root()).ok().and_then(Path::to_str);
            let name = name.map(|name| name.replace(std::path::MAIN_SEPARATOR, "/"));
            names.extend(name.filter(|name| self.layout.own(name).is_some() && is_old_file(&entry, age)));
        }
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = DirEntry> {
    fs::read_dir(folder).into_iter().flatten().flatten()
}

fn is_old_file(entry: &DirEntry, least: Duration) -> bool {
    let Ok(metadata) = entry.metadata() else { return false };
    let age = metadata.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
    // A file from the future counts as new.
    metadata.is_file() && age.unwrap_or_default() >= least
}
