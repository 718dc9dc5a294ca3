//! Disk hits in a fresh process beside the peers: every round starts a process per entrant, which opens its store,
//! warms up, and then times hits on keys that it has not touched before.
//!
//! `cargo bench --bench disk`

#![allow(clippy::pedantic, missing_docs, reason = "a benchmark")]

#[path = "support/mod.rs"]
mod support;

use std::env;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use support::{Contest, Dice, goal, median};

const ROUNDS: usize = 9;
/// What tells a child its task, and where.
const TASK: &str = "OMNICACHE_BENCH_TASK";
const DIR: &str = "OMNICACHE_BENCH_DIR";
/// The keys in the order in which they are to be asked for.
const ORDER: &str = "OMNICACHE_BENCH_ORDER";

/// The peer in Python reads its values as they are: the least it can do for a hit.
const PYTHON: &str = r"
import os, time, diskcache
fill, kind, size = os.environ['OMNICACHE_BENCH_TASK'].split()[1:]
size = int(size)
order = [int(n) for n in os.environ['OMNICACHE_BENCH_ORDER'].split(',')]
cache = diskcache.Cache(os.environ['OMNICACHE_BENCH_DIR'])
if fill == 'fill':
    import random
    for n in order:
        text = str(n).zfill(8) + ''.join(random.choices('abcdefghijklmnopqrstuvwxyz', k=size - 8))
        cache.set(n, text if kind == 'text' else str(n).zfill(8).encode() + random.randbytes(size - 8))
else:
    times = []
    for n in order:
        start = time.perf_counter_ns()
        value = cache.get(n)
        times.append(time.perf_counter_ns() - start)
        assert len(value) == size and int(value[:8]) == n
        value = None
    times = sorted(times[len(times) // 4:])
    print(times[len(times) // 2])
";

/// The runs of function bodies: a hit runs none.
static RUNS: AtomicU64 = AtomicU64::new(0);

static TASKED: LazyLock<Task> = LazyLock::new(|| {
    let task = env::var(TASK).expect("only a child has a task");
    let mut words = task.split(' ').map(str::to_owned);
    let mut next = || words.next().expect("a task has four words");
    let (entrant, mode, kind) = (next(), next(), next());
    let order = env::var(ORDER).expect("an order of keys");
    Task {
        entrant,
        fills: mode == "fill",
        kind,
        size: next().parse().expect("a size"),
        order: order.split(',').map(|n| n.parse().expect("a key")).collect(),
        dir: env::var_os(DIR).expect("a directory").into(),
    }
});

struct Task {
    entrant: String,
    fills: bool,
    kind: String,
    size: usize,
    order: Vec<u64>,
    dir: PathBuf,
}

fn dir() -> PathBuf {
    TASKED.dir.clone()
}

fn bytes(n: u64) -> Vec<u8> {
    RUNS.fetch_add(1, Ordering::Relaxed);
    let mut dice = Dice::new(n);
    let mut bytes = format!("{n:08}").into_bytes();
    bytes.extend((8..TASKED.size).map(|_| dice.roll().to_le_bytes()[7]));
    bytes
}

fn text(n: u64) -> String {
    RUNS.fetch_add(1, Ordering::Relaxed);
    let mut dice = Dice::new(n);
    let letters = (8..TASKED.size).map(|_| char::from(b'a' + dice.roll().to_le_bytes()[7] % 26));
    format!("{n:08}").chars().chain(letters).collect()
}

#[omnicache::cache(backend = disk, dir = dir())]
fn our_bytes(n: u64) -> Vec<u8> {
    bytes(n)
}

#[omnicache::cache(config = omnicache::Config::new().secret("a secret"), backend = disk, dir = dir())]
fn our_sealed(n: u64) -> Vec<u8> {
    bytes(n)
}

#[omnicache::cache(backend = disk, dir = dir())]
fn our_text(n: u64) -> String {
    text(n)
}

type Redb<V> = cached::RedbCache<u64, V>;

/// Durable, as is the default: only then does an entry outlive its process.
fn redb<V: serde::Serialize + serde::de::DeserializeOwned>() -> Redb<V> {
    Redb::builder("bench").disk_dir(dir()).durable(true).build().expect("the store opens")
}

#[cached::macros::concurrent_cached(
    disk = true,
    ty = "Redb<Vec<u8>>",
    create = "{ redb() }",
    map_error = |e| e.to_string()
)]
fn cached_bytes(n: u64) -> Result<Vec<u8>, String> {
    Ok(bytes(n))
}

#[cached::macros::concurrent_cached(
    disk = true,
    ty = "Redb<String>",
    create = "{ redb() }",
    map_error = |e| e.to_string()
)]
fn cached_text(n: u64) -> Result<String, String> {
    Ok(text(n))
}

/// What a child does: asks for each key in turn, and prints the median time of all but the first quarter.
fn work<V: AsRef<[u8]>>(call: impl Fn(u64) -> V) {
    let task = &*TASKED;
    let mut times = Vec::with_capacity(task.order.len());
    for &n in &task.order {
        let start = Instant::now();
        let value = black_box(call(black_box(n)));
        times.push(start.elapsed().as_nanos() as f64);
        let value = value.as_ref();
        assert!(value.len() == task.size && value.starts_with(format!("{n:08}").as_bytes()), "{n} is wrong");
    }
    let runs = RUNS.load(Ordering::Relaxed);
    let misses = if task.fills { task.order.len() as u64 } else { 0 };
    assert_eq!(runs, misses, "{} misses", task.entrant);
    println!("{}", median(&mut times[task.order.len() / 4..]));
}

fn child() {
    match (&*TASKED.entrant, &*TASKED.kind) {
        ("omnicache", "bytes") => work(our_bytes),
        ("sealed", _) => work(our_sealed),
        ("omnicache", "text") => work(our_text),
        ("cached", "bytes") => work(|n| cached_bytes(n).expect("a value")),
        ("cached", "text") => work(|n| cached_text(n).expect("a value")),
        task => panic!("no such task: {task:?}"),
    }
}

/// One store of one entrant.
struct Entrant<'a> {
    name: &'a str,
    kind: &'a str,
    size: usize,
    dir: PathBuf,
    python: &'a Path,
}

impl Entrant<'_> {
    fn run(&self, mode: &str, order: &[u64]) -> f64 {
        let mut command = if self.name == "diskcache" {
            let mut command = Command::new(self.python);
            command.args(["-c", PYTHON]);
            command
        } else {
            Command::new(env::current_exe().expect("the path of this program"))
        };
        let order: Vec<String> = order.iter().map(u64::to_string).collect();
        let output = command
            .env(TASK, format!("{} {mode} {} {}", self.name, self.kind, self.size))
            .env(DIR, &self.dir)
            .env(ORDER, order.join(","))
            .stderr(Stdio::inherit())
            .output()
            .expect("a child starts");
        assert!(output.status.success(), "{} failed to {mode}", self.name);
        String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(f64::NAN)
    }
}

/// A Python with diskcache, in an environment of its own.
fn python(root: &Path) -> Option<PathBuf> {
    let runs = |program: &Path, args: &[&str]| {
        let mut command = Command::new(program);
        let status = command.args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let home = root.join("python");
    let python = home.join("bin/python");
    (runs("python3".as_ref(), &["-m", "venv", &home.to_string_lossy()])
        && runs(&python, &["-m", "pip", "install", "--quiet", "diskcache"])
        && runs(&python, &["-c", "import diskcache"]))
    .then_some(python)
}

fn contest(root: &Path, python: Option<&Path>, (kind, called): (&str, &str), (size, keys): (usize, u64)) {
    let names: &[_] = match (kind, python) {
        ("bytes", Some(_)) => &["omnicache", "cached", "sealed", "diskcache"],
        ("bytes", None) => &["omnicache", "cached", "sealed"],
        (_, Some(_)) => &["omnicache", "cached", "diskcache"],
        (_, None) => &["omnicache", "cached"],
    };
    let entrants: Vec<_> = names
        .iter()
        .map(|name| Entrant {
            name,
            kind,
            size,
            dir: root.join(format!("{name}-{kind}-{size}")),
            python: python.unwrap_or(Path::new("")),
        })
        .collect();
    let title =
        format!("disk hit, fresh process, u64 -> {called} of {size} B, {keys} keys, median of {ROUNDS}");
    let mut contest = Contest::new(&title).rounds(ROUNDS);
    for entrant in &entrants {
        entrant.run("fill", &(0..keys).collect::<Vec<_>>());
        let mut dice = Dice::new(size as u64);
        let shown = match entrant.name {
            "cached" => "#[concurrent_cached(disk = true)]",
            "diskcache" => "diskcache (Python)",
            "sealed" => "omnicache, records sealed with a secret",
            ours => ours,
        };
        contest = contest.measured(shown, move || entrant.run("read", &dice.shuffled(keys)));
    }
    let ratios = contest.run(1);
    match size {
        100 => goal("#[concurrent_cached(disk = true)]", ratios[1], 0.5),
        10_000 => goal("#[concurrent_cached(disk = true)]", ratios[1], 10.0),
        _ => {}
    }
    if size <= 10_000 && python.is_some() {
        goal("diskcache", ratios[names.len() - 1], 1.0);
    }
    for entrant in &entrants {
        let _ = fs::remove_dir_all(&entrant.dir);
    }
}

fn main() {
    if env::var_os(TASK).is_some() {
        return child();
    }
    let parent = env::var_os("OMNICACHE_DIR").map_or_else(env::temp_dir, PathBuf::from);
    let root = parent.join(format!("omnicache-bench-disk-{}", process::id()));
    fs::create_dir_all(&root).expect("a directory for the stores");
    let python = python(&root);
    if python.is_none() {
        println!("no Python with diskcache can be had: it is left out");
    }
    for kind in [("bytes", "Vec<u8>"), ("text", "String")] {
        for volume in [(100, 1000), (10_000, 1000), (1 << 20, 64)] {
            contest(&root, python.as_deref(), kind, volume);
        }
    }
    let _ = fs::remove_dir_all(&root);
}
