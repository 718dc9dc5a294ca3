//! Processes that sum mapped arrays while they overwrite, evict and clear each other's files.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::{Array1, Ix1};
use omnicache::{MappedArray, cache, for_ndarray};

use crate::process::child;
use crate::random::{Random, mixed};
use crate::row::{Checked, Outcome, Settings};

/// The role of one of the processes.
pub(crate) const MAPPER: &str = "mapper";
const PROCESSES: u64 = 4;
/// Arguments in use: their values are about three times what the store may hold.
const ARGUMENTS: u64 = 400;
/// Bytes the store may hold.
const LIMIT: u64 = 16 << 20;
/// Views that a process holds, whatever becomes of their files.
const HELD: usize = 32;

static STAMP: AtomicU64 = AtomicU64::new(0);

/// Up to 256 KiB that depend on the argument and on a stamp, which is the first element and is another each time.
#[cache(config = for_ndarray().max_disk_bytes(LIMIT))]
fn numbers(argument: u64) -> MappedArray<u64, Ix1> {
    let stamp = STAMP.fetch_add(1, Ordering::Relaxed);
    let rest = (1..length(argument)).map(|at| mixed(argument ^ stamp.rotate_left(32) ^ at));
    Array1::from_iter([stamp].into_iter().chain(rest)).into()
}

fn length(argument: u64) -> u64 {
    1 + mixed(argument) % (32 << 10)
}

/// Whether an array's sum is that of its argument and stamp.
fn is_right(argument: u64, array: &MappedArray<u64, Ix1>) -> bool {
    let (view, length) = (array.view(), length(argument));
    let Some(stamp) = view.first() else { return false };
    let right =
        (1..length).map(|at| mixed(argument ^ stamp.rotate_left(32) ^ at)).fold(*stamp, u64::wrapping_add);
    view.len() as u64 == length && view.iter().copied().fold(0, u64::wrapping_add) == right
}

/// Lets them work, and counts what goes wrong.
pub(crate) fn run(settings: &Settings) -> Checked<Outcome> {
    let sums = settings.count(10_000, 1_000_000);
    let dir = settings.fresh()?;
    let mut random = Random::new(settings.seed);
    let mut mappers = Vec::new();
    for _ in 0..PROCESSES {
        let words = [sums.div_ceil(PROCESSES).to_string(), random.bits().to_string()];
        let mut mapper = child(MAPPER, dir.path(), &words)?;
        mapper.env("OMNICACHE_DIR", dir.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        mappers.push(mapper.spawn()?);
    }
    let (mut failures, mut done) = (Vec::new(), [0_u64; 4]);
    for mapper in mappers {
        let output = mapper.wait_with_output()?;
        if !output.status.success() {
            // A fault (`SIGBUS`) is a status too.
            failures.push(format!("a process failed: {}", output.status));
        }
        let said = String::from_utf8_lossy(&output.stdout);
        for (sum, word) in done.iter_mut().zip(said.split_whitespace()) {
            *sum += word.parse::<u64>()?;
        }
    }
    let [summed, wrong, mapped, faults] = done;
    if wrong > 0 || summed < sums {
        failures.push(format!("{wrong} of {summed} sums are wrong, {sums} were to be made"));
    }
    if mapped == 0 {
        failures.push("nothing was ever mapped".into());
    }
    let figure = format!(
        "{PROCESSES} processes, {summed} sums, {wrong} wrong, {mapped} of arrays that another call had stored, {faults} \
         faults counted"
    );
    Ok(Outcome::of(figure, &failures))
}

/// Makes so many sums, and changes what is stored now and then.
pub(crate) fn work(sums: u64, seed: u64) {
    let mut random = Random::new(seed);
    STAMP.store(random.bits(), Ordering::Relaxed);
    let mut held: VecDeque<(u64, MappedArray<u64, Ix1>)> = VecDeque::new();
    let mut wrong = 0;
    for _ in 0..sums {
        let argument = random.below(ARGUMENTS);
        match random.below(1000) {
            0 => numbers::clear(),
            1..=20 => drop(numbers::invalidate(argument)),
            21..=60 => drop(numbers::refresh(argument)),
            _ => {}
        }
        // Now and then one that was got long ago, and is replaced, evicted or cleared by now.
        let (argument, array) = match held.get(random.index(2 * HELD)) {
            Some((argument, array)) => (*argument, array.clone()),
            None => (argument, numbers(argument)),
        };
        wrong += u64::from(!is_right(argument, &array));
        held.push_front((argument, array));
        held.truncate(HELD);
    }
    let stats = numbers::stats();
    println!("{sums} {wrong} {} {}", stats.disk_hits, stats.errors);
}
