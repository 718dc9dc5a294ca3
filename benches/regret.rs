//! What the automatic choice costs beside every fixed backend, by kind, size and reuse.
//!
//! `cargo bench --features full --bench regret`. *One process*: all results are made and then asked for again, turn
//! about; the time is that of the calls less that of each result's first body. *Next process*: a fresh process asks for
//! each result as often; computing one takes it a millisecond beside making it; the automatic choice is told by `persist`.

#![allow(clippy::pedantic, missing_docs, reason = "a benchmark")]

#[path = "support/mod.rs"]
mod support;

use std::cell::Cell;
use std::env;
use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{Float64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use ndarray::Array2;
use omnicache::cache;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use support::{Dice, human, median};

/// Odd; where a call takes microseconds more are worth it.
fn rounds(size: usize) -> usize {
    if size <= 10_000 { 9 } else { 3 }
}

/// Bytes of a result, how many there are, and how often each is asked for again.
const SIZES: [(usize, u64, u64); 5] =
    [(100, 1000, 20), (10_000, 300, 10), (1_000_000, 20, 4), (10_000_000, 10, 4), (100_000_000, 1, 4)];
/// The task of a child: kind, entrant and size.
const TASK: &str = "OMNICACHE_BENCH_TASK";
const DIR: &str = "OMNICACHE_BENCH_DIR";

fn dir(kind: &str, name: &str) -> PathBuf {
    PathBuf::from(env::var_os(DIR).expect("the folder of the stores")).join(format!("{kind}-{name}"))
}

thread_local! {
    static BODIES: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Runs a body and notes its time.
fn body<R>(make: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    if env::var_os(TASK).is_some() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let made = make();
    BODIES.set(BODIES.get() + start.elapsed());
    made
}

type Call = fn(usize, u64);

struct Entrant {
    name: &'static str,
    call: Call,
}

struct Kind {
    name: &'static str,
    fixed: Vec<Entrant>,
    automatic: Call,
    persisted: Call,
}

/// A kind of results: how one is made, and the fixed backends that can hold it.
macro_rules! kinds {
    ($($kind:ident: $type:ty = $make:expr, [$($backend:ident)*];)+) => {
        $(mod $kind {
            use super::*;

            fn make(size: usize, key: u64) -> $type {
                let make: fn(usize, u64) -> $type = $make;
                body(|| make(size, key))
            }

            pub(super) fn entrants() -> Kind {
                $(
                    #[cache(backend = $backend, dir = dir(stringify!($kind), stringify!($backend)))]
                    fn $backend(size: usize, key: u64) -> $type {
                        make(size, key)
                    }
                )*
                #[cache(dir = dir(stringify!($kind), "automatic"))]
                fn automatic(size: usize, key: u64) -> $type {
                    make(size, key)
                }
                #[cache(persist, dir = dir(stringify!($kind), "persisted"))]
                fn persisted(size: usize, key: u64) -> $type {
                    make(size, key)
                }
                Kind {
                    name: stringify!($kind),
                    fixed: vec![$(Entrant {
                        name: stringify!($backend),
                        call: |size, key| _ = black_box($backend(size, key)),
                    }),*],
                    automatic: |size, key| _ = black_box(automatic(size, key)),
                    persisted: |size, key| _ = black_box(persisted(size, key)),
                }
            }
        })+

        fn kinds() -> Vec<Kind> {
            vec![$($kind::entrants()),+]
        }
    };
}

#[derive(Clone, Serialize, Deserialize)]
struct Reading {
    station: String,
    values: Vec<f64>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Report {
    title: String,
    readings: Vec<Reading>,
}

fn floats(count: usize, key: u64) -> impl Iterator<Item = f64> {
    let mut dice = Dice::new(key);
    (0..count.max(1)).map(move |_| (dice.roll() >> 11) as f64)
}

fn text(size: usize, key: u64) -> String {
    let mut dice = Dice::new(key);
    let mut text = String::with_capacity(size + 20);
    while text.len() < size {
        text.push_str(&dice.roll().to_string());
    }
    text
}

fn bytes(size: usize, key: u64) -> Vec<u8> {
    let mut dice = Dice::new(key);
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        bytes.extend_from_slice(&dice.roll().to_le_bytes());
    }
    bytes
}

fn report(size: usize, key: u64) -> Report {
    let reading = |index| Reading {
        station: format!("station {index}"),
        values: floats(100.min(size / 10), key + index).collect(),
    };
    Report { title: text(20, key), readings: (0..(size as u64).div_ceil(820)).map(reading).collect() }
}

fn document(size: usize, key: u64) -> Value {
    let row = |index| json!({"id": index, "of": key, "text": text(1000.min(size / 2), key + index)});
    Value::Array((0..(size as u64).div_ceil(1050)).map(row).collect())
}

fn batch(size: usize, key: u64) -> RecordBatch {
    let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Float64, false)]));
    let column = Float64Array::from_iter_values(floats(size / 8, key));
    RecordBatch::try_new(schema, vec![Arc::new(column)]).expect("a batch of one column")
}

kinds! {
    scalar: u64 = |size, key| size as u64 ^ key, [memory disk];
    string: String = text, [memory disk];
    structure: Report = report, [memory disk];
    json: Value = document, [memory disk];
    bytes: Vec<u8> = bytes, [memory disk];
    array: Array2<f64> = |size, key| {
        let side = size.div_ceil(80);
        Array2::from_shape_vec((side, 10), floats(side * 10, key).collect()).expect("a shape of so many")
    }, [memory disk array];
    frame: RecordBatch = batch, [memory disk array];
}

/// The nanoseconds of a call, of all that one process makes.
fn in_one_process(call: Call, (size, keys, again): (usize, u64, u64), round: u64) -> f64 {
    BODIES.set(Duration::ZERO);
    let start = Instant::now();
    let all = || (0..keys).for_each(|key| call(size, key + round * 1_000_000));
    all();
    let first = BODIES.get();
    (0..again).for_each(|_| all());
    (start.elapsed() - first).as_nanos() as f64 / (keys * (again + 1)) as f64
}

/// The nanoseconds of a call in a fresh process.
fn in_next_process(kind: &str, name: &str, size: usize) -> f64 {
    let mut command = Command::new(env::current_exe().expect("the path of this program"));
    let output = command
        .env(TASK, format!("{kind} {name} {size}"))
        .stderr(Stdio::inherit())
        .output()
        .expect("a child starts");
    assert!(output.status.success(), "{kind} {name} {size}");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("nanoseconds")
}

fn child(task: &str) {
    let mut words = task.split(' ');
    let mut word = || words.next().expect("kind, entrant and size");
    let (kind, name, size) = (word(), word(), word());
    let size = SIZES.iter().find(|(bytes, ..)| bytes.to_string() == size).expect("a size");
    let kind = kinds().into_iter().find(|known| known.name == kind).expect("a kind");
    let fixed = kind.fixed.iter().find(|entrant| entrant.name == name);
    let call = fixed.map_or(kind.persisted, |entrant| entrant.call);
    let start = Instant::now();
    (0..=size.2).for_each(|_| (0..size.1).for_each(|key| call(size.0, key)));
    println!("{}", start.elapsed().as_nanos() as f64 / (size.1 * (size.2 + 1)) as f64);
}

/// What was measured: by cell, the automatic choice first.
#[derive(Default)]
struct Results {
    missed: usize,
    cells: usize,
    /// The sums by backend, and of the automatic choice in the same cells.
    totals: Vec<(&'static str, f64, f64)>,
}

impl Results {
    /// Prints a cell.
    fn cell(&mut self, title: &str, names: &[&'static str], times: &[f64]) {
        let best = times.iter().copied().fold(f64::INFINITY, f64::min);
        let regret = times[0] / best;
        self.cells += 1;
        let verdict = if regret <= 1.1 { "" } else { "  MISSED" };
        self.missed += usize::from(regret > 1.1);
        print!("{title:<32}{:>7.2} x{:<8}", regret, verdict);
        for (name, time) in names.iter().zip(times) {
            print!("  {name} {}", human(*time));
            match self.totals.iter_mut().find(|(known, ..)| known == name) {
                Some((_, sum, ours)) => (*sum, *ours) = (*sum + time / best, *ours + regret),
                None => self.totals.push((name, time / best, regret)),
            }
        }
        println!();
    }

    fn print(&self) {
        println!(
            "\ncells where the automatic choice takes at most 1.1 times the best: {} of {}",
            self.cells - self.missed,
            self.cells
        );
        for (name, sum, ours) in &self.totals[1..] {
            println!(
                "sum of times relative to the best: {name} {sum:.1}, automatic in the same cells {ours:.1}"
            );
        }
    }
}

fn medians(names: &[&str], rounds: usize, mut measure: impl FnMut(usize, u64) -> f64) -> Vec<f64> {
    let mut times = vec![Vec::new(); names.len()];
    for round in 0..rounds {
        // Another begins each time: whoever comes after the disk finds cold caches, and its pages on their way out.
        for turn in 0..names.len() {
            let entrant = (round + turn) % names.len();
            times[entrant].push(measure(entrant, round as u64));
        }
    }
    times.iter_mut().map(|times| median(times)).collect()
}

fn main() {
    if let Ok(task) = env::var(TASK) {
        return child(&task);
    }
    let parent = env::var_os("OMNICACHE_DIR").map_or_else(env::temp_dir, PathBuf::from);
    let root = parent.join(format!("omnicache-bench-regret-{}", process::id()));
    // SAFETY: no other thread runs yet.
    unsafe { env::set_var(DIR, &root) };
    let only = env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let (mut one, mut next) = (Results::default(), Results::default());
    println!("times of a call; automatic divided by the best");
    for kind in kinds().iter().filter(|kind| only.as_deref().is_none_or(|only| only == kind.name)) {
        // A document of 100 MB takes longer to parse than all the rest together.
        let sizes = match kind.name {
            "scalar" => &SIZES[..1],
            "json" | "structure" => &SIZES[..4],
            _ => &SIZES[..],
        };
        let names: Vec<_> =
            ["automatic"].into_iter().chain(kind.fixed.iter().map(|entrant| entrant.name)).collect();
        for &size in sizes {
            let calls =
                |automatic| [automatic].into_iter().chain(kind.fixed.iter().map(|entrant| entrant.call));
            let calls_here: Vec<_> = calls(kind.automatic).collect();
            let times = medians(&names, rounds(size.0), |entrant, round| {
                in_one_process(calls_here[entrant], size, round)
            });
            let bytes = human_bytes(size.0);
            one.cell(&format!("{} {bytes}, one process", kind.name), &names, &times);
            // What the fixed backends have of it they have from above.
            (0..size.1).for_each(|key| (kind.persisted)(size.0, key));
            let times = medians(&names, 3, |entrant, _| {
                in_next_process(kind.name, if entrant == 0 { "persisted" } else { names[entrant] }, size.0)
            });
            next.cell(&format!("{} {bytes}, next process", kind.name), &names, &times);
        }
        let _ = fs::remove_dir_all(&root);
    }
    println!("\none process");
    one.print();
    println!("\nnext process");
    next.print();
}

fn human_bytes(bytes: usize) -> String {
    match bytes {
        100 => "100 B".to_owned(),
        b if b < 1_000_000 => format!("{} KB", b / 1000),
        b => format!("{} MB", b / 1_000_000),
    }
}
