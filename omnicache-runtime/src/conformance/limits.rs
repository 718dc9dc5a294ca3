//! Quotas, limits and the order of eviction: points 16 and 17.

use super::subject::{Subject, THEN, entry};
use super::{Trial, Verdict, ensure};
use crate::store::{Eviction, NewEntry, Store, StoreError};

pub(super) const TRIALS: &[Trial] = &[
    (16, "a quota is set, read, lifted, survives, and is enforced on write", quota),
    (16, "a namespace cannot push another's entries out of its reserve", reserve),
    (16, "a payload over the limit is TooLarge, and nothing changes", too_large),
    (17, "LRU gives up what was not used for longest", |subject| order(subject, Eviction::Lru, "5 6 7 8 9")),
    (17, "LFU gives up what was used least", |subject| order(subject, Eviction::Lfu, "0 1 2 3 4")),
    (17, "FIFO gives up what came first", |subject| order(subject, Eviction::Fifo, "5 6 7 8 9")),
];

const MB: usize = 1_000_000;

fn put(store: &dyn Store, namespace: &str, number: u8, size: usize) -> Result<u64, StoreError> {
    let stored_at = THEN + u64::from(number);
    store.put(&NewEntry { stored_at, ..entry(namespace, &[b'0' + number], &vec![number; size]) })
}

fn left(store: &dyn Store, namespace: &str) -> Result<String, StoreError> {
    let mut left = Vec::new();
    for number in 0..10_u8 {
        if store.contains(namespace, &[b'0' + number], THEN + 100)? {
            left.push(number.to_string());
        }
    }
    Ok(left.join(" "))
}

fn quota(subject: &Subject<'_>) -> Verdict {
    if !subject.capabilities()?.quotas {
        return Ok(());
    }
    let dir = subject.dir()?;
    let mut store = subject.open(&dir)?;
    ensure!(store.quota("q")?.is_none(), "there is a quota that nobody set");
    store.set_quota("q", Some(1))?;
    store.set_quota("q", Some(2_900_000))?;
    ensure!(
        store.quota("q")? == Some(2_900_000) && store.quota("other")?.is_none(),
        "it reads back otherwise"
    );
    if subject.capabilities()?.persistent {
        store.close()?;
        store = subject.open(&dir)?;
        ensure!(store.quota("q")? == Some(2_900_000), "it is gone after a reopening");
    }
    for number in 0..4 {
        put(&*store, "q", number, MB)?;
        put(&*store, "other", number, MB)?;
    }
    let found = (left(&*store, "q")?, left(&*store, "other")?);
    ensure!(
        found == ("2 3".to_owned(), "0 1 2 3".to_owned()),
        "of the two namespaces there is left: {found:?}"
    );
    let large = put(&*store, "q", 9, 3 * MB);
    ensure!(matches!(large, Err(StoreError::TooLarge { .. })), "a payload over the quota gives {large:?}");
    store.set_quota("q", None)?;
    put(&*store, "q", 4, MB)?;
    ensure!(store.quota("q")?.is_none() && left(&*store, "q")? == "2 3 4", "it is not lifted");
    Ok(())
}

fn reserve(subject: &Subject<'_>) -> Verdict {
    let claims = subject.capabilities()?;
    if !(claims.quotas && claims.limits) {
        return Ok(());
    }
    let store = subject.limited(6 * MB as u64, Eviction::Lru)?;
    store.set_quota("kept", Some(3 * MB as u64))?;
    put(&*store, "kept", 0, MB)?;
    put(&*store, "kept", 1, MB)?;
    for number in 2..9 {
        put(&*store, "pushing", number, MB)?;
    }
    let kept = left(&*store, "kept")?;
    ensure!(kept == "0 1", "of its reserve there is left: {kept}");
    Ok(())
}

fn too_large(subject: &Subject<'_>) -> Verdict {
    if !subject.capabilities()?.limits {
        return Ok(());
    }
    let store = subject.limited(3 * MB as u64, Eviction::Lru)?;
    put(&*store, "n", 0, MB)?;
    put(&*store, "n", 1, MB)?;
    let before = (store.count(None)?, store.version()?);
    let refused = put(&*store, "n", 1, 4 * MB);
    ensure!(matches!(refused, Err(StoreError::TooLarge { .. })), "it gives {refused:?}");
    let after = (store.count(None)?, store.version()?);
    ensure!(
        before == after && left(&*store, "n")? == "0 1",
        "(entries, version) went from {before:?} to {after:?}"
    );
    let found = store.get("n", b"1", THEN + 9)?.map(|entry| entry.payload.len());
    ensure!(found == Some(MB), "what it was to replace is now {found:?}");
    Ok(())
}

/// Ten entries, five of them touched, and one more that forces half of them out.
fn order(subject: &Subject<'_>, eviction: Eviction, wanted: &str) -> Verdict {
    if !subject.capabilities()?.limits {
        return Ok(());
    }
    // Room for ten and some bookkeeping; a store may evict a twentieth more than it must.
    let store = subject.limited(10_900_000, eviction)?;
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(put(&*store, "n", number, MB)?);
    }
    // The first five are used twice, early; the last five once, late. And reading is no use.
    for id in &ids[..5] {
        store.touch(*id, THEN + 20)?;
        store.touch(*id, THEN + 21)?;
    }
    for id in &ids[5..] {
        store.touch(*id, THEN + 30)?;
    }
    store.get("n", b"0", THEN + 40)?;
    let large = vec![1; 5 * MB];
    store.put(&NewEntry { stored_at: THEN + 50, ..entry("n", b"large", &large) })?;
    let found = left(&*store, "n")?;
    ensure!(found == wanted, "left are {found}, expected {wanted}");
    ensure!(store.contains("n", b"large", THEN + 50)?, "what made the room is not there");
    Ok(())
}
