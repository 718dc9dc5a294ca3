//! Checks the counts that puts and removals keep.

use rusqlite::{Connection, OptionalExtension};

use super::{Failed, ProblemKind, Verification};
use crate::store::evict::{Totals, recount, unsigned};
use crate::store::open::DiskStore;
use crate::store::quota;

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
            self.transact("setting counts right", |work| recount(work.connection))?;
        }
        report.found(ProblemKind::Count, what, repair);
        Ok(())
    }
}

fn compare(connection: &Connection) -> rusqlite::Result<Option<String>> {
    // One transaction, so that both are of one moment.
    let transaction = connection.unchecked_transaction()?;
    let (bytes, entries) = sums(&transaction)?;
    let said = Totals::look(&transaction).optional()?;
    let lost = is_lost(&transaction)?;
    transaction.finish()?;
    Ok(match said {
        None => Some("the store's counts are missing".into()),
        Some((_, false)) => Some("the store's counts are no numbers".into()),
        Some((said, _)) if said.entries != entries || said.bytes != bytes => Some(format!(
            "the store counts {} entries of {} bytes, and has {entries} of {bytes}",
            said.entries, said.bytes
        )),
        Some(_) if lost => Some("entries are missing in the order of access".into()),
        Some(_) => None,
    })
}

/// What the entries add up to: bytes, and how many they are.
fn sums(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    // `total` is exact up to 2^53, and unlike `sum` it bears texts and overflows, which damage may have made.
    connection.query_row("SELECT CAST(total(bytes) AS INTEGER), count(*) FROM entry", [], |row| {
        Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)))
    })
}

/// Whether an entry is not in the order of access, and would not be found by its number either.
fn is_lost(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare(
            "SELECT 1 FROM entry, store WHERE entry.id <= store.settled AND entry.accessed IS NULL LIMIT 1",
        )?
        .exists([])
}
