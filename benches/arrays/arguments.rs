//! Hits with 100 MB as argument: an array of floats, from memory and from disk, and what else is large.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use ndarray::{Array2, ArrayView2};
use omnicache::{Prehashed, cache};

use crate::support::{Contest, goal};
use crate::{COLUMNS, ROWS, array, children, dir, python};

const PART: &str = "arguments";

#[cache]
fn in_memory(array: &Array2<f64>) -> u64 {
    array.len() as u64
}

#[cache(persist, max_entries = 1, dir = dir(PART))]
fn on_disk(array: &Array2<f64>, number: u64) -> u64 {
    array.len() as u64 + number
}

#[cache]
fn of_prehashed(array: &Prehashed<Array2<f64>>) -> u64 {
    array.len() as u64
}

#[cache]
fn of_small(number: u64) -> u64 {
    number
}

#[cache]
fn of_view(array: ArrayView2<'_, f64>) -> u64 {
    array.len() as u64
}

#[cache]
fn of_floats(values: &[f32]) -> u64 {
    values.len() as u64
}

#[cache]
fn of_bytes(bytes: &[u8]) -> u64 {
    bytes.len() as u64
}

#[cache]
fn of_frame(frame: &RecordBatch) -> u64 {
    frame.num_rows() as u64
}

/// A hit on disk in a fresh process, with an argument that it has not hashed before, in nanoseconds. A small one has
/// opened the store.
pub fn first_hit() -> u64 {
    let (small, large) = (array(1), array(ROWS));
    black_box(on_disk(&small, 0));
    let start = Instant::now();
    black_box(on_disk(black_box(&large), 0));
    let time = start.elapsed();
    assert_eq!(on_disk::stats().disk_hits, 2, "both are hits");
    time.as_nanos() as u64
}

/// Hits in memory with other large arguments.
fn others(array: &Array2<f64>) {
    let wide = Array2::from_elem((ROWS, 2 * COLUMNS), 1.5);
    let mut holes = array.clone();
    holes.iter_mut().step_by(1000).for_each(|hole| *hole = f64::NAN);
    let floats: Vec<f32> = (0..ROWS * COLUMNS * 2).map(|at| at as f32 + 1.0).collect();
    let bytes: Vec<u8> = (0..ROWS * COLUMNS * 8).map(|at| at.to_le_bytes()[1]).collect();
    let column = |values: Vec<Option<f64>>| -> ArrayRef { Arc::new(Float64Array::from(values)) };
    let frame = |every: usize| {
        let values = (0..ROWS * COLUMNS).map(|at| (at % every != 0).then_some(at as f64)).collect();
        RecordBatch::try_from_iter([("number", column(values))]).expect("one column")
    };
    let whole: ArrayRef = Arc::new(Float64Array::from_iter_values(array.iter().copied()));
    let whole = RecordBatch::try_from_iter([("number", whole)]).expect("one column");
    let nulls = frame(1000);
    let view = || wide.slice(ndarray::s![.., ..;2]);
    Contest::new("a hit in memory with another argument of 100 MB")
        .entrant("an array of floats", || in_memory(black_box(array)))
        .entrant("one in a thousand of them NaN", || in_memory(black_box(&holes)))
        .entrant("every second column of a larger one", || of_view(black_box(view())))
        .entrant("a slice of f32", || of_floats(black_box(&floats)))
        .entrant("a byte string", || of_bytes(black_box(&bytes)))
        .entrant("a RecordBatch", || of_frame(black_box(&whole)))
        .entrant("one with nulls", || of_frame(black_box(&nulls)))
        .run(1);
}

pub fn run() {
    on_disk(&array(1), 0);
    let array = array(ROWS);
    let read = || {
        let all = array.as_slice().expect("in order");
        all.chunks(8).map(|some| some.iter().fold(0, |bits, x| bits ^ x.to_bits())).fold(0, |a, b| a ^ b)
    };
    in_memory(&array);
    on_disk(&array, 0);
    on_disk(&array, 1);
    // With room for one in memory, asking for two in turn asks the disk each time.
    let mut turn = 0;
    let path = dir(PART).join("argument.npy");
    let _ = ndarray_npy::write_npy(&path, &array);
    let root = dir(PART);
    let mut contest = Contest::new("a hit with an argument of 100 MB")
        .entrant("reading it once", read)
        .entrant("omnicache, from memory", || in_memory(black_box(&array)))
        .entrant("omnicache, from disk", || {
            turn ^= 1;
            on_disk(black_box(&array), turn)
        })
        .measured("omnicache, from disk, fresh process", || children::ask("argument", &root));
    if let Some(mut joblib) = python::worker("joblib-argument", &path) {
        contest = contest.measured("joblib", move || joblib.ask());
    }
    let ratios = contest.run(1);
    goal("reading it once, of a hit in memory", 1.0 / ratios[1], 1.0 / 1.3);
    goal("reading it once, of a hit on disk", 1.0 / ratios[2], 1.0 / 2.3);
    goal("reading it once, of the first hit on disk of a process", 1.0 / ratios[3], 1.0 / 2.3);
    let stats = on_disk::stats();
    println!("  hits on disk: {}, in memory: {}", stats.disk_hits, stats.memory_hits);

    others(&array);

    let prehashed = Prehashed::new(array.clone());
    of_prehashed(&prehashed);
    of_small(1);
    const TIMES: usize = 10_000;
    let medians = Contest::new("a hit with a Prehashed argument of 100 MB")
        .entrant("omnicache, small argument", || (0..TIMES).map(|_| of_small(black_box(1))).sum())
        .entrant("omnicache, Prehashed", || (0..TIMES).map(|_| of_prehashed(black_box(&prehashed))).sum())
        .run(TIMES);
    crate::support::at_most(
        "Prehashed over small, nanoseconds",
        medians.nanos("omnicache, Prehashed") - medians.nanos("omnicache, small argument"),
        1000.0,
    );
}
