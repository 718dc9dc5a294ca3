//! Order and age, the version counter and metadata: points 13 to 15 and 18 to 20.

use super::subject::{SECOND, Subject, THEN, entry};
use super::{Trial, Verdict, ensure, processes};
use crate::store::{NewEntry, Store, StoreEntry};

pub(super) const TRIALS: &[Trial] = &[
    (13, "entries since an id rise and exclude it; writing meanwhile is allowed", since),
    (14, "the least recently used come oldest access first; touch counts", least_recently_used),
    (15, "an entry is expired when its age is its time to live", expiry),
    (18, "the version rises by one for each change and for nothing else", version),
    (19, "what another process sees the version rise for is readable there", version_elsewhere),
    (20, "metadata is unset, set, overwritten, and survives", metadata),
];

fn keys(entries: &[StoreEntry]) -> String {
    entries.iter().map(|entry| String::from_utf8_lossy(&entry.key)).collect::<Vec<_>>().join(" ")
}

fn since(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    for number in 0..10_u8 {
        store.put(&entry(if number % 2 == 0 { "a" } else { "b" }, &[b'0' + number], b"v"))?;
    }
    let all = store.since(0, 100)?;
    ensure!(keys(&all) == "0 1 2 3 4 5 6 7 8 9", "since 0 gives {}", keys(&all));
    let later = store.since(all[4].id, 3)?;
    ensure!(keys(&later) == "5 6 7", "three since the fifth are {}", keys(&later));
    ensure!(
        store.since(all[9].id, 5)?.is_empty() && store.since(0, 0)?.is_empty(),
        "there is more than there is"
    );
    let (mut last, mut seen) = (0, 0);
    while let Some(next) = store.since(last, 1)?.pop() {
        ensure!(next.id > last, "{} comes after {last}", next.id);
        last = next.id;
        seen += 1;
        if seen == 3 {
            store.put(&entry("a", b"late", b"v"))?;
            store.remove("b", b"9")?;
        }
    }
    ensure!(seen == 10, "{seen} of ten are seen while one comes and one goes");
    Ok(())
}

fn least_recently_used(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    let mut ids = Vec::new();
    for (number, namespace) in (0_u8..).zip(["a", "b", "a", "b", "a"]) {
        let stored_at = THEN + u64::from(number);
        ids.push(store.put(&NewEntry { stored_at, ..entry(namespace, &[b'0' + number], b"v") })?);
    }
    store.touch(ids[0], THEN + SECOND)?;
    store.touch(ids[0], THEN + SECOND)?;
    store.touch(ids[4] + 1000, THEN + SECOND)?;
    let all = store.least_recently_used(10, None)?;
    ensure!(keys(&all) == "1 2 3 4 0", "the order is {}", keys(&all));
    let touched = all.last().map(|entry| (entry.accessed, entry.uses));
    ensure!(touched == Some((THEN + SECOND, 2)), "what was touched twice has (accessed, uses) {touched:?}");
    let few = (store.least_recently_used(1, Some("a"))?, store.least_recently_used(0, None)?);
    ensure!((&*keys(&few.0), few.1.len()) == ("2", 0), "one of a namespace is {}", keys(&few.0));
    Ok(())
}

fn expiry(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    let mortal = |namespace, key, ttl| NewEntry { ttl: Some(ttl), ..entry(namespace, key, b"v") };
    store.put(&mortal("a", b"1", 100))?;
    store.put(&mortal("b", b"1", 100))?;
    store.put(&mortal("a", b"2", 101))?;
    store.put(&entry("a", b"ever", b"v"))?;
    let live = |key: &[u8], age| store.contains("a", key, THEN + age);
    ensure!(live(b"1", 99)?, "expired before its time");
    ensure!(!live(b"1", 100)?, "live at the very age of its time to live");
    ensure!(live(b"ever", u64::MAX - THEN)?, "expired without a time to live");
    ensure!(!store.contains("a", b"1", THEN - 1)?, "live before it was stored");
    let gone = (store.remove_expired(THEN + 99, None)?, store.remove_expired(THEN + 100, Some("a"))?);
    ensure!(gone == (0, 1), "removing expired ones returns {gone:?}");
    ensure!(
        store.remove_expired(THEN + 100, None)? == 1 && store.count(None)? == 2,
        "others went too, or none"
    );
    Ok(())
}

fn version(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    let mut wanted = 0;
    let check = |store: &dyn Store, wanted, what: &str| -> Verdict {
        let found = store.version()?;
        ensure!(found == wanted, "it is {found} after {what}, not {wanted}");
        Ok(())
    };
    check(&*store, wanted, "nothing")?;
    let id = store.put(&entry("n", b"1", b"v"))?;
    wanted += 1;
    check(&*store, wanted, "a put")?;
    store.put(&entry("n", b"1", b"w"))?;
    store.add(&entry("n", b"2", b"v"))?;
    wanted += 2;
    check(&*store, wanted, "an overwriting and an adding")?;
    store.add(&entry("n", b"2", b"v"))?;
    store.touch(id, THEN + 1)?;
    store.remove("n", b"none")?;
    store.clear("none")?;
    store.remove_expired(THEN + 1, None)?;
    store.get("n", b"1", THEN)?;
    check(&*store, wanted, "what changes nothing")?;
    store.remove("n", b"1")?;
    store.clear("n")?;
    check(&*store, wanted + 2, "a removal and a clearing")
}

fn version_elsewhere(subject: &Subject<'_>) -> Verdict {
    if !subject.capabilities()?.shared_between_processes {
        return Ok(());
    }
    let dir = subject.dir()?;
    let store = subject.open(&dir)?;
    let children = processes::start(subject, "watch", &dir, 1)?;
    for number in 1..=PUTS {
        store.put(&entry("watched", &number.to_le_bytes(), &number.to_le_bytes()))?;
    }
    processes::finish(children)
}

const PUTS: u64 = 300;

/// What the watching process does: whenever the version rises to `n`, the `n`th entry must be there.
pub(super) fn watch(store: &dyn Store) -> Verdict {
    let mut version = 0;
    while version < PUTS {
        version = store.version()?;
        if version > 0 {
            let found = store.get("watched", &version.to_le_bytes(), THEN)?;
            ensure!(found.is_some(), "the version is {version}, and what it rose for is not there");
        }
    }
    Ok(())
}

fn metadata(subject: &Subject<'_>) -> Verdict {
    let dir = subject.dir()?;
    let store = subject.open(&dir)?;
    ensure!(store.metadata("name")?.is_none(), "unset metadata is there");
    store.set_metadata("name", b"first")?;
    store.set_metadata("name", b"second")?;
    ensure!(store.metadata("name")?.as_deref() == Some(b"second"), "overwritten metadata is not the last");
    store.close()?;
    if subject.capabilities()?.persistent {
        let found = subject.open(&dir)?.metadata("name")?;
        ensure!(found.as_deref() == Some(b"second"), "it is {found:?} after a reopening");
    }
    Ok(())
}
