//! Writers that are killed: several processes write, overwrite, remove, clear and evict, and die at any moment.

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use omnicache_runtime::store::{DiskStore, Identity, Scope};

use crate::audit::audit;
use crate::process::child;
use crate::random::Random;
use crate::row::{Checked, Outcome, Settings};
use crate::world::{Got, Put, function, get, key, open, value};

/// The role of a writer.
pub(crate) const WRITER: &str = "writer";
/// Processes that write at a time.
const WRITERS: usize = 4;
/// Kills between two audits; after the first ones the killed are replaced and the others go on.
const BATCH: u64 = 12;
/// Arguments in use.
pub(crate) const ARGUMENTS: u64 = 96;
/// Bytes the store may hold: about a third of what the arguments have.
const LIMIT: u64 = 700_000;

/// Kills writers in batches, with an audit after each.
pub(crate) fn run(settings: &Settings) -> Checked<Outcome> {
    let kills = settings.count(96, 1000);
    let dir = settings.fresh()?;
    let f = function("killed");
    let mut random = Random::new(settings.seed);
    let (mut killed, mut right, mut failures) = (0, 0, Vec::new());
    while killed < kills {
        let mut writers = Vec::new();
        for _ in 0..WRITERS {
            writers.push(writer(dir.path(), random.bits())?);
        }
        let batch = BATCH.min(kills - killed).max(WRITERS as u64);
        for kill in 0..batch {
            thread::sleep(Duration::from_micros(random.below(40_000)));
            let mut victim = writers.swap_remove(random.index(writers.len()));
            if let Some(status) = victim.try_wait()? {
                failures.push(format!("a writer stopped by itself: {status}"));
            }
            victim.kill()?;
            victim.wait()?;
            if kill + (WRITERS as u64) < batch {
                writers.push(writer(dir.path(), random.bits())?);
            }
        }
        killed += batch;
        let audit = audit(dir.path(), &f, 0..ARGUMENTS);
        right += audit.right;
        failures.extend(audit.failures.into_iter().map(|why| format!("after {killed} kills: {why}")));
    }
    if right == 0 {
        failures.push("nothing was ever found".into());
    }
    Ok(Outcome::of(format!("{killed} kills of {WRITERS} writers, {right} values right"), &failures))
}

fn writer(dir: &Path, seed: u64) -> Checked<Child> {
    Ok(child(WRITER, dir, &[seed.to_string(), LIMIT.to_string()])?.stdin(Stdio::null()).spawn()?)
}

/// Writes until it is killed; fails if it reads a wrong value.
pub(crate) fn write_for_ever(dir: &Path, seed: u64, limit: u64) -> Checked<()> {
    let store = open(dir)?;
    store.set_limit(limit);
    let f = function("killed");
    let mut random = Random::new(seed);
    loop {
        step(&store, &f, &mut random)?;
    }
}

/// One random operation on the arguments in use.
fn step(store: &DiskStore, f: &Arc<Identity>, random: &mut Random) -> Checked<()> {
    let argument = random.below(ARGUMENTS);
    match random.below(100) {
        0 => drop(store.clear(&f.namespace, Scope::path_of(f))?),
        1..=9 => drop(store.remove(&key(f, argument))?),
        10..=29 => match get(store, f, argument) {
            Got::Right(_) | Got::Nothing => {}
            other => return Err(format!("a living writer found {other:?} for {argument}").into()),
        },
        chance => {
            let value = value(argument, u32::try_from(random.below(1000))?);
            Put { refresh: chance < 45, ..Put::new(&key(f, argument), argument, &value) }.into(store)?;
        }
    }
    Ok(())
}
