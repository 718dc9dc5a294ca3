//! Checking everything a store holds, and mending it.
//!
//! # What may happen meanwhile
//!
//! Others may use the store while it is verified. A row whose file is gone is looked at again, since it may have been
//! replaced in between. Files without a row are looked for while nobody has a payload file on its way (see
//! `in_flight`): then each of them is garbage, however young. If that moment does not come, because somebody writes
//! without a pause, only files older than an hour count. Files whose names are not of our forms are neither touched nor
//! counted.

mod orphans;
mod rows;
mod totals;

use std::fmt;

use rusqlite::Connection;

use super::open::DiskStore;
use super::{index, schema};
use crate::error::{Fault, FaultKind};

/// Faults of the index that are reported one by one.
const INDEX_PROBLEMS: u32 = 20;

/// What a check of the store has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// How many entries were checked.
    pub entries: u64,
    /// How many bytes of payload were read and compared with their checksums.
    pub bytes: u64,
    /// What was wrong, in the order in which it was found.
    pub problems: Vec<Problem>,
}

impl Verification {
    /// Whether nothing was wrong.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether nothing is wrong any more.
    pub fn is_mended(&self) -> bool {
        self.problems.iter().all(|problem| problem.repaired)
    }

    fn found(&mut self, kind: ProblemKind, what: impl Into<String>, repaired: bool) {
        self.problems.push(Problem { kind, what: what.into(), repaired });
    }
}

/// One thing that is wrong with a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What kind of thing.
    pub kind: ProblemKind,
    /// Which thing, and what is wrong with it.
    pub what: String,
    /// Whether it has been mended.
    pub repaired: bool,
}

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The database file itself. It is mended by making its indexes anew; if that is not enough, it is moved aside and
    /// a fresh one is begun.
    Index,
    /// A row. It is mended by removing it: the key misses.
    Entry,
    /// The payload of a row: gone, or not what was written. It is mended by removing the row.
    Payload,
    /// A payload file that the system does not let us read. It is left as it is.
    Unreadable,
    /// A count or a time beside the entries. It is set right, and no entry is lost.
    Count,
    /// A file of ours that no row has. It is mended by removing it.
    Orphan,
}

impl ProblemKind {
    /// The kind as one word; part of the command line's output, never changed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Entry => "entry",
            Self::Payload => "payload",
            Self::Unreadable => "unreadable",
            Self::Count => "count",
            Self::Orphan => "orphan",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Hears how many entries of how many have been checked.
type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// How a store is verified.
#[derive(Default)]
pub struct Verify<'a> {
    /// Mend what is wrong.
    pub repair: bool,
    /// Is told now and then how many entries of how many have been checked.
    pub progress: Option<Progress<'a>>,
}

impl fmt::Debug for Verify<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verify").field("repair", &self.repair).finish_non_exhaustive()
    }
}

impl DiskStore {
    /// Checks the database, each row, each payload against its checksum, the counts, and that each file of ours belongs
    /// to a row. With `repair` it mends what is wrong: damaged entries go, and all others stay as they are.
    ///
    /// Records of a newer release are left alone and are no problem. All payloads are read, so it takes as long as
    /// reading them does.
    ///
    /// # Errors
    /// When the store cannot be checked at all: the operating system or the index refuses, or a read-only store is to
    /// be repaired. Damage is no error.
    pub fn verify(&self, repair: bool) -> Result<Verification, Fault> {
        self.verify_with(Verify { repair, progress: None })
    }

    /// The same, telling how far it is.
    ///
    /// # Errors
    /// As [`DiskStore::verify`].
    pub fn verify_with(&self, how: Verify<'_>) -> Result<Verification, Fault> {
        let Verify { repair, mut progress } = how;
        if repair && self.read_only {
            return Err(Fault::new(
                FaultKind::Index,
                "a read-only store cannot be repaired: open it for writing",
            ));
        }
        let mut report = Verification::default();
        if !self.check_index(repair, &mut report)? {
            return Ok(report);
        }
        let progress: Progress<'_> = match &mut progress {
            Some(progress) => *progress,
            None => &mut |_, _| {},
        };
        let checked = self
            .check_rows(repair, progress, &mut report)
            .and_then(|()| self.check_totals(repair, &mut report))
            .and_then(|()| self.check_orphans(repair, &mut report));
        match checked {
            // A page that only this check has touched.
            Err(Failed::Index(e)) if index::is_damage(&e) => {
                let mended = repair && self.begin_anew();
                report.found(ProblemKind::Index, format!("the index is damaged: {e}"), mended);
            }
            Err(Failed::Index(e)) => return Err(self.fault("verifying the store", e)),
            Err(Failed::Fault(fault)) => return Err(fault),
            Ok(()) => {}
        }
        Ok(report)
    }

    /// Checks the database file. Returns whether its rows can be looked at.
    fn check_index(&self, repair: bool, report: &mut Verification) -> Result<bool, Fault> {
        let wrong = self.index_problems()?;
        if wrong.is_empty() {
            return Ok(true);
        }
        let rebuilt = repair
            && self
                .transact("making the indexes anew", |work| work.connection.execute_batch("REINDEX"))
                .is_ok()
            && self.index_problems()?.is_empty();
        let mended = rebuilt || repair && self.begin_anew();
        for what in wrong {
            report.found(ProblemKind::Index, what, mended);
        }
        Ok(mended)
    }

    /// What is wrong with the database file, by its own check; nothing if the list is empty. Rows and payloads are not
    /// looked at.
    ///
    /// # Errors
    /// When the operating system or the index refuses to be checked. Damage is no error.
    pub fn index_problems(&self) -> Result<Vec<String>, Fault> {
        let found = self.index()?.read(integrity);
        match found {
            Ok(found) => Ok(found.unwrap_or_default()),
            Err(e) if index::is_damage(&e) => Ok(vec![e.to_string()]),
            Err(e) => Err(self.fault("verifying the index", e)),
        }
    }

    /// Moves a damaged index aside and begins a fresh one, as any operation does that meets damage.
    fn begin_anew(&self) -> bool {
        self.distrust();
        self.index().is_ok() && self.index_problems().is_ok_and(|problems| problems.is_empty())
    }
}

/// Why a check could not be done.
enum Failed {
    Index(rusqlite::Error),
    Fault(Fault),
}

impl From<rusqlite::Error> for Failed {
    fn from(e: rusqlite::Error) -> Self {
        Self::Index(e)
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn integrity(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({INDEX_PROBLEMS})"))?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut wrong: Vec<String> =
        lines.filter(|line| line.as_deref() != Ok("ok")).collect::<rusqlite::Result<_>>()?;
    wrong.extend(schema::differences(connection)?);
    Ok(wrong)
}
