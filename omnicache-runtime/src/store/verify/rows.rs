//! Checks each row: its envelope, its columns, its payload.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use twox_hash::XxHash3_128;

use super::{Failed, ProblemKind, Progress, Verification};
use crate::store::Departure;
use crate::store::envelope::{self, Broken, Envelope};
use crate::store::evict::unsigned;
use crate::store::open::DiskStore;
use crate::store::payload_file::{MmapPolicy, Origin};
use crate::store::read::{Mark, Unreadable};
use crate::store::write::{ROW, time};

/// Rows read at a time; each may hold a payload of up to 16 KiB.
const BATCH: i64 = 64;

/// What is to be said of a row before its file is looked at.
enum Judged {
    /// As far as the row goes, all is well; so many bytes of payload were compared.
    Sound(u64),
    /// A newer release wrote it.
    Newer,
    /// Its payload is in this file.
    InFile {
        name: String,
        length: u64,
        checksum: u128,
    },
    Wrong(ProblemKind, String),
}

struct Checked {
    mark: Mark,
    judged: Judged,
    /// What its other columns should be, if they are not.
    columns: Option<Columns>,
}

/// What the envelope says of the columns beside it.
struct Columns {
    bytes: i64,
    expires: Option<i64>,
    stored: i64,
}

const SELECT: &str = "SELECT id, function, slot, bytes, expires, file, head, payload,
     EXISTS (SELECT 1 FROM function f WHERE f.id = entry.function),
     EXISTS (SELECT 1 FROM entry o WHERE o.function = entry.function AND o.slot = entry.slot AND o.id < entry.id),
     stored, accessed
     FROM entry WHERE id > ?1 ORDER BY id LIMIT ?2";

impl DiskStore {
    pub(super) fn check_rows(
        &self,
        repair: bool,
        progress: Progress<'_>,
        report: &mut Verification,
    ) -> Result<(), Failed> {
        let index = self.index()?;
        let count = |c: &Connection| c.query_row("SELECT count(*) FROM entry", [], |row| row.get(0));
        let total = unsigned(index.read(count)?.unwrap_or(0));
        let mut last = i64::MIN;
        loop {
            progress(report.entries.min(total), total);
            let batch = index.read(|connection| {
                connection.prepare_cached(SELECT)?.query_map((last, BATCH), judge)?.collect()
            })?;
            let batch: Vec<Checked> = batch.unwrap_or_default();
            let Some(end) = batch.last() else { break };
            last = end.mark.id;
            for row in batch {
                report.entries += 1;
                self.check_row(row, repair, report)?;
            }
        }
        Ok(())
    }

    fn check_row(&self, row: Checked, repair: bool, report: &mut Verification) -> Result<(), Failed> {
        let Checked { mark, judged, columns } = row;
        let (kind, why) = match judged {
            Judged::Newer => return Ok(()),
            Judged::Sound(length) => {
                report.bytes += length;
                return self.check_columns(&mark, columns, repair, report);
            }
            Judged::Wrong(kind, why) => (kind, why),
            Judged::InFile { name, length, checksum } => {
                match self.open_payload(&name, length, Origin::Unknown, MmapPolicy::Auto) {
                    Ok(payload) if XxHash3_128::oneshot(&payload) == checksum => {
                        report.bytes += length;
                        return self.check_columns(&mark, columns, repair, report);
                    }
                    Ok(_) => (ProblemKind::Payload, format!("its file {name} does not match its checksum")),
                    Err(Unreadable::Damaged(why)) => (ProblemKind::Payload, format!("{why} ({name})")),
                    Err(Unreadable::Fault(fault)) => (ProblemKind::Unreadable, fault.to_string()),
                }
            }
        };
        // Replaced or removed under our eyes: then its file went with it and all is well.
        if !self.is_still_there(&mark)? {
            return Ok(());
        }
        let what = format!("entry {}: {why}", mark.id);
        let mended = repair && kind != ProblemKind::Unreadable;
        if mended && !self.withdraw(&mark, Departure::Corrupt) {
            return Ok(());
        }
        let gone = mended && !self.is_still_there(&mark)?;
        report.found(kind, what, gone);
        Ok(())
    }

    fn check_columns(
        &self,
        mark: &Mark,
        columns: Option<Columns>,
        repair: bool,
        report: &mut Verification,
    ) -> Result<(), Failed> {
        let Some(Columns { bytes, expires, stored }) = columns else { return Ok(()) };
        if !self.is_still_there(mark)? {
            return Ok(());
        }
        let what = format!("entry {}: its charge or times are not what its envelope says", mark.id);
        if repair {
            self.transact("setting columns right", |work| {
                work.connection
                    .prepare_cached(
                        "UPDATE entry SET bytes = ?3, expires = ?4, stored = ?5,
                         accessed = CASE typeof(accessed) WHEN 'integer' THEN accessed ELSE ?5 END
                         WHERE id = ?1 AND head = ?2",
                    )?
                    .execute((mark.id, &mark.head, bytes, expires, stored))
            })?;
        }
        report.found(ProblemKind::Count, what, repair);
        Ok(())
    }

    fn is_still_there(&self, mark: &Mark) -> Result<bool, Failed> {
        let found = self.index()?.read(|connection| {
            connection
                .prepare_cached("SELECT head FROM entry WHERE id = ?1")?
                .query_row([mark.id], |row| Ok(row.get_ref(0)?.as_blob().ok().map(<[u8]>::to_vec)))
                .optional()
        })?;
        Ok(found.flatten().is_some_and(|head| head == mark.head))
    }
}

fn judge(row: &Row<'_>) -> rusqlite::Result<Checked> {
    let head = row.get_ref(6)?.as_blob().ok();
    let mark = Mark { id: row.get(0)?, head: head.map(<[u8]>::to_vec) };
    let wrong = |why: &str| Judged::Wrong(ProblemKind::Entry, why.into());
    let (mut columns, judged) = match (head, row.get_ref(1)?, row.get_ref(5)?.as_str_or_null()) {
        (None, ..) => (None, wrong("its envelope is no bytes")),
        (_, _, Err(_)) => (None, wrong("its file's name is no text")),
        (Some(head), ValueRef::Integer(function), Ok(file)) => match envelope::open(head, function, file) {
            Err(Broken::Newer(_)) => (None, Judged::Newer),
            Err(Broken::Damaged(why)) => (None, wrong(why)),
            Ok(envelope) => (columns_of(row, &envelope, head.len())?, judge_rest(row, &envelope, file)?),
        },
        _ => (None, wrong("its function is no number")),
    };
    if matches!(judged, Judged::Wrong(..) | Judged::Newer) {
        columns = None;
    }
    Ok(Checked { mark, judged, columns })
}

/// What the columns should be, if they are not.
fn columns_of(row: &Row<'_>, envelope: &Envelope<'_>, head: usize) -> rusqlite::Result<Option<Columns>> {
    let Envelope { info, length, .. } = envelope;
    let bytes = time(length.saturating_add(head as u64 + ROW));
    let expires = info.ttl.map(|ttl| time(info.stored_at.saturating_add(ttl)));
    let stored = time(info.stored_at);
    let same = row.get_ref(3)? == ValueRef::Integer(bytes)
        && row.get_ref(4)? == expires.map_or(ValueRef::Null, ValueRef::Integer)
        && row.get_ref(10)? == ValueRef::Integer(stored)
        && matches!(row.get_ref(11)?, ValueRef::Null | ValueRef::Integer(_));
    Ok((!same).then_some(Columns { bytes, expires, stored }))
}

/// Judges a row whose envelope is sound.
fn judge_rest(row: &Row<'_>, envelope: &Envelope<'_>, file: Option<&str>) -> rusqlite::Result<Judged> {
    let wrong = |kind, why: &str| Ok(Judged::Wrong(kind, why.into()));
    let slot = i64::from_be_bytes(std::array::from_fn(|i| envelope.arguments[i]));
    if row.get_ref(2)? != ValueRef::Integer(slot) {
        return wrong(ProblemKind::Entry, "no key leads to it: its slot is not its arguments'");
    }
    if !row.get::<_, bool>(8)? {
        return wrong(ProblemKind::Entry, "it belongs to no function");
    }
    if row.get::<_, bool>(9)? {
        return wrong(ProblemKind::Entry, "it is the second of its function and slot");
    }
    let (length, checksum) = (envelope.length, envelope.checksum);
    if let Some(name) = file {
        return Ok(Judged::InFile { name: name.to_owned(), length, checksum });
    }
    let ValueRef::Blob(payload) = row.get_ref(7)? else {
        return wrong(ProblemKind::Payload, "its payload is gone");
    };
    if payload.len() as u64 != length || XxHash3_128::oneshot(payload) != checksum {
        return wrong(ProblemKind::Payload, "its payload does not match its checksum");
    }
    Ok(Judged::Sound(length))
}
