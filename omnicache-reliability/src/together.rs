//! Many processes of many threads on one store that is always full.

use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use omnicache_runtime::store::DiskStore;

use crate::audit::{audit, index, payload_files};
use crate::process::child;
use crate::random::Random;
use crate::row::{Checked, Outcome, Settings};
use crate::world::{Got, Put, function, get, key, open, value};

/// The role of one of the processes.
pub(crate) const WORKER: &str = "worker";
const PROCESSES: u64 = 8;
const THREADS: u64 = 4;
/// Arguments in use: their values are twice what the store may hold.
const ARGUMENTS: u64 = 4_000;
/// Bytes the store may hold.
const LIMIT: u64 = 32 << 20;
/// How much longer than asked for a process may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_mins(1);

/// Lets them work, and watches the size.
pub(crate) fn run(settings: &Settings) -> Checked<Outcome> {
    let seconds = settings.count(10, 600);
    let dir = settings.fresh()?;
    let mut random = Random::new(settings.seed);
    let mut workers = Vec::new();
    for _ in 0..PROCESSES {
        let words = [seconds.to_string(), random.bits().to_string()];
        workers.push(child(WORKER, dir.path(), &words)?.stdin(Stdio::null()).spawn()?);
    }
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut charged, mut held) = (0, 0);
    while Instant::now() < end {
        thread::sleep(Duration::from_millis(500));
        if let Ok((now_charged, now_held)) = size(dir.path()) {
            charged = now_charged.max(charged);
            held = now_held.max(held);
        }
    }
    let mut failures = Vec::new();
    for worker in workers {
        failures.extend(finish(worker, end + PATIENCE)?);
    }
    let audit = audit(dir.path(), &function("together"), 0..ARGUMENTS);
    failures.extend(audit.failures);
    for (what, bytes) in [("charged", charged), ("held", held)] {
        if bytes > LIMIT + LIMIT / 20 {
            failures.push(format!("{bytes} bytes were {what}, the limit is {LIMIT}"));
        }
    }
    if charged < LIMIT - LIMIT / 20 {
        failures.push(format!("the store was never full: {charged} of {LIMIT}"));
    }
    let percent = |bytes: u64| bytes * 1000 / LIMIT;
    let figure = format!(
        "{PROCESSES} processes of {THREADS} threads for {seconds} s, {} values right at the end, at most {}.{} % of the \
         limit charged, {}.{} % in payloads",
        audit.right,
        percent(charged) / 10,
        percent(charged) % 10,
        percent(held) / 10,
        percent(held) % 10,
    );
    Ok(Outcome::of(figure, &failures))
}

/// What the store says it holds, and what its payloads take.
fn size(dir: &Path) -> Checked<(u64, u64)> {
    let index = index(dir)?;
    let charged: i64 = index.query_row("SELECT bytes FROM totals", [], |row| row.get(0))?;
    let inline: i64 =
        index.query_row("SELECT coalesce(sum(length(payload)), 0) FROM entry", [], |row| row.get(0))?;
    let files = payload_files(dir).into_iter().filter_map(|path| path.metadata().ok()).map(|data| data.len());
    Ok((charged.cast_unsigned(), inline.cast_unsigned() + files.sum::<u64>()))
}

fn finish(mut worker: Child, end: Instant) -> Checked<Option<String>> {
    loop {
        if let Some(status) = worker.try_wait()? {
            return Ok((!status.success()).then(|| format!("a process failed: {status}")));
        }
        if Instant::now() > end {
            worker.kill()?;
            worker.wait()?;
            return Ok(Some("a process is stuck".into()));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Works for so many seconds in several threads.
pub(crate) fn work(dir: &Path, seconds: u64, seed: u64) -> Checked<()> {
    let store = open(dir)?;
    store.set_limit(LIMIT);
    let end = Instant::now() + Duration::from_secs(seconds);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let store = &store;
                scope.spawn(move || work_alone(store, end, seed ^ thread))
            })
            .collect();
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok(())
    })
}

fn work_alone(store: &DiskStore, end: Instant, seed: u64) -> Checked<()> {
    let f = function("together");
    let mut random = Random::new(seed);
    while Instant::now() < end {
        let argument = random.below(ARGUMENTS);
        let key = key(&f, argument);
        if random.percent(3) {
            store.remove(&key)?;
            continue;
        }
        let found = match get(store, &f, argument) {
            Got::Right(_) => true,
            Got::Nothing => false,
            other => return Err(format!("{argument}: {other:?}").into()),
        };
        if !found || random.percent(10) {
            let value = value(argument, u32::try_from(random.below(1000))?);
            Put { refresh: random.percent(20), ..Put::new(&key, argument, &value) }.into(store)?;
        }
    }
    Ok(())
}
