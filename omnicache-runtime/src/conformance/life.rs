//! Identity and life: points 1 to 4, and what is not claimed.

use std::fs;

use super::subject::{Subject, THEN, entry, identity};
use super::{Failure, Trial, Verdict, ensure, processes};
use crate::store::{Store, StoreError, StoreIdentity};

pub(super) const TRIALS: &[Trial] = &[
    (0, "what is not claimed is refused with an error that says so", unclaimed),
    (1, "reopening with another identity is an error that names both", another_identity),
    (2, "after close everything is Closed", closed),
    (
        2,
        "opening twice is harmless, closing without opening too, opening after close is refused",
        order_of_life,
    ),
    (3, "a store that was never written reopens empty", empty),
    (3, "garbage is an error at open or a failed verify, never a panic", garbage),
    (4, "a hundred processes open a fresh directory at once", many_open),
];

fn unclaimed(subject: &Subject<'_>) -> Verdict {
    let claims = subject.capabilities()?;
    let (store, dir) = (subject.fresh()?, subject.dir()?);
    if !claims.quotas {
        let refused = matches!(store.set_quota("n", Some(1)), Err(StoreError::Unsupported(_)))
            && matches!(store.quota("n"), Err(StoreError::Unsupported(_)));
        ensure!(refused, "quotas are not claimed and not refused");
    }
    if !claims.snapshots {
        let refused = matches!(store.snapshot(&dir), Err(StoreError::Unsupported(_)))
            && matches!(subject.make(&dir).restore(&dir), Err(StoreError::Unsupported(_)));
        ensure!(refused, "snapshots are not claimed and not refused");
    }
    Ok(())
}

fn another_identity(subject: &Subject<'_>) -> Verdict {
    if !subject.capabilities()?.persistent {
        return Ok(());
    }
    let dir = subject.dir()?;
    let store = subject.open(&dir)?;
    store.put(&entry("n", b"k", b"v"))?;
    store.close()?;
    let others = [
        StoreIdentity { format: 2, ..identity() },
        StoreIdentity { hasher: "another".to_owned(), ..identity() },
        StoreIdentity { parameters: "dimension 4".to_owned(), ..identity() },
    ];
    for other in others {
        let opened = subject.make(&dir).open(&other);
        let Err(StoreError::Identity { found, wanted }) = opened else {
            return Err(Failure(format!("opening as {other} gives {opened:?}")));
        };
        ensure!(
            found == identity().to_string() && wanted == other.to_string(),
            "the error names {found}, {wanted}"
        );
    }
    let found = subject.open(&dir)?.get("n", b"k", THEN)?;
    ensure!(found.is_some(), "the entry is gone after openings with another identity");
    Ok(())
}

fn closed(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    let id = store.put(&entry("n", b"k", b"v"))?;
    store.close()?;
    let refusals: [(&str, Result<(), StoreError>); 17] = [
        ("get", store.get("n", b"k", THEN).map(drop)),
        ("get_by_id", store.get_by_id(id).map(drop)),
        ("get_many", store.get_many("n", &[b"k"], THEN).map(drop)),
        ("contains", store.contains("n", b"k", THEN).map(drop)),
        ("count", store.count(None).map(drop)),
        ("size", store.size(None).map(drop)),
        ("namespaces", store.namespaces().map(drop)),
        ("since", store.since(0, 1).map(drop)),
        ("least_recently_used", store.least_recently_used(1, None).map(drop)),
        ("put", store.put(&entry("n", b"k", b"v")).map(drop)),
        ("add", store.add(&entry("n", b"k", b"v")).map(drop)),
        ("touch", store.touch(id, THEN)),
        ("remove", store.remove("n", b"k").map(drop)),
        ("remove_expired", store.remove_expired(THEN, None).map(drop)),
        ("clear", store.clear("n").map(drop)),
        ("version", store.version().map(drop)),
        ("verify", store.verify(false).map(drop)),
    ];
    for (name, outcome) in refusals {
        ensure!(matches!(outcome, Err(StoreError::Closed)), "{name} gives {outcome:?}");
    }
    Ok(())
}

fn order_of_life(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    store.open(&identity())?;
    store.put(&entry("n", b"k", b"v"))?;
    store.close()?;
    store.close()?;
    let again = store.open(&identity());
    ensure!(matches!(again, Err(StoreError::Closed)), "opening after close gives {again:?}");
    subject.make(&subject.dir()?).close()?;
    Ok(())
}

fn empty(subject: &Subject<'_>) -> Verdict {
    let dir = subject.dir()?;
    subject.open(&dir)?.close()?;
    let store = subject.open(&dir)?;
    let found = (store.count(None)?, store.version()?, store.namespaces()?);
    ensure!(found == (0, 0, Vec::new()), "it has (entries, version, namespaces) {found:?}");
    ensure!(store.verify(false)?, "verify is false");
    Ok(())
}

fn garbage(subject: &Subject<'_>) -> Verdict {
    if !subject.capabilities()?.persistent {
        return Ok(());
    }
    let made = subject.dir()?;
    let store = subject.open(&made)?;
    store.put(&entry("n", b"k", &vec![7; 100_000]))?;
    store.close()?;
    drop(store);
    for file in super::damage::files(&made)? {
        fs::write(&file, b"this is no part of any store")?;
    }
    match subject.open(&made) {
        Err(_) => {}
        Ok(store) => {
            let found = store.get("n", b"k", THEN)?;
            ensure!(found.is_none(), "garbage gives an entry");
        }
    }
    Ok(())
}

fn many_open(subject: &Subject<'_>) -> Verdict {
    if !subject.capabilities()?.shared_between_processes {
        return Ok(());
    }
    let dir = subject.dir()?;
    let children = processes::start(subject, "open", &dir, 100)?;
    processes::finish(children)?;
    let store = subject.open(&dir)?;
    let count = store.count(None)?;
    ensure!(count == 100, "{count} of 100 processes' entries are there");
    Ok(())
}

/// What each of the hundred does.
pub(super) fn open_and_put(store: &dyn Store, number: u64) -> Verdict {
    store.put(&entry("opened", &number.to_le_bytes(), b"v"))?;
    Ok(())
}
