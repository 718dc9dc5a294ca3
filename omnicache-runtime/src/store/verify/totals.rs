//! Checks the counts that puts and removals keep.

use rusqlite::{Connection, OptionalExtension, Row};

use super::{Failed, ProblemKind, Verification};
use crate::store::open::DiskStore;
use crate::store::quota;

/// What the entries add up to, and what the view `totals` says of it.
#[derive(PartialEq, Eq)]
struct Counted {
    bytes: i64,
    entries: i64,
    last_id: i64,
}

impl DiskStore {
    pub(super) fn check_totals(&self, repair: bool, report: &mut Verification) -> Result<(), Failed> {
        let miscounted = self.index()?.read(|connection| quota::miscounted(connection, false))?;
        for namespace in miscounted.unwrap_or_default() {
            if repair {
                self.transact("setting counts right", |work| quota::miscounted(work.connection, true))?;
            }
            let what = format!("what namespace {namespace:?} uses of its quota is miscounted");
            report.found(ProblemKind::Count, what, repair);
        }
        let wrong = self.index()?.read(compare)?.flatten();
        let Some(what) = wrong else { return Ok(()) };
        if repair {
            self.transact("setting counts right", |work| mend(work.connection))?;
        }
        report.found(ProblemKind::Count, what, repair);
        Ok(())
    }
}

fn compare(connection: &Connection) -> rusqlite::Result<Option<String>> {
    // One transaction, so that both are of one moment.
    let transaction = connection.unchecked_transaction()?;
    let (sums, said) = (sums(&transaction)?, said(&transaction)?);
    transaction.finish()?;
    Ok(match said {
        None => Some("the store's counts are missing".into()),
        Some(said) if said.entries != sums.entries || said.bytes != sums.bytes => Some(format!(
            "the store counts {} entries of {} bytes, and has {} of {}",
            said.entries, said.bytes, sums.entries, sums.bytes
        )),
        Some(_) => None,
    })
}

fn sums(connection: &Connection) -> rusqlite::Result<Counted> {
    let sql = // `total` is exact up to 2^53, and unlike `sum` it bears texts and overflows, which damage may have made.
        "SELECT CAST(total(bytes) AS INTEGER), count(*), coalesce(max(id), 0) FROM entry";
    connection.query_row(sql, [], |row| {
        Ok(Counted { bytes: row.get(0)?, entries: row.get(1)?, last_id: row.get(2)? })
    })
}

fn said(connection: &Connection) -> rusqlite::Result<Option<Counted>> {
    let number =
        |row: &Row<'_>, at: usize| -> rusqlite::Result<i64> { Ok(row.get_ref(at)?.as_i64().unwrap_or(-1)) };
    connection
        .query_row("SELECT bytes, entries, last_id FROM totals", [], |row| {
            Ok(Counted { bytes: number(row, 0)?, entries: number(row, 1)?, last_id: number(row, 2)? })
        })
        .optional()
}

fn mend(connection: &Connection) -> rusqlite::Result<()> {
    let Counted { bytes, entries, last_id } = sums(connection)?;
    connection.execute("INSERT OR IGNORE INTO store VALUES (1, 0, 0, 0, 0, 0, 0)", [])?;
    connection
        .execute(
            "UPDATE store SET bytes = ?1, entries = ?2, last_id = max(CAST(last_id AS INTEGER), ?3),
             version = CAST(version AS INTEGER) + max(?3 - CAST(last_id AS INTEGER), 0) + 1,
             latest = (SELECT coalesce(max(CAST(stored AS INTEGER)), 0) FROM entry), settled = 0 WHERE id = 1",
            (bytes.max(0), entries, last_id),
        )
        .map(drop)
}
