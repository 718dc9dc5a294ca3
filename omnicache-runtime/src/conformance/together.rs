//! Many threads and processes, kills and missing resources: points 24 to 27.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::subject::{Subject, THEN, entry, is_of, mix, payload};
use super::{Failure, Trial, Verdict, ensure, processes};
use crate::store::{Store, StoreError};

pub(super) const TRIALS: &[Trial] = &[
    (24, "sixteen writers on one key leave one entry", one_key),
    (24, "of sixteen that add the same thousand keys, one succeeds per key", adding),
    (25, "four processes of four threads read nothing that was not written", crowd),
    (26, "a process killed at any point leaves a store that opens, verifies and has no wrong value", killed),
];

const THREADS: u64 = 16;

/// Runs `body` in so many threads, and gives the first failure.
fn threads(count: u64, body: impl Fn(u64) -> Verdict + Sync) -> Verdict {
    thread::scope(|scope| {
        let running: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn({
                    let body = &body;
                    move || body(number)
                })
            })
            .collect();
        running.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(Failure("a thread panicked".to_owned())))
        })
    })
}

fn one_key(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    threads(THREADS, |thread| {
        for round in 0..25 {
            store.put(&entry("n", b"k", &payload(7, thread * 100 + round)))?;
        }
        Ok(())
    })?;
    ensure!(store.count(None)? == 1, "there are {} entries", store.count(None)?);
    let found = store.get("n", b"k", THEN)?.map(|entry| entry.payload).unwrap_or_default();
    ensure!(is_of(7, &found), "its value is none of those written");
    ensure!(
        store.version()? == THREADS * 25,
        "the version is {} after {} puts",
        store.version()?,
        THREADS * 25
    );
    Ok(())
}

fn adding(subject: &Subject<'_>) -> Verdict {
    let (store, added) = (subject.fresh()?, AtomicU64::new(0));
    threads(THREADS, |thread| {
        for key in 0..1000_u64 {
            // Each thread begins elsewhere, so that they meet.
            let key = (key + thread * 61) % 1000;
            if store.add(&entry("n", &key.to_le_bytes(), &thread.to_le_bytes()))?.is_some() {
                added.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    })?;
    let (added, count) = (added.into_inner(), store.count(None)?);
    ensure!((added, count) == (1000, 1000), "{added} succeed, and {count} entries are there");
    Ok(())
}

/// Keys that the crowd works on.
const KEYS: u64 = 200;
/// Operations of each thread: ten thousand in all.
const OPERATIONS: u64 = 625;

fn crowd(subject: &Subject<'_>) -> Verdict {
    let dir = subject.dir()?;
    let store = subject.open(&dir)?;
    if subject.capabilities()?.shared_between_processes {
        processes::finish(processes::start(subject, "crowd", &dir, 4)?)?;
    } else {
        threads(THREADS, |thread| work(&*store, thread))?;
    }
    check_values(&*store)?;
    ensure!(store.verify(false)?, "verify is false afterwards");
    Ok(())
}

/// What one process of the crowd does.
pub(super) fn work_of_a_process(store: &dyn Store, number: u64) -> Verdict {
    threads(4, |thread| work(store, number * 4 + thread))
}

fn work(store: &dyn Store, seed: u64) -> Verdict {
    let mut dice = mix(seed);
    for _ in 0..OPERATIONS {
        dice = mix(dice);
        let key = (dice >> 8) % KEYS;
        step(store, key, dice)?;
    }
    Ok(())
}

/// One operation, chosen by the dice; whatever is read is checked.
fn step(store: &dyn Store, key: u64, dice: u64) -> Verdict {
    let name = key.to_le_bytes();
    match dice % 16 {
        0..=4 => drop(store.put(&entry("n", &name, &payload(key, dice)))?),
        5 => drop(store.remove("n", &name)?),
        6 => drop(store.add(&entry("n", &name, &payload(key, dice)))?),
        7 if (dice >> 4).is_multiple_of(256) => drop(store.clear("n")?),
        _ => {
            if let Some(found) = store.get("n", &name, THEN)? {
                ensure!(is_of(key, &found.payload), "the value of {key} is wrong");
                store.touch(found.id, THEN + 1)?;
            }
        }
    }
    Ok(())
}

fn check_values(store: &dyn Store) -> Verdict {
    for key in 0..KEYS {
        if let Some(found) = store.get("n", &key.to_le_bytes(), THEN)? {
            ensure!(is_of(key, &found.payload), "the value of {key} is wrong");
        }
    }
    Ok(())
}

fn killed(subject: &Subject<'_>) -> Verdict {
    let claims = subject.capabilities()?;
    if !(claims.persistent && claims.shared_between_processes) {
        return Ok(());
    }
    let dir = subject.dir()?;
    for round in 0..10_u64 {
        let children = processes::start(subject, "run", &dir, 2)?;
        thread::sleep(Duration::from_millis(40 + 13 * round));
        processes::kill(children)?;
        after_a_kill(subject, &dir)
            .map_err(|Failure(failure)| Failure(format!("kill {round}: {failure}")))?;
    }
    Ok(())
}

fn after_a_kill(subject: &Subject<'_>, dir: &Path) -> Verdict {
    let store = subject.open(dir)?;
    check_values(&*store)?;
    // What a killed process left behind may need a repair to go, and nothing else may.
    let before = store.count(None)?;
    store.verify(true)?;
    ensure!(store.verify(false)?, "verify is false after a repair");
    let after = store.count(None)?;
    ensure!(before == after, "the repair took {} entries", before - after);
    check_values(&*store)?;
    store.close().map_err(Failure::from)
}

/// What a process does until it is killed.
pub(super) fn run_on(store: &dyn Store, number: u64) -> Result<(), Failure> {
    let mut dice = mix(u64::from(std::process::id()) << 8 | number);
    loop {
        dice = mix(dice);
        match step(store, (dice >> 8) % KEYS, dice) {
            Err(Failure(failure)) if failure == StoreError::Closed.to_string() => return Ok(()),
            done => done?,
        }
    }
}
