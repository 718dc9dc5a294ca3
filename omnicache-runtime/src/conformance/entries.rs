//! Read and write: points 5 to 12.

use super::subject::{SECOND, Subject, THEN, entry, payload};
use super::{Failure, Trial, Verdict, ensure};
use crate::store::NewEntry;

pub(super) const TRIALS: &[Trial] = &[
    (5, "put gives an id above zero; key and id find the same entry, byte for byte", found_by_both),
    (6, "a second put replaces the value, keeps the id and the count", replaced),
    (7, "ids survive a reopening and are never used again", ids),
    (8, "namespaces are apart, counted, sorted", namespaces),
    (9, "empty, large and non-ASCII keys, namespaces and payloads come back", any_bytes),
    (10, "remove and clear tell what there was", removal),
    (11, "get many returns exactly the present ones, each in its place", many),
    (12, "a payload may outgrow the row and shrink again", growing),
];

fn found_by_both(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    let new = NewEntry { namespace: "n", key: b"k", payload: b"value", stored_at: THEN, ttl: Some(SECOND) };
    let id = store.put(&new)?;
    ensure!(id > 0, "the id is zero");
    let (by_key, by_id) = (store.get("n", b"k", THEN)?, store.get_by_id(id)?);
    ensure!(by_key == by_id, "by key {by_key:?}, by id {by_id:?}");
    let found = by_key.ok_or_else(|| Failure("the entry is not there".to_owned()))?;
    let told = (&*found.namespace, &*found.key, &*found.payload, found.stored_at, found.ttl, found.id);
    ensure!(told == ("n", b"k".as_slice(), b"value".as_slice(), THEN, Some(SECOND), id), "it is {found:?}");
    let absent = (store.get("n", b"other", THEN)?, store.get("m", b"k", THEN)?, store.get_by_id(id + 1)?);
    ensure!(absent == (None, None, None), "an absent key or id is {absent:?}");
    ensure!(store.contains("n", b"k", THEN)? && !store.contains("m", b"k", THEN)?, "contains says otherwise");
    Ok(())
}

fn replaced(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    let first = store.put(&entry("n", b"k", b"first"))?;
    let second = store.put(&entry("n", b"k", b"second"))?;
    ensure!(first == second, "the id {first} became {second}");
    ensure!(store.count(None)? == 1, "there are {} entries", store.count(None)?);
    let found = store.get("n", b"k", THEN)?.map(|entry| entry.payload);
    ensure!(found.as_deref() == Some(b"second"), "the value is {found:?}");
    Ok(())
}

fn ids(subject: &Subject<'_>) -> Verdict {
    let dir = subject.dir()?;
    let store = subject.open(&dir)?;
    let (first, last) = (store.put(&entry("n", b"1", b"v"))?, store.put(&entry("n", b"2", b"v"))?);
    store.remove("n", b"2")?;
    let next = store.put(&entry("n", b"3", b"v"))?;
    ensure!(next > last, "{last} was removed, and {next} given after it");
    store.remove("n", b"3")?;
    store.close()?;
    if !subject.capabilities()?.persistent {
        return Ok(());
    }
    let store = subject.open(&dir)?;
    let found = store.get("n", b"1", THEN)?.map(|entry| entry.id);
    ensure!(found == Some(first), "{first} became {found:?} on reopening");
    let later = store.put(&entry("n", b"4", b"v"))?;
    ensure!(later > next, "{next} was removed, and {later} given after a reopening");
    Ok(())
}

fn namespaces(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    for (namespace, value) in [("b", "1"), ("a", "2"), ("b", "3"), ("", "4"), ("c", "5")] {
        store.put(&entry(namespace, value.as_bytes(), value.as_bytes()))?;
        store.put(&entry(namespace, b"same", value.as_bytes()))?;
    }
    let names = store.namespaces()?;
    ensure!(names == ["", "a", "b", "c"], "the namespaces are {names:?}");
    let counts =
        (store.count(None)?, store.count(Some("b"))?, store.count(Some("a"))?, store.count(Some("x"))?);
    ensure!(counts == (9, 3, 2, 0), "the counts are {counts:?}");
    let found = store.get("a", b"same", THEN)?.map(|entry| entry.payload);
    ensure!(found.as_deref() == Some(b"2"), "one namespace gives {found:?} of another");
    ensure!(
        store.size(Some("a"))? >= 2 && store.size(None)? >= store.size(Some("a"))?,
        "sizes do not add up"
    );
    Ok(())
}

fn any_bytes(subject: &Subject<'_>) -> Verdict {
    let dir = subject.dir()?;
    let mut store = subject.open(&dir)?;
    let long = payload(1, 2).repeat((1 << 20) / payload(1, 2).len() + 1);
    let (long, name) = (&long[..1 << 20], "ä/../\u{0}∀x'\"%;--".repeat(50));
    let odd: [&[u8]; 5] = [b"", b"\0", "schlüssel ∀".as_bytes(), &[0xFF, 0xFE, 0x00, 0x80], long];
    for namespace in ["", "../..", &name] {
        for (index, bytes) in odd.iter().enumerate() {
            store.put(&entry(namespace, bytes, odd[odd.len() - 1 - index]))?;
        }
    }
    for reopened in [false, true] {
        if reopened {
            if !subject.capabilities()?.persistent {
                return Ok(());
            }
            store.close()?;
            store = subject.open(&dir)?;
        }
        for namespace in ["", "../..", &name] {
            for (index, bytes) in odd.iter().enumerate() {
                let wanted = odd[odd.len() - 1 - index];
                let found = store.get(namespace, bytes, THEN)?;
                let is_it = found.as_ref().is_some_and(|entry| {
                    entry.payload == wanted && entry.key == **bytes && entry.namespace == namespace
                });
                ensure!(is_it, "a key of {} bytes in {namespace:.9?} does not come back", bytes.len());
            }
        }
    }
    Ok(())
}

fn removal(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    for (namespace, key) in [("a", b"1"), ("a", b"2"), ("b", b"1")] {
        store.put(&entry(namespace, key, b"v"))?;
    }
    let told = (store.remove("a", b"1")?, store.remove("a", b"1")?, store.remove("x", b"1")?);
    ensure!(told == (true, false, false), "remove tells {told:?}");
    let cleared = (store.clear("a")?, store.clear("a")?, store.clear("x")?);
    ensure!(cleared == (1, 0, 0), "clear returns {cleared:?}");
    ensure!(store.count(None)? == 1 && store.contains("b", b"1", THEN)?, "another namespace's entry is gone");
    Ok(())
}

fn many(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    let (values, large) = ([b"1", b"2", b"3"], vec![9; 50_000]);
    let mut new: Vec<_> = values.iter().map(|value| entry("n", *value, *value)).collect();
    new.push(entry("n", b"large", &large));
    let ids = store.put_many(&new)?;
    ensure!(ids.len() == 4 && ids.is_sorted() && store.count(None)? == 4, "put many gives {ids:?}");
    let expired = NewEntry { ttl: Some(1), ..entry("n", b"old", b"v") };
    store.put(&expired)?;
    let found = store.get_many("n", &[b"3", b"none", b"1", b"large", b"old", b"3"], THEN + 1)?;
    let found: Vec<_> = found.into_iter().map(|entry| entry.map(|entry| entry.payload)).collect();
    let wanted = [Some(b"3".to_vec()), None, Some(b"1".to_vec()), Some(large), None, Some(b"3".to_vec())];
    ensure!(found == wanted, "get many gives {:?}", found.iter().map(Option::is_some).collect::<Vec<_>>());
    Ok(())
}

fn growing(subject: &Subject<'_>) -> Verdict {
    let dir = subject.dir()?;
    let store = subject.open(&dir)?;
    let sizes = [10, 20_000, 100, 2 << 20, 0, 16 << 10, (16 << 10) + 1, 1];
    for (round, size) in sizes.into_iter().enumerate() {
        let payload = vec![u8::try_from(round).unwrap_or(0); size];
        store.put(&entry("n", b"k", &payload))?;
        let found = store.get("n", b"k", THEN)?.map(|entry| entry.payload);
        ensure!(found.as_deref() == Some(&payload), "{size} bytes do not come back");
    }
    ensure!(store.verify(false)?, "verify is false afterwards");
    store.close()?;
    drop(store);
    for file in super::damage::files(&dir)? {
        let length = std::fs::metadata(&file)?.len();
        let is_log = file.extension().is_some_and(|extension| extension.to_string_lossy().contains('-'));
        ensure!(
            is_log || length < 2 << 20,
            "a file of {length} bytes is left of a payload that was replaced"
        );
    }
    Ok(())
}
