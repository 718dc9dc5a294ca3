//! Bit rot: every entry of a large store is damaged, and each is a miss.

use std::fs;
use std::path::Path;

use omnicache_runtime::store::Lookup;
use omnicache_runtime::{Clock, SystemClock};
use rusqlite::Connection;

use crate::audit::{index, root};
use crate::random::Random;
use crate::row::{Checked, Outcome, Settings};
use crate::world::{Got, Put, function, get, key, open, place, value};

/// What damage does.
const WAYS: [&str; 4] = ["flipped", "zeroed", "cut", "grown"];

/// The arguments whose values are their own alone and not empty.
fn arguments(count: u64) -> impl Iterator<Item = u64> {
    (0..).filter(|argument| argument % 16 > 2).take(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Damages every entry, looks each up, and stores it again.
pub(crate) fn run(settings: &Settings) -> Checked<Outcome> {
    let count = settings.count(800, 10_000);
    let dir = settings.fresh()?;
    let f = function("rotten");
    let mut store = open(dir.path())?;
    for argument in arguments(count) {
        Put::new(&key(&f, argument), argument, &value(argument, 1)).into(&store)?;
    }
    drop(store);
    let damaged = damage_all(dir.path(), settings.seed)?;
    store = open(dir.path())?;
    let mut failures = Vec::new();
    for argument in arguments(count) {
        match store.get(&key(&f, argument), SystemClock.now()) {
            Ok(Lookup::Damaged(_)) => {}
            Ok(Lookup::Found(record)) => {
                let place = place(argument);
                failures.push(format!("{argument} ({place:?}, {}) was found", record.payload.len()));
            }
            other => failures.push(format!("{argument}: {other:?}")),
        }
        Put::new(&key(&f, argument), argument, &value(argument, 2)).into(&store)?;
        if get(&store, &f, argument) != Got::Right(value(argument, 2)) {
            failures.push(format!("{argument} cannot be stored again"));
        }
    }
    if damaged != count {
        failures.push(format!("only {damaged} were damaged"));
    }
    Ok(Outcome::of(format!("{count} damaged entries, {} not noticed", failures.len()), &failures))
}

fn damage_all(dir: &Path, seed: u64) -> Checked<u64> {
    let index = index(dir)?;
    let mut random = Random::new(seed);
    index.execute_batch("BEGIN")?;
    let ids: Vec<(i64, Option<String>)> = index
        .prepare("SELECT id, file FROM entry")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (id, file) in &ids {
        match file.as_ref().filter(|_| random.percent(80)) {
            Some(name) => damage_file(&index, *id, &root(dir).join(name), &mut random)?,
            None => damage_row(&index, *id, file.is_some(), &mut random)?,
        }
    }
    index.execute_batch("COMMIT")?;
    Ok(ids.len() as u64)
}

fn damage_row(index: &Connection, id: i64, has_file: bool, random: &mut Random) -> Checked<()> {
    let column = if has_file || random.percent(50) { "head" } else { "payload" };
    let select = format!("SELECT {column} FROM entry WHERE id = ?1");
    let bytes: Vec<u8> = index.query_row(&select, [id], |row| row.get(0))?;
    let (bytes, _) = damaged(&bytes, random);
    index.execute(&format!("UPDATE entry SET {column} = ?2 WHERE id = ?1"), (id, bytes))?;
    Ok(())
}

/// Within one boot of the machine a file of the right length is trusted; so for those the boot is another.
fn damage_file(index: &Connection, id: i64, path: &Path, random: &mut Random) -> Checked<()> {
    let (bytes, same_length) = damaged(&fs::read(path)?, random);
    fs::write(path, bytes)?;
    if same_length {
        index.execute("UPDATE entry SET boot = 1 WHERE id = ?1", [id])?;
    }
    Ok(())
}

/// The bytes after damage in one of the ways, and whether there are as many as before.
fn damaged(bytes: &[u8], random: &mut Random) -> (Vec<u8>, bool) {
    let mut new = bytes.to_vec();
    let way = WAYS[random.index(WAYS.len())];
    match way {
        "zeroed" => {
            let from = random.index(new.len());
            let to = (from + 1 + random.index(4096)).min(new.len());
            new[from..to].fill(0);
        }
        "cut" => new.truncate(random.index(bytes.len())),
        "grown" => new.extend((0..=random.below(100)).map(|_| 0)),
        _ => {}
    }
    if new == bytes {
        let at = random.index(new.len());
        new[at] ^= 1 << random.below(8);
    }
    let same_length = new.len() == bytes.len();
    (new, same_length)
}
