//! `NEXT.md` shows the strategy as it is built: each of its tables says what the code says, no more and no less.

use omnicache::Backend;
use omnicache::select::{Access, DEFAULT_THRESHOLD, HELPERS, TABLE};

const TEXT: &str = include_str!("../NEXT.md");

/// The rows of the table whose header begins with this cell, by cell.
fn table(header: &str) -> Vec<Vec<&'static str>> {
    let cells =
        |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<&'static str>>();
    let mut lines = TEXT.lines().skip_while(|line| !line.starts_with(&format!("| {header} |")));
    let width = cells(lines.next().unwrap_or_else(|| panic!("there is a table by `{header}`"))).len();
    let rows: Vec<_> = lines.skip(1).take_while(|line| line.starts_with('|')).map(cells).collect();
    assert!(rows.iter().all(|row| row.len() == width), "{rows:#?}");
    rows
}

#[test]
fn the_kinds_are_those_of_the_code() {
    let built: Vec<_> = TABLE
        .iter()
        .map(|row| {
            let words = [row.kind.word(), row.types, row.small.word(), row.large.word(), row.codec.word()];
            [&words[..], &[row.reason]].concat()
        })
        .collect();
    assert_eq!(table("kind"), built);
}

#[test]
fn the_helpers_pin_what_they_say() {
    let built: Vec<_> = HELPERS
        .iter()
        .map(|(name, backend)| (format!("`{name}`"), backend.map_or("as the kind", Backend::word)))
        .collect();
    let told: Vec<_> = table("helper").iter().map(|row| (row[0].to_owned(), row[1])).collect();
    assert_eq!(told, built);
}

#[test]
fn access_patterns_have_the_policies_they_say() {
    let built: Vec<_> =
        Access::ALL.iter().map(|access| (format!("`{access:?}`"), access.policy().word())).collect();
    let told: Vec<_> = table("access").iter().map(|row| (row[0].to_owned(), row[1])).collect();
    assert_eq!(told, built);
}

#[test]
fn the_threshold_is_the_one_it_says() {
    assert_eq!(DEFAULT_THRESHOLD, 1 << 20);
    assert!(TEXT.contains("the threshold is 1 MiB unless"));
}
