//! The tables of the index, and whether they are still defined as they were made.
//!
//! `SQLite`'s own checks read the definitions and believe them: a bit that flipped in the name of a column passes, and
//! each statement that needs the column fails from then on.

use std::collections::HashMap;

use rusqlite::Connection;

/// What makes the tables.
pub(super) const SCHEMA: &str = include_str!("schema.sql");

/// Tables, indexes, views and triggers of ours that are missing or defined otherwise, in words. Others, such as those of
/// quotas, are not looked at.
pub(super) fn differences(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(SCHEMA)?;
    let (found, mut wrong) = (definitions(connection)?, Vec::new());
    for (name, ours) in definitions(&fresh)? {
        if found.get(&name) != Some(&ours) {
            wrong.push(format!("{} is not defined as it was made", String::from_utf8_lossy(&name)));
        }
    }
    wrong.sort_unstable();
    Ok(wrong)
}

/// The definition of each table, index, view and trigger by its name: as bytes, which damage may have made of it.
fn definitions(connection: &Connection) -> rusqlite::Result<HashMap<Vec<u8>, Vec<u8>>> {
    let bytes = |row: &rusqlite::Row<'_>, at| -> rusqlite::Result<Vec<u8>> {
        Ok(row.get_ref(at)?.as_bytes().unwrap_or_default().to_vec())
    };
    connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")?
        .query_map([], |row| Ok((bytes(row, 0)?, bytes(row, 1)?)))?
        .collect()
}
